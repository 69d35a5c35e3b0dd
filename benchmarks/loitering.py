"""People who stay are reported after 8 s, those who pass are not: two clips, labelled by eye in loitering.json."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import GATHERING, STAIRS
from benchmarks.report import Figure, Outcome, command, equal, holds
from benchmarks.runs import measured, seconds
from benchmarks.scorers import Boxes, Scores, TruthFrame, as_boxes, detection_scores, episodes_of

LABELS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
CLIPS = {"gathering": GATHERING, "stairs": STAIRS}
DWELL_S = 8.0


def stayed(reported: Boxes, stay: Boxes) -> Scores:
    """Who is reported against who stays, at IoU 0.5: tp right, fp a passer-by, fn missed."""
    truth = TruthFrame(stay, np.arange(len(stay), dtype=np.int64), np.zeros(len(stay), np.bool_))
    return detection_scores(truth, reported, np.ones(len(reported)))


def figures(name: str) -> list[Figure]:
    """The first report of each clip names those who stay and nobody else; places people only cross stay silent."""
    label = LABELS[name]
    events = measured(CLIPS[name], label["config"])
    episodes = episodes_of(events)
    places = sorted({episode.zone or "" for episode in episodes})
    begin = next((event.data for event in events if event.data.phase == "begin"), None)
    boxes = [box for subject in begin.subjects for box in subject.boxes] if begin else []
    scores = stayed(as_boxes(boxes), as_boxes(label["stay"]))
    at = seconds(begin.started.timestamp()) if begin else float("nan")
    return [
        equal(f"{name}: episodes", len(episodes), 1),
        holds(f"{name}: where", ", ".join(places), ", ".join(label["zones"]), places == label["zones"]),
        holds(
            f"{name}: reported at, s", f"{at:.2f}", f">= {DWELL_S:g}, < {DWELL_S + 1:g}", DWELL_S <= at < DWELL_S + 1
        ),
        equal(f"{name}: stayed and reported", scores.tp, len(label["stay"])),
        equal(f"{name}: passed and reported", scores.fp, 0),
        holds(
            f"{name}: most at once", str(most(events)), f"<= {len(label['stay'])}", most(events) <= len(label["stay"])
        ),
    ]


def most(events: Any) -> int:
    """The largest number of people that any report names."""
    return max((sum(subject.count for subject in event.data.subjects) for event in events), default=0)


def measure() -> Outcome:
    """Episodes, their place and time, and who was reported."""
    return Outcome("loitering", tuple(figure for name in CLIPS for figure in figures(name)))


if __name__ == "__main__":
    sys.exit(command(measure))
