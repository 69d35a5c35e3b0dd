"""What a camera usually sees, learned while it runs, and how the present look differs from it.

The memory is one averaged look: it follows slow change (dusk, fog, leaves) within FOLLOW_S and nothing that would hide
tampering. A cell has *structure* when its grey levels spread by more than STRUCTURE; only such cells are compared, by
normalised cross-correlation, which no gain, offset or fog changes.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.look import CELL, Grid, Look
from edge_agent.core.patches import Patches, likeness, patches
from edge_agent.core.quantiles import mean, median, quantile
from edge_agent.core.timing import reached

Mask = NDArray[np.bool_]

FOLLOW_S = 20.0
READY_LOOKS = 3
READY_S = 1.2
"""A view is known after so many looks and so long."""
STRUCTURE = 5.0
ENOUGH = 0.1
"""The least share of cells with structure: a blank wall or a black night cannot be judged."""
ALIKE, SAME = 0.5, 0.75
"""Correlation from which a cell is the same thing seen again, and the same thing at the same place to about a pixel."""
FLATTEST, LEAST = 0.1, 0.1
"""Share of all cells that are taken for flat, with nothing but noise in them; at least LEAST of the detail is none."""
FAINT = 1.0
"""A cell with less than so many times the mean detail has too little for a proportion of its own: it goes by that of
all."""
BLACK = 20.0
"""Below it a whole row or column from the picture's border on is a bar's; black is 16 where a range was mistaken."""
DULL = 0.5
"""A lost cell with less than this share of its spread, fine or coarse detail shows nothing: it is no passer-by, who
brings his own."""
UNMOVED, NEAR = 0.6, 0.06
"""Where more than UNMOVED of the view is kept, nobody asks whether it has moved; nor, by more than NEAR of the width,
where half of that is."""
SAME_LAYOUT = 0.8
LAYOUT_GAIN = (0.05, 4.0)
"""Bounds of the gain that is taken out, where the layout correlates with the known one by more than SAME_LAYOUT."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """How a look differs from what is known. Shares are of the cells with structure, 0..1.

    kept: still shows what it did. dull: lost and without detail. blown: shows white where it did not. detail: fine
    detail of the whole picture against the known one (1: as much), fog and gain taken out. plain: the same with the
    light as it is. sharpness: fine against coarse detail, noise taken out, against the known proportion. layout:
    correlation of the coarse layout (cell means), 1 where only focus was lost. shift: how far the view has moved, as a
    share of the width. age_s: how long the view has been known. What is asked only where something seems wrong is
    worked out then.
    """

    t: float
    kept: float
    dull: float
    blown: float
    detail: float
    plain: float
    sharpness: float
    layout: float
    shift: float
    age_s: float
    _structured: Mask
    _alike: Mask
    _detail: NDArray[np.floating]
    _last: Patches
    _now: Patches

    @property
    def corner(self) -> float:
        """As `kept`, in that outer ninth of the picture that kept most."""
        return _corner(self._alike, self._structured)

    @property
    def clear(self) -> float:
        """As `detail`, in those cells only that kept what they showed (median)."""
        kept = self._structured & self._alike
        return median(self._detail[kept]) if kept.any() else 0.0

    @property
    def steady(self) -> float:
        """Kept since the look before."""
        return _share(likeness(self._last, self._now) > ALIKE, self._now.spread > STRUCTURE)


class ViewMemory:
    """The known view of one camera: some 100 kB, however long it runs. One thread; `t` never goes back."""

    def __init__(self) -> None:
        self._known: Look | None = None
        self._last: Patches | None = None
        self._since = 0.0
        self._looks = 0

    def forget(self) -> None:
        """The next look begins a new view."""
        self._known = None

    def compare(self, look: Look) -> Difference | None:
        """The difference to what is known, or None while nothing is (the look is then learned from)."""
        now = patches(look.small)
        last, self._last = self._last, now
        known = self._known
        if known is None or known.small.shape != look.small.shape or last is None:
            self._begin(look)
            return None
        usual = patches(known.small)
        structured = usual.spread > STRUCTURE
        if not self._ready(look.t):
            if structured.any() and float((likeness(usual, now)[structured] > ALIKE).mean()) < ALIKE:
                self._begin(look)
            else:
                self.learn(look)
            return None
        if np.count_nonzero(structured) < ENOUGH * structured.size:
            self.learn(look)
            return None
        return _difference(known, look, usual, last, now, look.t - self._since)

    def learn(self, look: Look) -> None:
        """Take this look into what is known."""
        known = self._known
        assert known is not None
        self._looks += 1
        weight = np.float32(max(1.0 / self._looks, 1.0 - exp(-max(look.t - known.t, 0.0) / FOLLOW_S)))
        self._known = Look(
            look.t,
            known.small + weight * (look.small - known.small),
            known.fine + weight * (look.fine - known.fine),
            known.coarse + weight * (look.coarse - known.coarse),
            known.clipped + weight * (look.clipped - known.clipped),
        )

    def _begin(self, look: Look) -> None:
        self._known, self._since, self._looks = look, look.t, 1

    def _ready(self, t: float) -> bool:
        return self._looks >= READY_LOOKS and reached(t - self._since, READY_S)


def _difference(known: Look, look: Look, usual: Patches, last: Patches, now: Patches, age_s: float) -> Difference:
    structured, alike = usual.spread > STRUCTURE, likeness(usual, now) > ALIKE
    lost = structured & ~alike
    gain, layout = _layout(usual, now)
    detail = np.sqrt((look.fine + 0.1) / (known.fine + 0.1)) / gain
    flat = now.spread < DULL * gain * usual.spread
    plain = np.sqrt((look.coarse + 0.1) / (known.coarse + 0.1)) / gain
    share = _share(alike, structured)
    fine, known_fine = _energy(look.fine, structured), _energy(known.fine, structured)
    inner = structured & ~_bars(known.small)
    inner = inner if inner.any() else structured  # a lamp in the night is no picture between bars
    within, known_within = _energy(look.fine, inner), _energy(known.fine, inner)
    blown = structured & ((look.clipped > 0.5) & (known.clipped < 0.25))
    return Difference(
        t=look.t,
        kept=share,
        dull=_share(lost & (flat | (np.minimum(detail, plain) < DULL)), structured),
        blown=_share(blown, structured),
        detail=sqrt(fine / known_fine) / gain,
        plain=sqrt(within / known_within),
        sharpness=_sharpness(known, look, inner),
        layout=layout,
        shift=_shift(known.small, look.small) if share < UNMOVED else 0.0,
        age_s=age_s,
        _structured=structured,
        _alike=alike,
        _detail=detail,
        _last=last,
        _now=now,
    )


def _bars(small: Grid) -> Mask:
    """Cells in the bars beside a picture of another shape, or above and below it, and on their edges, which stay sharp
    whatever the lens does."""
    found = np.zeros((small.shape[0] // CELL, small.shape[1] // CELL), np.bool_)
    for cells, brightest in ((found, small.max(axis=1)), (found.T, small.max(axis=0))):
        lit = np.nonzero(brightest >= BLACK)[0]
        if lit.size:
            cells[: -(-int(lit[0]) // CELL)] = True
            cells[(int(lit[-1]) + 1) // CELL :] = True
    return found


def _share(which: Mask, among: Mask) -> float:
    count = int(np.count_nonzero(among))
    return int(np.count_nonzero(which & among)) / count if count else 0.0


def _energy(grid: Grid, among: Mask) -> float:
    return mean(grid[among]) + 0.1


def _sharpness(known: Look, look: Look, among: Mask) -> float:
    """Fine against coarse detail in these cells, by the known proportion of the two: each cell's own, weighted by the
    coarse detail that it shows now. Fog that hides what is far, where detail is finest, changes the weights only; a
    blurred lens the proportion."""
    noise, was_fine, was_coarse = _noise(known), known.fine[among], known.coarse[among]
    fine, coarse = np.maximum(was_fine - noise, 0.1), np.maximum(was_coarse - noise, 0.1)
    usual = (fine + FAINT * mean(fine)) / (coarse + FAINT * mean(coarse))
    now = _proportion(look.fine[among], look.coarse[among], _noise(look), usual)
    return sqrt(now / _proportion(was_fine, was_coarse, noise, usual))


def _proportion(fine: Grid, coarse: Grid, noise: float, usual: Grid) -> float:
    """Fine detail of these cells over what would be usual with their coarse detail. Noise is the same in both and
    everywhere: what the flattest cells have is taken off, or a camera that comes back from a noisy night would seem out
    of focus."""
    now, due = mean(fine) + 0.1, mean((coarse + 0.1) * usual)
    return max(now - noise, LEAST * now) / max(due - noise * mean(usual), LEAST * due)


def _noise(look: Look) -> float:
    return quantile(look.fine, FLATTEST)


def _layout(known: Patches, now: Patches) -> tuple[float, float]:
    """The gain from the known cell means to the present ones (1 where it is another layout), and their correlation."""
    x, y = known.mean - mean(known.mean), now.mean - mean(now.mean)
    across, along, up = mean(x * y), mean(x * x), mean(y * y)
    gain = min(max(sqrt(up / (along + 1e-3)), LAYOUT_GAIN[0]), LAYOUT_GAIN[1])
    layout = across / (sqrt(along * up) + 1.0)
    return (gain if layout > SAME_LAYOUT else 1.0), layout


def _corner(alike: Mask, structured: Mask) -> float:
    """Share kept in the best of the outer ninths that have structure: who stands before the lens leaves one alone."""
    best = 0.0
    for i, band in enumerate(_thirds(alike.shape[0])):
        for j, strip in enumerate(_thirds(alike.shape[1])):
            if (i, j) != (1, 1) and np.count_nonzero(structured[band, strip]) >= 3:
                best = max(best, _share(alike[band, strip], structured[band, strip]))
    return best


def _thirds(cells: int) -> tuple[slice, slice, slice]:
    """The first ones take what is left over."""
    one, two = (cells + 2) // 3, cells - cells // 3
    return slice(0, one), slice(one, two), slice(two, cells)


def _shift(known: Grid, now: Grid) -> float:
    """How far `now` is displaced against `known`, as a share of the width; 0 where no displacement explains more.

    Phase correlation of the gradients (Kuglin and Hines 1975); the peak counts only where more cells are the same
    after the displacement than before.
    """
    dy, dx = _peak(known, now)
    if dx == 0 and dy == 0:
        return 0.0
    height, width = known.shape
    if abs(dx) > width // 2 or abs(dy) > height // 2:
        return 0.0
    before, after = patches(_overlap(known, dy, dx)), patches(_overlap(now, -dy, -dx))
    still = patches(_overlap(now, dy, dx))
    structured = before.spread > STRUCTURE
    if int(structured.sum()) < 8:
        return 0.0
    moved = _share(likeness(before, after) > SAME, structured)
    stayed = _share(likeness(before, still) > SAME, structured)
    far = sqrt(dx * dx + dy * dy) / width
    return far if moved > stayed + 0.15 and moved > 0.35 and (far < NEAR or stayed < UNMOVED / 2) else 0.0


def _overlap(plane: Grid, dy: int, dx: int) -> Grid:
    """What of `plane` is left when it is moved by (-dy, -dx) against a frame of the same size, cut to whole cells."""
    height, width = plane.shape
    part = plane[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    rows, cols = part.shape[0] // CELL * CELL, part.shape[1] // CELL * CELL
    return part[:rows, :cols]


def _peak(known: Grid, now: Grid) -> tuple[int, int]:
    """(dy, dx): where what was at (y, x) of `known` is seen in `now`, relative to (y, x)."""
    a, b = np.fft.rfft2(_edges(known)), np.fft.rfft2(_edges(now))
    cross = b * np.conj(a)
    surface = np.fft.irfft2(cross / (np.abs(cross) + 1e-3), s=known.shape)
    y, x = np.unravel_index(int(np.argmax(surface)), surface.shape)
    height, width = known.shape
    return int(y) - height * (int(y) > height // 2), int(x) - width * (int(x) > width // 2)


def _edges(small: Grid) -> Grid:
    """Gradient magnitude under a Hann window."""
    gy, gx = np.gradient(small)
    return np.asarray(np.sqrt(gx * gx + gy * gy) * _window(*small.shape), np.float32)


@lru_cache(maxsize=16)
def _window(height: int, width: int) -> Grid:
    return np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
