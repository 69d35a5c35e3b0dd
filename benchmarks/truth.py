"""What the labelled footage shows, by clip and kind: read from the labels that lie beside the clips.

Labels made by eye are within SLACK_FRAMES. Every clip is a negative for the kinds it is not labelled with.
"""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av

from benchmarks.data import DATA
from edge_agent.core.types import Box

SLACK_FRAMES = 10
UNREADABLE = "robustness"
"""The folder of files that break decoders."""
FIRES = ("smoke", "fire")
TOPPLED = {"abandoned/aboda_indoor_backpack.mp4": [130, 324, 58, 54]}
"""Where the label's note says the object lies later on."""


@dataclass(frozen=True, slots=True)
class Clip:
    """name: relative to the data folder. Seconds and frames a second as the container says."""

    name: str
    path: Path
    seconds: float
    fps: float
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing that happens in a clip, seconds from its first picture.

    slack_s: how far the label may be off. boxes: in unit coordinates, any of which is right; empty where nobody drew
    one. onset: whether the clip shows the beginning.
    """

    kind: str
    begin_s: float
    end_s: float
    slack_s: float
    boxes: tuple[Box, ...] = ()
    onset: bool = True


@cache
def clips() -> tuple[Clip, ...]:
    """Every readable video of the data folder, by name."""
    found = []
    for path in sorted(p for p in DATA.rglob("*") if p.suffix in (".mp4", ".avi")):
        name = path.relative_to(DATA).as_posix()
        if not name.startswith(UNREADABLE):
            found.append(_clip(name, path))
    return tuple(found)


def _clip(name: str, path: Path) -> Clip:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 25)
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        seconds = seconds or (container.duration or 0) / av.time_base
        return Clip(name, path, seconds, fps, stream.width, stream.height)


@cache
def truths() -> dict[str, tuple[Truth, ...]]:
    """By clip name; clips where nothing happens that Jaga has a kind for are left out."""
    known = {clip.name: clip for clip in clips()}
    found: dict[str, tuple[Truth, ...]] = {}
    for labels in sorted(DATA.glob("*/events.json")):
        folder = labels.parent.name
        for file, events in json.loads(labels.read_text("utf-8")).items():
            clip = known[f"{folder}/{file}"]
            found[clip.name] = _of_clip(clip, events)
    with (DATA / "fight_surv" / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            clip = known[f"fight_surv/{row['file']}"]
            if row["fight"] == "1":
                found[clip.name] = (Truth("brawl", 0.0, clip.seconds, 0.0, onset=False),)
    return {name: truth for name, truth in found.items() if truth}


def _of_clip(clip: Clip, events: list[dict[str, Any]]) -> tuple[Truth, ...]:
    slack = SLACK_FRAMES / clip.fps

    def truth(kind: str, begin: int, end: int | None, boxes: tuple[Box, ...] = ()) -> Truth:
        until = clip.seconds if end is None else end / clip.fps
        return Truth(kind, begin / clip.fps, until, slack, boxes, onset=begin > 0)

    burning = [event for event in events if event["event"] in FIRES]
    found = []
    if burning:
        begin, end = min(event["start"] for event in burning), max(event["end"] for event in burning)
        found.append(truth("smoke_fire", begin, end))
    places = [event["box"] for event in events if event["event"] == "object_put"]
    places += [TOPPLED[clip.name]] if clip.name in TOPPLED else []
    boxes = tuple(_unit(clip, box) for box in places)
    for event in events:
        if event["event"] == "owner_leaves":
            found.append(truth("abandoned_object", event["frame"], None, boxes))
        elif event["event"] in ("stopped_vehicle", "camera_moved"):
            found.append(truth(event["event"], event["start"], event["end"]))
        elif event["event"] == "covered":
            found.append(truth("camera_covered", event["start"], event["end"]))
    return tuple(found)


def _unit(clip: Clip, box: list[int]) -> Box:
    x, y, w, h = box
    return x / clip.width, y / clip.height, (x + w) / clip.width, (y + h) / clip.height
