"""A batch that is taken while the one before it is written: in order, once, and not before it is stored."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from aggregator.core.errors import StoreError
from aggregator.core.liveness import Fleet
from aggregator.core.ports import Batch, Message, SuppressedQuery
from aggregator.desk import DeskView
from contract.codec import encode
from contract.events import Event, Location
from contract.messages import CameraHealth, Health, HostHealth
from tests.desks import Desk, break_on, store_fails
from tests.samples import NOW
from tests.timeline import make_event, place

HERE = place(0, 0)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path)
    one.open()
    return one


def batch(desk: Desk, *events: Event) -> list[Message]:
    return [desk.message(event) for event in events]


def brawl(t: float, camera: str = "a", where: Location = HERE) -> Event:
    return make_event(t, camera, "brawl", location=where, confidence=0.9)


def count(desk: Desk) -> int:
    return sum(one["event_count"] for one in desk.incidents())


def test_the_next_batch_is_taken_meanwhile_and_stored_when_its_turn_comes(desk: Desk) -> None:
    first, second = batch(desk, brawl(0)), batch(desk, brawl(5, "b"))
    desk.service.handle(first, lambda: second)
    published = desk.live.last
    assert count(desk) == 1
    third = batch(desk, brawl(9, "c"))
    desk.service.handle(second, lambda: third)
    assert (count(desk), desk.live.last > published) == (2, True)
    desk.service.handle(third)
    assert (count(desk), len(desk.incidents())) == (3, 1)


def test_an_event_that_is_in_both_counts_once(desk: Desk) -> None:
    event = brawl(0)
    again = batch(desk, event, brawl(5, "b"))
    desk.service.handle(batch(desk, event), lambda: again)
    desk.service.handle(again)
    assert count(desk) == 2
    assert [row.reason for row in desk.store.suppressed(SuppressedQuery())] == ["duplicate"]


def test_whoever_comes_between_finds_everything_stored(desk: Desk) -> None:
    second = batch(desk, brawl(5, "b"))
    desk.service.handle(batch(desk, brawl(0)), lambda: second)
    (incident,) = desk.service.incidents()
    assert (incident.event_count, count(desk)) == (2, 2)
    published = desk.live.last
    desk.service.handle(second)
    assert (count(desk), desk.live.last) == (2, published), "it was written already"


def test_other_messages_than_were_taken_ahead_come_after_them(desk: Desk) -> None:
    ahead = batch(desk, brawl(5, "b"))
    desk.service.handle(batch(desk, brawl(0)), lambda: ahead)
    desk.service.handle(batch(desk, brawl(9, "c")))
    assert count(desk) == 3


def test_if_a_commit_fails_what_was_taken_meanwhile_is_forgotten_with_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = batch(desk, brawl(0)), batch(desk, brawl(5, "b"))

    def broken(_batch: Batch, meanwhile: Callable[[], None]) -> None:
        meanwhile()
        raise StoreError("aggregator.store_failed", path="x", detail="disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "commit", broken)
        with pytest.raises(StoreError):
            desk.service.handle(first, lambda: second)
    assert (desk.service.incidents(), desk.live.last) == ((), 0)
    desk.service.handle(second)
    desk.service.handle(first)
    assert count(desk) == 2


def test_who_comes_between_does_not_answer_for_what_was_taken_ahead(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = batch(desk, brawl(5, "b"))
    desk.service.handle(batch(desk, brawl(0)), lambda: second)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "commit", store_fails)
        (incident,) = desk.service.incidents()
        assert incident.event_count == 1
        with pytest.raises(StoreError):
            desk.service.handle(second)
    desk.service.handle(second)
    assert (count(desk), desk.service.incidents()[0].event_count) == (2, 2)


@pytest.mark.logs_errors
def test_a_message_that_breaks_something_ahead_spoils_neither_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = brawl(6, "poison")
    break_on(poison, monkeypatch)
    second = batch(desk, brawl(5, "b"), poison)
    desk.service.handle(batch(desk, brawl(0)), lambda: second)
    assert count(desk) == 1
    desk.service.handle(second)
    (refused,) = desk.store.quarantine(10)
    assert (count(desk), refused.error) == (2, "ZeroDivisionError")


def test_trails_that_are_being_written_do_not_change(desk: Desk) -> None:
    second = batch(desk, make_event(60, "a", "brawl", "update", started=0, location=HERE))
    written: list[float] = []
    commit = desk.store.commit

    def look(one: Batch, meanwhile: Callable[[], None]) -> None:
        before = [trail.last for row in one.incidents.values() for trail in row.trails]
        commit(one, meanwhile)
        after = [trail.last for row in one.incidents.values() for trail in row.trails]
        assert before == after
        written.extend(after)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.store, "commit", look)
        desk.service.handle(batch(desk, brawl(0)), lambda: second)
        desk.service.handle(second)
    assert written[1] - written[0] == 60


def streamed(desk: Desk, since: int) -> list[str]:
    """What kinds of news came after the one of this number."""
    found = desk.live.since(since)
    assert found is not None
    return re.findall(r"^event: (\w+)$", found[1].decode(), re.MULTILINE)


def states(desk: Desk) -> list[str]:
    return [camera.state for camera in desk.store.restore(0).cameras]


def test_what_time_changes_is_done_with_what_is_taken_ahead_and_shown_when_that_is_stored(desk: Desk) -> None:
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0, last_sequence=0)
    report = Health(time=NOW, interval_s=30, cameras=(CameraHealth(camera="a", state="online"),), host=host)
    desk.service.handle([Message("jaga/v1/site-1/edge-1/health", encode(report), desk.now)])
    desk.take(brawl(0))
    desk.now += 3600
    second = [replace(message, received=desk.now) for message in batch(desk, brawl(5, "b", place(9_000, 0)))]
    published = desk.live.last
    desk.service.handle(batch(desk, brawl(3)), lambda: second)
    assert (desk.service.ticked, states(desk)) == (desk.now, ["online"])
    assert "desk" not in streamed(desk, published)
    published = desk.live.last
    desk.service.handle(second)
    assert states(desk)[0] == "offline"
    assert streamed(desk, published)[-1] == "desk"


@pytest.mark.parametrize("broken", [(Fleet, "tick"), (DeskView, "arranged")])
def test_what_time_breaks_meanwhile_spoils_no_batch_and_is_told(
    desk: Desk, broken: tuple[type, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    first, second, third = (batch(desk, brawl(number * 5, f"c{number}")) for number in range(3))
    with monkeypatch.context() as patch:
        patch.setattr(*broken, breaks)
        desk.now += 3600
        desk.service.handle(first, lambda: second)
        desk.service.handle(second, lambda: third)
        desk.service.handle(third)
    said = capfd.readouterr()
    assert "ahead_failed" in said.out + said.err
    assert (count(desk), desk.store.quarantine(10), desk.store.suppressed(SuppressedQuery())) == (3, [], [])
    desk.service.tick()
    assert desk.service.incidents()[0].event_count == 3


def test_time_passes_with_one_batch_in_half_a_second(desk: Desk) -> None:
    batches = [batch(desk, brawl(number, f"c{number}")) for number in range(4)]
    ticked = []
    for one, following in pairwise(batches):
        desk.now += 0.3
        desk.service.handle(one, lambda ahead=following: ahead)  # type: ignore[misc]
        ticked.append(desk.service.ticked)
    assert ticked == [ticked[0], ticked[0], desk.now]


def test_to_ask_for_what_is_missing_does_not_wait_for_what_was_taken_ahead(desk: Desk) -> None:
    second = batch(desk, brawl(5, "b"))
    desk.service.handle(batch(desk, brawl(0)), lambda: second)
    assert (desk.service.asks(ready=True), count(desk)) == ([], 1)
    desk.service.handle(second)
    assert count(desk) == 2
