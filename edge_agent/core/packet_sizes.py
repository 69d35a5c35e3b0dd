"""What the sizes of a resting stream's packets say, undecoded: whether anything has changed since a keyframe.

Where packets are tiny beside their keyframe, the coder skips whatever stands still, noise too, and at once spends more
where something moves. One that works to a quality does so in the whole group of pictures, one that works to a mean rate
at least in the first few packets: keyframes are coded finer than what follows, so first there is nothing else to code
(docs/design/decisions/video.md). So sizes are believed only of packets that are tiny at rest, always about as much, and
only of a stream that has foretold it each time lately when its camera woke up. Runs in the decoding child: imports
nothing that takes long.
"""

from collections import deque
from dataclasses import dataclass
from itertools import zip_longest
from math import inf, sqrt
from statistics import median

from edge_agent.core.timing import reached

GROUPS, KNOWN = 32, 12
"""Groups of pictures (a keyframe and what follows it) at rest that are remembered, and that must have been seen of each
place: a viewer who asks for a keyframe, or another light, cuts some short."""
TINY = 0.01
"""Of the keyframe's size at rest: packets of some place in the group must be no larger for a stream to be believed.
Where noise is coded they have 0.02 to 0.1 of it."""
ALIKE, ALIKE_BYTES = 0.25, 32.0
"""Packets that vary by more than this share and by more bytes (standard deviation) tell nothing: of a few dozen bytes,
where next to nothing is coded, chance makes a large share."""
LEAST, LEAST_BYTES = 0.03, 4.0
"""Standard deviations are taken for at least this share of the packets' size, and for so many bytes: who has never
varied is no surer than that."""
APART, LESS, KEY = 2.5, 0.5, 0.1
"""A group is another one if its packets are larger than usual by so many standard deviations; if they have less than
this share of the usual size (a covered lens, a repeated picture); or if the keyframe after it differs by this share."""
DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation."""
FORETOLD = 2
"""So many times the camera must have woken up, all foretold by a group that was another one: that before the keyframe
which showed why, or that of this keyframe."""
DISTRUST_S = 600.0
"""A stream that has not foretold it is not believed for so long, and must foretell anew."""


class _Group:
    """Bytes of the keyframe, and of the packets after it by their place: the first, the next two, four, eight ..."""

    __slots__ = ("key", "number", "sums")

    def __init__(self, key: int) -> None:
        self.key, self.number = key, 0
        self.sums: list[int] = []

    def add(self, size: int) -> bool:
        """Whether this was the last of its span."""
        self.number += 1
        if self.number.bit_length() > len(self.sums):
            self.sums.append(0)
        self.sums[-1] += size
        return self.number & (self.number + 1) == 0

    def means(self) -> list[float]:
        """A packet's, span by span."""
        whole = [total / (1 << span) for span, total in enumerate(self.sums[:-1])]
        return whole + [total / (self.number + 1 - (1 << len(whole))) for total in self.sums[-1:]]


@dataclass(frozen=True, slots=True)
class _Usual:
    """Medians, and standard deviations by the median absolute deviation, infinite where packets tell nothing."""

    key: float
    means: list[float]
    apart: list[float]

    @classmethod
    def of(cls, groups: "deque[_Group]") -> "_Usual":
        key = median(one.key for one in groups)
        means, apart = list[float](), list[float]()
        for place in zip_longest(*[one.means() for one in groups]):
            sizes = [size for size in place if size is not None]
            if len(sizes) < KNOWN:  # Only a few groups are so long.
                break
            middle = median(sizes)
            deviation = DEVIATION * median(abs(size - middle) for size in sizes)
            steady = deviation <= max(ALIKE * middle, ALIKE_BYTES)
            means.append(middle)
            apart.append(max(deviation, LEAST * middle, LEAST_BYTES) if steady else inf)
        return cls(key, means, apart)

    @property
    def tells(self) -> bool:
        pairs = zip(self.means, self.apart, strict=True)
        return any(apart < inf and usual <= TINY * self.key for usual, apart in pairs)

    def differs(self, one: _Group) -> bool:
        """What moves adds to each packet alike, so spans weigh as the inverse of their variance."""
        spans = [span for span in zip(one.means(), self.means, self.apart, strict=False) if span[2] < inf]
        weight = sum(1 / apart**2 for _, _, apart in spans)
        more = sum((size - usual) / apart**2 for size, usual, apart in spans)
        less = sum(size for size, _, _ in spans) < LESS * sum(usual for _, usual, _ in spans) - LEAST_BYTES * len(spans)
        return less or more > APART * sqrt(weight)

    def other_key(self, size: float) -> bool:
        return abs(size - self.key) > KEY * self.key


class PacketSizes:
    """One stream. `t`: seconds on a clock that never goes back. For each packet `see`; `decoded` when a keyframe is
    decoded that need not have been, `woke` when the camera rests no more because of it.

    another: whether a packet since the last such keyframe, or it itself, says that something has changed."""

    def __init__(self) -> None:
        self.another = True
        self._known: deque[_Group] = deque(maxlen=GROUPS)
        self._usual: _Usual | None = None
        self._group: _Group | None = None
        self._differs = False
        self._rested = False
        self._shown = -inf
        self._foretold = False
        self._right = 0
        self._until = -inf
        self._woke: float | None = None
        """When the camera woke up, while it is open whether that was foretold."""

    def see(self, size: int, key: bool, rests: bool) -> None:
        """rests: whether the camera rests now."""
        if key:
            self._close()
            if self._usual is not None and self._usual.other_key(size):
                self.another = True
            self._group, self._differs, self._rested = _Group(size), False, rests
        elif self._group is not None:
            self._rested &= rests
            if self._group.add(size) and rests:
                self._judge(self._group)

    def nothing_new(self, t: float, glance_s: float) -> bool:
        """Whether the keyframe that has just come shows what the last that was decoded showed, which is less than
        glance_s ago."""
        usual = self._usual
        believed = usual is not None and usual.tells and self._right >= FORETOLD and reached(t, self._until)
        return believed and not self.another and not reached(t - self._shown, glance_s)

    def decoded(self, t: float) -> None:
        self._shown, self._foretold, self.another = t, self.another, False

    def woke(self, t: float) -> None:
        """What the last keyframe that was decoded showed has woken the camera up."""
        if self._usual is None or not self._known:
            return
        self._known.pop()
        if self._foretold:
            self._right += 1
        else:
            self._woke = t

    def _judge(self, group: _Group) -> None:
        if self._usual is None or self._usual.differs(group):
            self.another = self._differs = True

    def _close(self) -> None:
        group = self._group
        if group is None:
            return
        self._judge(group)
        self.another |= self._differs  # What was looked at meanwhile, late, was the keyframe before it.
        if self._woke is not None:
            self._right, self._until = (self._right + 1, self._until) if self._differs else (0, self._woke + DISTRUST_S)
            self._woke = None
        if self._rested:
            self._known.append(group)
            self._usual = _Usual.of(self._known) if len(self._known) >= KNOWN else None
