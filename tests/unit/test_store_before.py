"""Stores that an older Jaga wrote: what was in them is there in today's form."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlite_utils import Database

from aggregator.adapters.store_batch import event_row
from aggregator.adapters.store_schema import migrations
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.incident import Change
from aggregator.core.ports import Batch, EventRow
from aggregator.views import incident_view
from tests.data import ROOT
from tests.timeline import START, Timeline, batch_of, make_event, place


def test_verdicts_of_before_get_the_rules_that_their_events_name(tmp_path: Path) -> None:
    path, city = tmp_path / "jaga.sqlite", Timeline(a=(0, 0))
    old = SqliteStore(path)
    for n, rule in enumerate(("street", "yard")):
        event = make_event(n, "a", "brawl", rule=rule, episode=rule, location=place(0, 0))
        old.commit(batch_of(city, (event, city.take(event))))
    one = city.only().id
    assert [(told.rule, told.sure) for told in old.rules_told(one)] == [("street", 0.6), ("yard", 0.6)]
    old.close()
    with sqlite3.connect(path) as raw:
        before = (ROOT / "aggregator" / "adapters" / "schema" / "0002_judged.sql").read_text("utf-8")
        raw.executescript("DROP TABLE verdicts; DELETE FROM _sqlite_migrations WHERE name = 'rules'")
        raw.executescript(before[before.index("CREATE TABLE verdicts") : before.index("-- A CHECK cannot be")])
        row = "INSERT INTO verdicts VALUES (?, ?, 5.0, 4.0, 'site-1', 'a', 'brawl', 0, 0.6, 1)"
        raw.executemany(row, [(1, "forgotten"), (2, one)])
    store = SqliteStore(path)
    assert [(verdict.incident, verdict.rule) for verdict in store.verdicts()] == [
        ("forgotten", ""),
        (one, "street"),
        (one, "yard"),
    ]
    store.close()


def test_a_store_of_before_shows_its_incidents_in_todays_form(tmp_path: Path) -> None:
    """Incidents that were written before people could act on them, and are not written again."""
    path, folder = tmp_path / "jaga.sqlite", Path("aggregator") / "adapters" / "schema"
    view = incident_view(Timeline(a=(0, 0)).sees("a", "brawl").incidents[0])
    old = {name: value for name, value in msgspec.json.decode(view).items() if name not in _OF_0004}
    old["previous"] = "0" * 36
    with sqlite3.connect(path) as raw:
        for name in ("0001_first.sql", "0002_judged.sql", "0003_people.sql"):
            raw.executescript((folder / name).read_text("utf-8"))
        raw.execute(
            "CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)"
        )
        raw.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('jaga-aggregator', ?, '')",
            [("first",), ("judged",), ("people",)],
        )
        row = (old["id"], "brawl", "resolved", "critical", 0.5, 1.0, 1.0, 1.0, None, 3, msgspec.json.encode(old), b"{}")
        raw.execute(f"INSERT INTO incidents VALUES ({','.join('?' * len(row))})", row)
        raw.execute("INSERT INTO changes VALUES (1, ?, 1.0, 'rina', 'open', 'resolved', 'over')", (old["id"],))
    store = SqliteStore(path)
    shown = msgspec.json.decode(store.incident_view(old["id"]) or b"")
    assert shown == {**msgspec.json.decode(view), "previous": "0" * 36}
    assert store.changes(old["id"]) == [Change(old["id"], 1.0, "rina", "open", "resolved", "over")]
    assert [one for one, _ in store.followers("0" * 36)] == [old["id"]]
    store.close()


def test_a_store_of_before_keeps_its_events_and_incidents_and_gives_room_back(tmp_path: Path) -> None:
    """Their tables were made without rowids, in which such rows take a page of their own each."""
    new, old, city = SqliteStore(tmp_path / "new.sqlite"), Database(tmp_path / "old.sqlite"), Timeline(a=(0, 0))
    told = [make_event(n, "a", "brawl", episode="e", phase="update" if n else "begin") for n in range(200)]
    new.commit(batch_of(city, *((event, city.take(event)) for event in told)))
    new.write(lambda db: db.conn.execute("UPDATE events SET raw = raw || zeroblob(600)") and None)
    migrations.apply(old, stop_before="rowids")
    for table in ("events", "incidents", "incident_events", "episodes"):
        rows = new.read(f"SELECT * FROM {table} ORDER BY 1")
        old.conn.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
    old.conn.commit()
    took = _pages(lambda sql: old.conn.execute(sql).fetchall())
    old.close()
    store = SqliteStore(tmp_path / "old.sqlite")
    assert store.incident_events(city.only().id) == new.incident_events(city.only().id)
    assert store.incident_views() == new.incident_views()
    assert store.restore(0.0).incidents == new.restore(0.0).incidents
    assert store.known([event.id for event in told]) == {event.id for event in told}
    assert _pages(store.read) < took - 100
    new.close()
    store.close()


def test_reasons_that_were_written_out_are_told_as_those_that_are_not(tmp_path: Path) -> None:
    """Of an event that goes on with its episode, also of one that did not join another incident."""
    store, city = SqliteStore(tmp_path / "jaga.sqlite"), Timeline(a=(0, 0))
    told = [make_event(n, "a", "brawl", episode="e", phase="update" if n else "begin") for n in range(3)]
    store.commit(batch_of(city, *((event, city.take(event)) for event in told)))
    only = city.only().id
    store.write(
        lambda db: (
            db.conn.execute("UPDATE incident_events SET refused = '[[1,2]]' WHERE event = ?", (told[2].id,)) and None
        )
    )
    now = store.incident_events(only)
    assert [msgspec.json.decode(reasons)["kind"] for _, _, reasons in now] == ["first", "episode", "episode"]
    assert msgspec.json.decode(now[2][2]) == {**msgspec.json.decode(now[1][2]), "refused": [[1, 2]]}
    assert store.read("SELECT count(*) FROM incident_events WHERE reasons = ''") == [(2,)]
    store.write(
        lambda db: db.conn.execute("UPDATE incident_events SET reasons = ? WHERE reasons = ''", (now[1][2],)) and None
    )
    assert store.incident_events(only) == now
    store.close()


@pytest.mark.parametrize(("most", "least_bytes", "most_bytes"), [(100_000, 1, 100_000), (-1, 400_000, 10**9)])
def test_the_log_of_a_large_migration_is_cut_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, least_bytes: int, most_bytes: int
) -> None:
    """most -1: it is not, and is as long as that made it."""
    monkeypatch.setattr("aggregator.adapters.store_file._LOG_BYTES", most)
    monkeypatch.setattr("aggregator.adapters.store_file._CHECKPOINT_BYTES", 200_000)
    path = tmp_path / "jaga.sqlite"
    log = path.with_name("jaga.sqlite-wal")
    old = Database(path)
    migrations.apply(old, stop_before="rowids")
    told = [make_event(n, "a", "brawl", episode="e", phase="update" if n else "begin") for n in range(100)]
    rows = [event_row(EventRow(event, bytes(5_000), START.timestamp(), False)) for event in told]
    old.conn.executemany(f"INSERT INTO events VALUES ({','.join('?' * len(rows[0]))})", rows)
    old.conn.commit()
    old.close()
    store = SqliteStore(path)
    store.commit(Batch(holds_until=0.0))
    assert least_bytes < log.stat().st_size <= most_bytes
    store.close()


def _pages(read: Callable[[str], list[Any]]) -> int:
    """How many hold something."""
    return int(read("PRAGMA page_count")[0][0]) - int(read("PRAGMA freelist_count")[0][0])


_OF_0004 = ("owner", "handed_by", "acted", "last_act", "split_from", "told_kind", "told_severity")
