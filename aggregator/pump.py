"""From the broker to the store: messages in batches, and what is due beside them."""

import queue
import threading
from collections.abc import Callable
from time import time

import structlog

from aggregator.core.errors import StoreError
from aggregator.core.ports import Ingest, Message, Retention
from aggregator.questions import EXPIRES_S
from aggregator.service import TICK_S, Service

BATCH = 500
FIRST = 100
"""Where nothing is being written: the store has something to do the sooner, and what came first is seen the sooner."""
QUEUE = 20_000
"""So many messages wait in memory, the others with the broker. The session's window does not bound them: from mosquitto
2.0.11 another whole one comes for each message that is acknowledged."""
PRUNE_S = 60.0
FLOOD = 2_000
"""Refused messages after which the quarantine is cut back at once: a flood must not fill the disk within a minute."""
RETRY_S = 2.0
log = structlog.get_logger()


class Pump(threading.Thread):
    """Takes messages from the broker's thread, stores them in batches of whatever waits, then acknowledges them."""

    def __init__(
        self, ingest: Ingest, service: Service, retention: Retention, tidy: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(name="ingest-pump", daemon=True)
        self._tidy = tidy
        self._ingest, self._service, self._retention = ingest, service, retention
        self._queue: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._next: list[Message] = []
        """Taken from the queue while the batch before was written."""
        self._stop_wanted = threading.Event()
        self._storing = False

    def sink(self, message: Message) -> None:
        self._queue.put(message)

    def full(self) -> bool:
        return self._queue.qsize() > QUEUE

    def depth(self) -> int:
        return self._queue.qsize() + len(self._next)

    def busy(self) -> bool:
        """Whether messages wait or are being stored."""
        return self._storing or self.depth() > 0

    def run(self) -> None:
        asked, pruned = time(), 0.0
        while not self._stop_wanted.is_set():
            batch, self._next = self._next or self._collect(TICK_S, FIRST), []
            if batch:
                self._store(batch)
            now = time()
            if not self._next and abs(now - self._service.ticked) >= TICK_S:
                self._attempt(self._service.tick)
            if abs(now - asked) >= TICK_S:
                asked = now
                self._attempt(self._ask)
            if abs(now - pruned) >= PRUNE_S or self._service.refused >= FLOOD:
                pruned = now
                self._attempt(lambda: self._service.prune(self._retention))
                self._attempt(self._tidy)

    def stop(self) -> None:
        self._stop_wanted.set()
        self._queue.put(None)
        self.join()

    def _ahead(self) -> list[Message]:
        self._next = self._next or self._collect(0.0, BATCH)
        return self._next

    def _collect(self, wait_s: float, most: int) -> list[Message]:
        """What waits now, up to `most`; waits up to `wait_s` for the first."""
        batch: list[Message] = []
        try:
            first = self._queue.get(block=wait_s > 0, timeout=wait_s)
            while first is not None:
                batch.append(first)
                if len(batch) >= most:
                    break
                first = self._queue.get_nowait()
        except queue.Empty:
            pass
        return batch

    def _ask(self) -> None:
        """Sends what agents are asked for. What has come is taken first: the missing may be among it."""
        ready = self._ingest.connected and self.depth() < BATCH
        for topic, payload in self._service.asks(ready):
            self._ingest.publish(topic, payload, EXPIRES_S)

    def _store(self, batch: list[Message]) -> None:
        self._storing = True
        try:
            self._service.handle(batch, self._ahead)
            self._ingest.acknowledge(batch)
        except Exception as error:  # noqa: BLE001 - nothing may end this thread: it would look like silence
            _note(error, messages=len(batch))
            self._stop_wanted.wait(RETRY_S)
            self._forget()
            self._attempt(self._ingest.redeliver)
        finally:
            self._storing = False

    def _forget(self) -> None:
        """What waits, before all of it is asked for again: kept as well, it would grow with each attempt."""
        self._next = []
        while self._collect(0.0, BATCH):
            pass

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - as above
            _note(error)


def _note(error: Exception, **more: object) -> None:
    """A store that fails is told in a sentence, a bug with its traceback."""
    if isinstance(error, StoreError):
        log.error("store_failed", error=str(error), **more)
    else:
        log.error("ingest_failed", exc_info=error, **more)
