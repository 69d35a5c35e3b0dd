"""What `python -m benchmarks.clients` runs as processes of their own: the aggregator with accounts, and all pages."""

import asyncio
import json
import re
import resource
import socket
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

QUIET_S = 60.0
"""A page that has not got everything by then will not."""
STALLED_BUFFER = 4096
STALL_AFTER = 20
"""Changes that the page that stops reading has read."""
_ID = b"\nid: "
_SNAPSHOT = b"\nevent: snapshot\n"
_UPDATED = re.compile(rb'-(\d+)\nevent: incident\ndata: [^\n]*?"updated":"([^"]+)"')


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def serve(config: Path, pages: int) -> None:
    """Says its port and as many sessions; then, for each line, what it has done so far."""
    import structlog

    from aggregator import config as configuration
    from aggregator.core.people import User
    from aggregator.folder import data_folder
    from aggregator.runtime import Aggregator, listen, serve, steady

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    loaded = configuration.load(config)
    with data_folder(loaded.data_dir):
        listener = listen("127.0.0.1", 0)
        aggregator = Aggregator(loaded)
        user = User("rina", "operator", created=time.time())
        aggregator.people.put_user(user, [])
        cookies = [aggregator.accounts.open(user, "127.0.0.1", "password").cookie for _ in range(pages)]
        server = serve(aggregator)
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        with aggregator:
            while not aggregator.ingest.connected:
                time.sleep(0.01)
            steady()
            say(port=listener.getsockname()[1], cookies=cookies)
            while sys.stdin.readline():
                say(last=aggregator.live.last, cpu=_cpu(), time=time.time())


class Page(asyncio.Protocol):
    """One page on the live stream. last: the number of the latest change that it has. stall: stops reading after
    STALL_AFTER changes."""

    def __init__(self, room: "Room", cookie: str, stall: bool = False, last: str = "") -> None:
        self.room, self.cookie, self.stall = room, cookie, stall
        self.identifier, self.resumed = last, bool(last)
        self.last = int(last.rpartition("-")[2]) if last else -1
        self.gaps = self.got = 0
        self.open = True
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        head = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: jaga={self.cookie}\r\n"
        resumed = f"Last-Event-ID: {self.identifier}\r\n" if self.identifier else ""
        transport.write(f"{head}{resumed}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if self.last < 0 and not self._rest and not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"no stream: {data[:200]!r}")
        whole, end, rest = (self._rest + data).rpartition(b"\n\n")
        if not end:
            self._rest = rest
            return
        self._rest = b"\n" + rest  # a change may begin right here
        begin = whole.rfind(_ID) + len(_ID)
        if begin >= len(_ID):
            self._numbered(whole, whole[begin : whole.find(b"\n", begin)].decode(), now)
        if self.stall and self.got >= STALL_AFTER:
            self.transport.pause_reading()

    def _numbered(self, whole: bytes, identifier: str, now: float) -> None:
        """Looked at as a whole, so that the pages cost the server's cores little: as many changes as numbers."""
        number, before = int(identifier.rpartition("-")[2]), self.last
        self.last, self.identifier = number, identifier
        count = whole.count(_ID)
        if before < 0 or _SNAPSHOT in whole:  # which holds all there was before: who fell out of the ring begins anew
            self.room.opened += 1
            before, count = number - count + 1, count - 1
        self.gaps += number - before != count
        self.got += count
        if count and not self.stall and not self.resumed:
            self.room.received(before + 1, number, now, whole)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False


class Room:
    """All pages of one process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened = 0
        self.pages: list[Page] = []
        self.delays: list[float] = []
        self._made: dict[int, float] = {}
        self._read_to = -1

    def received(self, first: int, last: int, now: float, whole: bytes) -> None:
        """A page has got these changes; the first that gets one reads when it was made, where it says so."""
        if last > self._read_to:
            self._made.update((int(one[1]), _seconds(one[2])) for one in _UPDATED.finditer(whole))
            self._read_to = last
        made = self._made
        self.delays += [now - made[number] for number in range(first, last + 1) if number in made]

    async def open(self, cookie: str, stall: bool = False, last: str = "") -> Page:
        sock = socket.socket()
        if stall:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", self.port))
        _, page = await loop.create_connection(lambda: Page(self, cookie, stall, last), sock=sock)
        return page


async def pages(port: int, cookies: list[str]) -> None:
    """Says when all have their snapshot; is told the number of the last change; then says what came of it."""
    room, loop = Room(port), asyncio.get_running_loop()
    for number, cookie in enumerate(cookies):
        room.pages.append(await room.open(cookie, stall=number == 0))
        while room.opened < number - 20:
            await asyncio.sleep(0.01)
    while room.opened < len(cookies):
        await asyncio.sleep(0.01)
    say(open=room.opened)
    began, cpu = time.monotonic(), _cpu()
    stalled, others = room.pages[0], room.pages[1:]
    last = int(await loop.run_in_executor(None, sys.stdin.readline))
    took, used = time.monotonic() - began, _cpu() - cpu
    await _until(lambda: all(page.last >= last or not page.open for page in others))
    # What is dropped is seen by who reads: what the server had sent before is read to its end.
    stalled.stall, stalled.resumed = False, True
    stalled.transport.resume_reading()
    await _until(lambda: not stalled.open or stalled.last >= last)
    dropped = not stalled.open
    back = await room.open(stalled.cookie, last=stalled.identifier)
    await _until(lambda: back.last >= last)
    say(
        pages=len(room.pages),
        complete=sum(page.last >= last and page.gaps == 0 for page in others),
        dropped=sum(not page.open for page in others),
        stalled_dropped=dropped,
        stalled_missed=max(0, last - back.last) + back.gaps + stalled.gaps,
        delays=_thinned(room.delays),
        cpu=used,
        seconds=took,
    )


async def _until(holds: Any) -> None:
    until = time.monotonic() + QUIET_S
    while not holds() and time.monotonic() < until:
        await asyncio.sleep(0.05)


def _thinned(delays: list[float]) -> list[float]:
    """Every so many of them in order of size, the greatest among them: a million numbers are no answer."""
    delays.sort()
    step = max(1, len(delays) // 10_000)
    return delays[::-1][::step]


def _seconds(text: bytes) -> float:
    return datetime.fromisoformat(text.decode()).timestamp()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "serve":
        serve(Path(rest[0]), int(rest[1]))
    else:
        asyncio.run(pages(int(rest[0]), json.loads(Path(rest[1]).read_text())))
