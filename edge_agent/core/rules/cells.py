"""Pictures cut into square cells: means, neighbourhoods, and regions of cells that touch."""

from collections import deque
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.geometry import inside
from edge_agent.core.timing import reached
from edge_agent.core.types import Box, Point

Grid = NDArray[np.float32]
Mask = NDArray[np.bool_]


def cell_sums(planes: NDArray[np.uint16], side: int) -> NDArray[np.uint16]:
    """(..., h, w) → (..., h // side, w // side): the sum of each cell of side x side pixels; what is left over at the
    right and below is left out. Modulo 65 536."""
    high, wide = planes.shape[-2] // side * side, planes.shape[-1] // side * side
    rows = planes[..., 0:high:side, :wide].copy()
    for first in range(1, side):
        rows += planes[..., first:high:side, :wide]
    cells = rows[..., ::side].copy()
    for first in range(1, side):
        cells += rows[..., first::side]
    return cells


def neighbourhood(grids: Grid) -> Grid:
    """(n, rows, cols): the mean of each cell and its eight neighbours, the edge cells repeated outwards."""
    _, rows, cols = grids.shape
    return np.asarray(_beside(rows) @ grids @ _beside(cols) / np.float32(9.0), np.float32)


@lru_cache(maxsize=16)
def _beside(cells: int) -> Grid:
    """(cells, cells): how often each cell counts in the sum of another and the two beside it along a side."""
    wide = np.pad(np.eye(cells, dtype=np.float32), ((1, 1), (0, 0)), "edge")
    return np.asarray(wide[:-2] + wide[1:-1] + wide[2:], np.float32)


def regions(mask: Mask, least: int) -> list[Mask]:
    """The parts of `mask` (rows, cols) that touch at an edge or a corner, of at least `least` cells, largest first and
    then by their first cell."""
    rows, cols = mask.shape
    wide = cols + 1  # one column of nothing: no row goes on in the next
    padded = np.zeros((rows, wide), np.bool_)
    padded[:, :cols] = mask
    cells = np.flatnonzero(padded).tolist()
    left = set(cells)
    around = (-wide - 1, -wide, -wide + 1, -1, 1, wide - 1, wide, wide + 1)
    found: list[list[int]] = []
    for first in cells:
        if first not in left:
            continue
        left.discard(first)
        part, ends = [first], [first]
        while ends:
            here = ends.pop()
            near = [here + step for step in around if here + step in left]
            left.difference_update(near)
            part += near
            ends += near
        if len(part) >= least:
            found.append(part)
    result = []
    for part in sorted(found, key=lambda cells: (-len(cells), min(cells))):
        one = np.zeros((rows, wide), np.bool_)
        one.reshape(-1)[part] = True
        result.append(one[:, :cols])
    return result


def spread(mask: Mask) -> Mask:
    """(..., rows, cols): `mask` and the cells around it."""
    tall = mask.copy()
    tall[..., 1:, :] |= mask[..., :-1, :]
    tall[..., :-1, :] |= mask[..., 1:, :]
    wide = tall.copy()
    wide[..., 1:] |= tall[..., :-1]
    wide[..., :-1] |= tall[..., 1:]
    return wide


def bounds(region: Mask, side: int, width: int, height: int) -> Box:
    """The box around the region's cells, in unit coordinates of a picture of `width` x `height` pixels."""
    rows, cols = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return (
        int(cols[0]) * side / width,
        int(rows[0]) * side / height,
        min((int(cols[-1]) + 1) * side / width, 1.0),
        min((int(rows[-1]) + 1) * side / height, 1.0),
    )


def within(polygon: tuple[Point, ...], shape: tuple[int, int], side: int, width: int, height: int) -> Mask:
    """The cells whose middle lies in the polygon."""
    rows, cols = shape
    return np.array(
        [
            [inside(polygon, ((x + 0.5) * side / width, (y + 0.5) * side / height)) for x in range(cols)]
            for y in range(rows)
        ],
        np.bool_,
    ).reshape(shape)


class Steady:
    """Which cells have been so at nearly every look of the last `span_s` seconds; all the masks are of one shape."""

    def __init__(self, span_s: float, share: float) -> None:
        self._span_s = span_s
        self._share = share
        self._looks: deque[tuple[float, Mask]] = deque()
        self._times = np.zeros((0, 0), np.uint16)

    def clear(self) -> None:
        self._looks.clear()

    def add(self, t: float, mask: Mask) -> Mask:
        """The cells that were so at `share` of the looks; none until the looks span `span_s`. Keeps `mask`."""
        if not self._looks:
            self._times = np.zeros(mask.shape, np.uint16)
        self._looks.append((t, mask))
        self._times += mask
        while len(self._looks) > 2 and reached(t - self._looks[1][0], self._span_s):
            self._times -= self._looks.popleft()[1]
        if not reached(t - self._looks[0][0], self._span_s):
            return np.zeros_like(mask)
        return np.asarray(self._times >= ceil(self._share * len(self._looks) - 1e-6), np.bool_)

    @property
    def since(self) -> float:
        """The oldest look that still counts."""
        return self._looks[0][0]
