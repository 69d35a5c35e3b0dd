"""Heads in a crowd from what the detector's network makes of the picture on its way to the boxes: a small network over
the cells of its maps, and what its answer is worth.

Where heads are too many and too small to be boxes of their own, the maps still show them. Trained by
edge_agent/train_density.py, which writes the numbers; models/density.md is its card.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import inf

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Box, FeatureMap

Floats = NDArray[np.float32]

MOST_LOG, LEAST_LOG = 3.0, -9.0
"""Of the logarithm of heads in a cell: no cell of 16 x 16 pixels of the network's input holds more than 20."""
LEAST_ROOM = 0.1
"""Share of a box around a head where nobody was detected, at least: of less nothing is said."""


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


def within(maps: FeatureMap) -> NDArray[np.bool_]:
    """(rows, columns) of the fine map: cells whose middle lies in the picture and not in what it was padded with."""
    x, y = middles(maps)
    return np.asarray(((y > 0) & (y < 1))[:, None] & ((x > 0) & (x < 1))[None, :])


def size_of(boxes: Iterable[Box]) -> tuple[float, float]:
    """Width and height of a typical person: the medians of one box at least, in the boxes' units."""
    x1, y1, x2, y2 = np.array(list(boxes)).T
    return float(np.median(x2 - x1)), float(np.median(y2 - y1))


@dataclass(frozen=True, slots=True)
class Beside:
    """What the maps show where nobody was detected. heads: how many. crowding: how many heads there typically are
    within a box as large as a person's."""

    heads: float
    crowding: float = inf


def beside(
    heads: Floats,
    maps: FeatureMap,
    boxes: Iterable[Box],
    size: tuple[float, float] | None,
    zone: NDArray[np.bool_] | None = None,
) -> Beside:
    """heads: (rows, columns) in each cell of the fine map. boxes: of the people detected, size: of a typical one, both
    in unit coordinates; without it they count as crowded. zone: the cells that count; all of them without it. What lies
    around counts for the crowding, too: heads in a box around each head, for the share of it where nobody was detected,
    the geometric mean over the heads."""
    free = within(maps) & uncovered(maps, boxes)
    shown = np.where(free, heads, 0)
    counted = shown if zone is None else np.where(zone, shown, 0)
    every = float(counted.sum())
    if size is None or every <= 0:
        return Beside(every)
    across, down = max(size[0] * 2 / maps.width, 1.0), max(size[1] * 2 / maps.height, 1.0)
    rows, columns = _box(free.shape[0], down), _box(free.shape[1], across)
    room = np.maximum(rows @ free @ columns / (across * down), LEAST_ROOM)
    crowding = np.maximum(rows @ shown @ columns / room, np.exp(LEAST_LOG))
    return Beside(every, float(np.exp((counted * np.log(crowding)).sum() / every)))


def _box(count: int, extent: float) -> NDArray[np.float64]:
    """(count, count) how much of cell j lies within a box of so many cells around the middle of cell i."""
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return np.clip((extent + 1) / 2 - apart, 0, 1)


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
