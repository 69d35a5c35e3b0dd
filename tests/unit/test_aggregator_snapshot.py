"""Many who ask at once get one snapshot, and none gets one that lacks what was published before it asked."""

import asyncio
import time

from aggregator.api.snapshot import MAX_AGE_S, SharedSnapshot


class Desk:
    def __init__(self) -> None:
        self.last, self.made, self.now = 0, 0, 0.0
        self.shared = SharedSnapshot(self._make, lambda: self.last, lambda: self.now)

    def _make(self) -> bytes:
        self.made += 1
        number = self.last
        time.sleep(0.01)
        return b"%d" % number


def test_a_crowd_gets_one_snapshot() -> None:
    async def crowd(desk: Desk) -> list[bytes]:
        return await asyncio.gather(*(desk.shared() for _ in range(100)))

    desk = Desk()
    assert asyncio.run(crowd(desk)) == [b"0"] * 100
    assert desk.made == 1


def test_what_is_published_meanwhile_is_in_the_snapshot_of_who_asks_afterwards() -> None:
    async def before_and_after(desk: Desk) -> tuple[list[bytes], list[bytes]]:
        early = [asyncio.ensure_future(desk.shared()) for _ in range(20)]
        while desk.made == 0:
            await asyncio.sleep(0)
        desk.last = 7
        late = [asyncio.ensure_future(desk.shared()) for _ in range(20)]
        return await asyncio.gather(*early), await asyncio.gather(*late)

    desk = Desk()
    early, late = asyncio.run(before_and_after(desk))
    assert len(early) == 20
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
