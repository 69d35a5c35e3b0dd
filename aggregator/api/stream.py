"""Server-sent events: a snapshot, then deltas from the ring; a client is a number, never a buffer.

Who resumes gets what he missed, and then the event `resumed`, so that he can say where it ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import randrange

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aggregator.live import Live, Sees, frame

HEARTBEAT_S = 10.0
SEND_TIMEOUT_S = 20.0
"""A client that takes nothing for so long is dropped."""
CHECK_S = 2.0
"""How long a stream may outlast the session that it was opened with."""
USE_S = 5.0
"""How often it is looked at whether the session's use is to be noted, which is to a minute."""
RETRY_MS = 2000
"""How long a page waits before it comes back after its connection broke; up to twice as long, each for itself: after a
restart all of them come, and each asks for a snapshot."""
LOOK_S = 1.0
"""How often a client looks around while nothing is published: whether it is due a heartbeat, whether it still may."""
PACE_S = 0.0008
"""Twice what it costs to write to one client: 500 of them are written to every 0.4 s, a few at once."""
log = structlog.get_logger()

Beat = Callable[[], bytes]


class Waker:
    """Wakes every waiting client at once, from any thread: after news, but no more often than PACE_S for each client
    there is, and every LOOK_S in any case."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._scheduled = False
        self._woken = 0.0
        self.clients = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the loop that serves, before it serves."""
        self._loop = loop
        self._live.on_publish(self._wake)
        self._look(loop)

    async def wait(self) -> None:
        """Until something is published, or for about LOOK_S."""
        await self._news.wait()

    def shut(self) -> None:
        """Lets everybody look around; called in the loop."""
        self._scheduled = False
        if self._loop is not None:
            self._woken = self._loop.time()
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() - self._woken >= LOOK_S:
            self.shut()
        loop.call_later(LOOK_S, self._look, loop)

    def _wake(self) -> None:
        if self._scheduled or self._loop is None:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._soon)
        except RuntimeError:  # the loop is closed: nobody is waiting
            self._scheduled = False

    def _soon(self) -> None:
        """Each client costs a write: with many of them, what is published meanwhile goes along."""
        assert self._loop is not None
        wait = self._woken + PACE_S * self.clients - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self.shut)
        else:
            self.shut()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a stream. sees: None where he may see everything. allowed: whether he still may, asked every CHECK_S;
    used: notes that somebody watches, every USE_S. desk: comes with each heartbeat, where the deltas of everybody's
    desk do not."""

    sees: Sees | None = None
    allowed: Callable[[], bool] = lambda: True
    used: Callable[[], Awaitable[None]] | None = None
    desk: Callable[[], bytes] | None = None


ANYBODY = Reader()


class EventStream(Response):
    """One client's stream. `stopping` ends it when the server does."""

    media_type = "text/event-stream"

    def __init__(
        self,
        live: Live,
        waker: Waker,
        snapshot: Callable[[], Awaitable[bytes]],
        beat: Beat,
        last_event_id: str | None,
        stopping: Callable[[], bool],
        reader: Reader = ANYBODY,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live, self._waker, self._snapshot, self._beat = live, waker, snapshot, beat
        self._place = live.resume(last_event_id)
        self._stopping, self._reader = stopping, reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._waker.clients += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._run(send, gone)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            log.info("stream_client_dropped", place=self._place)
        finally:
            self._waker.clients -= 1
            gone.cancel()

    async def _run(self, send: Send, gone: "asyncio.Future[None]") -> None:
        await _send(send, f"retry: {RETRY_MS + randrange(RETRY_MS)}\n\n".encode())
        if self._place is None:
            # Numbered before it is taken: what is published meanwhile comes again as a delta, with its revision.
            self._place = self._live.last
            await _send(send, frame(self._live.identifier(self._place), "snapshot", await self._snapshot()))
            behind = None
        else:
            behind = self._live.last
        loop = asyncio.get_running_loop()
        opened = loop.time()
        beat_due, check_due, use_due = opened + HEARTBEAT_S, opened + CHECK_S, opened + USE_S
        while not gone.done() and not self._stopping():
            now = loop.time()
            if now >= check_due:
                check_due = now + CHECK_S
                if not self._reader.allowed():
                    return
            if self._reader.used is not None and now >= use_due:
                use_due = now + USE_S
                await self._reader.used()
            news = self._live.since(self._place, sees=self._reader.sees)
            if news is None:
                log.info("stream_client_behind", place=self._place, last=self._live.last)
                return
            self._place, deltas = news
            if deltas:
                await _send(send, deltas)
            if behind is not None and self._place >= behind:
                behind = None
                await _send(send, frame(None, "resumed", self._beat()))
            elif now >= beat_due:
                # Also while deltas come: whoever sees a part of the city gets his desk with it.
                desk = frame(None, "desk", self._reader.desk()) if self._reader.desk else b""
                await _send(send, desk + frame(None, "heartbeat", self._beat()))
                beat_due = now + HEARTBEAT_S
            elif not deltas:
                await self._waker.wait()


async def _send(send: Send, body: bytes) -> None:
    """Returns when the client has taken most of what was sent before: the server waits for that before each piece."""
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
