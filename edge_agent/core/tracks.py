"""Memory of who is where on one camera, and the mending of broken tracks.

A tracker loses people behind a pole and finds them again under a new id. A new track that appears where another of the
same class has just vanished is taken for its continuation: by place and time only, never by appearance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp
from typing import NewType

from msgspec import Struct

from edge_agent.core.geometry import distance, in_frame, inside, level
from edge_agent.core.picture import Picture
from edge_agent.core.timing import exceeded
from edge_agent.core.types import Box, FeatureMap, Point, Track, TrackId

FigureId = NewType("FigureId", int)

HEAL_S = 2.0
"""The longest gap in a track that is mended, unless a rule asks for more."""
FORGET_S = 60.0
"""Whoever has not been seen for so long is forgotten."""
STEADY_S = 1.0
"""A detector misses people now and then: who was seen within this time before the last look still stands there, as
long as nothing in the picture moves."""
REACH = 0.15
SPEED = 0.3
RATIO = 1.3
VELOCITY_S = 0.5
"""A continuation begins within REACH body heights of the way the other was going, and SPEED more for each second in
between; neither box is more than RATIO times as high. Chosen on true tracks broken at random (python -m
benchmarks.true_tracks): going by the last place alone mended a quarter fewer and made four times as many mistakes."""


class Figure(Struct, frozen=True):
    """One object as the rules see it. id survives a mended id switch. box, foot: unit coordinates; at: the foot in
    level coordinates; height: of the box, as a share of the frame's height. A struct for the reason that a Track is."""

    id: FigureId
    cls: str
    box: Box
    score: float
    foot: Point
    at: Point

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class View:
    """What the rules are given at each step, figures in no particular order.

    aspect: width / height of the picture. held: nobody looked because nothing moved; the figures are those of the
    last look. picture: the frame's pixels, looked at or not; None where nobody needs them. features: what the
    detector's network made of the frame; None where nobody looked or the detector tells none.
    """

    t: float
    figures: tuple[Figure, ...]
    aspect: float
    held: bool = False
    picture: Picture | None = None
    features: FeatureMap | None = None
    _there: dict[tuple[Point, ...], dict[FigureId, bool]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def there(self, figures: Sequence[Figure], polygon: tuple[Point, ...]) -> list[Figure]:
        """Those of its figures whose foot, limited to the frame, lies in the polygon. Rules about one place share what
        that takes."""
        known = self._there.setdefault(polygon, {})
        for figure in figures:
            if figure.id not in known:
                known[figure.id] = inside(polygon, in_frame(figure.foot))
        return [figure for figure in figures if known[figure.id]]


@dataclass(slots=True)
class _Last:
    """velocity: of the foot in level coordinates a second, smoothed over VELOCITY_S; None until seen twice."""

    figure: Figure
    t: float
    velocity: Point | None = None

    def follow(self, figure: Figure, t: float) -> None:
        dt = t - self.t
        if dt > 0:
            weight = 1.0 - exp(-dt / VELOCITY_S) if self.velocity is not None else 1.0
            old = self.velocity or (0.0, 0.0)
            vx = (figure.at[0] - self.figure.at[0]) / dt
            vy = (figure.at[1] - self.figure.at[1]) / dt
            self.velocity = old[0] + weight * (vx - old[0]), old[1] + weight * (vy - old[1])
        self.figure, self.t = figure, t

    def off(self, at: Point, t: float) -> float:
        """How far `at` is from the way between the last place and where the walk would lead by `t`, in frame heights:
        people stop."""
        vx, vy = self.velocity or (0.0, 0.0)
        x, y = self.figure.at
        dx, dy = vx * (t - self.t), vy * (t - self.t)
        length2 = dx * dx + dy * dy
        along = ((at[0] - x) * dx + (at[1] - y) * dy) / length2 if length2 > 0 else 0.0
        along = min(max(along, 0.0), 1.0)
        return distance(at, (x + along * dx, y + along * dy))


class TrackMemory:
    """heal_s: the longest gap that is mended; 0 takes the tracker's ids as they are."""

    def __init__(self, heal_s: float = HEAL_S) -> None:
        self._heal_s = heal_s
        self._names: dict[TrackId, FigureId] = {}
        self._last: dict[FigureId, _Last] = {}
        self._next = 1
        self._looked = float("-inf")
        self._aspect = 1.0

    def look(self, tracks: Sequence[Track], t: float, aspect: float) -> View:
        """The figures of one analysed frame."""
        seen = sorted(tracks, key=lambda track: (track.box, track.cls, track.id))
        known = {self._names[track.id] for track in seen if track.id in self._names}
        self._mend([track for track in seen if track.id not in self._names], known, t, aspect)
        figures = tuple(self._place(track, t, aspect) for track in seen)
        self._looked, self._aspect = t, aspect
        self._forget(t)
        return View(t, figures, aspect)

    def hold(self, t: float) -> View:
        """The same figures as at the last look, because nothing has moved since."""
        steady = [last for last in self._last.values() if not exceeded(self._looked - last.t, STEADY_S)]
        for last in steady:
            last.t, last.velocity = t, (0.0, 0.0)
        self._looked = t
        return View(t, tuple(last.figure for last in steady), self._aspect, held=True)

    def _place(self, track: Track, t: float, aspect: float) -> Figure:
        name = self._names.get(track.id)
        if name is None:
            name = FigureId(self._next)
            self._next += 1
            self._names[track.id] = name
        figure = Figure(name, track.cls, track.box, track.score, track.foot, level(track.foot, aspect))
        last = self._last.get(name)
        if last is None:
            self._last[name] = _Last(figure, t)
        else:
            last.follow(figure, t)
        return figure

    def _mend(self, new: list[Track], known: set[FigureId], t: float, aspect: float) -> None:
        """Give each new track the figure it continues, nearest pairs first."""
        pairs = sorted(
            (far, i, name)
            for i, track in enumerate(new)
            for name, last in self._last.items()
            if name not in known and (far := self._apart(track, last, t, aspect)) is not None
        )
        mended: set[int] = set()
        for _, i, name in pairs:
            if i in mended or name in known:
                continue
            self._names = {key: value for key, value in self._names.items() if value != name}
            self._names[new[i].id] = name
            mended.add(i)
            known.add(name)

    def _apart(self, track: Track, last: _Last, t: float, aspect: float) -> float | None:
        """How far the track begins from where the other should be, in body heights; None if it cannot be the same."""
        gap = t - last.t
        height, other = track.box[3] - track.box[1], last.figure.height
        if last.figure.cls != track.cls or gap <= 0 or exceeded(gap, self._heal_s):
            return None
        if min(height, other) <= 0 or max(height, other) > RATIO * min(height, other):
            return None
        far = last.off(level(track.foot, aspect), t) / max(height, other)
        return far if far <= REACH + SPEED * gap else None

    def _forget(self, t: float) -> None:
        gone = {name for name, last in self._last.items() if exceeded(t - last.t, FORGET_S)}
        if gone:
            self._last = {name: last for name, last in self._last.items() if name not in gone}
            self._names = {key: name for key, name in self._names.items() if name not in gone}
