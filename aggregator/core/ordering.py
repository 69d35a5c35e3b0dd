"""Events held until those that happened before them can have come.

An event waits until it is `hold_s` old by the reader's clock, counted from when it happened, and never longer than that
from when it came: a camera whose clock is ahead holds nobody up. Whatever arrives within `hold_s` of happening is
therefore let go in one order, that of event time, whatever the order of arrival. What arrives later is let go at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from contract.events import Event


@dataclass(frozen=True, slots=True)
class Held:
    """time: when it happened, its agent's known clock error taken off. received: when it came. Both as seconds. hushed:
    it opens nothing by itself."""

    event: Event
    time: float
    received: float
    hushed: bool = False

    @property
    def order(self) -> tuple[float, str, str, str]:
        return self.time, self.event.source, self.event.sequence, self.event.id


class Ordering:
    """One thread. `now` never goes back."""

    def __init__(self, hold_s: float) -> None:
        self.hold_s = hold_s
        self._due: list[tuple[float, tuple[float, str, str, str], Held]] = []

    def __len__(self) -> int:
        return len(self._due)

    def push(self, event: Event, time: float, now: float, hushed: bool = False) -> Held:
        held = Held(event, time, now, hushed)
        heappush(self._due, (min(max(time, now - self.hold_s), now) + self.hold_s, held.order, held))
        return held

    def due(self, now: float) -> list[Held]:
        """Takes out what need not wait any longer, in order of event time."""
        ready: list[Held] = []
        while self._due and self._due[0][0] <= now:
            ready.append(heappop(self._due)[2])
        ready.sort(key=lambda held: held.order)
        return ready

    def take(self, wanted: Callable[[Held], bool]) -> list[Held]:
        """Takes out those that are wanted now, whenever they would be due."""
        taken = [entry for entry in self._due if wanted(entry[2])]
        if taken:
            self._due = [entry for entry in self._due if not wanted(entry[2])]
            heapify(self._due)
        return sorted((entry[2] for entry in taken), key=lambda held: held.order)
