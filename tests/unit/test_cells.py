"""Cells of a picture: means, neighbourhoods, regions and steadiness, against plain loops."""

import numpy as np
import pytest

from edge_agent.core.picture import Flow
from edge_agent.core.rules.carried import travel
from edge_agent.core.rules.cells import Steady, bounds, cell_sums, neighbourhood, regions, spread, within
from edge_agent.core.rules.flames import cell_counts, reshaped


def test_sums_of_whole_cells() -> None:
    plane = np.arange(7 * 10, dtype=np.uint16).reshape(7, 10)
    sums = cell_sums(plane, 3)
    assert sums.shape == (2, 3)
    for y, x in np.ndindex(2, 3):
        assert sums[y, x] == plane[3 * y : 3 * y + 3, 3 * x : 3 * x + 3].sum()


def test_a_neighbourhood_repeats_the_edge() -> None:
    grid = np.random.default_rng(1).normal(size=(1, 4, 5)).astype(np.float32)
    wide = np.pad(grid[0], 1, mode="edge")
    for y, x in np.ndindex(4, 5):
        assert neighbourhood(grid)[0, y, x] == pytest.approx(wide[y : y + 3, x : x + 3].mean(), abs=1e-5)


def test_regions_touch_at_corners_and_come_largest_first() -> None:
    mask = np.array([[1, 0, 0, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 1], [1, 0, 0, 0, 1]], bool)
    found = regions(mask, 2)
    assert [int(region.sum()) for region in found] == [4, 2]
    assert np.array_equal(found[0] | found[1], mask & ~regions(mask, 1)[2])
    assert regions(np.zeros((3, 3), bool), 1) == []


def test_spread_adds_one_cell_all_round() -> None:
    mask = np.zeros((5, 5), bool)
    mask[0, 2] = True
    assert np.argwhere(spread(mask)).tolist() == [[0, 1], [0, 2], [0, 3], [1, 1], [1, 2], [1, 3]]
    several = np.random.default_rng(2).random((3, 4, 5)) > 0.8
    assert np.array_equal(spread(several), [spread(one) for one in several])


def test_bounds_and_zone_in_unit_coordinates() -> None:
    mask = np.zeros((4, 8), bool)
    mask[1:3, 2:4] = True
    assert bounds(mask, 10, 80, 40) == (0.25, 0.25, 0.5, 0.75)
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    assert within(left, (4, 8), 10, 80, 40).sum(axis=1).tolist() == [4, 4, 4, 4]


def test_what_is_steady_has_been_so_for_the_whole_span() -> None:
    steady, on, off = Steady(1.0, 0.8), np.array([[True]]), np.array([[False]])
    assert [bool(steady.add(t / 5, on)[0, 0]) for t in range(7)] == [False] * 5 + [True] * 2
    assert bool(steady.add(1.4, off)[0, 0])
    assert not bool(steady.add(1.6, off)[0, 0])
    assert steady.since == pytest.approx(0.6)
    steady.clear()
    assert not bool(steady.add(1.8, on)[0, 0])


def test_counts_by_cell() -> None:
    mask = np.random.default_rng(2).random((20, 30)) < 0.3
    counts = cell_counts(np.flatnonzero(mask), 20, 30)
    assert counts.shape == (2, 3)
    assert counts[1, 2] == mask[8:16, 16:24].sum()


def test_a_shape_that_only_moves_has_not_changed() -> None:
    before, after = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    before[3:9, 4:10], after[6:12, 5:11] = True, True
    assert reshaped(before, after) == 0.0
    after[9, 5:11] = False
    assert reshaped(before, after) == 6 / 36
    nothing = np.zeros((20, 20), bool)
    assert reshaped(nothing, nothing) == 0.0
    assert reshaped(before, nothing) == reshaped(nothing, before) == 1.0


def test_travel_tells_a_pan_from_a_walk() -> None:
    y, x = np.mgrid[:90, :160].astype(np.float32)
    pan = Flow(np.full((90, 160, 2), (3.2, 0.0), np.float32), 0.2)
    assert travel(pan).speed == pytest.approx(0.1)
    walk = Flow(np.asarray(np.stack((x - 79.5, y - 44.5), axis=-1) * 0.01, np.float32), 0.2)
    assert travel(walk).outwards > 0.99
    assert travel(walk).speed < 0.01
    back = Flow(-walk.field, 0.2)
    assert travel(back).outwards < -0.99
    assert travel(Flow(np.zeros((90, 160, 2), np.float32), 0.2)) == (0.0, 0.0)
