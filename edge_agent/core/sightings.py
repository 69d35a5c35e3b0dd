"""What each figure does, measured over a second or so: its speed by the way of its box and by the flow of the pixels in
it, which way it goes, its height and shape.

Box and flow err in different ways (a box jumps when somebody is half hidden, flow when a frame is dropped or the box
holds mostly ground), so what both say is worth more than either.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import atan2, hypot, log, nan, tau

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from edge_agent.core.normality import SECTORS
from edge_agent.core.picture import COARSE, Picture
from edge_agent.core.timing import exceeded
from edge_agent.core.tracks import Figure, FigureId, View

PATH_S, LEAST_PATH_S = 1.0, 0.35
MOVING = 0.3
"""Body heights of way within PATH_S from which a direction is one."""
ALONE = 0.02
EDGE = 0.01
"""Height and shape of a box are believed where no other box covers more than ALONE of it and it stays EDGE (a share of
the frame) away from the border."""
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
        boxes = np.array([figure.box for figure in figures], np.float64)
        flow = _flow_speeds(boxes, view.picture)
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
            shape = (log(height), log(width / height)) if believed[index] and width > 0 else (nan, nan)
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
    corners, sizes = boxes[:, _DOWN], (boxes[:, 2:] - boxes[:, :2])[:, _DOWN]
    sides = np.array([width, height])[_DOWN]
    at = ((corners + _SPOTS * sizes) * sides).astype(np.int64)
    np.minimum(np.maximum(at, 0, out=at), sides - 1, out=at)
    xs, ys = at[:, : len(_COLUMNS)], at[:, len(_COLUMNS) :]
    read = flow.field.reshape(-1, 2).take(((ys * width)[:, :, None] + xs[:, None]).reshape(len(boxes), -1), axis=0)
    read.sort(axis=1)
    middle = len(_ROWS) * len(_COLUMNS) // 2
    # The median; numpy's own takes longer than all of the rest.
    vectors = (read[:, middle - 1] + read[:, middle]) / (2.0 * flow.dt * height)
    speeds: list[float] = np.hypot(vectors[:, 0], vectors[:, 1]).tolist()
    return speeds


def _alone(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    x1, y1, x2, y2 = boxes.T
    across = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    down = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    covered = np.maximum(across, 0) * np.maximum(down, 0)
    np.fill_diagonal(covered, 0.0)
    area = np.maximum((x2 - x1) * (y2 - y1), 1e-9)
    inner = (x1 >= EDGE) & (y1 >= EDGE) & (x2 <= 1 - EDGE) & (y2 <= 1 - EDGE)
    return np.asarray((covered.max(1) <= ALONE * area) & inner, np.bool_)
