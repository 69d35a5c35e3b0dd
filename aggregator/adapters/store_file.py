"""The store's database file: how it is opened to write, and how SQLite's log gets back into it.

The writer copies the log into the database every so many pages, and whoever waits for that commit waits for all of them
and two more syncs. So it is copied in a thread of its own before that is due, while the writer goes on. What is written
meanwhile is left to the writer: it begins the log anew once nothing is left.
"""

import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog
from sqlite_utils import Database

from aggregator.adapters.store_schema import migrations

log = structlog.get_logger()

_PAGE_BYTES = 8_192
"""Of a database that is made: an event takes 1 KB, an incident 3.4, and each page of a commit is two writes and a sum.
One that was made with 4 KB keeps them."""
_CACHE_KB = 65_536
"""The writer's. With SQLite's own 2 MB a batch reads the upper pages of each index anew."""
_CHECKPOINT_BYTES = 32_000_000
"""Of the log, after which the writer copies it: most pages of it are then later writings of the same ones."""
_LOG_BYTES = 64_000_000
"""That the log is cut back to afterwards, if something as large as a migration made it longer: it would stay so."""
_IN_MEMORY = "PRAGMA temp_store = MEMORY"
"""Of the pages that a statement changes SQLite keeps the former ones, should it have to take that back; otherwise
beyond 64 KB in a file that it makes for it. A batch's are some hundred."""
ROWS = 16_000
"""Changed since the last time, after which it is copied beside the writer: some 24 MB of a flood of events."""


def opened(path: Path) -> Database:
    """To write, with today's schema. Of the thread that calls. Raises sqlite3.Error or OSError."""
    connection = sqlite3.connect(path, timeout=10)
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a message is acknowledged after the commit, so the commit has to survive a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_BYTES // page_bytes}")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    connection.execute("PRAGMA busy_timeout = 10000")
    database = Database(connection)
    migrations.apply(database)
    connection.execute(_IN_MEMORY)
    return database


@contextmanager
def spilling(db: sqlite3.Connection) -> Iterator[None]:
    """For statements that may set aside more than memory holds; in a transaction of their own: what began to write in
    memory goes on there."""
    db.execute("PRAGMA temp_store = FILE")
    try:
        yield
    finally:
        db.execute(_IN_MEMORY)


class Checkpoints:
    """path: of a database in WAL mode."""

    def __init__(self, path: Path) -> None:
        self._uri, self._before = f"{path.resolve().as_uri()}?mode=rw", 0
        self._due: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-checkpoints", daemon=True)
        self._thread.start()

    def note(self, changed: int) -> None:
        """changed: rows, by the writer's connection since it was opened. Any thread; two at once copy twice."""
        if changed - self._before >= ROWS:
            self._before = changed
            self._due.put(True)

    def close(self) -> None:
        """Finishes what is due."""
        self._due.put(False)
        self._thread.join()

    def _run(self) -> None:
        while self._due.get():
            try:
                with closing(sqlite3.connect(self._uri, uri=True)) as connection:
                    connection.execute("PRAGMA synchronous = FULL")
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error as error:  # nothing is lost, but the log grows; the writer's own copying fails unheard
                log.warning("store_log_not_copied", error=str(error))
