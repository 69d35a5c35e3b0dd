"""Copies SQLite's log into the database in a thread of its own, while the writer goes on.

Otherwise the writer does so every few thousand pages, and whoever waits for its commit waits for two more syncs and all
these pages. What is written meanwhile is left to it: only a writer that finds nothing left begins the log anew.
"""

import queue
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

ROWS = 16_000
"""Changed since the last time, after which it is due: some 5,000 pages of a flood of events."""


class Checkpoints:
    """path: of a database in WAL mode."""

    def __init__(self, path: Path) -> None:
        self._path, self._before = path, 0
        self._due: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-checkpoints", daemon=True)
        self._thread.start()

    def note(self, changed: int) -> None:
        """changed: rows, by the writer's connection since it was opened. One thread at a time."""
        if changed - self._before >= ROWS:
            self._before = changed
            self._due.put(True)

    def close(self) -> None:
        """Finishes the one that runs."""
        self._due.put(False)
        self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            while self._due.get():
                # What is wrong with the disk, the writer comes upon as well.
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
