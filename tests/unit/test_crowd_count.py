"""The honest count: people one by one, a dense crowd by the detector's maps, and the interval around both."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crowd_count import factor_of
from edge_agent.core.calibration import Ground
from edge_agent.core.crowd_count import ALONE, DETECTED, FACTOR, FEW, MANY, SEEN, SEEN_S, Count, CrowdCounter, count_of
from edge_agent.core.crowd_density import Density, arrays, density_of
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.spec import Calibration, CrowdRule
from edge_agent.core.tracks import View
from edge_agent.core.types import FeatureMap
from edge_agent.zoo.density_fit import ENSEMBLE, Sample, fit, folds, held_out, within
from edge_agent.zoo.trained import trained

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
ROWS, COLUMNS = 12, 20
LEVEL = 0.5


def maps(level: float, top: float = 0.0) -> FeatureMap:
    """Of one channel each, the same everywhere. top: where they begin, above the picture if it was padded."""
    height = (1 - 2 * top) / (ROWS // 2)
    coarse = np.zeros((1, ROWS // 2, COLUMNS // 2), np.float32)
    return FeatureMap(coarse, np.full((1, ROWS, COLUMNS), level, np.float32), 0.0, top, 2 / COLUMNS, height)


def dull(per_cell: float) -> Density:
    """Answers `per_cell` heads where the fine map is LEVEL and next to nothing where it is 0."""
    one = np.ones((1, 1, 1), np.float32)
    w2, b2 = np.full((1, 1), (np.log(per_cell) + 9) / LEVEL, np.float32), np.full(1, -9, np.float32)
    return Density(one, one, np.zeros((1, 1), np.float32), w2, b2)


def view(t: float, crowded: bool = True) -> View:
    return View(t, (), 16 / 9, features=maps(LEVEL if crowded else 0.0))


def counts(
    counter: CrowdCounter, rate: float, seconds: float, crowded: Callable[[float], bool], present: int = 3
) -> list[Count]:
    times = [n / rate for n in range(round(rate * seconds) + 1)]
    return [counter.step(view(t, crowded(t)), present, present) for t in times]


HEADS = 1.0 * ROWS * COLUMNS
assert HEADS > MANY


@pytest.mark.parametrize("rate", [2.0, 5.0, 15.0])
def test_a_dense_crowd_counts_after_three_looks_a_second_apart(rate: float) -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), rate, 8, lambda t: True)
    first = next(n for n, count in enumerate(found) if count.dense) / rate
    assert first == pytest.approx(2.0, abs=0.51)
    assert found[-1].heads == pytest.approx(HEADS, rel=0.01)
    assert (found[-1].low, found[-1].high) == pytest.approx((HEADS / FACTOR, HEADS * FACTOR), rel=0.01)


def test_looks_that_come_every_five_seconds_are_enough_and_old_ones_are_not() -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert [counter.step(view(5.0 * n), 3, 3).dense for n in range(4)] == [False, False, True, True]
    nobody_looks = View(60.0, (), 16 / 9)
    assert not counter.step(nobody_looks, 3, 3).dense


def test_one_strange_look_counts_nothing() -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 10, lambda t: 4.0 <= t < 5.0)
    assert not any(count.dense for count in found)


def test_where_nobody_was_detected_the_maps_only_raise_the_upper_end() -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 10, lambda t: True, present=0)
    assert {(count.heads, count.low) for count in found} == {(0.0, 0.0)}
    assert found[-1].high == pytest.approx(FACTOR * HEADS, rel=0.01)


@pytest.mark.parametrize(("present", "dense"), [(SEEN - 1, False), (SEEN, True)])
def test_enough_people_seen_lately_make_it_a_crowd_and_long_ago_they_do_not(present: int, dense: bool) -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert counts(counter, 5, 10, lambda t: True, present)[-1].dense is dense
    later = [counter.step(view(float(t)), 0, 0) for t in range(11, 50)]
    assert [count.dense for count in later] == [dense and t <= 10 + SEEN_S for t in range(11, 50)]


def test_only_the_zone_and_no_padding_counts() -> None:
    found = counts(CrowdCounter(LEFT, dull(2.0)), 5, 6, lambda t: True)
    assert found[-1].heads == pytest.approx(HEADS, rel=0.01)
    counter = CrowdCounter(WHOLE, dull(2.0))
    # Half as high as the maps: the upper and the lower quarter of their rows were padded.
    padded = [counter.step(View(float(t), (), 16 / 9, features=maps(LEVEL, top=-0.5)), 3, 3) for t in range(4)]
    assert padded[-1].heads == pytest.approx(HEADS, rel=0.01)
    assert within(maps(0.0, top=-0.5)).sum() == ROWS * COLUMNS // 2


def test_without_maps_of_this_network_detected_people_are_the_count() -> None:
    for counter in (CrowdCounter(WHOLE, None), CrowdCounter(WHOLE, density_of(trained()["density"]))):
        plain = counts(counter, 5, 4, lambda t: True, present=10)[-1]
        assert (plain.heads, plain.dense) == (10.0, False)
        assert (plain.low, plain.high) == (10 * DETECTED[0], 10 * ALONE)


@given(present=st.integers(0, 60), seen=st.booleans())
def test_the_count_goes_over_without_a_jump_and_the_interval_holds_it(present: int, seen: bool) -> None:
    found = [count_of(present, float(heads), seen) for heads in np.geomspace(1, 1000, 400)]
    for count in found:
        assert count.low <= count.heads <= count.high
        assert count.heads >= present
    for a, b in pairwise(found):
        for before, after in ((a.heads, b.heads), (a.low, b.low), (a.high, b.high)):
            # At FEW nobody becomes half a person, the smallest that can grow by ratios.
            assert before * (1 - 1e-12) <= after <= 1.2 * max(before, 0.5)
    assert found[0].heads == present
    if seen and present < MANY:
        assert found[-1].heads == pytest.approx(1000)


def test_a_few_people_are_counted_as_they_are_detected() -> None:
    few = count_of(8, 30.0, seen=True)
    assert (few.heads, few.low, few.high) == (8.0, 8 * DETECTED[0], 30.0)
    assert not count_of(8, FEW, seen=True).dense


@pytest.mark.parametrize(("number", "chance"), [(0, 1.0), (50, 0.9), (100, 0.5), (200, 0.1)])
def test_how_sure_it_is_follows_the_interval(number: float, chance: float) -> None:
    assert Count(100.0, 50.0, 200.0, dense=True).at_least(number) == pytest.approx(chance, abs=1e-3)


@pytest.mark.parametrize(("crowds", "place"), [(4, 4), (9, 8), (12, 11)])
def test_the_intervals_factor_has_the_rank_that_so_few_pictures_ask_for(crowds: int, place: int) -> None:
    """Of (n + 1) ranks the 80 % one; what is told by the detector has none, and three are too few."""
    truth, estimate = [1000.0] * crowds, [1000.0 / (1 + n) ** (-1) ** n for n in range(crowds)]
    assert factor_of([*truth, 10.0], [*estimate, 80.0]) == pytest.approx(place)
    with pytest.raises(ValueError, match=r"^3 held-out crowds .* too few for a coverage of 0.8$"):
        factor_of(truth[:3], estimate[:3])


def test_the_rule_tells_the_interval_and_the_density() -> None:
    square = Calibration(WHOLE, ((0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)))
    rule = CrowdRule(id="crowd", count=1000, density=4.0)
    crowd = Crowd(rule, WHOLE, Ground(square), dull(1.0))
    crowd._counter._seen = 0.0
    findings = [crowd.step(view(t)) for t in (0.0, 1.0, 2.0, 3.0)]
    assert [len(found) for found in findings] == [0, 0, 1, 1]
    measures = {m.name: (m.value, m.threshold) for m in findings[-1][0].measures}
    assert measures["density"] == pytest.approx((HEADS / 50, 4.0), rel=0.01)
    assert measures["count_low"][0] < measures["in_zone"][0] < measures["count_high"][0]
    assert findings[-1][0].confidence > 0.99


def test_of_whom_only_the_maps_show_the_confidence_is_the_counts() -> None:
    crowd = Crowd(CrowdRule(id="crowd", count=4), WHOLE, None, dull(80 / (ROWS * COLUMNS)))
    crowd._counter._seen = 0.0
    (finding,) = [crowd.step(view(t)) for t in (0.0, 1.0, 2.0)][-1]
    measures = {m.name: m.value for m in finding.measures}
    assert 4 <= measures["in_zone"] < 6
    assert "detected" not in measures
    assert 0.5 < finding.confidence < 1


def naive(density: Density, at: FeatureMap, row: int, column: int) -> float:
    """Heads in one cell, channel by channel."""
    answers = []
    for fine, coarse, b1, w2, b2 in zip(density.fine, density.coarse, density.b1, density.w2, density.b2, strict=True):
        raw = fine @ at.fine[:, row, column] + coarse @ at.values[:, row // 2, column // 2] + b1
        answers.append(np.exp(np.clip(np.maximum(raw, 0) @ w2 + b2, -9, 3)))
    return float(np.mean(answers))


def test_the_shipped_network_answers_as_one_does_that_goes_cell_by_cell() -> None:
    density = density_of(trained()["density"])
    rng = np.random.default_rng(1)
    shapes = (density.coarse.shape[2], 3, 5), (density.fine.shape[2], 6, 10)
    values, fine = (rng.random(shape, np.float32) for shape in shapes)
    at = FeatureMap(values, fine, 0.0, 0.0, 0.2, 1 / 3)
    heads = density.heads(at)
    assert heads is not None
    assert heads.shape == (6, 10)
    for row, column in ((0, 0), (5, 9), (3, 2)):
        assert heads[row, column] == pytest.approx(naive(density, at, row, column), rel=1e-3)


def test_numbers_of_another_network_are_refused() -> None:
    numbers = dict(arrays(dull(1.0)))
    assert density_of(numbers).b1.shape == (1, 1)
    wrongs = {"fine": np.zeros((2, 1, 3))}, {"b1": np.zeros((2, 2))}, {"b1": np.zeros(2)}, {"coarse": np.zeros((1, 1))}
    for wrong in wrongs:
        with pytest.raises(ValueError, match="not a density network"):
            density_of({**numbers, **wrong})
    with pytest.raises(ValueError, match="no w2"):
        density_of({name: array for name, array in numbers.items() if name != "w2"})


def drawn(seed: int) -> Iterator[Sample]:
    """Pictures whose heads are all where the first fine channel is high; three of them dense."""
    rng = np.random.default_rng(seed)
    for number in range(6):
        values, fine = rng.random((4, 15, 20), np.float32), rng.random((60, 30, 40), np.float32)
        fine[0] = rng.random((30, 40)) < (0.8 if number < 3 else 0.1)
        at = FeatureMap(values, fine, 0.0, 0.0, 1 / 20, 1 / 15)
        count = int(fine[0].sum()) if number < 3 else 0
        yield Sample(f"{number}", f"{number}", at, count, fine[0], 3, whole=True)


def test_what_is_learned_holds_for_pictures_that_were_not_seen() -> None:
    samples = list(drawn(1))
    fold = folds(samples)
    assert len({fold[one.source] for one in samples if one.dense}) == 3
    for one, heads in held_out(samples):
        assert heads == pytest.approx(float(one.heads.sum()), rel=0.4, abs=12)
    assert len(fit(samples).b2) == ENSEMBLE
