"""The one thread that writes: what fails leaves nothing, whether it is alone or waits together with others."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from aggregator.adapters.writer import Writer
from tests.brokers import wait_until


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    def opened() -> Database:
        database = Database(sqlite3.connect(tmp_path / "w.sqlite"))
        database.conn.execute("CREATE TABLE told (word TEXT NOT NULL)")
        return database

    made = Writer(opened)
    yield made
    made.close()


def tell(writer: Writer, *words: str | None) -> None:
    """Raises IntegrityError at None."""

    def write(database: Database) -> None:
        for word in words:
            database.conn.execute("INSERT INTO told VALUES (?)", (word,))

    writer.run(write)


def told(writer: Writer) -> set[str]:
    return {row[0] for row in writer.run(lambda database: database.conn.execute("SELECT word FROM told").fetchall())}


def test_what_fails_alone_leaves_nothing(writer: Writer) -> None:
    tell(writer, "before")
    with pytest.raises(sqlite3.IntegrityError):
        tell(writer, "half", None)
    tell(writer, "after")
    assert told(writer) == {"before", "after"}


def test_what_fails_among_others_leaves_the_others(writer: Writer) -> None:
    waiting = together(writer, lambda: tell(writer, "a"), lambda: tell(writer, "half", None), lambda: tell(writer, "b"))
    assert [type(one) for one in waiting] == [type(None), sqlite3.IntegrityError, type(None)]
    assert told(writer) == {"a", "b"}


def test_what_undoes_the_whole_transaction_fails_all_and_leaves_nothing(writer: Writer) -> None:
    """As a full disk may: whoever was before must not be told that it is stored, nor whoever comes after be stored."""

    def full(database: Database) -> None:
        database.conn.execute("INSERT OR ROLLBACK INTO told VALUES (NULL)")

    waiting = together(writer, lambda: tell(writer, "a"), lambda: writer.run(full), lambda: tell(writer, "b"))
    assert [type(one) for one in waiting] == [sqlite3.IntegrityError] * 3
    tell(writer, "after")
    assert told(writer) == {"after"}


@pytest.mark.parametrize("alone", [False, True])
def test_what_is_to_run_alone_has_a_transaction_of_its_own(writer: Writer, tmp_path: Path, alone: bool) -> None:
    committed: list[str] = []

    def look(_database: Database) -> None:
        with closing(sqlite3.connect(tmp_path / "w.sqlite")) as beside:
            committed.extend(word for (word,) in beside.execute("SELECT word FROM told"))

    waiting = together(
        writer, lambda: tell(writer, "a"), lambda: writer.run(look, alone=alone), lambda: tell(writer, "b")
    )
    assert waiting == [None] * 3
    assert committed == (["a"] if alone else [])
    assert told(writer) == {"a", "b"}


def together(writer: Writer, *calls: Callable[[], None]) -> list[BaseException | None]:
    """What they raise, run as one group in this order."""
    begins, go = threading.Event(), threading.Event()

    def holds(_database: Database) -> bool:
        begins.set()
        return go.wait(30)

    with ThreadPoolExecutor(1 + len(calls)) as pool:
        first = pool.submit(writer.run, holds)
        assert begins.wait(30)
        waiting = []
        for number, call in enumerate(calls, start=1):
            waiting.append(pool.submit(call))
            wait_until(lambda number=number: writer.depth() == number, 30, f"{number} wait")  # type: ignore[misc]
        go.set()
        assert first.result()
        return [one.exception() for one in waiting]


def test_who_comes_after_the_end_is_refused_and_does_not_wait_for_ever(writer: Writer) -> None:
    """A request that outlasts the server's patience would keep the process from ending."""
    writer.close()
    refused: Future[None] = Future()

    def late() -> None:
        try:
            tell(writer, "late")
        except sqlite3.Error as error:
            refused.set_exception(error)

    threading.Thread(target=late, daemon=True).start()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        refused.result(timeout=10)


def test_what_is_done_meanwhile_waits_until_the_writer_has_come_so_far(writer: Writer) -> None:
    order: list[str] = []
    so_far, seen = threading.Event(), threading.Event()

    def write(_database: Database) -> None:
        order.append("written first")
        so_far.set()
        assert seen.wait(10)  # it is not waited for to the end
        order.append("written last")

    def meanwhile() -> None:
        order.append("meanwhile")
        seen.set()

    writer.run(write, meanwhile, after=so_far)
    assert order == ["written first", "meanwhile", "written last"]


def test_what_is_done_meanwhile_is_done_although_the_writer_fails_before(writer: Writer) -> None:
    done: list[bool] = []

    def fails(_database: Database) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        writer.run(fails, lambda: done.append(True), after=threading.Event())
    assert done == [True]


def test_who_breaks_meanwhile_comes_back_no_sooner_than_the_write_is_over(writer: Writer) -> None:
    """Memory is rebuilt from the store then, which must not be written once more behind its back."""
    so_far, broke, over = threading.Event(), threading.Event(), threading.Event()

    def write(_database: Database) -> None:
        so_far.set()
        over.wait(10)

    def breaks() -> None:
        broke.set()
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(writer.run, write, breaks, after=so_far)
        assert broke.wait(10)
        with pytest.raises(TimeoutError):
            coming.result(0.2)
        over.set()
        with pytest.raises(ZeroDivisionError):
            coming.result(10)
