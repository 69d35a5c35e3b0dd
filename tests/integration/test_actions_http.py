"""What people do with incidents, over a real server: two at once, within districts, after a restart."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aggregator.api import acts
from tests.desks import Desk, desk
from tests.people import JPEG, SHA, Client, add, client, seen_at
from tests.timeline import make_event, place


@pytest.fixture
def incident(one: Desk) -> str:
    """An open brawl at site-1; budi and sari may act."""
    found = str(seen_at(one, "site-1", "gate", JPEG)["id"])
    for name in ("budi", "sari"):
        add(one, name, "operator")
    return found


@pytest.fixture
def budi(one: Desk, incident: str) -> Iterator[Client]:
    with client(one, "budi") as http:
        yield http


@pytest.fixture
def sari(one: Desk, incident: str) -> Iterator[Client]:
    with client(one, "sari") as http:
        yield http


def act(http: httpx.Client, incident: str, action: str, **body: Any) -> httpx.Response:
    return http.post(f"/api/v1/incidents/{incident}/{action}", json=body)


def history(http: httpx.Client, incident: str) -> list[tuple[str, str, str]]:
    changes = http.get(f"/api/v1/incidents/{incident}").json()["changes"]
    return [(one["actor"], one["action"], one["detail"]) for one in changes if one["actor"] != "system"]


def far_brawl(one: Desk) -> str:
    """Another incident at site-1 that nothing ties to the first."""
    one.take(make_event(3, "bridge", "brawl", location=place(1500, 0, 30.0), confidence=0.8))
    return str(next(item["id"] for item in one.incidents() if item["cameras"] == ["bridge"]))


def test_of_two_who_acknowledge_at_once_one_is_told_who_was_faster(incident: str, budi: Client, sari: Client) -> None:
    start, answers = threading.Barrier(2), dict[str, httpx.Response]()

    def acknowledge(name: str, http: Client) -> None:
        start.wait()
        answers[name] = act(http, incident, "transition", to="acknowledged", seen=0)

    both = [threading.Thread(target=acknowledge, args=each) for each in (("budi", budi), ("sari", sari))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    winner, loser = sorted(answers, key=lambda name: answers[name].status_code)
    told = answers[loser].json()
    assert (told["code"], told["values"]) == ("actions.conflict", {"actor": winner})
    assert (told["act"]["actor"], told["act"]["action"], told["act"]["to"]) == (winner, "state", "acknowledged")
    assert told["incident"] == answers[winner].json()
    assert history(budi, incident) == [(winner, "state", "acknowledged")]
    http = budi if loser == "budi" else sari
    assert act(http, incident, "transition", to="dispatched", seen=told["incident"]["acted"]).status_code == 200


def test_an_event_in_between_refuses_nobody(one: Desk, incident: str, budi: Client) -> None:
    before = budi.get(f"/api/v1/incidents/{incident}").json()
    one.take(make_event(5, "gate", "brawl", "update", started=0, confidence=0.9))
    answer = act(budi, incident, "take", seen=before["acted"])
    assert (answer.status_code, answer.json()["owner"], answer.json()["revision"] > before["revision"]) == (
        200,
        "budi",
        True,
    )


def test_every_step_is_in_the_history_and_in_the_audit_log(one: Desk, incident: str, budi: Client) -> None:
    act(budi, incident, "take")
    act(budi, incident, "note", text="  <b>behind the market</b>\ntwo groups  ")
    act(budi, incident, "severity", severity="major", reason="no weapons")
    act(budi, incident, "kind", kind="crowd")
    act(budi, incident, "assign", to="sari", reason="her street")
    act(budi, incident, "release")
    assert history(budi, incident) == [
        ("budi", "take", ""),
        ("budi", "note", ""),
        ("budi", "severity", "major"),
        ("budi", "kind", "crowd"),
        ("budi", "assign", "sari"),
        ("budi", "release", ""),
    ]
    detail = budi.get(f"/api/v1/incidents/{incident}").json()
    assert [change["reason"] for change in detail["changes"]][-5:-2] == [
        "<b>behind the market</b>\ntwo groups",
        "no weapons",
        "",
    ]
    assert (detail["severity"], detail["told_severity"], detail["kind"], detail["told_kind"]) == (
        "major",
        "critical",
        "crowd",
        "brawl",
    )
    noted = [(row[2], row[4]) for row in reversed(one.store.audit(20)) if row[1] == "budi" and row[3] == incident]
    assert [action for action, _ in noted] == [
        *("incident.take", "incident.note", "incident.severity", "incident.kind"),
        *("incident.assign", "incident.release"),
    ]
    assert noted[1][1].startswith("sha256:"), "words of a note can be taken back, the audit log cannot"
    assert [detail for _, detail in noted[2:]] == ["major", "crowd", "sari", ""]


def test_a_note_that_is_taken_back_leaves_no_words(one: Desk, incident: str, budi: Client) -> None:
    act(budi, incident, "note", text="Mr X, red shirt")
    assert act(budi, incident, "undo", number=1).status_code == 200
    changes = budi.get(f"/api/v1/incidents/{incident}").json()["changes"]
    assert [(item["action"], item["undone"], item["reason"]) for item in changes[-2:]] == [
        ("note", True, ""),
        ("undo", False, ""),
    ]
    assert one.store.audit(1)[0][1:] == ("budi", "incident.undo", incident, "note")


def test_undoing_a_false_alarm_withdraws_its_verdict(one: Desk, incident: str, budi: Client) -> None:
    judged = one.service.judged()
    act(budi, incident, "transition", to="false_alarm", reason="a dance")
    assert one.service.judged() != judged
    closed = budi.get(f"/api/v1/incidents/{incident}").json()
    assert closed["last_act"]["undo_until"] is not None
    reopened = act(budi, incident, "undo", number=closed["acted"]).json()
    assert (reopened["state"], reopened["last_act"]["action"], reopened["last_act"]["undo_until"]) == (
        "open",
        "undo",
        None,
    )
    assert one.service.judged() == judged
    one.take(make_event(8, "gate", "brawl", "update", started=0, confidence=0.9))
    assert act(budi, incident, "transition", to="resolved", reason="a brawl").json()["state"] == "resolved"
    (verdict,) = one.store.verdicts()
    assert verdict.true


def test_undo_is_for_who_did_it_and_for_a_minute(one: Desk, incident: str, budi: Client, sari: Client) -> None:
    act(budi, incident, "take")
    theirs = act(sari, incident, "undo", number=1)
    assert (theirs.status_code, theirs.json()["code"]) == (409, "actions.undo_theirs")
    one.now += 61
    late = act(budi, incident, "undo", number=1)
    assert (late.status_code, late.json()["code"]) == (409, "actions.undo_late")


def test_merge_and_split_keep_where_things_come_from(one: Desk, incident: str, budi: Client) -> None:
    other = far_brawl(one)
    merged = act(budi, other, "merge", other=incident, reason="one chase").json()
    assert (merged["id"], merged["event_count"], sorted(merged["cameras"])) == (incident, 2, ["bridge", "gate"])
    gone = act(budi, other, "note", text="x")
    assert (gone.status_code, gone.json()["code"], gone.json()["values"]) == (409, "actions.merged", {"into": incident})
    event = next(
        item["event"]["id"]
        for item in budi.get(f"/api/v1/incidents/{incident}").json()["events"]
        if item["event"]["data"]["camera"] == "bridge"
    )
    both = act(budi, incident, "split", event=event, reason="no, two").json()
    fresh = both["split"]["id"]
    assert (both["incident"]["cameras"], both["split"]["cameras"]) == (["gate"], ["bridge"])
    assert both["split"]["split_from"] == incident
    assert history(budi, incident) == [("budi", "merge", other), ("budi", "split", fresh)]
    noted = [row[1:] for row in reversed(one.store.audit(2))]
    assert noted == [("budi", "incident.merge", incident, other), ("budi", "incident.split", incident, fresh)]
    assert history(budi, fresh) == [("budi", "split_from", incident)]
    (moved,) = budi.get(f"/api/v1/incidents/{fresh}").json()["events"]
    assert (moved["event"]["id"], moved["link"]["reasons"]) == (event, {"kind": "split"})
    around = budi.get(f"/api/v1/incidents/{incident}/related").json()["incidents"]
    relations = {item["id"]: item["relation"] for item in around}
    assert relations == {other: "merged", fresh: "split_off"}
    one.take(make_event(30, "bridge", "brawl", "end", started=3, location=place(1500, 0, 30.0)))
    assert len(budi.get(f"/api/v1/incidents/{fresh}").json()["events"]) == 2


def test_what_people_did_outlasts_a_restart(one: Desk, incident: str, budi: Client) -> None:
    other = far_brawl(one)
    act(budi, incident, "assign", to="sari")
    act(budi, incident, "severity", severity="info")
    act(budi, incident, "merge", other=other)
    again = Desk(one.folder, now=one.now)
    again.open()
    assert again.service.incidents() == one.service.incidents()
    again.store.close()


class TestHandingOver:
    def test_everything_in_hand_goes_to_whom_is_named_and_he_sees_that_it_did(
        self, one: Desk, incident: str, budi: Client, sari: Client
    ) -> None:
        other = far_brawl(one)
        for each in (incident, other):
            act(budi, each, "take")
        done = budi.post("/api/v1/handover", json={"to": "sari", "note": "end of shift"}).json()
        assert ({item["id"] for item in done["handed"]}, done["kept"]) == ({incident, other}, [])
        held = sari.get(f"/api/v1/incidents/{incident}").json()
        assert (held["owner"], held["handed_by"]) == ("sari", "budi")
        assert held["changes"][-1] | {"time": ""} == {
            "time": "",
            "actor": "budi",
            "from": "acknowledged",
            "to": "acknowledged",
            "reason": "end of shift",
            "action": "handover",
            "detail": "sari",
            "number": 2,
            "undone": False,
        }
        assert act(sari, incident, "take", seen=held["acted"]).json()["handed_by"] is None
        nothing = budi.post("/api/v1/handover", json={"to": "sari"})
        assert (nothing.status_code, nothing.json()["code"]) == (409, "actions.nothing_owned")
        assert [row[2] for row in one.store.audit(3)] == ["incident.take", "incident.handover", "incident.handover"]

    def test_what_the_other_does_not_see_stays(self, one: Desk, incident: str, budi: Client) -> None:
        there = seen_at(one, "site-2", "far")["id"]
        for each in (incident, there):
            act(budi, each, "take")
        add(one, "rina", "operator", ["north"])
        done = budi.post("/api/v1/handover", json={"to": "rina"}).json()
        assert [[item["id"] for item in done[part]] for part in ("handed", "kept")] == [[incident], [there]]
        refused = budi.post("/api/v1/handover", json={"to": "rina"})
        assert refused.json()["code"] == "actions.sees_none"

    def test_only_to_who_may_act_there(self, one: Desk, incident: str, budi: Client) -> None:
        there = seen_at(one, "site-2", "far")["id"]
        add(one, "viewer", "viewer")
        add(one, "rina", "operator", ["north"])
        for to in ("nobody", "viewer", "rina"):
            refused = act(budi, there, "assign", to=to)
            assert (refused.status_code, refused.json()["code"]) == (409, "actions.assignee")
            assert refused.json()["values"]["known"] == "budi, sari"
        offered = budi.get("/api/v1/assignees", params={"incident": there}).json()["items"]
        assert [user["name"] for user in offered] == ["budi", "sari"]
        assert {user["name"] for user in budi.get("/api/v1/assignees").json()["items"]} == {"budi", "sari", "rina"}


class TestDistricts:
    @pytest.fixture
    def rina(self, one: Desk, incident: str) -> Iterator[Client]:
        add(one, "rina", "operator", ["north"])
        with client(one, "rina") as http:
            yield http

    def test_elsewhere_nothing_can_be_done(self, one: Desk, incident: str, rina: Client) -> None:
        there = seen_at(one, "site-2", "far")["id"]
        bodies: dict[str, dict[str, Any]] = {
            "transition": {"to": "resolved"},
            "take": {},
            "assign": {"to": "rina"},
            "release": {},
            "undo": {"number": 1},
            "note": {"text": "x"},
            "severity": {"severity": "info"},
            "kind": {"kind": "crowd"},
            "merge": {"other": incident},
            "split": {"event": there},
        }
        for action, body in bodies.items():
            assert act(rina, there, action, **body).status_code == 404, action
        assert act(rina, incident, "merge", other=there).status_code == 404, "nor is it merged into one's own"
        assert rina.get(f"/api/v1/incidents/{there}/related").status_code == 404
        assert rina.get("/api/v1/assignees", params={"incident": there}).status_code == 404

    def test_what_is_around_it_beyond_the_border_is_not_shown(
        self, one: Desk, incident: str, rina: Client, budi: Client
    ) -> None:
        for site, camera, east in (("site-2", "beyond", 600), ("site-1", "alley", -700)):
            one.take(make_event(4, camera, "crowd", site=site, location=place(east, 0, 30.0), confidence=0.8))
        whole, own = (http.get(f"/api/v1/incidents/{incident}/related").json() for http in (budi, rina))
        assert [sorted(each["sites"][0] for each in seen["incidents"]) for seen in (whole, own)] == [
            ["site-1", "site-2"],
            ["site-1"],
        ]
        assert [[camera["camera"] for camera in seen["cameras"]] for seen in (whole, own)] == [
            ["gate", "beyond", "alley"],
            ["gate", "alley"],
        ]

    def test_across_the_border_one_splits_off_what_one_sees(
        self, one: Desk, incident: str, rina: Client, budi: Client
    ) -> None:
        border = make_event(5, "border", "brawl", site="site-2", location=place(50, 0), confidence=0.8)
        one.take(border)
        hidden = act(rina, incident, "split", event=border.id)
        assert (hidden.status_code, hidden.json()["code"]) == (409, "actions.not_in_it")
        assert act(budi, incident, "split", event=border.id).status_code == 200


def test_what_is_around_an_incident(one: Desk, incident: str, budi: Client) -> None:
    one.take(make_event(4, "alley", "crowd", location=place(700, 0, 30.0), confidence=0.8))
    around = budi.get(f"/api/v1/incidents/{incident}/related").json()
    (near,) = around["incidents"]
    assert (near["relation"], near["alike"], round(near["distance_m"] / 100), near["gap_s"]) == ("near", True, 7, 4.0)
    assert [(near["camera"], round(near["distance_m"] / 100)) for near in around["cameras"]] == [
        ("gate", 0),
        ("alley", 7),
    ]
    assert [near["snapshot"] for near in around["cameras"]] == [SHA, None]


class TestWithoutAccounts:
    def test_notes_and_ownership_work_under_the_name_that_is_given(self, one: Desk) -> None:
        incident = seen_at(one, "site-1", "gate")["id"]
        with client(one) as http:
            assert act(http, incident, "take", actor="rina").json()["owner"] == "rina"
            assert act(http, incident, "note", text="seen", actor="rina").status_code == 200
            assert act(http, incident, "undo", number=2, actor="rina").status_code == 200
            for path, body in ((f"incidents/{incident}/assign", {"to": "rina"}), ("handover", {"to": "rina"})):
                refused = http.post(f"/api/v1/{path}", json=body)
                assert (refused.status_code, refused.json()["code"]) == (409, "actions.no_accounts")
            assert http.get("/api/v1/assignees").json() == {"items": []}


def test_a_note_is_words(incident: str, budi: Client) -> None:
    for text in ("", "   ", "x" * 2001, "bell\x07", "turned \u202e round", "\x00", "\ud800"):
        body = json.dumps({"text": text})
        assert budi.post(f"/api/v1/incidents/{incident}/note", content=body).status_code == 422, repr(text)


def test_nobody_drowns_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "STEPS_A_MINUTE", 5)
    with desk(tmp_path) as one:
        incident = str(seen_at(one, "site-1", "gate")["id"])
        for name in ("budi", "sari"):
            add(one, name, "operator")
        with client(one, "budi") as budi, client(one, "sari") as sari:
            assert {act(budi, incident, "release").status_code for _ in range(5)} == {409}
            slow = act(budi, incident, "note", text="x")
            assert (slow.status_code, int(slow.headers["retry-after"]) <= 60) == (429, True)
            assert act(sari, incident, "note", text="x").status_code == 200
            one.now += 61
            assert act(budi, incident, "note", text="x").status_code == 200


def test_a_look_at_a_neighbours_picture_is_noted(one: Desk, incident: str, budi: Client) -> None:
    assert budi.get(f"/api/v1/evidence/{SHA}").content == JPEG
    assert one.store.latest_pictures([("site-1", "gate"), ("site-1", "none")])["site-1", "gate"][0] == SHA
    assert one.store.audit(1)[0][1:4] == ("budi", "evidence.read", SHA)
