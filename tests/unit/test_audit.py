"""The audit log's chain: what it lets pass and what it shows."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.api.people import verified
from aggregator.core.audit import GENESIS, Broken, End, Record, chain, parse_end, verify
from aggregator.core.errors import StoreError
from aggregator.core.ports import Batch, Retention, SuppressedQuery

DAY = 86_400.0
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
ENTRIES = st.lists(st.tuples(st.floats(0, 4e9), TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=8)


def independent(records: list[Record]) -> bool:
    """The check again, from its description alone."""
    before = "0" * 64
    for number, record in enumerate(records, records[0].seq):
        said = {name: getattr(record, name) for name in ("seq", "time", "actor", "action", "object", "detail", "prev")}
        body = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        if record.seq != number or record.prev != before or hashlib.sha256(body.encode()).hexdigest() != record.hash:
            return False
        before = record.hash
    return True


@settings(deadline=None)
@given(ENTRIES)
def test_a_chain_holds_and_another_implementation_agrees(entries: list[tuple[float, str, str, str, str]]) -> None:
    records = list(chain(End(), entries))
    assert verify(records, End()) == End(len(records), records[-1].hash)
    assert independent(records)


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_any_edit_shows(entries: list[tuple[float, str, str, str, str]], data: st.DataObject) -> None:
    records = list(chain(End(), entries))
    at = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(("actor", "action", "object", "detail", "time", "prev", "hash")))
    value = data.draw(st.integers(0, 2**40) if name == "time" else TEXT)
    records[at] = Record(**(asdict(records[at]) | {name: value}))
    changed = getattr(records[at], name) != getattr(list(chain(End(), entries))[at], name)
    end = End(len(records), list(chain(End(), entries))[-1].hash)
    if changed:
        with pytest.raises(Broken):
            verify(records, End(), [end])


def test_each_way_to_tamper_has_its_name() -> None:
    records = list(chain(End(), [(t, "rina", "evidence.read", str(t), "") for t in range(6)]))
    end = End(6, records[-1].hash)
    for reason, seq, kept in (
        ("gap", 3, records[:2] + records[3:]),
        ("gap", 1, records[1:]),
        ("cut", 6, records[:5]),
        ("cut", 1, []),
        ("changed", 4, [*records[:3], replace(records[3], actor="budi"), *records[4:]]),
    ):
        with pytest.raises(Broken) as broken:
            verify(kept, End(), [end])
        assert (broken.value.reason, broken.value.seq) == (reason, seq)
    rewritten = list(chain(End(), [(t, "budi", "evidence.read", str(t), "") for t in range(6)]))
    assert verify(rewritten, End()).seq == 6
    with pytest.raises(Broken) as broken:
        verify(rewritten, End(), [end])
    assert broken.value.reason == "anchor"
    pruned = End(3, rewritten[2].hash)
    assert verify(rewritten[3:], pruned, [pruned]).seq == 6
    for anchor in (End(), End(2, records[1].hash)):
        with pytest.raises(Broken) as broken:
            verify(rewritten[3:], pruned, [anchor])
        assert (broken.value.reason, broken.value.seq) == ("early", anchor.seq), "a rewritten log could hide there"
    with pytest.raises(Broken) as broken:
        verify([*records[:3], *rewritten[3:]], End())
    assert broken.value.reason == "link"


@pytest.mark.parametrize(
    "text", ["", "5", "5:abc", f"x:{'0' * 64}", f"5:{'G' * 64}", f"-5:{'0' * 64}", f"1_0:{'0' * 64}"]
)
def test_what_is_no_anchor(text: str) -> None:
    with pytest.raises(ValueError, match=r"seq:hash|int"):
        parse_end(text)
    assert parse_end(f"5:{'a' * 64}\n") == End(5, "a" * 64)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "jaga.sqlite")
    yield opened
    opened.close()


def holds(store: SqliteStore) -> End:
    audit = SqliteAudit(store)
    floor, head = audit.ends()
    return verify(audit.records(floor.seq), floor, [head])


def looks(store: SqliteStore, *times: float) -> None:
    store.commit(Batch(audit=[(time, "rina", "evidence.read", "x", "") for time in times]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'budi' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT seq, 5, actor, action, object, '', prev, hash FROM audit WHERE seq = 2",
        "INSERT INTO audit SELECT seq + 5, time, actor, action, object, detail, prev, hash FROM audit WHERE seq = 3",
        "UPDATE audit_ends SET seq = 1 WHERE place = 'head'",
        "DELETE FROM audit_ends",
        "INSERT OR REPLACE INTO audit_ends VALUES ('head', 9, printf('%064d', 0))",
    ],
)
def test_the_database_refuses_to_rewrite(store: SqliteStore, tmp_path: Path, statement: str) -> None:
    looks(store, 1, 2, 3)
    with sqlite3.connect(tmp_path / "jaga.sqlite") as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    assert holds(store).seq == 3


def test_who_takes_the_triggers_away_is_seen(store: SqliteStore, tmp_path: Path) -> None:
    looks(store, 1, 2, 3)
    with sqlite3.connect(tmp_path / "jaga.sqlite") as raw:
        raw.execute("DROP TRIGGER audit_no_delete")
        raw.execute("DELETE FROM audit WHERE seq = 3")
    with pytest.raises(Broken) as broken:
        holds(store)
    assert (broken.value.reason, broken.value.seq) == ("cut", 3)


def test_what_is_past_its_time_goes_and_the_rest_still_holds(store: SqliteStore) -> None:
    looks(store, 0, DAY, 10 * DAY)
    store.prune(Retention(audit_days=5), 11 * DAY)
    audit = SqliteAudit(store)
    assert [(one.seq, one.action) for one in audit.records()] == [(3, "evidence.read"), (4, "audit.prune")]
    assert audit.ends()[0].seq == 2
    assert holds(store).seq == 4
    store.prune(Retention(audit_days=5), 11 * DAY)
    assert holds(store).seq == 4


def test_what_goes_while_the_chain_is_verified_is_no_gap(store: SqliteStore, tmp_path: Path) -> None:
    class Pruned(SqliteAudit):
        def records(self, after: int = 0) -> Iterator[Record]:
            store.prune(Retention(audit_days=5), 11 * DAY)
            return super().records(after)

    looks(store, 0, DAY, 10 * DAY)
    found = verified(Pruned(store), None)
    assert (found["holds"], found["first"], found["last"]) == (True, 3, 4)
    with sqlite3.connect(tmp_path / "jaga.sqlite") as raw:
        raw.execute("DROP TRIGGER audit_no_delete")
        raw.execute("DELETE FROM audit WHERE seq = 3")
    assert (verified(Pruned(store), None)["broken"], verified(SqliteAudit(store), None)["seq"]) == ("gap", 3)


def test_two_processes_write_one_chain(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "jaga.sqlite")
    for t in range(20):
        looks(store if t % 2 else other, t)
    other.close()
    assert holds(store).seq == 20


def test_two_processes_write_one_chain_at_the_same_time(store: SqliteStore, tmp_path: Path) -> None:
    """Each looks where the chain ends and writes on from there; neither may see what the other is about to add to."""
    other, start, failed = SqliteStore(tmp_path / "jaga.sqlite"), threading.Barrier(2), list[StoreError]()

    def write(one: SqliteStore) -> None:
        start.wait()
        try:
            for t in range(60):
                looks(one, t)
        except StoreError as error:
            failed.append(error)

    both = [threading.Thread(target=write, args=(one,)) for one in (store, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    other.close()
    assert failed == []
    assert holds(store).seq == 120


def test_the_log_of_before_becomes_the_chains_beginning(tmp_path: Path) -> None:
    path = tmp_path / "jaga.sqlite"
    script = (Path("aggregator") / "adapters" / "schema" / "0001_first.sql").read_text("utf-8")
    with sqlite3.connect(path) as raw:
        raw.executescript(script)
        raw.execute(
            "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
        )
        raw.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('jaga-aggregator', 'first', '')"
        )
        insert = "INSERT INTO audit (time, actor, action, object, detail) VALUES (?,?,?,?,?)"
        raw.executemany(
            insert, [(1.25, "127.0.0.1", "evidence.read", "a", ""), (2, "rina", "incident.transition", "b", "open")]
        )
    store = SqliteStore(path)
    assert holds(store).seq == 2
    assert store.audit(5) == [
        (2.0, "rina", "incident.transition", "b", "open"),
        (1.25, "127.0.0.1", "evidence.read", "a", ""),
    ]
    assert store.read("SELECT name FROM sqlite_master WHERE name = 'audit_unchained'") == []
    assert next(SqliteAudit(store).records()).prev == GENESIS
    assert store.suppressed(SuppressedQuery()) == []
    assert store.suppressed(SuppressedQuery()) == []
    store.close()
