"""Line crossings on the whole PETS09-S2L1 clip against a count by eye (line_crossings.json)."""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.data import PETS
from benchmarks.report import Figure, Outcome, at_most, command
from benchmarks.runs import measured, seconds
from benchmarks.scorers import interval_scores, relative_error
from contract.events import Event

TRUTH: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
RATE = 10.0
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
    return Outcome("line_crossings", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
