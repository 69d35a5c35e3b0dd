"""Wrong way, stopped vehicles and congestion on true tracks, against an independent naive reference.

    python -m benchmarks.true_traffic

The tracks are of pedestrians at 10 Hz (benchmarks.true_tracks), taken for motorcycles: what is checked is the rules'
logic, not their accuracy on traffic. Nothing is learned (a direction is set, thresholds are absolute). Some of them are
made to stand for a while, by seeded chance. Exit code 1 if anything differs.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import true_tracks as base
from benchmarks.true_tracks import RATE, SIZE, Corners, Score
from contract.events import Event
from edge_agent.core import flow_field
from edge_agent.core.rules.congestion import CongestionRule
from edge_agent.core.rules.stopped_vehicle import UNKNOWN, StoppedVehicleRule
from edge_agent.core.rules.wrong_way import WrongWayRule
from edge_agent.core.spec import Episodes, Rule
from tests.reference import naive_rules, naive_traffic

STATE = Episodes(min_duration_s=0.5, end_after_s=1.0, cooldown_s=0.0, update_every_s=0.0)
WAYS = (0.0, 60.0, 90.0, 180.0, 270.0)
DISTANCE, LEAST_S, STAND_S = 1.0, 1.0, 3.0
VEHICLES, SLOW, AFTER_S, CLEAR_S = 3, 0.8, 2.0, 1.0
NEAR = 112.5


def frozen(recording: naive_rules.Recording, seed: int) -> naive_rules.Recording:
    """Half of them stand still for 2 to 8 s at some moment, and go on from there."""
    rng = random.Random(seed)
    found: naive_rules.Recording = [{} for _ in recording]
    for who in sorted({who for seen in recording for who in seen}):
        path = [(tick, seen[who]) for tick, seen in enumerate(recording) if who in seen]
        at, held = rng.randrange(len(path)), rng.randint(20, 80) if rng.random() < 0.5 else 0
        late = [(tick + (held if n > at else 0), box) for n, (tick, box) in enumerate(path)]
        late += [(path[at][0] + n, path[at][1]) for n in range(1, held + 1)]
        for tick, box in late:
            if tick < len(found):
                found[tick][who] = box
    return found


@contextmanager
def nothing_learned() -> Iterator[None]:
    known = flow_field.ENOUGH, flow_field.CYCLES
    flow_field.ENOUGH = flow_field.CYCLES = float("inf")
    try:
        yield
    finally:
        flow_field.ENOUGH, flow_field.CYCLES = known


def run(recording: naive_rules.Recording, zones: list[Corners]) -> list[Event]:
    rules: list[Rule] = []
    for n in range(len(zones)):
        rules += [
            WrongWayRule(
                id=f"wrong-{n}-{w}",
                zone=f"z{n}",
                direction_deg=way,
                distance_lengths=DISTANCE,
                min_s=LEAST_S,
                min_height=0.0,
                episodes=STATE,
            )
            for w, way in enumerate(WAYS)
        ]
        rules.append(
            CongestionRule(
                id=f"congestion-{n}",
                zone=f"z{n}",
                after_s=AFTER_S,
                clear_s=CLEAR_S,
                min_vehicles=VEHICLES,
                slow_lengths=SLOW,
                episodes=STATE,
            )
        )
    rules.append(StoppedVehicleRule(id="stopped", after_s=STAND_S / UNKNOWN, min_height=0.0, episodes=STATE))
    with nothing_learned():
        return base.played(recording, rules, zones, [], "motorcycle")[1]


def compare(score: Score, name: str, recording: naive_rules.Recording, zones: list[Corners]) -> None:
    """Adds one recording's comparison to `score`."""
    events, ticks = run(recording, zones), len(recording)
    tracks = naive_traffic.paths(recording, RATE)
    stands = [naive_traffic.Stand(path, RATE) for path in tracks]
    truths = [naive_traffic.stopped(stands, index, ticks, RATE, STAND_S) for index in range(len(tracks))]
    _equal(score, "stopped_vehicle episodes", name, events, "stopped", truths)
    for n, zone in enumerate(zones):
        for w, way in enumerate(WAYS):
            truths = [naive_traffic.wrong(p, RATE, ticks, zone, SIZE, way, DISTANCE, LEAST_S) for p in tracks]
            _equal(score, "wrong_way episodes", f"{name} zone {n} way {way:g}", events, f"wrong-{n}-{w}", truths)
        slow = naive_traffic.congested(
            tracks, stands, RATE, ticks, zone, SIZE, VEHICLES, SLOW, AFTER_S, CLEAR_S
        )  # fmt: skip
        _equal(score, "congestion episodes", f"{name} zone {n}", events, f"congestion-{n}", [slow])


def _equal(score: Score, what: str, where: str, events: list[Event], rule: str, truths: list[list[bool]]) -> None:
    wanted = sorted(
        span
        for truth in truths
        for span in naive_rules.episodes(truth, inertia=10, min_duration=5, end_after=10, cooldown=0)
    )
    score.equal(what, where, base.ticks_of(events, rule), wanted, len(wanted))


def measure(zones: int = 2, seed: int = 2) -> Score:
    score = Score()
    for name in base.RECORDINGS:
        recording = base.load(name)
        chosen = base.places(seed, zones, 0)[0]
        compare(score, name, recording, chosen)
        compare(score, f"{name} with stands", frozen(recording, seed), chosen)
    return score


def main() -> int:
    return base.told(measure())


if __name__ == "__main__":
    sys.exit(main())
