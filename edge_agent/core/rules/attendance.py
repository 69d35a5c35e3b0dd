"""Who put a thing there, and since when nobody has been with it: by places and times of figures, never by looks.

Distances are from the foot of a person to the foot of the thing, in that person's body heights, so they mean the same
near and far; seen from above a pavement, depth is shortened and somebody behind a thing counts as nearer than he is.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from edge_agent.core.geometry import distance, level
from edge_agent.core.spec import STRONG
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import Figure, FigureId
from edge_agent.core.types import Box

REMEMBERED_S = 30.0
BEFORE_S, AFTER_S = 4.0, 2.0
"""Who was with a thing so long before it came to rest can have put it there; where nobody was seen, who bends down is
not always, then who was so long after."""
TOUCH, OWNERS = 0.1, 2
"""Gap between the boxes of a person and a thing, in body heights, over which it can be put down: none but that by which
boxes tremble, since what a hand holds meets the box around its owner, and is not all above his head. Of those who were
that near the OWNERS whose feet were nearest count."""
BORDER, WALK, SWITCH_S = 0.015, 0.8, 3.0
"""Who is first seen within reach of a thing, no longer than SWITCH_S after its owner was lost there and not at the
border of the picture (a share of it), is the owner under another id; nor so near its left or right border that he can
have walked in since the look before (WALK: body heights a second, 1.4 m/s)."""
BESIDE, PASSING_S = 0.8, 4.0
"""A stranger who stays this near (body heights) for longer than it takes to pass is with the thing too."""
PART, STILL, STILL_S = 0.5, 0.25, 1.0
"""Of the thing within the box of a vehicle: it is part of that, if the vehicle stands: for STILL_S it has not moved by
STILL of its height. One that passes before a thing is none of it."""
SWELL = 4.0
"""Nobody's box has so many times the area, or so little of it, at the next look, unless he is plainly seen: a weak box
that has is something else under his name, foliage or a part of a car. Who was at the border of the picture comes in."""
LIKE = 0.4
"""Overlap over union from which a person's box is the thing: somebody who sits still."""


class Seen(Struct, frozen=True, gc=False):
    """One figure at one look, and whether it stands."""

    t: float
    figure: Figure
    still: bool = False


@dataclass(slots=True)
class Attendance:
    """Of one thing. owners: who can have put it there, and when each was last seen within reach. strangers: who is
    beside it, and since when. last: when an owner, or somebody who stays, was with it. height: of the tallest owner, a
    share of the picture's; 0 without one. seated, driven: looks at which a person's or a standing vehicle's box was the
    thing."""

    owners: dict[FigureId, float] = field(default_factory=dict)
    strangers: dict[FigureId, float] = field(default_factory=dict)
    last: float = float("-inf")
    height: float = 0.0
    seated: int = 0
    driven: int = 0


class Company:
    """The figures of the last REMEMBERED_S, and how near they are to things."""

    def __init__(self, vehicles: frozenset[str], reach: float) -> None:
        self._vehicles = vehicles
        self._reach = reach
        self._seen: deque[Seen] = deque(maxlen=2000)
        self._last: dict[FigureId, Seen] = {}
        self._appeared: dict[FigureId, Seen] = {}
        """Who was first seen where nobody can have come in since the look before."""
        self._heights: dict[FigureId, float] = {}
        self._anchors: dict[FigureId, Seen] = {}
        self._t = float("-inf")

    def remember(self, figures: Iterable[Figure], t: float, aspect: float) -> list[Figure]:
        """Once a look, with everybody. Who of them it is, by name: not who has swollen into something else."""
        elapsed, self._t = t - self._t, t
        while self._seen and exceeded(t - self._seen[0].t, REMEMBERED_S):
            self._seen.popleft()
        present = sorted((one for one in figures if not self._swollen(one)), key=lambda figure: figure.id)
        for figure in present:
            anchor = self._anchors.get(figure.id)
            if anchor is None or distance(anchor.figure.at, figure.at) > STILL * figure.height:
                anchor = self._anchors[figure.id] = Seen(t, figure)
            if figure.id not in self._last and not _came(figure, elapsed, aspect):
                self._appeared[figure.id] = Seen(t, figure)
            self._heights[figure.id] = max(figure.height, self._heights.get(figure.id, 0.0))
            self._seen.append(Seen(t, figure, reached(t - anchor.t, STILL_S)))
            self._last[figure.id] = self._seen[-1]
        oldest = self._seen[0].t if self._seen else t
        for name in [name for name, last in self._last.items() if last.t < oldest]:
            del self._last[name], self._anchors[name], self._heights[name]
            self._appeared.pop(name, None)
        return present

    def _swollen(self, figure: Figure) -> bool:
        last = self._last.get(figure.id)
        if last is None or figure.cls != "person" or figure.score >= STRONG:
            return False
        if min(*last.figure.box[:2], *(1 - side for side in last.figure.box[2:])) <= BORDER:
            return False
        now, before = area(figure.box), area(last.figure.box)
        return now > SWELL * before or before > SWELL * now

    def meet(self, box: Box, born: float, aspect: float) -> Attendance:
        """Who was with a thing that has been found just now and came to rest at `born`."""
        attendance = Attendance()
        before: dict[FigureId, tuple[float, float]] = {}
        after: dict[FigureId, tuple[float, float]] = {}
        for seen in self._seen:
            figure = seen.figure
            if exceeded(born - seen.t, BEFORE_S):
                continue
            if figure.cls == "person" and seen.t > born:
                attendance.seated += union(figure.box, box) >= LIKE
            if figure.cls in self._vehicles:
                attendance.driven += seen.still and self._covers(figure, box)
            elif (
                figure.cls == "person"
                and not exceeded(seen.t - born, AFTER_S)
                and figure.box[1] < box[3]
                and gap(figure.box, box, aspect) <= TOUCH * self._heights[figure.id]
            ):
                nearest, away = before if seen.t <= born else after, self._away(figure, box, aspect)
                nearest[figure.id] = min(nearest.get(figure.id, (away, seen.t)), (away, seen.t))
        nearest = before or after
        for name in sorted(nearest, key=lambda name: nearest[name])[:OWNERS]:
            attendance.owners[name] = nearest[name][1]
            attendance.height = max(attendance.height, self._heights[name])
        for seen in self._seen:  # while the thing was not yet told from its surroundings
            if seen.figure.id in attendance.owners and self._away(seen.figure, box, aspect) <= self._reach:
                attendance.owners[seen.figure.id] = attendance.last = seen.t
        return attendance

    def follow(self, attendance: Attendance, box: Box, figures: Iterable[Figure], t: float, aspect: float) -> None:
        """Who is with it now."""
        beside: dict[FigureId, float] = {}
        present = {figure.id for figure in figures}
        for figure in sorted(figures, key=lambda figure: figure.id):
            if figure.cls in self._vehicles:
                still = reached(t - self._anchors[figure.id].t, STILL_S)
                attendance.driven += still and self._covers(figure, box)
            if figure.cls != "person":
                continue
            attendance.seated += union(figure.box, box) >= LIKE
            away = self._away(figure, box, aspect)
            if figure.id not in attendance.owners:
                self._inherit(attendance, figure, present, box, aspect)
            if figure.id in attendance.owners and away <= self._reach:
                attendance.owners[figure.id] = attendance.last = t
            elif away <= BESIDE:
                beside[figure.id] = attendance.strangers.get(figure.id, t)
                if reached(t - beside[figure.id], PASSING_S):
                    attendance.last = t
        attendance.strangers = beside

    def _inherit(self, attendance: Attendance, figure: Figure, present: set[FigureId], box: Box, aspect: float) -> None:
        """Where this is an owner whose id broke off, it takes the place of the id that was lost."""
        first = self._appeared.get(figure.id)
        if first is None or self._away(first.figure, box, aspect) > self._reach:
            return
        for name in attendance.owners:
            lost = self._last.get(name)
            if name in present or lost is None or lost.t >= first.t or exceeded(first.t - lost.t, SWITCH_S):
                continue
            if self._away(lost.figure, box, aspect) <= self._reach:
                del attendance.owners[name]
                attendance.owners[figure.id] = first.t
                return

    def _away(self, figure: Figure, box: Box, aspect: float) -> float:
        foot = level(((box[0] + box[2]) / 2, box[3]), aspect)
        return max(0.0, distance(figure.at, foot) - (box[2] - box[0]) / 2 * aspect) / self._heights[figure.id]

    def _covers(self, figure: Figure, box: Box) -> bool:
        return area(box) > 0 and shared(figure.box, box) >= PART * area(box)


def _came(figure: Figure, elapsed: float, aspect: float) -> bool:
    """Whether who is seen there can have come in over the border of the picture within so many seconds. Who comes from
    below or above walks along the view, by little in the picture."""
    x1, y1, x2, y2 = figure.box
    walked = WALK * figure.height * elapsed / aspect
    return min(x1, 1 - x2) <= BORDER + walked or min(y1, 1 - y2) <= BORDER


def gap(a: Box, b: Box, aspect: float) -> float:
    """Between two boxes, in frame heights; 0 where they meet."""
    across = max(a[0] - b[2], b[0] - a[2], 0.0) * aspect
    down = max(a[1] - b[3], b[1] - a[3], 0.0)
    return float((across * across + down * down) ** 0.5)


def shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def union(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = shared(a, b)
    whole = area(a) + area(b) - both
    return both / whole if whole > 0 else 0.0
