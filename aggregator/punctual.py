"""A meter that also remembers how late events came, for the page to say."""

import threading
from collections.abc import Callable, Sequence

from aggregator.core.lateness import Delay, Lateness
from aggregator.core.ports import Meter


class Punctual:
    """Counts on `meter`. Any thread."""

    def __init__(self, meter: Meter, now: Callable[[], float]) -> None:
        self._meter, self._now = meter, now
        self._lateness, self._lock = Lateness(), threading.Lock()

    def events(self, outcome: str, lags_s: Sequence[float | None]) -> None:
        self._meter.events(outcome, lags_s)
        if outcome == "stored":
            now = self._now()
            with self._lock:
                for lag_s in lags_s:
                    self._lateness.note(now, lag_s)

    def evidence(self, outcome: str) -> None:
        self._meter.evidence(outcome)

    def delay(self) -> Delay:
        """Of what came in the last minute."""
        with self._lock:
            return self._lateness.measure(self._now())
