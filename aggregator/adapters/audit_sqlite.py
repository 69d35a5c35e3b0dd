"""The audit log's table: records are appended in the transaction of what they record, whichever process writes."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Any

from aggregator.adapters.rows import Shared
from aggregator.core.audit import AuditQuery, End, Entry, Record, chain

_COLUMNS = "seq, time, actor, action, object, detail, prev, hash"
_INSERT = f"INSERT INTO audit ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
_PAGE = 1000


def append(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Within a transaction. The first statement writes, so that no other process adds a record after we have read the
    end of the chain."""
    entries = list(entries)
    if not entries:
        return
    db.execute("UPDATE audit_ends SET seq = seq WHERE place = 'head'")
    db.executemany(_INSERT, (astuple(record) for record in chain(_ends(db.execute)[1], entries)))


def prune(db: sqlite3.Connection, before: float, now: float) -> None:
    """Deletes records older than `before`, the newest of all excepted; the deletion is itself a record."""
    db.execute("UPDATE audit_ends SET seq = seq WHERE place = 'head'")
    floor, _ = _ends(db.execute)
    old = "SELECT seq, hash FROM audit WHERE time < ? AND seq > ? AND seq < (SELECT max(seq) FROM audit)"
    row = db.execute(f"{old} ORDER BY seq DESC LIMIT 1", (round(before * 1000), floor.seq)).fetchone()
    if row is None:
        return
    append(db, [(now, "system", "audit.prune", str(End(*row)), "")])
    db.execute("UPDATE audit_ends SET seq = ?, hash = ? WHERE place = 'floor'", row)
    db.execute("DELETE FROM audit WHERE seq <= ?", (row[0],))


def take_over(db: sqlite3.Connection) -> None:
    """The records of before there was a chain become its beginning."""
    append(db, db.execute("SELECT time, actor, action, object, detail FROM audit_unchained ORDER BY id").fetchall())
    db.execute("DROP TABLE audit_unchained")


class SqliteAudit:
    """See aggregator.core.people.AuditStore."""

    def __init__(self, store: Shared) -> None:
        self._store = store

    def records(self, after: int = 0) -> Iterator[Record]:
        while rows := self._store.read(
            f"SELECT {_COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT {_PAGE}", (after,)
        ):
            yield from (Record(*row) for row in rows)
            after = rows[-1][0]

    def ends(self) -> tuple[End, End]:
        return _ends(self._store.read)

    def newest(self, query: AuditQuery) -> list[Record]:
        return [Record(*row) for row in self._store.read(*search(query))]


def search(query: AuditQuery) -> tuple[str, list[Any]]:
    """SQL and its values: the latest first, through an index whatever is asked for."""
    where, values = ["1"], list[Any]()
    for condition, value in (
        ("object = ?", query.object),
        ("actor = ?", query.actor),
        ("action = ?", query.action),
        ("time >= ?", _ms(query.since)),
        ("time < ?", _ms(query.until)),
    ):
        if value is not None:
            where.append(condition)
            values.append(value)
    if query.before is not None:
        where.append("(time, seq) < ((SELECT time FROM audit WHERE seq = ?), ?)")
        values += (query.before, query.before)
    sql = f"SELECT {_COLUMNS} FROM audit WHERE {' AND '.join(where)} ORDER BY time DESC, seq DESC LIMIT ?"
    return sql, [*values, query.limit]


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _ends(execute: Any) -> tuple[End, End]:
    """(floor, head); where a row was taken away by force, the chain seems to begin at its beginning and end there."""
    found = {place: End(seq, hash_) for place, seq, hash_ in execute("SELECT place, seq, hash FROM audit_ends")}
    return found.get("floor", End()), found.get("head", End())
