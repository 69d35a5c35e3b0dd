"""A meter that also remembers how late events came, for the page to say."""

import threading
from collections.abc import Callable, Sequence

from aggregator.core.lateness import Delay, Lateness
from aggregator.core.ports import Meter


class LatenessMeter:
    """Counts on `meter`. Any thread."""

    def __init__(self, meter: Meter, now: Callable[[], float]) -> None:
        self._meter, self._now = meter, now
        self._lateness, self._lock = Lateness(), threading.Lock()

    def events(self, outcome: str, lags_s: Sequence[float | None]) -> None:
        self._meter.events(outcome, lags_s)
        if outcome == "stored":
            with self._lock:
                self._lateness.note(self._now(), lags_s)

    def evidence(self, outcome: str) -> None:
        self._meter.evidence(outcome)

    def delay(self) -> Delay:
        """Of what came in the last minute."""
        with self._lock:
            return self._lateness.measure(self._now())
