"""Sudden common running: is it found, and is everything else left alone?

There is no labelled footage of a rush here. Synthetic: simulator.rush renders people who begin to run one way or
asunder, and what only looks like it; the boxes are the rendered ones with 3% of their height of noise, through the
tracker and CameraPipeline.step. Real: every clip of the data with default parameters; no rush is in any of them.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.data import DATA
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from contract.events import Clock
from contract.ids import derived_uuid7
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.crowd_rush import CrowdRushRule
from edge_agent.core.spec import CameraSpec, TrackerSpec
from edge_agent.core.types import Detections, Frame
from simulator.rush import CALMS, RUSHES, Calm, Rush, rush_scene
from simulator.scene import TrueBox, render

BEGIN_S = 14.0
SEEDS = range(3)
RATES = (5,)
PEOPLE = (6, 12, 20)
WITHIN_S = 4.0
CLASSES = ("person", "bus")
VISIBLE = 0.4
NOISE = 0.03
T0 = 1_767_225_600.0
RULE = '[[camera.rule]]\nkind = "crowd_rush"\n'
FOUND: dict[Rush, float] = {"one_way": 0.8, "asunder": 0.4}
"""Those who run asunder are out of this small square within a second: half of the cases are over too soon."""


@dataclass(frozen=True, slots=True)
class Trial:
    """told: seconds after the scene's begin at which each episode was reported."""

    kind: Rush | Calm
    people: int
    rate: int
    seed: int
    told: tuple[float, ...]
    score: float
    cost_ms: float

    @property
    def found(self) -> bool:
        return any(0 <= t <= WITHIN_S for t in self.told)


def boxes(truth: Sequence[TrueBox], rng: np.random.Generator) -> Detections:
    seen = [box for box in truth if box.visible >= VISIBLE]
    corners = np.array([box.box for box in seen], np.float32).reshape(-1, 4)
    tall = (corners[:, 3] - corners[:, 1])[:, None]
    corners = (corners + NOISE * tall * rng.standard_normal(corners.shape)).astype(np.float32)
    labels = np.array([CLASSES.index(box.cls) for box in seen], np.int32)
    return Detections(corners, np.full(len(seen), 0.8, np.float32), labels, CLASSES)


def trial(kind: Rush | Calm, people: int, rate: int, seed: int, rule: CrowdRushRule | None = None) -> Trial:
    camera = CameraSpec(id="camera", source="-", fps=rate, rules=(rule or CrowdRushRule(id="rush"),))
    pipeline = CameraPipeline(
        camera,
        Agent("bench", "bench", "0" * 16),
        ByteTrack(TrackerSpec(start=0.4)),
        lambda t, salt: derived_uuid7(round(t * 1000), "bench", salt),
        "-",
        pictures=CvPictures(),
    )
    clock, rng = Clock(offset_ms=0.0, synchronised=True), np.random.default_rng([seed, 5])
    told: list[float] = []
    spent, score, count = 0.0, 0.0, 0
    for index, (image, truth) in enumerate(render(rush_scene(kind, seed, people, BEGIN_S, rate))):
        frame = Frame(image, tiny_luma(image, 96), index, T0 + index / rate)
        found = boxes(truth, rng)
        began = time.process_time()
        step = pipeline.step(frame, found, clock)
        spent, count = spent + time.process_time() - began, count + 1
        score = max(score, step.scores.get("rush", 0.0))
        told += [frame.t - T0 - BEGIN_S for event in step.events if event.data.phase == "begin"]
    return Trial(kind, people, rate, seed, tuple(told), score, spent / count * 1000)


def clips() -> list[Path]:
    every = (path for path in DATA.rglob("*") if path.suffix in (".mp4", ".avi", ".mpg"))
    return sorted(path for path in every if "robustness" not in path.parts)


def measure() -> Outcome:
    figures: list[Figure] = []
    trials = [
        trial(k, people, rate, s) for k in (*RUSHES, *CALMS) for people in PEOPLE for rate in RATES for s in SEEDS
    ]
    for kind in RUSHES:
        some = [t for t in trials if t.kind == kind]
        figures.append(at_least(f"synthetic: {kind}, found", sum(t.found for t in some) / len(some), FOUND[kind]))
        delays = [min(t.told) for t in some if t.found]
        figures.append(Figure(f"synthetic: {kind}, longest delay s", max(delays, default=float("nan"))))
        figures.append(
            Figure(f"synthetic: {kind}, told before it began", float(sum(min(t.told, default=0) < 0 for t in some)))
        )
    for calm in CALMS:
        some = [t for t in trials if t.kind == calm]
        figures.append(at_most(f"synthetic: {calm}, told", float(sum(bool(t.told) for t in some)), 0))
        figures.append(Figure(f"synthetic: {calm}, highest score", max(t.score for t in some)))
    for missed in (t for t in trials if t.found != (t.kind in RUSHES)):
        print("wrong:", missed, file=sys.stderr)
    figures.append(Figure("synthetic: trials", float(len(trials))))
    figures += real()
    return Outcome("crowd_rush", tuple(figures))


def real() -> list[Figure]:
    """Every clip: none shows a rush. Fights are told apart: people flee from them."""
    fights, others, seconds, highest = 0, 0, 0.0, 0.0
    for path in clips():
        (result,) = replay([path], RULE)
        begun = sum(event.data.phase == "begin" and event.data.kind == "crowd_rush" for event in result.events)
        score = max((scores.get("crowd-rush", 0.0) for _, scores in result.scores), default=0.0)
        fight = path.parent.name == "fight"
        fights, others = fights + begun * fight, others + begun * (not fight)
        highest = highest if fight else max(highest, score)
        seconds += result.scores[-1][0] if result.scores else 0.0
        if begun or score >= 0.9:
            print(path.relative_to(DATA), "told", begun, "score", round(score, 2), file=sys.stderr)
    return [
        at_most("real: events on clips without a fight", float(others), 0),
        Figure("real: highest score there", highest),
        Figure("real: events on fights", float(fights)),
        Figure("real: footage, s", seconds),
    ]


if __name__ == "__main__":
    sys.exit(command(measure))
