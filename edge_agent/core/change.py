"""What kind of lasting difference is this: something put there, something taken away, or only another light?

Told by edges, in the present picture against the usual one. A thing brings an outline that was not there and hides what
was; where one was taken away the outline goes (the "ghost" of Lu, Zhang, Feng 2007 and of Cucchiara et al. 2003); light
and shadow leave the edges of what they fall on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Image

Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]

FLOOR = 4.0
"""Grey levels a pixel: a slope no larger is noise."""


BINS = 16
NEAR, FAR = 2, 8
"""The surroundings of a region are the pixels more than NEAR and at most FAR away."""
PART, KEPT = 8, 1 / 3
"""Side of a part, in pixels; its edges are there where the present slopes hold KEPT of the usual ones."""
STEP = 0.2
"""Of a region's mean difference, a pixel, that is an end of it."""
BLACK, WHITE = 8, 247
"""Grey levels beyond which light alone takes the edges."""


@dataclass(frozen=True, slots=True)
class Traits:
    """outline: mean slope along the region's outline, present over usual (> 1: it has come, < 1: it has gone).
    foreign: how much better the usual grey levels within go with those around than the present ones do, -1..1 (> 0:
    something that does not belong has come). alike: correlation of the slopes within, present with usual, 0 where there
    were none. sharp: slope along the present outline as a share of the step across it. step: mean difference of grey
    levels within."""

    outline: float
    foreign: float
    alike: float
    sharp: float
    step: float


def traits(now: Image, usual: Image, mask: Mask, visible: Mask) -> Traits:
    """Of a region: crops (h, w) of the present picture and the usual one under the same light, with some pixels around
    the region on every side, its mask, filled, and what nobody hides."""
    new, old = now.astype(np.float32), usual.astype(np.float32)
    slope_new, slope_old = slopes(new), slopes(old)
    inner = eroded(mask)
    band = dilated(mask) & ~inner
    core = inner if np.count_nonzero(inner) >= 8 else mask
    step = float(np.abs(new[mask] - old[mask]).mean())
    rim_new, rim_old = float(np.hypot(*slope_new)[band].mean()), float(np.hypot(*slope_old)[band].mean())
    near = mask
    for _ in range(NEAR):
        near = dilated(near)
    far = near
    for _ in range(FAR - NEAR):
        far = dilated(far)
    ring = far & ~near & visible
    around = histogram(now[ring])
    return Traits(
        outline=(rim_new + FLOOR / 2) / (rim_old + FLOOR / 2),
        foreign=_common(histogram(usual[mask]), around) - _common(histogram(now[mask]), around),
        alike=correlation(slope_new, slope_old, core),
        sharp=rim_new / max(step, 1.0),
        step=step,
    )


def ends(now: Image, usual: Image, mask: Mask, visible: Mask) -> float:
    """The share of a region's outline, where nobody hides what is on either side, over which the present and the usual
    picture part by STEP of their mean difference a pixel or more: a thing ends so, a shadow fades away."""
    apart = _averaged(now.astype(np.float32) - usual)
    band = dilated(mask) & ~eroded(mask) & ~dilated(~visible)
    band[[0, -1]], band[:, [0, -1]] = False, False
    if not band.any():
        return 1.0
    steep = np.hypot(*slopes(apart)) >= STEP * max(float(np.abs(apart[mask]).mean()), 1.0)
    return float(np.count_nonzero(steep & band)) / int(np.count_nonzero(band))


def _averaged(plane: Plane) -> Plane:
    """Means of 3 x 3 pixels; the border as it is."""
    rows = plane[:-2] + plane[1:-1] + plane[2:]
    averaged = plane.copy()
    averaged[1:-1, 1:-1] = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return averaged


def relit(now: Image, usual: Image, mask: Mask) -> Mask:
    """Of a region that is only in another light as a whole: `mask` less the parts of it that have lost their edges, and
    the flat ones beside those. One part with strong edges would otherwise speak for all."""
    clear = mask & (now > BLACK) & (now < WHITE)
    (ax, ay), (bx, by) = slopes(now.astype(np.float32)), slopes(usual.astype(np.float32))
    held, had, area = (_in_parts(plane * clear) for plane in (ax * bx + ay * by, bx * bx + by * by, clear))
    edged = had > FLOOR**2 * area
    kept = edged & (held >= KEPT * had)
    same = kept | ~dilated(edged & ~kept)
    height, width = mask.shape
    return mask & np.repeat(np.repeat(same, PART, axis=0), PART, axis=1)[:height, :width]


def _in_parts(plane: NDArray[np.generic]) -> Plane:
    """Sums over PART x PART pixels, over fewer at the lower and right border."""
    rows = np.add.reduceat(plane.astype(np.float32), np.arange(0, plane.shape[0], PART), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, plane.shape[1], PART), axis=1), np.float32)


def shading(levels: Image, mask: Mask) -> tuple[float, float]:
    """Standard deviation of the grey levels within `mask`, its border left out, and the share of their variance that a
    plane explains: an even rise of brightness from one side to the other."""
    inner = eroded(mask)
    y, x = np.nonzero(inner if np.count_nonzero(inner) >= 8 else mask)
    grey = levels[y, x].astype(np.float64)
    grey -= grey.mean()
    total = float(grey @ grey)
    if total == 0:
        return 0.0, 0.0
    plane = np.stack((y - y.mean(), x - x.mean()), axis=1)
    slope = np.linalg.lstsq(plane, grey, rcond=None)[0]
    rest = grey - plane @ slope
    return float(np.sqrt(total / grey.size)), 1.0 - float(rest @ rest) / total


def histogram(levels: Image) -> Plane:
    """Shares (BINS) of grey levels, smoothed over the neighbours."""
    counts = np.bincount(levels.ravel() // (256 // BINS), minlength=BINS).astype(np.float32)
    smooth = np.convolve(counts, np.array([0.25, 0.5, 0.25], np.float32), "same")
    return np.asarray(smooth / max(float(smooth.sum()), 1.0), np.float32)


def _common(a: Plane, b: Plane) -> float:
    """Bhattacharyya's coefficient, 0..1."""
    return float(np.sqrt(a * b).sum())


def filled(mask: Mask) -> Mask:
    """With all that lies between two of its pixels in a row or in a column."""
    return _spanned(mask) | _spanned(mask.T).T


def _spanned(mask: Mask) -> Mask:
    return np.maximum.accumulate(mask, axis=1) & np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]


def slopes(plane: Plane) -> tuple[Plane, Plane]:
    """Central differences across and down, half a grey level a pixel; 0 at the border."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    across[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) / 2
    down[1:-1] = (plane[2:] - plane[:-2]) / 2
    return across, down


def correlation(a: tuple[Plane, Plane], b: tuple[Plane, Plane], where: Mask) -> float:
    """Of two fields of slopes, with FLOOR of noise added to both, so that flat places correlate with nothing."""
    ax, ay, bx, by = a[0][where], a[1][where], b[0][where], b[1][where]
    product = float((ax * bx + ay * by).sum())
    noise = FLOOR / 2 * FLOOR / 2 * len(ax)
    size_a, size_b = float((ax * ax + ay * ay).sum()) + noise, float((bx * bx + by * by).sum()) + noise
    return product / float(np.sqrt(size_a * size_b)) if size_a > 0 and size_b > 0 else 0.0


def dilated(mask: Mask) -> Mask:
    """By one pixel, corners included."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall


def eroded(mask: Mask) -> Mask:
    """By one pixel; the border of the array counts as outside."""
    core = np.zeros_like(mask)
    grown = dilated(~mask)
    core[1:-1, 1:-1] = ~grown[1:-1, 1:-1]
    return core
