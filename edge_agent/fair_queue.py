"""A queue of who has news: next comes who has longest had no turn, each with one thread at a time.

Bounded by the number of those who are known: news of one who already waits changes nothing, and who gets its turn takes
the newest there is.
"""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Any thread may call anything. Whoever gets one from `next` gives it back with `done`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._ended = threading.Condition(self._lock)
        self._known: set[T] = set()
        self._waiting: dict[T, None] = {}
        self._served: set[T] = set()
        self._again: set[T] = set()
        self._last: dict[T, int] = {}
        self._count = 0
        self._over = False

    def add(self, one: T) -> None:
        """It may have turns from now on."""
        with self._lock:
            self._known.add(one)

    def remove(self, one: T) -> None:
        """It has no more turns; returns when the last is over."""
        with self._lock:
            self._known.discard(one)
            self._waiting.pop(one, None)
            self._again.discard(one)
            self._last.pop(one, None)
            self._ended.wait_for(lambda: one not in self._served)

    def call(self, one: T) -> None:
        """There is news of it; of one who was not added nobody wants any."""
        with self._lock:
            if one not in self._known:
                return
            if one in self._served:
                self._again.add(one)
            elif one not in self._waiting:
                self._waiting[one] = None
                self._news.notify()

    def next(self) -> T | None:
        """Who waits and has longest had no turn that counted, as soon as anybody waits; None once it is over."""
        with self._lock:
            self._news.wait_for(lambda: self._over or bool(self._waiting))
            if self._over:
                return None
            one = min(self._waiting, key=lambda waiting: self._last.get(waiting, 0))
            del self._waiting[one]
            self._served.add(one)
            return one

    def done(self, one: T, counts: bool = True) -> None:
        """Its turn is over; where news has come meanwhile, it waits again. counts: whether there was anything to do."""
        with self._lock:
            self._served.discard(one)
            if counts and one in self._known:
                self._count += 1
                self._last[one] = self._count
            if one in self._again:
                self._again.discard(one)
                self._waiting[one] = None
                self._news.notify()
            self._ended.notify_all()

    def close(self) -> None:
        """Nobody gets a turn any more."""
        with self._lock:
            self._over = True
            self._news.notify_all()
