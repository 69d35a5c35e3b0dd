"""A batch that is taken while the one before it is written: in order, once, and not before it is stored."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.core.errors import StoreError
from aggregator.core.ports import Batch, Message, SuppressedQuery
from contract.events import Event
from tests.desks import Desk, break_on, store_fails
from tests.timeline import make_event, place

HERE = place(0, 0)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path)
    one.open()
    return one


def batch(desk: Desk, *events: Event) -> list[Message]:
    return [desk.message(event) for event in events]


def brawl(t: float, camera: str = "a") -> Event:
    return make_event(t, camera, "brawl", location=HERE, confidence=0.9)


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
