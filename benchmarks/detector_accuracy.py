"""Person detection on PETS09-S2L1: recall and precision at IoU 0.5 on 33 frames, for each runtime."""

import sys
from functools import cache

from benchmarks.data import PETS, frames, pets_truth
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.scorers import Scores, as_boxes, detection_scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.spec import DetectorSpec, Runtime
from edge_agent.core.types import Detections

RUNTIMES: tuple[Runtime, ...] = ("openvino", "onnxruntime")
RECALL, PRECISION, DIFFERENCE = 0.91, 0.92, 0.005


@cache
def detections(runtime: Runtime) -> dict[int, Detections]:
    """People on the frames with ground truth, at 640x480 (the longer side 640), confidence 0.4, NMS 0.6; by frame."""
    images = frames(PETS, pets_truth())
    spec = DetectorSpec(runtime=runtime, imgsz=640, confidence=0.4, nms_iou=0.6, classes=("person",))
    detector = open_detector(spec)
    try:
        return {index: detector.detect([image])[0] for index, image in images.items()}
    finally:
        detector.close()


def scores(runtime: Runtime) -> Scores:
    found = detections(runtime)
    total = Scores()
    for index, truth in pets_truth().items():
        total += detection_scores(truth, as_boxes(found[index].boxes), found[index].scores)
    return total


def measure() -> Outcome:
    """Recall and precision of each runtime, and how far the runtimes differ."""
    results = {runtime: scores(runtime) for runtime in RUNTIMES}
    figures: list[Figure] = []
    for runtime, total in results.items():
        figures.append(at_least(f"{runtime} recall", total.recall, RECALL))
        figures.append(at_least(f"{runtime} precision", total.precision, PRECISION))
    recalls = [total.recall for total in results.values()]
    precisions = [total.precision for total in results.values()]
    figures.append(at_most("recall difference", max(recalls) - min(recalls), DIFFERENCE))
    figures.append(at_most("precision difference", max(precisions) - min(precisions), DIFFERENCE))
    return Outcome("detector_accuracy", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
