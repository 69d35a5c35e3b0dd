"""The honest count: people one by one, a dense crowd by its texture, and the interval around both."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.core.calibration import Ground
from edge_agent.core.crowd_count import DENSE_FROM, DETECTED, SEEN, SEEN_S, UNSURE, Count, CrowdCounter
from edge_agent.core.crowd_density import Density, arrays, density_of
from edge_agent.core.crowd_texture import CELL, FEATURES, texture
from edge_agent.core.picture import Flow
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.spec import Calibration, CrowdRule
from edge_agent.core.tracks import View
from edge_agent.core.types import Image
from edge_agent.zoo.trained import trained
from tests.cameras import place

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
ROWS, COLUMNS = 11, 20
FACTOR = 2.0


class Still:
    """A picture that is everywhere of one brightness."""

    def __init__(self, t: float, level: int) -> None:
        self.t = t
        self.image: Image = np.full((ROWS * CELL, COLUMNS * CELL, 3), level, np.uint8)

    def colour(self, width: int) -> Image:
        return self.image

    def grey(self, width: int) -> Image:
        return self.image[..., 0]

    def flow(self, width: int) -> Flow | None:
        return None


def dull(per_cell: float) -> Density:
    """Answers `per_cell` heads in each cell of a bright picture and next to nothing in a dark one: all it looks at is
    the first feature, brightness / 128."""
    w1 = np.zeros((1, FEATURES, 1), np.float32)
    w1[0, 0, 0] = 1.0
    log = np.log(per_cell)
    w2, b2 = np.full((1, 1), (log + 9) / 1.5, np.float32), np.full(1, -9, np.float32)
    return Density(
        np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32), w1, np.zeros((1, 1), np.float32), w2, b2, FACTOR
    )


def counts(
    counter: CrowdCounter, rate: float, seconds: float, bright: Callable[[float], bool], present: int = 3
) -> list[Count]:
    times = [n / rate for n in range(round(rate * seconds) + 1)]
    return [
        counter.step(View(t, (), 16 / 9, picture=Still(t, 192 if bright(t) else 0)), present, present) for t in times
    ]


HEADS = 1.0 * ROWS * COLUMNS
assert HEADS > DENSE_FROM


@pytest.mark.parametrize("rate", [2.0, 5.0, 15.0])
def test_a_dense_crowd_counts_after_three_looks_a_second_apart(rate: float) -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), rate, 8, lambda t: True)
    first = next(n for n, count in enumerate(found) if count.dense) / rate
    assert first == pytest.approx(2.0, abs=0.51)
    assert found[-1].heads == pytest.approx(HEADS, rel=0.01)
    assert (found[-1].low, found[-1].high) == pytest.approx((HEADS / FACTOR, HEADS * FACTOR), rel=0.01)


def test_one_strange_look_counts_nothing() -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 10, lambda t: 4.0 <= t < 5.0)
    assert not any(count.dense for count in found)


def test_where_nobody_was_detected_texture_is_only_texture() -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert not any(count.dense for count in counts(counter, 5, 10, lambda t: True, present=0))


@pytest.mark.parametrize(("present", "dense"), [(SEEN - 1, False), (SEEN, True)])
def test_enough_people_seen_lately_make_it_a_crowd_and_long_ago_they_do_not(present: int, dense: bool) -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert counts(counter, 5, 10, lambda t: True, present)[-1].dense is dense
    later = [counter.step(View(float(t), (), 16 / 9, picture=Still(float(t), 192)), 0, 0) for t in range(11, 50)]
    assert [count.dense for count in later] == [dense and t <= 10 + SEEN_S for t in range(11, 50)]


def test_texture_that_may_be_a_crowd_widens_the_interval() -> None:
    found = counts(CrowdCounter(WHOLE, dull(0.4)), 5, 6, lambda t: True, present=8)[-1]
    assert (found.heads, found.dense) == (8.0, False)
    assert found.high == pytest.approx(UNSURE * 0.4 * ROWS * COLUMNS, rel=0.01)


def test_only_the_zone_counts() -> None:
    found = counts(CrowdCounter(LEFT, dull(2.0)), 5, 6, lambda t: True)
    assert found[-1].heads == pytest.approx(HEADS, rel=0.01)


def test_detected_people_are_the_count_without_a_crowd_and_its_lower_bound_in_one() -> None:
    plain = counts(CrowdCounter(WHOLE, None), 5, 4, lambda t: True, present=10)[-1]
    assert (plain.heads, plain.dense) == (10.0, False)
    assert (plain.low, plain.high) == (10 * DETECTED[0], 10 * DETECTED[1])
    dense = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 6, lambda t: True, present=180)[-1]
    assert (dense.low, dense.dense) == (180.0, True)


@pytest.mark.parametrize(("number", "chance"), [(0, 1.0), (50, 0.9), (100, 0.5), (200, 0.1)])
def test_how_sure_it_is_follows_the_interval(number: float, chance: float) -> None:
    assert Count(100.0, 50.0, 200.0, dense=True).at_least(number) == pytest.approx(chance, abs=1e-3)


def test_the_rule_tells_the_interval_and_the_density() -> None:
    square = Calibration(WHOLE, ((0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)))
    rule = CrowdRule(id="crowd", count=1000, density=4.0)
    crowd = Crowd(rule, WHOLE, Ground(square), dull(1.0))
    counter = crowd._counter
    counter._seen = 0.0
    findings = [crowd.step(View(t, (), 16 / 9, picture=Still(t, 192))) for t in (0.0, 1.0, 2.0, 3.0)]
    assert [len(found) for found in findings] == [0, 0, 1, 1]
    measures = {m.name: (m.value, m.threshold) for m in findings[-1][0].measures}
    assert measures["density"] == pytest.approx((HEADS / 50, 4.0), rel=0.01)
    assert measures["count_low"][0] < measures["in_zone"][0] < measures["count_high"][0]
    assert findings[-1][0].confidence > 0.99


def test_the_shipped_network_is_read_and_finds_nobody_on_a_street_of_blocks() -> None:
    density = density_of(trained()["density"])
    image = place()[:176, :320]
    heads = density.heads(image[..., 0], image)
    assert heads.shape == (11, 20)
    assert float(heads.sum()) < DENSE_FROM


def test_numbers_of_another_network_are_refused() -> None:
    numbers = dict(arrays(dull(1.0)))
    assert density_of(numbers).factor == FACTOR
    for wrong in ({"mean": np.zeros(3, np.float32)}, {"factor": np.array([0.5])}, {"b1": np.zeros((2, 2), np.float32)}):
        with pytest.raises(ValueError, match="not a density network"):
            density_of({**numbers, **wrong})
    with pytest.raises(ValueError, match="no w1"):
        density_of({name: array for name, array in numbers.items() if name != "w1"})


def test_texture_of_any_size_and_of_none() -> None:
    for height, width in ((180, 320), (240, 320), (158, 238), (16, 16), (17, 33)):
        image = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
        cells = texture(image[..., 0], image)
        assert cells.shape == (height // CELL, width // CELL, FEATURES)
        assert np.isfinite(cells).all()
    assert texture(np.zeros((8, 320), np.uint8), np.zeros((8, 320, 3), np.uint8)).shape == (0, 20, FEATURES)
