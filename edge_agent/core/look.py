"""One look at a picture as a whole: what tells whether the camera that took it can be trusted.

A look is small: a grey picture about WIDTH wide and, for square cells of CELL of its pixels, how much fine and coarse
detail the full picture has there. Only numpy, a few rows and strides of the frame; about a millisecond.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Image

Grid = NDArray[np.float32]

WIDTH = 192
CELL = 12
SAMPLES = 3
"""Of each small pixel's area, up to SAMPLES x SAMPLES pixels are averaged."""
ROWS = 4
"""Rows of the full picture looked at for detail, in each row of cells."""
FINE, COARSE = 1, 4
"""Spans, in pixels of the full picture, of the second differences that make fine and coarse detail."""
SMALLEST = 4 * CELL


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """small: (h, w), grey 0..255, cut to whole cells. fine, coarse: (h / CELL, w / CELL), mean square of the horizontal
    second difference over FINE and COARSE pixels: blur takes the fine one first, while fog, gain and night take both
    alike. clipped: (h / CELL, w / CELL), share of the cell that is blown out."""

    t: float
    small: Grid
    fine: Grid
    coarse: Grid
    clipped: Grid


def look(image: Image, t: float) -> Look | None:
    """Of a BGR picture (height, width, 3); None where it is too small to tell anything."""
    step = max(1, image.shape[1] // WIDTH)
    rows, cols = image.shape[0] // (step * CELL), image.shape[1] // (step * CELL)
    if min(rows, cols) * CELL < SMALLEST:
        return None
    whole = image[: rows * CELL * step, : cols * CELL * step]
    # Where every pixel is read, the green ones are laid together first: then sums run over memory as it lies.
    green = np.ascontiguousarray(whole[..., 1]) if step <= SAMPLES else whole[..., 1]
    small = _reduced(green if step <= SAMPLES else whole, step)
    fine, coarse = _detail(green, rows, cols)
    return Look(t, small, fine, coarse, _clipped(small))


def _clipped(small: Grid) -> Grid:
    """Share of each cell that is blown out. Sums down the rows first, as memory lies."""
    height, width = small.shape
    white = small >= 250.0
    if not white.any():
        return np.zeros((height // CELL, width // CELL), np.float32)
    lines = white.view(np.uint8).reshape(height // CELL, CELL, width)
    rows = lines.sum(axis=1, dtype=np.uint8).reshape(height // CELL, width // CELL, CELL)
    return np.asarray(rows.sum(axis=2, dtype=np.uint8) / np.float32(CELL * CELL), np.float32)


def _reduced(whole: Image, step: int) -> Grid:
    """Means of the green of step x step pixels, by up to SAMPLES x SAMPLES of them. whole: green (height, width), or
    all three colours: rows first, whose sums run over memory as it lies, in all three for that; no other rows are
    read."""
    first, *more = sorted({(2 * i + 1) * step // (2 * min(step, SAMPLES)) for i in range(min(step, SAMPLES))})
    lines = whole.reshape(len(whole), -1)
    rows = lines[first::step].astype(np.uint16)
    for y in more:
        rows += lines[y::step]
    green = rows if whole.ndim == 2 else rows[:, 1::3]
    total = green[:, first::step].copy()
    for x in more:
        total += green[:, x::step]
    return total * np.float32(1.0 / (1 + len(more)) ** 2)


def _detail(green: NDArray[np.uint8], rows: int, cols: int) -> tuple[Grid, Grid]:
    height, width = green.shape
    picked = ((np.arange(rows * ROWS) + 0.5) * height / (rows * ROWS)).astype(np.intp)
    lines = green[picked].astype(np.int16)
    twice = lines + lines
    bend = np.zeros(lines.shape, np.float32)
    parts = bend.reshape(rows, ROWS, cols, width // cols)
    found = []
    for span in (FINE, COARSE):
        inner = twice[:, span:-span] - lines[:, : -2 * span]
        inner -= lines[:, 2 * span :]
        bend[:, :span], bend[:, span:-span], bend[:, -span:] = 0.0, inner, 0.0
        sums = np.einsum("ijkl,ijkl->ik", parts, parts)
        found.append(np.asarray(sums / np.float32(ROWS * (width // cols)), np.float32))
    return found[0], found[1]
