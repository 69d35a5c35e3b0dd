"""Who walks past, for a rule that would take walkers close to the camera, in rain or under leaves, for fighters.

A walker goes straight, a fighter sways to and fro: in labelled fights the net way is half of the whole (median), of
walkers under weather 0.6 to 1. Boxes are linked from look to look by overlap alone, for as long as is needed to tell
that.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.overlap import iou
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.types import Box

Doubles = NDArray[np.float64]

APART_S = 0.15
"""Looks that follow each other faster are left out: each adds a box's jitter to the way."""
LINKED, MISSED_S = 0.2, 0.6
"""Boxes of two looks that overlap (IoU) by more are one person; who was not found for longer is somebody else."""
SPAN_S, LEAST_S, LEAST = 1.6, 0.75, 4
"""Over so much of what was seen last of somebody; who was seen for less, or in fewer looks, is not judged."""
STRAIGHT, SPEED = 0.7, 0.2
"""Walks past: the net way is this share of the whole at least, and so many body heights a second."""


class Passing:
    """Ways of the persons seen within the last `span_s` seconds."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._last = float("-inf")
        self._ways: list[deque[tuple[float, Doubles]]] = []

    def see(self, t: float, boxes: Sequence[Box], aspect: float) -> None:
        """boxes: unit coordinates, of one look; looks in order of time. Without any nobody looked, or nobody was found.
        aspect: of the picture, width over height."""
        for way in self._ways:
            while way and exceeded(t - way[0][0], self._span_s):
                way.popleft()
        self._ways = [way for way in self._ways if way]
        if not boxes or not reached(t - self._last, APART_S):
            return
        self._last = t
        now = np.array(boxes)
        open_ = [way for way in self._ways if not exceeded(t - way[-1][0], MISSED_S)]
        found = _links(np.array([way[-1][1][:4] for way in open_]).reshape(-1, 4), now)
        middles = (now[:, :2] + now[:, 2:]) / 2 * (aspect, 1.0)
        for n, seen in enumerate(np.concatenate([now, middles], axis=1)):
            way = open_[found[n]] if n in found else deque()
            if n not in found:
                self._ways.append(way)
            way.append((t, seen))

    def through(self, places: Doubles) -> bool:
        """Whether half of those who were in one of the places (n, 4) walk straight on; who was seen too shortly is
        left out, and with nobody left it is False."""
        there = [way for way in self._ways if _long(way) and _was_in(way, places)]
        return bool(there) and sum(map(_straight, there)) >= len(there) / 2


def _links(before: Doubles, now: Doubles) -> dict[int, int]:
    """Which of `before` each of `now` is, the ones that overlap most first."""
    found: dict[int, int] = {}
    if not len(before):
        return found
    overlap = iou(before, now)
    pairs = np.argwhere(overlap > LINKED)
    for one, other in pairs[np.argsort(-overlap[overlap > LINKED], kind="stable")].tolist():
        if other not in found and one not in found.values():
            found[other] = one
    return found


def _was_in(way: Sequence[tuple[float, Doubles]], places: Doubles) -> bool:
    x1, y1, x2, y2 = np.array([box[:4] for _, box in way]).T
    x, y = ((x1 + x2) / 2)[:, None], ((y1 + y2) / 2)[:, None]
    left, top, right, bottom = places.T
    return bool(((x >= left) & (x <= right) & (y >= top) & (y <= bottom)).any())


def _long(way: Sequence[tuple[float, Doubles]]) -> bool:
    return len(way) >= LEAST and reached(way[-1][0] - way[0][0], LEAST_S)


def _straight(way: Sequence[tuple[float, Doubles]]) -> bool:
    late = [(t, box) for t, box in way if not exceeded(way[-1][0] - t, SPAN_S)]
    boxes = np.array([box for _, box in late])
    steps = np.diff(boxes[:, 4:], axis=0)
    net, whole = float(np.hypot(*steps.sum(axis=0))), float(np.hypot(*steps.T).sum())
    height = float((boxes[:, 3] - boxes[:, 1]).mean())
    return net > STRAIGHT * whole and net > SPEED * height * (late[-1][0] - late[0][0])
