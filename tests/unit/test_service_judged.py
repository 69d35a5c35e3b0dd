"""Suppression, verdicts and the desk through service and store: nothing is dropped, and a restart forgets nothing."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator import report_text
from aggregator.adapters import store_acts, store_incidents, store_judged
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.ports import Message, SuppressedQuery
from aggregator.core.report import Districts, Span
from aggregator.core.report_precision import precision_report
from aggregator.core.silences import SilenceRefused
from aggregator.judges import SilenceWish
from aggregator.service import UnknownSilence
from contract.texts import catalogue
from tests.courses import CALENDAR
from tests.desks import Desk
from tests.samples import sample_messages
from tests.timeline import START, make_event, place

T0 = START.timestamp()
DAY = 86_400.0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path, now=T0)
    one.open()
    return one


def again(desk: Desk) -> Desk:
    one = Desk(desk.folder, now=desk.now)
    one.open()
    return one


def reasons(desk: Desk, **query: Any) -> list[tuple[str, str]]:
    """(camera, reason), the latest first."""
    return [(one.camera, one.reason) for one in desk.store.suppressed(SuppressedQuery(**query))]


def silence(desk: Desk, **more: Any) -> str:
    wish = {"actor": "rina", "reason": "works", "expires": T0 + 600, **more}
    return desk.service.silence(SilenceWish(**wish)).id


def verdict(
    desk: Desk, camera: str, t: float, to: str, kind: str = "abandoned_object", reason: str = "", **more: Any
) -> None:
    event = make_event(t, camera, kind, location=place(hash_of(camera), t), **more)
    desk.take(event)
    held = next(
        one["id"] for one in desk.incidents() if one["cameras"] == [camera] and one["state"] in ("open", "suspected")
    )
    desk.now = T0 + t + 1
    desk.transition(held, to, "rina", reason)  # type: ignore[arg-type]


def hash_of(camera: str) -> float:
    return sum(ord(letter) * 5_000 for letter in camera)


def test_what_is_silenced_is_stored_with_its_reason_and_raises_nothing(desk: Desk) -> None:
    identity = silence(desk, site="site-1", camera="a")
    loud, quiet = make_event(5, "b", confidence=0.9), make_event(5, "a", confidence=0.9)
    desk.take(quiet, loud)
    assert [one["cameras"] for one in desk.incidents()] == [["b"]]
    (row,) = desk.store.suppressed(SuppressedQuery())
    assert (row.event, row.reason, row.by, row.incident) == (quiet.id, "silence", identity, None)
    assert desk.store.known([quiet.id]) == {quiet.id}
    after = again(desk)
    after.now = T0 + 10
    after.service.tick()
    after.take(make_event(10, "a", phase="end", started=5))
    assert [one["cameras"] for one in after.incidents()] == [["b"]]
    assert reasons(after) == [("a", "silence"), ("a", "silence")]


def test_silences_are_audited_and_outlive_a_restart(desk: Desk) -> None:
    first, second = silence(desk, site="site-1"), silence(desk, kind="crowd")
    after = again(desk)
    assert after.service.end_silence(first, "budi").ended_by == "budi"
    after.take(make_event(5, "a"), make_event(5, "a", "crowd", confidence=0.9))
    assert reasons(after) == [("a", "silence")]
    assert [row[1:4] for row in after.store.audit(9)] == [
        ("budi", "silence.end", first),
        ("rina", "silence.create", second),
        ("rina", "silence.create", first),
    ]
    with pytest.raises(UnknownSilence):
        after.service.end_silence("none", "budi")
    with pytest.raises(SilenceRefused):
        silence(after)


def test_a_duplicate_is_counted_and_found(desk: Desk) -> None:
    event = make_event(0, "a", "brawl")
    desk.take(event, event, event)
    desk.take(event)
    (row,) = desk.store.suppressed(SuppressedQuery(reason="duplicate"))
    assert (row.event, row.count, row.incident) == (event.id, 3, desk.incidents()[0]["id"])
    assert desk.incidents()[0]["event_count"] == 1


def test_an_outage_is_one_incident_that_says_what_it_explains(desk: Desk) -> None:
    health = msgspec.structs.replace(sample_messages()["health"], cameras=())
    desk.service.handle([Message("jaga/v1/site-1/edge-1/health", msgspec.json.encode(health), T0)])
    lost = [make_event(n, camera, "camera_lost", confidence=1.0) for n, camera in enumerate("abcde")]
    for event in lost:
        desk.take(event)
    desk.now = T0 + 10
    desk.service.tick()
    (one,) = [each for each in desk.incidents() if each["merged_into"] is None]
    assert (one["cameras"], one["state"]) == (["a", "b"], "open")
    assert desk.store.suppressed_by(one["id"]) == {"inhibited": 3}
    assert {row.incident for row in desk.store.suppressed(SuppressedQuery(reason="inhibited"))} == {one["id"]}


def test_a_cooldown_lets_the_event_join_and_opens_nothing_until_another_camera_confirms(desk: Desk) -> None:
    verdict(desk, "a", 0, "false_alarm", "intrusion", confidence=0.9)
    here = place(hash_of("a"), 60)
    desk.take(make_event(60, "a", "intrusion", episode="2", confidence=0.9, location=here))
    assert reasons(desk) == [("a", "cooldown")]
    new = desk.incidents()[0]
    assert (new["state"], new["event_count"]) == ("suspected", 1)
    after = again(desk)
    after.take(make_event(62, "b", "intrusion", confidence=0.9, location=here))
    joined = after.incidents()[0]
    assert (joined["state"], joined["sources"]) == ("open", 2)
    after.take(make_event(70, "a", "intrusion", episode="3", confidence=0.9, location=place(hash_of("a"), 5_000)))
    assert reasons(after)[0] == ("a", "cooldown")


def test_what_flaps_still_flaps_after_a_restart(desk: Desk) -> None:
    calls = [make_event(n * 20, "a", episode=str(n), confidence=0.9) for n in range(7)]
    desk.take(*calls)
    desk.now = T0 + 140
    after = again(desk)
    after.take(make_event(140, "a", episode="8", confidence=0.9))
    assert reasons(after) == [("a", "flapping")]
    after.now = T0 + 150
    last = again(after)
    last.take(
        make_event(150, "a", phase="update", episode="8", started=140, confidence=0.9),
        make_event(151, "a", episode="9", confidence=0.9, delayed=True),
        make_event(152, "a", episode="10", confidence=0.9),
    )
    told = {(row.event, row.detail) for row in last.store.suppressed(SuppressedQuery(reason="flapping"))}
    assert {detail for _, detail in told} == {"8", "9"}
    assert len(told) == 3


def test_verdicts_are_learned_and_rebuilt_from_the_store(desk: Desk) -> None:
    for n in range(6):
        verdict(desk, "bad", n * 4000, "false_alarm", confidence=0.75, episode=str(n))
        verdict(desk, f"good{n}", n * 4000 + 9, "resolved", confidence=0.75)
    judged = desk.service.judged()
    assert (judged[0].camera, judged[0].right, judged[0].wrong) == ("bad", 0, 6)
    after = again(desk)
    assert after.service.judged() == judged
    event = make_event(
        30_000, "bad", "abandoned_object", confidence=0.6, episode="new", location=place(hash_of("bad"), 30_000)
    )
    after.take(event)
    (one,) = [each for each in after.incidents() if each["state"] == "suspected"]
    assert one["doubts"] == ["verdicts"]
    assert (one["told"], one["confidence"] < 0.3) == (0.6, True)
    (witness,) = one["witnesses"]
    assert witness["told"] == 0.6
    assert witness["counts"] < 0.3
    assert witness["precision"] < 0.3
    assert witness["verdicts"] > 5


def test_a_verdict_is_on_each_rule_that_told_and_on_no_other(desk: Desk) -> None:
    for n in range(4):
        verdict(desk, "gate", n * 4000, "false_alarm", rule="yard", confidence=0.7, episode=str(n))
        verdict(desk, "gate", n * 4000 + 2000, "resolved", rule="door", confidence=0.9, episode=f"d{n}")
    told = {one.rule: (one.right, one.wrong, one.mean) for one in desk.service.judged()}
    assert {rule: found[:2] for rule, found in told.items()} == {"yard": (0, 4), "door": (4, 0)}
    assert told["yard"][2] < told["door"][2] - 0.1
    assert again(desk).service.judged() == desk.service.judged()
    both = (
        make_event(30_000 + n, "gate", "abandoned_object", rule=rule, episode=rule, confidence=0.9 - n / 10)
        for n, rule in enumerate(("yard", "door"))
    )
    for event in both:
        desk.take(event)
    (one,) = [each for each in desk.incidents() if each["state"] in ("open", "suspected")]
    desk.now = T0 + 30_010
    desk.transition(one["id"], "resolved", "rina", "")
    given = [(v.rule, v.told) for v in desk.store.verdicts() if v.incident == one["id"]]
    assert given == [("door", 0.8), ("yard", 0.9)]


def test_why_it_was_false_is_kept_with_the_verdict_whatever_the_language(desk: Desk) -> None:
    offered = catalogue()["web.reason.weather_light"]
    for n, words in enumerate((offered["id"], offered["en"], "kabel goyang")):
        verdict(desk, "gate", n * 4000, "false_alarm", reason=words, confidence=0.9, episode=str(n))
    verdict(desk, "gate", 20_000, "resolved", reason=offered["id"], confidence=0.9, episode="true")
    assert [one.reason for one in desk.store.verdicts()] == ["weather_light", "weather_light", "kabel goyang", ""]
    given = desk.store.verdicts()
    report = precision_report(Span(T0, T0 + DAY), given, desk.service.judged(), Districts(), CALENDAR)
    assert [row[-2:] for row in report.table("precision_reasons").rows] == [("weather_light", 2), ("kabel goyang", 1)]
    printed = report_text.csv_of(report, report.table("precision_reasons"), CALENDAR, "en")
    assert offered["en"] in printed


def test_the_desk_is_published_when_it_changes(desk: Desk) -> None:
    desk.take(make_event(0, "a", "loitering", location=place(0, 0)))
    before = desk.live.last
    desk.service.tick()
    desk.service.tick()
    assert desk.live.last == before + 1
    shown = json.loads(desk.service.desk.view)
    (summary,) = shown["summaries"]
    assert (summary["site"], summary["kind"], summary["alarm"]) == ("site-1", "loitering", False)
    assert summary["incidents"] == [desk.incidents()[0]["id"]]


def test_a_backlog_is_marked_and_rings_nobody(desk: Desk) -> None:
    desk.take(make_event(0, "a", "brawl", confidence=0.95, delayed=True), make_event(1, "a", "crowd", delayed=True))
    desk.service.tick()
    assert {one["delayed"] for one in desk.incidents()} == {True}
    assert {one["state"] for one in desk.incidents()} == {"suspected"}
    assert json.loads(desk.service.desk.view)["load"]["opened"] == 0


@pytest.mark.parametrize(
    "query",
    [
        SuppressedQuery(),
        SuppressedQuery(reason="duplicate"),
        SuppressedQuery(kind="crowd"),
        SuppressedQuery(site="s", camera="a"),
        SuppressedQuery(since=5.0, until=9.0),
        SuppressedQuery(reason="silence", before=(5.0, 3)),
        SuppressedQuery(site="s", camera="a", since=5.0),
        SuppressedQuery(site="s", since=5.0, until=9.0),
    ],
)
def test_a_search_goes_through_an_index_and_sorts_nothing(tmp_path: Path, query: SuppressedQuery) -> None:
    plan = explained(tmp_path, *store_judged.search(query))
    assert plan[0].startswith("SEARCH s USING INDEX suppressed_") or plan[0] == "SCAN s USING INDEX suppressed_time"
    assert not any("TEMP B-TREE" in line for line in plan)
    assert all(line.startswith("SEARCH") for line in plan[1:])


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (store_judged.COUNT_BY, ["x", "x"]),
        ("SELECT id FROM events WHERE id IN (?)", ["x"]),
        store_incidents.searches(("open",), None, None, None, 9)[0],
        (store_incidents.BODIES, [5.0]),
        (store_incidents.EPISODES, [5.0]),
        (store_acts.MOVE, ["y", "", "x", "e"]),
        ("SELECT e.raw FROM incident_events l JOIN events e ON e.id = l.event WHERE l.incident = ?", ["x"]),
        ("UPDATE incident_events SET incident = ? WHERE incident = ?", ["x", "y"]),
        ("UPDATE episodes SET incident = ? WHERE incident = ?", ["x", "y"]),
    ],
)
def test_what_runs_with_each_batch_or_page_scans_no_table(tmp_path: Path, sql: str, values: list[Any]) -> None:
    assert not any(line.startswith("SCAN") for line in explained(tmp_path, sql, values))


def explained(folder: Path, sql: str, values: list[Any]) -> list[str]:
    store = SqliteStore(folder / "jaga.sqlite")
    store.close()
    with sqlite3.connect(folder / "jaga.sqlite") as db:
        return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
