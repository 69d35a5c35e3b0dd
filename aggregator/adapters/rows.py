"""Rows out of a query, and many rows into one statement.

Python's module gives the interpreter's lock away and takes it back with each statement, of `executemany` with each row,
and waits for it while another thread computes: with a row each, a batch would wait a thousand times. And SQLite reads
the statement, with a mark for each value, as long as it writes the rows, unless it has had the very same before: so
rows are filled up to one of a few numbers with some that say nothing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

Read = Callable[[str, Sequence[Any]], list[Any]]
"""A query's rows: the statement and its values."""
ROWS = 512
"""Of one statement: about a batch. SQLite takes 32,766 values in one."""
STEP = 32
"""What the number of rows is filled up to a multiple of; of fewer, to a power of two."""


def insert(db: sqlite3.Connection, into: str, rows: Iterable[tuple[Any, ...]], then: str = "") -> None:
    """into: INSERT INTO and the table; then: what is done about those that are there already. A row's first value is
    not None."""
    for columns, count, values in _filled(rows):
        db.execute(_inserting(into, columns, count, then), values)


def tables(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A table of up to ROWS rows each, as SQL, and the values in it. As `insert`."""
    for columns, count, found in _filled(rows):
        yield _table(columns, count), found


@lru_cache(maxsize=256)
def _inserting(into: str, columns: int, count: int, then: str) -> str:
    return f"{into} {_table(columns, count)} {then}"


@lru_cache(maxsize=256)
def _table(columns: int, count: int) -> str:
    marks = f"({','.join('?' * columns)})"
    return f"SELECT * FROM (VALUES {','.join([marks] * count)}) WHERE column1 IS NOT NULL"


def _filled(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """How many columns and rows, and the values."""
    left = iter(rows)
    while part := tuple(islice(left, ROWS)):
        columns, count = len(part[0]), _count(len(part))
        nothing = (None,) * (columns * (count - len(part)))
        yield columns, count, tuple(chain(chain.from_iterable(part), nothing))


def _count(rows: int) -> int:
    """That so many are filled up to."""
    return -(-rows // STEP) * STEP if rows > STEP else 1 << (rows - 1).bit_length()
