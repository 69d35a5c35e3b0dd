"""Person detection on PETS09-S2L1: recall and precision at IoU 0.5 on 33 frames, for each runtime and precision."""

import sys
from functools import cache

from benchmarks.data import PETS, frames, pets_truth
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.scorers import Scores, as_boxes, detection_scores
from edge_agent.adapters.detectors import NATIVE_BF16, NATIVE_INT8, cpu_flags, open_detector
from edge_agent.core.spec import DetectorSpec, Precision, Runtime
from edge_agent.core.types import Detections

Kind = tuple[Runtime, Precision]
KINDS: tuple[Kind, ...] = (("openvino", "f32"), ("onnxruntime", "f32"))
INT8: Kind = ("openvino", "int8")
NATIVE: dict[Kind, frozenset[str]] = {("openvino", "bf16"): NATIVE_BF16, INT8: NATIVE_INT8}
RECALL, PRECISION, DIFFERENCE = 0.91, 0.92, 0.005


@cache
def detections(kind: Kind) -> dict[int, Detections]:
    """People on the frames with ground truth, at 640x480 (the longer side 640), confidence 0.4, NMS 0.6; by frame."""
    images = frames(PETS, pets_truth())
    runtime, precision = kind
    spec = DetectorSpec(
        runtime=runtime, precision=precision, imgsz=640, confidence=0.4, nms_iou=0.6, classes=("person",)
    )
    detector = open_detector(spec)
    try:
        return {index: detector.detect([image])[0] for index, image in images.items()}
    finally:
        detector.close()


def kinds() -> tuple[Kind, ...]:
    """What this machine can run."""
    return (*KINDS, *(kind for kind, flags in NATIVE.items() if not flags.isdisjoint(cpu_flags())))


def scores(kind: Kind) -> Scores:
    found = detections(kind)
    total = Scores()
    for index, truth in pets_truth().items():
        total += detection_scores(truth, as_boxes(found[index].boxes), found[index].scores)
    return total


def measure() -> Outcome:
    """Recall and precision of each, and how far they differ."""
    results = {kind: scores(kind) for kind in kinds()}
    figures: list[Figure] = []
    for (runtime, precision), total in results.items():
        figures.append(at_least(f"{runtime} {precision} recall", total.recall, RECALL))
        figures.append(at_least(f"{runtime} {precision} precision", total.precision, PRECISION))
    figures += [
        Figure(" ".join(kind), "not measured: this processor does not compute so itself")
        for kind in NATIVE
        if kind not in results
    ]
    if (small := results.pop(INT8, None)) is not None:
        # One box more or less is 0.005 here: edge_agent.quantize compares on more of them.
        figures.append(Figure("int8 recall lost", results[KINDS[0]].recall - small.recall))
        figures.append(Figure("int8 precision lost", results[KINDS[0]].precision - small.precision))
    recalls = [total.recall for total in results.values()]
    precisions = [total.precision for total in results.values()]
    figures.append(at_most("recall difference", max(recalls) - min(recalls), DIFFERENCE))
    figures.append(at_most("precision difference", max(precisions) - min(precisions), DIFFERENCE))
    return Outcome("detector_accuracy", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
