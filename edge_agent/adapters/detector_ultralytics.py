"""Ultralytics itself: the reference the other runtimes are compared with, and the one that knows every format."""

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections, Image
from edge_agent.zoo.ultra import import_ultralytics


class UltralyticsDetector:
    """A Detector port over an ultralytics model; its own letterbox and suppression."""

    def __init__(self, name: str, model: Any, spec: DetectorSpec) -> None:
        self._name = name
        self._model = model
        self._spec = spec
        self._classes = tuple(str(model.names[index]) for index in sorted(model.names))
        self._lock = threading.Lock()
        self._wanted = None if spec.classes is None else [self._classes.index(one) for one in spec.classes]

    @property
    def name(self) -> str:
        return self._name

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(images):  # one size a call: with several it would pad all of them to squares
            groups.setdefault(image.shape, []).append(index)
        found: dict[int, Detections] = {}
        for indices in groups.values():
            found.update(zip(indices, self._run([images[i] for i in indices], exact), strict=True))
        return [found[index] for index in range(len(images))]

    def _run(self, images: list[Image], exact: bool) -> list[Detections]:
        spec = self._spec
        with self._lock:  # its predictor keeps state between calls
            results = self._model.predict(
                images,
                imgsz=images[0].shape[:2] if exact else spec.imgsz,
                conf=spec.confidence,
                iou=spec.nms_iou,
                classes=self._wanted,
                rect=True,
                verbose=False,
            )
        return [self._detections(result.boxes) for result in results]

    def _detections(self, boxes: Any) -> Detections:
        return Detections(
            boxes.xyxy.cpu().numpy().astype(np.float32),
            boxes.conf.cpu().numpy().astype(np.float32),
            boxes.cls.cpu().numpy().astype(np.int32),
            self._classes,
        )

    def close(self) -> None:
        self._model = None


def open_ultralytics(name: str, weights: bytes, spec: DetectorSpec) -> UltralyticsDetector:
    """A detector on whatever device ultralytics picks. `weights`: a verified checkpoint; it holds pickled code, so the
    verified bytes are what is loaded, not the file a second time. Raises UltralyticsMissing."""
    ultralytics = import_ultralytics(offline=True)
    if spec.threads:
        ultralytics.utils.torch_utils.torch.set_num_threads(spec.threads)
    with tempfile.TemporaryDirectory(prefix="jaga-model-") as folder:
        path = Path(folder) / f"{name}.pt"
        path.write_bytes(weights)
        model = ultralytics.YOLO(str(path), task="detect")
    return UltralyticsDetector(f"{name}/ultralytics", model, spec)
