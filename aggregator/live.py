"""The live stream's memory: each delta is encoded once and kept in one ring for all clients.

A client is nothing but its place in the ring: nothing is ever buffered for one alone. Who falls out of the ring is
dropped and resumes, or begins anew with a snapshot.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

RING = 4096
_DIGITS = 20
AT_ONCE = 256
"""Deltas handed to one client before it is looked at whether it takes them."""


def frame(identifier: str | None, event: str, data: bytes) -> bytes:
    """One server-sent event (WHATWG HTML, section 9.2.5); JSON has no raw newlines."""
    head = f"id: {identifier}\n" if identifier is not None else ""
    return f"{head}event: {event}\ndata: ".encode() + data + b"\n\n"


Sees = Callable[[Iterable[str]], bool]
"""Whether a reader may see what lies at these sites."""


Sites = tuple[str, ...] | None
"""Where a delta lies. Empty where that is nowhere: then it is for who may see everything. None: it is for everybody."""


class Delta(NamedTuple):
    """data: JSON. sites: where it lies. unless: not for who sees something of these."""

    event: str
    data: bytes
    sites: Sites
    unless: tuple[str, ...] = ()

    def concerns(self, sees: Sees | None) -> bool:
        """sees: of the reader, None where he sees everything."""
        if sees is None:
            return not self.unless
        return (self.sites is None or sees(self.sites)) and not sees(self.unless)


class Live:
    """Any thread may publish or read. boot: makes ids of another run recognisable."""

    def __init__(self, boot: str, size: int = RING) -> None:
        self.boot = boot
        self._ring: deque[Delta] = deque(maxlen=size)
        """Their data as framed for the wire."""
        self._last = 0
        self._joined: tuple[int, int, bytes] = (-1, -1, b"")
        """The deltas after one number up to another one, as they were last asked for by who sees everything."""
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = lambda: None

    @property
    def last(self) -> int:
        """The number of the latest delta; 0 before the first."""
        return self._last

    def on_publish(self, wake: Callable[[], None]) -> None:
        """Calls `wake`, from the publisher's thread, after each `publish`."""
        self._wake = wake

    def identifier(self, number: int) -> str:
        return f"{self.boot}-{number}"

    def publish(self, deltas: Sequence[Delta]) -> None:
        """In this order, as one piece of news."""
        if not deltas:
            return
        with self._lock:
            for delta in deltas:
                self._last += 1
                framed = frame(self.identifier(self._last), delta.event, delta.data)
                self._ring.append(Delta(delta.event, framed, delta.sites, delta.unless))
        self._wake()

    def since(self, number: int, most: int = AT_ONCE, sees: Sees | None = None) -> tuple[int, bytes] | None:
        """(the number reached, up to `most` deltas after `number` joined), or None where some of them are gone.

        sees: leaves out those that this reader may not see.
        """
        with self._lock:
            behind = self._last - number
            if behind < 0 or behind > len(self._ring):
                return None
            if behind == 0:
                return number, b""
            reached = number + min(behind, most)
            if sees is None and self._joined[:2] == (number, reached):
                return reached, self._joined[2]
            first = len(self._ring) - behind
            chosen = islice(self._ring, first, first + reached - number)
            joined = b"".join(delta.data for delta in chosen if delta.concerns(sees))
            if sees is None:
                self._joined = number, reached, joined
            return reached, joined

    def resume(self, last_event_id: str | None) -> int | None:
        """The number that a client had last, if it is of this run and still in the ring."""
        boot, _, number = (last_event_id or "").rpartition("-")
        if boot != self.boot or not number.isascii() or not number.isdigit() or len(number) > _DIGITS:
            return None
        place = int(number)
        return place if 0 <= self._last - place <= len(self._ring) else None
