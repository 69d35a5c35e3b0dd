"""Smoke whose begin nobody saw, or that has nothing to hide: it has drifted in its place for long.

A camera that starts on a burning house knows the house only behind its smoke, and a bare wall or a road has no detail
to lose. So nothing is asked about detail (see smoke_veil), but for LONG_S the place drifts, and over all that time

- the change is soft, as smoke is itself;
- it never pauses: who pass, headlights and a failing lamp come and go;
- each part changes on its own: a lamp's glow and the edge of a shadow change all of a place as one;
- it does not come back to what it was: cloth, waves and the shadows of leaves sway about a mean.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_agent.core.quantiles import median, quantile
from edge_agent.core.rules.cells import Grid, Mask, Steady, cell_sums
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.types import Image

LONG_S, STEADY = 8.0, 0.8
SOFT = 0.65
"""Mean gradient of the change between two looks against its mean size, median over LONG_S, at most: smoke 0.4 to 0.75,
leaves' shadows and people who stir from 0.66 on, traffic from 0.75 on."""
FAINT = 2.0
"""Grey levels of change that say nothing of how rough it is."""
PAUSE = 0.7
"""Size of the change that four of five looks exceed, against the median, at least: smoke 0.65 to 0.95, lamps that fail
0.1 to 0.5, police lights 0.5 to 0.7."""
AS_ONE = 0.35
"""Share of all change that one pattern explains, which only grows and shrinks, at most (first principal component of
the cells' brightness): smoke 0.15 to 0.4, a flag that one gust moves 0.35 to 0.45, lamps, headlights and shadows from
0.4 on."""
ANOTHER = 0.5
"""By how much the cells' mean brightness differs between the halves of LONG_S, against how it varies over a second, at
least: real smoke 0.45 to 2, cloth and waves 0.01 to 0.45."""
LARGER = 2.0
"""Times the area that is asked for: what has smoked for so long has spread, an insect on the lens or a flag has not."""
SELDOM_S = 0.3
"""Between two looks on average, at most: over longer the shadows of clouds, too, change each part on its own."""


@dataclass(slots=True, eq=False)
class _Look:
    """grey: of SMALL. cells: (2, rows, cols), mean brightness over a second or so, and how it varies. changed: (2,
    rows, cols), gradient and size of the change since the look before, sums of each cell; None until asked for."""

    t: float
    grey: Image
    cells: Grid
    changed: Grid | None = None


class LastingMemory:
    """One camera; looks in order. side: pixels of a cell. Keeps the looks of LONG_S, about 1 MB."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._steady = Steady(LONG_S, STEADY)
        self._looks: deque[_Look] = deque()

    def clear(self) -> None:
        self._steady.clear()
        self._looks.clear()

    def add(self, t: float, drifts: Mask, grey: Image, cells: Grid) -> Mask:
        """The cells that have drifted for LONG_S. Keeps what it is given (see _Look)."""
        self._looks.append(_Look(t, grey, cells))
        while len(self._looks) > 2 and reached(t - self._looks[1].t, LONG_S):
            self._looks.popleft()
        return self._steady.add(t, drifts)

    @property
    def since(self) -> float:
        return self._steady.since

    def smokes(self, where: Mask) -> bool:
        """Whether what has drifted in these cells for LONG_S changes as smoke does."""
        if exceeded(self._looks[-1].t - self._looks[0].t, SELDOM_S * (len(self._looks) - 1)):
            return False
        pixels = np.count_nonzero(where) * self._side**2
        changes = [self._changed(before, now)[:, where].sum(axis=1) for before, now in pairwise(self._looks)]
        gradients, sizes = np.array(changes, np.float64).T / pixels
        if median(gradients / (sizes + FAINT)) > SOFT or quantile(sizes, 0.2) < PAUSE * median(sizes):
            return False
        luma = np.array([look.cells[0][where] - median(look.cells[0]) for look in self._looks], np.float64)
        swing = np.mean([look.cells[1][where] for look in self._looks])
        half = len(luma) // 2
        apart = np.sqrt(np.mean((luma[:half].mean(axis=0) - luma[half:].mean(axis=0)) ** 2))
        if apart < ANOTHER * swing:
            return False
        steps = np.diff(luma, axis=0)
        shared = steps @ steps.T
        return bool(np.linalg.eigvalsh(shared)[-1] <= AS_ONE * np.trace(shared))

    def _changed(self, before: _Look, now: _Look) -> Grid:
        if now.changed is None:
            change = now.grey.astype(np.int16) - before.grey
            change -= np.int16(median(change.astype(np.float32)))
            planes = np.zeros((2, *change.shape), np.uint16)
            planes[0, :, :-1] = np.abs(change[:, 1:] - change[:, :-1])
            planes[0, :-1] += np.abs(change[1:] - change[:-1]).astype(np.uint16)
            planes[1] = np.abs(change)
            now.changed = cell_sums(planes, self._side).astype(np.float32)
        return now.changed
