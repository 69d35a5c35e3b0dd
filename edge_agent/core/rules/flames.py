"""Flames: something glowing from yellow to red that changes its shape at every look and stays where it is.

Colour after Celik and Demirel 2009 ("Fire detection in video sequences using a generic color model"): red above green
above blue, red strong. A lamp, a vest or a lorry has one of these colours too, but keeps its shape; headlights keep
theirs and pass; a moving camera changes the surroundings as much as the bright spot.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from statistics import median

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.look import CELL as PATCH
from edge_agent.core.patches import likeness, patches
from edge_agent.core.picture import SMALL, WIDE, Picture, gap
from edge_agent.core.quantiles import quantile
from edge_agent.core.rules.cells import Grid, Mask, Steady, cell_sums, regions, spread
from edge_agent.core.rules.levels import FULL, Levels
from edge_agent.core.types import Image

Counts = NDArray[np.intp]
Pairs = list[tuple[Mask, Mask]]
"""Where it glows at a look and at the next, (h, w) of a part of the picture."""

CELL = 8
RED = 200
"""Least red of a glowing pixel, 0..255."""
REDDER, SATURATION = 10, 0.35
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
INNER = 2.5
"""Grey levels by which the pixels change that glow at both of two looks, at least: within flames everything moves. Sand
in the sun behind people who pass, and a coat that only just has the colour, have another outline at each look, but are
themselves the same (1; flames by 4 and more)."""
AWAY, STRAIGHT = 0.5, 0.8
"""A flame stays. What glows is on its way where its middle has come so far (times the root of its pixels) and that is
more than such a share of all the way that it took from look to look: flames go to and fro."""
WILD = 0.7
"""Share of the outline that changes at most: more is something else at each look, as where a camera is carried past."""
RAGGED, SMALL_BODY = 0.25, 144
"""A flame is a body: of the sides of its pixels at most such a share is edge, of fewer pixels than these more, as their
root; sand, bricks and leaves that have just the colour are speckles."""
EVEN, NEARLY, ONE_LIGHT = 0.01, 0.5, 0.85
"""What surrounds a flame is lit by one factor, the camera's exposure, where such a share of its cells (ONE_LIGHT) is
within EVEN of it, or within NEARLY of what it makes brighter or darker. A fire's own light falls off."""
OWN = 0.35
"""Share of what changes at the outline, over the looks, that the exposure does not explain, at least."""
DIM, BLOWN = 15.0, 230.0
"""Grey levels of cells that tell nothing of the exposure: noise, and what is white already."""
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
    """glow, luma, green, red: (h, w). counts: (2, cells), per cell the pixels that glow, and those of them that did at
    the look before, too."""

    t: float
    glow: Mask
    luma: Image
    green: Image
    red: Image
    counts: Grid


class FlameMemory:
    """One camera; looks in order. Keeps the looks of the last STEADY_S, about 1.5 MB.

    flicker, area: least values of a flame.
    """

    def __init__(self, flicker: float, area: float) -> None:
        self._flicker = flicker
        self._area = area
        self._steady = Steady(STEADY_S, STEADY)
        self._looks: deque[_Look] = deque()
        self._contrast, self._red = 1.0, float(RED)

    def clear(self) -> None:
        self._steady.clear()
        self._looks.clear()

    def look(self, picture: Picture, t: float, levels: Levels = FULL) -> list[Flame]:
        self._contrast, self._red = levels.contrast, levels.at(RED)
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
        counts = np.array((size.reshape(-1), both.reshape(-1)), np.float32)
        _, green, red = picture.planes(WIDE)
        self._looks.append(_Look(t, glow, picture.grey(WIDE), green, red, counts))
        steady = self._steady.add(t, np.asarray(size > PRESENT * CELL * CELL, np.bool_))
        while len(self._looks) > 2 and self._looks[0].t < self._steady.since:
            self._looks.popleft()
        if not steady.any() or len(self._looks) < 3:
            return []
        burning = np.stack(regions(steady, 1))
        around = spread(burning)
        # Whole numbers below 2^24: exact, in any order.
        history = np.concatenate([look.counts for look in self._looks]).T
        sums = (around.reshape(len(around), -1).astype(np.float32) @ history).astype(np.float64)
        burns = zip(burning, around, sums, strict=True)
        found = [self._judge(cells, wide, glow.size, own) for cells, wide, own in burns]
        flames = [flame for flame in found if flame is not None]
        if flames and not _stood(self._looks[0], self._looks[-1]):
            self.clear()
            return []
        return flames

    def _judge(self, cells: Mask, around: Mask, size: int, counts: NDArray[np.float64]) -> Flame | None:
        """The flame in these cells, if it is one; the cheap questions first. around: with those beside them. size:
        pixels of the picture. counts: (2 * looks,), `_Look.counts` of each look in `around`."""
        sizes, both = counts[::2], counts[1::2]
        usual = median(sizes.tolist())
        if usual < self._area * size or quantile(sizes, 0.1) < LEAST * usual:
            return None
        either = sizes[1:] + sizes[:-1] - both[1:]
        unlike = ((either - both[1:]) / np.maximum(either, 1)).tolist()
        if median(unlike) < self._flicker:
            return None
        rows, cols = np.flatnonzero(around.any(axis=1)), np.flatnonzero(around.any(axis=0))
        part = np.s_[rows[0] * CELL : (rows[-1] + 1) * CELL, cols[0] * CELL : (cols[-1] + 1) * CELL]
        inner = around[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        region = np.repeat(np.repeat(inner, CELL, axis=0), CELL, axis=1)
        shapes = np.stack([look.glow[part] for look in self._looks]) & region
        if median((edges(shapes, sizes) * np.minimum(sizes / SMALL_BODY, 1.0) ** 0.5).tolist()) > RAGGED:
            return None
        pairs = list(pairwise(shapes))
        flicker = median(min(share, reshaped(a, b)) for share, (a, b) in zip(unlike, pairs, strict=True))
        if not self._flicker <= flicker <= WILD:
            return None
        greens = (look.green[part][s] for look, s in zip(self._looks, shapes, strict=True))
        gradation = median(float(green.std()) if green.size else 0.0 for green in greens)
        if gradation < GRADATION * self._contrast:
            return None
        if travels(shapes):
            return None
        changes = [gap(*lumas) for lumas in pairwise(look.luma[part] for look in self._looks)]
        if not self._lives(pairs, changes) or not self._still_around(region, pairs, changes):
            return None
        if not self._own(around, part, pairs):
            return None
        return Flame(cells, self._looks[0].t, usual / size, flicker, gradation)

    def _lives(self, pairs: Pairs, changes: list[Image]) -> bool:
        """Whether those pixels change that glow at both looks: see INNER. Median over the looks. changes: grey levels
        from look to look."""
        inner = [
            float(np.median(change[both]))
            for (a, b), change in zip(pairs, changes, strict=True)
            if (both := a & b).any()
        ]
        return not inner or median(inner) >= INNER * self._contrast

    def _own(self, around: Mask, part: tuple[slice, slice], pairs: Pairs) -> bool:
        """Whether enough of what changes at the outline does so by itself, see OWN: not only as the exposure makes it
        red enough, or no longer. around: cells of the picture; part: theirs, of which the pairs are."""
        changed = own = 0
        for (a, b), (before, now) in zip(pairs, pairwise(self._looks), strict=True):
            gain, other = _exposure(before.luma, now.luma, ~around), a ^ b
            changed += int(np.count_nonzero(other))
            if gain != 1.0:
                other &= ~((b & self._lit(before.red[part], gain)) | (a & self._lit(now.red[part], 1.0 / gain)))
            own += int(np.count_nonzero(other))
        return own >= OWN * changed

    def _lit(self, red: Image, gain: float) -> Mask:
        """Where it is too little red for a flame, and would not be if it were so many times as bright."""
        return np.asarray((red < self._red) & (red * np.float32(gain) >= self._red), np.bool_)

    def _still_around(self, region: Mask, pairs: Pairs, changes: list[Image]) -> bool:
        """Whether fewer pixels change beside the flame than in it: see STILL_AROUND. Medians over the looks."""
        inside, outside = [], []
        for (a, b), change in zip(pairs, changes, strict=True):
            moved, flame = change > int(CHANGED * self._contrast), a | b
            inside.append(_share(moved, flame))
            outside.append(_share(moved, region & ~spread(spread(flame))))
        return median(outside) <= STILL_AROUND * median(inside)


def _share(of: Mask, where: Mask) -> float:
    count = int(np.count_nonzero(where))
    return int(np.count_nonzero(of & where)) / count if count else 0.0


def _exposure(before: Image, now: Image, where: Mask) -> float:
    """The factor by which all that lies in these cells became brighter from one look to the next, (h, w) each; 1 where
    there is no such factor: see ONE_LIGHT."""
    first, last = (cell_sums(luma.astype(np.uint16), CELL)[where] / np.float32(CELL**2) for luma in (before, now))
    seen = (np.minimum(first, last) > DIM) & (np.maximum(first, last) < BLOWN)
    if np.count_nonzero(seen) < JUDGED:
        return 1.0
    ratios = last[seen] / first[seen]
    gain = float(np.median(ratios))
    alike = np.abs(ratios - gain) < max(EVEN, NEARLY * abs(gain - 1.0))
    return gain if np.count_nonzero(alike) >= ONE_LIGHT * len(ratios) else 1.0


def _stood(before: _Look, now: _Look) -> bool:
    """Whether the view beside what glows is the same one, brighter or darker, at both looks."""
    first, last = (patches(_halved(look.luma)) for look in (before, now))
    lit = cell_sums((before.glow | now.glow).astype(np.uint16), 2 * PATCH) > 0
    judged = (first.spread > STRUCTURE) & ~lit
    count = int(judged.sum())
    return count < JUDGED or int((likeness(first, last) > ALIKE)[judged].sum()) >= STOOD * count


def _halved(plane: Image) -> Grid:
    """(h, w) at half of the size, cut to whole patches."""
    half = cell_sums(plane.astype(np.uint16), 2)
    rows, cols = half.shape[0] // PATCH * PATCH, half.shape[1] // PATCH * PATCH
    return np.asarray(half[:rows, :cols] / np.float32(4.0), np.float32)


def glowing(picture: Picture, levels: Levels = FULL) -> NDArray[np.intp]:
    """Flat indices of the pixels of the picture at WIDE that have the colour of a flame, in order; only where the small
    picture might have it. None in a picture that is smaller than a cell, nor beyond its last whole cell."""
    blue, green, red = picture.planes(WIDE)
    height, width = red.shape
    least = ceil(levels.at(RED))
    if not (height // CELL) * (width // CELL) or least > 255:
        return np.empty(0, np.intp)
    # Eight-bit numbers, of which a processor compares many at once; few pixels have so much more red than blue.
    strong = red - np.minimum(red, blue) >= np.uint8(SATURATION * (least - levels.black))
    strong &= red >= np.uint8(least)
    places = np.flatnonzero(strong)
    if not len(places):
        return places
    b, g, r = (plane.reshape(-1)[places].astype(np.int16) for plane in (blue, green, red))
    pure = r - b >= np.float32(SATURATION) * (r - levels.black)
    places = places[(r >= g + REDDER * levels.contrast) & (g >= b) & pure]
    if not len(places):
        return places
    warm = _warm(picture.planes(SMALL), height, width, levels)
    return np.asarray(places[warm[_cell_of(height, width)[places]]], np.intp)


def _warm(small: tuple[Image, Image, Image], height: int, width: int, levels: Levels) -> Mask:
    """(rows * cols + 1,): those cells of a picture of (height, width), and the ones beside them, in which the small
    picture, by its planes (h, w), is warm; the last one, beyond all cells, is not."""
    blue, _, red = small
    rows, cols = height // CELL, width // CELL
    # In eight bits, where d is at least a quarter of x if it is more than (x - 1) >> 2; black lies below WARM.
    warm = red - np.minimum(red, blue) > red - np.uint8(levels.black + 1) >> 2
    warm &= red >= np.uint8(ceil(levels.at(WARM)))
    cells = np.zeros(rows * cols, np.bool_)
    cells[_cells_of(red.shape, height, width)[np.flatnonzero(warm)]] = True
    return np.append(spread(cells.reshape(rows, cols)), False)


@lru_cache(maxsize=16)
def _cells_of(small: tuple[int, int], height: int, width: int) -> NDArray[np.intp]:
    """(h * w,): the flat index of the cell of a picture of (height, width) in which each pixel of the small one (h, w)
    lies."""
    y, x = (
        np.minimum(np.arange(few) * many // (few * CELL), many // CELL - 1)
        for few, many in zip(small, (height, width), strict=True)
    )
    return np.asarray((y[:, None] * (width // CELL) + x).reshape(-1), np.intp)


@lru_cache(maxsize=16)
def _cell_of(height: int, width: int) -> NDArray[np.int32]:
    """(height * width,): the flat index of the cell in which each pixel lies; one more than the last where in none."""
    rows, cols = height // CELL, width // CELL
    y, x = np.arange(height) // CELL, np.arange(width) // CELL
    whole = (y < rows)[:, None] & (x < cols)
    return np.where(whole, y[:, None] * cols + x, rows * cols).astype(np.int32).reshape(-1)


def cell_counts(places: NDArray[np.intp], height: int, width: int) -> Counts:
    """How many of the pixels at these flat indices of a picture (height, width) lie in each cell; those beyond the last
    whole cell are left out. (height // CELL, width // CELL)."""
    rows, cols = height // CELL, width // CELL
    counts = np.bincount(_cell_of(height, width)[places], minlength=rows * cols + 1)
    return counts[: rows * cols].reshape(rows, cols)


def reshaped(before: Mask, after: Mask) -> float:
    """Share of the two shapes' union that belongs to one of them only, once their middles lie on each other, to the
    pixel: what merely moves does not count."""
    here, there = before.nonzero(), after.nonzero()
    moved = (_moved(*sides) for sides in zip(here, there, before.shape, strict=True))
    shared = int(np.count_nonzero(after[tuple(moved)])) if len(here[0]) and len(there[0]) else 0
    union = len(here[0]) + len(there[0]) - shared
    return (union - shared) / union if union else 0.0


def _moved(here: NDArray[np.intp], there: NDArray[np.intp], side: int) -> NDArray[np.intp]:
    """`here`, by so many whole places that its mean is that of `there`; what leaves on one side comes in on the
    other."""
    return np.asarray((here + round(int(there.sum()) / len(there) - int(here.sum()) / len(here))) % side)


def travels(shapes: Iterable[Mask]) -> bool:
    """Whether what these looks in order show goes on its way: see AWAY."""
    shapes = list(shapes)
    middles = np.array([[places.mean() for places in shape.nonzero()] for shape in shapes if shape.any()])
    if len(middles) < 2:
        return False
    far = float(np.hypot(*(middles[-1] - middles[0])))
    way = float(np.hypot(*np.diff(middles, axis=0).T).sum())
    return far > AWAY * median(float(shape.sum()) for shape in shapes) ** 0.5 and far > STRAIGHT * way


def edges(shapes: Mask, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, h, w), how many pixels each of them has: (n,), the share of the sides of its pixels beyond which it does not
    go on: 1 for single pixels, 0 for what has no end; 1 for none."""
    down, across = shapes[:, 1:] & shapes[:, :-1], shapes[:, :, 1:] & shapes[:, :, :-1]
    within = [np.count_nonzero(a) + np.count_nonzero(b) for a, b in zip(down, across, strict=True)]
    return np.asarray(1.0 - within / np.maximum(2.0 * sizes, 1.0), np.float64)
