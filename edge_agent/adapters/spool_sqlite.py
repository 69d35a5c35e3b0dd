"""Events and evidence on disk until the broker has acknowledged them, and some time longer: SQLite, one thread.

A broker that loses its power forgets what it had acknowledged and not yet delivered. So an acknowledged message does
not go at once: it is kept for `keep_s`, waits for nobody, and can be made to wait again (`replay`).

Durability: WAL with synchronous=FULL, so that what `append` returned for survives a power cut, not only a killed
process. An agent makes a few events a minute; one fsync for each costs milliseconds that nobody waits for.

The sequence number is assigned in the transaction that stores the event: no gap, no number twice. A copy of the highest
number lies in a file of its own (`.sequence`), from which a spool goes on whose database had to be given up.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from contract import ranges as number_ranges
from contract import topics
from contract.codec import encode
from contract.errors import words
from contract.events import Event, sequence_text
from contract.ranges import Range, Ranges
from edge_agent.core.errors import SpoolError

T = TypeVar("T")
log = structlog.get_logger()

SCHEMA = """
-- One row a message, in the order of its making.
-- key: never used again, so that a late acknowledgement hits nothing else.
-- rank: what goes first when room is short: 0 evidence, 1 update, 2 begin and end.
-- stored, acknowledged: seconds since the Unix epoch, UTC; acknowledged is the first time, NULL before.
-- sequence: of the event, or of the event that the evidence belongs to; 0 in rows older than this column.
-- waiting: 1 until acknowledged, and again from a replay until acknowledged anew.
CREATE TABLE IF NOT EXISTS message (
    key          INTEGER PRIMARY KEY AUTOINCREMENT,
    rank         INTEGER NOT NULL CHECK (rank IN (0, 1, 2)),
    topic        TEXT    NOT NULL,
    payload      BLOB    NOT NULL,
    stored       REAL    NOT NULL,
    sequence     INTEGER NOT NULL DEFAULT 0,
    waiting      INTEGER NOT NULL DEFAULT 1,
    acknowledged REAL
);
-- Numbers that outlive the messages.
CREATE TABLE IF NOT EXISTS counter (
    name  TEXT PRIMARY KEY CHECK (name IN ('sequence', 'dropped_evidence', 'dropped_update', 'dropped_event')),
    value INTEGER NOT NULL CHECK (value >= 0)
) WITHOUT ROWID;
INSERT OR IGNORE INTO counter
VALUES ('sequence', 0), ('dropped_evidence', 0), ('dropped_update', 0), ('dropped_event', 0);
"""
INDEXES = """
DROP INDEX IF EXISTS message_rank;
CREATE INDEX IF NOT EXISTS message_waiting ON message (key) WHERE waiting = 1;
CREATE INDEX IF NOT EXISTS message_waiting_rank ON message (rank, key) WHERE waiting = 1;
CREATE INDEX IF NOT EXISTS message_kept_rank ON message (rank, key) WHERE waiting = 0;
CREATE INDEX IF NOT EXISTS message_sequence ON message (sequence);
CREATE INDEX IF NOT EXISTS message_kept ON message (acknowledged) WHERE waiting = 0;
"""
ADDED = ("sequence INTEGER NOT NULL DEFAULT 0", "waiting INTEGER NOT NULL DEFAULT 1", "acknowledged REAL")
"""Columns that a database of the first schema lacks."""
RANKS = ("dropped_evidence", "dropped_update", "dropped_event")
_ROW_BYTES = 250
"""What a row costs beside its payload: topic, numbers, index entries."""
_Row = tuple[int, str, bytes, float, int]
"""rank, topic, payload, stored, sequence."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Spooled: one message that waits for its acknowledgement."""

    key: int
    topic: str
    payload: bytes
    stored: float


class SqliteSpool:
    """Spool in one file, at most about `max_bytes` of messages; any thread may call.

    When room is short, what was acknowledged goes first. Then, of what waits, evidence, then the oldest updates; a
    begin or end only when nothing else is left: that is counted (`dropped`) and logged. keep_s: how long acknowledged
    messages are kept for a replay. Raises SpoolError if the folder cannot be used or another agent uses it.
    """

    def __init__(
        self, path: Path, max_bytes: int, keep_s: float = 86_400.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._max = max_bytes
        self._keep_s = keep_s
        self._clock = clock
        self._lock_file = self._lock()
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._db: sqlite3.Connection
        self._usable = False
        """Whether the database is open and whole."""
        self._bytes = 0
        try:
            self._run(self._open)
        except SpoolError:
            self._owner.shutdown()
            os.close(self._lock_file)
            raise

    def append(self, event: Event, evidence: Mapping[str, bytes]) -> Event:
        """The event with its sequence number, stored with its pictures. Raises SpoolError if the disk refuses it."""
        return self._run(lambda: self._safely(lambda: self._append(event, evidence)))

    def attach(self, site: str, camera: str, event: str, content: bytes) -> None:
        """Without a number: it was asked for, and can be again. Raises SpoolError if the disk refuses it."""
        row = 0, topics.evidence(site, camera, event), content, self._clock(), 0

        def put() -> None:
            with self._db:
                self._insert([row])
            self._bytes += _size([row])

        self._run(lambda: self._safely(put))

    def pending(self, limit: int, after: int = 0) -> list[StoredMessage]:
        def read() -> list[StoredMessage]:
            query = "SELECT key, topic, payload, stored FROM message WHERE waiting = 1 AND key > ? ORDER BY key LIMIT ?"
            return [StoredMessage(*row) for row in self._db.execute(query, (after, limit))]

        return self._run(lambda: self._safely(read))

    def acknowledge(self, keys: Sequence[int]) -> None:
        def note() -> None:
            query = (
                "UPDATE message SET waiting = 0, acknowledged = coalesce(acknowledged, ?) WHERE key = ? AND waiting = 1"
            )
            with self._db:
                self._db.executemany(query, [(self._clock(), key) for key in keys])
                self._forget()

        if keys:
            self._run(lambda: self._safely(note))

    def replay(self, ranges: Sequence[Range]) -> tuple[int, Ranges]:
        def again() -> tuple[int, Ranges]:
            found: set[int] = set()
            with self._db:
                self._forget()
                for ends in ranges:
                    self._db.execute("UPDATE message SET waiting = 1 WHERE sequence BETWEEN ? AND ?", ends)
                    query = "SELECT sequence FROM message WHERE sequence BETWEEN ? AND ? AND rank > 0"
                    found.update(row[0] for row in self._db.execute(query, ends))
            return len(found), number_ranges.subtract(ranges, number_ranges.of(found))

        return self._run(lambda: self._safely(again))

    def prune(self) -> None:
        def forget() -> None:
            with self._db:
                self._forget()

        self._run(lambda: self._safely(forget))

    def depth(self) -> int:
        query = "SELECT count(*) FROM message WHERE waiting = 1"
        return self._run(lambda: self._safely(lambda: int(self._db.execute(query).fetchone()[0])))

    def last_sequence(self) -> int:
        query = "SELECT value FROM counter WHERE name = 'sequence'"
        return self._run(lambda: self._safely(lambda: int(self._db.execute(query).fetchone()[0])))

    def dropped(self) -> dict[str, int]:
        """What had to go for want of room, since the spool was made: evidence, update, event."""
        rows = self._run(lambda: self._db.execute("SELECT name, value FROM counter").fetchall())
        return {name.removeprefix("dropped_"): value for name, value in rows if name in RANKS}

    def close(self) -> None:
        if self._lock_file >= 0:
            self._run(lambda: self._db.close())
            self._owner.shutdown()
            os.close(self._lock_file)
            self._lock_file = -1

    def _run(self, task: Callable[[], T]) -> T:
        return self._owner.submit(task).result()

    def _lock(self) -> int:
        mark = self._path.with_suffix(".sequence")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SpoolError("edge.spool.unusable", path=str(mark), detail=words(error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise SpoolError("edge.spool.in_use", path=str(self._path)) from error
        return handle

    def _mark(self) -> int:
        text = os.pread(self._lock_file, 20, 0)
        return int(text) if text.isdigit() else 0

    def _open(self) -> None:
        with self._told():
            try:
                self._connect()
                self._usable = True
            except sqlite3.DatabaseError as error:
                if _is_operational(error):
                    raise
                self._give_up(error)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite or the system refuses, as a SpoolError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            detail = words(error) if isinstance(error, OSError) else str(error)
            raise SpoolError("edge.spool.unusable", path=str(self._path), detail=detail) from error

    def _connect(self) -> None:
        self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level="IMMEDIATE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        self._db.executescript(SCHEMA)
        known = {row[1] for row in self._db.execute("PRAGMA table_info(message)")}
        for column in ADDED:
            if column.split()[0] not in known:
                self._db.execute(f"ALTER TABLE message ADD COLUMN {column}")
        self._db.executescript(INDEXES)
        with self._db:
            self._db.execute("UPDATE counter SET value = max(value, ?) WHERE name = 'sequence'", (self._mark(),))
        self._bytes = self._measure()

    def _measure(self) -> int:
        query = "SELECT coalesce(sum(length(payload)), 0) + count(*) * ? FROM message"
        return int(self._db.execute(query, (_ROW_BYTES,)).fetchone()[0])

    def _give_up(self, error: sqlite3.DatabaseError) -> None:
        """Moves a broken database aside and begins a new one, whose sequence goes on behind the old one's."""
        self._usable = False
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._db.close()
        aside = self._path.with_suffix(".corrupt")
        for tail in ("-wal", "-shm"):
            self._path.with_name(self._path.name + tail).unlink(missing_ok=True)
        self._path.replace(aside)
        log.warning(
            "spool_corrupt", path=str(self._path), moved_to=str(aside), detail=str(error), sequence=self._mark()
        )
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._connect()
        with self._db:
            # Larger than any key the old one can have given away: readers go on from the last key they saw.
            first = int(self._clock() * 1000)
            self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('message', ?)", (first,))
        self._usable = True

    def _safely(self, task: Callable[[], T]) -> T:
        """A database that breaks while it is used is replaced, once, and the task is tried again. Where the disk is too
        full for another one, the next task tries."""
        with self._told():
            try:
                if not self._usable:
                    self._begin_anew()
                return task()
            except sqlite3.DatabaseError as error:
                if _is_operational(error):
                    if self._usable:
                        self._bytes = self._measure()
                    raise
                self._give_up(error)
                return task()

    def _append(self, event: Event, evidence: Mapping[str, bytes]) -> Event:
        now = self._clock()
        with self._db:
            query = "UPDATE counter SET value = value + 1 WHERE name = 'sequence' RETURNING value"
            number = int(self._db.execute(query).fetchone()[0])
            stored = msgspec.structs.replace(event, sequence=sequence_text(number))
            rank = 1 if event.data.phase == "update" else 2
            rows = [(rank, topics.event(event.data.site, event.data.camera), encode(stored), now, number)]
            place = topics.evidence(event.data.site, event.data.camera, event.id)
            rows += [(0, place, picture, now, number) for picture in evidence.values()]
            self._insert(rows)
        self._bytes += _size(rows)
        with contextlib.suppress(OSError):  # the event is stored: told as refused, it would be stored twice
            os.pwrite(self._lock_file, sequence_text(number).encode(), 0)
        return stored

    def _insert(self, rows: Sequence[_Row]) -> None:
        """Inside the caller's transaction."""
        self._make_room(_size(rows))
        columns = "rank, topic, payload, stored, sequence"
        self._db.executemany(f"INSERT INTO message ({columns}) VALUES (?, ?, ?, ?, ?)", rows)

    def _make_room(self, need: int) -> None:
        """Drops what matters least until `need` more bytes fit; inside the caller's transaction."""
        for waiting in (0, 1):
            for rank, name in enumerate(RANKS):
                count = 0
                while self._bytes + need > self._max:
                    query = f"SELECT key FROM message WHERE waiting = {waiting} AND rank = ? ORDER BY key LIMIT 1"
                    row = self._db.execute(query, (rank,)).fetchone()
                    if row is None:
                        break
                    count += self._delete("key = ?", row[0])
                if count and waiting:
                    self._db.execute("UPDATE counter SET value = value + ? WHERE name = ?", (count, name))
                    log.warning("spool_full", what=name, count=count, max_bytes=self._max)

    def _forget(self) -> None:
        """Deletes what was kept beyond its time; inside the caller's transaction."""
        self._delete("waiting = 0 AND acknowledged <= ?", self._clock() - self._keep_s)

    def _delete(self, where: str, value: float) -> int:
        gone = self._db.execute(f"DELETE FROM message WHERE {where} RETURNING length(payload)", (value,)).fetchall()
        self._bytes -= sum(length + _ROW_BYTES for (length,) in gone)
        return len(gone)


def _size(rows: Sequence[_Row]) -> int:
    return sum(len(payload) + _ROW_BYTES for _, _, payload, _, _ in rows)


def _is_operational(error: sqlite3.DatabaseError) -> bool:
    """A full or read-only disk, a lock: the database itself is sound."""
    return isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error)
