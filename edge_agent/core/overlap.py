"""How much boxes share: all with all, in arrays, and one with one, in plain numbers."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Box

Number = TypeVar("Number", np.float32, np.float64)


def shared(boxes: NDArray[Number], others: NDArray[Number]) -> NDArray[Number]:
    """Areas that boxes (n, 4) x1 y1 x2 y2 share with others (m, 4): (n, m)."""
    one, other = boxes.T[..., None], others.T[:, None]
    across = np.maximum(0, np.minimum(one[2], other[2]) - np.maximum(one[0], other[0]))
    down = np.maximum(0, np.minimum(one[3], other[3]) - np.maximum(one[1], other[1]))
    return np.asarray(across * down)


def areas(boxes: NDArray[Number]) -> NDArray[Number]:
    """(n,), of boxes (n, 4); 0 for what is turned inside out."""
    left, top, right, bottom = boxes.T
    return np.asarray(np.maximum(0, right - left) * np.maximum(0, bottom - top))


def iou(boxes: NDArray[Number], others: NDArray[Number]) -> NDArray[Number]:
    """Intersection over union of boxes (n, 4) with others (m, 4): (n, m)."""
    both = shared(boxes, others)
    return np.asarray(both / np.maximum(areas(boxes)[:, None] + areas(others) - both, 1e-9))


def pair_iou(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = _pair_shared(a, b)
    return both / (_area(a) + _area(b) - both) if both else 0.0


def pair_cover(a: Box, b: Box) -> float:
    """Shared area over the smaller box."""
    both = _pair_shared(a, b)
    return both / min(_area(a), _area(b)) if both else 0.0


def _pair_shared(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
