"""wrong_way, stopped_vehicle and congestion: on real clips with their defaults, and on synthetic cases.

Real: both accident clips are found, and no other clip gives an event. Synthetic, and no accuracy: real tracks of the
traffic clips, driven again and again until the flow is learned, with one vehicle's track run backwards among them; and
counts that flicker around a threshold.
"""

import random
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.data import DATA
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command, equal
from benchmarks.runs import seconds
from benchmarks.truth import clips, truths
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.rules.wrong_way import WrongWayRule
from edge_agent.core.spec import CameraSpec, CrowdRule, IntrusionRule, MotionSpec, Rule, Zone
from edge_agent.core.types import Detections, Frame, Track, TrackId

KINDS = ("wrong_way", "stopped_vehicle", "congestion")
STREETS = ("traffic/multilane_buses.mp4", "traffic/motorway_pedestrian_alarm.avi", "traffic/thai_junction.mp4")
RULES = "".join(f'[[camera.rule]]\nkind = "{kind}"\n' for kind in KINDS)
RATE, AFTER_S = 5.0, 3.0
LOOPS = 8
"""So often a clip's traffic drives by before the wrong-way driver comes: some minutes of it."""
LONGEST_WAYS, FAR = 12, 6.0
"""At most so many vehicles of a street are turned round, those that go farthest, at least FAR box lengths."""
RECALL, FLICKERS = 0.9, 20
CLOCK = Clock(offset_ms=0.0, synchronised=True)


def begins(events: Iterable[Event], kind: str) -> list[float]:
    """Seconds from the clip's first picture at which an operator learns of it."""
    return [seconds(e.time.timestamp()) for e in events if e.data.kind == kind and e.data.phase == "begin"]


def real() -> list[Figure]:
    """Hits, delays and false events over every clip."""
    figures: list[Figure] = []
    false: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for clip in clips():
        found = replay([clip.path], RULES)[0].events
        spans = [t for t in truths().get(clip.name, ()) if t.kind == "stopped_vehicle"]
        for kind in KINDS:
            for at in begins(found, kind):
                if kind != "stopped_vehicle" or not any(
                    t.begin_s - t.slack_s <= at <= t.end_s + AFTER_S for t in spans
                ):
                    false[kind].append(f"{clip.name} at {at:.1f} s")
        for span in spans:
            hit = [at for at in begins(found, "stopped_vehicle") if span.begin_s - span.slack_s <= at]
            figures.append(at_least(f"{clip.name}: stopped vehicle found", float(bool(hit)), 1))
            figures.append(Figure(f"{clip.name}: after its onset, s", hit[0] - span.begin_s if hit else float("nan")))
    hours = sum(clip.seconds for clip in clips()) / 3600
    figures.append(Figure("all clips, hours", hours))
    for kind, where in false.items():
        figures.append(equal(f"{kind}: false events on all clips", len(where), 0))
        figures += [Figure(f"{kind}: false event", text) for text in where]
    return figures


class _Told:
    tracks: tuple[Track, ...] = ()

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        return self.tracks


class Street:
    """A camera that is told who drives where, at RATE a second."""

    def __init__(self, rules: Sequence[Rule], size: tuple[int, int]) -> None:
        camera = CameraSpec(
            id="street", source="-", zones=(Zone("all", WHOLE),), rules=tuple(rules), motion=MotionSpec(enabled=False)
        )
        self._told = _Told()
        self._pipeline = CameraPipeline(
            camera,
            Agent("bench", "bench", "0" * 16),
            self._told,
            lambda t, salt: derived_uuid7(int(t * 1000), "bench", salt),
            "-",
        )
        self._image = np.zeros((size[1], size[0], 3), np.uint8)
        self._tick = 0

    def see(self, tracks: Iterable[Track]) -> list[Event]:
        self._told.tracks = tuple(tracks)
        frame = Frame(self._image, self._image[:1, :1, 0], self._tick, 1_767_225_600.0 + self._tick / RATE)
        self._tick += 1
        return list(self._pipeline.step(frame, Detections.none(), CLOCK).events)


def recorded(clip: Path) -> list[tuple[Track, ...]]:
    """The tracks of a clip at RATE."""
    return [step.tracks for step in replay([clip], f"fps = {RATE}\n" + RULES)[0].steps]


def longest(steps: Sequence[tuple[Track, ...]]) -> list[list[tuple[int, Track]]]:
    """The ways of those vehicles that go farthest without a leap."""
    ways: dict[int, list[tuple[int, Track]]] = {}
    for tick, tracks in enumerate(steps):
        for track in tracks:
            if track.cls in ("car", "motorcycle", "bus", "truck"):
                ways.setdefault(track.id, []).append((tick, track))

    def far(way: list[tuple[int, Track]]) -> float:
        (x0, y0), (x1, y1) = way[0][1].foot, way[-1][1].foot
        size = np.mean([((t.box[2] - t.box[0]) * (t.box[3] - t.box[1])) ** 0.5 for _, t in way])
        return float(np.hypot(x1 - x0, y1 - y0) / size)

    whole = [way for way in ways.values() if len(way) >= 10 and far(way) >= FAR and _small(way) < 0.25]
    return sorted(whole, key=far, reverse=True)[:LONGEST_WAYS]


def _small(way: list[tuple[int, Track]]) -> float:
    """The longest gap of a way, as a share of its length."""
    ticks = [tick for tick, _ in way]
    return max(b - a for a, b in pairwise(ticks)) / max(1, ticks[-1] - ticks[0])


def wrong_way() -> list[Figure]:
    """Vehicles run backwards through learned traffic; and the same traffic once more as it was."""
    tried = found = false = 0
    for name in STREETS:
        steps = recorded(DATA / name)
        for way in longest(steps):
            street = Street([WrongWayRule(id="wrong-way")], (640, 360))
            for loop in range(LOOPS):
                for tracks in steps:
                    events = street.see(_renamed(tracks, loop))
                    false += sum(event.data.phase == "begin" for event in events)
            last = way[-1][0]
            back = {last - tick: track for tick, track in way}
            hit = False
            for tick in range(len(steps)):
                extra = [_as(back[tick], 10**7)] if tick in back else []
                events = street.see([*_renamed(steps[tick], LOOPS), *extra])
                hit = hit or any(event.data.phase == "begin" for event in events)
            tried, found = tried + 1, found + hit
    return [
        Figure("wrong way, synthetic: vehicles run backwards", tried),
        at_least("wrong way, synthetic: found", found / max(tried, 1), RECALL),
        at_most("wrong way, synthetic: events while the traffic ran as it was", false, 0),
    ]


def _renamed(tracks: Iterable[Track], loop: int) -> list[Track]:
    return [_as(track, loop * 10_000 + track.id) for track in tracks]


def _as(track: Track, number: int) -> Track:
    return Track(TrackId(number), track.cls, track.box, track.score)


def flicker(rule: Rule, threshold: int) -> list[tuple[int, int]]:
    """By seed: alerts that 15 s of a count flickering around the threshold by up to two gave, and how often it crossed
    the threshold."""
    found = []
    for seed in range(FLICKERS):
        rng = random.Random(seed)
        street, counts = Street([rule], (8, 8)), []
        alerts = 0
        for _ in range(round(15 * RATE)):
            counts.append(max(0, threshold + rng.choice((-2, -1, -1, 0, 0, 1))))
            alerts += sum(event.data.phase == "begin" for event in street.see(_people(counts[-1])))
        crossed = sum((a >= threshold) != (b >= threshold) for a, b in pairwise(counts))
        found.append((alerts, crossed))
    return found


def _people(count: int) -> list[Track]:
    return [Track(TrackId(n), "person", (0.05 + 0.04 * n, 0.3, 0.08 + 0.04 * n, 0.5), 0.8) for n in range(count)]


def measure() -> Outcome:
    """Real clips with defaults, synthetic wrong-way drivers, flickering counts."""
    figures = real() + wrong_way()
    for rule, threshold in ((CrowdRule(id="crowd", zone="all"), 10), (IntrusionRule(id="intrusion", zone="all"), 1)):
        runs = flicker(rule, threshold)
        (fewest, _), (alerts, crossed) = min(runs), max(runs)
        figures.append(at_most(f"{rule.kind}: alerts in 15 s of flicker around the threshold", alerts, 1))
        figures.append(at_least(f"{rule.kind}: fewest alerts in 15 s of such flicker", fewest, 1))
        figures.append(Figure(f"{rule.kind}: times the count crossed it", crossed))
    return Outcome("traffic_rules", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
