"""Masks: their connected regions, with a union-find over the runs of their rows, and the mask of a polygon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Point

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Region:
    """rows [top, bottom), columns [left, right) of the labelled mask, and how many of its pixels are set."""

    top: int
    bottom: int
    left: int
    right: int
    area: int
    label: int


def labelled(mask: Mask) -> tuple[NDArray[np.int32], list[Region]]:
    """Labels (h, w), 0 where nothing is and from 1 in reading order, and the regions; touching at a corner joins.

    He, Chao, Suzuki 2008 (run-based two-scan labelling), the second scan by numpy.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, begins = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    labels = np.zeros(mask.shape, np.int32)
    if not rows.size:
        return labels, []
    names = _joined(rows.tolist(), begins.tolist(), ends.tolist())
    lengths = ends - begins
    flat = np.repeat(rows * width + begins - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    labels.ravel()[flat] = np.repeat(names, lengths)
    order = np.argsort(names, kind="stable")
    named = names[order]
    first = np.flatnonzero(np.concatenate(([True], named[1:] != named[:-1])))
    sides = (
        np.minimum.reduceat(rows[order], first),
        np.maximum.reduceat(rows[order], first) + 1,
        np.minimum.reduceat(begins[order], first),
        np.maximum.reduceat(ends[order], first),
        np.add.reduceat(lengths[order], first),
        named[first],
    )
    return labels, [Region(*values) for values in zip(*(side.tolist() for side in sides), strict=True)]


def _joined(rows: list[int], begins: list[int], ends: list[int]) -> NDArray[np.int32]:
    """The label of each run (row, begin, end), runs in reading order."""
    parent = list(range(len(rows)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    above = 0
    for run, row in enumerate(rows):
        while rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] < begins[run]):
            above += 1
        other = above
        while rows[other] == row - 1 and begins[other] <= ends[run]:
            a, b = root(other), root(run)
            parent[max(a, b)] = min(a, b)
            other += 1
    roots = np.array([root(run) for run in range(len(rows))])
    return np.asarray(np.cumsum(roots == np.arange(len(rows)))[roots], np.int32)


def raster(polygon: tuple[Point, ...], shape: tuple[int, int]) -> Mask:
    """The pixels (h, w) whose middle lies in a polygon in unit coordinates, by the even-odd rule."""
    height, width = shape
    x, y = (np.arange(width) + 0.5) / width, ((np.arange(height) + 0.5) / height)[:, None]
    odd = np.zeros(shape, np.bool_)
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if ay != by:
            crosses = (ay > y) != (by > y)
            odd ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        ax, ay = bx, by
    return odd
