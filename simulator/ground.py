"""A pinhole camera that looks level over flat ground: where things stand in the picture and how large they are.

Ground coordinates are metres: x to the right of the camera's axis, z away from it. A level pinhole camera at height h
puts ground at distance z on the row `horizon + focal * h / z`; what stands there has `focal / z` pixels a metre.
"""

from dataclasses import dataclass

Metres = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ground:
    """width, height, focal: pixels. horizon: the row of the horizon, pixels from the top (negative: above the picture).
    camera_height: metres."""

    width: int = 640
    height: int = 360
    horizon: float = 50.0
    camera_height: float = 4.5
    focal: float = 620.0

    def scale(self, z: float) -> float:
        """Pixels a metre at distance z."""
        return self.focal / z

    def project(self, x: float, z: float, up: float = 0.0) -> tuple[float, float]:
        """Pixel (column, row) of the point `up` metres above the ground at (x, z)."""
        return self.width / 2 + x * self.focal / z, self.horizon + (self.camera_height - up) * self.focal / z

    def distance(self, row: float) -> float:
        """z of the ground that is seen on `row`, which must lie below the horizon."""
        return self.focal * self.camera_height / (row - self.horizon)

    def unit(self, x: float, z: float) -> tuple[float, float]:
        """`project` in 0..1 of the picture, as zones and lines are given; clipped to it."""
        column, row = self.project(x, z)
        return min(max(column / self.width, 0.0), 1.0), min(max(row / self.height, 0.0), 1.0)
