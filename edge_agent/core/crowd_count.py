"""How many people are in a zone, with the interval that the true number lies in: people detected one by one, and beyond
that the texture of a dense crowd.

A detector sees at most some dozens of a dense crowd, often none; the texture knows nothing of a few people. So the
texture counts only where it is unmistakable: far more heads than anything but a crowd has shown, for some seconds, at a
place where somebody was detected lately.
"""

from collections import deque
from dataclasses import dataclass
from math import erf, log, sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.crowd_density import Density
from edge_agent.core.crowd_texture import CELL
from edge_agent.core.geometry import inside
from edge_agent.core.picture import WIDE
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.types import Point

EVERY_S = 1.0
RECENT_S = 6.5
LEAST_LOOKS = 3
"""The texture is looked at every second; the median of the looks of the last RECENT_S counts, from LEAST_LOOKS on."""
DENSE_FROM, DENSE_UNTIL = 180.0, 130.0
"""Heads in the zone from which texture is a dense crowd, and below which it is none any more."""
SEEN, SEEN_S = 2, 30.0
"""So many people must have been detected at once within this time: leaves and gravel have texture too."""
UNSURE_FROM, UNSURE = 75.0, 6.0
"""Texture from here on may be a crowd that is not recognised as one: they may then be UNSURE times as many as it
says."""
DETECTED = (0.8, 2.0)
"""The true number of people, as shares of those detected one by one: some are mistaken, more are hidden. Chosen so that
the interval holds for four fifths of the 25 stills with head points, on which it is measured."""
BEYOND = 30.0
"""Where more than this many are detected, they hide each other: the interval is as wide as for the texture."""


@dataclass(frozen=True, slots=True)
class Count:
    """heads: the best estimate, and the interval low..high around it (80% of held-out pictures of dense crowds). dense:
    it comes from the texture."""

    heads: float
    low: float
    high: float
    dense: bool = False

    def at_least(self, number: float) -> float:
        """The probability that they are `number` or more, the error taken as log-normal with the interval as its
        80%."""
        if self.heads <= 0 or number <= 0:
            return 0.0 if number > 0 else 1.0
        side = self.high / self.heads if number > self.heads else self.heads / max(self.low, 1e-9)
        if side <= 1:
            return 1.0 if self.heads >= number else 0.0
        return 0.5 * (1 + erf(log(self.heads / number) / (log(side) / 1.2816) / sqrt(2)))


def count_of(present: int, heads: float | None, factor: float, dense: bool) -> Count:
    """present: people detected one by one. heads: by the texture, None where it cannot tell. dense: whether the texture
    is believed; factor: of its interval."""
    if dense and heads is not None and heads > present:
        return Count(heads, max(heads / factor, float(present)), heads * factor, dense=True)
    low, high = DETECTED
    most = (max(high, factor) if present > BEYOND else high) * present
    if heads is not None and heads >= UNSURE_FROM and present > 0:
        most = max(most, UNSURE * heads)
    return Count(float(present), low * present, most)


class CrowdCounter:
    """polygon: of the zone. density: None where there is no such network; then only detected people count."""

    def __init__(self, polygon: tuple[Point, ...], density: Density | None) -> None:
        self._polygon = polygon
        self._density = density
        self._looks: deque[tuple[float, float]] = deque()
        self._looked = float("-inf")
        self._seen = float("-inf")
        self._dense = False
        self._inside: NDArray[np.bool_] = np.zeros((0, 0), bool)

    def step(self, view: View, present: int, anywhere: int) -> Count:
        """present: people detected in the zone; anywhere: in the whole picture."""
        if anywhere >= SEEN:
            self._seen = view.t
        heads = self._texture(view)
        enough = heads is not None and heads >= (DENSE_UNTIL if self._dense else DENSE_FROM)
        self._dense = enough and not exceeded(view.t - self._seen, SEEN_S)
        return count_of(present, heads, self._density.factor if self._density is not None else 1.0, self._dense)

    def _texture(self, view: View) -> float | None:
        """Heads in the zone, the median of the last seconds; None while there are too few looks."""
        if self._density is None:
            return None
        if view.picture is not None and reached(view.t - self._looked, EVERY_S):
            self._looked = view.t
            cells = self._density.heads(view.picture.grey(WIDE), view.picture.colour(WIDE))
            self._looks.append((view.t, float(cells[self._mask(cells.shape, view.picture.grey(WIDE).shape)].sum())))
        while self._looks and exceeded(view.t - self._looks[0][0], RECENT_S):
            self._looks.popleft()
        return median(heads for _, heads in self._looks) if len(self._looks) >= LEAST_LOOKS else None

    def _mask(self, shape: tuple[int, ...], size: tuple[int, ...]) -> NDArray[np.bool_]:
        """The cells whose middle is in the zone; made anew when the picture's size changes."""
        if self._inside.shape != shape:
            rows, columns = shape
            middles = [
                [
                    inside(self._polygon, ((c + 0.5) * CELL / size[1], (r + 0.5) * CELL / size[0]))
                    for c in range(columns)
                ]
                for r in range(rows)
            ]
            self._inside = np.array(middles, bool).reshape(shape)
        return self._inside
