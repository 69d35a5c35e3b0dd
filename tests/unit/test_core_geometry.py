"""Geometry: boundaries, crossings of a segment, faults of zones and lines."""

import pytest

from edge_agent.core.geometry import Ruler, crossing_edges, in_frame, inside, level

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
NOTCHED = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.3), (0.1, 0.9))


@pytest.mark.parametrize("polygon", [SQUARE, SQUARE[::-1]], ids=["clockwise", "counter-clockwise"])
@pytest.mark.parametrize(
    ("point", "wanted"),
    [
        ((0.5, 0.5), True),
        ((0.2, 0.5), True),
        ((0.5, 0.8), True),
        ((0.2, 0.2), True),
        ((0.8, 0.8), True),
        ((0.19, 0.5), False),
        ((0.5, 0.81), False),
        ((0.1, 0.2), False),
        ((0.9, 0.8), False),
    ],
)
def test_a_point_on_the_boundary_is_inside(
    polygon: tuple[tuple[float, float], ...], point: tuple[float, float], wanted: bool
) -> None:
    assert inside(polygon, point) is wanted


@pytest.mark.parametrize(
    ("point", "wanted"), [((0.5, 0.29), True), ((0.5, 0.31), False), ((0.15, 0.7), True), ((0.85, 0.7), True)]
)
def test_a_notch_is_outside(point: tuple[float, float], wanted: bool) -> None:
    assert inside(NOTCHED, point) is wanted


def test_rounding_does_not_move_a_point_off_an_edge() -> None:
    third = 1 / 3
    zone = ((third, 0.0), (1.0, 0.0), (1.0, 1.0), (third, 1.0))
    assert inside(zone, (0.1 + 0.2 + third - 0.3, 0.5))


def test_a_box_that_overshoots_the_frame_stands_on_its_edge() -> None:
    assert in_frame((0.5, 1.004)) == (0.5, 1.0)
    assert in_frame((-0.2, 0.5)) == (0.0, 0.5)


def test_level_coordinates_measure_both_axes_in_frame_heights() -> None:
    assert level((0.5, 0.5), 16 / 9) == pytest.approx((8 / 9, 0.5))


def test_left_is_the_left_hand_as_seen_in_the_picture() -> None:
    rightwards = Ruler((0.0, 0.5), (1.0, 0.5))
    assert rightwards.offset((0.3, 0.4)) == pytest.approx(0.1)
    assert rightwards.offset((0.3, 0.7)) == pytest.approx(-0.2)
    downwards = Ruler((0.5, 0.0), (0.5, 1.0))
    assert downwards.offset((0.9, 0.5)) == pytest.approx(0.4)


def test_a_step_passes_the_segment_only_through_it() -> None:
    ruler = Ruler((0.5, 0.4), (0.5, 0.6))
    assert ruler.passed((0.6, 0.5), (0.4, 0.5)) == pytest.approx(0.5)
    assert ruler.passed((0.7, 0.5), (0.4, 0.5)) == pytest.approx(2 / 3)
    assert ruler.passed((0.6, 0.5), (0.55, 0.5)) is None, "same side"
    assert ruler.passed((0.6, 0.3), (0.4, 0.3)) is None, "beyond an end"
    assert ruler.passed((0.6, 0.6), (0.4, 0.6)) is not None, "an end belongs to the segment"
    assert ruler.passed((0.6, 0.5), (0.5, 0.5)) is None, "reaching the line from its left is still left"
    assert ruler.passed((0.5, 0.5), (0.4, 0.5)) == 0.0


@pytest.mark.parametrize(
    ("polygon", "edges"),
    [
        (SQUARE, None),
        (NOTCHED, None),
        (((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0)), None),
        (((0.2, 0.2), (0.2, 0.2), (0.8, 0.8), (0.2, 0.8)), (0, 0)),
        (((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.2)), (3, 3)),
        (((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)), (0, 2)),
        (((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.5, 0.2), (0.2, 0.8)), (0, 2)),
        (((0.2, 0.2), (0.8, 0.2), (0.4, 0.2), (0.4, 0.8)), (0, 1)),
        (((0.2, 0.2), (0.8, 0.2), (0.5, 0.2)), (0, 1)),
        (((0.2, 0.2), (0.2, 0.8), (0.8, 0.8), (0.2, 0.5), (0.8, 0.2)), (0, 2)),
        (((0.2, 0.4), (0.2, 0.8), (0.8, 0.8), (0.8, 0.1), (0.2, 0.2), (0.1, 0.1), (0.1, 0.4)), None),
    ],
)
def test_edges_that_make_a_polygon_unsound(
    polygon: tuple[tuple[float, float], ...], edges: tuple[int, int] | None
) -> None:
    assert crossing_edges(polygon) == edges
