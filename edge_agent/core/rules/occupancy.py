"""Who is in a zone, since when."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.core.timing import LOOK_S, exceeded
from edge_agent.core.tracks import FORGET_S, Figure, FigureId, View
from edge_agent.core.types import Point


@dataclass(slots=True)
class Stay:
    """One visit of one figure: from `entered` to `last`, the latest time its foot was in the zone."""

    figure: Figure
    entered: float
    last: float

    @property
    def dwell_s(self) -> float:
        return self.last - self.entered


class Occupancy:
    """polygon: unit coordinates. gap_s: a figure that is out of sight or out of the zone for no longer than this has
    stayed.

    A figure is in the zone when its foot, limited to the frame, is inside the polygon or on its boundary. Two
    successive looks at most LOOK_S apart are continuous whatever gap_s says, so a slow host does not restart every
    clock.
    """

    def __init__(self, polygon: tuple[Point, ...], gap_s: float) -> None:
        self._polygon = polygon
        self._gap_s = gap_s
        self._stays: dict[FigureId, Stay] = {}
        self._looked = float("-inf")

    def step(self, figures: Sequence[Figure], view: View) -> list[Stay]:
        """The stays of those of `figures` who are in the zone now."""
        t = view.t
        present = [self._stay(figure, t) for figure in view.there(figures, self._polygon)]
        self._looked = t
        if len(self._stays) > len(present):
            keep = max(self._gap_s, FORGET_S)
            self._stays = {name: stay for name, stay in self._stays.items() if not exceeded(t - stay.last, keep)}
        return present

    def _stay(self, figure: Figure, t: float) -> Stay:
        stay = self._stays.get(figure.id)
        if stay is None or not self._continues(stay, t):
            stay = self._stays[figure.id] = Stay(figure, t, t)
        stay.figure, stay.last = figure, t
        return stay

    def _continues(self, stay: Stay, t: float) -> bool:
        gap = t - stay.last
        return not exceeded(gap, self._gap_s) or (stay.last == self._looked and not exceeded(gap, LOOK_S))
