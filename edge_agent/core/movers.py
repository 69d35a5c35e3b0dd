"""How each vehicle of one camera moves: where from, how fast, since when it stands, and what it ran into.

Lengths are in *box lengths*: the square root of a box's area, in frame heights (a car seen from the side is about 1.7
of them long, one seen from ahead 1). Speeds are box lengths a second, headings degrees clockwise as seen in the picture
(0 up).
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import atan2, degrees, hypot, sqrt
from statistics import median

from msgspec import Struct

from edge_agent.core.overlap import pair_iou
from edge_agent.core.timing import EPSILON_S, exceeded, reached
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import PERSON, Box, Point

VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck"})

TRAIL_S, TRAIL = 4.0, 64
"""How far back a vehicle's way is kept, in seconds and in looks."""
SPAN_S = 0.8
"""Speed and heading are taken over so long: less shows the trembling of boxes."""
SURE = 0.3
"""Box lengths a vehicle must have gone within SPAN_S for its heading to be more than that trembling."""
SAME_PLACE, STANDS_S = 0.6, 1.0
"""It stands while its box overlaps the one it stopped with (intersection over union), and is known to stand after
STANDS_S; then a box that is hidden or merged with another for so long does not set it moving."""
KEEP_S = 10.0
"""A standing vehicle that is hidden so long and seen again at its place has stood on, whatever the tracker calls it."""
CAME = 1.25
"""Box lengths it must have gone to have come; less is how boxes of parked cars tremble."""
LEAP, LEAP_SPEED, FASTEST = 0.5, 3.0, 8.0
"""A step of more than LEAP box lengths, at more than LEAP_SPEED plus three times the speed before (FASTEST, where that
is not known yet), is no motion but another vehicle under the same name."""
BRAKED_S, APPROACH_S = 2.5, 0.6
"""How hard a vehicle braked is taken from its way over APPROACH_S, at any moment from BRAKED_S before it stood."""
SWELL = 2.0
"""Within the seconds of a stop no vehicle's box becomes so many times as long, or as short: that is another under its
name."""
KNOWN_S = 1.1
"""Over longer somebody was hidden, and may have rolled. Looks are 0.5 s apart at most."""
CREEP, HERE = 0.3, 0.35
"""Slower than CREEP box lengths a second, and while its box overlaps that of its stop by HERE, it has not set out."""
STRIKING, HIDDEN_S = 0.8, 0.6
"""Two have met where their boxes do on the ground, one going at STRIKING or more, and as fast against the other. Who is
hit is often hidden at once: it counts where it was seen HIDDEN_S before."""
DEPTH, BESIDE = 0.5, 0.15
"""On the ground: their lower edges at most DEPTH of the taller box's height apart (as deep as it stands on the ground),
and sideways no more than BESIDE of the lower one's height between them."""
TWICE = 0.7
"""Overlap over union from which two boxes are one vehicle seen twice: it does not meet itself."""
CONTACT_S = 3.0
"""A stop this long after they met comes of it."""


class Place(Struct, frozen=True, gc=False):
    """at: middle of the box, foot: of its lower edge, both level; unit_foot: in unit coordinates. score:
    the detector's, 0..1."""

    t: float
    at: Point
    foot: Point
    unit_foot: Point
    length: float
    score: float


@dataclass(slots=True)
class Mover:
    """One vehicle (or, for what it may meet, a person).

    serial: its own number, whatever the tracker calls it. anchor: the box it stands in since `since`, and was last seen
    in at `there`; stop: the one it came to stand in; off: since when it is not there. farthest: box lengths from where
    it was first seen. met, whom: when it last touched whom. collided: with whom it had met hit_s before, by serial.
    lasted: how many of STOOD_S have been counted. speed: box lengths a second over the last SPAN_S, None until it has
    been watched for half of it; velocity: the same in frame heights, level, 0 until then. voted: in which cells it has,
    going into which quarter. last: of the trail. then: where it was SPAN_S before that, or else first; way: box lengths
    from there. _stopping: its trail as it came to its stand.
    """

    serial: int
    figure: Figure
    trail: deque[Place]
    anchor: Box
    stop: Box
    since: float
    there: float = field(init=False)
    off: float | None = None
    farthest: float = 0.0
    met: float = float("-inf")
    whom: int = 0
    collided: int | None = None
    hit_s: float = 0.0
    lasted: int = 0
    heading: float | None = None
    speed: float | None = None
    velocity: Point = (0.0, 0.0)
    voted: set[tuple[int, int, int]] = field(default_factory=set)
    last: Place = field(init=False)
    then: Place = field(init=False)
    way: float = 0.0
    _stopping: tuple[Place, ...] = ()
    _braking: float | None = 0.0

    def __post_init__(self) -> None:
        self.last = self.then = self.trail[-1]
        self.there = self.since

    def add(self, point: Place) -> None:
        """Takes `way`, `speed` and `velocity` from the last SPAN_S up to this point."""
        self.trail.append(point)
        self.last = point
        then = self.before(point.t - SPAN_S)
        self.begin_way(then)
        took = point.t - then.t
        if not reached(took, SPAN_S / 2):
            self.speed, self.velocity = None, (0.0, 0.0)
            return
        self.speed = self.way / took
        self.velocity = (point.at[0] - then.at[0]) / took, (point.at[1] - then.at[1]) / took

    def begin_way(self, then: Place) -> None:
        self.then, self.way = then, gone(then, self.last)

    def stopped(self, box: Box, t: float) -> None:
        """It comes to stand in `box`, as far as can be told yet."""
        self.stop, self.since, self.lasted = box, t, 0
        self._stopping, self._braking = tuple(self.trail), None
        self.hit_s = t - self.met
        self.collided = None if exceeded(self.hit_s, CONTACT_S) else self.whom

    @property
    def braking(self) -> float:
        """How it came to its stand, box lengths a second squared. Worked out when first asked for, once it is known to
        stand: most drive on."""
        if self._braking is None:
            after = [at for at in self.trail if at.t > self.since]
            self._braking = _braking(self._stopping, after)
        return self._braking

    def plain(self, score: float) -> bool:
        """Whether it, and no vehicle of another size, was seen with such a score at least once on its way to its stand:
        weak boxes alone drive and brake by how their edges jump."""
        now = self.last.length
        return any(at.score >= score and now / SWELL <= at.length <= now * SWELL for at in self._stopping[:-1])

    @property
    def came(self) -> bool:
        return self.farthest >= CAME

    def counts(self, t: float) -> bool:
        """Whether it is traffic: it has come, or has not stood ever since it was first seen."""
        return self.came or not self.stands(t)

    def before(self, t: float) -> Place:
        """The latest known point at or before `t`, else the earliest."""
        for point in reversed(self.trail):
            if point.t <= t + EPSILON_S:
                return point
        return self.trail[0]

    def stands(self, t: float) -> float:
        """For how long it has stood, 0 while it is not known to."""
        return t - self.since if self.settled and self.off is None else 0.0

    @property
    def settled(self) -> bool:
        """Whether it has been seen where it stopped for STANDS_S. Who is next seen elsewhere has not, however long
        nobody saw it in between."""
        return reached(self.there - self.since, STANDS_S)


def gone(then: Place, now: Place) -> float:
    """Box lengths between two points of one vehicle's way."""
    return hypot(now.at[0] - then.at[0], now.at[1] - then.at[1]) / ((now.length + then.length) / 2)


def between(a: Mover, b: Mover, aspect: float) -> float:
    """The gap between two boxes, in lengths of the smaller; 0 where they overlap."""
    one, two = a.figure.box, b.figure.box
    dx = max(0.0, max(one[0], two[0]) - min(one[2], two[2])) * aspect
    dy = max(0.0, max(one[1], two[1]) - min(one[3], two[3]))
    return hypot(dx, dy) / min(a.last.length, b.last.length)


class Movers:
    """All who move or stand, by figure. `look` at every view, in order of time."""

    def __init__(self) -> None:
        self._known: dict[FigureId, Mover] = {}
        self._people: dict[FigureId, Mover] = {}
        self._count = 0

    def clear(self) -> None:
        """The view is another one: everybody is new."""
        self._known.clear()
        self._people.clear()

    def look(self, view: View) -> list[Mover]:
        """Those of the vehicles that are seen now, in the order of their boxes."""
        figures = [
            f for f in view.figures if f.height > 0 and f.box[2] > f.box[0] and (f.cls in VEHICLES or f.cls == PERSON)
        ]
        # Who is known is followed first: nobody may take the place of one who is still there.
        figures.sort(key=lambda f: (f.id not in self._known and f.id not in self._people, f.box, f.cls, f.id))
        now = []
        for figure in figures:
            if figure.cls in VEHICLES:
                now.append(self._follow(self._known, figure, view))
            else:
                self._follow(self._people, figure, view)
        everyone = [*self._known.values(), *self._people.values()]
        _meet(now, [mover for mover in everyone if not exceeded(view.t - mover.last.t, HIDDEN_S)], view)
        for known in (self._known, self._people):
            for name in [name for name, mover in known.items() if exceeded(view.t - mover.last.t, KEEP_S)]:
                del known[name]
        return sorted(now, key=lambda mover: (mover.figure.box, mover.serial))

    def _follow(self, known: dict[FigureId, Mover], figure: Figure, view: View) -> Mover:
        point = _place(figure, view)
        mover = known.get(figure.id) or self._adopt(known, figure, view.t)
        if mover is not None and view.held:
            if mover.there == mover.last.t:
                mover.there = point.t
            mover.add(point)
        elif mover is None or _leapt(mover, point):
            self._count += 1
            mover = known[figure.id] = Mover(self._count, figure, deque([point], TRAIL), figure.box, figure.box, view.t)
        else:
            _move(mover, figure, point)
        mover.figure = figure
        while len(mover.trail) > 1 and exceeded(view.t - mover.trail[0].t, TRAIL_S):
            if mover.trail.popleft() is mover.then:
                mover.begin_way(mover.trail[0])
        return mover

    def _adopt(self, known: dict[FigureId, Mover], figure: Figure, t: float) -> Mover | None:
        """Who was known to stand where this new figure appears, and is not seen now."""
        best: tuple[float, FigureId] | None = None
        for name, mover in known.items():
            if mover.last.t >= t or not mover.stands(mover.last.t):
                continue
            same = pair_iou(mover.anchor, figure.box)
            if same >= SAME_PLACE and (best is None or same > best[0]):
                best = same, name
        if best is None:
            return None
        mover = known[figure.id] = known.pop(best[1])
        return mover


def _place(figure: Figure, view: View) -> Place:
    x1, y1, x2, y2 = figure.box
    at = (x1 + x2) / 2 * view.aspect, (y1 + y2) / 2
    return Place(view.t, at, figure.at, figure.foot, sqrt((x2 - x1) * view.aspect * (y2 - y1)), figure.score)


def _leapt(mover: Mover, point: Place) -> bool:
    dt = point.t - mover.last.t
    step = gone(mover.last, point)
    if dt <= 0:
        return step > LEAP
    speed = mover.speed
    return step > LEAP and step / dt > (FASTEST if speed is None else LEAP_SPEED + 3.0 * speed)


def _move(mover: Mover, figure: Figure, point: Place) -> None:
    mover.add(point)
    if mover.way >= SURE:
        mover.heading = heading(mover.then.at, point.at)
    mover.farthest = max(mover.farthest, gone(mover.trail[0], point))
    if pair_iou(mover.anchor, figure.box) >= SAME_PLACE:
        mover.there, mover.off = point.t, None
        return
    if mover.settled and mover.off is None:
        mover.off = point.t
    if mover.off is not None and not reached(point.t - mover.off, STANDS_S):
        return
    mover.anchor, mover.there, mover.off = figure.box, point.t, None
    if mover.speed is None or mover.speed > CREEP or pair_iou(mover.stop, figure.box) < HERE:
        mover.stopped(figure.box, point.t)


def _braking(way: Sequence[Place], after: Sequence[Place]) -> float:
    """Box lengths a second squared. way: its trail as it came to its stand, after: from then on.

    Who brakes evenly has a * t^2 / 2 left to go, t before he stands: that which leads over APPROACH_S from one such
    distance to another, the hardest. By distances, since the look at which he is found to stand comes when it comes.
    Who stood before that was not on his way: his name has jumped to another.
    """
    trail, since, hardest = [*way, *after], way[-1].t, 0.0
    stand = [at for at in after if reached(at.t - since, STANDS_S / 2)] or trail[-1:]
    x, y = median(at.at[0] for at in stand), median(at.at[1] for at in stand)
    length = median(at.length for at in stand)
    left = [2 * hypot(at.at[0] - x, at.at[1] - y) / (at.length + length) for at in trail]
    times = [at.t for at in trail]

    def ago(index: int, seconds: float) -> int:
        return max(bisect_right(times, times[index] - seconds + EPSILON_S) - 1, 0)

    for last in range(len(trail) - 1, 0, -1):
        if exceeded(since - times[last], BRAKED_S):
            break
        first = ago(last, APPROACH_S)
        took, before = times[last] - times[first], ago(first, APPROACH_S / 2)
        if not reached(took, 0.75 * APPROACH_S) or exceeded(took, KNOWN_S) or left[first] < max(SURE, left[last]):
            continue
        if gone(trail[before], trail[first]) >= CREEP * (times[first] - times[before]):
            hardest = max(hardest, 2 * ((sqrt(left[first]) - sqrt(left[last])) / took) ** 2)
    return round(hardest, 4)  # epoch seconds resolve no more


def heading(a: Point, b: Point) -> float:
    """From a to b, level coordinates, y down."""
    return degrees(atan2(b[0] - a[0], a[1] - b[1])) % 360.0


def _meet(vehicles: Sequence[Mover], everyone: Sequence[Mover], view: View) -> None:
    for mover in vehicles:
        if (mover.speed or 0.0) < STRIKING:
            continue
        for other in everyone:
            if (
                other is not mover
                and _touch(mover.figure.box, other.figure.box, view.aspect)
                and _closing(mover, other) >= STRIKING
                and pair_iou(mover.figure.box, other.figure.box) < TWICE
            ):
                mover.met, mover.whom = view.t, other.serial
                other.met, other.whom = view.t, mover.serial


def _closing(mover: Mover, other: Mover) -> float:
    """How fast one moves against the other, in lengths of the first a second."""
    (ax, ay), (bx, by) = mover.velocity, other.velocity
    return hypot(ax - bx, ay - by) / mover.last.length


def _touch(a: Box, b: Box, aspect: float) -> bool:
    one, other = a[3] - a[1], b[3] - b[1]
    low, tall = (one, other) if one < other else (other, one)
    if abs(a[3] - b[3]) > DEPTH * tall:
        return False
    return (max(a[0], b[0]) - min(a[2], b[2])) * aspect <= BESIDE * low
