"""Many rows in one statement: as if each had been written by itself, however many they are."""

import sqlite3

import pytest

from aggregator.adapters import rows
from aggregator.adapters.rows import ROWS, STEP, insert, tables

COUNTS = (0, 1, 2, 3, 5, STEP - 1, STEP, STEP + 1, 2 * STEP, 100, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS - 7)


@pytest.fixture
def database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b INTEGER)")
    return made


def held(database: sqlite3.Connection) -> list[tuple[str, int | None]]:
    return database.execute("SELECT a, b FROM t ORDER BY rowid").fetchall()


@pytest.mark.parametrize("count", COUNTS)
def test_each_row_is_written_once_in_order_and_nothing_else(database: sqlite3.Connection, count: int) -> None:
    those = [(f"r{number}", None if number % 3 else number) for number in range(count)]
    insert(database, "INSERT INTO t", iter(those))
    assert held(database) == those
    again = ((name, 7) for name, _ in those)
    insert(database, "INSERT INTO t (a, b)", again, "ON CONFLICT (a) DO UPDATE SET b = excluded.b")
    assert held(database) == [(name, 7) for name, _ in those]


@pytest.mark.parametrize("count", COUNTS)
def test_they_can_be_asked_as_a_table(database: sqlite3.Connection, count: int) -> None:
    those = [(number, None) for number in range(count)]
    found = [row for query, values in tables(those) for row in database.execute(query, values)]
    assert found == those


def test_a_row_that_must_not_be_is_refused_and_not_left_out(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert(database, "INSERT INTO t", [("a", 1), (None, 2)])


def test_statements_are_few(database: sqlite3.Connection) -> None:
    """Else SQLite would read each anew."""
    asked = {query for count in range(1, ROWS + 1) for query, _ in tables([(0, 0)] * count)}
    assert len(asked) == rows.ROWS // STEP + STEP.bit_length() - 1
