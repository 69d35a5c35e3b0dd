"""Zone entries, dwell times, line crossings and counts on true tracks, against an independent naive reference.

    python -m benchmarks.true_tracks

Two recordings of pedestrians at 10 Hz, as they are and with bursts of a quarter of the boxes taken out; hand-picked and
seeded random zones and lines. Prints how much was compared and how much differs (nothing should); exit code 1 if
anything.
"""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.data import DATA
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.rules.occupancy import Occupancy
from edge_agent.core.spec import (
    CameraSpec,
    CrowdRule,
    Episodes,
    IntrusionRule,
    Line,
    LineCrossingRule,
    LoiteringRule,
    MotionSpec,
    Rule,
    Zone,
)
from edge_agent.core.tracks import HEAL_S, Figure, FigureId, TrackMemory, View
from edge_agent.core.types import Detections, Frame, Track, TrackId
from tests.reference import naive_rules as naive

SIZE = (1920, 1080)
RATE = 10
T0 = 1_767_225_600.0
FOLDER = DATA / "tracking" / "mot16_tracks_10hz"
RECORDINGS = ("MOT16-02.txt", "MOT16-09.txt")
GAP_S, DWELL_S, COUNT, CLEAR_BELOW, MARGIN_PERCENT = 1.0, 4.0, 4, 3, 10
STATE = Episodes(min_duration_s=1.0, end_after_s=2.0, cooldown_s=3.0, update_every_s=5.0)

Corners = list[tuple[int, int]]

HAND_ZONES: list[Corners] = [
    [(0, 0), (1920, 0), (1920, 1080), (0, 1080)],
    [(0, 540), (960, 540), (960, 1080), (0, 1080)],
    [(600, 500), (1300, 480), (1500, 700), (500, 760)],
    [(900, 400), (1000, 900), (1100, 400), (1000, 620)],
    [(1700, 300), (1920, 300), (1920, 900), (1700, 900)],
]
HAND_LINES: list[Corners] = [
    [(960, 0), (960, 1080)],
    [(0, 600), (1920, 600)],
    [(1920, 560), (0, 560)],
    [(500, 500), (1500, 800)],
    [(1000, 580), (1100, 590)],
]


@dataclass
class Score:
    """What was compared, by the reference's count, and what differed."""

    compared: dict[str, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)

    def equal(self, what: str, where: str, got: object, wanted: object, size: int) -> None:
        self.compared[what] = self.compared.get(what, 0) + size
        if got != wanted:
            self.differing.append(f"{what} {where}: got {got}, reference {wanted}")


def load(name: str) -> naive.Recording:
    """MOT rows (frame from 1 in steps of 3, id, left, top, width, height) by tick of 0.1 s."""
    rows = [[float(value) for value in row.split(",")] for row in (FOLDER / name).read_text("utf-8").split()]
    recording: naive.Recording = [{} for _ in range(1 + round((max(row[0] for row in rows) - 1) / 3))]
    for frame, who, left, top, width, height, *_ in rows:
        recording[round((frame - 1) / 3)][int(who)] = (int(left), int(top), int(width), int(height))
    return recording


def with_gaps(recording: naive.Recording, seed: int) -> naive.Recording:
    """Each person out of sight for seeded bursts, about a quarter of the time."""
    rng = random.Random(seed)
    hidden: dict[int, int] = {}
    thinned: naive.Recording = []
    for tick, seen in enumerate(recording):
        for who in sorted(seen):
            if hidden.get(who, -1) < tick and rng.random() < 0.04:
                hidden[who] = tick + rng.randint(1, 18)
        thinned.append({who: box for who, box in seen.items() if hidden.get(who, -1) < tick})
    return thinned


def places(seed: int, zones: int, lines: int) -> tuple[list[Corners], list[Corners]]:
    """The hand-picked ones and as many seeded random ones: stars around a middle (never self-crossing), and
    segments."""
    rng = random.Random(seed)
    stars = []
    for _ in range(zones):
        x, y = rng.randint(300, 1600), rng.randint(420, 800)
        angles = sorted(rng.uniform(0, 2 * np.pi) for _ in range(rng.randint(3, 9)))
        reach = [rng.randint(60, 420) for _ in angles]
        stars.append(
            [
                (round(min(max(x + r * np.cos(a), 0), 1920)), round(min(max(y + r * np.sin(a), 0), 1080)))
                for r, a in zip(reach, angles, strict=True)
            ]
        )
    segments: list[Corners] = []
    while len(segments) < lines:
        segment = [(rng.randint(0, 1920), rng.randint(400, 900)) for _ in range(2)]
        if segment[0] != segment[1]:
            segments.append(segment)
    return HAND_ZONES + stars, HAND_LINES + segments


class _True:
    """A tracker that answers with the recording."""

    def __init__(self, recording: naive.Recording, cls: str) -> None:
        self._recording = recording
        self._cls = cls

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        return tracks(self._recording[round((t - T0) * RATE)], self._cls)


def tracks(seen: dict[int, naive.Box], cls: str = "person") -> tuple[Track, ...]:
    width, height = SIZE
    return tuple(
        Track(TrackId(who), cls, (x / width, y / height, (x + w) / width, (y + h) / height), 1.0)
        for who, (x, y, w, h) in seen.items()
    )


def run(recording: naive.Recording, zones: list[Corners], lines: list[Corners]) -> tuple[list[Step], list[Event]]:
    """Every rule on every place."""
    rules: list[Rule] = []
    for n in range(len(zones)):
        rules.append(IntrusionRule(id=f"intrusion-{n}", zone=f"z{n}", episodes=STATE))
        rules.append(LoiteringRule(id=f"loitering-{n}", zone=f"z{n}", dwell_s=DWELL_S, gap_s=GAP_S, episodes=STATE))
        rules.append(CrowdRule(id=f"crowd-{n}", zone=f"z{n}", count=COUNT, clear_below=CLEAR_BELOW, episodes=STATE))
    rules += [LineCrossingRule(id=f"line-{n}", line=f"l{n}") for n in range(len(lines))]
    return played(recording, rules, zones, lines)


def played(
    recording: naive.Recording, rules: list[Rule], zones: list[Corners], lines: list[Corners], cls: str = "person"
) -> tuple[list[Step], list[Event]]:
    """The camera pipeline over the recording, whose people are of class `cls`; id switches are not mended, since these
    ids are true."""
    camera = CameraSpec(
        id="true",
        source="recording",
        zones=tuple(Zone(f"z{n}", unit(zone)) for n, zone in enumerate(zones)),
        lines=tuple(Line(f"l{n}", *unit(line)) for n, line in enumerate(lines)),
        rules=tuple(rules),
        motion=MotionSpec(enabled=False),
    )
    pipeline = CameraPipeline(camera, Agent("site", "agent", "0" * 16), _True(recording, cls), _ids, "true", heal_s=0.0)
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    clock = Clock(offset_ms=0.0, synchronised=True)
    steps = [
        pipeline.step(Frame(image, image[:1, :1, 0], tick, T0 + tick / RATE), Detections.none(("person",)), clock)
        for tick in range(len(recording))
    ]
    events = [event for step in steps for event in step.events]
    return steps, events + list(pipeline.lost(T0 + len(recording) / RATE, clock))


def unit(corners: Corners) -> tuple[tuple[float, float], ...]:
    return tuple((x / SIZE[0], y / SIZE[1]) for x, y in corners)


def _ids(t: float, salt: str) -> str:
    return derived_uuid7(int(t * 1000), "true", salt)


def visits(recording: naive.Recording, zone: Corners) -> list[naive.Visit]:
    """Entries and dwell times as the core's occupancy sees them."""
    occupancy = Occupancy(unit(zone), GAP_S)
    found: dict[tuple[int, float], float] = {}
    for tick, seen in enumerate(recording):
        figures = tuple(
            Figure(FigureId(int(track.id)), track.cls, track.box, track.score, track.foot, track.foot)
            for track in tracks(seen)
        )
        for stay in occupancy.step(figures, View(tick / RATE, figures, SIZE[0] / SIZE[1])):
            found[int(stay.figure.id), stay.entered] = stay.last
    return sorted(naive.Visit(who, round(entered * RATE), round(last * RATE)) for (who, entered), last in found.items())


def ticks_of(events: list[Event], rule: str) -> list[tuple[int, int]]:
    """First and last tick of each of the rule's episodes."""
    return sorted(
        (round((e.data.started.timestamp() - T0) * RATE), round((e.data.ended.timestamp() - T0) * RATE))
        for e in events
        if e.data.why.rule == rule and e.data.ended is not None
    )


def compare(score: Score, name: str, recording: naive.Recording, zones: list[Corners], lines: list[Corners]) -> None:
    """Adds one recording's comparison on all places to `score`."""
    steps, events = run(recording, zones, lines)
    for n, zone in enumerate(zones):
        where = f"{name} zone {n}"
        inside = naive.present(recording, zone, SIZE)
        stays = naive.visits(inside, round(GAP_S * RATE))
        score.equal("zone entries and dwell times", where, visits(recording, zone), stays, len(stays))
        counts = [len(people) for people in inside]
        score.equal("people counted in zones", where, measured(steps, f"intrusion-{n}", "in_zone"), counts, sum(counts))
        dwelling = [len(people) for people in naive.dwellers(inside, stays, round(DWELL_S * RATE))]
        got = measured(steps, f"loitering-{n}", "dwelling")
        score.equal("people counted as dwelling", where, got, dwelling, sum(dwelling))
        truths = {
            "intrusion": [count > 0 for count in counts],
            "loitering": [count > 0 for count in dwelling],
            "crowd": naive.crowded(counts, COUNT, CLEAR_BELOW),
        }
        for kind, truth in truths.items():
            wanted = naive.episodes(truth, inertia=10, min_duration=10, end_after=20, cooldown=30)
            score.equal(f"{kind} episodes", where, ticks_of(events, f"{kind}-{n}"), wanted, len(wanted))
    for n, line in enumerate(lines):
        wanted_crossings = [
            (crossing.direction, round(crossing.tick / RATE, 3))
            for crossing in naive.crossings(recording, line[0], line[1], MARGIN_PERCENT)
        ]
        got_crossings = list(crossed(events, f"line-{n}"))
        score.equal(
            "line crossings", f"{name} line {n}", sorted(got_crossings), sorted(wanted_crossings), len(wanted_crossings)
        )


def measured(steps: list[Step], rule: str, measure: str) -> list[int]:
    """The measure at each step, 0 where the rule finds nothing."""
    return [
        next(
            (
                int(m.value)
                for found in step.findings
                if found.rule.id == rule
                for m in found.finding.measures
                if m.name == measure
            ),
            0,
        )
        for step in steps
    ]


def crossed(events: list[Event], rule: str) -> Iterator[tuple[str, float]]:
    """(direction, seconds) of each of the rule's crossings."""
    for event in events:
        if event.data.why.rule == rule and event.data.phase == "begin":
            direction = next(m.value for m in event.data.why.measures if m.name == "direction")
            yield "forward" if direction > 0 else "backward", round(event.time.timestamp() - T0, 3)


def mending(recording: naive.Recording) -> dict[str, int]:
    """How the core mends tracks that come back under a new id after each gap: to the right figure, to nobody though one
    was there within HEAL_S, to somebody else's."""
    memory = TrackMemory(HEAL_S)
    ids: dict[int, int] = {}
    last: dict[int, int] = {}
    owner: dict[int, int] = {}
    count, came = {"right": 0, "missed": 0, "wrong": 0}, 0
    for tick, seen in enumerate(recording):
        fresh = {who for who in seen if last.get(who) != tick - 1}
        for who in sorted(fresh):
            came += 1
            ids[who] = came
        view = memory.look(tracks({ids[who]: box for who, box in seen.items()}), tick / RATE, SIZE[0] / SIZE[1])
        figures = {figure.box: int(figure.id) for figure in view.figures}
        for who, box in seen.items():
            figure = figures[tracks({who: box})[0].box]
            if who in fresh:
                before = owner.get(figure)
                if before is not None:
                    count["right" if before == who else "wrong"] += 1
                elif who in last and tick - last[who] <= HEAL_S * RATE:
                    count["missed"] += 1
            owner[figure], last[who] = who, tick
    return count


def measure(zones: int = 40, lines: int = 60, seed: int = 2) -> Score:
    score = Score()
    for name in RECORDINGS:
        recording = load(name)
        for label, version in ((name, recording), (f"{name} with gaps", with_gaps(recording, seed))):
            compare(score, label, version, *places(seed, zones, lines))
    return score


def told(score: Score) -> int:
    """Prints what was compared and what differs; the exit code."""
    for what, count in score.compared.items():
        differing = sum(line.startswith(what) for line in score.differing)
        print(json.dumps({"measure": what, "reference": count, "places_differing": differing}))
    for line in score.differing[:10]:
        print(line, file=sys.stderr)
    return 1 if score.differing else 0


def main() -> int:
    code = told(measure())
    for name in RECORDINGS:
        print(json.dumps({"measure": "broken tracks mended", "recording": name, **mending(with_gaps(load(name), 2))}))
    return code


if __name__ == "__main__":
    sys.exit(main())
