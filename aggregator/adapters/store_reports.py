"""What reports are made of, in the aggregator's database: see aggregator.core.report_rows.ReportStore."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlite_utils import Database

from aggregator.adapters import store_judged
from aggregator.adapters.rows import Executes, Shared, tables
from aggregator.core.liveness import Camera
from aggregator.core.ports import Batch
from aggregator.core.precision import Verdict
from aggregator.core.report import Span
from aggregator.core.report_rows import Acted, Course, Step, Watch
from aggregator.core.states import CLOSED, STATES
from aggregator.core.wording import worded
from contract.sentence import Sentence

_OPEN = ",".join(f"'{state}'" for state in STATES if state not in CLOSED)
_CLOSED = ",".join(f"'{state}'" for state in sorted(CLOSED))
_SHOWN = "merged_into IS NULL AND opened IS NOT NULL"
# INDEXED BY: without statistics SQLite takes "state IN (...)" for the rarer condition, and nearly all are closed.
_FRESH = f"SELECT id FROM incidents INDEXED BY incidents_opened WHERE {_SHOWN} AND opened >= :since AND opened < :until"
_CARRIED = (
    f"SELECT id FROM incidents INDEXED BY incidents_shown WHERE state IN ({_OPEN}) AND {_SHOWN} AND opened < :since "
    f"UNION ALL SELECT id FROM incidents INDEXED BY incidents_updated WHERE updated >= :since AND state IN ({_CLOSED}) "
    f"AND {_SHOWN} AND opened < :since AND EXISTS (SELECT 1 FROM changes c WHERE c.incident = incidents.id "
    f"AND c.time >= :since AND c.after IN ({_CLOSED}))"
)
"""An incident that was closed before the range began may still have been changed since, by a note or an undo."""
_CHANGED = (
    "INSERT OR REPLACE INTO camera_states SELECT * FROM told WHERE state IS NOT (SELECT state FROM camera_states s "
    "WHERE s.site = told.site AND s.camera = told.camera ORDER BY time DESC LIMIT 1)"
)


def write(db: Executes, batch: Batch) -> None:
    """Cameras as they are shown now: a row where the state is another than before."""
    for table, told in tables(map(_state, batch.cameras.values())):
        db.execute(f"WITH told (site, camera, time, state, reason, why) AS ({table}) {_CHANGED}", told)


def _state(one: Camera) -> tuple[Any, ...]:
    why = "" if one.why is None else msgspec.json.encode(one.why).decode()
    return (*one.key, one.shown, one.state, one.reason, why)


def prune(db: sqlite3.Connection, before: float) -> None:
    """What a camera was in when the rest begins stays."""
    db.execute(
        "DELETE FROM camera_states WHERE time < ? AND EXISTS (SELECT 1 FROM camera_states later WHERE "
        "later.site = camera_states.site AND later.camera = camera_states.camera "
        "AND later.time > camera_states.time AND later.time <= ?)",
        (before, before),
    )
    db.execute("DELETE FROM runs WHERE last < ?", (before,))


class SqliteReports:
    """See aggregator.core.report_rows.ReportStore."""

    def __init__(self, store: Shared) -> None:
        self._store = store

    def courses(self, span: Span, sites: frozenset[str] | None, *, running: bool, most: int) -> list[Course]:
        found = f"{_FRESH} UNION {_CARRIED}" if running else _FRESH
        values: dict[str, Any] = {"since": span.since, "until": span.until, "most": most + 1}
        where = ""
        if sites is not None:
            where = (
                "WHERE EXISTS (SELECT 1 FROM json_each(CAST(i.view AS TEXT), '$.sites') "
                "WHERE value IN (SELECT value FROM json_each(:sites)))"
            )
            values["sites"] = json.dumps(sorted(sites))
        chosen = (
            "SELECT i.id, i.kind, i.severity, i.opened, json_extract(CAST(i.view AS TEXT), '$.sites') AS sites "
            f"FROM ({found}) f CROSS JOIN incidents i ON i.id = f.id {where} ORDER BY i.opened, i.id LIMIT :most"
        )
        sql = (
            "SELECT shown.*, c.time, c.actor, c.before, c.after, c.reason, c.action, c.undone "
            f"FROM ({chosen}) shown LEFT JOIN changes c ON c.incident = shown.id "
            "ORDER BY shown.opened, shown.id, c.seq"
        )
        return _courses(self._store.read(sql, values))

    def acted(self, span: Span) -> list[Acted]:
        sql = (
            "SELECT actor, action, count(*), min(time), max(time) FROM audit WHERE time >= ? AND time < ? "
            "AND actor != 'system' GROUP BY actor, action ORDER BY actor, action"
        )
        rows = self._store.read(sql, (round(span.since * 1000), round(span.until * 1000)))
        return [Acted(actor, action, count, first / 1000, last / 1000) for actor, action, count, first, last in rows]

    def suppressed(self, span: Span, sites: frozenset[str] | None) -> list[tuple[str, int]]:
        at, values = _at(sites)
        sql = f"SELECT reason, sum(count) FROM suppressed WHERE time >= ? AND time < ?{at} GROUP BY reason"
        return [(row[0], row[1]) for row in self._store.read(sql, (span.since, span.until, *values))]

    def verdicts(self, span: Span, sites: frozenset[str] | None, most: int) -> list[Verdict]:
        at, values = _at(sites)
        sql = f"{store_judged.VERDICTS} WHERE time >= ? AND time < ?{at} ORDER BY time, seq LIMIT ?"
        return store_judged.verdict_rows(self._store.read(sql, (span.since, span.until, *values, most + 1)))

    def watches(self, span: Span, sites: frozenset[str] | None, most: int) -> list[Watch]:
        at, values = _at(sites)
        # CROSS JOIN: SQLite keeps the order, camera by camera through the index, and reads no state in vain.
        sql = (
            "SELECT site, camera, time, state, reason, why FROM "
            "(SELECT * FROM camera_states WHERE time >= ? AND time < ? "
            "UNION ALL SELECT s.* FROM cameras known CROSS JOIN camera_states s ON s.site = known.site "
            "AND s.camera = known.id AND s.time = (SELECT max(time) FROM camera_states before "
            "WHERE before.site = known.site AND before.camera = known.id "
            f"AND before.time < ?)) WHERE 1{at} ORDER BY site, camera, time LIMIT ?"
        )
        rows = self._store.read(sql, (span.since, span.until, span.since, *values, most + 1))
        return [Watch(site, camera, time, state, _reason(words, why)) for site, camera, time, state, words, why in rows]

    def runs(self, span: Span) -> list[Span]:
        rows = self._store.read("SELECT began, last FROM runs WHERE last >= ? AND began < ?", (span.since, span.until))
        return [Span(began, last) for began, last in rows]

    def alive(self, began: float, now: float) -> None:
        """A clock that was set back does not shorten a run."""
        sql = "INSERT INTO runs VALUES (?, ?) ON CONFLICT (began) DO UPDATE SET last = max(last, excluded.last)"

        def note(db: Database) -> None:
            db.conn.execute(sql, (began, max(began, now)))

        self._store.write(note)


def _reason(words: str, why: str) -> str | Sentence:
    return worded(words, msgspec.json.decode(why, type=Sentence) if why else None) or words


def _at(sites: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    if sites is None:
        return "", ()
    return " AND site IN (SELECT value FROM json_each(?))", (json.dumps(sorted(sites)),)


def _courses(rows: Sequence[Any]) -> list[Course]:
    """In the order of the rows, which are by incident."""
    found = []
    for (identity, kind, severity, opened, sites), group in groupby(rows, key=lambda row: row[:5]):
        steps = tuple(Step(*row[5:]) for row in group if row[5] is not None)
        found.append(Course(identity, kind, severity, opened, tuple(json.loads(sites or "[]")), steps))
    return found
