"""Clips on request: whom the aggregator asks, what it makes of the answers, and who may see what comes."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aggregator.core.ports import Message
from contract import topics
from contract.codec import decode, encode
from contract.events import Event
from contract.ids import derived_uuid7
from contract.messages import Command, Reply, Status
from contract.sentence import sentence
from tests.desks import Desk, desk
from tests.integration.test_aggregator_stream import Stream
from tests.people import IN_DISTRICTS, add, client
from tests.samples import NOW_MS
from tests.timeline import START, make_event, place

CLIP = b"\0\0\0\x20ftypisom" + b"moving picture" * 50
SHA = hashlib.sha256(CLIP).hexdigest()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, people_policy=IN_DISTRICTS) as running:
        running.now = START.timestamp()
        yield running


def ask(http: httpx.Client, event: str) -> httpx.Response:
    return http.post(f"/api/v1/events/{event}/clip", headers={"content-type": "application/json"})


def begin(one: Desk, site: str = "site-1") -> Event:
    event = make_event(0, "gate", "brawl", site=site, location=place(0, 0), confidence=0.9)
    one.take(event)
    return event


def report(one: Desk, event: Event, state: str = "online") -> None:
    """The agent says that it is there."""
    status = Status(
        state=state,  # type: ignore[arg-type]
        time=START,
        version="1",
        boot_id=derived_uuid7(NOW_MS, "boot"),
        config_hash="0" * 8,
    )
    one.service.handle([Message(topics.status(event.data.site, event.agent), encode(status), one.now)])


def sent(one: Desk) -> list[tuple[str, Command]]:
    return [(topic, decode(payload, Command)) for topic, payload in one.service.asks(ready=True)]


def answer(one: Desk, event: Event, asked: Command, **reply: object) -> None:
    told = Reply(id=asked.id, time=START, **reply)  # type: ignore[arg-type]
    topic = topics.reply(event.data.site, event.agent, asked.id)
    one.service.handle([Message(topic, encode(told), one.now)])


def test_a_clip_is_asked_for_comes_and_is_seen(one: Desk) -> None:
    event = begin(one)
    report(one, event)
    with client(one) as http:
        asked = ask(http, event.id)
        assert (asked.status_code, asked.json()["state"]) == (202, "asked")
        assert one.service.asks(ready=False) == []
        ((topic, command),) = sent(one)
        assert topic == topics.command("site-1", event.agent, "clip")
        assert (command.camera, command.args) == ("gate", {"event": event.id})
        assert ask(http, event.id).status_code == 202
        assert sent(one) == [], "who was just asked is not asked again"
        answer(one, event, command, ok=True, result={"sha256": SHA, "bytes": len(CLIP)})
        one.now += 90
        assert ask(http, event.id).status_code == 202
        assert sent(one) == [], "it is on its way"
        one.service.handle([Message(topics.evidence("site-1", "gate", event.id), CLIP, one.now)])
        here = ask(http, event.id)
        assert (here.status_code, here.json()) == (200, {"event": event.id, "state": "here", "sha256": SHA})
        (incident,) = one.incidents()
        (shown,) = http.get(f"/api/v1/incidents/{incident['id']}").json()["events"]
        assert shown["clip"] == SHA
        seen = http.get(f"/api/v1/evidence/{SHA}")
        assert (seen.content, seen.headers["content-type"]) == (CLIP, "video/mp4")
    noted = [row[1:4] for row in one.store.audit(10) if row[2].startswith("evidence")]
    assert noted[0] == ("127.0.0.1", "evidence.read", SHA)
    assert noted[1:] == [("127.0.0.1", "evidence.ask", event.id)], "one act, however often the button was pressed"


def test_two_people_who_ask_are_both_noted_and_the_agent_is_asked_once(one: Desk) -> None:
    event = begin(one)
    report(one, event)
    for name in ("rina", "budi"):
        add(one, name, "operator")
    with client(one, "rina") as rina, client(one, "budi") as budi:
        for http in (rina, budi, rina, budi):
            assert ask(http, event.id).status_code == 202
        ((_, command),) = sent(one)
        noted = [row[1] for row in one.store.audit(10) if row[2] == "evidence.ask"]
        assert sorted(noted) == ["budi", "rina"]
        answer(one, event, command, ok=True, result={"sha256": SHA, "bytes": len(CLIP)})
        one.now += 601
        assert ask(rina, event.id).status_code == 202
        assert len(sent(one)) == 1, "what was promised and never came is asked for again"
        assert len([row for row in one.store.audit(10) if row[2] == "evidence.ask"]) == 3


def test_why_a_clip_does_not_come_is_told(one: Desk) -> None:
    event = begin(one)
    report(one, event)
    with Stream(one.url) as stream, client(one) as http:
        assert stream.next().event == "snapshot"
        ask(http, event.id)
        ((_, command),) = sent(one)
        answer(one, event, command, ok=False, error="there is no clip")
        told = stream.next()
        assert told.event == "clip"
        assert told.data == {"event": event.id, "site": "site-1", "error": "there is no clip", "why": None}
        ask(http, event.id)
        ((_, command),) = sent(one)
        late = sentence("edge.command.no_clip", event=event.id, hours="24")
        answer(one, event, command, ok=False, error="too late", why=late)
        assert stream.next().data["why"] == {"key": late.key, "values": late.values}
        ask(http, event.id)
        assert len(sent(one)) == 1, "who has refused may be asked again"


def test_an_agent_that_is_away_is_not_asked(one: Desk) -> None:
    event = begin(one)
    with client(one) as http:
        away = ask(http, event.id)
        assert (away.status_code, away.json()["code"]) == (409, "aggregator.agent_away")
        report(one, event)
        report(one, event, "offline")
        assert ask(http, event.id).status_code == 409
    assert sent(one) == []


def test_an_answer_of_somebody_else_counts_for_nothing(one: Desk) -> None:
    event = begin(one)
    report(one, event)
    with client(one) as http:
        ask(http, event.id)
        ((_, command),) = sent(one)
        told = Reply(id=command.id, time=START, ok=False, error="lies")
        one.service.handle([Message(topics.reply("site-1", "other", command.id), encode(told), one.now)])
        assert ask(http, event.id).status_code == 202
        assert sent(one) == [], "the answer is still waited for"
        one.now += 61
        assert ask(http, event.id).status_code == 202
        assert len(sent(one)) == 1, "not for ever"


def test_who_may_not_look_may_not_ask(one: Desk) -> None:
    event = begin(one)
    report(one, event)
    add(one, "chief", "administrator")
    add(one, "wall", "viewer")
    add(one, "south", "operator", ["south"])
    with client(one, "wall") as wall, client(one, "south") as south, client(one, "chief") as chief:
        assert ask(wall, event.id).status_code == 403
        hidden = ask(south, event.id)
        unknown = ask(chief, derived_uuid7(NOW_MS, "none"))
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert sent(one) == []
        assert ask(chief, event.id).status_code == 202
        assert [row[1] for row in one.store.audit(5) if row[2] == "evidence.ask"] == ["chief"]


def test_what_is_neither_picture_nor_clip_is_refused(one: Desk) -> None:
    event = begin(one)
    one.service.handle([Message(topics.evidence("site-1", "gate", event.id), b"<svg onload=alert(1)>", one.now)])
    (refused,) = one.store.quarantine(5)
    assert (refused.error, "neither a JPEG picture nor an MP4 clip" in refused.detail) == ("BadEvidence", True)
    assert json.loads(one.store.incident_views()[0][1])["id"]
