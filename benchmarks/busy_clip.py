"""A clip in which something moves all the time, on one core: frames a second, and what is found on the frames with
ground truth, against `YOLO.track()` of ultralytics with torch and with ONNX Runtime.

    JAGA_ULTRALYTICS_PYTHON=/a/bin/python python -m benchmarks.busy_clip

PETS09-S2L1, all 795 frames, YOLOv8n at a longer side of 640, each in the network's fastest arithmetic here. Jaga also
runs its motion gate, camera health, a rule and its events. Loading the network is left out.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.cores import cores
from benchmarks.data import CONFIGS, PETS, pets_truth
from benchmarks.one_core import Parts, Row, Seen, Watcher, peak, peer, peers, rows_of, timed, warm
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.scorers import Scores, as_boxes, detection_scores, iou
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.source_av import open_source
from edge_agent.config import load

FASTER = 8.0


def jaga() -> tuple[Seen, Parts]:
    config = load(CONFIGS / "pets.toml")
    detecting = replace(config.detector, precision="auto", threads=1)
    config = replace(config, detector=detecting)
    camera = replace(config.cameras[0], source=str(PETS), crops="auto")
    with closing(open_detector(detecting)) as detector:
        warm(detector, 768, 576)
        watcher = Watcher(config, camera, detector)
        rows: list[Row] = []
        count = 0
        frames = open_source(camera, realtime=False, start=0.0, isolate=False)
        for frame in timed(frames, watcher.parts):
            _, step = watcher.see(frame)
            rows += rows_of(frame.index, frame, step)
            count += 1
        return Seen(watcher.parts.whole, count, watcher.looked, rows, [], detector.name), watcher.parts


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


@cores(1)
def measure() -> Outcome:
    """Jaga, then each peer."""
    cv2.setNumThreads(1)
    ours, parts = jaga()
    scores, switches = quality(ours.rows)
    figures = [*told("jaga", ours, scores, switches), *split(ours, parts)]
    for name, weights in peers().items():
        theirs = peer(weights, PETS, 1)
        found, changes = quality(theirs.rows)
        figures += told(name, theirs, found, changes)
        figures.append(at_least(f"jaga / {name}: frames/s", theirs.cpu / ours.cpu, FASTER))
        figures.append(at_least(f"recall against {name}", scores.recall, round(found.recall, 4)))
        figures.append(at_least(f"precision against {name}", scores.precision, round(found.precision, 4)))
        figures.append(at_most(f"switches against {name}", switches, round(changes, 4)))
    return Outcome("busy_clip", tuple(figures))


def told(name: str, seen: Seen, scores: Scores, switches: float) -> Iterator[Figure]:
    yield Figure(f"{name}: what", seen.note)
    yield Figure(f"{name}: frames/s a core", seen.pictures / seen.cpu)
    yield Figure(f"{name}: recall", scores.recall)
    yield Figure(f"{name}: precision", scores.precision)
    yield Figure(f"{name}: id switches a true track", switches)


def split(seen: Seen, parts: Parts) -> Iterator[Figure]:
    """Milliseconds a frame by part, and what could not be had for less."""
    for part in ("decode", "gate", "look", "rest"):
        yield Figure(f"jaga: {part}, ms a frame", getattr(parts, part) / seen.pictures * 1e3)
    flops = peak("bf16" if seen.note.endswith("bf16") else "f32")
    yield Figure("peak of the core, GFLOP/s", flops / 1e9)
    yield Figure("limit: decode + gate + network at peak, ms a frame", parts.limit(flops) / seen.pictures * 1e3)
    yield Figure("jaga / limit", parts.whole / parts.limit(flops))


if __name__ == "__main__":
    sys.exit(command(measure))
