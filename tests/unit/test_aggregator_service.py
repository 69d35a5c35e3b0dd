"""The service's promises: nothing before its commit, nothing lost when one fails, one bad message spoils no batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator.core.actions import Deed
from aggregator.core.errors import StoreError
from aggregator.core.ports import Batch, Message
from contract import topics
from contract.codec import decode, decode_event, encode
from contract.events import Event, sequence_text
from contract.messages import Command, Health, HostHealth, Reply
from contract.replay import read_args
from tests.desks import Desk, break_on
from tests.samples import NOW, sample_messages
from tests.timeline import make_event, place


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path)
    one.open()
    return one


def fail_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = desk.store.commit

    def broken(_batch: Batch, _meanwhile: object = None) -> None:
        monkeypatch.setattr(desk.store, "commit", commit)
        raise StoreError("aggregator.store_failed", path="x", detail="disk full")

    monkeypatch.setattr(desk.store, "commit", broken)


def test_a_failed_commit_changes_nothing_and_the_same_messages_may_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(make_event(0, "a", "brawl", location=place(0, 0)))
    published = desk.live.last
    second = make_event(10, "b", "brawl", location=place(20, 0))
    fail_once(desk, monkeypatch)
    with pytest.raises(StoreError):
        desk.take(second)
    assert desk.live.last == published
    assert desk.incidents()[0]["event_count"] == 1
    desk.take(second)
    (one,) = desk.incidents()
    assert (one["event_count"], one["sources"]) == (2, 2)


def test_a_failed_transition_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take(make_event(0, "a", "brawl", confidence=0.9))
    incident = desk.incidents()[0]["id"]
    fail_once(desk, monkeypatch)
    with pytest.raises(StoreError):
        desk.transition(incident, "resolved", "rina", "")
    assert desk.incidents()[0]["state"] == "open"
    desk.transition(incident, "resolved", "rina", "")
    assert desk.incidents()[0]["state"] == "resolved"


def test_what_cannot_be_handed_over_stays_and_the_rest_goes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and store say the same, although one of the steps was refused half-way."""
    for t, x in ((0, 0), (1, 9000)):
        desk.take(make_event(t, f"c{x}", "brawl", confidence=0.9, location=place(x, 0)))
    monkeypatch.setattr("aggregator.core.actions.MOST_STEPS", 2)
    near, far = sorted(one["id"] for one in desk.incidents())
    for incident, steps in ((near, ("take", "note")), (far, ("take",))):
        for step in steps:
            desk.service.act(incident, Deed(action=step, actor="budi", reason="x"))  # type: ignore[arg-type]
    desk.service.hand_over(Deed(action="handover", actor="budi", value="sari"), lambda _sites: True)
    assert {one["id"]: one["owner"] for one in desk.incidents()} == {near: "budi", far: "sari"}
    again = Desk(desk.folder)
    again.open()
    assert again.service.incidents() == desk.service.incidents()


@pytest.mark.parametrize("action", ["take", "merge", "split", "handover"])
def test_a_deed_that_cannot_be_stored_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    for t, x in ((0, 0), (1, 9000), (2, 20)):
        desk.take(make_event(t, f"c{x}", "brawl", confidence=0.9, location=place(x, 0)))
    near, far = sorted(one["id"] for one in desk.incidents())
    desk.service.act(near, Deed(action="take", actor="budi"))
    before, last = desk.service.incidents(), desk.live.last
    event = msgspec.json.decode(desk.store.incident_told(near)[0][0])["id"]
    deed = Deed(action=action, actor="budi" if action == "handover" else "sari", value="sari")  # type: ignore[arg-type]
    deeds: dict[str, Callable[[], object]] = {
        "take": lambda: desk.service.act(near, deed),
        "merge": lambda: desk.service.merge(near, far, deed),
        "split": lambda: desk.service.split(near, event, deed),
        "handover": lambda: desk.service.hand_over(deed, lambda _sites: True),
    }
    fail_once(desk, monkeypatch)
    with pytest.raises(StoreError):
        deeds[action]()
    assert (desk.service.incidents(), desk.live.last) == (before, last)
    deeds[action]()
    assert desk.service.incidents() != before


def test_an_event_counts_once_within_a_batch_and_over_restarts(desk: Desk) -> None:
    event = make_event(0, "a", "brawl")
    desk.take(event, event)
    desk.take(event)
    again = Desk(desk.folder)
    again.open()
    again.take(event)
    assert again.incidents()[0]["event_count"] == 1


def test_after_a_restart_an_episode_finds_its_incident_and_gaps_are_remembered(desk: Desk) -> None:
    here = place(0, 0)
    desk.take(
        make_event(0, "a", "brawl", number=1, location=here),
        make_event(1, "c", "brawl", number=4, location=place(9000, 0)),
    )
    again = Desk(desk.folder)
    again.open()
    assert [numbers.gaps for numbers in again.service.gaps().values()] == [2]
    again.take(make_event(20, "a", "brawl", "end", started=0, number=3, location=here))
    assert sorted(one["event_count"] for one in again.incidents()) == [1, 2]
    assert [numbers.gaps for numbers in again.service.gaps().values()] == [1]


@pytest.mark.logs_errors
def test_one_message_that_breaks_something_spoils_no_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    good, poison = make_event(0, "a", "brawl"), make_event(1, "poison", "brawl")
    break_on(poison, monkeypatch)
    desk.take(good, poison, make_event(2, "a", "brawl", "update", started=0))
    assert [one["event_count"] for one in desk.incidents()] == [2]
    (refused,) = desk.store.quarantine(10)
    assert (refused.error, b"poison" in refused.payload) == ("ZeroDivisionError", True)


@pytest.mark.parametrize(
    ("topic", "payload", "error", "field"),
    [
        ("jaga/v1/site-1/a/event", b"{", "MalformedPayload", "$"),
        ("jaga/v1/site-1/a/event", b"{}", "MissingField", "$.id"),
        ("jaga/v1/site-1/a/health", b'{"time": 5}', "WrongType", "$.time"),
        ("jaga/v1/site-1/a/status", b"x" * 300_000, "OversizedPayload", "$"),
        ("jaga/v1/site-1/a/evidence/01890000-0000-7000-8000-000000000000", b"GIF89a", "BadEvidence", "$"),
        ("jaga/v2/site-1/a/event", b"{}", "BadTopic", "topic"),
    ],
)
def test_what_is_refused_is_kept_with_the_reason(
    desk: Desk, topic: str, payload: bytes, error: str, field: str
) -> None:
    desk.service.handle([Message(topic, payload, 1.0)])
    (refused,) = desk.store.quarantine(10)
    assert (refused.topic, refused.error, refused.field) == (topic, error, field)
    assert refused.detail
    assert refused.payload == payload[:65_536]


def test_a_camera_may_not_speak_for_another(desk: Desk) -> None:
    event = make_event(0, "a", "brawl")
    honest = desk.message(event)
    desk.service.handle([Message(honest.topic.replace("/a/", "/b/"), honest.payload, honest.received)])
    (refused,) = desk.store.quarantine(10)
    assert (refused.error, refused.field) == ("Inconsistent", "$.data.camera")


def test_after_a_restart_agents_have_their_time_to_report(desk: Desk) -> None:
    topic = "jaga/v1/site-1/edge-1/health"
    report = sample_messages()["health"]
    desk.now = NOW.timestamp()
    desk.service.handle([Message(topic, msgspec.json.encode(report), desk.now)])
    again = Desk(desk.folder, now=desk.now + 3600)
    again.open()
    again.service.tick()
    assert [camera.state for camera in again.service.cameras()] == ["online"]
    again.now += 31
    again.service.tick()
    assert [camera.state for camera in again.service.cameras()] == ["offline"]


def health(desk: Desk, last_sequence: int, spool_depth: int = 0) -> None:
    """What the agent of `make_event` says of itself now."""
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=spool_depth, last_sequence=last_sequence)
    report = Health(time=NOW, interval_s=30, cameras=(), host=host)
    desk.service.handle([Message("jaga/v1/site-1/edge-1/health", encode(report), desk.now)])


def asked(desk: Desk, seconds: float, ready: bool = True) -> list[tuple[str, Command]]:
    """Topics and commands of so many seconds."""
    found = []
    for _ in range(int(seconds)):
        found += desk.service.asks(ready)
        desk.now += 1
    return [(topic, decode(payload, Command)) for topic, payload in found]


def answer(desk: Desk, command: Command, gone: list[list[int]], agent: str = "edge-1", queued: int = 0) -> None:
    reply = Reply(id=command.id, ok=True, time=NOW, result={"queued": queued, "gone": gone})
    desk.service.handle([Message(f"jaga/v1/site-1/{agent}/reply/{command.id}", encode(reply), desk.now)])


KEY = ("site-1", "edge-1")


def test_what_is_missing_is_asked_for_and_what_is_gone_is_not_asked_for_again(desk: Desk) -> None:
    desk.take(make_event(0, "a", "brawl", number=1), make_event(1, "c", "brawl", number=4))
    health(desk, 6)
    ((topic, command),) = asked(desk, 8)
    assert topic == topics.command("site-1", "edge-1", "replay")
    assert read_args(command.args) == ((2, 3), (5, 6))
    assert (command.expires - command.issued).total_seconds() == 60
    answer(desk, command, [[2, 2]], agent="edge-2")
    answer(desk, command, [[2, 2], [5, 100]])
    assert desk.service.gaps()[KEY].numbers.lost == ((2, 2), (5, 6))
    answer(desk, command, [[3, 3]])  # answered before
    assert desk.service.gaps()[KEY].gaps == 1
    desk.now = NOW.timestamp()
    again = Desk(desk.folder, now=desk.now)
    again.open()
    assert again.service.gaps()[KEY].numbers == desk.service.gaps()[KEY].numbers
    ((_, command),) = asked(again, 8)
    assert read_args(command.args) == ((3, 3),)


def test_an_agent_is_asked_once_it_is_known_to_be_there(desk: Desk) -> None:
    desk.take(make_event(0, "a", "brawl", number=1), make_event(1, "c", "brawl", number=4))
    assert asked(desk, 20) == []
    health(desk, 6)
    ((_, first), (_, second)) = asked(desk, 20)
    # What was only just told is late at most: it has its own grace.
    assert (read_args(first.args), read_args(second.args)) == (((2, 3),), ((5, 6),))


def test_nobody_is_asked_while_the_broker_is_away_or_the_agent_has_not_sent_all(desk: Desk) -> None:
    desk.take(make_event(0, "a", "brawl", number=1))
    health(desk, 9, spool_depth=3)
    assert asked(desk, 20) == []
    health(desk, 9)
    assert asked(desk, 20, ready=False) == []
    ((_, command),) = asked(desk, 8)
    assert read_args(command.args) == ((2, 9),)
    will = msgspec.structs.replace(sample_messages()["status"], state="offline")
    desk.service.handle([Message("jaga/v1/site-1/edge-1/status", msgspec.json.encode(will), desk.now)])
    assert asked(desk, 100) == []


def test_what_came_before_the_agent_was_known_is_not_asked_for_but_what_follows_is(desk: Desk) -> None:
    health(desk, 500)
    assert asked(desk, 20) == []
    desk.take(make_event(0, "a", "brawl", number=503))
    ((_, command),) = asked(desk, 8)
    assert read_args(command.args) == ((501, 502),)


def test_a_duplicate_and_a_refused_event_are_not_missing(desk: Desk) -> None:
    first = make_event(0, "a", "brawl", number=7)
    desk.take(first)
    desk.take(msgspec.structs.replace(first, sequence=sequence_text(9)))
    refused = make_event(3, "a", "brawl", number=8)
    payload = msgspec.json.encode(refused).replace(b'"confidence":0.6', b'"confidence":6')
    topic = topics.event("site-1", "a")
    desk.service.handle([Message(topic, payload, desk.now)])
    assert len(desk.store.quarantine(10)) == 1
    assert desk.service.gaps()[KEY].numbers.holes == ()
    absurd = msgspec.json.encode(make_event(3, "a", "brawl")).replace(sequence_text(1).encode(), b"9" * 20)
    desk.service.handle([Message(topic, absurd, desk.now)])
    assert [one.field for one in desk.store.quarantine(10)] == ["$.sequence", "$.data.confidence"]
    assert desk.service.gaps()[KEY].numbers.last == 9


def test_an_answer_that_is_none_is_quarantined_and_the_asking_goes_on(desk: Desk) -> None:
    desk.take(make_event(0, "a", "brawl", number=1), make_event(1, "c", "brawl", number=4))
    health(desk, 4)
    ((_, command),) = asked(desk, 8)
    answer(desk, command, [[3, 1]])
    assert [one.field for one in desk.store.quarantine(10)] == ["$.result"]
    assert len(asked(desk, 20)) == 1


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"x":' * 50_000, b'{"id":"a","x":' + b"[" * 50_000])
def test_brackets_without_end_are_refused_like_anything_else(desk: Desk, payload: bytes) -> None:
    good = make_event(0, "a", "brawl")
    desk.service.handle([Message("jaga/v1/site-1/a/event", payload, NOW.timestamp()), desk.message(good)])
    assert [one["event_count"] for one in desk.incidents()] == [1]
    (refused,) = desk.store.quarantine(10)
    assert refused.payload == payload[:65_536]


def test_a_store_that_cannot_be_read_puts_nobody_into_quarantine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    known = desk.store.known

    def broken(_events: object) -> frozenset[str]:
        monkeypatch.setattr(desk.store, "known", known)
        raise StoreError("aggregator.store_failed", path="x", detail="disk I/O error")

    monkeypatch.setattr(desk.store, "known", broken)
    event = make_event(0, "a", "brawl")
    with pytest.raises(StoreError):
        desk.take(event)
    assert desk.store.quarantine(10) == []
    desk.take(event)
    assert len(desk.incidents()) == 1


def test_what_comes_next_is_read_while_the_store_writes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [[_message(desk, make_event(t, "a", "brawl", "update" if t else "begin"))] for t in range(3)]
    # Nor does what cannot be read disturb anything.
    batches[1][0] = msgspec.structs.replace(batches[1][0], payload=b"{")
    when: list[tuple[str, int]] = []
    commit = desk.store.commit

    def noted(batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        when.append(("write", len(batch.events)))
        commit(batch, meanwhile)

    monkeypatch.setattr(desk.store, "commit", noted)
    monkeypatch.setattr("aggregator.intake.decode_event", _noting(when))
    for number, batch in enumerate(batches):
        desk.service.handle(batch, lambda number=number: batches[number + 1] if number < 2 else [])  # type: ignore[misc]
    assert when == [("read", 0), ("write", 1), ("read", 1), ("write", 0), ("read", 2), ("write", 1)]
    assert [one["event_count"] for one in desk.incidents()] == [2]
    assert len(desk.store.quarantine(5)) == 1


def _message(desk: Desk, event: Event) -> Message:
    return Message(topics.event(event.data.site, event.data.camera), encode(event), desk.now, None)


def _noting(when: list[tuple[str, int]]) -> Callable[..., Event]:
    count = iter(range(9))

    def noting(*arguments: Any) -> Event:
        when.append(("read", next(count)))
        return decode_event(*arguments)

    return noting


@pytest.mark.logs_errors
def test_what_the_store_cannot_hold_spoils_no_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, odd = desk.store.commit, make_event(1, "odd", "brawl")

    def picky(batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        if any(row.event == odd for row in batch.events):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        commit(batch, meanwhile)

    monkeypatch.setattr(desk.store, "commit", picky)
    desk.take(make_event(0, "a", "brawl"), odd)
    assert [one["cameras"] for one in desk.incidents()] == [["a"]]
    assert [one.error for one in desk.store.quarantine(10)] == ["OverflowError"]


def test_an_agent_that_never_reported_is_not_called_silent_after_a_restart(desk: Desk) -> None:
    desk.take(make_event(0, "a", "report", location=place(0, 0)))
    again = Desk(desk.folder, now=desk.now)
    again.open()
    again.now += 3600
    again.service.tick()
    assert [camera.state for camera in again.service.cameras()] == ["unknown"]
