"""Events held until those that happened before them can have come.

An event waits until it is `hold_s` old by the reader's clock, counted from when it happened, and never longer than that
from when it came: a camera whose clock is ahead holds nobody up. Whatever arrives within `hold_s` of happening is
therefore let go in one order, that of event time, whatever the order of arrival. What arrives later is let go at once.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from operator import itemgetter

from msgspec import Struct

from aggregator.core.fold import Times
from contract.events import Event


class Held(Struct, frozen=True, gc=False):
    """at: when it happened, its agent's known clock error taken off. received: when it came, in seconds. hushed: it
    opens nothing by itself."""

    event: Event
    at: Times
    received: float
    hushed: bool = False


_Order = tuple[float, str, str, str]
"""Event time, source, sequence and id."""
_Entry = tuple[float, _Order, Held]
"""When it is due, its place among others, and itself."""


class Ordering:
    """One thread. `now` never goes back."""

    def __init__(self, hold_s: float) -> None:
        self.hold_s = hold_s
        self._due: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._due)

    def push(self, event: Event, at: Times, now: float, hushed: bool = False) -> Held:
        held = Held(event, at, now, hushed)
        time, hold = at.time, self.hold_s
        due = min(max(time, now - hold), now) + hold
        heappush(self._due, (due, (time, event.source, event.sequence, event.id), held))
        return held

    def due(self, now: float) -> list[Held]:
        """Takes out what need not wait any longer, in order of event time."""
        waiting, ready = self._due, []
        while waiting and waiting[0][0] <= now:
            ready.append(heappop(waiting))
        return _in_order(ready)

    def take(self, wanted: Callable[[Held], bool]) -> list[Held]:
        """Takes out those that are wanted now, whenever they would be due."""
        taken = [entry for entry in self._due if wanted(entry[2])]
        if taken:
            self._due = [entry for entry in self._due if not wanted(entry[2])]
            heapify(self._due)
        return _in_order(taken)


def _in_order(entries: list[_Entry]) -> list[Held]:
    entries.sort(key=_order)
    return [held for _, _, held in entries]


_order = itemgetter(1)
