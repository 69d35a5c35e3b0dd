"""Kalman filters of many boxes at once: corners that move with constant velocity (SORT, Bewley et al. 2016).

One column a box. Rows 0-3: x1 y1 x2 y2; 4-7: their velocities a second; 8-10: the covariance [[p, c], [c, v]] of a
coordinate and its velocity. The four coordinates have the same noise, are measured at the same moments and do not
influence each other, so their 8 x 8 covariance is this one block four times over, and the textbook equations (Kalman
1960) come down to a few operations on rows.

All noise grows with the object in the picture, so it is told in its height, and so is the covariance. How much a look
corrects depends on ratios only: neither the height nor the unit of the coordinates enters.
"""

import numpy as np
from numpy.typing import NDArray

Filters = NDArray[np.float64]

ROWS = 11
BOX, VELOCITY = slice(0, 4), slice(4, 8)
P, C, V = 8, 9, 10
EDGE, FAINT, PACE, TURN = 0.03, 0.06, 0.9, 0.18
"""Standard deviations, in heights of the object (a person's 1.7 m): of a detected edge; of one detected weakly, mostly
of who is half hidden; of the velocity of whoever is seen for the first time (walking, 1.5 m/s); and of how much a
velocity changes within a second (0.3 m/s)."""


def begin(boxes: NDArray[np.float64]) -> Filters:
    """(11, k) for boxes (4, k), at rest."""
    filters = np.zeros((ROWS, boxes.shape[1]))
    filters[BOX] = boxes
    filters[P], filters[V] = EDGE**2, PACE**2
    return filters


def moved(filters: Filters, elapsed: float) -> NDArray[np.float64]:
    """Where they are `elapsed` seconds later: (4, k). What shrinks, shrinks to nothing, about its middle: edges that
    would pass each other meet there."""
    boxes: NDArray[np.float64] = filters[BOX] + elapsed * filters[VELOCITY]
    past = boxes[:2] - boxes[2:]
    if past.max(initial=0) > 0:
        back = np.maximum(past, 0) / 2
        boxes[:2] -= back
        boxes[2:] += back
    return boxes


def predict(filters: Filters, elapsed: float) -> None:
    """Moves all on by `elapsed` seconds, in place. The acceleration is white noise (Bar-Shalom et al. 2001, section
    6.2.2): one long step is as good as many short ones."""
    filters[BOX] = moved(filters, elapsed)
    drift, noise = elapsed * filters[V], TURN**2 * elapsed
    filters[P] += elapsed * (2 * filters[C] + drift + noise * elapsed / 3)
    filters[C] += drift + noise * elapsed / 2
    filters[V] += noise


def correct(filters: Filters, boxes: NDArray[np.float64], strong: NDArray[np.bool_]) -> None:
    """What a look that found them at `boxes` (4, k), strong (k,) or weak, makes of the filters (11, k), in place."""
    noise = np.where(strong, EDGE**2, FAINT**2)
    spread = filters[P] + noise
    gain, pull = filters[P] / spread, filters[C] / spread
    surprise = boxes - filters[BOX]
    filters[BOX] += gain * surprise
    filters[VELOCITY] += pull * surprise
    filters[V] -= pull * filters[C]
    filters[P] = noise * gain
    filters[C] = noise * pull
