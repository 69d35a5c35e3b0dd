"""Flames: something glowing from yellow to red that changes its shape at every look and stays where it is.

Colour after Celik and Demirel 2009 ("Fire detection in video sequences using a generic color model"): red above green
above blue, red strong. A lamp, a vest or a lorry has one of these colours too, but keeps its shape; headlights keep
theirs and pass; a moving camera changes the surroundings as much as the bright spot.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.look import CELL as PATCH
from edge_agent.core.look import cells as tiled
from edge_agent.core.patches import likeness, patches
from edge_agent.core.picture import SMALL, WIDE, Picture
from edge_agent.core.quantiles import quantile
from edge_agent.core.rules.cells import Grid, Mask, Steady, cell_sums, regions, spread
from edge_agent.core.rules.levels import FULL, Levels
from edge_agent.core.types import Image

Counts = NDArray[np.intp]

CELL = 8
RED = 200
"""Least red of a glowing pixel, 0..255."""
REDDER, SATURATION = 10, 0.3
"""It has so much more red than green, and blue is so much less than red, as a share of red. Many cameras show colours
paler than they are, or what is bright nearly white."""
WARM, WARMER = 140, 4
"""For the small picture, in which a small flame is mixed with what is beside it: so much red, and WARMER times what it
has more than blue is all of it."""
PRESENT = 0.03
"""Share of a cell's pixels that glow where it counts."""
STEADY_S, STEADY = 1.35, 0.75
CHANGED = 15
"""Grey levels between two looks from which a pixel has changed."""
STILL_AROUND = 0.3
"""Share of the surroundings that changes, against that of the flame, at most."""
GRADATION = 15.0
"""Standard deviation of green within the flame, from red to yellow; paint and cloth have one colour."""
LIVELY = 5.0
"""Grey levels by which the pixels change that glow at one of two looks only, at least: noise and coding turn those over
whose colour is just that of a flame, as of a warm coat, and change them by less (3; flames by 8 and more)."""
INNER = 2.5
"""And those that glow at both looks change by this much, at least: within flames everything moves. Sand in the sun
behind people who pass has another outline at each look, but is itself the same (1; flames by 4 and more)."""
AWAY, STRAIGHT = 0.5, 0.8
"""A flame stays. What glows is on its way where its middle has come so far (times the root of its pixels) and that is
more than such a share of all the way that it took from look to look: flames go to and fro."""
WILD = 0.7
"""Share of the outline that changes at most: more is something else at each look, as where a camera is carried past."""
RAGGED, SMALL_BODY = 0.25, 144
"""A flame is a body: of the sides of its pixels at most such a share is edge, of fewer pixels than these more, as their
root; sand, bricks and leaves that have just the colour are speckles."""
LEAST = 0.2
"""Share of its usual size that a flame never falls below: a lamp that blinks does."""
STRUCTURE, ALIKE, STOOD, JUDGED = 5.0, 0.5, 0.4, 8
"""A patch has structure from this standard deviation on, and still shows the same from this correlation on. Of those in
which nothing glows such a share must, where there are so many: else the camera has moved while flames were looked for,
and the glow of a candle or of the sun through leaves has changed its shape because it is another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Flame:
    """One place that burns. cells: where. since: from when it has been seen. area: share of the picture. flicker:
    share of the outline that is another one at the next look, displacement taken out (median). gradation: see
    GRADATION."""

    cells: Mask
    since: float
    area: float
    flicker: float
    gradation: float


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """glow, luma, green: (h, w). counts: (2, rows, cols), per cell the pixels that glow, and those of them that did at
    the look before, too."""

    t: float
    glow: Mask
    luma: Image
    green: Image
    counts: Counts


class FlameMemory:
    """One camera; looks in order. Keeps the looks of the last STEADY_S, about 1.5 MB.

    flicker, area: least values of a flame.
    """

    def __init__(self, flicker: float, area: float) -> None:
        self._flicker = flicker
        self._area = area
        self._steady = Steady(STEADY_S, STEADY)
        self._looks: deque[_Look] = deque()
        self._contrast = 1.0

    def clear(self) -> None:
        self._steady.clear()
        self._looks.clear()

    def look(self, picture: Picture, t: float, levels: Levels = FULL) -> list[Flame]:
        self._contrast = levels.contrast
        colour = picture.colour(WIDE)
        if self._looks and self._looks[-1].luma.shape != colour.shape[:2]:
            self.clear()
        places = glowing(picture, levels)
        if not len(places) and not any(look.counts[0].any() for look in self._looks):
            self.clear()
            return []
        height, width = colour.shape[:2]
        flat = np.zeros(height * width, np.bool_)
        flat[places] = True
        glow = flat.reshape(height, width)
        kept = places[self._looks[-1].glow.reshape(-1)[places]] if self._looks else places
        size = cell_counts(places, height, width)
        both = size if len(kept) == len(places) else cell_counts(kept, height, width)
        self._looks.append(_Look(t, glow, picture.grey(WIDE), colour[..., 1], np.stack((size, both))))
        steady = self._steady.add(t, np.asarray(size > PRESENT * CELL * CELL, np.bool_))
        while len(self._looks) > 2 and self._looks[0].t < self._steady.since:
            self._looks.popleft()
        if not steady.any() or len(self._looks) < 3:
            return []
        history = np.concatenate([look.counts for look in self._looks]).reshape(-1, 2, *size.shape)
        found = [self._judge(cells, glow.size, history) for cells in regions(steady, 1)]
        flames = [flame for flame in found if flame is not None]
        if flames and not _stood(self._looks[0], self._looks[-1]):
            self.clear()
            return []
        return flames

    def _judge(self, cells: Mask, size: int, history: Counts) -> Flame | None:
        """The flame in these cells, if it is one; the cheap questions first. size: pixels of the picture. history:
        (looks, 2, rows, cols), the counts of each look."""
        around = spread(cells)
        sizes, both = history[:, :, around].sum(axis=2, dtype=np.float64).T
        usual = median(sizes.tolist())
        if usual < self._area * size or quantile(sizes, 0.1) < LEAST * usual:
            return None
        either = sizes[1:] + sizes[:-1] - both[1:]
        if median((1.0 - both[1:] / np.maximum(either, 1)).tolist()) < self._flicker:
            return None
        rows, cols = np.flatnonzero(around.any(axis=1)), np.flatnonzero(around.any(axis=0))
        part = np.s_[rows[0] * CELL : (rows[-1] + 1) * CELL, cols[0] * CELL : (cols[-1] + 1) * CELL]
        inner = around[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        region = np.repeat(np.repeat(inner, CELL, axis=0), CELL, axis=1)
        shapes = np.stack([look.glow[part] for look in self._looks]) & region
        if median((edges(shapes) * np.minimum(sizes / SMALL_BODY, 1.0) ** 0.5).tolist()) > RAGGED:
            return None
        pairs = list(pairwise(shapes))
        flicker = median(min(changed(a, b), changed(a, b, align=True)) for a, b in pairs)
        if not self._flicker <= flicker <= WILD:
            return None
        greens = (look.green[part][s] for look, s in zip(self._looks, shapes, strict=True))
        gradation = median(float(green.std()) if green.size else 0.0 for green in greens)
        if gradation < GRADATION * self._contrast:
            return None
        if travels(shapes):
            return None
        alive, beside, turned, moved = self._alive(part, region, pairs)
        if turned < LIVELY * self._contrast or moved < INNER * self._contrast or beside > STILL_AROUND * alive:
            return None
        return Flame(cells, self._looks[0].t, usual / size, flicker, gradation)

    def _alive(
        self, part: tuple[slice, slice], region: Mask, pairs: list[tuple[Mask, Mask]]
    ) -> tuple[float, float, float, float]:
        """Medians over the looks: share of pixels that change between two of them, in the flame and around it, and by
        how many grey levels (median) those do that glow at one of the two only, and at both."""
        lumas = [look.luma[part].astype(np.int16) for look in self._looks]
        inside, outside, turned, inner = [], [], [], []
        for (a, b), (x, y) in zip(pairs, pairwise(lumas), strict=True):
            change, flame, other, both = np.abs(x - y), a | b, a ^ b, a & b
            moved = change > CHANGED * self._contrast
            beside = region & ~spread(spread(flame))
            inside.append(float(moved[flame].mean()) if flame.any() else 0.0)
            outside.append(float(moved[beside].mean()) if beside.any() else 0.0)
            turned.append(float(np.median(change[other])) if other.any() else 0.0)
            inner += [float(np.median(change[both]))] if both.any() else []
        return median(inside), median(outside), median(turned), median(inner or [INNER * self._contrast])


def _stood(before: _Look, now: _Look) -> bool:
    """Whether the view beside what glows is the same one, brighter or darker, at both looks."""
    first, last = (patches(_halved(look.luma)) for look in (before, now))
    lit = tiled(_halved(before.glow | now.glow)).any(axis=2)
    judged = (first.spread > STRUCTURE) & ~lit
    count = int(judged.sum())
    return count < JUDGED or int((likeness(first, last) > ALIKE)[judged].sum()) >= STOOD * count


def _halved(plane: Image | Mask) -> Grid:
    """(h, w) at half of the size, cut to whole patches."""
    half = cell_sums(plane.astype(np.uint16), 2)
    rows, cols = half.shape[0] // PATCH * PATCH, half.shape[1] // PATCH * PATCH
    return np.asarray(half[:rows, :cols] / np.float32(4.0), np.float32)


def glowing(picture: Picture, levels: Levels = FULL) -> NDArray[np.intp]:
    """Flat indices of the pixels of the picture at WIDE that have the colour of a flame; only where the small picture
    might have it. None in a picture that is smaller than a cell."""
    colour = picture.colour(WIDE)
    rows, cols = colour.shape[0] // CELL, colour.shape[1] // CELL
    if not rows * cols:
        return np.empty(0, np.intp)
    top, left = _warm(picture.colour(SMALL), colour.shape[0], colour.shape[1], levels)
    cut = colour[: rows * CELL, : cols * CELL].reshape(rows, CELL, cols, CELL * 3)
    tiles = cut.transpose(0, 2, 1, 3)[top, left].reshape(-1, 3)
    lit = np.flatnonzero(tiles[:, 2] >= levels.at(RED))
    blue, green, red = tiles.take(lit, axis=0).astype(np.int16).T
    redder, pure = red >= green + REDDER * levels.contrast, red - blue >= np.float32(SATURATION) * (red - levels.black)
    strong = redder & (green >= blue) & pure
    tile, pixel = np.divmod(lit[strong], CELL * CELL)
    y, x = np.divmod(pixel, CELL)
    return np.asarray((top[tile] * CELL + y) * colour.shape[1] + left[tile] * CELL + x, np.intp)


def _warm(small: Image, height: int, width: int, levels: Levels) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of those cells of a picture of (height, width), and of the ones beside them, in which the small
    picture (h, w, 3) is warm."""
    red, blue = small[..., 2].astype(np.int16), small[..., 0].astype(np.int16)
    warm = np.flatnonzero((red >= levels.at(WARM)) & (WARMER * (red - blue) >= red - levels.black))
    cells = np.zeros((height // CELL, width // CELL), np.bool_)
    cells.reshape(-1)[_cells_of(small.shape[:2], height, width)[warm]] = True
    top, left = np.nonzero(spread(cells))
    return top, left


@cache
def _cells_of(small: tuple[int, int], height: int, width: int) -> NDArray[np.intp]:
    """(h * w,): the flat index of the cell of a picture of (height, width) in which each pixel of the small one (h, w)
    lies."""
    y, x = (
        np.minimum(np.arange(few) * many // (few * CELL), many // CELL - 1)
        for few, many in zip(small, (height, width), strict=True)
    )
    return np.asarray((y[:, None] * (width // CELL) + x).reshape(-1), np.intp)


def cell_counts(places: NDArray[np.intp], height: int, width: int) -> Counts:
    """How many of the pixels at these flat indices of a picture (height, width) lie in each cell; those beyond the last
    whole cell are left out. (height // CELL, width // CELL)."""
    rows, cols = height // CELL, width // CELL
    y, x = np.divmod(places, width)
    y, x = y // CELL, x // CELL
    whole = (y < rows) & (x < cols)
    return np.bincount(y[whole] * cols + x[whole], minlength=rows * cols).reshape(rows, cols)


def changed(before: Mask, after: Mask, *, align: bool = False) -> float:
    """Share of the two shapes' union that belongs to one of them only; `align` puts their middles together first, to
    the pixel, so that what merely moves does not count."""
    if align and before.any() and after.any():
        shift = [round(float(b.mean() - a.mean())) for a, b in zip(before.nonzero(), after.nonzero(), strict=True)]
        before = np.roll(before, shift, axis=(0, 1))
    union = int((before | after).sum())
    return int((before ^ after).sum()) / union if union else 0.0


def travels(shapes: Iterable[Mask]) -> bool:
    """Whether what these looks in order show goes on its way: see AWAY."""
    shapes = list(shapes)
    middles = np.array([[places.mean() for places in shape.nonzero()] for shape in shapes if shape.any()])
    if len(middles) < 2:
        return False
    far = float(np.hypot(*(middles[-1] - middles[0])))
    way = float(np.hypot(*np.diff(middles, axis=0).T).sum())
    return far > AWAY * median(float(shape.sum()) for shape in shapes) ** 0.5 and far > STRAIGHT * way


def edges(shapes: Mask) -> NDArray[np.float64]:
    """(n, h, w) → (n,): share of the sides of each one's pixels beyond which it does not go on: 1 for single pixels, 0
    for what has no end; 1 for none."""
    size = np.count_nonzero(shapes, axis=(1, 2))
    within = np.count_nonzero(shapes[:, 1:] & shapes[:, :-1], axis=(1, 2))
    within = within + np.count_nonzero(shapes[:, :, 1:] & shapes[:, :, :-1], axis=(1, 2))
    return np.asarray(1.0 - within / np.maximum(2.0 * size, 1.0), np.float64)
