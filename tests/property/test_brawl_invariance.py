"""A brawl is told alike at any frame rate, with any order of people, and with frames missing here and there."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.lifecycle import Change, Lifecycle
from edge_agent.core.picture import Flow
from edge_agent.core.rules.brawl import Brawl, BrawlRule
from edge_agent.core.rules.brawl_features import MOTION, Floats
from edge_agent.core.rules.brawl_model import PARTS, BrawlModel
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import Episodes
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import FeatureMap, Image
from tests.scenes import every

RULE = BrawlRule(id="b", episodes=Episodes(min_duration_s=0.4, end_after_s=2.0, cooldown_s=0.0))
CHANNELS = 4
ONES = np.ones(CHANNELS + 1 + len(MOTION), np.float32)
MODEL = BrawlModel(0 * ONES, ONES, ONES, -6.0, np.zeros(len(PARTS), np.float32))
STILL = np.zeros((45, 80, 2), np.float32)
PEOPLE = tuple(
    Figure(FigureId(n), "person", (x, 0.3, x + 0.1, 0.6), 0.9, (x + 0.05, 0.6), (x + 0.05, 0.6))
    for n, x in enumerate((0.1, 0.22, 0.6))
)
rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 12.5, 15.0])


class Shown:
    """A Picture in which nothing flows."""

    image: Image = np.zeros((45, 80, 3), np.uint8)

    def __init__(self, t: float) -> None:
        self.t = t

    def colour(self, width: int) -> Image:
        return self.image

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        return self.image[..., 0], self.image[..., 1], self.image[..., 2]

    def grey(self, width: int) -> Image:
        return self.image[..., 0]

    def flow(self, width: int) -> Flow | None:
        return Flow(STILL, 0.1)


def values(t: float, spans: list[tuple[float, float]], chance: Floats) -> Floats:
    """Noise that is new at each look in the left half while two fight there, and hardly changes otherwise."""
    fights = any(begin <= t <= end for begin, end in spans)
    wild = np.random.default_rng(round(t * 1000)).uniform(-4, 4, chance.shape)
    wild[:, :, chance.shape[2] // 2 :] = 0.0
    return np.asarray(chance + 0.02 * np.sin(t) + (wild if fights else 0.0), np.float32)


def episodes(
    times: list[float], spans: list[tuple[float, float]], shuffle: int | None = None
) -> list[tuple[float, float]]:
    step, lifecycle, found = Brawl(RULE, WHOLE, MODEL), Lifecycle(RULE.episodes), list[Change]()
    chance = np.random.default_rng(1).normal(size=(CHANNELS, 9, 16)).astype(np.float32)
    for t in times:
        people = (
            PEOPLE if shuffle is None else tuple(random.Random(shuffle + round(t * 10)).sample(PEOPLE, len(PEOPLE)))
        )
        seen = values(t, spans, chance)
        laid = FeatureMap(seen, seen[:1].repeat(2, axis=1).repeat(2, axis=2), 0.0, 0.0, 1 / 16, 1 / 9)
        view = View(t, people, 16 / 9, picture=Shown(t), features=laid)
        found += lifecycle.step(t, step.step(view))[0]
    found += lifecycle.finish()[0]
    return [(change.started, change.ended) for change in found if change.ended is not None]


scripts = st.lists(st.tuples(st.sampled_from([4.0, 6.5]), st.sampled_from([8.0, 12.0])), min_size=1, max_size=2)


def spans_of(script: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found, t = [], 4.0
    for fight, quiet in script:
        found.append((t, t + fight))
        t += fight + quiet
    return found


def near(got: list[tuple[float, float]], spans: list[tuple[float, float]], within: float) -> bool:
    """A window of two seconds tells once it is full, and goes on for less than its length. The first look of a fight
    differs by half from the calm before it, so one more look may be needed."""
    return len(got) == len(spans) and all(
        begin <= g_begin <= begin + 2.0 + 2 * within and end - 0.5 <= g_end <= end + 2.5 + within
        for (g_begin, g_end), (begin, end) in zip(got, spans, strict=True)
    )


@settings(max_examples=20, deadline=None)
@given(scripts, rates, st.floats(0, 0.4))
def test_the_frame_rate_does_not_matter(script: list[tuple[float, float]], rate: float, phase: float) -> None:
    spans = spans_of(script)
    got = episodes(every(rate, phase, spans[-1][1] + 6.0), spans)
    assert near(got, spans, 1 / rate), got


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_missing_frames_do_not_matter(seed: int) -> None:
    """Up to 0.6 s without a frame, here and there."""
    rng, times, skip = random.Random(seed), list[float](), 0
    spans = spans_of([(6.5, 8.0)])
    for t in every(10, 0, spans[-1][1] + 6.0):
        skip = rng.randint(1, 5) if skip <= 0 and rng.random() < 0.1 else skip - 1
        if skip <= 0:
            times.append(t)
    assert near(episodes(times, spans), spans, 0.7)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_people_does_not_matter(seed: int) -> None:
    times, spans = every(5, 0, 20), [(4.0, 10.0)]
    assert episodes(times, spans, seed) == episodes(times, spans)


@pytest.mark.parametrize("rate", [2.0, 5.0, 15.0])
def test_a_gap_in_the_stream_is_no_brawl(rate: float) -> None:
    """Everything looks different after 30 s without a frame; that is no change of figures."""
    times = [*every(rate, 0, 6), *every(rate, 36, 44)]
    assert episodes(times, [(-2.0, -1.0)]) == []
