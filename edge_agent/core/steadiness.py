"""Whether the camera itself stands still, from the picture's motion: what moves in the street never moves all of it.

On the development clips, at 5 pictures a second, at most 0.59 of the picture moved under a still camera (a lorry
across the whole road; 0.75 with the light of a night and its noise) and at least 0.91 at every picture in which an
operator turned, tilted or zoomed.
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.picture import COARSE, SMALL, Picture

MOVED = 0.85
"""Share of the picture that must be displaced for the camera to have moved."""
DISPLACED, DRIFT = 0.125, 1.0
"""A place is displaced when it has moved by DISPLACED pixels (of COARSE) and by DRIFT pixels a second."""
SETTLE_S = 1.0
"""So long after a move nothing is concluded: focus, exposure and the detector settle."""
ROWS, COLS = 9, 16
SAME = 0.7
"""Correlation of two layouts from which they show the same view."""

Layout = NDArray[np.float32]
"""(ROWS, COLS): how much detail each part of the view has, mean 0 and deviation 1. Says where walls, kerbs and trees
are, and nothing of who passes."""


def moving(picture: Picture | None) -> bool:
    """Whether the camera moves between the picture before and this one. Without pixels it is taken to stand still."""
    flow = None if picture is None else picture.flow(COARSE)
    if flow is None:
        return False
    lines = flow.field[1::2].reshape(flow.field.shape[0] // 2, -1)  # In one piece, for numpy's short way.
    squares = lines * lines
    least = max(DISPLACED, DRIFT * flow.dt)
    displaced = squares[:, 2::4] + squares[:, 3::4] > least**2
    return bool(np.count_nonzero(displaced) >= MOVED * displaced.size)


def layout(picture: Picture | None) -> Layout | None:
    """None where there is nothing to see."""
    if picture is None:
        return None
    grey = picture.grey(SMALL).astype(np.float32)
    height, width = grey.shape[0] // ROWS * ROWS, grey.shape[1] // COLS * COLS
    if not height or not width:
        return None
    detail = np.zeros((height, width), np.float32)
    detail[:, 1:] += np.abs(np.diff(grey[:height, :width], axis=1))
    detail[1:] += np.abs(np.diff(grey[:height, :width], axis=0))
    # Whole numbers, so their sums are the same in any order; down the rows first, as memory lies.
    lines = detail.reshape(ROWS, height // ROWS, width).sum(axis=1)
    blocks = np.sqrt(lines.reshape(ROWS, COLS, -1).sum(axis=2) / (height // ROWS * (width // COLS)))
    spread = float(blocks.std())
    if spread < 1e-3:
        return None
    return np.asarray((blocks - blocks.mean()) / spread, np.float32)


def alike(a: Layout, b: Layout) -> float:
    """Correlation, -1..1."""
    return float(np.mean(a * b) / max(float(a.std() * b.std()), 1e-6))
