"""From the picture to the ground in metres: the plane homography that four points give.

Hartley and Zisserman, Multiple View Geometry, 2nd ed., section 4.1: with the last entry of H fixed to 1, four pairs of
points give eight linear equations.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.spec import Calibration
from edge_agent.core.types import Point

FLAT = 1e-9
"""Below it the four points lie on a line, or the equations have no single answer."""


class Ground:
    """What a calibrated camera sees of a flat ground. Points of the picture in unit coordinates, of the ground in
    metres.

    Raises ValueError where the four points settle nothing: three of them on one line, in the picture or on the ground.
    """

    def __init__(self, calibration: Calibration) -> None:
        for points in (calibration.image, calibration.ground):
            if _flat(points):
                raise ValueError("three of the four points lie on one line")
        self._to_ground = _homography(calibration.image, calibration.ground)
        self._to_picture = np.linalg.inv(self._to_ground)
        middle = np.mean(np.asarray(calibration.image, np.float64), axis=0)
        self._near = float(np.sign(self._to_ground[2] @ np.array([middle[0], middle[1], 1.0])))

    def metres(self, point: Point) -> Point | None:
        """Where on the ground `point` of the picture lies; None at or above the horizon."""
        x, y, w = self._to_ground @ np.array([point[0], point[1], 1.0])
        if w * self._near <= FLAT:
            return None
        return float(x / w), float(y / w)

    def picture(self, metres: Point) -> Point:
        """Where the picture shows a point of the ground (it may lie outside of 0..1)."""
        x, y, w = self._to_picture @ np.array([metres[0], metres[1], 1.0])
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
        x, y = np.array(corners, np.float64).T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _homography(source: tuple[Point, ...], target: tuple[Point, ...]) -> NDArray[np.float64]:
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    try:
        found = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    except np.linalg.LinAlgError as error:
        raise ValueError("the four points settle nothing") from error
    return np.append(found, 1.0).reshape(3, 3)


def _flat(points: tuple[Point, ...]) -> bool:
    """Whether any three of the points lie on one line, or two on one place."""
    extent = max(max(p[axis] for p in points) - min(p[axis] for p in points) for axis in (0, 1))
    for skip in range(len(points)):
        (ax, ay), (bx, by), (cx, cy) = (p for i, p in enumerate(points) if i != skip)
        if abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) <= 1e-6 * extent * extent:
            return True
    return False
