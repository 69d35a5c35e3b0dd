"""Plane geometry of zones and lines.

Polygons are in unit coordinates. Distances are only meaningful in *level* coordinates, where x is scaled by the
picture's aspect (width / height) so that both axes are measured in frame heights. y runs down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from edge_agent.core.types import Point

Edge = tuple[Point, Point]

TOLERANCE = 1e-9
"""How near counts as on: far below a pixel, far above what rounding moves a point by."""


def inside(polygon: Sequence[Point], point: Point) -> bool:
    """Even-odd rule; a point on the boundary (an edge or a corner) is inside."""
    x, y = point
    low, high = y - TOLERANCE, y + TOLERANCE
    odd = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if not ((ay < low and by < low) or (ay > high and by > high)):
            cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            if -TOLERANCE <= cross <= TOLERANCE and _between(ax, x, bx) and _between(ay, y, by):
                return True
            if (ay > y) != (by > y) and (cross > 0) == (by > ay):
                odd = not odd
        ax, ay = bx, by
    return odd


def _between(a: float, value: float, b: float) -> bool:
    return (a if a < b else b) - TOLERANCE <= value <= (b if a < b else a) + TOLERANCE


def in_frame(point: Point) -> Point:
    """`point` limited to the frame: a box that overshoots the lower edge by a pixel still stands on that edge."""
    x, y = point
    if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0:
        return point
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def level(point: Point, aspect: float) -> Point:
    return point[0] * aspect, point[1]


def distance(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


@dataclass(frozen=True, slots=True)
class Ruler:
    """A directed segment in level coordinates, from `start` to `end`, which differ."""

    start: Point
    end: Point

    def offset(self, point: Point) -> float:
        """Signed distance from the infinite line, in frame heights: positive at the left hand of someone who walks from
        start to end, as seen in the picture."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        cross = dy * (point[0] - self.start[0]) - dx * (point[1] - self.start[1])
        return float(cross / (dx * dx + dy * dy) ** 0.5)

    def left(self, point: Point) -> bool:
        """Whether it lies at the left hand. A point on the line does, so that touching the line and turning back is
        either no change of sides or two that cancel."""
        return self.offset(point) >= -TOLERANCE

    def passed(self, a: Point, b: Point) -> float | None:
        """Where along a..b (0..1) the step from a to b changes sides *through* the segment, its ends included; None
        where it keeps its side or changes sides beyond an end."""
        if self.left(a) == self.left(b):
            return None
        da, db = self.offset(a), self.offset(b)
        share = da / (da - db)
        x, y = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        along = (x - self.start[0]) * dx + (y - self.start[1]) * dy
        return share if -TOLERANCE <= along <= dx * dx + dy * dy + TOLERANCE else None


def crossing_edges(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """What makes a polygon unsound, if anything: the first two edges, by the index of their first corner, that share
    more than they should (neighbours more than their corner, others any point), or one edge twice that has no
    length."""
    count = len(polygon)
    edges = [(polygon[index], polygon[(index + 1) % count]) for index in range(count)]
    for index, (a, b) in enumerate(edges):
        if a == b:
            return index, index
    for first, second in combinations(range(count), 2):
        neighbours = second - first == 1 or (first == 0 and second == count - 1)
        if (_folds_back if neighbours else _meet)(edges[first], edges[second]):
            return first, second
    return None


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _within(a: Point, b: Point, c: Point) -> bool:
    """Whether c, on the infinite line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(first: Edge, second: Edge) -> bool:
    """Whether two closed segments share a point."""
    (a, b), (c, d) = first, second
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _within(*end) for turn, end in zip(turns, ends, strict=True))


def _folds_back(first: Edge, second: Edge) -> bool:
    """Whether two edges that share a corner also share more than it."""
    shared = next(point for point in first if point in second)
    a = first[0] if first[1] == shared else first[1]
    b = second[0] if second[1] == shared else second[1]
    ahead = (a[0] - shared[0]) * (b[0] - shared[0]) + (a[1] - shared[1]) * (b[1] - shared[1])
    return _turn(shared, a, b) == 0 and ahead > 0
