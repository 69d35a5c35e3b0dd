"""How far water has risen over a mark: where the mark's own edges are gone, from its lower end upwards.

Water hides what it covers and shows ripples and mirrors instead: in bands across the zone the present slopes stop
correlating with the usual ones. It comes slowly and from below, while the rest of the view keeps its edges; fog, a
covered lens or a turned camera take those too, and a thing that is put there comes at once.
"""

from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.background import Look, Mask
from edge_agent.core.change import slopes
from edge_agent.core.regions import raster
from edge_agent.core.types import Box, Point

BANDS = 16
"""Bands across the zone, from its upper end to its lower one."""
EDGED = 3.0
"""Grey levels a pixel: the least mean slope of a band that has a mark."""
LOST, KEPT = 0.35, 0.5
"""Correlation with the usual slopes below which a band is under water, and above which the rest of the view is kept."""
SMOOTH_S = 1.5
"""Ripples let the mark shine through now and then."""
RISE_S, STEP = 12.0, 0.5
"""Water takes at least so long for the height of the zone, and no single step of it is more than STEP of its level."""
LEAST = 2
"""Bands with a mark, without which nobody can tell."""


class Water:
    """Of one zone. `step` with every look, in order."""

    def __init__(self, polygon: tuple[Point, ...]) -> None:
        self._polygon = polygon
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        self.box: Box = (min(xs), min(ys), max(xs), max(ys))
        self._serial = 0
        self._alike: NDArray[np.float64] | None = None
        self._edged = np.zeros(BANDS, np.bool_)
        self._t = 0.0
        self._wet: list[tuple[float, float]] = []

    def step(self, look: Look) -> tuple[float, float]:
        """The share of the zone's height that is under water, and since when it has been that much."""
        if look.serial != self._serial:
            self._begin(look)
        alike, edged, rest = self._compare(look)
        if self._alike is None:
            self._alike = alike
        weight = 1.0 - exp(-max(look.t - self._t, 0.0) / SMOOTH_S)
        self._alike = np.where(np.isnan(alike), self._alike, self._alike + weight * (alike - self._alike))
        # What somebody hides is as it was.
        self._edged = np.where(np.isnan(alike), self._edged, edged)
        self._t = look.t
        level = self._level(self._edged) if rest >= KEPT and self._edged.sum() >= LEAST else 0.0
        self._wet = [entry for entry in self._wet if entry[0] <= level]
        if level > 0 and (not self._wet or self._wet[-1][0] < level):
            self._wet.append((level, look.t))
        if level == 0:
            self._wet = []
            return 0.0, look.t
        levels = [0.0, *(level for level, _ in self._wet)]
        steps = max(b - a for a, b in pairwise(levels))
        rose = self._wet[-1][1] - self._wet[0][1]
        gradual = steps <= max(STEP * level, 1 / BANDS) and rose >= RISE_S * (level - levels[1])
        return (level, self._wet[-1][1]) if gradual else (0.0, look.t)

    def _begin(self, look: Look) -> None:
        self._serial = look.serial
        self._alike, self._edged, self._wet, self._t = None, np.zeros(BANDS, np.bool_), [], look.t
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
        lower end the correlation."""
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
        rest = self._outside[rows] & ~look.hidden[rows]
        was, is_ = _across(look.usual[rows]), _across(look.now[rows])
        rest = rest[:, 2:] & (np.abs(was) > 12)
        kept = (was * is_ > 0) & (3 * np.abs(is_) >= np.abs(was))
        count = np.count_nonzero(rest)
        return alike, edged, float(np.count_nonzero(kept & rest)) / count if count >= 30 else 1.0

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


def _across(grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    return grey[:, 2:].astype(np.int16) - grey[:, :-2]
