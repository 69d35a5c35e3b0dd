"""A small grey picture by its cells: how bright each is, how much it varies, and how alike two of them are."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.look import CELL, Grid

NOISE = 1.0
"""Grey levels of noise that count in proportion to the fainter of two cells, so that flat ones are like nothing, while
fog, which thins a cell out, does not make it another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """mean, spread: (rows, cols), grey levels; spread is the standard deviation. varied: (rows, CELL, width), the
    picture without the mean of each cell."""

    mean: Grid
    spread: Grid
    varied: NDArray[np.float32]


def patches(small: Grid) -> Patches:
    """Of a grey picture (h, w) of whole cells."""
    lines = small.reshape(-1, CELL, small.shape[1])
    mean = _means(lines)
    varied = lines - np.repeat(mean, CELL, axis=1)[:, None]
    return Patches(mean, np.sqrt(_means(varied * varied)), varied)


def likeness(a: Patches, b: Patches) -> Grid:
    """Normalised cross-correlation of the cells of two pictures of one size: (rows, cols), -1..1."""
    across = _means(a.varied * b.varied)
    floor = np.float32(NOISE) * np.minimum(a.spread, b.spread) + np.float32(0.5)
    return np.asarray(across / (a.spread * b.spread + floor), np.float32)


def _means(lines: NDArray[np.float32]) -> Grid:
    """(rows, CELL, width) → (rows, cols), the mean of each cell: down first, as memory lies, and by products of
    matrices, which take a fraction of the time of numpy's sums over few numbers each."""
    ones, falls = _sides(lines.shape[2])
    return np.asarray(ones @ lines @ falls, np.float32)


@lru_cache(maxsize=16)
def _sides(width: int) -> tuple[Grid, Grid]:
    """(CELL,) ones; and (width, cols), what each column counts in the mean of its cell."""
    falls = np.repeat(np.eye(width // CELL, dtype=np.float32), CELL, axis=0) / np.float32(CELL * CELL)
    return np.ones(CELL, np.float32), falls
