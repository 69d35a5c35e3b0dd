"""What a picture costs the detector, and what it still finds: PETS09-S2L1, one core, every figure of the same run.

Whole pictures at several sides and precisions: the network with letterbox and suppression, median over the 33 pictures
with ground truth. The peer is one of these, the same network as it is usually run: float32 at a longer side of 640.

Parts: as a camera with `crops = "auto"` is looked at, in the arithmetic that "auto" takes here, at the default side of
640 and at smaller ones. Each look depends on those before it, so all 795 pictures go through the agent's own way in
their order, and a look costs the mean of all that it needs beyond decoding: the motion gate and the tracker, which say
where to look, planning, cutting, the network on sheets and (every few seconds) on the whole picture, suppression, and
putting together what the pieces show. Left out are the tiny luma, which decoding gives (0.1 ms), camera health, the
rule and its events. Found is what the detector reports with the same score as above, not what the tracker adds; time
and findings are means over five rhythms of the whole picture.

Limit: the gate, where there is one, and the network's products at the peak of the core in the way's fastest arithmetic,
which one large product of matrices shows.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import cv2

from benchmarks.busy_clip import jaga
from benchmarks.cores import cores
from benchmarks.data import PETS, frames, pets_truth
from benchmarks.detector_accuracy import kinds
from benchmarks.one_core import Parts, peak_of
from benchmarks.report import Figure, Outcome, at_least, command
from benchmarks.scorers import Scores, as_boxes, detection_scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.crop_planner import WHOLE_S
from edge_agent.core.crops import whole as pixels
from edge_agent.core.spec import DetectorSpec, Precision

SIDES = (640, 480, 384, 352, 320)
PARTS_SIDES = (640, 480, 384)
CONFIDENCE = 0.4
PEER = "640 f32"
KEPT = 0.95
"""Of the peer's recall that a faster way has to keep."""
FASTER = 7.0
ASIDE = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""Seconds by which the rhythms differ from WHOLE_S."""


@dataclass(frozen=True, slots=True)
class Way:
    """ms: of processor time a picture, which other work disturbs least. limit: ms of them. split: of them, by part."""

    ms: float
    found: Scores
    limit: float
    split: tuple[tuple[str, float], ...] = ()


def whole(side: int, precision: Precision) -> Way:
    images, truth = frames(PETS, pets_truth()), pets_truth()
    spec = DetectorSpec(
        runtime="openvino",
        precision=precision,
        imgsz=side,
        threads=1,
        confidence=CONFIDENCE,
        nms_iou=0.6,
        classes=("person",),
    )
    total, times = Scores(), []
    with closing(open_detector(spec)) as detector:
        first = next(iter(images.values()))
        detector.detect([first], features=False)
        for index, boxes in truth.items():
            began = time.process_time()
            (found,) = detector.detect([images[index]], features=False)
            times.append(time.process_time() - began)
            total += detection_scores(boxes, as_boxes(found.boxes), found.scores)
        limit = Parts(pixels=pixels(first.shape[1], first.shape[0], side)[1]).limit(peak_of(detector.name))
    return Way(statistics.median(times) * 1000, total, limit * 1000)


def parts(side: int) -> tuple[str, Way]:
    """With the precision that "auto" has taken."""
    total, looked, note = Scores(), 0, ""
    gate = look = track = limit = 0.0
    for aside in ASIDE:
        seen, took = jaga(WHOLE_S + aside, side)
        for index, boxes in pets_truth().items():
            found = seen.found[index]
            strong = found.scores >= CONFIDENCE
            total += detection_scores(boxes, as_boxes(found.boxes[strong]), found.scores[strong])
        looked, note = looked + seen.looked, seen.note
        gate, look, track = gate + took.gate, look + took.look, track + took.track
        limit += took.limit(peak_of(note)) - took.decode
    split = tuple((name, value / looked * 1000) for name, value in (("gate", gate), ("look", look), ("tracker", track)))
    return f"{side} parts {note.split('/')[-1]}", Way(sum(ms for _, ms in split), total, limit / looked * 1000, split)


@cores(1)
def measure() -> Outcome:
    """ms, recall and precision of each way, and the fastest that keeps KEPT of the peer's recall."""
    cv2.setNumThreads(1)
    precisions = [precision for runtime, precision in kinds() if runtime == "openvino"]
    ways = {f"{side} {precision}": whole(side, precision) for precision in precisions for side in SIDES}
    ways |= dict(map(parts, PARTS_SIDES))
    peer = ways[PEER]
    good = {name: peer.ms / way.ms for name, way in ways.items() if way.found.recall >= KEPT * peer.found.recall}
    wholes = {name: times for name, times in good.items() if not ways[name].split}
    best, best_whole = max(good, key=good.__getitem__), max(wholes, key=wholes.__getitem__)
    figures = [figure for name, way in ways.items() for figure in told(name, way)]
    figures.append(Figure(f"fastest whole picture that keeps {KEPT:g} of the recall", best_whole))
    figures.append(Figure("whole pictures: times as fast as float32 at 640", wholes[best_whole]))
    figures.append(Figure(f"fastest way that keeps {KEPT:g} of the recall", best))
    figures.append(at_least("times as fast as float32 at 640", good[best], FASTER))
    return Outcome("detector_speed", tuple(figures))


def told(name: str, way: Way) -> Iterator[Figure]:
    yield Figure(f"{name}: ms", way.ms)
    yield Figure(f"{name}: limit, ms", way.limit)
    yield Figure(f"{name}: times the limit", way.ms / way.limit)
    yield from (Figure(f"{name}: of it {part}, ms", ms) for part, ms in way.split)
    yield Figure(f"{name}: recall", way.found.recall)
    yield Figure(f"{name}: precision", way.found.precision)


if __name__ == "__main__":
    sys.exit(command(measure))
