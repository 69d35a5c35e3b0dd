"""How late events arrive: from when something happened on camera to when it is here.

What an agent kept while its uplink was down (`delayed`) is counted apart: it says that a host was cut off, not that
what happens now arrives late.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

WINDOW_S = 60.0
MOST = 4_000
"""Events that are remembered at most; of more within the window, the latest count."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Of the last minute. events: fresh ones; delayed: others. typical_s, worst_s: their median and the time within
    which 19 of 20 came, in seconds; None without any."""

    events: int = 0
    delayed: int = 0
    typical_s: float | None = None
    worst_s: float | None = None


class Lateness:
    """One thread."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float | None]] = deque(maxlen=MOST)
        self._lags: list[float] | None = []
        """Of those seen that are not delayed, ascending; None where something has come since. Every open page has it
        measured with each heartbeat."""

    def note(self, received: float, lags_s: Iterable[float | None]) -> None:
        """lags_s: of events that came together, None for a delayed one. A camera's clock that runs ahead is no event
        from the future."""
        self._seen.extend([(received, None if lag_s is None else max(0.0, lag_s)) for lag_s in lags_s])
        self._lags = None

    def measure(self, now: float) -> Delay:
        while self._seen and self._seen[0][0] <= now - WINDOW_S:
            self._seen.popleft()
            self._lags = None
        if self._lags is None:
            self._lags = sorted([lag for _, lag in self._seen if lag is not None])
        events = len(self._lags)
        delayed = len(self._seen) - events
        if not events:
            return Delay(delayed=delayed)
        return Delay(events, delayed, round(_rank(self._lags, 0.5), 1), round(_rank(self._lags, 0.95), 1))


def _rank(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the smallest that `share` of all do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
