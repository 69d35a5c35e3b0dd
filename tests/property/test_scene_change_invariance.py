"""What has become of a place hangs on what happened, not on the frame rate, a gap in the stream or the order of
figures."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.core.changes import Changes
from edge_agent.core.rules.scene_change import Purpose, SceneChange, SceneChangeRule
from edge_agent.core.tracks import Figure
from tests.scenes import every
from tests.yards import HEIGHT, Yard, ground, somebody, thing

CORNERS = ((0.4, 0.5), (0.6, 0.5), (0.6, 0.9), (0.4, 0.9))
CRATE = (0.42, 0.55, 0.58, 0.88)
AFTER_S, COMES = 8.0, 6.0
GROUND = ground()
WITH_CRATE = thing(GROUND, CRATE)
FLOODED_S = 5.0
"""So long a rise by 0.02 of the picture's height a second takes to cover a fourth of the zone."""


def put(t: float) -> NDArray[np.float32]:
    return WITH_CRATE if t >= COMES else GROUND


def taken(t: float) -> NDArray[np.float32]:
    return GROUND if t >= COMES else WITH_CRATE


def rising(t: float) -> NDArray[np.float32]:
    if t < COMES:
        return GROUND
    made = GROUND.copy()
    below = made[round(max(0.9 - 0.02 * (t - COMES), 0.6) * HEIGHT) :]
    below[:] = 95 + 3 * np.sin(np.arange(below.size).reshape(below.shape) / 7)
    return made


SHOWN: dict[Purpose, tuple[Callable[[float], NDArray[np.float32]], float]] = {
    "blocked": (put, COMES + AFTER_S),
    "removed": (taken, COMES + AFTER_S),
    "water": (rising, COMES + FLOODED_S + AFTER_S),
}
"""What is seen, and when it is due to be told."""


def passers(t: float) -> list[Figure]:
    """Several who walk by, one of them through the zone every ten seconds."""
    through = (somebody(100 + int(t / 10), (0.2 + 0.3 * (t % 10), 0.85)),) if t % 10 < 2 else ()
    return [somebody(1, (0.05, 0.9)), somebody(2, (0.95, 0.6 + 0.01 * t)), *through]


def told(purpose: Purpose, times: list[float], shuffle: random.Random | None = None) -> list[tuple[float, int]]:
    """When it was found, and in how many findings."""

    def people(t: float) -> tuple[Figure, ...]:
        everyone = passers(t)
        return tuple(shuffle.sample(everyone, len(everyone)) if shuffle else everyone)

    rule = SceneChange(SceneChangeRule(id="z", zone="z", purpose=purpose, after_s=AFTER_S), CORNERS, Changes())
    return [(t, len(found)) for t, found in Yard((rule,)).play(times, SHOWN[purpose][0], people).said if found]


@pytest.mark.parametrize("purpose", SHOWN)
@pytest.mark.parametrize("rate", [2.0, 3.0, 5.0, 7.5, 12.5, 15.0])
def test_the_frame_rate_does_not_matter(purpose: Purpose, rate: float) -> None:
    due = SHOWN[purpose][1]
    found = told(purpose, every(rate, 0.13, due + 4))
    assert found
    assert due - 1.0 <= found[0][0] <= due + 3.0
    assert {count for _, count in found} == {1}


@pytest.mark.parametrize("purpose", SHOWN)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neither_gaps_nor_the_order_of_figures_matter(purpose: Purpose, seed: int) -> None:
    """Up to 0.8 s without a frame here and there, and once 3 s; what came meanwhile counts from the end of it."""
    rng, due = random.Random(seed), SHOWN[purpose][1]
    gap = rng.uniform(COMES + 1, due - 4)
    times, skip = [], 0
    for t in every(5, 0, due + 6):
        skip = rng.randint(1, 4) if skip <= 0 and rng.random() < 0.12 else skip - 1
        if skip <= 0 and not gap < t < gap + 3:
            times.append(t)
    found = told(purpose, times, rng)
    assert found
    assert due - 1.0 <= found[0][0] <= due + 5.0
    assert found == told(purpose, times)
