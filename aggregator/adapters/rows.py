"""Rows out of a query, and many rows into one statement.

Python's module gives the interpreter's lock away and takes it back with each statement, of `executemany` with each row,
and waits for it while another thread computes: with a row each, a batch would wait a thousand times.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

Read = Callable[[str, Sequence[Any]], list[Any]]
"""A query's rows: the statement and its values."""
ROWS = 512
"""Of one statement: about a batch. SQLite takes 32,766 values in one."""


def insert(db: sqlite3.Connection, into: str, rows: Iterable[tuple[Any, ...]], then: str = "") -> None:
    """`into` ends in VALUES, `then` says what is done about those that are there already."""
    for marks, values in statements(rows):
        db.execute(f"{into} {marks} {then}", values)


def statements(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What follows VALUES, and the values themselves, for up to ROWS rows each."""
    left = iter(rows)
    while part := tuple(islice(left, ROWS)):
        marks = f"({','.join('?' * len(part[0]))})"
        yield ",".join([marks] * len(part)), tuple(chain.from_iterable(part))
