"""Ground and heights against a pinhole camera that is worked out here on its own."""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_agent.core.calibration import CalibrationError, Ground
from edge_agent.core.spec import Calibration
from edge_agent.core.types import Point
from edge_agent.core.upright import Upright

ASPECT = 16 / 9
RECTANGLE: tuple[Point, Point, Point, Point] = ((-3.0, 8.0), (3.0, 8.0), (3.0, 16.0), (-3.0, 16.0))
SQUARE: tuple[Point, Point, Point, Point] = ((0.2, 0.9), (0.8, 0.9), (0.7, 0.4), (0.3, 0.4))


@dataclass(frozen=True)
class Pinhole:
    """Over the origin at `height` metres, looking along y and `tilt` degrees down; focal in picture widths."""

    tilt: float = 25.0
    height: float = 6.0
    focal: float = 1.1

    def see(self, x: float, y: float, z: float = 0.0) -> Point:
        a = radians(self.tilt)
        forward = y * cos(a) - (z - self.height) * sin(a)
        down = -y * sin(a) - (z - self.height) * cos(a)
        return 0.5 + self.focal * x / forward, 0.5 + self.focal * down / forward * ASPECT

    def calibration(self, at: Point = (0.0, 0.0), scale: float = 1.0) -> Calibration:
        a, b, c, d = (self.see(*point) for point in RECTANGLE)
        e, f, g, h = ((at[0] + scale * x, at[1] + scale * y) for x, y in RECTANGLE)
        return Calibration((a, b, c, d), (e, f, g, h))


cameras = st.builds(Pinhole, st.floats(12, 70), st.floats(3, 15), st.floats(0.6, 3))
places = st.tuples(st.floats(-6, 6), st.floats(6, 30))


@settings(max_examples=80, deadline=None)
@given(cameras, places, st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_the_ground_is_where_the_camera_sees_it(camera: Pinhole, place: Point, origin: Point) -> None:
    """Metres may be counted from far away (a city's grid)."""
    ground = Ground(camera.calibration(origin))
    wanted = (origin[0] + place[0], origin[1] + place[1])
    assert ground.metres(camera.see(*place)) == pytest.approx(wanted, abs=1e-3)
    assert ground.picture(wanted) == pytest.approx(camera.see(*place), abs=1e-4)


@settings(max_examples=80, deadline=None)
@given(cameras, places, places, st.sampled_from([1e-3, 1.0, 1e5]))
def test_distances_scale_with_the_metres_given(camera: Pinhole, a: Point, b: Point, scale: float) -> None:
    found = Ground(camera.calibration(scale=scale)).apart(camera.see(*a), camera.see(*b))
    assert found == pytest.approx(scale * float(np.hypot(a[0] - b[0], a[1] - b[1])), rel=1e-4, abs=1e-5 * scale)


@settings(max_examples=60, deadline=None)
@given(cameras)
def test_above_the_horizon_is_no_ground_and_behind_the_camera_no_picture(camera: Pinhole) -> None:
    ground = Ground(camera.calibration())
    horizon = 0.5 - camera.focal * np.tan(radians(camera.tilt)) * ASPECT
    a, b, c = ground.horizon
    assert -(a * 0.5 + c) / b == pytest.approx(horizon, abs=1e-6)
    assert ground.metres((0.5, horizon - 0.01)) is None
    assert ground.metres((0.5, horizon)) is None
    assert ground.metres((0.5, horizon + 0.05)) is not None
    assert ground.picture((0.0, -camera.height / np.tan(radians(90 - camera.tilt)) - 1.0)) is None
    assert ground.area(((0.1, horizon - 0.1), (0.9, horizon - 0.1), (0.5, 0.9))) is None


@settings(max_examples=40, deadline=None)
@given(cameras, st.booleans())
def test_the_area_of_the_rectangle_is_its_sides_multiplied(camera: Pinhole, backwards: bool) -> None:
    calibration = camera.calibration((4e5, 9e6))
    corners = calibration.image[::-1] if backwards else calibration.image
    assert Ground(calibration).area(corners) == pytest.approx(48.0, rel=1e-3)


@pytest.mark.parametrize("swap", [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)])
def test_two_swapped_points_are_told_or_mirror_the_ground(swap: tuple[int, int]) -> None:
    """Neighbours make the sides cross. Opposite corners of a rectangle run round it the other way: a mirror image, in
    which every distance that matters is still asked of four points in one order."""
    good = Pinhole().calibration()
    image = list(good.image)
    image[swap[0]], image[swap[1]] = image[swap[1]], image[swap[0]]
    wrong = Calibration((image[0], image[1], image[2], image[3]), good.ground)
    if abs(swap[0] - swap[1]) == 1:
        with pytest.raises(CalibrationError) as caught:
            Ground(wrong)
        assert caught.value.reason == "order"
    else:
        assert Ground(wrong).metres(image[0]) == pytest.approx(good.ground[0], abs=1e-6)


@pytest.mark.parametrize(
    "points",
    [
        ((0.1, 0.1), (0.5, 0.5), (0.9, 0.9), (0.1, 0.9)),
        ((0.1, 0.1), (0.1, 0.1), (0.9, 0.9), (0.1, 0.9)),
        ((0.5, 0.5), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5)),
    ],
)
def test_three_points_on_one_line_settle_nothing(points: tuple[Point, Point, Point, Point]) -> None:
    for calibration in (Calibration(points, SQUARE), Calibration(SQUARE, points)):
        with pytest.raises(CalibrationError) as caught:
            Ground(calibration)
        assert caught.value.reason == "flat"


def test_a_point_inside_the_triangle_of_the_others_must_be_so_on_the_ground_too() -> None:
    inside = ((0.1, 0.9), (0.9, 0.9), (0.5, 0.3), (0.5, 0.6))
    with pytest.raises(CalibrationError):
        Ground(Calibration(inside, RECTANGLE))


@settings(max_examples=80, deadline=None)
@given(cameras, places, st.floats(0.5, 2.5), st.booleans())
def test_heights_are_those_of_the_camera(camera: Pinhole, place: Point, height: float, mirrored: bool) -> None:
    calibration = camera.calibration((100.0, -50.0))
    if mirrored:
        a, b, c, d = ((-x, y) for x, y in calibration.ground)
        calibration = Calibration(calibration.image, (a, b, c, d))
    upright = Upright(Ground(calibration), ASPECT)
    foot, top = camera.see(*place), camera.see(*place, height)
    assume(abs(foot[1] - top[1]) > 1e-3)
    assert not upright.assumed
    assert upright.focal == pytest.approx(camera.focal, rel=1e-3)
    assert upright.top(foot, height) == pytest.approx(top, abs=1e-4)
    assert upright.height((foot[0] - 0.01, top[1], foot[0] + 0.01, foot[1])) == pytest.approx(height, rel=1e-2)


def test_straight_down_the_focal_length_is_assumed_and_said_to_be() -> None:
    corners = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))
    metres = ((0.0, 0.0), (4.0, 0.0), (4.0, -4.0 / ASPECT), (0.0, -4.0 / ASPECT))
    upright = Upright(Ground(Calibration(corners, metres)), ASPECT)
    assert upright.assumed
