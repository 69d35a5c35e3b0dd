"""One snapshot for everybody who asks at the same time: after a restart all pages come back at once."""

import asyncio
from collections.abc import Callable
from time import monotonic

from starlette.concurrency import run_in_threadpool

MAX_AGE_S = 1.0
"""Rates and ages of cameras are not published with each report, so that a snapshot also ages while nothing is."""


class SharedSnapshot:
    """make: builds the snapshot, in a thread. last: the number of the latest delta. Used in one event loop."""

    def __init__(
        self, make: Callable[[], bytes], last: Callable[[], int], now: Callable[[], float] = monotonic
    ) -> None:
        self._make, self._last, self._now = make, last, now
        self._turn = asyncio.Lock()
        self._made: bytes = b""
        self._number = -1
        self._until = float("-inf")

    async def __call__(self) -> bytes:
        """A snapshot that holds at least all that was published when it was asked for."""
        needed = self._last()
        async with self._turn:
            if self._number < needed or self._now() >= self._until:
                number = self._last()
                self._made = await run_in_threadpool(self._make)
                self._number, self._until = number, self._now() + MAX_AGE_S
            return self._made
