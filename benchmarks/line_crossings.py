"""Line crossings on the whole PETS09-S2L1 clip against a count by eye (line_crossings.json)."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import CONFIGS, PETS, PETS_DETECTIONS
from benchmarks.report import Figure, Outcome, at_most, command
from benchmarks.runs import measured, seconds
from benchmarks.scorers import interval_scores, relative_error
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.config import load
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.types import Detections, Frame
from edge_agent.offline import DEFAULT_START

TRUTH: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
RATE = 10.0
FRAMES = 795
ERROR = 0.10
TOLERANCE_S = 1.0
SIGN = {"forward": 1.0, "backward": -1.0}


def crossings(events: tuple[Event, ...], direction: str) -> list[float]:
    """Seconds since the first picture of each crossing in `direction`."""
    return [
        seconds(event.data.started.timestamp())
        for event in events
        if event.data.kind == "line_crossing"
        and event.data.phase == "begin"
        and any(m.name == "direction" and m.value == SIGN[direction] for m in event.data.why.measures)
    ]


def public_detections() -> dict[int, Detections]:
    """Somebody else's detections of the whole clip (ACF, from MOT15), by frame from 0."""
    rows: dict[int, list[list[float]]] = {}
    for line in PETS_DETECTIONS.read_text("utf-8").splitlines():
        values = [float(value) for value in line.split(",")]
        left, top, width, height, score = values[2:7]
        row = [left, top, left + width, top + height, score]
        rows.setdefault(int(values[0]) - 1, []).append(row)
    return {
        frame: Detections(
            np.array([row[:4] for row in found], np.float32),
            np.array([row[4] for row in found], np.float32),
            np.zeros(len(found), np.int32),
            ("person",),
        )
        for frame, found in rows.items()
    }


def by_public_detections() -> int:
    """Crossings that our tracker and rule find in them: a look at the count that owes nothing to our detector."""
    config = load(CONFIGS / TRUTH["config"])
    (camera,) = config.cameras
    agent = Agent(site="measure", id="bench", config_hash=config.config_hash)
    tracker = ByteTrack(config.tracker)
    pipeline = CameraPipeline(camera, agent, tracker, lambda t, salt: derived_uuid7(round(t * 1000), salt), "public")
    found, image, clock = public_detections(), np.zeros((576, 768, 3), np.uint8), Clock(offset_ms=0, synchronised=False)
    events: list[Event] = []
    for index in range(FRAMES):
        frame = Frame(image=image, luma=image[:1, :1, 0], index=index, t=DEFAULT_START.timestamp() + index / RATE)
        events += pipeline.step(frame, found.get(index, Detections.none(("person",))), clock).events
    return sum(len(crossings(tuple(events), direction)) for direction in SIGN)


def measure() -> Outcome:
    """Counts by direction and their error; how many crossings coincide within a second."""
    events = measured(PETS, TRUTH["config"])
    figures: list[Figure] = []
    total = hits = 0
    for direction in SIGN:
        found, truth = crossings(events, direction), [frame / RATE for frame in TRUTH[direction]]
        total += len(found)
        hits += interval_scores([(t, t) for t in found], [(t, t) for t in truth], TOLERANCE_S).tp
        figures.append(Figure(f"{direction}, counted by eye", len(truth)))
        figures.append(Figure(f"{direction}, found", len(found)))
        figures.append(at_most(f"{direction}, error", relative_error(len(found), len(truth)), ERROR))
    counted = sum(len(TRUTH[direction]) for direction in SIGN)
    figures.append(at_most("all, error", relative_error(total, counted), ERROR))
    figures.append(at_most("all, share not within 1 s of a true one", 1 - hits / max(total, counted), ERROR))
    figures.append(Figure("all, found from the public detections", by_public_detections()))
    return Outcome("line_crossings", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
