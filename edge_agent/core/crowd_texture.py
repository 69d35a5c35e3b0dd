"""What a picture looks like in small cells: edges, blobs and colours at three scales, for the estimate of dense crowds.

A dense crowd is a texture of heads (Idrees et al. 2013, "Multi-source multi-scale counting in extremely dense crowd
images", CVPR): edges in all directions, small dark and bright blobs packed side by side, little of any one colour.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Image

CELL = 16
"""Pixels that a cell measures each way, of a picture WIDE pixels wide."""
LEVELS = 3
PER_LEVEL, COLOURS = 9, 6
NEAR, FAR = 1, 3
"""Each cell also sees the mean over 3 x 3 and over 7 x 7 cells around it."""
FEATURES = 3 * (LEVELS * PER_LEVEL + COLOURS)

Floats = NDArray[np.float32]
Steps = NDArray[np.int16]


def texture(grey: Image, colour: Image) -> Floats:
    """(rows, columns, FEATURES) of the cells, from the top left; what does not fill a cell at the right and lower
    edges is left out. No rows or columns come of a picture smaller than a cell.

    grey: (h, w) luma. colour: (h, w, 3) BGR.
    """
    rows, columns = grey.shape[0] // CELL, grey.shape[1] // CELL
    if min(rows, columns) == 0:
        return np.zeros((rows, columns, FEATURES), np.float32)
    level = grey[: rows * CELL, : columns * CELL].astype(np.int16)
    channels: list[Floats] = []
    for _ in range(LEVELS):
        channels += _edges_and_blobs(level, rows, columns)
        level = (level[::2, ::2] + level[1::2, ::2] + level[::2, 1::2] + level[1::2, 1::2]) >> 2
    channels += _colours(colour[: rows * CELL : 2, : columns * CELL : 2], rows, columns)
    own = np.stack(channels, axis=-1)
    return np.concatenate([own, _around(own, NEAR), _around(own, FAR)], axis=-1)


def _edges_and_blobs(y: Steps, rows: int, columns: int) -> list[Floats]:
    """PER_LEVEL arrays (rows, columns): brightness and its spread, edges in four directions, contrast to the
    surroundings, and how many pixels are brighter or darker than all their neighbours."""
    soft = _soft(y)
    middle = soft[1:-1, 1:-1]
    up, down, left, right = soft[:-2, 1:-1], soft[2:, 1:-1], soft[1:-1, :-2], soft[1:-1, 2:]
    high = np.maximum(np.maximum(up, down), np.maximum(left, right))
    low = np.minimum(np.minimum(up, down), np.minimum(left, right))
    planes = [
        abs(left - right),
        abs(up - down),
        abs(soft[:-2, :-2] - soft[2:, 2:]),
        abs(soft[2:, :-2] - soft[:-2, 2:]),
        abs(middle - _soft(_soft(soft))[1:-1, 1:-1]),
    ]
    mean = _cells(y, rows, columns)
    spread = np.sqrt(np.maximum(_cells(np.square(y, dtype=np.float32), rows, columns) - mean * mean, 0))
    blobs = [10 * _cells(plane, rows, columns) for plane in (middle > high, middle < low)]
    return [mean / 128, np.log1p(spread), *(np.log1p(_cells(plane, rows, columns)) for plane in planes), *blobs]


def _colours(bgr: Image, rows: int, columns: int) -> list[Floats]:
    """COLOURS arrays (rows, columns): how green and how red it is, how much of either, and how that spreads."""
    b, g, r = (bgr[..., n].astype(np.int16) for n in range(3))
    found: list[Floats] = []
    for plane, usual in ((g - ((r + b) >> 1), 16), (r - b, 32)):
        mean = _cells(plane, rows, columns)
        square = _cells(np.square(plane, dtype=np.float32), rows, columns)
        spread = np.sqrt(np.maximum(square - mean * mean, 0))
        found += [mean / np.float32(usual), np.log1p(spread), np.log1p(_cells(abs(plane), rows, columns))]
    return found


def _soft(y: Steps) -> Steps:
    """3 x 3 binomial, the edges as they are."""
    soft = y.copy()
    across = y[:, :-2] + (y[:, 1:-1] << 1) + y[:, 2:]
    soft[1:-1, 1:-1] = (across[:-2] + (across[1:-1] << 1) + across[2:] + 8) >> 4
    return soft


def _cells(plane: NDArray[np.generic], rows: int, columns: int) -> Floats:
    """(rows, columns) means of a plane that may lack a pixel at each edge."""
    h, w = plane.shape
    return np.asarray(_share(rows, h) @ plane.astype(np.float32) @ _share(columns, w).T, np.float32)


@cache
def _share(count: int, length: int) -> Floats:
    """(count, length): row i is 1 / n where one of the n pixels of cell i is, else 0."""
    cell = np.minimum((np.arange(length) + 0.5) * count / length, count - 0.5).astype(int)
    share = (cell == np.arange(count)[:, None]).astype(np.float32)
    return np.asarray(share / share.sum(axis=1, keepdims=True), np.float32)


def _around(cells: Floats, reach: int) -> Floats:
    """The mean over what lies within `reach` cells each way, the picture's edge cells going on beyond it."""
    rows, columns = cells.shape[:2]
    near = (_band(rows, reach) @ cells.reshape(rows, -1)).reshape(cells.shape)
    return np.asarray(_band(columns, reach) @ near, np.float32)


@cache
def _band(count: int, reach: int) -> Floats:
    """(count, count): row i averages the cells from i - reach to i + reach."""
    band = np.zeros((count, count), np.float32)
    for offset in range(-reach, reach + 1):
        band[np.arange(count), np.clip(np.arange(count) + offset, 0, count - 1)] += 1 / (2 * reach + 1)
    return band
