"""The demo's rendered scenes before the real detector: does it see the people and buses that are truly there?

People of at least 60 pixels and buses count, where at least half of them is visible; IoU 0.5, confidence 0.4.
"""

import sys

import numpy as np

from benchmarks.report import Figure, Outcome, at_least, command
from benchmarks.scorers import Scores, TruthFrame, as_boxes, detection_scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections
from jaga.demo_config import IMGSZ
from simulator.scene import Scene, TrueBox, render
from simulator.scenes import demo_scenes

RECALL, PRECISION = 0.85, 0.9
MIN_HEIGHT, MIN_VISIBLE = 60.0, 0.5
LOOKS_PER_SECOND = 1
"""Of each scene's second, how many frames are looked at."""


def truth_frame(boxes: tuple[TrueBox, ...], cls: str) -> TruthFrame:
    """The boxes of one class; small and hidden ones are to be ignored."""
    mine = [box for box in boxes if box.cls == cls]
    small = [(box.cls == "person" and box.height < MIN_HEIGHT) or box.visible < MIN_VISIBLE for box in mine]
    return TruthFrame(
        as_boxes([box.box for box in mine]),
        np.array([box.actor for box in mine], np.int64),
        np.array(small, np.bool_),
    )


def of_class(found: Detections, cls: str) -> Detections:
    keep = found.labels == found.classes.index(cls)
    return Detections(found.boxes[keep], found.scores[keep], found.labels[keep], found.classes)


def scores(scene: Scene, detector: Detector, looks_per_second: float = LOOKS_PER_SECOND) -> dict[str, Scores]:
    """Summed over the scene's frames, by class."""
    totals = {"person": Scores(), "bus": Scores()}
    stride = max(1, round(scene.fps / looks_per_second))
    for index, (image, boxes) in enumerate(render(scene)):
        if index % stride:
            continue
        (found,) = detector.detect([image])
        for cls in totals:
            seen = of_class(found, cls)
            totals[cls] += detection_scores(truth_frame(boxes, cls), as_boxes(seen.boxes), seen.scores)
    return totals


def measure(seed: int = 1) -> Outcome:
    """Recall and precision for people over all scenes, recall for each scene and for buses."""
    detector = open_detector(DetectorSpec(confidence=0.4, imgsz=IMGSZ))
    try:
        by_scene = {scene.name: scores(scene, detector) for scene in demo_scenes(seed)}
    finally:
        detector.close()
    people = sum((found["person"] for found in by_scene.values()), Scores())
    buses = sum((found["bus"] for found in by_scene.values()), Scores())
    figures = [
        at_least("people recall", people.recall, RECALL),
        at_least("people precision", people.precision, PRECISION),
        at_least("bus recall", buses.recall, RECALL),
        Figure("people looked for", people.tp + people.fn),
        *(Figure(f"people recall, {name}", found["person"].recall) for name, found in by_scene.items()),
    ]
    return Outcome("scene_detection", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
