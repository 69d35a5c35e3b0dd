"""How much of a live stream is decoded. Runs in the decoding child: imports nothing that takes long.

Of a camera that rests (edge_agent.core.rest) only keyframes are decoded. It must wake within one keyframe interval, so
that is measured, never taken from what a camera claims: a stream that has long or stretched ones ("smart" codecs) is
decoded throughout. Of a camera that is analysed no more often than keyframes come, nothing else is needed either.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from edge_agent.core.timing import exceeded

DecodePolicy = Literal["auto", "all"]
"""What a config may say."""
Mode = Literal["all", "no_nonref", "keyframes"]
"""all: every picture. no_nonref: but those that no other refers to and nobody waits for. keyframes: only those."""

KNOWN_GAPS, REMEMBERED_GAPS = 2, 8
"""Keyframe intervals that must have been seen, and that are remembered: the longest of them counts, that under way
included, so where the next is longer, all is decoded again as soon as it is longer than a camera may rest. The first
alone tells little: servers send what they have kept at once."""
INTRA = 24
"""After so many keyframes in a row the stream has nothing else."""
BEHIND_S, BEHIND_SHARE, CAUGHT_UP_SHARE = 2.0, 0.02, 0.3
"""A decoder that in so many seconds waited for its camera less than the one share of the time is behind, until it
waits for more than the other: pictures then lie unread, and every one would come later than the one before."""
PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
"""It stays behind at least so long, and twice as long each time that it falls behind again within the longest pause:
decoders that all try again at once would keep each other, and the detector, from ever catching up."""
ENOUGH = 1.1
"""Keyframes that come this many times too rarely are still as many as are asked for: packets come unevenly, and sixty
pictures at 29.97 a second are more than two seconds."""


@dataclass(frozen=True, slots=True)
class DecodeTarget:
    """What the agent asks of a decoder. fps: pictures a second to deliver at most, 0 for all. rest_s: only keyframes
    are needed, as long as they come about this often (see ENOUGH); 0: there must be no gap. glance_s: of those around
    which the sizes of packets say that nothing has changed (edge_agent.core.packet_sizes), one in so many seconds; 0:
    all."""

    fps: float = 0.0
    rest_s: float = 0.0
    glance_s: float = 0.0


class KeyframeMeter:
    """How far apart keyframes come. `t`: seconds on a clock that never goes back, when the packet arrived."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=REMEMBERED_GAPS)
        self._last: float | None = None
        self._row = 0

    def see(self, t: float, key: bool) -> None:
        self._row = self._row + 1 if key else 0
        if not key:
            return
        if self._last is not None:
            self._gaps.append(t - self._last)
        self._last = t

    @property
    def intra(self) -> bool:
        """Whether each picture stands for itself."""
        return self._row >= INTRA

    def interval(self, t: float) -> float | None:
        """The longest lately, that under way at `t` included; None while too few are known."""
        if len(self._gaps) < KNOWN_GAPS or self._last is None:
            return None
        return max(*self._gaps, t - self._last)


class Backlog:
    """Whether a decoder is slower than its camera, told by how little it waits: times in a stream are often wrong."""

    def __init__(self) -> None:
        self._waits: deque[tuple[float, float]] = deque()
        self._waited = 0.0
        self._pause, self._until = 0.0, float("-inf")
        self.behind = False

    def see(self, t: float, waited_s: float) -> None:
        """A packet came at `t`, after waiting for it."""
        self._waits.append((t, waited_s))
        self._waited += waited_s
        while exceeded(t - self._waits[0][0], BEHIND_S):
            self._waited -= self._waits.popleft()[1]
        span = t - self._waits[0][0]
        share = self._waited / BEHIND_S
        if self.behind:
            self.behind = t < self._until or share < CAUGHT_UP_SHARE
        elif span >= 0.9 * BEHIND_S and share < BEHIND_SHARE:
            again = not exceeded(t - self._until, LONGEST_PAUSE_S)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_S) if again else PAUSE_S
            self._until = t + self._pause
            self.behind = True


def mode(policy: DecodePolicy, target: DecodeTarget, meter: KeyframeMeter, behind: bool, t: float) -> Mode:
    """How to decode from now on."""
    if policy == "all":
        return "all"
    interval = meter.interval(t)
    if interval is not None:
        rests = target.rest_s > 0 and not exceeded(interval, ENOUGH * target.rest_s)
        enough = 0 < target.fps * interval <= ENOUGH
        if rests or enough:
            return "keyframes"
    return "keyframes" if meter.intra or behind else "no_nonref"
