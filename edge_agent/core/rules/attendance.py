"""Who put a thing there, and since when nobody has been with it: by places and times of figures, never by looks.

Distances are from the foot of a person to the foot of the thing, in that person's body heights, so they mean the same
near and far; seen from above a pavement, depth is shortened and somebody behind a thing counts as nearer than he is.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.core.geometry import distance, level
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import Figure, FigureId
from edge_agent.core.types import Box

REMEMBERED_S = 30.0
BEFORE_S = 6.0
"""Who was with a thing so long before it came to rest, or since, can have put it there."""
TOUCH = 0.35
"""Gap between the boxes of a person and a thing, in body heights, over which it can be put down."""
BORDER, SWITCH_S = 0.015, 3.0
"""Who is first seen within reach of a thing, no longer than SWITCH_S after its owner was there and not at the border of
the picture (a share of it), is the owner under another id."""
BESIDE, PASSING_S = 0.8, 4.0
"""A stranger who stays this near (body heights) for longer than it takes to pass is with the thing too."""
PART = 0.5
"""Of the thing within the box of a vehicle: it is part of that."""
LIKE = 0.4
"""Overlap over union from which a person's box is the thing: somebody who sits still."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure at one look."""

    t: float
    figure: Figure


@dataclass(slots=True)
class Attendance:
    """Of one thing. owners: who can have put it there, by id. last: when one of them, or somebody who stays, was with
    it. seated, driven: looks at which a person's or a vehicle's box was the thing."""

    owners: set[FigureId] = field(default_factory=set)
    strangers: dict[FigureId, float] = field(default_factory=dict)
    last: float = float("-inf")
    seated: int = 0
    driven: int = 0


class Company:
    """The figures of the last REMEMBERED_S, and how near they are to things."""

    def __init__(self, vehicles: frozenset[str], reach: float) -> None:
        self._vehicles = vehicles
        self._reach = reach
        self._seen: deque[Seen] = deque(maxlen=2000)
        self._first: dict[FigureId, Seen] = {}
        self._heights: dict[FigureId, float] = {}

    def remember(self, figures: Iterable[Figure], t: float) -> None:
        """Once a look, with everybody."""
        while self._seen and exceeded(t - self._seen[0].t, REMEMBERED_S):
            self._seen.popleft()
        for figure in sorted(figures, key=lambda figure: figure.id):
            self._seen.append(Seen(t, figure))
        present = {seen.figure.id for seen in self._seen}
        self._first = {name: seen for name, seen in self._first.items() if name in present}
        self._heights = {name: height for name, height in self._heights.items() if name in present}
        for figure in figures:
            self._first.setdefault(figure.id, Seen(t, figure))
            self._heights[figure.id] = max(figure.height, self._heights.get(figure.id, 0.0))

    def meet(self, box: Box, born: float, aspect: float) -> Attendance:
        """Who was with a thing that has been found just now and came to rest at `born`."""
        attendance = Attendance()
        for seen in self._seen:
            figure = seen.figure
            if exceeded(born - seen.t, BEFORE_S):
                continue
            if figure.cls in self._vehicles:
                attendance.driven += self._covers(figure, box)
            elif figure.cls == "person" and gap(figure.box, box, aspect) <= TOUCH * self._heights[figure.id]:
                attendance.owners.add(figure.id)
        return attendance

    def follow(self, attendance: Attendance, box: Box, figures: Iterable[Figure], t: float, aspect: float) -> None:
        """Who is with it now."""
        beside: set[FigureId] = set()
        for figure in figures:
            if figure.cls in self._vehicles:
                attendance.driven += self._covers(figure, box)
            if figure.cls != "person":
                continue
            attendance.seated += union(figure.box, box) >= LIKE
            away = self._away(figure, box, aspect)
            if (
                figure.id not in attendance.owners
                and attendance.owners
                and self._again(figure, attendance, box, aspect)
            ):
                attendance.owners.add(figure.id)
            if figure.id in attendance.owners:
                if away <= self._reach:
                    attendance.last = t
            elif away <= BESIDE:
                beside.add(figure.id)
                if reached(t - attendance.strangers.setdefault(figure.id, t), PASSING_S):
                    attendance.last = t
        attendance.strangers = {name: since for name, since in attendance.strangers.items() if name in beside}

    def _again(self, figure: Figure, attendance: Attendance, box: Box, aspect: float) -> bool:
        """Whether this is an owner whose id broke off."""
        first = self._first[figure.id]
        x1, y1, x2, y2 = first.figure.box
        return (
            bool(attendance.owners)
            and not exceeded(first.t - attendance.last, SWITCH_S)
            and min(x1, y1, 1 - x2, 1 - y2) > BORDER
            and self._away(first.figure, box, aspect) <= self._reach
        )

    def _away(self, figure: Figure, box: Box, aspect: float) -> float:
        foot = level(((box[0] + box[2]) / 2, box[3]), aspect)
        return max(0.0, distance(figure.at, foot) - (box[2] - box[0]) / 2 * aspect) / self._heights[figure.id]

    def _covers(self, figure: Figure, box: Box) -> bool:
        area = (box[2] - box[0]) * (box[3] - box[1])
        return area > 0 and shared(figure.box, box) >= PART * area


def gap(a: Box, b: Box, aspect: float) -> float:
    """Between two boxes, in frame heights; 0 where they meet."""
    across = max(a[0] - b[2], b[0] - a[2], 0.0) * aspect
    down = max(a[1] - b[3], b[1] - a[3], 0.0)
    return float((across * across + down * down) ** 0.5)


def shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def union(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = shared(a, b)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / whole if whole > 0 else 0.0
