"""Who was where lately, for a rule that asks whether there were two, close to each other, at some place."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.timing import exceeded
from edge_agent.core.types import Box

Doubles = NDArray[np.float64]

REACH = 0.5
"""Two are close where so many of their mean height, at most, lie between their boxes ..."""
ALIKE = 2.2
"""... and one is no higher than so many times the other: who is much lower stands far behind."""


class People:
    """Boxes of the persons seen within the last `span_s` seconds. Truth value: whether anybody was."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._looks: deque[tuple[float, Doubles, Doubles]] = deque()

    def __bool__(self) -> bool:
        return bool(self._looks)

    def see(self, t: float, boxes: Sequence[Box], aspect: float) -> None:
        """boxes: unit coordinates, of one look; looks in order of time. aspect: of the picture, width over height."""
        if boxes:
            seen = np.array(boxes)
            self._looks.append((t, seen, _pairs(seen, aspect)))
        while self._looks and exceeded(t - self._looks[0][0], self._span_s):
            self._looks.popleft()

    def touched(self, places: Doubles) -> NDArray[np.bool_]:
        """(n,): which of the places (n, 4) had a part of somebody in them."""
        if not self._looks:
            return np.zeros(len(places), np.bool_)
        return _touch(places, np.concatenate([boxes for _, boxes, _ in self._looks]))

    def pair(self, places: Doubles) -> bool:
        """Whether two were seen at once and close to each other, each with a part in some of the places (n, 4)."""
        pairs = [pairs for _, _, pairs in self._looks if len(pairs)]
        return bool(pairs) and bool(_touch(np.concatenate(pairs), places).reshape(-1, 2).all(axis=1).any())


def _pairs(boxes: Doubles, aspect: float) -> Doubles:
    """(2 n, 4): the boxes of any two that are close to each other, one after the other."""
    if len(boxes) < 2:
        return boxes[:0]
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-6)
    gap = np.maximum(np.maximum(boxes[:, None, :2], boxes[:, :2]) - np.minimum(boxes[:, None, 2:], boxes[:, 2:]), 0)
    away = np.hypot(gap[..., 0] * aspect, gap[..., 1]) / ((height[:, None] + height) / 2)
    close = (away < REACH) & (height[:, None] <= ALIKE * height) & (height <= ALIKE * height[:, None])
    return boxes[np.argwhere(np.triu(close, 1)).ravel()]


def _touch(boxes: Doubles, others: Doubles) -> NDArray[np.bool_]:
    """(n,): which of the boxes (n, 4) share some area with one of the others (m, 4)."""
    left, top, right, bottom = boxes.T[..., None]
    x1, y1, x2, y2 = others.T
    beside = np.minimum(right, x2) > np.maximum(left, x1)
    beside &= np.minimum(bottom, y2) > np.maximum(top, y1)
    return np.asarray(beside.any(axis=1), np.bool_)
