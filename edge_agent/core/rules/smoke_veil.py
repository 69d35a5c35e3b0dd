"""Smoke: a pale or dark veil that never stands still and takes the detail from what lies behind it.

Per cell of a small picture (Toreyin et al. 2005, "Wavelet based real-time smoke detection in video", whose wavelet
energy is here the mean gradient): the cell's brightness drifts at nearly every look; there is less detail in it than
there usually is at this place; its brightness varies more over a second than its detail would make it if things moved
through it; and it is grey. People and vehicles bring detail of their own, and pass. A lamp or a cloud takes no detail.
What changes from look to look is as soft as smoke is itself: leaves, rain and noise change from pixel to pixel.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from math import exp

import numpy as np

from edge_agent.core.picture import SMALL, Picture, gap
from edge_agent.core.quantiles import median
from edge_agent.core.rules.cells import Grid, Mask, Steady, cell_sums, neighbourhood
from edge_agent.core.rules.levels import FULL, Levels
from edge_agent.core.rules.smoke_lasting import LastingMemory
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.types import Image

CELL = 4
FAST_S, SLOW_S = 1.2, 20.0
"""What is so now, and what is usual at this place."""
DRIFT = 2.0
"""Grey levels between two looks, beyond what the whole picture shares (a lamp, the exposure)."""
BUSY = 0.5
"""Share of looks at which a cell and its neighbours drift."""
SOFT = 0.6
"""Standard deviation of the cell's brightness over FAST_S against its mean gradient."""
GREY = 45.0
"""Largest against smallest of the three colours, at most (0..255): forests and brick walls have more."""
STEADY_S, STEADY = 3.15, 0.8
SOON_S, GROWS_S = 2.15, 1.0
"""Smoke that still spreads is known sooner: as long as no less of the picture is veiled than GROWS_S ago, nor was then
than GROWS_S before. The blotches of fog come and go."""
CUT, CUT_SHARE = 12.0, 0.6
"""Another shot: so many grey levels in so much of the picture, between two looks."""
LIGHT, DARK = 2.0, 5.0
"""The light is taken out up to this factor; grey levels below which a factor means little."""
ALIKE, AGREE = 0.06, 0.5
"""A row has a light of its own where AGREE of its cells are within ALIKE of one factor; a lorry across it has not."""
WHITE = 235.0
"""Blown-out cells keep their level whatever the light does: they do not drift."""
PASSING = 0.3
"""Detail that is more than the usual counts as this share of it, at most: the outline of an insect that walks over the
lens is much, and makes the road look veiled that it leaves behind."""
NOISE = 1.0
"""Mean gradient of a picture's noise, so that empty sky and black night are not said to have lost their detail."""
ROUGHEST = 0.8
"""Mean gradient of the change between two looks against its mean size: smoke has 0.4 to 0.7, leaves and noise 0.9."""
NOTHING = 1e-18
"""The share of looks at which a cell drifts dwindles by a sixth a look where it never does any more. After 100 s it
would be too small for a number's usual form, and many processors take a hundred times as long for those."""
SHADE = 0.9
"""Smoke leaves less detail than brightness, by this factor at least: where a cloud's shadow falls, or a lamp goes out,
both become less by the same. Real smoke, black one too, has 0.35 to 0.85."""
FAINT = 2.0
"""Grey levels of change that say nothing of how rough it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """What one look showed, per cell.

    smoky: has been veiled for STEADY_S, or, while it spreads, for SOON_S. since: from when. remaining: detail against
    the usual one (1: as much). cut: another shot begins here. moving: share of the picture that drifts. lasting: has
    drifted for long, veiled or not; lasts: from when (see smoke_lasting).
    """

    smoky: Mask
    since: float
    lasting: Mask
    lasts: float
    remaining: Grid
    cut: bool
    moving: float


class VeilMemory:
    """One camera; looks in order. veil: remaining detail at which a cell counts as veiled. Some 150 kB, and what
    `lasting` keeps."""

    def __init__(self, veil: float) -> None:
        self._veil = veil
        self._steady, self._soon = Steady(STEADY_S, STEADY), Steady(SOON_S, STEADY)
        self.lasting = LastingMemory(CELL)
        self._areas: deque[tuple[float, int]] = deque()
        self._luma: Grid | None = None
        self._greys: deque[tuple[float, Image]] = deque()
        self._fast = np.zeros((5, 0, 0), np.float32)
        self._slow = np.zeros((0, 0), np.float32)
        self._bright = np.zeros((0, 0), np.float32)
        self._seen_s: Grid | None = None
        """For how long each cell was seen with nobody before it; None at the first look."""
        self._t = 0.0
        self._began = 0.0
        self._contrast = 1.0

    def look(self, picture: Picture, t: float, hidden: Mask | None, fresh: bool, levels: Levels = FULL) -> Veil:
        """hidden: cells not to be judged. fresh: what was known no longer holds (the stream had a gap)."""
        luma, texture, chroma = _planes(picture)
        contrast, grey = levels.contrast, picture.grey(SMALL)
        self._contrast = contrast
        known = not fresh and bool(self._greys) and self._greys[-1][1].shape == grey.shape
        white = luma > WHITE
        if known:
            light = _light(luma, self._fast[0])
            luma, texture = luma / light, texture / light
        moved = luma - self._luma if known and self._luma is not None else np.zeros_like(luma)
        drift = np.abs(moved - median(moved))
        cut = bool(np.count_nonzero(drift > CUT) > CUT_SHARE * drift.size)
        drifts = drift > DRIFT * contrast
        drifts[white] = False
        stack = np.empty((5, *luma.shape), np.float32)
        for plane, values in zip(stack, (luma, luma * luma, texture, chroma, drifts), strict=True):
            plane[:] = values
        if not known or cut:
            stack[4] = 0.0
            self._fast, self._slow, self._bright, self._began = stack, texture, luma, t
            self._seen_s = None
            for kept in (self._steady, self._soon, self._areas, self._greys, self.lasting):
                kept.clear()
        else:
            stack -= self._fast
            stack *= self._weight(t, FAST_S)
            self._fast += stack
            self._fast[4][self._fast[4] < NOTHING] = 0.0
            self._learn(luma, texture, hidden, t - self._t)
        self._luma, self._t = luma, t
        self._greys.append((t, grey))
        while exceeded(t - self._greys[0][0], FAST_S):
            self._greys.popleft()
        drifting, remaining, swing = self._drifting()
        if hidden is not None:
            drifting &= ~hidden
        veiled = drifting & (remaining <= self._veil)
        smoky, soon = self._steady.add(t, veiled), self._soon.add(t, veiled)
        since = self._steady.since if smoky.any() else self._soon.since
        if self._spreads(t, int(np.count_nonzero(veiled))):
            smoky |= soon
        lasting = self.lasting.add(t, drifting, grey, np.stack((self._fast[0], swing)))
        moving = float(np.count_nonzero(self._fast[4] > BUSY) / drift.size)
        return Veil(smoky, since, lasting, self.lasting.since, remaining, cut or not known, moving)

    def _learn(self, luma: Grid, texture: Grid, hidden: Mask | None, dt: float) -> None:
        """What is usual at each cell: a mean while it was seldom seen, an exponential one after. Who stands before it
        has detail of his own, which is not the place's. Nobody is known at the first look: it counts where nobody is at
        the next."""
        there = np.full(luma.shape, dt, np.float32)
        if hidden is not None:
            there[hidden] = 0.0
        self._seen_s = (there if self._seen_s is None else self._seen_s) + there
        share = there / np.maximum(self._seen_s, np.float32(1e-3))
        weight = np.maximum(share, np.float32(1.0 - exp(-dt / SLOW_S)) * (there > 0))
        more = np.minimum(texture - self._slow, PASSING * (self._slow + NOISE * self._contrast))
        self._slow = self._slow + weight * more
        self._bright = self._bright + weight * (luma - self._bright)

    def _spreads(self, t: float, area: int) -> bool:
        """Whether what is veiled, so many cells, has not become less: see GROWS_S."""
        areas = self._areas
        areas.append((t, area))
        while len(areas) > 2 and reached(t - areas[1][0], 2 * GROWS_S):
            areas.popleft()
        if not reached(t - areas[0][0], 2 * GROWS_S):
            return False
        between = next(cells for then, cells in reversed(areas) if reached(t - then, GROWS_S))
        return areas[0][1] <= between <= area

    def light(self, cells: Mask) -> float:
        """How bright these cells are against what is usual there (1: as bright)."""
        return float(((self._fast[0][cells] + DARK) / (self._bright[cells] + DARK)).mean())

    def roughness(self, cells: Mask) -> float:
        """Of the changes between the looks of the last FAST_S in these cells (median); 0 where there was only one."""
        pixels = np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)
        high, wide = pixels.shape
        found = []
        for (_, before), (_, now) in pairwise(self._greys):
            change = now[:high, :wide].astype(np.float32) - before[:high, :wide]
            change -= median(change)
            across = np.abs(change[:, 1:] - change[:, :-1])[pixels[:, 1:] & pixels[:, :-1]]
            down = np.abs(change[1:] - change[:-1])[pixels[1:] & pixels[:-1]]
            found.append((across.mean() + down.mean()) / (np.abs(change[pixels]).mean() + FAINT))
        return float(np.median(found)) if found else 0.0

    def _weight(self, t: float, span_s: float) -> np.float32:
        """Of the newest look: a plain mean while young, an exponential one after."""
        dt = t - self._t
        return np.float32(max(1.0 - exp(-dt / span_s), dt / max(t - self._began + dt, dt)))

    def _drifting(self) -> tuple[Mask, Grid, Grid]:
        """Where it drifts as smoke does; the detail that is left against the usual one; how much the brightness varies
        over a second."""
        luma, square, texture, chroma, busy = self._fast
        swing = np.sqrt(np.maximum(square - luma * luma, 0.0))
        busy, swing, texture, usual = neighbourhood(np.stack((busy, swing, texture, self._slow)))
        noise, grey = np.float32(NOISE * self._contrast), GREY * self._contrast
        remaining = (texture + noise) / (usual + noise)
        drifting = (busy >= BUSY) & (swing >= SOFT * (texture + 4 * noise)) & (chroma <= grey)
        return np.asarray(drifting, np.bool_), np.asarray(remaining, np.float32), np.asarray(swing, np.float32)


def _light(luma: Grid, usual: Grid) -> Grid:
    """(rows, 1): by which factor each row is brighter than usual. Discharge lamps beat against the shutter, and a
    rolling one shows that as bands across the picture, which wander: neither drifts, and neither hides anything."""
    share = (luma + DARK) / (usual + DARK)
    gain = np.partition(share, share.shape[1] // 2, axis=1)[:, share.shape[1] // 2]
    near = np.abs(share - gain[:, None]) < ALIKE * gain[:, None]
    alone = near.sum(axis=1, dtype=np.uint16) < AGREE * share.shape[1]
    if alone.any():
        gain[alone] = median(share)
    return np.asarray(np.minimum(np.maximum(gain, 1 / LIGHT), LIGHT)[:, None], np.float32)


def _planes(picture: Picture) -> Grid:
    """Brightness, mean absolute gradient and colour (largest less smallest channel) of each cell, 0..255. In whole
    numbers, which are exact and quick."""
    grey, (blue, green, red) = picture.grey(SMALL), picture.planes(SMALL)
    planes = np.empty((3, *grey.shape), np.uint16)
    planes[0] = grey
    texture = planes[1]
    texture[:, :-1], texture[:, -1] = gap(grey[:, 1:], grey[:, :-1]), 0
    texture[:-1] += gap(grey[1:], grey[:-1])
    planes[2] = np.maximum(np.maximum(blue, green), red) - np.minimum(np.minimum(blue, green), red)
    return np.asarray(cell_sums(planes, CELL) / np.float32(CELL * CELL), np.float32)
