"""When to ask an agent again for events that it has sent and that have not come.

A broker that loses its power forgets what it had acknowledged to the agent; the agent keeps that for a day
(`spool.keep_hours`). What is missing is asked for once it has been missing for `GRACE_S`, so that what is only late
can still come, then again and again with growing pauses. An agent that is away is left alone until it is back and has
had `GRACE_S` to send what waits in its spool.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aggregator.core.liveness import AgentKey
from aggregator.core.sequence import Sequence
from contract import ranges
from contract.ranges import Ranges
from contract.replay import MAX_NUMBERS, MAX_RANGES

GRACE_S = 5.0
CAP_S = 600.0
"""The longest pause between two tries."""


@dataclass(frozen=True, slots=True)
class Known:
    """told: the highest number the agent says it has given and handed over; 0 where it does not say. reachable: it
    would get a command, and nothing of its own is known to be on the way."""

    numbers: Sequence
    told: int
    reachable: bool

    @property
    def missing(self) -> Ranges:
        """Holes, and behind the last event that came what the agent says it has sent."""
        last = self.numbers.last
        return (*self.numbers.holes, (last + 1, self.told)) if self.told > last else self.numbers.holes

    @property
    def gaps(self) -> int:
        """How many events have not come and may still."""
        return self.numbers.gaps + max(0, self.told - self.numbers.last)


@dataclass(frozen=True, slots=True)
class _Wait:
    """seen: what was missing when it was last looked at; what of it is still missing at `due` is asked for."""

    seen: Ranges
    due: float
    tries: int = 0
    asked: Ranges = ()


class Replays:
    """Who is asked for what. One thread. Forgets all with a restart, after which everyone has `GRACE_S` again."""

    def __init__(self) -> None:
        self._waits: dict[AgentKey, _Wait] = {}

    def step(self, now: float, agents: Mapping[AgentKey, Known]) -> dict[AgentKey, Ranges]:
        """What to ask of whom now: at most MAX_RANGES and MAX_NUMBERS each, the lowest first."""
        asks: dict[AgentKey, Ranges] = {}
        for key, known in agents.items():
            missing = known.missing
            if not missing:
                self._waits.pop(key, None)
                continue
            wait = self._waits.get(key)
            if wait is None or not known.reachable:
                self._waits[key] = _Wait(missing, now + GRACE_S)
                continue
            self._waits[key], ask = _next(wait, missing, now)
            if ask:
                asks[key] = ask
        return asks


def _next(wait: _Wait, missing: Ranges, now: float) -> tuple[_Wait, Ranges]:
    if wait.asked and not ranges.intersect(wait.asked, missing):
        wait = replace(wait, asked=(), tries=0, due=now)  # all of it is settled: straight on with the rest
    if now < wait.due <= now + CAP_S:
        return wait, ()
    ripe = ranges.intersect(wait.seen, missing)
    # What was asked for in vain goes behind the rest, so that it holds nothing up.
    rest = ranges.subtract(ripe, wait.asked)
    ask = ranges.head(rest or ripe, MAX_RANGES, MAX_NUMBERS)
    tries = wait.tries + 1 if ask else 0
    return _Wait(missing, now + min(CAP_S, GRACE_S * 2.0 ** min(tries, 20)), tries, ask), ask
