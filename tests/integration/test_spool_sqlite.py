"""The spool on disk: what it survives, and what it gives up when there is no room."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from contract.codec import decode, encode
from contract.events import Event, Phase, event_type, sequence_text
from contract.ids import derived_uuid7
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.core.errors import SpoolError
from tests.data import ROOT
from tests.samples import NOW_MS, sample_event

BIG = 100_000_000

APPEND_FOREVER = """
import sys
from pathlib import Path
from edge_agent.adapters.spool_sqlite import SqliteSpool
from tests.ports.test_spool_port import numbered
spool = SqliteSpool(Path(sys.argv[1]), 100_000_000)
for number in range(100_000):
    print(int(spool.append(numbered(number), {}).sequence), flush=True)
"""


def event(number: int, phase: Phase = "begin") -> Event:
    made = sample_event()
    data = msgspec.structs.replace(made.data, phase=phase)
    id_ = derived_uuid7(NOW_MS, "disk", str(number))
    return msgspec.structs.replace(made, id=id_, type=event_type(data.kind, phase), data=data)


def open_spool(path: Path, max_bytes: int = BIG) -> SqliteSpool:
    return SqliteSpool(path / "spool.sqlite", max_bytes)


def checkpoint(path: Path) -> None:
    """Moves what the log holds into the database file."""
    with closing(sqlite3.connect(path / "spool.sqlite")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def acknowledge_all(spool: SqliteSpool) -> None:
    spool.acknowledge([item.key for item in spool.pending(10_000)])


def phases(spool: SqliteSpool) -> list[str]:
    found = spool.pending(10_000)
    return [decode(item.payload, Event).data.phase if item.topic.endswith("/event") else "picture" for item in found]


def test_messages_and_sequence_outlive_the_process(tmp_path: Path) -> None:
    first = open_spool(tmp_path)
    first.append(event(1), {"a" * 64: b"jpeg"})
    before = first.pending(10)
    first.close()
    second = open_spool(tmp_path)
    assert second.pending(10) == before
    second.acknowledge([item.key for item in before])
    second.close()
    third = open_spool(tmp_path)
    assert third.depth() == 0
    assert third.append(event(2), {}).sequence == sequence_text(2)
    assert third.pending(1)[0].key > before[-1].key
    third.close()


def test_nothing_that_append_returned_for_is_lost_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", APPEND_FOREVER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(30)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.wait()
    spool = SqliteSpool(path, BIG)
    kept = [int(decode(item.payload, Event).sequence) for item in spool.pending(100_000)]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= told[-1]
    assert int(spool.append(event(1), {}).sequence) == len(kept) + 1
    spool.close()


def test_a_broken_file_is_moved_aside_and_the_sequence_goes_on(tmp_path: Path) -> None:
    first = open_spool(tmp_path)
    for number in range(3):
        first.append(event(number), {})
    last_key = first.pending(10)[-1].key
    first.close()
    (tmp_path / "spool.sqlite").write_bytes(b"not a database at all" * 1000)
    second = open_spool(tmp_path)
    assert (tmp_path / "spool.corrupt").exists()
    assert second.append(event(9), {}).sequence == sequence_text(4)
    assert second.pending(10)[0].key > last_key
    second.close()


def test_a_file_that_breaks_while_it_is_used_does_not_stop_events(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(200):
        spool.append(event(number), {"a" * 64: os.urandom(5_000)})
    checkpoint(tmp_path)
    with (tmp_path / "spool.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(500_000))
    (tmp_path / "spool.sqlite-wal").write_bytes(b"")
    sequences = []
    for number in range(200, 260):
        sequences.append(int(spool.append(event(number), {}).sequence))
        spool.pending(1000)
    assert sequences == list(range(201, 261))
    spool.close()


def test_room_is_made_of_evidence_first_then_updates_and_it_is_counted(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=40_000)
    spool.append(event(0), {"a" * 64: b"x" * 10_000})
    spool.append(event(1), {"b" * 64: b"x" * 10_000})
    for number in range(2, 18):
        spool.append(event(number, "update"), {})
    assert phases(spool).count("picture") == 1  # the older picture went
    assert spool.dropped() == {"evidence": 1, "update": 0, "event": 0}
    for number in range(18, 40):
        spool.append(event(number, "end"), {})
    assert "picture" not in phases(spool)
    assert spool.dropped()["event"] + spool.dropped()["update"] + len(phases(spool)) == 40
    assert phases(spool).count("begin") == 2
    for number in range(40, 80):
        spool.append(event(number, "end"), {})
    assert "update" not in phases(spool)
    dropped = spool.dropped()
    assert dropped["event"] > 0
    assert dropped["event"] + dropped["update"] + len(phases(spool)) == 80
    sequences = [decode(item.payload, Event).sequence for item in spool.pending(1000)]
    assert sequences[-1] == sequence_text(80)
    spool.close()


def test_acknowledged_room_is_free_again(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=40_000)
    for number in range(200):
        spool.append(event(number), {"a" * 64: b"x" * 5_000})
        spool.acknowledge([item.key for item in spool.pending(10)])
    assert spool.dropped() == {"evidence": 0, "update": 0, "event": 0}
    spool.close()


def test_what_was_acknowledged_is_kept_for_its_time_over_restarts(tmp_path: Path) -> None:
    now = 1000.0
    path = tmp_path / "spool.sqlite"
    spool = SqliteSpool(path, BIG, keep_s=60, clock=lambda: now)
    for number in range(3):
        spool.append(event(number), {"a" * 64: b"jpeg"} if number == 0 else {})
    now = 5000.0  # a long outage before: its time begins with the acknowledgement
    acknowledge_all(spool)
    spool.close()
    spool = SqliteSpool(path, BIG, keep_s=60, clock=lambda: now)
    now = 5050.0
    assert spool.replay(((1, 1),)) == (1, ())
    assert phases(spool) == ["begin", "picture"]
    acknowledge_all(spool)
    now = 5059.0
    spool.prune()
    assert spool.replay(((1, 3),)) == (3, ())
    acknowledge_all(spool)
    now = 5060.0  # being sent again prolongs nothing
    spool.prune()
    assert spool.replay(((1, 3),)) == (0, ((1, 3),))
    spool.close()


def test_what_waits_again_is_not_forgotten_by_time(tmp_path: Path) -> None:
    now = 1000.0
    spool = SqliteSpool(tmp_path / "spool.sqlite", BIG, keep_s=60, clock=lambda: now)
    spool.append(event(0), {})
    acknowledge_all(spool)
    assert spool.replay(((1, 1),)) == (1, ())
    now = 9000.0
    spool.prune()
    assert spool.depth() == 1
    acknowledge_all(spool)
    assert spool.replay(((1, 1),)) == (0, ((1, 1),))
    spool.close()


def test_nothing_is_kept_where_the_config_says_so(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "spool.sqlite", BIG, keep_s=0)
    spool.append(event(0), {})
    acknowledge_all(spool)
    assert spool.replay(((1, 1),)) == (0, ((1, 1),))
    spool.close()


def test_when_room_is_short_what_was_acknowledged_goes_first_and_counts_as_nothing(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=40_000)
    spool.append(event(0), {"a" * 64: b"x" * 10_000})
    spool.append(event(1), {"b" * 64: b"x" * 10_000})
    acknowledge_all(spool)
    spool.append(event(2), {"c" * 64: b"x" * 10_000})
    for number in range(3, 21):
        spool.append(event(number, "update"), {})
    assert phases(spool).count("picture") == 1
    assert spool.dropped() == {"evidence": 0, "update": 0, "event": 0}
    queued, gone = spool.replay(((1, 2),))
    assert (queued, gone) == (2, ())  # the kept pictures went, not their events
    assert phases(spool).count("picture") == 1
    spool.close()


OLD = """
CREATE TABLE message (
    key     INTEGER PRIMARY KEY AUTOINCREMENT,
    rank    INTEGER NOT NULL CHECK (rank IN (0, 1, 2)),
    topic   TEXT    NOT NULL,
    payload BLOB    NOT NULL,
    stored  REAL    NOT NULL
);
CREATE INDEX message_rank ON message (rank, key);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('sequence', 1), ('dropped_evidence', 0), ('dropped_update', 0), ('dropped_event', 0);
"""


def test_a_database_of_the_first_schema_goes_on(tmp_path: Path) -> None:
    old = msgspec.structs.replace(event(0), sequence=sequence_text(1))
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as db:
        db.executescript(OLD)
        db.execute("INSERT INTO message VALUES (7, 2, 'jaga/v1/a/b/event', ?, 1000.0)", (encode(old),))
        db.commit()
    for _ in range(2):
        spool = open_spool(tmp_path)
        assert decode(spool.pending(10)[0].payload, Event) == old
        spool.close()
    spool = open_spool(tmp_path)
    spool.append(event(1), {})
    acknowledge_all(spool)
    assert spool.depth() == 0
    assert spool.replay(((1, 2),)) == (1, ((1, 1),))  # nobody noted the number of the old row
    spool.close()


def test_reading_what_waits_does_not_slow_down_with_what_is_kept(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(event(0), {})
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as db:
        for query in (
            "SELECT key, topic, payload, stored FROM message WHERE waiting = 1 AND key > 5 ORDER BY key LIMIT 9",
            "SELECT count(*) FROM message WHERE waiting = 1",
            "DELETE FROM message WHERE waiting = 0 AND acknowledged <= 5",
            "SELECT key FROM message WHERE waiting = 0 AND rank = 1 ORDER BY key LIMIT 1",
            "UPDATE message SET waiting = 1 WHERE sequence BETWEEN 3 AND 9",
        ):
            plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
            assert "INDEX message_" in plan, f"{query}: {plan}"
            assert "TEMP B-TREE" not in plan, f"{query}: {plan}"
    spool.close()


def test_a_second_agent_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    with pytest.raises(SpoolError, match="in use"):
        open_spool(tmp_path)
    spool.close()
    open_spool(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="file"):
        open_spool(tmp_path / "file")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond its first page: what SQLite then gets is an error of the system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_breaks_on_a_full_disk_is_replaced_once_there_is_room(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(3):
        spool.append(event(number), {})
    checkpoint(tmp_path)
    (tmp_path / "spool.sqlite").write_bytes(b"not a database at all" * 1000)
    with full_disk():
        for _ in range(2):
            with pytest.raises(SpoolError):
                spool.append(event(3), {})
            with pytest.raises(SpoolError):
                spool.depth()
    assert spool.append(event(3), {}).sequence == sequence_text(4)
    assert spool.depth() == 1
    spool.close()


def test_a_broken_file_on_a_full_disk_is_an_error_that_says_so(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(event(0), {})
    spool.close()
    (tmp_path / "spool.sqlite").write_bytes(b"not a database at all" * 1000)
    with full_disk(), pytest.raises(SpoolError, match=r"spool\.sqlite"):
        open_spool(tmp_path)
    with closing(open_spool(tmp_path)) as spool:
        assert spool.append(event(1), {}).sequence == sequence_text(2)
