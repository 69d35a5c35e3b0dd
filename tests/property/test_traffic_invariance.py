"""What the rules about traffic say hangs on what happened, not on frame rate, the order of detections or gaps."""

import random
from collections.abc import Callable
from itertools import pairwise

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.codec import encode
from edge_agent.core.rules.congestion import Congestion, CongestionRule
from edge_agent.core.rules.stopped_vehicle import UNKNOWN, StoppedVehicle, StoppedVehicleRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.rules.wrong_way import WrongWay, WrongWayRule
from edge_agent.core.tracks import Figure, View
from edge_agent.core.traffic import Traffic
from tests.scenes import T0, Scene, every, person
from tests.traffic import ASPECT, first, play, vehicle

rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 15.0])


def queue(t: float) -> list[Figure]:
    """Six come at 0.2 frame heights a second and stand behind one another from 10 s on, 0.15 apart."""
    return [vehicle(n, min(1.7, 1.7 - 0.2 * (10.0 - t)) - 0.15 * n) for n in range(6)]


def back(t: float) -> list[Figure]:
    return [vehicle(1, 1.8 - 0.15 * t), vehicle(2, 0.2 + 0.15 * t, 0.8)]


def thinned(times: list[float], seed: int) -> list[float]:
    """Up to 0.7 s without a frame, here and there."""
    rng, found, skip = random.Random(seed), [], 0
    for t in times:
        skip = rng.randint(1, 6) if skip <= 0 and rng.random() < 0.15 else skip - 1
        if skip <= 0:
            found.append(t)
    return found


def told(times: list[float]) -> tuple[float | None, float | None, float | None]:
    """When each rule speaks first."""
    stopped = StoppedVehicle(StoppedVehicleRule(id="stopped", after_s=5.0), WHOLE, Traffic())
    jam = Congestion(CongestionRule(id="jam", after_s=20.0), WHOLE, Traffic())
    wrong = WrongWay(WrongWayRule(id="wrong", direction_deg=90.0), WHOLE, Traffic())
    return (
        first(play(stopped, [t for t in times if t <= 45], queue)),
        first(play(jam, times, queue)),
        first(play(wrong, [t for t in times if t <= 10], back)),
    )


def close(got: tuple[float | None, ...], within: float) -> bool:
    """It stands from 10 s, abruptly: 5 s; slow from a little after 10 s: 20 s; 4 lengths at 1.5 a second: 2.7 s."""
    return all(g is not None and abs(g - w) <= within for g, w in zip(got, (15.0, 30.5, 2.7), strict=True))


@settings(max_examples=25, deadline=None)
@given(rates, st.floats(0, 0.4))
def test_the_frame_rate_does_not_matter(rate: float, phase: float) -> None:
    got = told(every(rate, phase, 40))
    assert close(got, 1.0 + 1.0 / rate), got


def stop_seen(times: list[float]) -> bool:
    """Whether nothing is missing for half a second while they brake, at 10 s."""
    return all(after - before < 0.5 for before, after in pairwise(t for t in times if 8.5 <= t <= 11.0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
@example(1459)
def test_missing_frames_do_not_matter(seed: int) -> None:
    """But who braked while nothing was seen may have braked softly: he has as much time as one who did."""
    times = thinned(every(10, 0, 45), seed)
    stopped, *others = told(times)
    if stopped is not None and stopped > 30.0 and not stop_seen(times):
        stopped -= 5.0 * (UNKNOWN - 1.0)
    assert close((stopped, *others), 2.0), (stopped, *others)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_order_of_tracks_does_not_matter(walks: int, shuffles: int) -> None:
    """Random drivers that stop now and then, with ids that break off; the same bytes whatever the order."""
    walk = random.Random(walks)
    everyone = [[walk.random(), walk.random(), walk.uniform(-0.03, 0.03), walk.uniform(-0.03, 0.03)] for _ in range(7)]
    frames = []
    for n in range(100):
        for who in everyone:
            if (n // 30 + round(10 * who[2])) % 2 == 0:
                who[0], who[1] = (who[0] + who[2]) % 1.0, (who[1] + who[3]) % 1.0
        frames.append(
            [
                msgspec.structs.replace(person(10 * k + n // 41, (w[0], w[1]), 0.15), cls="car")
                for k, w in enumerate(everyone)
                if walk.random() < 0.95
            ]
        )

    def events(rng: random.Random | None) -> list[bytes]:
        scene = Scene(
            StoppedVehicleRule(id="stopped", after_s=1.0),
            WrongWayRule(id="wrong", direction_deg=90.0, distance_lengths=1.0),
            CongestionRule(id="jam", after_s=2.0, min_vehicles=3, slow_lengths=1.0),
        )
        for n, tracks in enumerate(frames):
            scene.see(n / 5, *(rng.sample(tracks, len(tracks)) if rng else tracks))
        scene.over(20)
        return [encode(event) for event in scene.events]

    assert events(None) == events(random.Random(shuffles))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([queue, back]))
def test_trembling_boxes_do_not_matter(seed: int, seen: Callable[[float], list[Figure]]) -> None:
    """By up to 3% of the box length, each edge on its own."""
    rng = random.Random(seed)

    def trembles(t: float) -> list[Figure]:
        found = []
        for figure in seen(t):
            x1, y1, x2, y2 = (
                edge + rng.uniform(-0.003, 0.003) / (ASPECT if n % 2 == 0 else 1.0) for n, edge in enumerate(figure.box)
            )
            found.append(
                msgspec.structs.replace(
                    figure, box=(x1, y1, x2, y2), foot=((x1 + x2) / 2, y2), at=((x1 + x2) / 2 * ASPECT, y2)
                )
            )
        return found

    rule = StoppedVehicle(StoppedVehicleRule(id="stopped", after_s=5.0), WHOLE, Traffic())
    wrong = WrongWay(WrongWayRule(id="wrong", direction_deg=90.0), WHOLE, Traffic())
    if seen is queue:
        assert abs((first(play(rule, every(5, 0, 40), trembles)) or 0.0) - 15.0) <= 1.5
        assert play(wrong, every(5, 0, 40), trembles) == []
    else:
        assert abs((first(play(wrong, every(5, 0, 10), trembles)) or 0.0) - 2.7) <= 0.7


def test_memory_is_bounded() -> None:
    """Thousands of vehicles leave nothing behind but counts."""
    traffic = Traffic()
    for n in range(3000):
        traffic.look(View(T0 + n / 5, (vehicle(n, 0.2 + 0.01 * (n % 150)),), ASPECT))
    assert len(traffic._movers._known) < 100
    assert sum(array.nbytes for array in traffic.memory().values()) < 1_000_000
