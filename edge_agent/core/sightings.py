"""What each figure does, measured over a second or so: its speed by the way of its box and by the flow of the pixels in
it, which way it goes, its height and shape.

Box and flow err in different ways (a box jumps when somebody is half hidden, flow when a frame is dropped or the box
holds mostly ground), so what both say is worth more than either.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from math import atan2, hypot, log, nan, tau

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from edge_agent.core.normality import SECTORS
from edge_agent.core.picture import COARSE, Picture
from edge_agent.core.spec import STRONG
from edge_agent.core.timing import exceeded
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box

PATH_S, LEAST_PATH_S = 1.0, 0.35
MOVING = 0.3
"""Body heights of way within PATH_S from which a direction is one."""
ALONE = 0.02
EDGE = 0.01
"""Height and shape of a box are believed where no other box covers more than ALONE of it, it stays EDGE (a share of the
frame) away from the border, and its score would begin a track: a weak box holds half a body, or two."""
FORGET_S = 2.5
_COLUMNS, _ROWS = (np.array([1, 2]) + 0.5) / 4, (np.array([1, 2, 3, 4, 5]) + 0.5) / 8
"""Where in a box the flow is read: the trunk, neither limbs nor ground."""
_SPOTS = np.concatenate([_COLUMNS, _ROWS])
_DOWN = np.repeat([0, 1], [len(_COLUMNS), len(_ROWS)])


class Sighting(Struct, frozen=True, gc=False):
    """One figure at one look. values: as edge_agent.core.normality.QUANTITIES, NaN where unknown. sector: which way it
    goes, None while it does not. dt: seconds since this figure was last seen, 0 at first. age: since it was first."""

    figure: Figure
    values: tuple[float, float, float, float]
    sector: int | None
    dt: float
    age: float


@dataclass(slots=True)
class _Way:
    first: float
    points: deque[tuple[float, float, float]] = field(default_factory=deque)


class Sightings:
    """Of one camera. Bounded by the figures of the last FORGET_S."""

    def __init__(self) -> None:
        self._ways: dict[FigureId, _Way] = {}

    def step(self, figures: list[Figure], view: View) -> list[Sighting]:
        if not figures:
            self._forget(view.t)
            return []
        boxes = [figure.box for figure in figures]
        flow = _flow_speeds(np.array(boxes, np.float64), view.picture)
        believed = _alone(boxes)
        found = []
        for index, figure in enumerate(figures):
            way = self._ways.get(figure.id)
            if way is None:
                way = self._ways[figure.id] = _Way(view.t)
            dt = view.t - way.points[-1][0] if way.points else 0.0
            path, sector = _follow(way, figure, view)
            x1, y1, x2, y2 = figure.box
            height, width = y2 - y1, (x2 - x1) * view.aspect
            plain = believed[index] and figure.score >= STRONG and width > 0
            shape = (log(height), log(width / height)) if plain else (nan, nan)
            values = (path, flow[index], *shape)
            found.append(Sighting(figure, values, sector, dt, view.t - way.first))
        self._forget(view.t)
        return found

    def _forget(self, t: float) -> None:
        self._ways = {name: way for name, way in self._ways.items() if not exceeded(t - way.points[-1][0], FORGET_S)}


def _follow(way: _Way, figure: Figure, view: View) -> tuple[float, int | None]:
    """Speed along the least-squares line through the middles of the last PATH_S, and the sector it points to."""
    x1, y1, x2, y2 = figure.box
    way.points.append((view.t, (x1 + x2) / 2 * view.aspect, (y1 + y2) / 2))
    while exceeded(view.t - way.points[0][0], PATH_S):
        way.points.popleft()
    if view.t - way.points[0][0] < LEAST_PATH_S:
        return nan, None
    vx, vy = _slope(way.points, view.t)
    speed = hypot(vx, vy)
    if speed * PATH_S < MOVING * figure.height:
        return speed, None
    return speed, int(atan2(vy, vx) / tau * SECTORS + SECTORS + 0.5) % SECTORS


def _slope(points: Iterable[tuple[float, float, float]], now: float) -> tuple[float, float]:
    """Of the least-squares lines of x and y over t; points (t, x, y) at two moments at least."""
    n = st = sx = sy = stt = stx = sty = 0.0
    for t, x, y in points:
        ago = t - now
        n += 1.0
        st += ago
        sx += x
        sy += y
        stt += ago * ago
        stx += ago * x
        sty += ago * y
    square = n * stt - st * st
    return (n * stx - st * sx) / square, (n * sty - st * sy) / square


def _flow_speeds(boxes: NDArray[np.float64], picture: Picture | None) -> list[float]:
    """Frame heights a second: the median flow at ten places of each box's trunk; NaN where there is no flow."""
    flow = picture.flow(COARSE) if picture is not None else None
    if flow is None:
        return [nan] * len(boxes)
    height, width = flow.field.shape[:2]
    corners, sizes = boxes.take(_DOWN, axis=1), (boxes[:, 2:] - boxes[:, :2]).take(_DOWN, axis=1)
    sides, last = _sides(width, height)
    at = ((corners + _SPOTS * sizes) * sides).astype(np.int64)
    np.minimum(np.maximum(at, 0, out=at), last, out=at)
    xs, ys = at[:, : len(_COLUMNS)], at[:, len(_COLUMNS) :]
    read = flow.field.reshape(-1, 2).take(((ys * width)[:, :, None] + xs[:, None]).reshape(len(boxes), -1), axis=0)
    read.sort(axis=1)
    middle = len(_ROWS) * len(_COLUMNS) // 2
    # The median; numpy's own takes longer than all of the rest.
    vectors = (read[:, middle - 1] + read[:, middle]) / (2.0 * flow.dt * height)
    speeds: list[float] = np.hypot(vectors[:, 0], vectors[:, 1]).tolist()
    return speeds


@lru_cache(maxsize=16)
def _sides(width: int, height: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each of _SPOTS, the side of the picture along which it lies, and its last pixel."""
    sides = np.array([width, height])[_DOWN]
    return sides, sides - 1


def _alone(boxes: list[Box]) -> list[bool]:
    """Whether each may be believed: nothing covers it, and it lies within the frame. From left to right, so that most
    pairs are not looked at; with the dozen boxes of a picture that takes a third of the time of numpy."""
    order = sorted(range(len(boxes)), key=lambda index: boxes[index][0])
    covered = [0.0] * len(boxes)
    for place, index in enumerate(order):
        _, top, right, bottom = boxes[index]
        for other in order[place + 1 :]:
            x1, y1, x2, y2 = boxes[other]
            if x1 >= right:
                break
            if y1 < bottom and y2 > top:
                shared = (min(right, x2) - x1) * (min(bottom, y2) - max(top, y1))
                covered[index], covered[other] = max(covered[index], shared), max(covered[other], shared)
    return [
        shared <= ALONE * max((x2 - x1) * (y2 - y1), 1e-9)
        and x1 >= EDGE
        and y1 >= EDGE
        and x2 <= 1 - EDGE
        and y2 <= 1 - EDGE
        for shared, (x1, y1, x2, y2) in zip(covered, boxes, strict=True)
    ]
