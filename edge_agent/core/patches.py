"""A small grey picture by its cells: how bright each is, how much it varies, and how alike two of them are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.look import Grid, cells

NOISE = 1.0
"""Grey levels of noise that count in proportion to the fainter of two cells, so that flat ones are like nothing, while
fog, which thins a cell out, does not make it another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """mean, spread: (rows, cols), grey levels; spread is the standard deviation. varied: (rows, cols, CELL x CELL),
    without the mean."""

    mean: Grid
    spread: Grid
    varied: NDArray[np.float32]


def patches(small: Grid) -> Patches:
    """Of a grey picture (h, w) of whole cells."""
    each = np.ascontiguousarray(cells(small), np.float32)
    mean = each.mean(axis=2)
    varied = each - mean[..., None]
    spread = np.sqrt(np.einsum("ijk,ijk->ij", varied, varied) / np.float32(varied.shape[2]))
    return Patches(mean, spread, varied)


def likeness(a: Patches, b: Patches) -> Grid:
    """Normalised cross-correlation of the cells of two pictures of one size: (rows, cols), -1..1."""
    across = np.einsum("ijk,ijk->ij", a.varied, b.varied) / np.float32(a.varied.shape[2])
    floor = np.float32(NOISE) * np.minimum(a.spread, b.spread) + np.float32(0.5)
    return np.asarray(across / (a.spread * b.spread + floor), np.float32)
