"""The live stream's memory: each delta is encoded once and kept in one ring for all clients.

A client is nothing but its place in the ring: nothing is ever buffered for one alone. Who falls out of the ring is
dropped and resumes, or begins anew with a snapshot.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

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


class _Places(msgspec.Struct):
    """Where a delta lies, as incidents, cameras and pictures say it."""

    site: str | None = None
    sites: tuple[str, ...] = ()


_places = msgspec.json.Decoder(_Places)


def _sites_of(event: str, data: bytes) -> tuple[str, ...] | None:
    """Empty where the delta does not say: then it is for who may see everything. None: for everybody, as a silence
    that names no site, which holds everywhere."""
    try:
        places = _places.decode(data)
    except msgspec.ValidationError:
        return ()
    if places.site is not None:
        return (*places.sites, places.site)
    return None if event == "silence" else places.sites


class Live:
    """Any thread may publish or read. boot: makes ids of another run recognisable."""

    def __init__(self, boot: str, size: int = RING) -> None:
        self.boot = boot
        self._ring: deque[tuple[bytes, tuple[str, ...] | None]] = deque(maxlen=size)
        self._last = 0
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = lambda: None

    @property
    def last(self) -> int:
        """The number of the latest delta; 0 before the first."""
        return self._last

    def on_publish(self, wake: Callable[[], None]) -> None:
        """Calls `wake`, from the publisher's thread, after each delta."""
        self._wake = wake

    def identifier(self, number: int) -> str:
        return f"{self.boot}-{number}"

    def publish(self, event: str, data: bytes) -> None:
        sites = _sites_of(event, data)
        with self._lock:
            self._last += 1
            self._ring.append((frame(self.identifier(self._last), event, data), sites))
        self._wake()

    def since(self, number: int, most: int = AT_ONCE, sees: Sees | None = None) -> tuple[int, bytes] | None:
        """(the number reached, up to `most` deltas after `number` joined), or None where some of them are gone.

        sees: leaves out those that this reader may not see.
        """
        with self._lock:
            behind = self._last - number
            if behind < 0 or behind > len(self._ring):
                return None
            first = len(self._ring) - behind
            taken = min(behind, most)
            chosen = islice(self._ring, first, first + taken)
            return number + taken, b"".join(
                one for one, sites in chosen if sees is None or sites is None or sees(sites)
            )

    def resume(self, last_event_id: str | None) -> int | None:
        """The number that a client had last, if it is of this run and still in the ring."""
        boot, _, number = (last_event_id or "").rpartition("-")
        if boot != self.boot or not number.isascii() or not number.isdigit() or len(number) > _DIGITS:
            return None
        place = int(number)
        return place if 0 <= self._last - place <= len(self._ring) else None
