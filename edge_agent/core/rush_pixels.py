"""Running people as moving pixels, where they are too many or too fast to be followed one by one.

A pixel counts where people have walked lately and no vehicle has, and its speed is in body heights.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.body_line import BodyLine
from edge_agent.core.commotion import Commotion, Movers, commotion
from edge_agent.core.geometry import in_frame
from edge_agent.core.picture import WIDE
from edge_agent.core.tracks import Figure, View

ROWS, COLUMNS = 18, 24
"""Of the map of who was where."""
LATELY_S = 60.0
BODY_AREA = 0.25
"""Of a body that is h high, in h^2: 0.35 h wide, and the box is filled to seven tenths."""
SMALLEST = 0.04
"""Bodies lower than this share of the picture's height are too small for the flow."""
ALL_MOVES = 0.5
"""When this share of the picture moves, it is the camera that moves, or another picture."""
STEP = 4
"""Every so many pixels of the flow are looked at, each way."""
STILL_PIXELS = 0.5
"""Pixels a frame below which flow is noise."""


class RushPixels:
    """inside: (ROWS, COLUMNS), the map's cells that count. One camera, one thread."""

    def __init__(self, inside: NDArray[np.bool_], bodies: BodyLine) -> None:
        self._inside = inside
        self._bodies = bodies
        self._people = np.full((ROWS, COLUMNS), -np.inf)
        self._vehicles = np.full((ROWS, COLUMNS), -np.inf)

    def learn(self, view: View, people: list[Figure], vehicles: list[Figure]) -> None:
        """Where people walk and where vehicles drive."""
        for figure in people:
            self._people[_under(figure)] = view.t
        for figure in vehicles:
            self._vehicles[_under(figure)] = view.t

    def commotion(self, view: View, pace: float, slow: float) -> Commotion | None:
        """In bodies/s. None where it cannot be told: no flow, nobody seen so far, or the camera moves."""
        if view.picture is None or not self._bodies.known:
            return None
        flow = view.picture.flow(WIDE)
        if flow is None:
            return None
        field = flow.field[STEP // 2 :: STEP, STEP // 2 :: STEP].astype(np.float64)
        height, width = flow.field.shape[:2]
        far = np.hypot(field[..., 0], field[..., 1])
        if float((far > STILL_PIXELS).mean()) > ALL_MOVES:
            self._people[:] = -np.inf
            return None
        rows = (np.arange(field.shape[0]) * STEP + STEP // 2 + 0.5) / height
        columns = (np.arange(field.shape[1]) * STEP + STEP // 2 + 0.5) / width
        # The pixel is somewhere on the body, on the mean half of it above the foot.
        body = self._bodies.height(rows + self._bodies.height(rows) / 2)
        land = self._land(view.t)[np.ix_(_cell(rows, ROWS), _cell(columns, COLUMNS))]
        chosen = (body >= SMALLEST)[:, None] & land & (far > STILL_PIXELS)
        tall = np.broadcast_to(body[:, None], chosen.shape)[chosen]
        velocities = field[chosen] / (height * flow.dt)
        velocities[:, 1] *= self._bodies.stretch(tall)
        places = np.stack(np.meshgrid(columns * view.aspect, rows), axis=-1)[chosen]
        weights = STEP * STEP / (BODY_AREA * (tall * height) ** 2)
        movers = Movers(weights, np.hypot(*velocities.T) / tall, velocities, places, tall)
        return commotion(movers, pace, slow)

    def _land(self, t: float) -> NDArray[np.bool_]:
        """(ROWS, COLUMNS): people were there lately, and no vehicle."""
        walked, driven = t - self._people <= LATELY_S, t - self._vehicles <= LATELY_S
        return np.asarray(_grown(walked) & ~driven & self._inside, np.bool_)


def _grown(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the neighbours of each cell."""
    wide = np.pad(cells, 1)
    down = wide[:-2] | wide[1:-1] | wide[2:]
    return np.asarray(down[:, :-2] | down[:, 1:-1] | down[:, 2:], np.bool_)


def _under(figure: Figure) -> tuple[slice, slice]:
    """The map's cells that a figure's box covers."""
    x1, y1, x2, y2 = figure.box
    if x1 < 0.0 or y1 < 0.0 or x2 > 1.0 or y2 > 1.0:
        (x1, y1), (x2, y2) = in_frame((x1, y1)), in_frame((x2, y2))
    top, left, bottom, right = int(y1 * ROWS), int(x1 * COLUMNS), ceil(y2 * ROWS), ceil(x2 * COLUMNS)
    return slice(top, bottom if bottom > top else top + 1), slice(left, right if right > left else left + 1)


def _cell(shares: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    return np.asarray(np.minimum(shares * count, count - 1), np.intp)
