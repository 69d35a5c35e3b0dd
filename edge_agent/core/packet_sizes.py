"""What the sizes of a resting stream's packets say, undecoded: whether anything has changed since a keyframe.

A coder that works to a quality spends next to nothing between keyframes while nothing moves, and at once more when
something does; one that works to a rate spends what it has, and tells nothing (docs/design/decisions/video.md).
So sizes are believed only of a stream that spends little at rest, always about as much, and that has foretold it each
time lately when its camera woke up. Runs in the decoding child: imports nothing that takes long.
"""

from collections import deque
from dataclasses import dataclass
from math import inf
from statistics import median

from edge_agent.core.timing import reached

GROUPS, KNOWN = 32, 12
"""Groups of pictures (a keyframe and what follows it) at rest that are remembered, and that must have been seen."""
SPARSE = 0.25
"""A coder works to a quality if what follows a keyframe at rest has less than this share of the keyframe's size: those
that work to a rate had 0.5 to 2.4, the others 0.02 to 0.15."""
ALIKE = 0.15
"""Of the groups' size at rest: the most that it may vary by (standard deviation)."""
APART, MORE, LESS, KEY = 6.0, 0.1, 0.5, 0.1
"""A group is another one if it is larger than usual by so many standard deviations and by this share; if it is smaller
than this share (a covered lens, a repeated picture); or if the keyframe after it differs by this share."""
LARGEST = 0.25
"""As MORE, of the largest packet of a group."""
FLOOR = 0.002
"""Of a keyframe's size: what is less is no difference."""
DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation."""
FORETOLD = 2
"""So many times the camera must have woken up, all foretold by a group that was another one: that before the keyframe
which showed why, or, where something came just at its end, the one after."""
DISTRUST_S = 600.0
"""A stream that has not foretold it is not believed for so long, and must foretell anew."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Bytes: of the keyframe, of what follows it, and of the largest packet of that."""

    key: float
    rest: float
    largest: float


@dataclass(frozen=True, slots=True)
class _Usual:
    """Medians, and standard deviations by the median absolute deviation."""

    group: _Group
    apart: _Group

    @property
    def tells(self) -> bool:
        """Whether a stream that is so at rest works to a quality."""
        group = self.group
        steady = self.apart.rest <= max(ALIKE * group.rest, FLOOR * group.key)
        return steady and 0.0 < group.rest <= SPARSE * group.key

    def differs(self, one: _Group) -> bool:
        group, least = self.group, FLOOR * self.group.key
        more = one.rest - group.rest > max(APART * self.apart.rest, MORE * group.rest, least)
        larger = one.largest - group.largest > max(APART * self.apart.largest, LARGEST * group.largest, least)
        return more or larger or one.rest < LESS * group.rest - least

    def other_key(self, size: float) -> bool:
        return abs(size - self.group.key) > KEY * self.group.key


class PacketSizes:
    """One stream. `t`: seconds on a clock that never goes back. For each packet `see`; `decoded` when a keyframe is
    decoded that need not have been, `woke` when the camera rests no more because of it."""

    def __init__(self) -> None:
        self._known: deque[_Group] = deque(maxlen=GROUPS)
        self._usual: _Usual | None = None
        self._key: int | None = None
        self._rest = self._largest = 0
        self._rested = False
        self._another = True
        self._shown = -inf
        self._foretold = False
        self._right = 0
        self._until = -inf
        self._woke: float | None = None
        """When the camera woke up, while it is open whether that was foretold."""

    def see(self, size: int, key: bool, rests: bool) -> None:
        """rests: whether the camera rests now."""
        if not key:
            self._rest += size
            self._largest = max(self._largest, size)
            self._rested &= rests
            return
        if self._key is not None:
            self._close(_Group(self._key, self._rest, self._largest))
        if self._usual is not None and self._usual.other_key(size):
            self._another = True
        self._key, self._rest, self._largest, self._rested = size, 0, 0, rests

    def nothing_new(self, t: float, glance_s: float) -> bool:
        """Whether the keyframe that has just come shows what the last that was decoded showed, which is less than
        glance_s ago."""
        usual = self._usual
        believed = usual is not None and usual.tells and self._right >= FORETOLD and reached(t, self._until)
        return believed and not self._another and not reached(t - self._shown, glance_s)

    def decoded(self, t: float) -> None:
        self._shown, self._foretold, self._another = t, self._another, False

    def woke(self, t: float) -> None:
        """What the last keyframe that was decoded showed has woken the camera up."""
        if self._usual is None or not self._known:
            return
        self._known.pop()
        if self._foretold:
            self._right += 1
        else:
            self._woke = t

    def _close(self, group: _Group) -> None:
        differs = self._usual is None or self._usual.differs(group)
        self._another |= differs
        if self._woke is not None:
            self._right, self._until = (self._right + 1, self._until) if differs else (0, self._woke + DISTRUST_S)
            self._woke = None
        if self._rested:
            self._known.append(group)
            self._usual = _usual(self._known) if len(self._known) >= KNOWN else None


def _usual(groups: "deque[_Group]") -> _Usual:
    columns = [[one.key for one in groups], [one.rest for one in groups], [one.largest for one in groups]]
    middles = [median(column) for column in columns]
    apart = [
        DEVIATION * median(abs(size - middle) for size in column)
        for column, middle in zip(columns, middles, strict=True)
    ]
    return _Usual(_Group(*middles), _Group(*apart))
