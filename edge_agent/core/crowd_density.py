"""Heads in a crowd from what the detector's network makes of the picture on its way to the boxes: a small network over
the cells of its maps, and what its answer is worth.

Where heads are too many and too small to be boxes of their own, the maps still show them. Trained by
edge_agent/train_density.py, which writes the numbers; models/density.md is its card.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Box, FeatureMap

Floats = NDArray[np.float32]

MOST_LOG, LEAST_LOG = 3.0, -9.0
"""Of the logarithm of heads in a cell: no cell of 16 x 16 pixels of the network's input holds more than 20."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """An ensemble of n networks with one hidden layer of h rectified units; each answers the logarithm of the heads
    that a cell holds on the mean (Poisson regression), the ensemble's answer is the mean over heads.

    fine, coarse: (n, h, channels) of the two maps. b1: (n, h). w2: (n, h). b2: (n,). They belong to one detector.
    """

    fine: Floats
    coarse: Floats
    b1: Floats
    w2: Floats
    b2: Floats

    def heads(self, maps: FeatureMap) -> Floats | None:
        """(rows, columns) heads in each cell of the fine map; None where the maps are another network's."""
        if (len(maps.fine), len(maps.values)) != (self.fine.shape[2], self.coarse.shape[2]):
            return None
        n, units = self.b1.shape
        rows, columns = maps.fine.shape[1:]
        hidden = (self.coarse.reshape(n * units, -1) @ maps.values.reshape(len(maps.values), -1)).reshape(
            n * units, *maps.values.shape[1:]
        )
        hidden = np.repeat(np.repeat(hidden, 2, axis=1), 2, axis=2).reshape(n * units, rows * columns)
        hidden += self.fine.reshape(n * units, -1) @ maps.fine.reshape(len(maps.fine), -1)
        hidden += self.b1.reshape(-1, 1)
        np.maximum(hidden, 0, out=hidden)
        log = (self.w2[:, None, :] @ hidden.reshape(n, units, -1))[:, 0] + self.b2[:, None]
        heads = np.exp(np.clip(log, LEAST_LOG, MOST_LOG)).mean(axis=0)
        return np.asarray(heads.reshape(rows, columns), np.float32)


def middles(maps: FeatureMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the fine map's cells, in unit coordinates: (columns,) across, (rows,) down."""
    rows, columns = maps.fine.shape[1:]
    across = maps.left + (np.arange(columns) + 0.5) * maps.width / 2
    return across, maps.top + (np.arange(rows) + 0.5) * maps.height / 2


def uncovered(maps: FeatureMap, boxes: Iterable[Box]) -> NDArray[np.bool_]:
    """(rows, columns) of the fine map: cells whose middle is in none of `boxes` (unit coordinates)."""
    x, y = middles(maps)
    free = np.ones((len(y), len(x)), bool)
    for x1, y1, x2, y2 in boxes:
        free &= ~(((y1 <= y) & (y <= y2))[:, None] & ((x1 <= x) & (x <= x2)))
    return free


def density_of(numbers: Mapping[str, NDArray[np.generic]]) -> Density:
    """From named arrays, as `arrays` gives them. Raises ValueError where they are not of this network."""
    try:
        parts = {field.name: np.asarray(numbers[field.name], np.float32) for field in fields(Density)}
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from error
    hidden = parts["b1"].shape
    shapes = {"w2": hidden, "b2": hidden[:1], "fine": (*hidden, *parts["fine"].shape[2:])}
    shapes["coarse"] = (*hidden, *parts["coarse"].shape[2:])
    ranks = len(hidden) == 2 and parts["fine"].ndim == parts["coarse"].ndim == 3
    if not ranks or any(parts[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("not a density network of this version")
    return Density(**parts)


def arrays(density: Density) -> dict[str, NDArray[np.float16]]:
    """In half precision, half the size; its error is far below what the answer is worth."""
    return {field.name: getattr(density, field.name).astype(np.float16) for field in fields(Density)}
