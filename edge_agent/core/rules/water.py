"""How far water has risen over a mark: where the mark's own edges are gone, from its lower end upwards.

Water hides what it covers and shows ripples and mirrors instead: in bands across the zone the present slopes stop
correlating with the usual ones. It comes slowly and from below, while the rest of the view keeps its edges; fog, a
covered lens or a turned camera take those too, and a thing that is put there comes at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.background import Look, Mask
from edge_agent.core.change import slopes
from edge_agent.core.regions import raster
from edge_agent.core.timing import LOOK_S, exceeded, reached
from edge_agent.core.types import Box, Point

BANDS = 16
"""Bands across the zone, from its upper end to its lower one."""
EDGED = 3.0
"""Grey levels a pixel: the least mean slope of a band that has a mark."""
LOST, KEPT = 0.35, 0.5
"""Correlation with the usual slopes below which a band is under water, and above which the rest of the view is kept."""
SMOOTH_S = 1.5
"""Ripples let the mark shine through now and then."""
AWAY_S = 4.0
"""What was hidden for longer is taken for what it shows at once."""
RISE_S, STEP = 12.0, 0.5
"""Water takes at least so long for the height of the zone, and no single step of it is more than STEP of its level."""
LEAST = 2
"""Bands with a mark, without which nobody can tell."""
RISES, BESIDE = 2, 20
"""Where people or vehicles hid a part of the rise, the rest must have been seen to rise so many times; or water stands
on both sides of the zone as well, where they have so many edges: farther away than it is wide, since a thing that
somebody put there hides what is next to it, and not where the people or vehicles were, one of which may still stand
there and be detected no longer."""


@dataclass(frozen=True, slots=True)
class _Step:
    """The water came to `level` at `t`, by `rise`. hidden: people or vehicles were before it, or nobody looked, for so
    long that it can have come slowly."""

    level: float
    t: float
    rise: float
    hidden: bool


class Water:
    """Of one zone. `step` with every look, in order."""

    def __init__(self, polygon: tuple[Point, ...]) -> None:
        self._polygon = polygon
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        self.box: Box = (min(xs), min(ys), max(xs), max(ys))
        self._serial = 0
        self._alike: NDArray[np.float64] | None = None
        self._edged = np.zeros(BANDS, np.bool_)
        self._seen, self._dry, self._hid = np.zeros(BANDS), np.zeros(BANDS), np.zeros(BANDS)
        """When each band was last seen, last seen above the water, and last hidden."""
        self._veil: Mask = np.zeros((0, 0), np.bool_)
        """What people and vehicles hid when a band with a mark was last hidden."""
        self._t = 0.0
        self._steps: list[_Step] = []

    def step(self, look: Look) -> tuple[float, float]:
        """The share of the zone's height that is under water, and since when it has been that much."""
        if look.serial != self._serial:
            self._begin(look)
        if exceeded(look.t - self._t, LOOK_S):  # a gap in the stream hides as people do
            self._hid[:] = look.t
        alike, edged, rest = self._compare(look)
        if self._alike is None:
            self._alike = alike
        # What somebody hides is as it was, and when he has gone as it is then.
        shown, unseen = ~np.isnan(alike), look.t - self._seen
        weight = 1.0 - np.exp(-np.where(unseen > AWAY_S, unseen, look.t - self._t) / SMOOTH_S)
        self._alike = np.where(shown, self._alike + weight * (alike - self._alike), self._alike)
        self._alike = np.where(np.isnan(self._alike), alike, self._alike)
        self._edged = np.where(shown, edged, self._edged)
        self._seen[shown], self._t = look.t, look.t
        level = self._level(self._edged) if rest >= KEPT and self._edged.sum() >= LEAST else 0.0
        self._rise(level, look.t)
        self._dry[shown & (alike >= LOST)] = look.t
        self._hid[~shown] = look.t
        if self._edged[~shown].any():
            self._veil = look.hidden.copy()
        if not self._steps or not self._gradual(look):
            return 0.0, look.t
        return level, self._steps[-1].t

    def _rise(self, level: float, t: float) -> None:
        """Takes the level into the steps by which it has come."""
        self._steps = [step for step in self._steps if step.level <= level]
        before = self._steps[-1].level if self._steps else 0.0
        if level <= before:
            return
        rise = level - before
        new = slice(BANDS - round(level * BANDS), BANDS - round(before * BANDS))
        lowest = np.nonzero(self._edged[new])[0]
        dry, hid = (float(times[new][lowest[-1]]) if lowest.size else t for times in (self._dry, self._hid))
        self._steps.append(_Step(level, t, rise, hid > dry and reached(t - dry, RISE_S * rise)))

    def _gradual(self, look: Look) -> bool:
        """Whether it has come as water does."""
        first, last = self._steps[0], self._steps[-1]
        shown = [step.rise for step in self._steps if not step.hidden]
        if max(shown, default=0.0) > max(STEP * last.level, 1 / BANDS):
            return False
        if last.t - first.t < RISE_S * (last.level - first.level):
            return False
        return len(shown) == len(self._steps) or len(shown) >= RISES or self._beside(look, last.level)

    def _beside(self, look: Look, level: float) -> bool:
        """Whether the usual edges beside the zone are lost as well, as high as the water stands in it."""
        rows, columns = self._window
        rows = slice(rows.stop - round(level * (rows.stop - rows.start)), rows.stop)
        wide = columns.stop - columns.start
        lost = []
        for left in (columns.start - 2 * wide, columns.stop + wide):
            part = rows, slice(max(0, left), max(0, left + wide))
            kept, count = _kept(look.now[part], look.usual[part], ~(look.hidden | self._veil)[part])
            lost.append(count >= BESIDE and kept < LOST * count)
        return all(lost)

    def _begin(self, look: Look) -> None:
        self._serial = look.serial
        self._alike, self._edged, self._steps = None, np.zeros(BANDS, np.bool_), []
        self._seen[:] = self._dry[:] = self._hid[:] = self._t = look.t
        self._veil = look.hidden.copy()
        zone = raster(self._polygon, look.shape)
        rows = np.nonzero(zone.any(axis=1))[0]
        columns = np.nonzero(zone.any(axis=0))[0]
        self._empty = rows.size < BANDS // 2 or columns.size < 4
        if self._empty:
            return
        self._window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        self._mask: Mask = zone[self._window]
        height = self._mask.shape[0]
        self._band = np.minimum(np.arange(height) * BANDS // height, BANDS - 1)
        self._outside = ~zone
        self._outside[rows[-1] + 1 :] = False

    def _compare(self, look: Look) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
        """Of each band its correlation (nan where it is hidden) and whether it has a mark; of the rest above the zone's
        lower end the share of its edges that are kept."""
        if self._empty:
            return np.ones(BANDS), np.zeros(BANDS, np.bool_), 1.0
        now, usual = look.now[self._window].astype(np.float32), look.usual[self._window].astype(np.float32)
        (ax, ay), (bx, by) = slopes(now), slopes(usual)
        visible = self._mask & ~look.hidden[self._window]
        product, own, old = (ax * bx + ay * by) * visible, (ax * ax + ay * ay) * visible, (bx * bx + by * by) * visible
        total, spread, usual_spread, seen, area = (
            np.bincount(self._band, plane.sum(axis=1), BANDS) for plane in (product, own, old, visible, self._mask)
        )
        noise = 4.0 * seen
        alike = total / np.sqrt((spread + noise) * (usual_spread + noise) + 1e-9)
        alike[seen < 0.5 * np.maximum(area, 1)] = np.nan
        edged = usual_spread > EDGED**2 * np.maximum(seen, 1)
        rows = slice(1, None, 3)
        kept, count = _kept(look.now[rows], look.usual[rows], self._outside[rows] & ~look.hidden[rows])
        return alike, edged, kept / count if count >= 30 else 1.0

    def _level(self, edged: NDArray[np.bool_]) -> float:
        """From the lowest band up to the last one under water; bands without a mark go with those around them, and so
        does a single one that shines through."""
        assert self._alike is not None
        top, shows = BANDS, False
        for band in range(BANDS - 1, -1, -1):
            if edged[band]:
                if self._alike[band] < LOST:
                    top, shows = band, False
                elif shows:
                    break
                else:
                    shows = True
        return (BANDS - top) / BANDS


def _kept(now: NDArray[np.uint8], usual: NDArray[np.uint8], where: Mask) -> tuple[int, int]:
    """How many of the usual edges the present picture has, and how many there are."""
    was, is_ = _across(usual), _across(now)
    edges = where[:, 2:] & (np.abs(was) > 12)
    kept = (was * is_ > 0) & (3 * np.abs(is_) >= np.abs(was))
    return int(np.count_nonzero(kept & edges)), int(np.count_nonzero(edges))


def _across(grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    return grey[:, 2:].astype(np.int16) - grey[:, :-2]
