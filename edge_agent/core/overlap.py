"""How much boxes share, all with all."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

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
