"""How high something stands on calibrated ground: the third axis that the plane homography does not have.

With square pixels and the optical axis through the picture's middle, the homography of a plane gives the focal length
(Zhang 2000, "A flexible new technique for camera calibration", section 3.1, one view) and with it the camera's pose.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.calibration import Ground
from edge_agent.core.types import Box, Point

USUAL_FOCAL = 1.2
"""In picture widths, where the four points do not tell it: a lens of about 45 degrees."""
FOCALS = (0.3, 12.0)
"""What a surveillance camera's focal length may be, in picture widths: 118 to 5 degrees."""


class Upright:
    """Heights in metres over `ground`, seen by a camera whose picture has `aspect` = width / height.

    focal: in picture widths. assumed: the four points do not tell the focal length (the camera looks straight down or
    they are too inexact), so USUAL_FOCAL stands for it and heights are rough.
    """

    def __init__(self, ground: Ground, aspect: float) -> None:
        self._ground = ground
        # Picture coordinates in picture widths from the middle, x right and y down.
        self._centred = np.array([[1.0, 0, -0.5], [0, 1 / aspect, -0.5 / aspect], [0, 0, 1]])
        plane = self._centred @ ground.to_picture
        focal = _focal(plane)
        self.assumed = focal is None
        self.focal = focal if focal is not None else USUAL_FOCAL
        self._plane = plane
        self._up = _up(plane, self.focal)

    def top(self, foot: Point, height_m: float) -> Point | None:
        """Where the picture shows what is `height_m` above the ground at `foot` (unit coordinates); None where foot is
        not on the ground or the point is not in front of the camera."""
        metres = self._ground.metres(foot)
        if metres is None:
            return None
        x, y, w = self._plane @ np.array([*metres, 1.0]) + height_m * self._up
        if not w > 0:
            return None
        back = np.linalg.inv(self._centred) @ np.array([x / w, y / w, 1.0])
        return float(back[0]), float(back[1])

    def height(self, box: Box) -> float | None:
        """Metres, of somebody who stands upright in `box` (unit coordinates); None where no height gives such a box."""
        metres = self._ground.metres(((box[0] + box[2]) / 2, box[3]))
        if metres is None:
            return None
        base = self._plane @ np.array([*metres, 1.0])
        y = float((self._centred @ np.array([0.0, box[1], 1.0]))[1])
        below = self._up[1] - y * self._up[2]
        if abs(below) < 1e-12:
            return None
        height = float((y * base[2] - base[1]) / below)
        return height if height > 0 else None


def _focal(plane: NDArray[np.float64]) -> float | None:
    """In picture widths. The columns of K^-1 H that belong to the ground's axes are at right angles and equally long:
    two equations in 1 / f^2, by least squares."""
    a, b = plane[:, 0], plane[:, 1]
    size = float(np.hypot(*a[:2]) * np.hypot(*b[:2]))
    if size == 0:
        return None
    across = np.array([a[0] * b[0] + a[1] * b[1], (a @ a - a[2] ** 2 - b @ b + b[2] ** 2) / 2]) / size
    along = np.array([a[2] * b[2], (a[2] ** 2 - b[2] ** 2) / 2]) / size
    if not along @ along > 0:
        return None
    squared = -float(across @ along) / float(along @ along)
    focal = squared**0.5 if squared > 0 else 0.0
    return focal if FOCALS[0] <= focal <= FOCALS[1] else None


def _up(plane: NDArray[np.float64], focal: float) -> NDArray[np.float64]:
    """(3,): what one metre upwards adds to the homogeneous picture point of a place on the ground."""
    camera = np.diag([focal, focal, 1.0])
    r1, r2, t = (np.linalg.inv(camera) @ plane).T
    scale = (float(np.linalg.norm(r1)) + float(np.linalg.norm(r2))) / 2
    normal = np.cross(r1, r2)
    normal *= scale / float(np.linalg.norm(normal))
    # The camera's centre C solves R C + t = 0 and is above the ground; r1 and r2 may span it from below.
    height = np.linalg.solve(np.column_stack((r1, r2, normal)), -t)[2]
    return np.asarray(camera @ normal * (1.0 if height > 0 else -1.0), np.float64)
