"""What a picture costs the detector at several sizes and precisions, and what it still finds: PETS09-S2L1, one core.

The peer is the same network as it is usually run, float32 at a longer side of 640; every figure is of the same run.
"""

import statistics
import sys
import time
from contextlib import closing

from benchmarks.data import PETS, frames, pets_truth
from benchmarks.detector_accuracy import kinds
from benchmarks.report import Figure, Outcome, at_least, command
from benchmarks.scorers import Scores, as_boxes, detection_scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.spec import DetectorSpec, Precision

SIDES = (640, 480, 384, 352, 320)
KEPT = 0.95
"""Of the peer's recall that a faster way has to keep."""
FASTER = 7.0


def one(side: int, precision: Precision) -> tuple[float, Scores]:
    """(median ms of processor time a picture, which other work disturbs least; what was found)"""
    images, truth = frames(PETS, pets_truth()), pets_truth()
    spec = DetectorSpec(
        runtime="openvino", precision=precision, imgsz=side, threads=1, nms_iou=0.6, classes=("person",)
    )
    total, times = Scores(), []
    with closing(open_detector(spec)) as detector:
        detector.detect([next(iter(images.values()))], features=False)
        for index, boxes in truth.items():
            began = time.process_time()
            (found,) = detector.detect([images[index]], features=False)
            times.append(time.process_time() - began)
            total += detection_scores(boxes, as_boxes(found.boxes), found.scores)
    return statistics.median(times) * 1000, total


def measure() -> Outcome:
    """ms, recall and precision of each way, and the fastest that keeps KEPT of the peer's recall."""
    ways: list[tuple[int, Precision]] = [
        (side, precision) for runtime, precision in kinds() if runtime == "openvino" for side in SIDES
    ]
    found = {way: one(*way) for way in ways}
    peer_ms, peer = found[640, "f32"]
    figures = []
    for (side, precision), (ms, total) in found.items():
        name = f"{side} {precision}"
        figures += [
            Figure(f"{name}: ms", ms),
            Figure(f"{name}: recall", total.recall),
            Figure(f"{name}: precision", total.precision),
        ]
    good = {way: ms for way, (ms, total) in found.items() if total.recall >= KEPT * peer.recall}
    best = min(good, key=good.__getitem__)
    figures.append(Figure(f"fastest that keeps {KEPT:g} of the recall", " ".join(map(str, best))))
    figures.append(at_least("times as fast as float32 at 640", peer_ms / good[best], FASTER))
    return Outcome("detector_speed", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
