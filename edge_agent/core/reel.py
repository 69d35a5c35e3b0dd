"""The last seconds of one camera, as pictures that may leave it: people in them are unrecognisable already.

Nothing else of the past is kept. What is cut out of it is for events that have begun, and only for them.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.core.timing import exceeded

SHOWN_S = 4.0
"""A clip goes on for so long after its event was told, where that was long after it began."""
BACK_S = 2.0
"""A time that goes back by more is a clock that was set."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is to be cut out: from `begin` to `end`, seconds since the epoch, for the event whose id this is."""

    event: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Shot:
    t: float
    jpeg: bytes


class Reel:
    """One camera. most_bytes: of pictures in memory; the oldest go first. Times in seconds since the epoch."""

    def __init__(self, most_bytes: int = 16_000_000) -> None:
        self._before_s = self._after_s = 0.0
        self._most = most_bytes
        self._shots: deque[Shot] = deque()
        self._bytes = 0
        self._cuts: list[Cut] = []

    def keep(self, before_s: float, after_s: float) -> None:
        """What is kept around an event's begin from now on; both 0: nothing."""
        self._before_s, self._after_s = before_s, after_s
        if not self.on:
            self.forget()

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        return self._before_s + self._after_s > 0

    def set_back(self, t: float) -> bool:
        """Whether the clock was set since the last picture, so that nothing that is kept has to do with `t`."""
        return bool(self._shots) and t < self._shots[-1].t - BACK_S

    def forget(self) -> None:
        """Begins anew, as after the clock was set."""
        self._shots.clear()
        self._cuts.clear()
        self._bytes = 0

    def add(self, t: float, jpeg: bytes) -> None:
        if self._shots and t <= self._shots[-1].t:
            return  # what is known stays in its order
        self._shots.append(Shot(t, jpeg))
        self._bytes += len(jpeg)
        # A gap makes a cut complete later than its end: what it begins with stays until then.
        oldest = min([t - self._before_s - self._after_s, *(cut.begin for cut in self._cuts)])
        while self._shots[0].t < oldest or (self._bytes > self._most and len(self._shots) > 1):
            self._bytes -= len(self._shots.popleft().jpeg)

    def mark(self, event: str, begin: float, told: float) -> None:
        """An event has begun, and is told now: what is around its begin is wanted, as far back as there are pictures,
        and what led to its being told."""
        if self.on:
            end = max(begin + self._after_s, told + min(self._after_s, SHOWN_S))
            self._cuts.append(Cut(event, begin - self._before_s, end))

    def awaits(self, event: str) -> bool:
        """Whether what is around this event is still being recorded."""
        return any(cut.event == event for cut in self._cuts)

    def due(self, t: float, over: bool = False) -> list[tuple[Cut, tuple[Shot, ...]]]:
        """The cuts that are complete, each once, with their pictures. over: the stream has ended, and all are."""
        done = [cut for cut in self._cuts if over or not exceeded(cut.end, t)]
        self._cuts = [cut for cut in self._cuts if cut not in done]
        return [(cut, tuple(one for one in self._shots if cut.begin <= one.t <= cut.end)) for cut in done]
