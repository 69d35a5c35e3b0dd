"""Where one camera's picture is looked at: whole, or only where somebody is followed or something moves.

A *piece* is a crop of the picture, a *sheet* the mosaic that the network is shown of several (edge_agent.core.crops).

Everybody who is followed lies in a piece of each look, whether he moves or not; whoever comes moves. The whole picture
is looked at on a slow rhythm all the same, and whenever the gate opens for another reason than motion.

That is also a second opinion. A piece shows small things larger, and some sign or bush then looks like somebody for
ever, since only what is looked at can be followed: who stays where he is and is not in the whole picture, not even
faintly, gets no piece any more.

Where a piece showed nobody, its answer holds while the place looks the same, as the gate has it for whole pictures (see
`motion`): where somebody has left, the picture differs from the background for seconds and shows nobody all the while.
A whole picture is no such answer: it shows small things smaller than a piece does. Nor is one from before a pause: who
comes by night may be as bright as the road was by day.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crops import NOWHERE, Boxes, Seen, Sheets, alike, back, grown, sheets
from edge_agent.core.motion import SAME_SHARE, Decision
from edge_agent.core.regions import labelled
from edge_agent.core.rest import PATIENT
from edge_agent.core.rules.cells import spread
from edge_agent.core.spec import CameraSpec, DetectorSpec, MotionSpec, TrackerSpec
from edge_agent.core.timing import reached
from edge_agent.core.types import Detections, Image

WHOLE_S = 3.0
"""While something moves, the whole picture is looked at this often."""
GONE_S = 1.0
"""Not sooner after the last, the whole picture is looked at where pieces have shown somebody since and now show nobody:
who has left the picture leaves what seems to move, and only a look at the whole tells that it is empty."""
LEAST = 3
"""Pixels of the tiny luma that make a region of motion, and a place another one; fewer are noise."""
USUAL = MotionSpec()
UNSEEN = -1000
"""No luma: no piece has shown nobody there."""


class CropPlanner:
    """side: longer side at which the network sees a whole picture, pixels. strong: score that begins a track. expected:
    where whoever is followed should be at a time, (n, 4) unit coordinates. whole_s: rhythm of the whole picture.
    motion: what the gate takes for motion."""

    def __init__(
        self,
        side: int,
        strong: float,
        expected: Callable[[float], Boxes],
        whole_s: float = WHOLE_S,
        motion: MotionSpec = USUAL,
    ) -> None:
        self._expected = expected
        self._side = side
        self._strong = strong
        self._whole_s = whole_s
        self._same = SAME_SHARE * motion.threshold
        self._luma = np.empty((0, 0), np.uint8)
        self._nobody = np.empty((0, 0), np.int16)
        """The luma of each pixel as it was when a piece last showed it; UNSEEN where somebody has been seen since."""
        self._frame = 0, 0
        self._whole_t = self._planned_t = float("-inf")
        self._peopled = self._gone = False
        """Whether a piece has shown somebody since the whole picture did not; and whether none does any more."""
        self._cut = NOWHERE
        self._known = NOWHERE
        """Who was expected where in the latest picture that was looked at in pieces."""
        self._awaited: Boxes | None = None
        """Who was followed where, when the whole picture was asked for."""
        self._missed = NOWHERE
        """Who was not in it, the last time..."""
        self._ghosts = NOWHERE
        """... and nor the time before, at the same place."""

    def plan(self, decision: Decision, luma: Image, frame: tuple[int, int], t: float, moved_s: float) -> Sheets | None:
        """How to look at a frame of this luma and (width, height) that the gate wants to have looked at; None: at the
        whole. moved_s: `t` on the clock of those who are followed."""
        self._luma, self._frame = luma, frame
        paused = t < self._planned_t or reached(t - self._planned_t, self._whole_s)
        if paused or self._nobody.shape != luma.shape:
            self._nobody = np.full(luma.shape, UNSEEN, np.int16)
        self._planned_t = t
        rhythm = min(GONE_S, self._whole_s) if self._gone else self._whole_s
        due = t < self._whole_t or reached(t - self._whole_t, rhythm)
        on, scale = None, np.array([*frame, *frame], np.float64)
        expected = self._expected(moved_s) * scale
        if not due and decision.reason in ("motion", "hold") and decision.moved is not None:
            known = self._known = expected[~_among(expected, self._ghosts)]
            anew = np.abs(luma - self._nobody) > self._same
            moving = _moving(_elsewhere(decision.moved, grown(known) / scale), anew, frame)
            on = sheets(known, np.concatenate((moving, self._cut)), frame, self._side)
        self._cut = NOWHERE
        if on is None:
            self._whole_t, self._awaited = t, expected
        return on

    def take_whole(self, found: Detections) -> None:
        """What was found in the whole frame."""
        self._peopled = self._gone = False
        if self._awaited is None:
            return
        missed, self._awaited = self._awaited[~_among(self._awaited, found.boxes.astype(np.float64))], None
        self._ghosts, self._missed = missed[_among(missed, self._missed)], missed
        self._forget(found)

    def take(self, on: Sheets, looks: Sequence[Detections]) -> Seen:
        """What was found on each sheet, as it lies in the frame."""
        seen = back(on, looks, self._strong, self._known)
        self._cut = seen.cut
        nobody = not len(seen.found) and not len(seen.doubtful)
        self._peopled, self._gone = self._peopled or not nobody, self._peopled and nobody
        sides = [(one.x1, one.y1, one.x2, one.y2) for one in on.pieces]
        for cells in self._cells(np.array(sides, np.float64).reshape(-1, 4), inner=True):
            self._nobody[cells] = self._luma[cells]
        self._forget(seen.found)
        self._forget(seen.doubtful)
        return seen

    def _forget(self, shown: Detections) -> None:
        """Somebody is or may be at these places."""
        for cells in self._cells(shown.boxes.astype(np.float64), inner=False):
            self._nobody[cells] = UNSEEN

    def _cells(self, boxes: Boxes, inner: bool) -> list[tuple[slice, slice]]:
        """The pixels of the luma that lie within each of the boxes (pixels of the frame), or all that they touch."""
        height, width = self._luma.shape
        lying = boxes * (np.array((width, height) * 2) / np.array(self._frame * 2))
        low, high = (np.ceil, np.floor) if inner else (np.floor, np.ceil)
        rows = np.concatenate((low(lying[:, :2]), high(lying[:, 2:])), axis=1).clip(0).astype(np.intp).tolist()
        return [(slice(y1, y2), slice(x1, x2)) for x1, y1, x2, y2 in rows]


def in_parts(camera: CameraSpec) -> bool:
    """Whether it is looked at in parts: rules about pixels want the network's map of the whole picture, or whatever
    else it shows."""
    return camera.crops == "auto" and all(rule.kind in PATIENT for rule in camera.rules)


def crop_planner_of(
    camera: CameraSpec, tracks: ByteTrack, detector: DetectorSpec, tracker: TrackerSpec, whole_s: float = WHOLE_S
) -> CropPlanner | None:
    """None where the camera is always looked at whole."""
    if not in_parts(camera):
        return None
    return CropPlanner(detector.imgsz, tracker.start, tracks.expected, whole_s, camera.motion)


def _among(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of the boxes are where one of the others is."""
    if not len(others):
        return np.zeros(len(boxes), np.bool_)
    return np.asarray(alike(boxes, others).any(axis=1))


def _elsewhere(moved: NDArray[np.bool_], followed: Boxes) -> NDArray[np.bool_]:
    """Motion outside of the boxes (unit coordinates), which are looked at anyway."""
    left = moved.copy()
    height, width = left.shape
    low = np.floor(followed[:, :2] * (width, height)).astype(int)
    high = np.ceil(followed[:, 2:] * (width, height)).astype(int)
    for (x1, y1), (x2, y2) in zip(np.maximum(low, 0).tolist(), np.maximum(high, 0).tolist(), strict=True):
        left[y1:y2, x1:x2] = False
    return left


def _moving(moved: NDArray[np.bool_], anew: NDArray[np.bool_], frame: tuple[int, int]) -> Boxes:
    """Boxes of the regions of motion in pixels of the frame, a pixel of the luma wider than they are; those in which
    enough of what moved is anew."""
    counted = moved & anew
    if not counted.any():
        return NOWHERE
    height, width = moved.shape
    labels, regions = labelled(spread(moved))
    sizes = np.bincount(labels[counted], minlength=len(regions) + 1).tolist()
    sides = [(one.left, one.top, one.right, one.bottom) for one in regions if sizes[one.label] >= LEAST]
    boxes = np.array(sides, np.float64).reshape(-1, 4)
    scaled: Boxes = boxes * np.array([frame[0] / width, frame[1] / height] * 2)
    return scaled
