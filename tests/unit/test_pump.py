"""Nothing ends the thread that takes messages."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from aggregator.core.ports import Message, Retention
from aggregator.pump import BATCH, FIRST, Pump
from tests.brokers import wait_until
from tests.desks import Desk
from tests.timeline import START, make_event


class Wedged:
    """An ingest whose connection breaks under its hands; counts what is asked of it."""

    connected = False

    def __init__(self) -> None:
        self.acknowledged, self.redelivered = 0, 0

    def start(self, sink: object, full: object = None) -> None: ...

    def acknowledge(self, messages: Iterable[Message]) -> None:
        self.acknowledged += 1
        if self.acknowledged == 1:
            raise ValueError("a bug")

    def publish(self, topic: str, payload: bytes, expires_s: int) -> None: ...

    def redeliver(self) -> None:
        self.redelivered += 1
        raise ValueError("another")

    def close(self) -> None: ...


@pytest.mark.logs_errors
def test_what_cannot_be_acknowledged_comes_again_and_what_comes_next_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.pump.RETRY_S", 0.0)
    desk = Desk(tmp_path, now=START.timestamp())
    desk.open()
    ingest = Wedged()
    pump = Pump(ingest, desk.service, Retention())
    pump.start()
    try:
        pump.sink(desk.message(make_event(0, "a", "crowd")))
        wait_until(lambda: ingest.redelivered == 1, 20, "asked to come again")
        pump.sink(desk.message(make_event(1, "b", "crowd")))
        wait_until(lambda: ingest.acknowledged == 2, 20, "taken")
        assert ingest.redelivered == 1
    finally:
        pump.stop()
        desk.store.close()


class Counting(Wedged):
    """Notes the size of each batch that is acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def acknowledge(self, messages: Iterable[Message]) -> None:
        self.sizes.append(len(list(messages)))


def test_the_first_batch_is_small_and_the_others_are_taken_while_one_is_written(tmp_path: Path) -> None:
    count = FIRST + 2 * BATCH + 7
    desk = Desk(tmp_path, now=START.timestamp())
    desk.open()
    ingest = Counting()
    pump = Pump(ingest, desk.service, Retention())
    for number in range(count):
        pump.sink(desk.message(make_event(number / 1000, f"c{number % 50}", "crowd", episode=f"e{number}")))
    pump.start()
    try:
        wait_until(lambda: sum(ingest.sizes) == count, 60, lambda: str(ingest.sizes))
        assert ingest.sizes == [FIRST, BATCH, BATCH, 7]
    finally:
        pump.stop()
        desk.store.close()
