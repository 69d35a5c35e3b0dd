"""Whatever breaks half-way, memory is as the store has it before it is used again."""

from pathlib import Path

import msgspec
import pytest

from aggregator.core.actions import Deed
from aggregator.core.correlation import Correlator
from aggregator.core.errors import StoreError
from tests.desks import Desk, store_fails
from tests.timeline import make_event, place


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path)
    one.open()
    return one


def test_memory_that_could_not_be_rebuilt_is_not_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what was not stored would count twice when it comes again."""
    first = [desk.message(make_event(0, "a", "brawl"))]
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "commit", store_fails)
        patch.setattr(desk.store, "restore", store_fails)
        with pytest.raises(StoreError):
            desk.service.handle(first)
        with pytest.raises(StoreError):
            desk.service.tick()
    desk.service.handle(first)
    assert (desk.incidents()[0]["event_count"], desk.service.incidents()[0].event_count) == (1, 1)


def test_a_split_that_the_store_cannot_be_asked_about_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for t in (0, 2):
        desk.take(make_event(t, f"c{t}", "brawl", confidence=0.9, location=place(t, 0)))
    (before,) = desk.service.incidents()
    event = msgspec.json.decode(desk.store.incident_told(before.id)[0][0])["id"]

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "incident_view", store_fails)
        with pytest.raises(StoreError):
            desk.service.split(before.id, event, Deed(action="split", actor="budi"))
    assert desk.service.incidents() == (before,)


def test_a_tick_that_breaks_half_way_leaves_nothing_in_memory_that_is_not_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(make_event(0, "a", "brawl"))
    before = desk.service.incidents()
    assert before

    def breaks(self: Correlator, _now: float) -> object:
        self._drafts.clear()
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(Correlator, "tick", breaks)
        with pytest.raises(ZeroDivisionError):
            desk.service.tick()
    assert desk.service.incidents() == before
