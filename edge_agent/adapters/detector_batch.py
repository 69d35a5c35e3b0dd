"""A detector around any function that runs the network: groups images by size, batches, keeps their order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters.detector_head import candidates
from edge_agent.adapters.detector_image import Fit, Floats, decode, detections, feature_map, fit, letterbox, to_blob
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections, Image

MAX_BATCH = 8
"""Pictures of one size that a network is given at once."""

Read = Callable[[int, Sequence[NDArray[Any]]], Detections]
"""Which image, and what the network says of it, valid until this returns: its raw output or the two of its head (see
`detector_head.candidates`); then its two feature maps (channels, rows, columns), the finer one last, where it gives
them."""

Infer = Callable[[Floats, Read], list[Detections]]
"""RGB float32 (n, 3, height, width), 0..1 → what was read of each."""


class BatchDetector:
    """A Detector port over `infer`; see edge_agent.core.ports for what callers may rely on."""

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        spec: DetectorSpec,
        infer: Infer,
        plain: Infer | None = None,
        exact: Infer | None = None,
        head: bool = False,
    ) -> None:
        """plain, exact: as `infer`, but quicker, since they need not give feature maps: for whole pictures, and for
        single ones that are not scaled. head: whether the first outputs are the two of its head."""
        self._name = name
        self._classes = classes
        self._spec = spec
        self._infer = infer
        self._plain = plain or infer
        self._exact = exact or infer
        self._head = head
        self._keep: NDArray[np.bool_] = np.array([spec.classes is None or one in spec.classes for one in classes])

    @property
    def name(self) -> str:
        return self._name

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        sides = [max(image.shape[:2]) if exact else self._spec.imgsz for image in images]
        fits = [fit(image.shape[1], image.shape[0], side) for image, side in zip(images, sides, strict=True)]
        if exact:
            pairs = zip(images, fits, strict=True)
            return [self._run(self._exact, [image], [into], False)[0] for image, into in pairs]
        groups: dict[tuple[int, int], list[int]] = {}
        for index, into in enumerate(fits):
            groups.setdefault((into.net_height, into.net_width), []).append(index)
        found: dict[int, Detections] = {}
        for indices in groups.values():
            for begin in range(0, len(indices), MAX_BATCH):
                part = indices[begin : begin + MAX_BATCH]
                infer = self._infer if features else self._plain
                looks = self._run(infer, [images[i] for i in part], [fits[i] for i in part], features)
                found.update(zip(part, looks, strict=True))
        return [found[index] for index in range(len(images))]

    def _run(self, infer: Infer, images: Sequence[Image], fits: Sequence[Fit], features: bool) -> list[Detections]:
        blob = to_blob([letterbox(image, into) for image, into in zip(images, fits, strict=True)])
        return infer(blob, lambda index, outputs: self._read(outputs, fits[index], features))

    def _read(self, outputs: Sequence[NDArray[Any]], into: Fit, features: bool) -> Detections:
        spec, keep, classes = self._spec, self._keep, self._classes
        if self._head:
            sides, logits, *maps = outputs
            size = into.net_height, into.net_width
            found = detections(*candidates(sides, logits, size, spec.confidence, keep), into, spec.nms_iou, classes)
        else:
            raw, *maps = outputs
            found = decode(raw, into, spec.confidence, spec.nms_iou, keep, classes)
        if not maps or not features:
            return found
        values, fine = (one.copy() for one in maps)
        return replace(found, features=feature_map(values, fine, into))

    def close(self) -> None:
        """Lets the networks go, whoever still holds the detector: their memory is back at once."""
        self._infer = self._plain = self._exact = _closed


def _closed(blob: Floats, read: Read) -> list[Detections]:
    raise RuntimeError("this detector is closed")
