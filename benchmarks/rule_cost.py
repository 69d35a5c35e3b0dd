"""What each rule costs: processor milliseconds a frame beyond decoding, detection and tracking; and all together.

One camera at 640x360 and 5 frames a second. A frame's reduced pictures and its flow are made by the rule that asks
first; alone, each rule pays for what it asks.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from benchmarks.data import DATA
from benchmarks.report import Figure, Outcome, at_most, command
from contract.events import Clock
from contract.ids import derived_uuid7
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.source_av import open_source
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.table import RULES, WHOLE
from edge_agent.core.spec import CameraSpec, DetectorSpec, Line, Rule, TamperSpec, TrackerSpec, Zone, for_tracking
from edge_agent.core.types import Detections, Frame, Track

CLIPS = ("traffic/thai_junction.mp4", "traffic/multilane_buses.mp4")
FPS = 5.0
BAR_MS = 4.0
CLOCK = Clock(offset_ms=0.0, synchronised=True)
ZONE, LINE = Zone("zone", WHOLE), Line("line", (0.0, 0.6), (1.0, 0.6))


class _Told:
    """A tracker that repeats what the real one said of these frames, so that only the rules are timed."""

    def __init__(self, answers: Sequence[tuple[Track, ...]]) -> None:
        self._answers = iter(answers)

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        return next(self._answers)


def rule_of(kind: str) -> Rule:
    """The rule with its defaults; a place that must be named is the whole picture, or a line across it."""
    spec = RULES[kind].spec
    place = {name: name for name in ("zone", "line") if name in spec.__dataclass_fields__}
    purpose = {"purpose": "blocked"} if "purpose" in spec.__dataclass_fields__ else {}
    return spec(id=kind.replace("_", "-"), **place, **purpose)  # type: ignore[arg-type]


Prepared = tuple[list[Frame], list[Detections], list[tuple[Track, ...]]]
"""Frames; what the detector gives beside boxes (the map that `brawl` looks at); tracks."""


def prepared(clip: Path) -> Prepared:
    frames = list(open_source(CameraSpec(id="camera", source=str(clip), fps=FPS), realtime=False, start=0.0))
    spec, tracking = for_tracking(DetectorSpec(precision="f32"), TrackerSpec())
    detector, tracker = open_detector(spec), ByteTrack(tracking)
    seen = [detector.detect([frame.image])[0] for frame in frames]
    detector.close()
    answers = [tracker.update(some, f.width, f.height, f.t) for f, some in zip(frames, seen, strict=True)]
    return frames, [replace(Detections.none(), features=some.features) for some in seen], answers


def milliseconds(
    frames: Sequence[Frame],
    maps: Sequence[Detections],
    answers: Sequence[tuple[Track, ...]],
    rules: Sequence[Rule],
    health: bool,
) -> float:
    """Of processor time a frame of the pipeline's step."""
    camera = CameraSpec(
        id="camera",
        source="-",
        fps=FPS,
        zones=(ZONE,),
        lines=(LINE,),
        rules=tuple(rules),
        tamper=TamperSpec(enabled=health),
    )
    pipeline = CameraPipeline(
        camera,
        Agent("bench", "bench", "0" * 16),
        _Told(answers),
        lambda t, salt: derived_uuid7(round(t * 1000), "bench", salt),
        "-",
        pictures=CvPictures(),
    )
    began = time.process_time()
    for frame, seen in zip(frames, maps, strict=True):
        pipeline.step(frame, seen, CLOCK)
    return (time.process_time() - began) / len(frames) * 1000


def measure() -> Outcome:
    """Medians of three runs over two clips, on one thread."""
    cv2.setNumThreads(1)
    clips = [prepared(DATA / name) for name in CLIPS]

    def cost(rules: Sequence[Rule], health: bool = False) -> float:
        runs = sorted(
            sum(milliseconds(*clip, rules, health) * len(clip[0]) for clip in clips) / sum(len(c[0]) for c in clips)
            for _ in range(3)
        )
        return runs[1]

    bare = cost([])
    figures = [Figure("no rules, ms a frame", bare)]
    figures += [Figure(f"{kind}, ms a frame", cost([rule_of(kind)]) - bare) for kind in RULES]
    figures.append(Figure("camera's own faults, ms a frame", cost([], health=True) - bare))
    everything = cost([rule_of(kind) for kind in RULES], health=True)
    figures.append(at_most("all rules, ms a frame", everything, BAR_MS))
    return Outcome("rule_cost", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
