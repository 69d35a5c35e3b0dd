"""Geometry against exact integer arithmetic, on small grids where points on edges, corners and lines are common."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.geometry import Ruler, crossing_edges, inside
from tests.reference import naive_rules as naive

GRID = 12
whole = st.integers(0, GRID)
point = st.tuples(whole, whole)
polygons = st.lists(point, min_size=3, max_size=7)


def unit(corner: tuple[int, int]) -> tuple[float, float]:
    return corner[0] / GRID, corner[1] / GRID


@given(polygons, point)
def test_inside_equals_the_exact_answer(polygon: list[tuple[int, int]], where: tuple[int, int]) -> None:
    zone = tuple(unit(corner) for corner in polygon)
    if crossing_edges(zone) is None:
        assert inside(zone, unit(where)) == naive.contains(polygon, (2 * where[0], 2 * where[1]))


@given(polygons, point, st.integers(0, 6))
def test_inside_does_not_hang_on_where_the_corners_begin_or_which_way_they_go(
    polygon: list[tuple[int, int]], where: tuple[int, int], turn: int
) -> None:
    zone = [unit(corner) for corner in polygon]
    turn %= len(zone)
    turned = zone[turn:] + zone[:turn]
    assert inside(zone, unit(where)) == inside(turned, unit(where)) == inside(zone[::-1], unit(where))


@given(polygons)
def test_every_corner_of_a_polygon_is_inside(polygon: list[tuple[int, int]]) -> None:
    zone = tuple(unit(corner) for corner in polygon)
    assert all(inside(zone, corner) for corner in zone)
    assert (crossing_edges(zone) is None) == (crossing_edges(zone[::-1]) is None)


def crosses_itself(polygon: list[tuple[int, int]]) -> bool:
    """Exactly, by brute force: do two edges that share no corner have a point in common."""
    edges = [(polygon[i], polygon[(i + 1) % len(polygon)]) for i in range(len(polygon))]

    def on(p: tuple[int, int], a: tuple[int, int], b: tuple[int, int]) -> bool:
        dot = (p[0] - a[0]) * (p[0] - b[0]) + (p[1] - a[1]) * (p[1] - b[1])
        return naive.cross(a, b, p) == 0 and dot <= 0

    def sign(number: int) -> int:
        return (number > 0) - (number < 0)

    for i, (a, b) in enumerate(edges):
        for j, (c, d) in enumerate(edges):
            if j in (i, (i + 1) % len(edges), (i - 1) % len(edges)):
                continue
            if on(a, c, d) or on(b, c, d) or on(c, a, b) or on(d, a, b):
                return True
            if sign(naive.cross(a, b, c)) * sign(naive.cross(a, b, d)) < 0 and (
                sign(naive.cross(c, d, a)) * sign(naive.cross(c, d, b)) < 0
            ):
                return True
    return False


@given(polygons)
def test_a_polygon_without_fault_does_not_cross_itself(polygon: list[tuple[int, int]]) -> None:
    """On a grid of powers of two coordinates are exact, so both answers are."""
    edges = crossing_edges([(x / 16, y / 16) for x, y in polygon])
    if edges is None:
        assert not crosses_itself(polygon)
    elif all(edges[1] - edges[0] not in (step, len(polygon) - step) for step in (0, 1)):
        assert crosses_itself(polygon)


@given(point, point, point, point)
def test_steps_through_a_segment_equal_the_exact_answer(
    start: tuple[int, int], end: tuple[int, int], a: tuple[int, int], b: tuple[int, int]
) -> None:
    if start == end:
        return
    ruler = Ruler((float(start[0]), float(start[1])), (float(end[0]), float(end[1])))
    passed = ruler.passed((float(a[0]), float(a[1])), (float(b[0]), float(b[1])))
    assert (passed is not None) == (naive.passes(a, b, start, end) != 0)
