"""Who walks straight past the camera is no fighter."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.core.rules.brawl import PASSING, Brawl, BrawlRule
from edge_agent.core.rules.brawl_model import probability
from edge_agent.core.rules.brawl_passing import APART_S, MISSED_S, Passing
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import View
from edge_agent.core.types import Box
from tests.unit.test_rules_brawl import Told, figure, model

PLACES = np.array([[0.0, 0.0, 0.5, 1.0]])
Way = Callable[[float], float]
"""Where somebody is across the picture at a time: middle of a body 0.4 high and 0.15 wide, in a square picture."""


def body(x: float) -> Box:
    return x - 0.075, 0.4, x + 0.075, 0.8


def straight(speed: float, begin: float = 0.1) -> Way:
    """speed: body heights a second."""
    return lambda t: begin + 0.4 * speed * t


def swaying(t: float) -> float:
    return 0.3 + (0.06 if round(t * 5) % 2 else 0.0)


def walked(*ways: Way, seconds: float = 2.0, rate: float = 5.0, mirrored: bool = False, aspect: float = 1.0) -> Passing:
    passing = Passing(2.0)
    for n in range(round(seconds * rate) + 1):
        boxes = [body(way(n / rate)) for way in ways]
        if mirrored:
            boxes = [(1 - x2, y1, 1 - x1, y2) for x1, y1, x2, y2 in boxes]
        passing.see(n / rate, boxes, aspect)
    return passing


@pytest.mark.parametrize(
    ("way", "passes"),
    [
        (straight(0.6), True),
        (straight(0.3), True),
        (straight(-0.4, begin=0.4), True),
        (straight(0.1), False),  # a fight that drifts
        (straight(0.0, begin=0.3), False),
        (swaying, False),
        (lambda t: 0.2 + 0.2 * abs(1.0 - t), False),  # comes and goes back
        (straight(0.5, begin=0.7), False),  # elsewhere
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_who_goes_straight_on_walks_past(way: Way, passes: bool, mirrored: bool) -> None:
    places = 1 - PLACES[:, [2, 3, 0, 1]] if mirrored else PLACES
    assert walked(way, mirrored=mirrored).through(places) is passes


@pytest.mark.parametrize("rate", [5.0, 10.0, 25.0])
def test_looks_that_follow_fast_add_no_jitter_to_the_way(rate: float) -> None:
    chance = np.random.default_rng(1)
    assert walked(lambda t: 0.1 + 0.2 * t + chance.normal(0, 0.004), rate=rate).through(PLACES)


@pytest.mark.parametrize(("seconds", "judged"), [(0.4, False), (0.6, False), (0.8, True)])
def test_who_was_seen_shortly_is_not_judged(seconds: float, judged: bool) -> None:
    assert walked(straight(0.6), seconds=seconds).through(PLACES) is judged


def test_half_of_those_who_are_there_must_walk_past() -> None:
    stands = straight(0.0, begin=0.4)
    assert walked(straight(0.3), stands).through(PLACES)
    assert not walked(straight(0.3), stands, straight(0.0, begin=0.3)).through(PLACES)
    assert walked(straight(0.3), stands, straight(0.0, begin=0.8)).through(PLACES)


def test_nobody_walks_past_an_empty_place_and_the_past_is_forgotten() -> None:
    passing = Passing(2.0)
    assert not passing.through(PLACES)
    passing = walked(straight(0.6))
    passing.see(5.0, (), 1.0)
    assert not passing.through(PLACES)


@pytest.mark.parametrize(("missed", "same"), [(MISSED_S, True), (MISSED_S + 0.2, False)])
def test_who_is_missed_for_longer_is_somebody_else(missed: float, same: bool) -> None:
    passing, speed = Passing(2.0), 0.05
    for t in (0.0, 0.2, missed + 0.2, missed + 0.4):
        passing.see(t, [body(0.2 + speed * t * 2)], 1.0)
    assert passing.through(PLACES) is same


@pytest.mark.parametrize(("apart_s", "passes"), [(APART_S / 2, True), (APART_S, False)])
def test_looks_too_close_to_the_last_are_left_out(apart_s: float, passes: bool) -> None:
    """In the second of which the box jumps, to and fro."""
    passing = Passing(2.0)
    for n in range(6):
        passing.see(n / 2, [body(0.1 + 0.06 * n)], 1.0)
        passing.see(n / 2 + apart_s, [body(0.07 + 0.06 * n)], 1.0)
    assert passing.through(PLACES) is passes


def test_pictures_that_nobody_looked_at_leave_out_no_look() -> None:
    """Every third of ten a second is looked at."""
    passing = Passing(2.0)
    for n in range(20):
        passing.see(n / 10, () if n % 3 else [body(0.2 + 0.01 * n)], 1.0)
    assert len(passing._ways[0]) == 7


def told_of(way: Way, level: float) -> Brawl:
    """Two persons side by side in the window that changes most."""
    step = Brawl(BrawlRule(id="b"), WHOLE, model(), Told([level, level]))
    for n in range(10):
        x = way(n / 5)
        people = tuple(figure((a - 0.05, 0.1, a + 0.05, 0.4)) for a in (x, x + 0.08))
        step.step(View(n / 5, people, 1.0))
    return step


def test_what_is_told_of_walkers_counts_less() -> None:
    assert told_of(lambda t: swaying(t) - 0.15, 12.0).score == pytest.approx(probability(8.0))
    assert told_of(straight(0.2), 12.0).score == pytest.approx(probability(8.0 - PASSING))


def test_it_is_asked_only_where_it_may_silence_something() -> None:
    assert told_of(straight(0.2), 3.4).score == pytest.approx(probability(-0.6))
