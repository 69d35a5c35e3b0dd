"""One thread owns the database connection that writes and takes functions from a queue.

What waits together is committed together: each function runs in its own savepoint, if there are several, then one
commit makes all durable, and only then do their callers go on. One that is to run alone has a transaction of its own.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import nullcontext
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from sqlite_utils import Database

T = TypeVar("T")
_Job = tuple[Callable[[Database], Any], Future[Any], bool]
"""What is to be done, its result, and whether alone."""
MAX_GROUP = 64


class Writer:
    """`open_database` runs in the thread; what it raises, `__init__` raises."""

    def __init__(self, open_database: Callable[[], Database]) -> None:
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._entry = threading.Lock()
        opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(open_database, opened), name="store-writer", daemon=True
        )
        self._thread.start()
        opened.result()

    def run(
        self,
        function: Callable[[Database], T],
        meanwhile: Callable[[], None] | None = None,
        alone: bool = False,
        after: threading.Event | None = None,
    ) -> T:
        """Its result, once it is on disk. Raises what function or commit raised; then nothing of it was written. After
        `close` that is sqlite3.ProgrammingError. meanwhile: called here, before it is waited for, but once `function`
        has set `after`, or is over: until then it is not disturbed."""
        done: Future[T] = Future()
        with self._entry:
            if self._closed:
                raise sqlite3.ProgrammingError("the database is closed")
            self._queue.put((function, done, alone))
        if meanwhile is not None:
            if after is not None:
                done.add_done_callback(lambda _: after.set())
                after.wait()
            try:
                meanwhile()
            finally:  # whoever reads the store next finds all of this, or nothing
                wait((done,))
        return done.result()

    def depth(self) -> int:
        return self._queue.qsize()

    def close(self) -> None:
        """Finishes what waits; nothing comes behind it, where it would wait for ever."""
        with self._entry:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self, open_database: Callable[[], Database], opened: Future[None]) -> None:
        try:
            database = open_database()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            opened.set_exception(error)
            return
        opened.set_result(None)
        closing = False
        while not closing:
            group = [self._queue.get()]
            while len(group) < MAX_GROUP and not self._queue.empty():
                group.append(self._queue.get())
            closing = None in group
            for _, jobs in groupby([job for job in group if job is not None], itemgetter(2)):
                self._commit(database, list(jobs))
        database.close()

    def _commit(self, database: Database, jobs: list[_Job]) -> None:
        results: list[tuple[Future[Any], Any]] = []
        alone = len(jobs) == 1
        try:
            with database.atomic():
                for function, done, _ in jobs:
                    try:
                        with nullcontext() if alone else database.atomic():
                            results.append((done, function(database)))
                    except Exception as error:
                        if alone or not database.conn.in_transaction:  # a full disk may undo all of it
                            raise
                        done.set_exception(error)
        except Exception as error:  # noqa: BLE001 - handed to the callers
            for _, done, _ in jobs:
                if not done.done():
                    done.set_exception(error)
            return
        for done, result in results:
            done.set_result(result)
