"""A clip in which something moves all the time, on one core: frames a second, and what is found on the frames with
ground truth, against `YOLO.track()` of ultralytics with torch and with ONNX Runtime.

    JAGA_ULTRALYTICS_PYTHON=/a/bin/python python -m benchmarks.busy_clip

PETS09-S2L1, all 795 frames, YOLOv8n at a longer side of 640, each in the network's fastest arithmetic here. Jaga also
runs its motion gate, camera health, a rule and its events. Loading the network is left out.

Speed is that of the rhythm in which an agent looks at the whole picture. What is found is the mean over that rhythm and
fourteen beside it, with its standard error: of 186 people three are 0.016 of recall, and which frames are seen whole
moves more than that. Recall on the frames between is told beside it, with everybody on the straight way from one true
place to the next, half a second later: four times as many people. The peer looks at every picture whole, so it has one
run: what chance there is in that (which of its boxes just reach IoU 0.5) shows in neither.
"""

import statistics
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from benchmarks.cores import cores
from benchmarks.data import CONFIGS, PETS, pets_truth
from benchmarks.one_core import Parts, Row, Seen, Watcher, peak_of, peer, peers, rows_of, timed, warm
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.scorers import Scores, as_boxes, between, detection_scores, iou
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.source_av import open_source
from edge_agent.config import load
from edge_agent.core.crop_planner import WHOLE_S
from edge_agent.core.types import Detections

FASTER = 8.0
ASIDE = tuple(round(0.1 * number, 1) for number in range(-6, 9) if number)
"""Seconds by which the other rhythms differ from WHOLE_S: 2.4 to 3.8."""
APART = 5
"""Frames from one with ground truth to the next."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found on the frames with ground truth. switches: of ids, for each true track. between: recall on the
    frames between them."""

    recall: float
    precision: float
    switches: float
    between: float


def jaga(whole_s: float = WHOLE_S, side: int = 640) -> tuple[Seen, Parts]:
    """side: the detector's `imgsz`."""
    config = load(CONFIGS / "pets.toml")
    detecting = replace(config.detector, precision="auto", threads=1, imgsz=side)
    config = replace(config, detector=detecting)
    camera = replace(config.cameras[0], source=str(PETS), crops="auto")
    with closing(open_detector(detecting)) as detector:
        warm(detector, 768, 576)
        watcher = Watcher(config, camera, detector, whole_s)
        rows: list[Row] = []
        seen: dict[int, Detections] = {}
        count = 0
        frames = open_source(camera, realtime=False, start=0.0, isolate=False)
        for frame in timed(frames, watcher.parts):
            _, step = watcher.see(frame)
            rows += rows_of(frame.index, frame, step)
            if watcher.found is not None:
                seen[frame.index] = watcher.found
            count += 1
        return Seen(watcher.parts.whole, count, watcher.looked, rows, [], detector.name, seen), watcher.parts


def quality(rows: list[Row]) -> tuple[Scores, float]:
    """On the frames with ground truth: what was found (IoU 0.5), and how often a true track got another id, for each of
    them."""
    truth, total, switches = pets_truth(), Scores(), 0
    last: dict[int, int] = {}
    for index in sorted(truth):
        own = [row for row in rows if row[0] == index]
        boxes = as_boxes([row[2:6] for row in own])
        total += detection_scores(truth[index], boxes, np.array([row[6] for row in own]))
        overlap = iou(truth[index].boxes, boxes)
        for number, identity in enumerate(truth[index].ids.tolist()):
            if truth[index].ignored[number] or not own or overlap[number].max() < 0.5:
                continue
            found = own[int(overlap[number].argmax())][1]
            switches += last.get(identity, found) != found
            last[identity] = found
    return total, switches / len(last)


def between_them(rows: list[Row]) -> Scores:
    """As `quality`, on the frames between those with ground truth."""
    total = Scores()
    for index, frame in between(pets_truth(), APART).items():
        own = [row for row in rows if row[0] == index]
        total += detection_scores(frame, as_boxes([row[2:6] for row in own]), np.array([row[6] for row in own]))
    return total


@cores(1)
def measure() -> Outcome:
    """Jaga in each rhythm, then each peer."""
    cv2.setNumThreads(1)
    ours, parts = jaga()
    rhythms = [found_in(ours.rows), *(found_in(jaga(WHOLE_S + aside)[0].rows) for aside in ASIDE)]
    mean = mean_of(rhythms)
    figures = [*told("jaga", ours, mean), *spread(rhythms), *split(ours, parts)]
    for name, weights in peers().items():
        with peer(weights, PETS, 1) as run:
            theirs = run(0)
        found = found_in(theirs.rows)
        figures += told(name, theirs, found)
        figures.append(at_least(f"jaga / {name}: frames/s", theirs.cpu / ours.cpu, FASTER))
        figures.append(at_least(f"mean recall against {name}", mean.recall, round(found.recall, 4)))
        figures.append(at_least(f"mean precision against {name}", mean.precision, round(found.precision, 4)))
        figures.append(at_most(f"mean switches against {name}", mean.switches, round(found.switches, 4)))
    return Outcome("busy_clip", tuple(figures))


def found_in(rows: list[Row]) -> Quality:
    scores, switches = quality(rows)
    return Quality(scores.recall, scores.precision, switches, between_them(rows).recall)


def mean_of(runs: list[Quality]) -> Quality:
    return Quality(
        statistics.mean(run.recall for run in runs),
        statistics.mean(run.precision for run in runs),
        statistics.mean(run.switches for run in runs),
        statistics.mean(run.between for run in runs),
    )


def told(name: str, seen: Seen, found: Quality) -> Iterator[Figure]:
    yield Figure(f"{name}: what", seen.note)
    yield Figure(f"{name}: frames/s a core", seen.pictures / seen.cpu)
    yield Figure(f"{name}: recall", found.recall)
    yield Figure(f"{name}: precision", found.precision)
    yield Figure(f"{name}: id switches a true track", found.switches)
    yield Figure(f"{name}: recall between the frames with ground truth", found.between)


def spread(runs: list[Quality]) -> Iterator[Figure]:
    """The mean of the rhythms, its standard error, and what single ones came to."""
    for one in fields(Quality):
        values = [getattr(run, one.name) for run in runs]
        error = statistics.stdev(values) / len(values) ** 0.5
        told = f"{statistics.mean(values):.4f} +- {error:.4f}, {min(values):.3f} to {max(values):.3f}"
        yield Figure(f"jaga: {one.name}, mean of {len(runs)} rhythms, standard error, range", told)


def split(seen: Seen, parts: Parts) -> Iterator[Figure]:
    """Milliseconds a frame by part (track is in rest), and what could not be had for less."""
    for part in ("decode", "gate", "look", "rest", "track"):
        yield Figure(f"jaga: {part}, ms a frame", getattr(parts, part) / seen.pictures * 1e3)
    flops = peak_of(seen.note)
    yield Figure("peak of the core, GFLOP/s", flops / 1e9)
    yield Figure("limit: decode + gate + network at peak, ms a frame", parts.limit(flops) / seen.pictures * 1e3)
    yield Figure("jaga / limit", parts.whole / parts.limit(flops))


if __name__ == "__main__":
    sys.exit(command(measure))
