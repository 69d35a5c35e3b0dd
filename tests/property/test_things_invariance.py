"""What is left behind hangs on what happened, not on the frame rate, a gap in the stream or the order of figures."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.core.changes import Changes
from edge_agent.core.rules.abandoned_object import AbandonedObject, AbandonedObjectRule
from edge_agent.core.rules.attendance import Company
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure
from tests.reference.naive_attendance import alone_since
from tests.scenes import every
from tests.yards import ASPECT, Yard, ground, somebody, thing

BAG = (0.5, 0.62, 0.56, 0.72)
GROUND = ground()
WITH_BAG = thing(GROUND, BAG)


def owner(t: float) -> tuple[Figure, ...]:
    """Brings the bag at 4 s, is gone from 8 s on; others pass."""
    here = (somebody(1, (0.53, 0.74)),) if 3 <= t <= 8 else ()
    return (*here, somebody(2, (0.05, 0.95)), *((somebody(3, (0.1 * (t - 7), 0.9)),) if 8 <= t <= 15 else ()))


def told(times: list[float], shuffle: random.Random | None = None) -> float | None:
    def people(t: float) -> tuple[Figure, ...]:
        everyone = list(owner(t))
        if shuffle:
            shuffle.shuffle(everyone)
        return tuple(everyone)

    rule = AbandonedObject(AbandonedObjectRule(id="left", after_s=8.0), WHOLE, Changes())
    return Yard((rule,)).play(times, lambda t: WITH_BAG if t >= 4 else GROUND, people).first


@pytest.mark.parametrize("rate", [2.0, 3.0, 5.0, 7.5, 12.5, 15.0])
@pytest.mark.parametrize("phase", [0.0, 0.13])
def test_the_frame_rate_does_not_matter(rate: float, phase: float) -> None:
    at = told(every(rate, phase, 19))
    assert at is not None
    # 8 s after the owner was last seen there, at 7.5 to 8 s, and at a look.
    assert 15.4 <= at <= 17.5


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
@example(15).via("who passes is near it within 2 s of the first look after a gap")
@example(44).via("who walks in is first seen after a gap, within reach")
def test_neither_gaps_nor_the_order_of_figures_matter(seed: int) -> None:
    rng = random.Random(seed)
    times, skip = [], 0
    for t in every(5, 0, 20.4):
        skip = rng.randint(1, 4) if skip <= 0 and rng.random() < 0.12 else skip - 1
        if skip <= 0:
            times.append(t)
    at = told(times, rng)
    assert at is not None
    assert 15.2 <= at <= 19.6
    assert at == told(times)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.2, 6.0), st.floats(3.5, 9.0)), min_size=1, max_size=5),
    st.sampled_from([2.0, 2.5, 3.0]),
)
def test_the_clock_of_one_owner_equals_the_naive_reference(script: list[tuple[float, float]], rate: float) -> None:
    """The owner is at the thing and far away by turns, and comes back under the same id."""
    visits, t = [], 1.0
    for stay, away in script:
        visits.append((t, t + stay))
        t += stay + away
    company = Company(frozenset({"car"}), 1.5)
    times, met, born = every(rate, 0, t), None, 1.5
    for t in times:
        here = any(start <= t <= end for start, end in visits)
        people = (somebody(1, (0.53, 0.73) if here else (0.1, 0.95)),)
        company.remember(people, t, ASPECT)
        if t >= 2 and met is None:
            met = company.meet(BAG, born, ASPECT)
        if met is not None:
            company.follow(met, BAG, people, t, ASPECT)
            if met.owners:
                after = [at for at in times if born <= at <= t]
                assert max(met.last, born) == alone_since(born, visits, after)
