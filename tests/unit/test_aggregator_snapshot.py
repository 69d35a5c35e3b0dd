"""Many who ask at once get one snapshot, and none gets one that lacks what was published before it asked."""

import asyncio
import threading

from aggregator.api.snapshot import MAX_AGE_S, SharedSnapshot


class Desk:
    """asked: so many are there before the first snapshot is ready; it has what was published when its making began."""

    def __init__(self, asked: int = 1) -> None:
        self.last, self.made, self.now = 0, 0, 0.0
        self.begun, self.ready = threading.Event(), threading.Event()
        self._asked = asked
        self._shared = SharedSnapshot(self._make, lambda: self.last, lambda: self.now)

    async def shared(self) -> bytes:
        self._asked -= 1
        if self._asked == 0:
            self.ready.set()
        return await self._shared()

    def _make(self) -> bytes:
        number = self.last
        self.made += 1
        self.begun.set()
        assert self.ready.wait(10)
        return b"%d" % number


def test_a_crowd_gets_one_snapshot() -> None:
    async def crowd(desk: Desk) -> list[bytes]:
        return await asyncio.gather(*(desk.shared() for _ in range(100)))

    desk = Desk(asked=100)
    assert asyncio.run(crowd(desk)) == [b"0"] * 100
    assert desk.made == 1


def test_what_is_published_meanwhile_is_in_the_snapshot_of_who_asks_afterwards() -> None:
    async def before_and_after(desk: Desk) -> tuple[list[bytes], list[bytes]]:
        early = [asyncio.ensure_future(desk.shared()) for _ in range(20)]
        assert await asyncio.to_thread(desk.begun.wait, 10)
        desk.last = 7
        late = [asyncio.ensure_future(desk.shared()) for _ in range(20)]
        return await asyncio.gather(*early), await asyncio.gather(*late)

    desk = Desk(asked=40)
    early, late = asyncio.run(before_and_after(desk))
    assert early == [b"0"] * 20
    assert late == [b"7"] * 20
    assert desk.made == 2


def test_a_snapshot_ages_although_nothing_is_published() -> None:
    async def twice(desk: Desk) -> None:
        await desk.shared()
        desk.now += MAX_AGE_S
        await desk.shared()

    desk = Desk()
    asyncio.run(twice(desk))
    assert desk.made == 2
