"""What a camera shows when nobody is there, and where the present picture lastingly differs from it.

Pixels are of the grey picture WIDE across. Each keeps what it usually shows (`usual`), what it shows now and for how
long it has shown that (two rates: the usual one follows slowly, the present one at once), and one more known state, so
that a door or a parking lot has two. The light of the whole picture (gain and offset, as in core.motion) is taken out
first. Where a tracked person or vehicle stands is unknown: neither learned nor different. What differs for long is not
learned by itself: whoever looks at it decides (`accept`), and only after ABSORB_S it is the usual picture.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.picture import WIDE, gap
from edge_agent.core.quantiles import median
from edge_agent.core.regions import raster
from edge_agent.core.timing import reached
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Box, Image, Point

Mask = NDArray[np.bool_]
Window = tuple[slice, slice]
"""Rows and columns of the grey picture."""

SOME = slice(2, None, 5), slice(2, None, 5)
"""The pixels by which the light is told."""
EVERY_S = 0.45
"""Between looks, at least."""
LONGEST_S = 2.0
"""What happened between looks farther apart is not known: no more than this counts as having been watched."""
MOVERS = frozenset({"person", "bicycle", "car", "motorcycle", "bus", "truck", "train"})
"""What comes and goes by itself."""
MARGIN = 0.08
"""Of its size, added to each side of a mover's box: the box cuts off feet and mirrors."""
INIT_S = 1.2
"""A pixel that has been the same for so long is known, where nothing was."""
CALM = 14
"""Grey levels by which a pixel that shows the same thing may change from look to look."""
DIFFERS, FAINT = 24, 10
"""Grey levels from the usual picture, under the present light, that are a difference, and that may be part of one."""
NOISE = 5.0
"""A difference is also so many standard deviations of the picture's noise."""
ABSORB_S = 600.0
CREEP_S = 8.0
"""Faint differences are learned one level in so long."""
LIT, GAIN = 2.0, 2.5
"""The light is only taken out where it moved some pixel by more than LIT levels; bounds of the gain."""
OTHER, DARK, KEEP_S = 1.3, 8.0, 2.0
"""The light is another where the mean grey level, DARK added, is more than OTHER times what it was, or so many times
less; what is usual is set aside anew after KEEP_S in one light."""
FITS = 3.0
"""Grey levels from the fitted light that are nothing but noise. NOISE standard deviations of a picture of which most
fits so well are less than DIFFERS (1.4826 x 5 x 3 = 22), so none has to be known."""
EDGE, AGREE, FEWEST = 20, 0.5, 60
"""An edge of the usual picture is kept where the present one has it, in its direction and at least a third as strong;
below the share AGREE of the edges this is another view. With fewer than FEWEST edges nobody can tell."""
MOST = 0.5
"""More of the known picture than this differs: another view, too."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look; arrays are (h, w), good until the next look, shared: never write into them.

    now: the grey picture. usual: what it usually shows, under the present light. differs: now from usual, where both
    are known. age: for how long it has shown what it shows, in hundredths of a second. hidden: by people and vehicles.
    faint: grey levels that may be part of a difference. serial: counts the views; a new one means that all was
    forgotten.
    """

    t: float
    now: Image
    usual: Image
    differs: Mask
    age: NDArray[np.uint16]
    hidden: Mask
    faint: int
    serial: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.now.shape[0], self.now.shape[1]

    def lasting(self, seconds: float) -> Mask:
        """What differs and has not changed for so long."""
        return np.asarray(self.differs & (self.age >= round(seconds * 100)))


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What was usual and shown at `t`, in the light of then, to be taken up again when that light comes back: darkened
    and brightened again, grey levels of 8 bits are lost, and one gain and offset do not tell how unevenly lamps light.
    """

    t: float
    usual: Image
    other: Image
    two: Mask
    known: Mask
    calm: Image
    age: NDArray[np.uint16]


class Background:
    """One camera, shared by its rules: `look` at every step, with the same answer for the same picture. Bounded memory
    (some 17 bytes a pixel of the grey picture)."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._t = float("-inf")
        self._serial = 0
        self._shape = (0, 0)
        self._watched: list[tuple[Point, ...]] = []
        self._guard: Mask | None = None

    def look(self, view: View) -> tuple[Look | None, bool]:
        """The latest look, and whether it is of this very picture; None before the first."""
        if view.picture is None:
            return None, False
        if view.t == self._t:
            return self._last, True
        if not reached(view.t - self._t, EVERY_S):
            return self._last, False
        now = view.picture.grey(WIDE)
        elapsed = min(view.t - self._t, LONGEST_S)
        if now.shape != self._shape:
            self._begin(now)
            elapsed = 0.0
        self._t = view.t
        hidden = np.zeros(self._shape, np.bool_)
        for window in _windows(view.figures, self._shape):
            hidden[window] = True
        self._last = self._advance(now, hidden, elapsed)
        return self._last, True

    def watch(self, polygon: tuple[Point, ...]) -> None:
        """Here nothing becomes usual but light. polygon: unit coordinates. Before the first look."""
        self._watched.append(polygon)

    def accept(self, window: Window, mask: Mask, light: Mask | None = None) -> None:
        """What these pixels show now is usual too; what they showed before stays known. mask: (h, w) of the window.
        light: those of them that are only in another light, so that this holds where somebody watches, too."""
        if self._guard is not None:
            free = ~self._guard[window]
            mask = mask & (free if light is None else free | light)
        usual, other, calm = self._usual[window], self._other[window], self._calm[window]
        other[mask], usual[mask] = usual[mask], calm[mask]
        self._two[window] |= mask

    def _begin(self, now: Image) -> None:
        self._shape = (now.shape[0], now.shape[1])
        self._usual, self._calm, self._other = now.copy(), now.copy(), now.copy()
        self._known, self._two = np.zeros(now.shape, np.bool_), np.zeros(now.shape, np.bool_)
        self._complete = False
        self._age = np.zeros(now.shape, np.uint16)
        # A row: numpy takes eight times as long for the smaller of an array and a single number.
        self._oldest = np.full(now.shape[1], round(ABSORB_S * 100), np.uint16)
        self._crept = 0.0
        self._serial += 1
        self._keep()
        for polygon in self._watched:
            zone = raster(polygon, self._shape)
            self._guard = zone if self._guard is None or self._guard.shape != zone.shape else self._guard | zone

    def _advance(self, now: Image, hidden: Mask, elapsed: float) -> Look:
        self._return(now, hidden, elapsed)
        tolerance = self._relight(now, hidden)
        faint = round(tolerance * FAINT / DIFFERS)
        seen = ~hidden
        apart = gap(now, self._usual)
        differs = apart > tolerance
        differs &= seen
        if not self._complete:
            differs &= self._known
        if self._elsewhere(now, differs, seen):
            self._begin(now)
            differs = np.zeros(self._shape, np.bool_)
        if self._two.any():
            at = np.nonzero(differs & self._two)
            again = gap(now[at], self._other[at]) <= tolerance
            differs[at] = ~again
        self._present(now, hidden, elapsed)
        self._learn(now, seen, differs, apart <= faint, elapsed)
        return Look(self._t, now, self._usual, differs, self._age, hidden, faint, self._serial)

    def _keep(self) -> None:
        usual, other, calm, age = self._usual.copy(), self._other.copy(), self._calm.copy(), self._age.copy()
        self._kept = Kept(self._t, usual, other, self._two.copy(), self._known.copy(), calm, age)
        self._away_t = float("-inf")

    def _return(self, now: Image, hidden: Mask, elapsed: float) -> None:
        """Takes up what was usual in this light before another, or sets aside what is usual now."""
        kept = self._kept
        usable = kept.known[SOME] & ~hidden[SOME]
        x, y = kept.usual[SOME][usable].astype(np.float32), now[SOME][usable].astype(np.float32)
        if x.size < FEWEST:
            self._keep()
        elif not 1 / OTHER <= (y.mean() + DARK) / (x.mean() + DARK) <= OTHER:
            self._away_t = self._t
            if reached(self._t - kept.t, ABSORB_S):
                self._keep()
        elif self._away_t > kept.t and _misfit(x, y) < _misfit(self._usual[SOME][usable].astype(np.float32), y):
            self._usual, self._other, self._two, self._known = kept.usual, kept.other, kept.two, kept.known
            self._complete = bool(self._known.all())
            # What shows the same again has been there all the while.
            self._calm, since = kept.calm, round(100 * (self._t - elapsed - kept.t))
            self._age = np.minimum(kept.age.astype(np.int64) + since, self._oldest).astype(np.uint16)
            self._keep()
        elif not kept.known.all() or reached(self._t - max(kept.t, self._away_t), KEEP_S):
            self._keep()

    def _relight(self, now: Image, hidden: Mask) -> int:
        """Brings what is usual under the present light; how many grey levels are a difference."""
        usable = self._known[SOME] & ~hidden[SOME]
        x, y = self._usual[SOME][usable].astype(np.float32), now[SOME][usable].astype(np.float32)
        if x.size < FEWEST:
            return DIFFERS
        gain, offset = light(x, y)
        apart = np.abs(y - gain * x - offset)
        # What need not be known need not be ordered.
        quiet = 2 * np.count_nonzero(apart <= FITS) > apart.size
        noise = 0.0 if quiet else 1.4826 * median(apart)
        levels = np.arange(256, dtype=np.float32)
        if np.abs((gain - 1) * levels[[16, 240]] + offset).max() > LIT:
            table = np.clip(np.rint(gain * levels + offset), 0, 255).astype(np.uint8)
            self._usual, self._other = table[self._usual], table[self._other]
        return max(DIFFERS, round(NOISE * noise))

    def _elsewhere(self, now: Image, differs: Mask, seen: Mask) -> bool:
        """Whether this is another view: the camera turned, the recording was cut."""
        usable = np.count_nonzero(seen & self._known)
        if usable < seen.size // 10:
            return False
        if np.count_nonzero(differs) > MOST * usable:
            return True
        rows = slice(2, None, 4)
        was = _slope(self._usual[rows])
        edges = np.abs(was) > EDGE
        edges &= seen[rows, 2:-2]
        edges &= self._known[rows, 2:-2]
        count = np.count_nonzero(edges)
        if count < FEWEST:
            return False
        is_ = _slope(now[rows])
        edges &= (was > 0) == (is_ > 0)
        edges &= 3 * np.abs(is_) >= np.abs(was)
        return bool(np.count_nonzero(edges) < AGREE * count)

    def _present(self, now: Image, hidden: Mask, elapsed: float) -> None:
        """What is shown now and since when: what looks the same after somebody stood before it has been there since."""
        shown = _pick(hidden, self._calm, now)
        jump = gap(shown, self._calm) > CALM
        self._age += np.uint16(round(elapsed * 100))
        self._age *= ~jump
        np.minimum(self._age, self._oldest, out=self._age)
        self._calm = _pick(jump, shown, _towards(self._calm, shown))

    def _learn(self, now: Image, seen: Mask, differs: Mask, alike: Mask, elapsed: float) -> None:
        if not self._complete:
            fresh = ~self._known & (self._age >= round(INIT_S * 100)) & seen
            self._usual[fresh] = self._calm[fresh]
            self._known |= fresh
            self._complete = bool(self._known.all())
        self._crept += elapsed
        if self._crept >= CREEP_S:
            self._crept = 0.0
            alike = alike | ~differs
            late = differs & (self._age >= round(ABSORB_S * 100))
            if late.any():
                self.accept((slice(None), slice(None)), late)
        self._usual = _pick(alike & seen, _towards(self._usual, now), self._usual)


def light(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and offset that turn grey levels `x` into `y`: least squares, twice more without what fits worst, so that
    what was put there does not count as light."""
    gain, offset = 1.0, median(y - x)
    for _ in range(3):
        apart = np.abs(y - gain * x - offset)
        fits, best = apart <= FITS, int(0.7 * apart.size)
        if np.count_nonzero(fits) <= best:
            fits = apart <= np.partition(apart, best)[best]
        u, v = x[fits], y[fits]
        u0, v0 = float(u.sum()) / u.size, float(v.sum()) / v.size
        u -= np.float32(u0)
        v -= np.float32(v0)
        spread = float(u @ u) / u.size
        gain = float(u @ v) / u.size / spread if spread > 9.0 else 1.0
        gain = min(max(gain, 1 / GAIN), GAIN)
        offset = v0 - gain * u0
    return gain, offset


def _misfit(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Grey levels by which `x` in the light of `y` differs from it, a difference counted as one whatever its size."""
    gain, offset = light(x, y)
    return float(np.minimum(np.abs(y - gain * x - offset), DIFFERS).mean())


def window_of(box: Box, shape: tuple[int, int], margin: float = 0.0) -> Window:
    """The pixels a box in unit coordinates covers, each side moved out by `margin` of its size."""
    height, width = shape
    dx, dy = margin * (box[2] - box[0]), margin * (box[3] - box[1])
    left, right = max(0, int((box[0] - dx) * width)), min(width, ceil((box[2] + dx) * width))
    top, bottom = max(0, int((box[1] - dy) * height)), min(height, ceil((box[3] + dy) * height))
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def _windows(figures: Iterable[Figure], shape: tuple[int, int]) -> list[Window]:
    return [window_of(figure.box, shape, MARGIN) for figure in figures if figure.cls in MOVERS]


def _slope(grey: Image) -> NDArray[np.int16]:
    """Differences over four pixels along each row: (h, w - 4)."""
    return grey[:, 4:].astype(np.int16) - grey[:, :-4]


def _pick(where: Mask, a: Image, b: Image) -> Image:
    """a where it says so, else b; modulo 256, and several times faster than np.where."""
    return b + (a - b) * where.view(np.uint8)


def _towards(grey: Image, now: Image) -> Image:
    """One level towards `now`, a running median (McFarlane and Schofield 1995)."""
    return grey + (now > grey).view(np.uint8) - (now < grey).view(np.uint8)
