"""Events held until those that happened before them can have come.

An event waits until it is `hold_s` old by the reader's clock, counted from when it happened, and never longer than that
from when it came: a camera whose clock is ahead holds nobody up. Whatever arrives within `hold_s` of happening is
therefore let go in one order, that of event time, whatever the order of arrival. What arrives later is let go at once.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from msgspec import Struct

from aggregator.core.fold import Times
from contract.events import Event


class Held(Struct, frozen=True, gc=False):
    """at: when it happened, its agent's known clock error taken off. received: when it came, in seconds. delayed: it is
    told late, by its own word or since it came late. hushed: it opens nothing by itself."""

    event: Event
    at: Times
    received: float
    delayed: bool
    hushed: bool


_Ready = tuple[float, str, str, str, Held]
"""Event time, source, sequence and id, in this order: two never have all of them in common."""
_Waiting = tuple[float, float, str, str, str, Held]
"""When it is due, and then the same."""


class Ordering:
    """One thread. `now` never goes back. delayed_after_s: what is older than this when it comes is delayed."""

    def __init__(self, hold_s: float, delayed_after_s: float) -> None:
        self.hold_s, self._delayed_after_s = hold_s, delayed_after_s
        self._ready: list[_Ready] = []
        """Those that were due when they came, as all of a backlog are."""
        self._waiting: list[_Waiting] = []
        """A heap of the others."""

    def __len__(self) -> int:
        return len(self._ready) + len(self._waiting)

    def push(self, event: Event, at: Times, now: float, hushed: bool = False) -> Held:
        time = at.time
        held = Held(event, at, now, event.data.delayed or now - time > self._delayed_after_s, hushed)
        due = (time if time < now else now) + self.hold_s
        if due <= now:
            self._ready.append((time, event.source, event.sequence, event.id, held))
        else:
            heappush(self._waiting, (due, time, event.source, event.sequence, event.id, held))
        return held

    def due(self, now: float) -> list[Held]:
        """Takes out what need not wait any longer, in order of event time."""
        ready, self._ready = self._ready, []
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(heappop(self._waiting)[1:])
        return _in_order(ready)

    def take(self, wanted: Callable[[Held], bool]) -> list[Held]:
        """Takes out those that are wanted now, whenever they would be due."""
        taken = [one for one in self._ready if wanted(one[-1])]
        taken += [one[1:] for one in self._waiting if wanted(one[-1])]
        if taken:
            self._ready = [one for one in self._ready if not wanted(one[-1])]
            self._waiting = [one for one in self._waiting if not wanted(one[-1])]
            heapify(self._waiting)
        return _in_order(taken)


def _in_order(ready: list[_Ready]) -> list[Held]:
    ready.sort()
    return [one[-1] for one in ready]
