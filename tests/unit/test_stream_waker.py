"""Who waits for news is woken by it: one at once, many of them together and not too often."""

import asyncio

import pytest

from aggregator.api import stream
from aggregator.api.stream import Waker
from aggregator.live import Delta, Live


async def woken_after(waker: Waker, live: Live, pieces: int) -> tuple[float, int]:
    """Seconds until who waits is woken by that many pieces of news in a row, and how many of them there are then."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    news = [Delta("news", b"1", ())]
    for number in range(pieces):
        loop.call_later(number * 0.02, live.publish, news)
    before = live.last
    await waker.wait()
    return loop.time() - began, live.last - before


@pytest.mark.parametrize(("clients", "at_least_s", "pieces"), [(1, 0.0, 1), (250, 0.15, 5)])
def test_many_clients_are_woken_together(clients: int, at_least_s: float, pieces: int) -> None:
    async def play() -> tuple[float, int]:
        live = Live("boot")
        waker = Waker(live)
        waker.clients = clients
        waker.bind(asyncio.get_running_loop())
        waker.shut()
        return await woken_after(waker, live, pieces)

    seconds, seen = asyncio.run(play())
    assert seconds >= at_least_s
    assert seen == pieces, "what was published meanwhile goes along"


def test_who_waits_looks_around_where_nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_S", 0.02)

    async def play() -> None:
        waker = Waker(Live("boot"))
        waker.bind(asyncio.get_running_loop())
        for _ in range(3):
            await asyncio.wait_for(waker.wait(), 10)

    asyncio.run(play())
