"""Smoke and fire are told at the same time whatever the frame rate, and across missing frames."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.core.tracks import Figure
from tests.burning import Draw, begins, findings, street, with_fire, with_smoke
from tests.scenes import every
from tests.yards import somebody

STREET = street()
rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 12.5, 15.0])


def burning(t: float) -> NDArray[np.float32]:
    return with_fire(STREET, t) if t >= 1 else STREET


def smoking(t: float) -> NDArray[np.float32]:
    return with_smoke(STREET, t - 1) if t >= 1 else STREET


@settings(max_examples=8, deadline=None)
@given(rates, st.floats(0, 0.5))
def test_flames_at_any_rate(rate: float, phase: float) -> None:
    (begin,) = begins(findings(every(rate, phase, phase + 5), burning))
    assert 2.4 <= begin <= 4.1


@settings(max_examples=4, deadline=None)
@given(rates, st.floats(0, 0.5))
def test_smoke_at_any_rate(rate: float, phase: float) -> None:
    (begin,) = begins(findings(every(rate, phase, phase + 7), smoking))
    assert 4.8 <= begin <= 6.5


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_missing_frames_do_not_matter(seed: int) -> None:
    """Up to 0.7 s without a frame, here and there."""
    rng = random.Random(seed)
    times, skip = [], 0
    for t in every(10, 0, 6):
        skip = rng.randint(1, 6) if skip <= 0 and rng.random() < 0.1 else skip - 1
        if skip <= 0:
            times.append(t)
    (begin,) = begins(findings(times, burning))
    assert 2.4 <= begin <= 4.6


@pytest.mark.parametrize("draw", [burning, smoking])
def test_the_order_of_people_does_not_matter(draw: Draw) -> None:
    rng, times = random.Random(1), every(5, 0, 6)

    def people(t: float) -> tuple[Figure, ...]:
        feet = (0.1, 0.9), (0.15 + 0.01 * t, 0.8), (0.9, 0.9)
        return tuple(somebody(number, foot, 0.2) for number, foot in enumerate(feet))

    plain = findings(times, draw, figures=people)
    assert begins(plain)
    assert plain == findings(times, draw, figures=lambda t: tuple(rng.sample(people(t), 3)))


@settings(max_examples=6, deadline=None)
@given(rates, st.floats(1.5, 4.0))
def test_nothing_is_known_across_a_gap(rate: float, gap: float) -> None:
    """A second of flames before a gap and a second after it are not two seconds of flames."""
    seen = [*every(rate, 1.0, 2.0), *(t + gap for t in every(rate, 2.0, 3.0))]
    assert begins(findings(seen, burning)) == []
