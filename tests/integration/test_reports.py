"""Reports and the audit log over a real server: who gets what, in which form, and what is refused."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from aggregator.core.ports import Message
from aggregator.core.report import NAMES, Calendar
from aggregator.judges import SilenceWish
from aggregator.reports import Rules
from contract import topics
from contract.codec import encode
from contract.messages import CameraHealth, Health, HostHealth, Status
from tests.desks import Desk, desk
from tests.people import IN_DISTRICTS, JPEG, SHA, add, client, seen_at
from tests.timeline import START, make_event

DAY = 86_400.0
NOW = START.timestamp()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    wit = timezone(timedelta(hours=9), "WIT")
    rules = Rules(Calendar(wit, name="Asia/Jayapura", label="WIT"), districts=IN_DISTRICTS.districts)
    with desk(tmp_path, people_policy=IN_DISTRICTS, rules=rules, now=NOW + 60) as running:
        running.reports.alive(NOW - DAY, NOW + DAY)
        yield running


def table(report: dict[str, Any], key: str) -> list[dict[str, Any]]:
    (found,) = [one["rows"] for one in report["tables"] if one["key"] == key]
    return list(found)


def act(http: httpx.Client, incident: str, to: str, reason: str = "") -> None:
    answer = http.post(f"/api/v1/incidents/{incident}/transition", json={"to": to, "reason": reason})
    assert answer.status_code == 200, answer.text


def test_a_shift_is_worked_and_its_supervisor_reads_the_report(one: Desk) -> None:
    """12:00 an incident here and one there; 12:01 rina answers; 12:05 she ends it; 12:06 the supervisor looks."""
    here, there = seen_at(one, "site-1", "gate", JPEG), seen_at(one, "site-2", "far")
    for name, role in (("rina", "operator"), ("agus", "supervisor"), ("dewi", "auditor")):
        add(one, name, role)  # type: ignore[arg-type]
    with client(one, "rina") as rina:
        act(rina, here["id"], "acknowledged")
        assert rina.get(f"/api/v1/evidence/{SHA}").status_code == 200
        one.now = NOW + 300
        act(rina, here["id"], "resolved", "=cmd|' /C calc'!A0")
        assert rina.get("/api/v1/reports/shift").status_code == 403
    one.now = NOW + 360
    with client(one, "agus") as agus:
        report = agus.get("/api/v1/reports/shift", params={"period": "today"}).json()
        assert report["zone"] == {"name": "Asia/Jayapura", "label": "WIT"}
        (totals,) = table(report, "totals")
        assert (totals["opened"], totals["left"], totals["closed"]) == (2, 1, 1)
        assert {one["district"] for one in table(report, "by_district")} == {"north", "south"}
        (note,) = table(report, "notes")
        assert (note["actor"], note["incident"]) == ("rina", here["id"])
        assert ("rina", "evidence.read", 1) in [(r["actor"], r["action"], r["times"]) for r in table(report, "acted")]
        (late,) = table(report, "overdue")
        assert (late["incident"], late["step"]) == (there["id"], "acknowledge")
        answers = agus.get("/api/v1/reports/response", params={"period": "today"}).json()
        (figures,) = table(answers, "response_totals")
        assert (figures["answered"], figures["ack_median"], figures["end_median"]) == (1, 60.0, 300.0)
        verdicts = agus.get("/api/v1/reports/precision", params={"period": "today"}).json()
        (camera,) = table(verdicts, "precision_cameras")
        assert (camera["camera"], camera["rule"], camera["right"], camera["wrong"]) == ("gate", "rule-1", 1, 0)
        assert agus.get("/api/v1/precision").json()["items"][0]["rule"] == "rule-1"
        lines = agus.get("/api/v1/reports/precision?period=today&format=csv&language=en").content.decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(lines))
        assert (row["Camera"], row["Rule"], row["Right"]) == ("gate", "rule-1", "1")
        assert camera["now_low"] < camera["now"] < camera["now_high"]


def test_the_same_as_csv_and_as_pdf_each_noted(one: Desk) -> None:
    here = seen_at(one, "site-1", "gate")
    add(one, "agus", "supervisor")
    with client(one, "agus") as agus:
        act(agus, here["id"], "resolved", "=1+1")
        one.now += 1
        notes = agus.get("/api/v1/reports/shift?period=today&format=csv&table=notes&language=en")
        assert notes.headers["content-type"] == "text/csv; charset=utf-8"
        assert notes.headers["content-disposition"] == (
            'attachment; filename="jaga-shift-notes_20260517-0000_20260517-2101.csv"'
        )
        head, row = csv.reader(io.StringIO(notes.content.decode("utf-8-sig")))
        assert head[:3] == ["Time", "By", "Incident"]
        assert row[-1] == "'=1+1"
        for name in NAMES:
            paper = agus.get(f"/api/v1/reports/{name}?period=today", headers={"accept": "application/pdf"})
            assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
            assert paper.content.startswith(b"%PDF-")
        first = agus.get("/api/v1/reports/coverage", headers={"accept": "text/csv, application/json;q=0.5"})
        assert first.headers["content-type"].startswith("text/csv")
        any_ = agus.get("/api/v1/reports/coverage", headers={"accept": "application/json, text/csv"})
        assert any_.headers["content-type"] == "application/json"
    noted = [row for row in one.store.audit(20) if row[2] == "report.export"]
    assert len(noted) == 6
    assert noted[-1][1] == "agus"
    assert noted[-1][3].startswith("shift 2026-05-16T15:00:00.000Z/")
    assert noted[-1][4] == "csv notes 127.0.0.1"


def test_who_is_limited_to_a_district_reads_of_that_alone(one: Desk) -> None:
    here, there = seen_at(one, "site-1", "gate", JPEG), seen_at(one, "site-2", "far")
    add(one, "chief", "administrator")
    add(one, "nora", "supervisor", ["north"])
    with client(one, "chief") as chief:
        act(chief, there["id"], "false_alarm", "there")
        act(chief, here["id"], "resolved", "here")
    for site, camera in (("site-1", "gate"), ("site-2", "far")):
        until = one.now + 900
        wish = SilenceWish(actor="chief", reason=f"works at {site}", expires=until, site=site, kind="crowd")
        one.service.silence(wish)
        for n in range(1 if site == "site-1" else 3):
            one.take(make_event(one.now + 1 - NOW, camera, "crowd", site=site, number=7 + n))
    one.now += 2
    with client(one, "nora") as nora:
        seen = {name: nora.get(f"/api/v1/reports/{name}?period=today") for name in NAMES}
        for name, answer in seen.items():
            assert answer.status_code == 200
            for secret in ("site-2", "south", '"far"', there["id"], "there"):
                assert secret not in answer.text, (name, secret)
        shift = seen["shift"].json()
        assert table(shift, "totals")[0]["opened"] == 1
        assert [note["words"] for note in table(shift, "notes")] == ["here"]
        assert [silence["reason"] for silence in table(shift, "silences")] == ["works at site-1"]
        assert [(row["reason"], row["events"]) for row in table(shift, "suppressed")] == [("silence", 1)]
        assert "acted" not in [one["key"] for one in shift["tables"]]
        assert table(seen["coverage"].json(), "coverage_totals")[0]["cameras"] == 1
        for name in NAMES:
            printed = nora.get(f"/api/v1/reports/{name}?period=today&format=csv").text
            assert "south" not in printed.lower()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-05-17T10:00:00Z&to=2026-05-17T09:00:00Z", "reports.range_empty"),
        ("from=2026-01-17T10:00:00Z", "reports.range_long"),
        ("from=2027-05-17T10:00:00Z", "reports.range_future"),
        ("to=2026-05-17T10:00:00Z", "reports.range_open"),
        ("period=today&from=2026-05-17T10:00:00Z", "reports.range_twice"),
        ("format=csv&table=nothing", "reports.no_table"),
    ],
)
def test_what_makes_no_report_is_refused_with_a_sentence_for_the_page(one: Desk, query: str, code: str) -> None:
    answer = httpx.get(f"{one.url}/api/v1/reports/shift?{query}")
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_too_much_to_count_asks_for_a_shorter_range(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.reports.MOST", 1)
    seen_at(one, "site-1", "gate")
    seen_at(one, "site-2", "far")
    answer = httpx.get(f"{one.url}/api/v1/reports/response?period=today")
    assert (answer.status_code, answer.json()["code"]) == (409, "reports.too_much")
    assert answer.json()["values"] == {"most": "1"}


def report_health(one: Desk, **states: str) -> None:
    """What the agent at site-1 says of its cameras now."""
    cameras = tuple(
        CameraHealth(camera=name, name=f"Kamera {name}", state=state, fps_in=0, fps_analysed=0, last_frame_age_s=1)  # type: ignore[arg-type]
        for name, state in states.items()
    )
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0, clock_synchronised=True)
    told = Health(time=datetime.fromtimestamp(one.now, UTC), interval_s=3_600, cameras=cameras, host=host)
    one.service.handle([Message(topics.health("site-1", "edge-1"), encode(told), one.now)])


def test_coverage_follows_what_agents_say(one: Desk) -> None:
    """12:00 two cameras watch; 12:30 one has no picture; 12:45 it watches again; 13:00 the agent is gone; 13:30 now."""
    for minutes, state in ((0, "online"), (30, "stalled"), (40, "stalled"), (45, "idle")):
        one.now = NOW + 60 * minutes
        report_health(one, a="online", b=state)
    one.now = NOW + 3_600
    boot = "0190aaaa-aaaa-7aaa-8aaa-aaaaaadeadbe"
    gone = Status(state="offline", time=START, version="1", boot_id=boot, config_hash="0" * 16)
    one.service.handle([Message(topics.status("site-1", "edge-1"), encode(gone), one.now)])
    one.now = NOW + 5_400
    report = httpx.get(f"{one.url}/api/v1/reports/coverage", params={"from": START.isoformat()}).json()
    (totals,) = table(report, "coverage_totals")
    assert (totals["cameras"], totals["dark"]) == (2, 2)
    assert totals["coverage"] == round(1 - (15 + 30 + 30) / 180, 4)
    gaps = [(gap["camera"], gap["dark_for"], gap["state"], gap["reason"]) for gap in table(report, "coverage_gaps")]
    away = {"key": "camera.last_will", "values": {}}
    assert gaps == [
        ("a", 1_800.0, "offline", away),
        ("b", 1_800.0, "offline", away),
        ("b", 900.0, "stalled", ""),
    ]
    assert [one["name"] for one in table(report, "coverage_cameras")] == ["Kamera b", "Kamera a"]


def test_the_audit_log_is_found_by_who_what_when_and_about_what(one: Desk) -> None:
    here = seen_at(one, "site-1", "gate", JPEG)
    for name, role in (("rina", "operator"), ("dewi", "auditor")):
        add(one, name, role)  # type: ignore[arg-type]
    with client(one, "rina") as rina:
        one.now = NOW + 100
        act(rina, here["id"], "acknowledged")
        rina.get(f"/api/v1/evidence/{SHA}")
    with client(one, "dewi") as dewi:

        def seqs(**query: object) -> list[int]:
            return [row["seq"] for row in dewi.get("/api/v1/audit", params=query).json()["items"]]  # type: ignore[arg-type]

        everything = seqs(limit=1000)
        assert everything == sorted(everything, reverse=True)
        (moved,) = seqs(object=here["id"])
        assert seqs(actor="rina", action="incident.transition") == [moved]
        moment = datetime.fromtimestamp(NOW + 100, UTC).isoformat()
        assert moved in seqs(since=moment)
        assert moved not in seqs(until=moment)
        paged, before = [], None
        while True:
            page = dewi.get("/api/v1/audit", params={"limit": 2, **({"before": before} if before else {})}).json()
            paged += [row["seq"] for row in page["items"]]
            before = page["next"]
            if before is None:
                break
        assert paged == everything


def test_the_chain_is_verified_by_a_button_and_names_the_first_broken_link(one: Desk, tmp_path: Path) -> None:
    seen_at(one, "site-1", "gate", JPEG)
    add(one, "dewi", "auditor")
    with client(one, "dewi") as dewi:
        first = dewi.post("/api/v1/audit/verify", json={}).json()
        assert (first["holds"], first["broken"], first["first"]) == (True, None, 1)
        again = dewi.post("/api/v1/audit/verify", json={"anchor": first["anchor"]}).json()
        assert again["holds"]
        assert again["records"] == first["records"] + 1  # the verification is itself noted
        wrong = f"{first['last']}:{'0' * 64}"
        assert dewi.post("/api/v1/audit/verify", json={"anchor": wrong}).json()["broken"] == "anchor"
        assert dewi.post("/api/v1/audit/verify", json={"anchor": "7"}).status_code == 422
        with sqlite3.connect(tmp_path / "jaga.sqlite") as raw:
            raw.execute("DROP TRIGGER audit_no_update")
            raw.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        broken = dewi.post("/api/v1/audit/verify", json={}).json()
        assert (broken["holds"], broken["broken"], broken["seq"]) == (False, "changed", 2)
        last = dewi.get("/api/v1/audit", params={"limit": 1}).json()["items"][0]
        assert (last["action"], last["object"]) == ("audit.verify", "changed")


def test_a_chain_whose_end_is_cut_off_does_not_hold(one: Desk, tmp_path: Path) -> None:
    add(one, "dewi", "auditor")
    with client(one, "dewi") as dewi:
        for t in range(3):
            one.people.note([(NOW + t, "rina", "evidence.read", "x", "")])
        with sqlite3.connect(tmp_path / "jaga.sqlite") as raw:
            raw.execute("DROP TRIGGER audit_no_delete")
            raw.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
        found = dewi.post("/api/v1/audit/verify", json={}).json()
    assert (found["holds"], found["broken"], found["seq"]) == (False, "cut", found["last"])
