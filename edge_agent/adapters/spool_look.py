"""What lies in a spool, read beside the agent that runs or after one that does not: nothing is locked or changed."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from contract.errors import JagaError, words
from edge_agent.core.errors import SpoolError


@dataclass(frozen=True, slots=True)
class SpoolState:
    """waiting, events: messages that the broker has not taken, and of them the events; payload: their bytes. oldest:
    when the first of them was stored, `latest` the last event of all, whose number is `last`; taken: when the broker
    last took something. Seconds since the epoch by the host's clock then, None where there is nothing. dropped:
    events, updates and pictures that had to go for want of room."""

    waiting: int
    events: int
    payload: int
    oldest: float | None
    last: int
    latest: float | None
    taken: float | None
    dropped: tuple[int, int, int]


def look(path: Path) -> SpoolState:
    """Raises JagaError where no agent has made one yet, SpoolError where it cannot be read."""
    try:
        path.stat()
        # A log beside it is there as long as an agent has it open, or died with it; without one, reading would make it.
        how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    except FileNotFoundError as error:
        raise JagaError("edge.status.none", path=str(path)) from error
    except OSError as error:
        raise SpoolError("edge.spool.unusable", path=str(path), detail=words(error)) from error
    waiting = "SELECT count(*), total(rank > 0), total(length(payload)) FROM message WHERE waiting = 1"
    # By their order and not by their times: the host's clock may have been set meanwhile.
    oldest_first = "SELECT (SELECT stored FROM message WHERE waiting = 1 ORDER BY key LIMIT 1)"
    newest_event = "SELECT (SELECT stored FROM message WHERE rank > 0 ORDER BY key DESC LIMIT 1)"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=5.0)) as db:
            count, events, payload = db.execute(waiting).fetchone()
            (oldest,), (latest,) = db.execute(oldest_first).fetchone(), db.execute(newest_event).fetchone()
            (taken,) = db.execute("SELECT max(acknowledged) FROM message").fetchone()
            counters = dict(db.execute("SELECT name, value FROM counter").fetchall())
    except sqlite3.Error as error:
        raise SpoolError("edge.spool.unusable", path=str(path), detail=str(error)) from error
    gone = counters["dropped_event"], counters["dropped_update"], counters["dropped_evidence"]
    return SpoolState(count, int(events), int(payload), oldest, counters["sequence"], latest, taken, gone)
