"""How fast figures walk: from their feet over the last second, in m/s where the camera is calibrated, else in body
heights a second."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from statistics import median
from typing import Literal

from msgspec import Struct

from edge_agent.core.calibration import Ground
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Point

Unit = Literal["m/s", "bodies/s"]

WINDOW_S = 1.0
"""A second averages out the trembling of a box: 4% of the body height at 5 frames a second leaves 0.06 bodies/s."""
LEAST_S = 0.35
"""A walk that is known for less has no speed yet."""
MOST_LOOKS = 64
"""Of a walk that are kept: a second of a fast camera."""
BODY_M = 1.7
"""Height of a person, metres."""


@dataclass(frozen=True, slots=True)
class Pace:
    """speed: in the unit of the Pacer. velocity: of the foot in level coordinates, frame heights a second, x right and
    y down. at: the foot now, level coordinates. height: of the body, frame heights."""

    speed: float
    velocity: Point
    at: Point
    height: float


class _Look(Struct, frozen=True, gc=False):
    t: float
    at: Point
    metres: Point | None
    height: float


class Pacer:
    """One per rule; `step` at every frame. Memory: the figures of the last WINDOW_S."""

    def __init__(self, ground: Ground | None = None) -> None:
        self._ground = ground
        self._walks: dict[FigureId, deque[_Look]] = {}

    @property
    def unit(self) -> Unit:
        return "m/s" if self._ground is not None else "bodies/s"

    def step(self, view: View, figures: tuple[Figure, ...]) -> Mapping[FigureId, Pace]:
        """The pace of each of `figures` that has been seen for LEAST_S. One that is calibrated and walks above the
        horizon has none."""
        for figure in figures:
            metres = self._ground.metres(figure.foot) if self._ground is not None else None
            walk = self._walks.get(figure.id)
            if walk is None:
                walk = self._walks[figure.id] = deque(maxlen=MOST_LOOKS)
            if not walk or view.t > walk[-1].t:
                walk.append(_Look(view.t, figure.at, metres, figure.height))
        for name in list(self._walks):
            walk = self._walks[name]
            while walk and exceeded(view.t - walk[0].t, WINDOW_S):
                walk.popleft()
            if not walk:
                del self._walks[name]
        paces = ((figure.id, self._pace(self._walks[figure.id])) for figure in figures)
        return {name: pace for name, pace in paces if pace is not None}

    def _pace(self, walk: deque[_Look]) -> Pace | None:
        if len(walk) < 2 or not reached(walk[-1].t - walk[0].t, LEAST_S):
            return None
        times = [look.t - walk[0].t for look in walk]
        velocity = _slope(times, [look.at for look in walk])
        height = median(look.height for look in walk)
        if self._ground is None:
            speed = hypot(*velocity) / height if height > 0 else None
        else:
            metres = [look.metres for look in walk if look.metres is not None]
            speed = hypot(*_slope(times, metres)) if len(metres) == len(walk) else None
        return None if speed is None else Pace(speed, velocity, walk[-1].at, height)


def _slope(times: list[float], points: list[Point]) -> Point:
    """Units a second, by least squares; plain sums, since a handful of looks is less than what an array costs."""
    middle = sum(times) / len(times)
    spread = along = down = 0.0
    for t, (x, y) in zip(times, points, strict=True):
        off = t - middle
        spread += off**2
        along += off * x
        down += off * y
    return along / spread, down / spread
