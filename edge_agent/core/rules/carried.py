"""Whether the camera itself moves: panned by an operator, or carried."""

from typing import NamedTuple

import numpy as np

from edge_agent.core.picture import Flow

STRIDE = 4
MIDDLE = 0.2
"""What is nearer to the middle than this share of the width says little about moving forwards."""


class Travel(NamedTuple):
    """speed: of the view as a whole, in widths of the picture a second. outwards: of all motion that remains, the share
    that leads away from the middle (1: the camera moves forwards or zooms in) or to it (-1)."""

    speed: float
    outwards: float


def travel(flow: Flow) -> Travel:
    """Of a dense flow (h, w, 2), read at every STRIDE pixels both ways."""
    width = flow.field.shape[1]
    field = flow.field[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE] / np.float32(width * flow.dt)
    shared = np.median(field.reshape(-1, 2), axis=0)
    rows, cols = field.shape[:2]
    y, x = np.mgrid[:rows, :cols] * (STRIDE / width)
    y, x = y - y.mean(), x - x.mean()
    away = np.hypot(x, y)
    outer = away > MIDDLE
    rest = field - shared
    along = (x * rest[..., 0] + y * rest[..., 1])[outer] / away[outer]
    total = float(np.hypot(rest[..., 0], rest[..., 1])[outer].sum())
    return Travel(float(np.hypot(*shared)), float(along.sum()) / total if total > 0 else 0.0)
