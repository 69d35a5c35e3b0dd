"""A detector around any function that runs the network: groups images by size, batches, keeps their order."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters.detector_image import Fit, Floats, decode, feature_map, fit, letterbox, to_blob
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections, Image

MAX_BATCH = 8

Infer = Callable[[Floats], Sequence[Floats]]
"""RGB float32 (n, 3, height, width), 0..1 → the network's raw output, (n, ...), and its two feature maps (n, channels,
rows, columns), the finer one last, where it gives them. The output is valid until the same thread's next call,
the maps are the caller's."""


class BatchDetector:
    """A Detector port over `infer`; see edge_agent.core.ports for what callers may rely on."""

    def __init__(
        self,
        name: str,
        classes: tuple[str, ...],
        spec: DetectorSpec,
        infer: Infer,
        close: Callable[[], None],
        exact: Infer | None = None,
    ) -> None:
        """exact: as `infer`, quicker for single pictures that are not scaled; without their feature maps."""
        self._name = name
        self._classes = classes
        self._spec = spec
        self._infer = infer
        self._exact = exact or infer
        self._close = close
        self._keep: NDArray[np.bool_] = np.array([spec.classes is None or one in spec.classes for one in classes])

    @property
    def name(self) -> str:
        return self._name

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def detect(self, images: Sequence[Image], *, exact: bool = False) -> list[Detections]:
        sides = [max(image.shape[:2]) if exact else self._spec.imgsz for image in images]
        fits = [fit(image.shape[1], image.shape[0], side) for image, side in zip(images, sides, strict=True)]
        if exact:
            return [
                self._decoded(self._exact(to_blob([letterbox(image, into)]))[0][0], into)
                for image, into in zip(images, fits, strict=True)
            ]
        groups: dict[tuple[int, int], list[int]] = {}
        for index, into in enumerate(fits):
            groups.setdefault((into.net_height, into.net_width), []).append(index)
        found: dict[int, Detections] = {}
        for indices in groups.values():
            for begin in range(0, len(indices), MAX_BATCH):
                part = indices[begin : begin + MAX_BATCH]
                found.update(zip(part, self._run([images[i] for i in part], [fits[i] for i in part]), strict=True))
        return [found[index] for index in range(len(images))]

    def _run(self, images: Sequence[Image], fits: Sequence[Fit]) -> list[Detections]:
        raw, *maps = self._infer(to_blob([letterbox(image, into) for image, into in zip(images, fits, strict=True)]))
        found = [self._decoded(one, into) for one, into in zip(raw, fits, strict=True)]
        if not maps:
            return found
        return [
            replace(one, features=feature_map(values, fine, into))
            for one, values, fine, into in zip(found, *maps, fits, strict=True)
        ]

    def _decoded(self, raw: Floats, into: Fit) -> Detections:
        spec = self._spec
        return decode(raw, into, spec.confidence, spec.nms_iou, self._keep, self._classes)

    def close(self) -> None:
        self._close()
