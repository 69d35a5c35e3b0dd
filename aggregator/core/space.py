"""Distance on the ground, and the cells a spatial index is made of. Degrees are WGS 84, lengths metres."""

from collections.abc import Sequence
from math import asin, ceil, cos, floor, radians, sin, sqrt
from typing import Protocol

from contract.events import Location

ADDRESS_M = 1_000.0
"""What is known no better than this is an address, about a district's size."""
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG, R1)."""
LEAST = 0.05
METRES_PER_DEGREE = EARTH_RADIUS_M * 0.017453292519943295


def distance_m(a: Location, b: Location) -> float:
    """Great-circle distance by the haversine formula; radius_m is not looked at."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    north, east = sin((lat_b - lat_a) / 2), sin(radians(b.lon - a.lon) / 2)
    h = north * north + cos(lat_a) * cos(lat_b) * (east * east)
    half = sqrt(h)
    return 2 * EARTH_RADIUS_M * asin(half if half < 1.0 else 1.0)


def centre(points: Sequence[tuple[Location, float]]) -> Location | None:
    """The weighted mean of the points, with a radius that covers each point's own; None for none.

    No weight counts for less than LEAST. On the local tangent plane: exact enough below 100 km, and across the 180th
    meridian.
    """
    if not points:
        return None
    if len(points) == 1:
        return points[0][0]
    lat, lon = points[0][0].lat, points[0][0].lon
    total = north = east = 0.0
    for point, weight in points:
        if weight < LEAST:
            weight = LEAST
        total += weight
        north += (point.lat - lat) * weight
        east += _turn(point.lon - lon) * weight
    lat, lon = lat + north / total, _turn(lon + east / total)
    lat, lon = round(90.0 if lat > 90.0 else -90.0 if lat < -90.0 else lat, 7), round(lon, 7)
    middle, reach = Location(lat=lat, lon=lon, radius_m=0), 0.0
    for point, _ in points:
        around = distance_m(middle, point) + point.radius_m
        if around > reach:
            reach = around
    return Location(lat=lat, lon=lon, radius_m=round(reach if reach < 100_000.0 else 100_000.0, 1))


class Cells(Protocol):
    """A division of the ground into cells; pure, any thread may call.

    A cell is a number, not below 0. `around` names every cell that a place within `reach_m` of the point can lie in:
    perhaps too many, never too few, each once, and the same from every point of one cell.
    """

    def cell(self, lat: float, lon: float) -> int: ...
    def around(self, lat: float, lon: float, reach_m: float) -> Sequence[int]: ...


SLACK_M = 1.0
"""Added to every reach, so that rounding leaves nothing out."""


class Grid:
    """Cells of equal angle: rows of `size_m`, and columns as wide at the equator. Needs no library."""

    def __init__(self, size_m: float = 1000.0) -> None:
        self._row = size_m / METRES_PER_DEGREE
        self._columns = max(1, floor(360 / self._row))
        self._column = 360 / self._columns

    def cell(self, lat: float, lon: float) -> int:
        return self._number(floor(lat / self._row), floor(lon / self._column))

    def around(self, lat: float, lon: float, reach_m: float) -> Sequence[int]:
        row, column = floor(lat / self._row), floor(lon / self._column)
        height = (reach_m + SLACK_M) / METRES_PER_DEGREE
        farthest = max(abs(row), abs(row + 1)) * self._row + height  # from the equator
        width = min(height / max(cos(radians(min(90.0, farthest))), 1e-3), 180.0)
        up, aside = ceil(height / self._row), ceil(width / self._column)
        rows, columns = range(row - up, row + up + 1), range(column - aside, column + aside + 1)
        return sorted({self._number(row, column) for row in rows for column in columns})

    def _number(self, row: int, column: int) -> int:
        """Rows count from far enough beyond the south pole."""
        return (row + 2 * self._columns) * self._columns + column % self._columns


def _turn(degrees: float) -> float:
    turned = degrees + 180.0
    return (turned if 0.0 <= turned < 360.0 else turned % 360.0) - 180.0
