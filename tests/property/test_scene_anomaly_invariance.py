"""scene_anomaly hangs on what happened, not on the frame rate, the order of figures or missing frames."""

import random
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.rules.scene_anomaly import SceneAnomaly, SceneAnomalyRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import View
from tests.scenes import every
from tests.walks import Walkway, passing

LEARNED_S = 180.0
SEEN = Walkway(seed=3)
RUNNER = passing(999, LEARNED_S + 8.0, 0.6)
RUN_S = 0.9 * 16 / 9 / 0.6
rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 15.0])


def seen(t: float) -> View:
    return SEEN.view(t, RUNNER(t))


def told(step: SceneAnomaly, times: list[float]) -> list[float]:
    return [t for t in times if step.step(seen(t))]


@cache
def learned(rate: float) -> dict[str, np.ndarray]:
    step = SceneAnomaly(SceneAnomalyRule(id="anomaly"), WHOLE)
    assert told(step, every(rate, 0.0, LEARNED_S)) == []
    return dict(step.memory())


def knowing(rate: float) -> SceneAnomaly:
    step = SceneAnomaly(SceneAnomalyRule(id="anomaly"), WHOLE)
    step.recall(learned(rate))
    return step


@settings(max_examples=12, deadline=None)
@given(rates, rates, st.floats(0.0, 0.4))
def test_the_frame_rate_does_not_matter(learning: float, judging: float, phase: float) -> None:
    """Learned at one rate, judged at another: one finding, from soon after the runner enters until he has left."""
    times = told(knowing(learning), every(judging, LEARNED_S + phase, LEARNED_S + 30.0))
    begin, end = LEARNED_S + 8.0, LEARNED_S + 8.0 + RUN_S
    assert times
    assert begin < times[0] <= begin + 1.6
    assert end - 1.0 <= times[-1] <= end + 1.0
    assert max(b - a for a, b in pairwise(times)) <= 1.0 / judging + 1e-6


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_missing_frames_do_not_matter(seed: int) -> None:
    """Up to 0.7 s without a frame, here and there."""
    rng = random.Random(seed)
    times, skip = [], 0
    for t in every(10.0, LEARNED_S, LEARNED_S + 30.0):
        skip = rng.randint(1, 6) if skip <= 0 and rng.random() < 0.15 else skip - 1
        if skip <= 0:
            times.append(t)
    found = told(knowing(5.0), times)
    assert found
    assert LEARNED_S + 8.0 < found[0] <= LEARNED_S + 10.4
    assert found[-1] <= LEARNED_S + 9.7 + RUN_S


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_figures_does_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    one, other = knowing(5.0), knowing(5.0)
    for t in every(5.0, LEARNED_S, LEARNED_S + 15.0):
        view = seen(t)
        shuffled = replace(view, figures=tuple(rng.sample(view.figures, len(view.figures))))
        assert one.step(view) == other.step(shuffled)
        assert one.score == other.score
    before, after = one.memory(), other.memory()
    assert all(np.array_equal(before[name], after[name]) for name in before)
