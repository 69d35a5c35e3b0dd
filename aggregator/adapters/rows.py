"""Rows out of a query, and many rows into one statement.

Python's module gives the interpreter's lock away and takes it back with each statement, of `executemany` with each row,
and waits for it while another thread computes: with a row each, a batch would wait a thousand times. And SQLite reads
the statement anew, with a mark for each value, unless it has had the very same before: so there are marks for one of a
few numbers of rows, and how many of them count is a value, too.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Protocol

from sqlite_utils import Database

Read = Callable[[str, Sequence[Any]], list[Any]]
"""A query's rows: the statement and its values."""
ROWS = 512
"""Of one statement: about a batch. SQLite takes 32,766 values in one."""
STEP = 32
"""Marks are for a multiple of so many rows; of fewer, for a power of two."""


class Shared(Protocol):
    """What the others in the database need of aggregator.adapters.store_sqlite.SqliteStore: one file, one writer."""

    def read(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]: ...
    def write(self, function: Callable[[Database], None]) -> None: ...


class Executes(Protocol):
    """A connection, or a script for one."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...


class Script:
    """Statements with their values, to be run later."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, Sequence[Any]]] = []

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> None:
        self._statements.append((sql, values))

    def run(self, db: sqlite3.Connection) -> None:
        for sql, values in self._statements:
            db.execute(sql, values)


def insert(db: Executes, into: str, rows: Iterable[tuple[Any, ...]], then: str = "") -> None:
    """into: INSERT INTO and the table; then: what is done about those that are there already."""
    for columns, count, values in _filled(rows):
        db.execute(_inserting(into, columns, count, then), values)


def tables(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Of up to ROWS rows each, a query that gives them, and its values."""
    for columns, count, found in _filled(rows):
        yield _table(columns, count), found


@lru_cache(maxsize=256)
def _inserting(into: str, columns: int, count: int, then: str) -> str:
    return f"{into} {_table(columns, count)} {then}"


@lru_cache(maxsize=256)
def _table(columns: int, count: int) -> str:
    marks = f"({','.join('?' * columns)})"
    return f"SELECT * FROM (VALUES {','.join([marks] * count)}) LIMIT ?"


def _filled(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """How many columns and rows of marks, and the values for them, with how many rows count."""
    left = iter(rows)
    while part := tuple(islice(left, ROWS)):
        columns, count = len(part[0]), _count(len(part))
        rest = (None,) * (columns * (count - len(part)))
        yield columns, count, (*chain.from_iterable(part), *rest, len(part))


def _count(rows: int) -> int:
    """Of marks, for so many."""
    return -(-rows // STEP) * STEP if rows > STEP else 1 << (rows - 1).bit_length()
