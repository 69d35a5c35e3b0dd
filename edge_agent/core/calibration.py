"""From the picture to the ground in metres: the plane homography that four points give.

Hartley and Zisserman, Multiple View Geometry, 2nd ed., section 4.1: with the last entry of H fixed to 1, four pairs of
points give eight linear equations; section 4.4: both sets of points are first moved to their middle and brought to
unit size, so that neither metres counted from far away nor a tiny area spoil the answer.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.spec import Calibration
from edge_agent.core.types import Point

FLAT = 1e-6
"""Three points are on one line where their triangle has less than this share of the square of their extent."""
HORIZON = 1e-6
"""A point of the picture this near the horizon (0; the four points are about 1 away from it) is not on the ground."""

Matrix = NDArray[np.float64]


class CalibrationError(ValueError):
    """Four points that settle nothing. flat: three of them lie on one line, in the picture or on the ground. order: no
    camera above flat ground sees them so; two of them are swapped, in the picture or on the ground."""

    def __init__(self, reason: Literal["flat", "order"]) -> None:
        super().__init__({"flat": "three of the four points lie on one line", "order": "the points cross"}[reason])
        self.reason: Literal["flat", "order"] = reason


class Ground:
    """What a calibrated camera sees of a flat ground. Points of the picture in unit coordinates, of the ground in
    metres.

    Raises CalibrationError where the four points settle nothing.
    """

    def __init__(self, calibration: Calibration) -> None:
        image, ground = np.asarray(calibration.image, np.float64), np.asarray(calibration.ground, np.float64)
        if _flat(image) or _flat(ground):
            raise CalibrationError("flat")
        found = _homography(image, ground)
        away = found[2] @ np.column_stack((image, np.ones(4))).T
        if not np.all(away * away[0] > 0):
            raise CalibrationError("order")
        self._to_ground = found / away.mean()
        self._to_picture = np.linalg.inv(self._to_ground)

    @property
    def to_picture(self) -> Matrix:
        """(3, 3): homogeneous metres to homogeneous unit coordinates, the last of them positive in front of the
        camera."""
        return self._to_picture.copy()

    @property
    def horizon(self) -> tuple[float, float, float]:
        """(a, b, c): a x + b y + c in unit coordinates is 0 on the horizon, positive below it."""
        a, b, c = self._to_ground[2]
        return float(a), float(b), float(c)

    def metres(self, point: Point) -> Point | None:
        """Where on the ground `point` of the picture lies; None at or above the horizon."""
        x, y, w = self._to_ground @ np.array([point[0], point[1], 1.0])
        if not w > HORIZON:
            return None
        return float(x / w), float(y / w)

    def picture(self, metres: Point) -> Point | None:
        """Where the picture shows a point of the ground (it may lie outside of 0..1); None behind the camera."""
        x, y, w = self._to_picture @ np.array([metres[0], metres[1], 1.0])
        if not w > 0:
            return None
        return float(x / w), float(y / w)

    def apart(self, a: Point, b: Point) -> float | None:
        """Metres on the ground between two points of the picture; None where one is not on the ground."""
        first, second = self.metres(a), self.metres(b)
        if first is None or second is None:
            return None
        return float(np.hypot(first[0] - second[0], first[1] - second[1]))

    def area(self, polygon: tuple[Point, ...]) -> float | None:
        """Square metres of the ground under a polygon of the picture; None where it reaches the horizon."""
        corners = [self.metres(point) for point in polygon]
        if any(corner is None for corner in corners):
            return None
        x, y = (np.array(corners, np.float64) - np.array(corners[0], np.float64)).T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _homography(source: Matrix, target: Matrix) -> Matrix:
    """(3, 3) from (4, 2) points to (4, 2) points. Raises CalibrationError."""
    before, after = _normal(source), _normal(target)
    rows, right = [], []
    for (x, y), (u, v) in zip(_moved(before, source), _moved(after, target), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    try:
        found = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    except np.linalg.LinAlgError as error:
        raise CalibrationError("flat") from error
    return np.asarray(np.linalg.inv(after) @ np.append(found, 1.0).reshape(3, 3) @ before, np.float64)


def _normal(points: Matrix) -> Matrix:
    """(3, 3): moves the middle of the points to 0 and their mean distance from it to 1."""
    middle = points.mean(axis=0)
    size = np.hypot(*(points - middle).T).mean()
    return np.array([[1 / size, 0, -middle[0] / size], [0, 1 / size, -middle[1] / size], [0, 0, 1]])


def _moved(by: Matrix, points: Matrix) -> Matrix:
    return np.asarray(points @ by[:2, :2].T + by[:2, 2], np.float64)


def _flat(points: Matrix) -> bool:
    """Whether any three of the points lie on one line, or two on one place."""
    extent = float(np.ptp(points, axis=0).max())
    for skip in range(len(points)):
        a, b, c = np.delete(points, skip, axis=0)
        (ux, uy), (vx, vy) = b - a, c - a
        if not abs(ux * vy - uy * vx) > FLAT * extent * extent:
            return True
    return False
