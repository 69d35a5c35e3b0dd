"""The contract of aggregator.core.report_rows.ReportStore, over each implementation."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.store_reports import SqliteReports
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.audit import AuditQuery
from aggregator.core.incident import Change, Incident, Source
from aggregator.core.liveness import Camera
from aggregator.core.ports import Batch, IncidentRow, Retention, SuppressedRow
from aggregator.core.precision import Verdict
from aggregator.core.report import Span
from aggregator.core.report_rows import ReportStore, Watch
from aggregator.core.suppression import Suppressed
from aggregator.views import incident_view
from contract.ids import derived_uuid7
from contract.kinds import Kind
from contract.sentence import sentence
from tests.timeline import START, make_event

DAY = 86_400.0
T = START.timestamp()
ALL = Span(T - DAY, T + DAY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "jaga.sqlite")
    yield made
    made.close()


@pytest.fixture(params=["sqlite"])
def reports(request: pytest.FixtureRequest, store: SqliteStore) -> ReportStore:
    made: ReportStore = {"sqlite": lambda: SqliteReports(store)}[request.param]()
    return made


def incident(at: float, name: str, site: str = "monas", **more: Any) -> Incident:
    plain: dict[str, Any] = {"state": "open", "opened": T + at, "updated": T + at}
    return Incident(
        id=derived_uuid7(int((T + at) * 1000), name),
        confidence=0.8,
        started=T + at,
        last_event=T + at,
        kind=Kind.BRAWL,
        severity="critical",
        sources=(Source(site, "a", 0.8),),
        **{**plain, **more},
    )


def keep(store: SqliteStore, *incidents: Incident, changes: tuple[Change, ...] = ()) -> None:
    rows = {one.id: IncidentRow(one, (), incident_view(one)) for one in incidents}
    store.commit(Batch(incidents=rows, changes=list(changes)))


def names(reports: ReportStore, span: Span, sites: frozenset[str] | None = None, running: bool = False) -> list[str]:
    return [one.id for one in reports.courses(span, sites, running=running, most=100)]


def test_courses_are_those_opened_within_in_order_with_their_history(store: SqliteStore, reports: ReportStore) -> None:
    early, late, never = incident(0, "early"), incident(60, "late"), incident(30, "never", opened=None)
    steps = (
        Change(late.id, T + 60, "system", "suspected", "open", "severe"),
        Change(late.id, T + 90, "rina", "open", "acknowledged", ""),
    )
    keep(store, late, early, never, changes=steps)
    found = reports.courses(ALL, None, running=False, most=100)
    assert [one.id for one in found] == [early.id, late.id]
    assert (found[1].kind, found[1].severity, found[1].opened, found[1].sites) == (
        "brawl",
        "critical",
        T + 60,
        ("monas",),
    )
    assert [(step.actor, step.after) for step in found[1].steps] == [("system", "open"), ("rina", "acknowledged")]
    assert names(reports, Span(T + 60, T + 61)) == [late.id]
    assert names(reports, Span(T, T + 60)) == [early.id]
    assert len(reports.courses(ALL, None, running=False, most=1)) == 2


def test_absorbed_incidents_are_counted_with_the_one_that_absorbed_them(
    store: SqliteStore, reports: ReportStore
) -> None:
    kept = incident(0, "kept")
    keep(store, kept, incident(1, "gone", merged_into=kept.id))
    assert names(reports, ALL) == [kept.id]


def test_running_adds_what_was_open_when_the_range_began(store: SqliteStore, reports: ReportStore) -> None:
    waits = incident(-500, "waits")
    closed = incident(-400, "closed within", state="resolved", updated=T + 50)
    before = incident(-300, "closed before", state="resolved", updated=T - 50)
    noted = incident(-200, "closed before, and noted since", state="resolved", updated=T + 50)
    keep(
        store, waits, closed, before, noted,
        changes=(
            Change(closed.id, T + 50, "rina", "open", "resolved", ""),
            Change(before.id, T - 50, "rina", "open", "resolved", ""),
            Change(noted.id, T - 50, "rina", "open", "resolved", ""),
        ),
    )  # fmt: skip
    assert names(reports, Span(T, T + 100), running=True) == [waits.id, closed.id]
    assert names(reports, Span(T, T + 100)) == []


def test_who_is_limited_to_sites_counts_those(store: SqliteStore, reports: ReportStore) -> None:
    here, there = incident(0, "here"), incident(1, "there", site="grogol")
    both = replace(incident(2, "both"), sources=(Source("monas", "a", 0.8), Source("grogol", "b", 0.8)))
    keep(store, here, there, both)
    assert names(reports, ALL, frozenset({"monas"})) == [here.id, both.id]
    assert names(reports, ALL, frozenset()) == []


def test_cameras_states_are_kept_where_they_change(store: SqliteStore, reports: ReportStore) -> None:
    for at, state, reason in ((0, "online", ""), (30, "online", ""), (60, "stalled", "no picture"), (90, "online", "")):
        one = Camera(site="monas", id="a", state=state, reason=reason, shown=T + at)  # type: ignore[arg-type]
        store.commit(Batch(cameras={one.key: one}))
    other = Camera(site="grogol", id="b", state="offline", shown=T + 10)
    store.commit(Batch(cameras={other.key: other}))
    own = [Watch("monas", "a", T, "online", ""), Watch("monas", "a", T + 60, "stalled", "no picture")]
    assert reports.watches(Span(T, T + 80), frozenset({"monas"}), 10) == own
    assert reports.watches(Span(T + 70, T + 200), None, 10) == [
        Watch("grogol", "b", T + 10, "offline", ""),
        own[1],
        Watch("monas", "a", T + 90, "online", ""),
    ]
    assert len(reports.watches(Span(T, T + 80), None, 1)) == 2


def test_old_states_go_and_what_holds_since_stays(store: SqliteStore, reports: ReportStore) -> None:
    for at, state in ((0, "online"), (10, "stalled"), (20, "online")):
        one = Camera(site="monas", id="a", state=state, shown=T + at)  # type: ignore[arg-type]
        store.commit(Batch(cameras={one.key: one}))
    reports.alive(T, T + 5)
    reports.alive(T + 8, T + 30)
    store.prune(Retention(events_days=1), T + 15 + DAY)
    assert [one.time - T for one in reports.watches(Span(T, T + 99), None, 10)] == [10, 20]
    assert reports.runs(ALL) == [Span(T + 8, T + 30)]


def test_runs_grow_while_they_last(reports: ReportStore) -> None:
    reports.alive(T, T)
    reports.alive(T, T + 60)
    reports.alive(T, T + 30)  # a clock that was set back
    reports.alive(T + 100, T + 100)
    assert reports.runs(ALL) == [Span(T, T + 60), Span(T + 100, T + 100)]
    assert reports.runs(Span(T + 61, T + 99)) == []


def test_verdicts_suppressed_and_actions_are_those_within(store: SqliteStore, reports: ReportStore) -> None:
    verdicts = [Verdict(str(n), T + n, T, site, "a", Kind.CROWD, True) for n, site in enumerate(("monas", "grogol"))]
    events = [make_event(0, "a", site="monas"), make_event(5, "b", site="grogol")]
    store.commit(
        Batch(
            verdicts=verdicts,
            suppressed=[SuppressedRow(event, T, Suppressed("silence", "s")) for event in events],
            audit=[
                (T, "rina", "evidence.read", "x", ""),
                (T + 1, "rina", "evidence.read", "y", ""),
                (T + 1, "system", "audit.prune", "", ""),
                (T + 2, "budi", "session.login", "password", ""),
            ],
        )
    )
    assert [one.site for one in reports.verdicts(ALL, None, 10)] == ["monas", "grogol"]
    assert [one.site for one in reports.verdicts(ALL, frozenset({"grogol"}), 10)] == ["grogol"]
    assert reports.verdicts(Span(T + 1, T + 2), None, 10) == [verdicts[1]]
    assert reports.suppressed(ALL, None) == [("silence", 2)]
    assert reports.suppressed(ALL, frozenset({"monas"})) == [("silence", 1)]
    acted = [(one.actor, one.action, one.count, one.first - T, one.last - T) for one in reports.acted(ALL)]
    assert acted == [("budi", "session.login", 1, 2, 2), ("rina", "evidence.read", 2, 0, 1)]


class Explaining:
    """Notes how SQLite would find what it is asked for, and finds nothing."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.plans: list[str] = []

    def read(self, sql: str, values: Any = ()) -> list[Any]:
        self.plans += [row[3] for row in self._store.read(f"EXPLAIN QUERY PLAN {sql}", values)]
        return []

    def write(self, function: Callable[[Any], None]) -> None:
        raise AssertionError


@pytest.mark.parametrize("sites", [None, frozenset({"monas"})])
def test_nothing_is_found_by_reading_a_whole_table(store: SqliteStore, sites: frozenset[str] | None) -> None:
    """Of what grows without end; of cameras there is one row each."""
    seen = Explaining(store)
    found = SqliteReports(seen)
    for running in (True, False):
        found.courses(ALL, sites, running=running, most=10)
    found.acted(ALL)
    found.suppressed(ALL, sites)
    found.verdicts(ALL, sites, 10)
    found.watches(ALL, sites, 10)
    audit = SqliteAudit(seen)
    for query in (
        AuditQuery(),
        AuditQuery(actor="rina", before=7),
        AuditQuery(action="config.change", limit=1),
        AuditQuery(object="x", since=T),
        AuditQuery(actor="rina", action="evidence.read", since=T, until=T + 1),
    ):
        audit.newest(query)
        assert "USE TEMP B-TREE" not in seen.plans[-1], (query, seen.plans[-1])
    # What was found already, a row for each camera, and the log from its end.
    for index in (
        "incidents_opened (opened>",
        "incidents_shown (state=?)",
        "incidents_updated (updated>",
        "changes_incident",
    ):
        assert any(index in plan for plan in seen.plans), index
    fine = (
        "SCAN f",
        "SCAN shown",
        "SCAN known",
        "SCAN json_each",
        "SCAN (subquery",
        "SCAN audit USING INDEX audit_time",
    )
    assert [plan for plan in seen.plans if plan.startswith("SCAN") and not plan.startswith(fine)] == []


def test_why_a_camera_is_dark_is_kept_as_a_sentence(store: SqliteStore, reports: ReportStore) -> None:
    """Beside what was written before there were sentences, and what only has a library's words."""
    silent = sentence("camera.no_picture", silent_s=95.2)
    said = {"sent": ("no picture for 95.2 s", silent), "before": ("no picture for 95.2 s", None), "words": ("x", None)}
    for name, (reason, why) in said.items():
        one = Camera(site="monas", id=name, state="stalled", reason=reason, why=why, shown=T)
        store.commit(Batch(cameras={one.key: one}))
    found = {one.camera: one.reason for one in reports.watches(ALL, None, 10)}
    assert found == {"sent": silent, "before": silent, "words": "x"}


def test_a_store_of_before_knows_when_its_incidents_were_opened(tmp_path: Path) -> None:
    """What the migration before this one left: the incident's own JSON tells."""
    path = tmp_path / "jaga.sqlite"
    store = SqliteStore(path)
    one = incident(0, "old")
    keep(store, one)
    camera = Camera(site="monas", id="a", state="stalled", shown=T, reason="no picture")
    store.commit(Batch(cameras={camera.key: camera}))
    store.close()
    with sqlite3.connect(path) as raw:
        raw.executescript(
            "DROP INDEX incidents_opened; ALTER TABLE incidents DROP COLUMN opened; DROP TABLE camera_states;"
            "DROP TABLE runs; DROP INDEX audit_time; DROP INDEX audit_actor; DROP INDEX audit_action;"
            "DROP INDEX audit_object; DELETE FROM _sqlite_migrations WHERE name IN ('reports', 'words')"
        )
    again = SqliteStore(path)
    reports = SqliteReports(again)
    assert names(reports, ALL) == [one.id]
    assert reports.watches(ALL, None, 10) == [Watch("monas", "a", T, "stalled", "no picture")]
    again.close()
