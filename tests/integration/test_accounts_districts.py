"""Who is limited to districts sees those, over a real server."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aggregator.core.ports import Message, Retention
from aggregator.judges import SilenceWish
from aggregator.views import rfc3339
from contract import topics
from contract.codec import decode, encode
from contract.messages import CameraHealth, Command, Health, HostHealth, Reply
from tests.desks import Desk, desk
from tests.people import IN_DISTRICTS, JPEG, SHA, Client, add, client, roster, seen_at
from tests.timeline import START, make_event, place


def told(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(event, what it says) of a stream, without what only says that it lives."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: ") and name not in ("heartbeat", "desk", "camera"):
            yield name, json.loads(line[6:])


def everything_happens(one: Desk, site: str, camera: str) -> set[str]:
    """Each kind of news there is, at one site; what it is called on the stream."""
    event = make_event(900, camera, "brawl", site=site, location=place(0 if site == "site-1" else 90_000, 0))
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0)
    report = CameraHealth(camera=camera, state="stalled", name=f"Kamera {camera} {site}")
    health = Health(time=START, interval_s=3_600, cameras=(report,), host=host)
    one.service.handle([Message(topics.health(site, event.agent), encode(health), one.now)])
    one.take(event)
    picture = JPEG + camera.encode()
    one.service.handle([Message(topics.evidence(site, camera, event.id), picture, one.now)])
    one.service.silence(SilenceWish(actor="chief", reason="works", expires=one.now + 600, site=site, kind="crowd"))
    one.take(make_event(901, f"{camera}-2", "intrusion", site=site, location=event.data.location, confidence=0.2))
    one.service.tick()
    one.service.clip(event.id, "chief")
    command = decode(one.service.asks(ready=True)[-1][1], Command)
    reply = Reply(id=command.id, ok=False, time=START, error=f"none at {site}")
    one.service.handle([Message(topics.reply(site, event.agent, command.id), encode(reply), one.now)])
    return {"incident", "camera", "evidence", "silence", "clip"}


class TestDistricts:
    @pytest.fixture
    def http(self, one: Desk) -> Iterator[Client]:
        self.here = seen_at(one, "site-1", "gate", JPEG)
        self.there = seen_at(one, "site-2", "far", JPEG + b"there")
        one.service.handle([Message("jaga/v1/site-1/gate/event", b"?", 1.0), Message("x/y", b"?", 1.0)])
        one.service.handle([Message("jaga/v1/site-2/far/event", b"?", 1.0)])
        add(one, "rina", "operator", ["north"])
        add(one, "ema", "engineer", ["north"])
        with client(one, "rina") as http:
            yield http

    def test_lists_hold_what_lies_in_them(self, one: Desk, http: Client) -> None:
        assert [item["id"] for item in http.get("/api/v1/incidents").json()["items"]] == [self.here["id"]]
        assert [one["id"] for one in http.get("/api/v1/cameras").json()["features"]] == ["site-1/gate"]
        with client(one, "ema") as ema:
            topics_seen = [item["topic"] for item in ema.get("/api/v1/quarantine").json()["items"]]
            assert topics_seen == ["jaga/v1/site-1/gate/event"]
            assert ema.get("/metrics").status_code == 403, "it cannot be cut down to a district"

    def test_elsewhere_there_is_nothing(self, one: Desk, http: Client) -> None:
        other = self.there["id"]
        sha = hashlib.sha256(JPEG + b"there").hexdigest()
        assert http.get(f"/api/v1/incidents/{self.here['id']}").status_code == 200
        assert http.get(f"/api/v1/evidence/{SHA}").status_code == 200
        absent = http.get("/api/v1/incidents/01890000-0000-7000-8000-000000000000")
        hidden = http.get(f"/api/v1/incidents/{other}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.json()["title"].replace(other, "") == absent.json()["title"].replace(absent.url.path[-36:], "")
        assert http.get(f"/api/v1/evidence/{sha}").status_code == 404
        assert http.post(f"/api/v1/incidents/{other}/transition", json={"to": "resolved"}).status_code == 404
        assert [row[3] for row in one.store.audit(10) if row[2] == "evidence.read"] == [SHA]

    def test_an_incident_across_the_border_shows_the_own_events(self, one: Desk, http: Client) -> None:
        event = make_event(5, "border", "brawl", site="site-2", location=place(50, 0), confidence=0.8)
        one.take(event)
        detail = http.get(f"/api/v1/incidents/{self.here['id']}").json()
        assert detail["sites"] == ["site-1", "site-2"]
        assert [one["event"]["data"]["site"] for one in detail["events"]] == ["site-1"]

    def test_the_stream_holds_what_lies_in_them(self, one: Desk, http: Client) -> None:
        with http.stream("GET", "/api/v1/stream") as stream:
            lines = stream.iter_lines()
            snapshot = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
            assert [item["id"] for item in snapshot["incidents"]] == [self.here["id"]]
            assert [camera["id"] for camera in snapshot["cameras"]] == ["gate"]
            one.take(make_event(10, "far", "brawl", "update", site="site-2", confidence=0.9))
            one.take(make_event(20, "gate", "brawl", "update", confidence=0.9))
            deltas = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
            assert next(item for item in deltas)["id"] == self.here["id"]

    def test_the_snapshot_names_nothing_elsewhere(self, one: Desk, http: Client) -> None:
        """Whatever it holds: incidents that wait or are closed, cameras, silences, lines of the desk, districts."""
        one.take(make_event(1, "far", "intrusion", site="site-2", location=place(95_000, 0), confidence=0.2))
        one.take(make_event(2, "yard", "intrusion", site="site-1", location=place(5_000, 0), confidence=0.2))
        shut = seen_at(one, "site-2", "shut", t=50_000)
        one.transition(shut["id"], "resolved", "chief", "")
        for site in ("site-1", "site-2"):
            until = one.now + 600
            one.service.silence(SilenceWish(actor="chief", reason=f"at {site}", expires=until, site=site, kind="crowd"))
        one.service.tick()
        assert {line.site for line in one.service.desk.now.summaries} == {"site-1", "site-2"}
        with http.stream("GET", "/api/v1/stream") as stream:
            said = next(line[6:] for line in stream.iter_lines() if line.startswith("data: "))
        snapshot = json.loads(said)
        assert [line["site"] for line in snapshot["desk"]["summaries"]] == ["site-1"]
        assert [silence["site"] for silence in snapshot["silences"]] == ["site-1"]
        assert snapshot["districts"] == {"north": ["site-1"]}
        for secret in ("site-2", '"far"', '"shut"', "south", self.there["id"], shut["id"]):
            assert secret not in said, secret
        desk = http.get("/api/v1/desk").json()
        assert ([line["site"] for line in desk["summaries"]], desk["own"]) == (["site-1"], [])
        assert one.service.desk.now.own != ()

    def test_no_news_comes_from_elsewhere(self, one: Desk, http: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        """There: a camera, its picture, a silence, an answer to somebody's question, a new desk. Then the same here."""
        monkeypatch.setattr("aggregator.api.stream.HEARTBEAT_S", 0.2)
        with http.stream("GET", "/api/v1/stream") as stream:
            lines = stream.iter_lines()
            assert next(told(lines))[0] == "snapshot"
            news = {
                site: everything_happens(one, site, camera) for site, camera in (("site-2", "far"), ("site-1", "gate"))
            }
            heard = list[tuple[str, str]]()
            name = ""
            for line in lines:
                name = line[7:] if line.startswith("event: ") else name
                if line.startswith("data: "):
                    heard.append((name, line[6:]))
                if name == "clip" and line == "":
                    break
            desks = next(line for line in lines if line.startswith("data: ") and '"summaries"' in line)
        assert {name for name, _ in heard} - {"heartbeat"} >= news["site-1"] == news["site-2"]
        for name, said in (*heard, ("desk", desks)):
            for secret in ("site-2", '"far"', self.there["id"]):
                assert secret not in said, (name, secret)

    def test_what_verdicts_have_shown_elsewhere_is_not_told(self, one: Desk, http: Client) -> None:
        for closed in (self.here, self.there):
            one.transition(closed["id"], "resolved", "chief", "")
        assert {judged.site for judged in one.service.judged()} == {"site-1", "site-2"}
        assert [item["site"] for item in http.get("/api/v1/precision").json()["items"]] == ["site-1"]

    def test_what_a_split_takes_out_of_them_leaves_the_screen(self, one: Desk, http: Client) -> None:
        """It began here, spread over the border, and was two things: what stays under its number is the other one."""
        border = make_event(5, "border", "brawl", site="site-2", location=place(50, 0), confidence=0.8)
        one.take(border)
        here, begin = self.here["id"], http.get(f"/api/v1/incidents/{self.here['id']}").json()["events"][0]
        add(one, "chief", "administrator")
        with (
            http.stream("GET", "/api/v1/stream") as mine,
            client(one, "chief") as chief,
            chief.stream("GET", "/api/v1/stream") as all_of_it,
        ):
            heard, whole = told(mine.iter_lines()), told(all_of_it.iter_lines())
            assert {next(heard)[0], next(whole)[0]} == {"snapshot"}
            split = chief.post(f"/api/v1/incidents/{here}/split", json={"event": begin["event"]["id"]})
            assert split.status_code == 200, split.text
            fresh = split.json()["split"]["id"]
            seen = dict(next(heard) for _ in range(2))
            assert seen["incident"]["id"] == fresh
            assert list(seen["gone"]["incidents"]) == [here]
            one.take(make_event(9, "gate", "crowd", location=place(5_000, 0)))
            names = [next(whole) for _ in range(3)]
            assert [name for name, _ in names] == ["incident", "incident", "incident"], (
                "who sees all of it is told nothing"
            )
        assert http.get(f"/api/v1/incidents/{here}").status_code == 404
        assert [item["id"] for item in http.get("/api/v1/incidents?state=open").json()["items"]] == [fresh]

    def test_what_is_past_its_time_leaves_the_screens_that_showed_it(self, one: Desk, http: Client) -> None:
        for closed in (self.here, self.there):
            one.transition(closed["id"], "resolved", "chief", "")
        with http.stream("GET", "/api/v1/stream") as mine:
            heard = told(mine.iter_lines())
            assert next(heard)[0] == "snapshot"
            one.now += 40 * 86_400
            one.service.prune(Retention(events_days=30))
            name, gone = next(heard)
        assert (name, list(gone["incidents"])) == ("gone", [self.here["id"]])

    def test_silences_and_what_they_hush_stay_within_them(self, one: Desk, http: Client) -> None:
        body = {"expires": rfc3339(one.now + 600), "reason": "works", "kind": "crowd", "actor": "somebody"}
        assert http.post("/api/v1/silences", json=body).status_code == 403
        assert http.post("/api/v1/silences", json=body | {"site": "site-2"}).status_code == 403
        mine = http.post("/api/v1/silences", json=body | {"site": "site-1"}).json()
        assert mine["actor"] == "rina"
        add(one, "chief", "administrator")
        with client(one, "chief") as chief:
            theirs = chief.post("/api/v1/silences", json=body | {"site": "site-2"}).json()["id"]
            everywhere = chief.post("/api/v1/silences", json=body).json()["id"]
        seen = {item["id"] for item in http.get("/api/v1/silences").json()["items"]}
        assert seen == {mine["id"], everywhere}
        for other in (theirs, everywhere):
            assert http.post(f"/api/v1/silences/{other}/end", json={}).status_code == 404
        assert http.post(f"/api/v1/silences/{mine['id']}/end", json={}).json()["ended_by"] == "rina"
        again = http.post("/api/v1/silences", json=body | {"site": "site-1"})
        assert again.status_code == 201
        for site, camera in (("site-1", "gate"), ("site-2", "far")):
            one.take(make_event(one.now + 1 - START.timestamp(), camera, "crowd", site=site))
        hushed = {item["site"] for item in http.get("/api/v1/suppressed").json()["items"]}
        assert hushed == {"site-1"}
        with client(one, "chief") as chief:
            assert {item["site"] for item in chief.get("/api/v1/suppressed").json()["items"]} == {"site-1", "site-2"}
        assert http.get("/api/v1/precision").status_code == http.get("/api/v1/desk").status_code == 200

    def test_a_token_is_as_limited_as_its_account(self, one: Desk, http: Client) -> None:
        _, secret = roster(one).add_token("rina", "wall", ["incident.read", "camera.read", "evidence.read"], 30)
        there = hashlib.sha256(JPEG + b"there").hexdigest()
        with httpx.Client(base_url=one.url, headers={"authorization": f"Bearer {secret}"}) as wall:
            assert [item["id"] for item in wall.get("/api/v1/incidents").json()["items"]] == [self.here["id"]]
            assert [seen["id"] for seen in wall.get("/api/v1/cameras").json()["features"]] == ["site-1/gate"]
            assert wall.get(f"/api/v1/incidents/{self.there['id']}").status_code == 404
            assert wall.get(f"/api/v1/evidence/{there}").status_code == 404
            with wall.stream("GET", "/api/v1/stream") as stream:
                lines = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
                assert [item["id"] for item in next(lines)["incidents"]] == [self.here["id"]]

    def test_a_district_that_the_config_has_no_more_shows_nothing(self, tmp_path: Path) -> None:
        with desk(tmp_path, people_policy=IN_DISTRICTS) as one:
            seen_at(one, "site-1", "gate")
            add(one, "rina", "operator", ["north"])
        with desk(tmp_path) as one, client(one, "rina") as http:
            assert http.get("/api/v1/incidents").json()["items"] == []
            assert http.get("/api/v1/cameras").json()["features"] == []
