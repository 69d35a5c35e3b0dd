"""Server-sent events: a snapshot, then deltas from the ring; a client is a number, never a buffer.

Who resumes gets what he missed, and then the event `resumed`, so that he can say where it ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aggregator.live import Live, Sees, frame

HEARTBEAT_S = 10.0
SEND_TIMEOUT_S = 20.0
"""A client that takes nothing for so long is dropped."""
CHECK_S = 2.0
"""How long a stream may outlast the session that it was opened with."""
RETRY_MS = 2000
log = structlog.get_logger()

Beat = Callable[[], bytes]


class Waker:
    """Wakes every waiting client at once, from any thread."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._scheduled = False
        self.clients = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called in the loop that serves, before it serves."""
        self._loop = loop
        self._live.on_publish(self._wake)

    async def wait(self, timeout: float) -> None:
        """Until something is published, or `timeout` seconds are over."""
        news = self._news
        try:
            await asyncio.wait_for(news.wait(), timeout)
        except TimeoutError:
            return

    def shut(self) -> None:
        """Lets everybody look around; called in the loop."""
        self._scheduled = False
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _wake(self) -> None:
        if self._scheduled or self._loop is None:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self.shut)
        except RuntimeError:  # the loop is closed: nobody is waiting
            self._scheduled = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a stream. sees: None where he may see everything. allowed: whether he still may, asked every CHECK_S;
    used: notes that somebody watches. desk: comes with each heartbeat, where the deltas of everybody's desk do not."""

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
        await _send(send, f"retry: {RETRY_MS}\n\n".encode())
        if self._place is None:
            # Numbered before it is taken: what is published meanwhile comes again as a delta, with its revision.
            self._place = self._live.last
            await _send(send, frame(self._live.identifier(self._place), "snapshot", await self._snapshot()))
            behind = None
        else:
            behind = self._live.last
        loop = asyncio.get_running_loop()
        beat_due, check_due = loop.time() + HEARTBEAT_S, loop.time() + CHECK_S
        while not gone.done() and not self._stopping():
            if loop.time() >= check_due:
                check_due = loop.time() + CHECK_S
                if not self._reader.allowed():
                    return
                if self._reader.used is not None:
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
            elif loop.time() >= beat_due:
                # Also while deltas come: whoever sees a part of the city gets his desk with it.
                desk = frame(None, "desk", self._reader.desk()) if self._reader.desk else b""
                await _send(send, desk + frame(None, "heartbeat", self._beat()))
                beat_due = loop.time() + HEARTBEAT_S
            elif not deltas:
                await self._waker.wait(min(1.0, max(0.0, beat_due - loop.time())))


async def _send(send: Send, body: bytes) -> None:
    """Returns when the client takes what was sent: the server waits for that before the next piece, be it empty."""
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
