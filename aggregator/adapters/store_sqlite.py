"""The store on SQLite through sqlite-utils: WAL, one writer thread, readers beside it. The schema is in schema/."""

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import msgspec
from sqlite_utils import Database

from aggregator.adapters import audit_sqlite, store_acts, store_evidence, store_incidents, store_judged, store_reports
from aggregator.adapters.store_batch import GOES_ON, Body, statements
from aggregator.adapters.store_file import Checkpoints, opened, spilling
from aggregator.adapters.writer import Writer
from aggregator.core.errors import StoreError
from aggregator.core.incident import Change
from aggregator.core.liveness import Agent, Camera
from aggregator.core.outcome import EpisodeState
from aggregator.core.ports import (
    Batch,
    Refused,
    Restored,
    Retention,
    SuppressedQuery,
    SuppressedSeen,
)
from aggregator.core.precision import RuleTold, Verdict
from aggregator.core.sequence import Sequence as Numbers
from aggregator.core.silences import Silence

_MB = 1_000_000
_DAY_S = 86_400.0
_CHUNK = 500
T = TypeVar("T")

_body_in = msgspec.json.Decoder(Body)


class SqliteStore:
    """See aggregator.core.ports.Store. `path` is created where it is absent; StoreError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        try:
            self._writer = Writer(lambda: opened(path))
        except (sqlite3.Error, OSError) as error:
            raise StoreError("aggregator.store_unusable", path=str(path), detail=str(error)) from error
        self._checkpoints = Checkpoints(path)

    def commit(self, batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        made = statements(batch)
        under_way = threading.Event()

        def write(db: Database) -> int:
            made.short.run(db.conn)
            store_evidence.write(db.conn, batch.evidence)
            audit_sqlite.append(db.conn, batch.audit)
            under_way.set()
            made.long.run(db.conn)
            changed: int = db.conn.total_changes
            return changed

        self._checkpoints.note(self._run(write, meanwhile, after=under_way))

    def known(self, events: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for start in range(0, len(events), _CHUNK):
            part = events[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            found.update(row[0] for row in self.read(f"SELECT id FROM events WHERE id IN ({marks})", part))
        return frozenset(found)

    def restore(self, since: float, begins_since: float | None = None) -> Restored:
        episodes: dict[str, list[tuple[str, EpisodeState]]] = {}
        for episode, incident, last, ended in self.read(store_incidents.EPISODES, (since,)):
            episodes.setdefault(incident, []).append((episode, EpisodeState(incident, last, bool(ended))))
        bodies = [_body_in.decode(row[0]) for row in self.read(store_incidents.BODIES, (since,))]
        return Restored(
            tuple((body.incident, body.trails, tuple(episodes.get(body.incident.id, ()))) for body in bodies),
            tuple(
                (msgspec.json.decode(body, type=Agent), msgspec.json.decode(numbers, type=Numbers) if numbers else None)
                for body, numbers in self.read("SELECT body, sequence FROM agents")
            ),
            tuple(msgspec.json.decode(row[0], type=Camera) for row in self.read("SELECT body FROM cameras")),
            store_judged.unlinked(self.read, _UNLINKED_S),
            store_judged.silences(self.read, since),
            store_judged.kept_out(self.read, since),
            store_judged.hushed(self.read, since),
            store_judged.begins(self.read, since if begins_since is None else begins_since),
            store_judged.verdicts(self.read),
            store_judged.counted(self.read),
            store_judged.faults(self.read, since),
            next((until for (until,) in self.read("SELECT until FROM hold")), None),
        )

    def incident_views(
        self,
        *,
        states: Sequence[str] = (),
        kind: str | None = None,
        before: str | None = None,
        limit: int = 100,
        sites: Collection[str] | None = None,
    ) -> list[tuple[str, bytes]]:
        found: list[Any] = []
        for query in store_incidents.searches(states, kind, before, sites, limit):
            if len(found := self.read(*query)) >= limit:
                break
        return [(row[0], row[1]) for row in found]

    def incident_view(self, incident: str) -> bytes | None:
        rows = self.read("SELECT view FROM incidents WHERE id = ?", (incident,))
        return rows[0][0] if rows else None

    def incident_events(self, incident: str) -> list[tuple[bytes, float, str]]:
        sql = (
            "SELECT raw, score, CASE refused WHEN '[]' THEN reasons ELSE json_set(reasons, '$.refused', json(refused)) "
            "END FROM (SELECT e.raw, e.time, e.id, l.score, l.refused, iif(l.reasons = '', ?, l.reasons) reasons "
            "FROM incident_events l JOIN events e ON e.id = l.event WHERE l.incident = ?) ORDER BY time, id"
        )
        return [(row[0], row[1], row[2]) for row in self.read(sql, (GOES_ON, incident))]

    def incident_told(self, incident: str) -> list[tuple[bytes, bool]]:
        return store_acts.told(self.read, incident)

    def changes(self, incident: str) -> list[Change]:
        return store_acts.changes(self.read, incident)

    def followers(self, incident: str) -> list[tuple[str, bytes]]:
        return store_acts.followers(self.read, incident)

    def rules_told(self, incident: str) -> list[RuleTold]:
        return store_judged.rules(self.read, incident)

    def verdicts(self) -> tuple[Verdict, ...]:
        return store_judged.verdicts(self.read)

    def suppressed(self, query: SuppressedQuery) -> list[SuppressedSeen]:
        return store_judged.found(self.read, query)

    def suppressed_by(self, incident: str) -> dict[str, int]:
        return dict(self.read(store_judged.COUNT_BY, (incident, incident)))

    def silences(self, since: float) -> tuple[Silence, ...]:
        return store_judged.silences(self.read, since)

    def count_by_state(self) -> dict[str, int]:
        return dict(self.read("SELECT state, count(*) FROM incidents WHERE merged_into IS NULL GROUP BY state"))

    def evidence(self, sha256: str) -> tuple[bytes, str] | None:
        return store_evidence.content(self.read, sha256)

    def latest_pictures(self, cameras: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, float]]:
        return store_acts.latest_pictures(self.read, cameras)

    def evidence_site(self, sha256: str) -> str | None:
        return store_evidence.site(self.read, sha256)

    def clips(self, events: Sequence[str]) -> dict[str, str]:
        parts = (events[start : start + _CHUNK] for start in range(0, len(events), _CHUNK))
        return {event: sha256 for part in parts for event, sha256 in store_evidence.clips(self.read, part).items()}

    def event_place(self, event: str) -> tuple[str, str, str] | None:
        rows = self.read("SELECT site, agent, camera FROM events WHERE id = ?", (event,))
        return tuple(rows[0]) if rows else None

    def quarantine(self, limit: int) -> list[Refused]:
        sql = "SELECT received, topic, error, field, detail, payload, id FROM quarantine ORDER BY id DESC LIMIT ?"
        return [Refused(*row) for row in self.read(sql, (limit,))]

    def audit(self, limit: int) -> list[tuple[float, str, str, str, str]]:
        rows = self.read("SELECT time, actor, action, object, detail FROM audit ORDER BY seq DESC LIMIT ?", (limit,))
        return [(row[0] / 1000, row[1], row[2], row[3], row[4]) for row in rows]

    def prune(self, retention: Retention, now: float) -> list[tuple[str, int, tuple[str, ...]]]:
        def write(db: Database) -> list[tuple[str, int, tuple[str, ...]]]:
            with spilling(db.conn):
                return _prune(db.conn, retention, now)

        return self._run(write, alone=True)

    def queue_depth(self) -> int:
        return self._writer.depth()

    def read(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """Also for what shares this database: accounts, the audit log and reports."""
        try:
            with self._reader() as connection:
                return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError("aggregator.store_failed", path=str(self._path), detail=str(error)) from error

    def write(self, function: Callable[[Database], None]) -> None:
        """For what shares this database; in the writer's thread, in a transaction."""
        self._run(function)

    def close(self) -> None:
        self._checkpoints.close()
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.close()  # the last one copies the whole log and removes it, which one that only reads cannot

    def _run(
        self,
        write: Callable[[Database], T],
        meanwhile: Callable[[], None] | None = None,
        alone: bool = False,
        after: threading.Event | None = None,
    ) -> T:
        try:
            return self._writer.run(write, meanwhile, alone, after)
        except sqlite3.Error as error:
            raise StoreError("aggregator.store_failed", path=str(self._path), detail=str(error)) from error

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=10
            )
        try:
            yield connection
        finally:
            self._readers.put(connection)


_UNLINKED_S = 1_200.0
"""How far before the latest event one may lie that waits to be assigned: clocks may be ten minutes ahead or behind."""


def _prune(db: sqlite3.Connection, retention: Retention, now: float) -> list[tuple[str, int, tuple[str, ...]]]:
    """Deletes what is past its time; running incidents and their events stay, however old. Which of those that were
    shown are gone."""
    old = now - retention.events_days * _DAY_S
    past = f"{store_incidents.IS_CLOSED} AND updated < ?"
    gone = f"SELECT id FROM incidents WHERE {past}"
    db.execute(f"DELETE FROM events WHERE id IN (SELECT event FROM incident_events WHERE incident IN ({gone}))", (old,))
    for table in ("incident_events", "episodes", "changes", "incident_sites"):
        db.execute(f"DELETE FROM {table} WHERE incident IN ({gone})", (old,))
    deleted = db.execute(
        f"DELETE FROM incidents WHERE {past} "
        "RETURNING id, revision, json_extract(CAST(view AS TEXT), '$.sites'), merged_into",
        (old,),
    ).fetchall()
    shown = [(id_, revision, tuple(json.loads(sites))) for id_, revision, sites, merged in deleted if merged is None]
    store_judged.prune(db, old)
    store_reports.prune(db, old)
    audit_sqlite.prune(db, now - retention.audit_days * _DAY_S, now)
    db.execute("DELETE FROM evidence WHERE received < ?", (now - retention.evidence_days * _DAY_S,))
    total = db.execute("SELECT coalesce(sum(size), 0) FROM evidence").fetchone()[0]
    excess = total - retention.evidence_mb * _MB
    if excess > 0:
        oldest = []
        for sha256, size in db.execute("SELECT sha256, size FROM evidence ORDER BY received"):
            if excess <= 0:
                break
            oldest.append((sha256,))
            excess -= size
        db.executemany("DELETE FROM evidence WHERE sha256 = ?", oldest)
    db.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (retention.quarantine_rows,))
    return shown
