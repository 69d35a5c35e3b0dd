"""The store's file: SQLite's log is copied into it beside the writer, which begins it anew."""

import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database
from structlog.testing import capture_logs

from aggregator.adapters.store_file import ROWS, Checkpoints, opened, spilling
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.ports import Retention
from tests.brokers import wait_until
from tests.timeline import Timeline, batch_of, make_event


@pytest.mark.parametrize(("changed", "copied"), [(ROWS - 1, False), (ROWS, True)])
def test_it_is_copied_when_so_many_rows_were_changed(tmp_path: Path, changed: int, copied: bool) -> None:
    path = tmp_path / "jaga.sqlite"
    store, checkpoints = SqliteStore(path), Checkpoints(path)
    fill(store, 20)
    before = path.read_bytes()
    checkpoints.note(changed)
    checkpoints.close()
    assert (path.read_bytes() != before) == copied
    store.close()


def test_a_store_has_it_copied_and_begins_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is left to the writer: its own limit is far away, and it only begins anew what is copied whole."""
    monkeypatch.setattr("aggregator.adapters.store_file.ROWS", 100)
    path = tmp_path / "jaga.sqlite"
    log = path.with_name("jaga.sqlite-wal")
    store = SqliteStore(path)
    before = path.stat().st_size
    fill(store, 60)
    wait_until(lambda: path.stat().st_size > before)
    numbers = count(60)

    def begun_anew() -> bool:
        long = log.stat().st_size
        fill(store, 1, next(numbers))
        return log.stat().st_size == long

    wait_until(begun_anew)
    store.close()
    again = SqliteStore(path)
    assert again.read("SELECT count(*) FROM events") == [(next(numbers),)]
    again.close()


def test_a_log_that_cannot_be_copied_is_told_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "jaga.sqlite"
    store = SqliteStore(path)
    fill(store, 20)
    before = path.read_bytes()
    with capture_logs() as entries:
        checkpoints = Checkpoints(tmp_path)
        checkpoints.note(ROWS)
        wait_until(lambda: len(entries) == 1)
        checkpoints.note(2 * ROWS)
        checkpoints.close()
    assert [one["event"] for one in entries] == ["store_log_not_copied"] * 2
    assert path.read_bytes() == before
    store.close()


def test_a_store_that_is_closed_leaves_one_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jaga.sqlite")
    fill(store, 20)
    assert store.read("SELECT count(*) FROM events") == [(20,)]
    store.close()
    assert [one.name for one in tmp_path.iterdir()] == ["jaga.sqlite"]


def test_pruning_may_spill_also_where_others_wait_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the transaction of what was written in memory before, SQLite would go on in memory."""
    store = SqliteStore(tmp_path / "jaga.sqlite")
    begun: list[bool] = []
    monkeypatch.setattr(
        "aggregator.adapters.store_sqlite._prune", lambda db, *_: begun.append(stored(tmp_path / "jaga.sqlite") == 20)
    )
    begins, go = threading.Event(), threading.Event()

    def holds(_db: Database) -> None:
        begins.set()
        go.wait(30)

    with ThreadPoolExecutor(3) as pool:
        waiting: list[Future[Any]] = [pool.submit(store.write, holds)]
        assert begins.wait(30)
        waiting.append(pool.submit(fill, store, 20))
        wait_until(lambda: store.queue_depth() == 1)
        waiting.append(pool.submit(store.prune, Retention(), 0.0))
        wait_until(lambda: store.queue_depth() == 2)
        go.set()
        for one in waiting:
            one.result()
    assert begun == [True]
    store.close()


def test_what_a_batch_sets_aside_stays_in_memory_and_what_pruning_does_may_spill(tmp_path: Path) -> None:
    database = opened(tmp_path / "jaga.sqlite")

    def where() -> int:
        (found,) = database.conn.execute("PRAGMA temp_store").fetchone()
        return int(found)

    def fails() -> None:
        with database.atomic(), spilling(database.conn):
            assert where() == in_files
            database.conn.execute("SELECT * FROM nowhere")

    in_files, in_memory = 1, 2
    assert where() == in_memory
    with pytest.raises(sqlite3.Error):
        fails()
    assert where() == in_memory
    database.close()


def stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as beside:
        (found,) = beside.execute("SELECT count(*) FROM events").fetchone()
        return int(found)


def fill(store: SqliteStore, events: int, start: int = 0) -> None:
    """So many events in one commit."""
    city = Timeline(a=(0, 0))
    told = [make_event(n, "a", "brawl", episode=f"e{start}", phase="update") for n in range(start, start + events)]
    store.commit(batch_of(city, *((event, city.take(event)) for event in told)))
