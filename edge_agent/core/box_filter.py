"""Kalman filters of many boxes at once: corners that move with constant velocity (SORT, Bewley et al. 2016).

One column a box. Rows 0-3: x1 y1 x2 y2; 4-7: their velocities in a nominal frame (one of 1 / fps seconds); 8-10: the
covariance [[p, c], [c, v]] of a coordinate and its velocity. The four coordinates have the same noise, are measured at
the same moments and do not influence each other, so their 8 x 8 covariance is this one block four times over, and the
textbook equations (Kalman 1960) come down to a few operations on rows.

The noise is that of the ByteTrack of the `trackers` package (version 2.6), in pixels of a picture whose longer side is
640: variance of a measured coordinate 0.1, of a new track's coordinates and velocities 1; and see `predict`.
"""

import numpy as np
from numpy.typing import NDArray

Filters = NDArray[np.float64]

ROWS = 11
BOX, VELOCITY = slice(0, 4), slice(4, 8)
P, C, V = 8, 9, 10
MEASUREMENT = 0.1
PROCESS = 0.01
BEGIN = 1.0
NOMINAL_S = 0.004
"""A gap within this of 1 / fps is one nominal frame: clocks round and cameras jitter."""


def begin(boxes: NDArray[np.float64]) -> Filters:
    """(11, k) for boxes (4, k), at rest."""
    filters = np.zeros((ROWS, boxes.shape[1]))
    filters[BOX] = boxes
    filters[P] = filters[V] = BEGIN
    return filters


def predict(filters: Filters, elapsed: float, fps: float) -> None:
    """Moves all on by `elapsed` seconds, in place.

    Process noise of a nominal frame: PROCESS for coordinate and velocity each; of any other gap of d frames that of a
    random acceleration that is constant within it: PROCESS x [[d^4 / 4, d^3 / 2], [d^3 / 2, d^2]] (Bar-Shalom et al.
    2001, section 6.3.2).
    """
    step = elapsed * fps
    qp, qc, qv = PROCESS, 0.0, PROCESS
    if abs(step - 1.0) > NOMINAL_S * fps:
        qp, qc, qv = PROCESS * step**4 / 4, PROCESS * step**3 / 2, PROCESS * step**2
    filters[BOX] += step * filters[VELOCITY]
    drift = step * filters[V]
    filters[P] += step * (2 * filters[C] + drift) + qp
    filters[C] += drift + qc
    filters[V] += qv


def correct(filters: Filters, boxes: NDArray[np.float64]) -> None:
    """What a look that found them at `boxes` (4, k) makes of the filters (11, k), in place."""
    spread = filters[P] + MEASUREMENT
    gain, pull = filters[P] / spread, filters[C] / spread
    surprise = boxes - filters[BOX]
    filters[BOX] += gain * surprise
    filters[VELOCITY] += pull * surprise
    filters[V] -= pull * filters[C]
    filters[P] = MEASUREMENT * gain
    filters[C] = MEASUREMENT * pull
