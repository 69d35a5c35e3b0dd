"""A rush of people followed one by one, and what is none; at any frame rate and in any order."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.codec import encode
from edge_agent.core.picture import Flow
from edge_agent.core.rules.crowd_rush import CrowdRush, CrowdRushRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Finding, Image, Point, Track
from tests.scenes import Scene, every, person

RULE = CrowdRushRule(id="rush", people=5)
HEIGHT = 0.06
WALK, RUN = 0.8 * HEIGHT, 2.2 * HEIGHT
"""Frame heights a second."""
BEGIN = 8.0
Where = Callable[[float], list[Track]]


def crowd(number: int, way: str, runners: int | None = None, begin: float = BEGIN) -> Where:
    """`number` people who walk to and fro round their places and at `begin` run to the right, asunder, or each in a way
    of their own; only the first `runners` of them."""
    rng = random.Random(5)
    homes = [(rng.uniform(0.35, 0.65), rng.uniform(0.4, 0.7)) for _ in range(number)]
    middle = sum(x for x, _ in homes) / number, sum(y for _, y in homes) / number

    def heading(k: int) -> Point:
        if way == "right":
            return 1.0, 0.0
        if way == "asunder":
            dx, dy = homes[k][0] - middle[0], homes[k][1] - middle[1]
            far = max((dx * dx + dy * dy) ** 0.5, 1e-9)
            return dx / far, dy / far
        return ((1, 0), (-1, 0), (0, 1), (0, -1))[k % 4]

    def at(t: float) -> list[Track]:
        seen = []
        for k, (x, y) in enumerate(homes):
            stroll = WALK * (1.0 - abs(t % 2.0 - 1.0))
            ran = max(t - begin, 0.0) * RUN if runners is None or k < runners else 0.0
            dx, dy = heading(k)
            foot = (x + (stroll if ran == 0 else 0) + ran * dx, y + ran * dy)
            if 0 <= foot[0] <= 1 and HEIGHT <= foot[1] <= 1:
                seen.append(person(k + 1, foot, HEIGHT))
        return seen

    return at


def begins(
    where: Where, rate: float = 5.0, phase: float = 0.0, rule: CrowdRushRule = RULE, until: float = 11.0
) -> list[float]:
    scene = Scene(rule).play(every(rate, phase, until), where)
    return [t for _, t in scene.told("begin")]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 15.0]), st.floats(0, 0.3), st.sampled_from(["right", "asunder"]))
def test_a_rush_is_told_once_at_any_rate(rate: float, phase: float, way: str) -> None:
    told = begins(crowd(10, way), rate, phase)
    assert len(told) == 1
    assert BEGIN <= told[0] <= BEGIN + 1.5


@pytest.mark.parametrize("way", ["right", "asunder"])
def test_walking_on_is_no_rush(way: str) -> None:
    assert begins(crowd(10, way, begin=99.0)) == []


@pytest.mark.parametrize("runners", [1, 2, 4])
def test_fewer_than_people_are_no_rush(runners: int) -> None:
    assert begins(crowd(10, "right", runners)) == []


def test_running_every_way_is_none_either() -> None:
    """Children at play: the directions cancel, and have nothing to do with where they are."""
    homes = [(0.3 + 0.05 * k, 0.5) for k in range(8)]

    def play(t: float) -> list[Track]:
        swing = RUN * (1.0 - abs((t + 0.0) % 2.0 - 1.0))
        return [person(k + 1, (x + (swing if k % 2 else -swing), y), HEIGHT) for k, (x, y) in enumerate(homes)]

    assert begins(play) == []


def test_nothing_is_sudden_before_the_place_is_known() -> None:
    assert begins(crowd(10, "right", begin=1.0), until=4.0) == []


def test_where_people_always_run_running_is_usual() -> None:
    def track(t: float) -> list[Track]:
        return [person(1 + k + 100 * int((t + k) / 4), (((t + k) % 4) * RUN, 0.3 + 0.05 * k), HEIGHT) for k in range(4)]

    rule = CrowdRushRule(id="rush", people=3)
    usual = Scene(rule).play(every(5, 0, 3.8), track).told("begin")
    assert usual == []
    busy = CrowdRush(rule, WHOLE, None)
    busy._usual = 4.0
    for t in every(5, 0, 20):
        figures = tuple(Figure(FigureId(p.id), "person", p.box, 0.8, p.foot, p.foot) for p in track(t))
        assert busy.step(View(t, figures, 1.0)) == ()


@pytest.mark.parametrize(
    ("rate", "looks", "told"),
    [
        (5, "111", "111"),
        (5, "11011", "11011"),
        (5, "100010001", "100000000"),
        (5, "1001001", "1000000"),
        (2, "1101011", "1101011"),
        (15, "000111101111", "000111101111"),
    ],
)
def test_who_runs_now_and_then_does_not_run(rate: float, looks: str, told: str) -> None:
    """At which looks they run, and at which that is said."""
    step = CrowdRush(RULE, WHOLE, None)
    assert "".join(str(int(step._lasts(n / rate, ran == "1"))) for n, ran in enumerate(looks)) == told


def test_riders_are_no_runners() -> None:
    def ride(t: float) -> list[Track]:
        seen = []
        for track in crowd(10, "right")(t):
            x1, y1, x2, y2 = track.box
            seen += [track, Track(track.id, "motorcycle", (x1, y1 + 0.4 * HEIGHT, x2, y2 + 0.1 * HEIGHT), 0.8)]
        return seen

    assert begins(ride) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_tracks_and_a_gap_do_not_matter(seed: int) -> None:
    where = crowd(10, "asunder")
    times = [t for t in every(5, 0, 11) if not 5.0 < t < 6.3]

    def events(rng: random.Random | None) -> list[bytes]:
        scene = Scene(RULE)
        for t in times:
            tracks = where(t)
            scene.see(t, *(rng.sample(tracks, len(tracks)) if rng else tracks))
        scene.over(12)
        return [encode(event) for event in scene.events]

    plain = events(None)
    assert plain
    assert plain == events(random.Random(seed))


def test_the_event_says_why() -> None:
    scene = Scene(RULE).play(every(5, 0, 10), crowd(10, "right"))
    measures = {m.name: m.value for m in scene.events[0].data.why.measures}
    assert measures["runners"] >= 5
    assert measures["one_way"] == pytest.approx(1.0, abs=0.05)
    assert measures["pace"] == pytest.approx(2.2, abs=0.8)
    assert scene.events[0].data.kind == "crowd_rush"
    assert 0.5 <= scene.events[0].data.confidence <= 0.95


class Streaming:
    """A Picture whose flow runs to the right where people walk, from BEGIN on."""

    def __init__(self, t: float) -> None:
        self.t = t
        self.image = np.zeros((180, 320, 3), np.uint8)

    def colour(self, width: int) -> Image:
        return self.image

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        return self.image[..., 0], self.image[..., 1], self.image[..., 2]

    def grey(self, width: int) -> Image:
        return self.image[..., 0]

    def flow(self, width: int) -> Flow | None:
        field = np.zeros((180, 320, 2), np.float32)
        field[95:130, :, 0] = 12.0 if self.t >= BEGIN else 0.0
        return Flow(field, 0.2)


@pytest.mark.parametrize("lost", [False, True])
def test_pixels_run_only_where_those_who_were_seen_do_not_walk_on(lost: bool) -> None:
    """Rain, or an insect on the lens; where the people are lost, it may be them."""
    step, told = CrowdRush(CrowdRushRule(id="r"), WHOLE, None), list[Finding]()
    for t in every(5, 0, BEGIN + 3):
        walkers = [] if lost and t >= BEGIN else [0.1 * n + 0.01 * t for n in range(1, 9)]
        figures = tuple(
            Figure(FigureId(n), "person", (x, 0.55, x + 0.03, 0.7), 0.9, (x, 0.7), (x * 16 / 9, 0.7))
            for n, x in enumerate(walkers)
        )
        told += step.step(View(t, figures, 16 / 9, picture=Streaming(t)))
    assert bool(told) == lost
