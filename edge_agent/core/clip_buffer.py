"""The pre-event buffer of one camera: its last seconds, as pictures that may leave it, since people in them are
unrecognisable already.

Nothing else of the past is kept. What is cut out of it is for events that have begun, and only for them.
"""

from collections import deque
from dataclasses import dataclass

from edge_agent.core.timing import CLOCK_SET_S, exceeded

SHOWN_S = 4.0
"""A clip goes on for so long after its event was told, where that was long after it began."""


@dataclass(frozen=True, slots=True)
class ClipSpan:
    """What is to be cut out: from `begin` to `end`, seconds since the epoch, for the event whose id this is."""

    event: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class ClipPicture:
    t: float
    jpeg: bytes


class ClipBuffer:
    """One camera. most_bytes: of pictures in memory; the oldest go first. Times in seconds since the epoch."""

    def __init__(self, most_bytes: int = 16_000_000) -> None:
        self._before_s = self._after_s = 0.0
        self._most = most_bytes
        self._pictures: deque[ClipPicture] = deque()
        self._bytes = 0
        self._spans: list[ClipSpan] = []

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
        return bool(self._pictures) and t < self._pictures[-1].t - CLOCK_SET_S

    def forget(self) -> None:
        """Begins anew, as after the clock was set."""
        self._pictures.clear()
        self._spans.clear()
        self._bytes = 0

    def add(self, t: float, jpeg: bytes) -> None:
        if self._pictures and t <= self._pictures[-1].t:
            return  # what is known stays in its order
        self._pictures.append(ClipPicture(t, jpeg))
        self._bytes += len(jpeg)
        # A gap makes a clip complete later than its end: what it begins with stays until then.
        oldest = min([t - self._before_s - self._after_s, *(span.begin for span in self._spans)])
        while self._pictures[0].t < oldest or (self._bytes > self._most and len(self._pictures) > 1):
            self._bytes -= len(self._pictures.popleft().jpeg)

    def mark(self, event: str, begin: float, told: float) -> None:
        """An event has begun, and is told now: what is around its begin is wanted, as far back as there are pictures,
        and what led to its being told."""
        if self.on:
            end = max(begin + self._after_s, told + min(self._after_s, SHOWN_S))
            self._spans.append(ClipSpan(event, begin - self._before_s, end))

    def awaits(self, event: str) -> bool:
        """Whether what is around this event is still being recorded."""
        return any(span.event == event for span in self._spans)

    def due(self, t: float, over: bool = False) -> list[tuple[ClipSpan, tuple[ClipPicture, ...]]]:
        """The clips that are complete, each once, with their pictures. over: the stream has ended, and all are."""
        done = [span for span in self._spans if over or not exceeded(span.end, t)]
        self._spans = [span for span in self._spans if span not in done]
        return [(span, tuple(one for one in self._pictures if span.begin <= one.t <= span.end)) for span in done]
