"""How many people are in a zone, with the interval that the true number lies in: people detected one by one, and beside
them whom the detector's maps show where it detected nobody.

A detector sees some dozens of a crowd at most, and those in front; the maps tell heads apart that are too small or
hidden for it, and take the clothes of people who stand near for more heads, and so count only outside of their boxes.
Of a few heads there the maps know little: between FEW and MANY of them their share grows from none to all, without a
jump. Where people walk with room between them the maps see several heads in each whom the detector missed; but there
it tells people apart. So heads count as they are only where they stand closer than it can: several within the box of
one person. The maps are believed only for some seconds together, and where somebody was detected lately.
"""

from collections import deque
from dataclasses import dataclass
from math import erf, log, sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.crowd_density import Beside, Density, beside, middles, size_of
from edge_agent.core.geometry import inside
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.types import PERSON, Box, FeatureMap, Point

EVERY_S = 1.0
RECENT_S, OLDEST_S = 6.5, 30.0
LEAST_LOOKS = 3
"""The maps are looked at every second; the median of the looks of the last RECENT_S counts, or of the last LEAST_LOOKS
where the camera is looked at more rarely, as long as they are no older than OLDEST_S."""
FEW, MANY = 10.0, 40.0
"""Heads by the maps where nobody was detected: up to so many none of them count, and from so many on all do."""
LOOSE, CLOSE = 1.5, 3.0
"""Heads by the maps within the box of a person: up to so many they say only that some were missed, and from so many on
they are a crowd."""
MISSED = 0.5
"""Of those detected, so many more at most where the maps show many, but not close together: true numbers lie between
one and two times as many."""
SEEN, SEEN_S = 2, 30.0
"""So many people must have been detected at once within this time: leaves and gravel can look like heads too."""
DETECTED = (0.8, 2.0)
"""The true number of people, as shares of those detected one by one: some are mistaken, more are hidden, up to as many
as the maps show."""
ALONE = 3.0
"""The upper share where nothing is known by the maps."""
FACTOR = 2.2
"""The true number lies within estimate / FACTOR .. estimate * FACTOR where the maps count, in four fifths of the
pictures: conformal prediction over those whose source the networks had not seen (benchmarks.crowd_count)."""


@dataclass(frozen=True, slots=True)
class Count:
    """heads: the best estimate, and the interval low..high around it (80% of held-out pictures). dense: it comes rather
    from the maps."""

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


def grown(value: float, none: float, every: float) -> float:
    """From 0 at `none` to 1 at `every` and beyond, evenly in the logarithm."""
    return min(max(log(max(value, none) / none) / log(every / none), 0.0), 1.0)


def count_of(present: int, beside: Beside | None, seen: bool, factor: float = FACTOR) -> Count:
    """present: people detected one by one. beside: what the maps show where nobody was detected, None where they cannot
    tell. seen: whether somebody was detected lately, without which the maps only raise the upper end. factor: of the
    interval where the maps count."""
    low, high = DETECTED
    if beside is None:
        return Count(float(present), low * present, ALONE * present)
    share, close = grown(beside.heads, FEW, MANY), grown(beside.crowding, LOOSE, CLOSE)
    every = present + beside.heads
    crowd = share * close
    most = max(high * present, every * (1 + crowd * (factor - 1)))
    if not seen:
        return Count(float(present), low * present, most)
    # Who is detected is there: the maps never take from that.
    least = (1 - crowd) * low * present + crowd * max(every / factor, float(present))
    missed = close * beside.heads + (1 - close) * min(beside.heads, MISSED * present)
    return Count(present + share * missed, least, most, dense=crowd >= 0.5)


class CrowdCounter:
    """polygon: of the zone. density: None where there is no such network; then only detected people count."""

    def __init__(self, polygon: tuple[Point, ...], density: Density | None) -> None:
        self._polygon = polygon
        self._density = density
        self._looks: deque[tuple[float, Beside]] = deque()
        self._several: list[Box] = []
        """The people of the last picture in which several were detected."""
        self._looked = float("-inf")
        self._seen = float("-inf")
        self._place: tuple[float, ...] = ()
        self._inside: NDArray[np.bool_] = np.zeros((0, 0), bool)

    @property
    def needs_features(self) -> bool:
        return self._density is not None

    def step(self, view: View, present: int, anywhere: int) -> Count:
        """present: people detected in the zone; anywhere: in the whole picture."""
        if anywhere >= SEEN:
            self._seen = view.t
        return count_of(present, self._beside(view), not exceeded(view.t - self._seen, SEEN_S))

    def _beside(self, view: View) -> Beside | None:
        """What the maps show in the zone where nobody was detected, the median of the last seconds; None while there
        are too few looks."""
        if self._density is None:
            return None
        people = [figure.box for figure in view.figures if figure.cls == PERSON]
        if len(people) >= SEEN:
            self._several = people
        if view.features is not None and reached(view.t - self._looked, EVERY_S):
            self._looked = view.t
            cells = self._density.heads(view.features)
            if cells is not None:
                size = size_of(self._several) if self._several else None
                shown = beside(cells, view.features, people, size, self._mask(view.features))
                self._looks.append((view.t, shown))
        while self._looks and self._old(view.t - self._looks[0][0]):
            self._looks.popleft()
        if len(self._looks) < LEAST_LOOKS:
            return None
        looks = [shown for _, shown in self._looks]
        return Beside(median(shown.heads for shown in looks), median(shown.crowding for shown in looks))

    def _old(self, age: float) -> bool:
        return exceeded(age, OLDEST_S) or (exceeded(age, RECENT_S) and len(self._looks) > LEAST_LOOKS)

    def _mask(self, maps: FeatureMap) -> NDArray[np.bool_]:
        """The cells of the fine map whose middle is in the zone; made anew when the maps lie otherwise."""
        rows, columns = maps.fine.shape[1:]
        place = (rows, columns, maps.left, maps.top, maps.width, maps.height)
        if self._place != place:
            x, y = (part.tolist() for part in middles(maps))
            self._place = place
            self._inside = np.array([[inside(self._polygon, (u, v)) for u in x] for v in y])
        return self._inside
