"""What every runtime does before and after the network, so that they agree: letterbox, decoding, suppression.

Follows ultralytics' rectangular inference: the longer side becomes `imgsz`, the shorter keeps the aspect and is padded
with grey (114) to a multiple of 32, both sides alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.overlap import iou as iou_of
from edge_agent.core.types import Detections, FeatureMap, Image

STRIDE = 32
"""Pixels; sides of the network's input are multiples of it."""
GREY = 114
"""Level of what a picture is padded with, as in training."""
SHARE = np.float32(1 / 255)
MAX_CANDIDATES = 30_000
MAX_DETECTIONS = 300
"""Boxes of a picture that are looked at at all, and that are kept: as ultralytics has it."""
FEW = 128
"""So many boxes are compared all with all at once; of more, most are dropped before they are compared."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a frame of `width` × `height` lies in the network's input of `net_width` × `net_height` pixels: scaled to
    `inner_width` × `inner_height`, its corner at (left, top)."""

    width: int
    height: int
    net_width: int
    net_height: int
    inner_width: int
    inner_height: int
    left: int
    top: int

    def to_source(self, boxes: Floats) -> Floats:
        """Boxes (n, 4) from network pixels to pixels of the source frame, clipped to it."""
        corner = np.array([self.left, self.top] * 2, np.float32)
        scale = np.array([self.inner_width / self.width, self.inner_height / self.height] * 2, np.float32)
        limits = np.array([self.width, self.height] * 2, np.float32)
        inside: Floats = np.clip((boxes - corner) / scale, 0, limits).astype(np.float32)
        return inside


def fit(width: int, height: int, imgsz: int) -> Fit:
    """The fit of a frame for a longer side of `imgsz`, a multiple of 32."""
    scale = min(imgsz / width, imgsz / height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    net_width, net_height = -(-inner_width // STRIDE) * STRIDE, -(-inner_height // STRIDE) * STRIDE
    left = round((net_width - inner_width) / 2 - 0.1)
    top = round((net_height - inner_height) / 2 - 0.1)
    return Fit(width, height, net_width, net_height, inner_width, inner_height, left, top)


def letterbox(image: Image, into: Fit) -> Image:
    """The picture as the network sees it, BGR (net_height, net_width, 3) uint8."""
    image = np.ascontiguousarray(image)  # cv2 takes no mirrored views
    if image.shape[:2] == (into.net_height, into.net_width):
        return image
    canvas = np.full((into.net_height, into.net_width, 3), GREY, np.uint8)
    inner = canvas[into.top : into.top + into.inner_height, into.left : into.left + into.inner_width]
    if image.shape[:2] == inner.shape[:2]:
        inner[:] = image
    else:
        inner[:] = cv2.resize(image, (into.inner_width, into.inner_height), interpolation=cv2.INTER_LINEAR)
    return canvas


def feature_map(values: Floats, fine: Floats, into: Fit) -> FeatureMap:
    """One image's feature maps (channels, rows, columns), `fine` twice as fine, laid over the frame."""
    cell_width, cell_height = into.net_width / values.shape[2], into.net_height / values.shape[1]
    return FeatureMap(
        values,
        fine,
        -into.left / into.inner_width,
        -into.top / into.inner_height,
        cell_width / into.inner_width,
        cell_height / into.inner_height,
    )


def to_blob(pictures: Sequence[Image]) -> Floats:
    """Letterboxed BGR pictures of one size as RGB float32 (n, 3, height, width), 0..1."""
    blob = np.empty((len(pictures), 3, *pictures[0].shape[:2]), np.float32)
    for picture, planes in zip(pictures, blob, strict=True):
        for plane, values in zip(cv2.split(picture), planes[::-1], strict=True):
            np.multiply(plane, SHARE, out=values)  # OpenCV's blobFromImages gives the same in five times the time
    return blob


def suppress(boxes: Floats, scores: Floats, labels: NDArray[np.int32], iou: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression within each class.

    boxes: (n, 4) x1 y1 x2 y2. Returns the indices kept, by falling score; equal scores keep their order. A box is
    dropped when it overlaps a kept one of its class by more than `iou`.
    """
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    boxes, labels = boxes[order], labels[order]
    kept: list[int] = []
    if len(order) <= FEW:
        rivals = (iou_of(boxes, boxes) > iou) & (labels[:, None] == labels)
        gone = np.zeros(len(order), np.bool_)
        for index in range(len(order)):
            if not gone[index]:
                kept.append(index)
                gone |= rivals[index]
    else:
        left = np.arange(len(order))
        while len(left) and len(kept) < MAX_DETECTIONS:
            best, rest = left[0], left[1:]
            kept.append(int(best))
            apart = iou_of(boxes[best : best + 1], boxes[rest])[0] <= iou
            left = rest[apart | (labels[rest] != labels[best])]
    return order[kept]


def candidates(
    raw: Floats, confidence: float, keep: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.int32], bool]:
    """Boxes, scores and labels of one image's raw output that reach `confidence`, in network pixels.

    raw: (4 + classes, anchors) of a YOLOv8 or YOLO11 head (centre x, centre y, width, height, then the class scores),
    or (detections, 6) of an end-to-end head (x1, y1, x2, y2, score, class). keep: (classes,), which are wanted.
    The last value says whether suppression is still to be done.
    """
    if raw.shape[1] == 6 and raw.shape[0] != 4 + len(keep):
        labels = raw[:, 5].astype(np.int32)
        chosen = (raw[:, 4] >= confidence) & keep[labels]
        return raw[chosen, :4], raw[chosen, 4], labels[chosen], False
    # Which class is the best is asked only where one that is wanted reaches the confidence at all.
    likely = np.flatnonzero((raw[4:][keep] >= confidence).any(axis=0))
    raw = raw[:, likely]
    scores_all = raw[4:]
    labels = scores_all.argmax(axis=0).astype(np.int32)
    scores = scores_all[labels, np.arange(raw.shape[1])]
    chosen = (scores >= confidence) & keep[labels]
    centre, half = raw[:2, chosen].T, raw[2:4, chosen].T / 2
    return np.concatenate([centre - half, centre + half], axis=1), scores[chosen], labels[chosen], True


def detections(
    boxes: Floats, scores: Floats, labels: NDArray[np.int32], into: Fit, iou: float | None, classes: tuple[str, ...]
) -> Detections:
    """Candidates in network pixels as detections in pixels of the source frame, best first. iou: see `suppress`; None
    where that has been done."""
    order = np.argsort(-scores, kind="stable") if iou is None else suppress(boxes, scores, labels, iou)
    clipped = into.to_source(boxes[order])
    solid = (clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])
    return Detections(
        clipped[solid], scores[order][solid].astype(np.float32), labels[order][solid].astype(np.int32), classes
    )


def decode(
    raw: Floats, into: Fit, confidence: float, iou: float, keep: NDArray[np.bool_], classes: tuple[str, ...]
) -> Detections:
    """One image's raw network output (see `candidates`) as detections in pixels of the source frame, best first."""
    boxes, scores, labels, overlapping = candidates(raw, confidence, keep)
    return detections(boxes, scores, labels, into, iou if overlapping else None, classes)
