"""The store's table of pictures and clips: SQL for aggregator.adapters.store_sqlite."""

import sqlite3
from collections.abc import Sequence

from aggregator.adapters.rows import Read
from aggregator.core.ports import EvidenceRow


def write(db: sqlite3.Connection, rows: Sequence[EvidenceRow]) -> None:
    """One after the other: SQLite copies what it is handed, and a clip has megabytes."""
    if not rows:
        return
    db.executemany(
        "INSERT INTO evidence (sha256, event, site, camera, received, size, jpeg, media) VALUES (?,?,?,?,?,?,?,?) "
        "ON CONFLICT DO NOTHING",
        ((e.sha256, e.event, e.site, e.camera, e.received, len(e.content), e.content, e.media) for e in rows),
    )


def content(read: Read, sha256: str) -> tuple[bytes, str] | None:
    """(bytes, media type)"""
    rows = read("SELECT jpeg, media FROM evidence WHERE sha256 = ?", (sha256,))
    return (rows[0][0], rows[0][1]) if rows else None


def site(read: Read, sha256: str) -> str | None:
    rows = read("SELECT site FROM evidence WHERE sha256 = ?", (sha256,))
    return rows[0][0] if rows else None


def clips(read: Read, events: Sequence[str]) -> dict[str, str]:
    """The hash of each clip, by its event."""
    marks = ",".join("?" * len(events))
    sql = f"SELECT event, sha256 FROM evidence WHERE media = 'video/mp4' AND event IN ({marks}) ORDER BY received"
    return dict(read(sql, events))
