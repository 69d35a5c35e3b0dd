"""Connected regions against a flood fill, and a polygon's mask against the point test."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_agent.core.geometry import inside
from edge_agent.core.regions import labelled, raster
from edge_agent.core.types import Point

masks = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 14)))


def flooded(mask: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    """The regions as sets of pixels, corners joining."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    regions = set()
    while left:
        edge = [left.pop()]
        region = set(edge)
        while edge:
            y, x = edge.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            region |= near
            edge += near
        regions.add(frozenset(region))
    return regions


@settings(max_examples=200, deadline=None)
@given(masks)
def test_regions_are_those_of_a_flood_fill(mask: np.ndarray) -> None:
    labels, regions = labelled(mask)
    got = {frozenset((int(y), int(x)) for y, x in np.argwhere(labels == r.label)) for r in regions}
    assert got == flooded(mask)
    assert (labels > 0).tolist() == mask.tolist()
    for r in regions:
        ys, xs = np.nonzero(labels == r.label)
        assert (r.top, r.bottom, r.left, r.right) == (ys.min(), ys.max() + 1, xs.min(), xs.max() + 1)
        assert r.area == ys.size


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=7))
def test_a_polygon_covers_the_pixels_whose_middle_is_inside(corners: list[tuple[int, int]]) -> None:
    polygon: tuple[Point, ...] = tuple((x / 20, y / 20) for x, y in corners)
    mask = raster(polygon, (13, 17))
    for y in range(13):
        for x in range(17):
            middle = ((x + 0.5) / 17, (y + 0.5) / 13)
            # On the boundary `inside` says yes and a mask may say either.
            if mask[y, x]:
                assert inside(polygon, middle)
            elif inside(polygon, middle):
                assert near_edge(polygon, middle)


def near_edge(polygon: tuple[Point, ...], point: Point) -> bool:
    for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        steps = np.linspace(0, 1, 2001)
        xs, ys = a[0] + steps * (b[0] - a[0]), a[1] + steps * (b[1] - a[1])
        if np.hypot(xs - point[0], ys - point[1]).min() < 1e-3:
            return True
    return False
