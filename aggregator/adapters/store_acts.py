"""The store's history of what people and the system did with incidents: SQL for aggregator.adapters.store_sqlite."""

from collections.abc import Sequence

from msgspec.structs import replace

from aggregator.adapters.rows import Executes, Read, insert
from aggregator.core.incident import Change
from aggregator.core.ports import Batch

_COLUMNS = "incident, time, actor, before, after, reason, action, detail, number"
_BY_AN_OPERATOR = '{"kind":"split"}'
"""Why an event that was taken out of an incident belongs to the new one."""
MOVE = (
    "UPDATE incident_events SET incident = ?, score = 1, reasons = ? WHERE incident = ? "
    "AND EXISTS (SELECT 1 FROM events WHERE id = event AND episode = ?)"
)
"""Of an episode's events: `event IN (...)` would look through all events that there are."""


def move(db: Executes, batch: Batch) -> None:
    """After its events and links."""
    for episode, old, new in batch.moved:
        db.execute(MOVE, (new, _BY_AN_OPERATOR, old, episode))


def write(db: Executes, batch: Batch) -> None:
    insert(
        db,
        f"INSERT INTO changes ({_COLUMNS})",
        (
            (c.incident, c.time, c.actor, c.before, c.after, c.reason, c.action, c.detail, c.number)
            for c in batch.changes
        ),
    )
    for undone in batch.undone:
        db.execute(
            "UPDATE changes SET undone = 1, reason = CASE WHEN action = 'note' THEN '' ELSE reason END "
            "WHERE incident = ? AND number = ?",
            undone,
        )


def changes(read: Read, incident: str) -> list[Change]:
    rows = read(f"SELECT {_COLUMNS}, undone FROM changes WHERE incident = ? ORDER BY seq", (incident,))
    return [replace(Change(*row[:-1]), undone=bool(row[-1])) for row in rows]


def told(read: Read, incident: str) -> list[tuple[bytes, bool]]:
    sql = (
        "SELECT e.raw, e.delayed FROM incident_events l JOIN events e ON e.id = l.event "
        "WHERE l.incident = ? ORDER BY e.time, e.id"
    )
    return [(row[0], bool(row[1])) for row in read(sql, (incident,))]


def followers(read: Read, incident: str) -> list[tuple[str, bytes]]:
    sql = "SELECT id, view FROM incidents WHERE merged_into = ?1 OR previous = ?1 OR split_from = ?1 ORDER BY id"
    return [(row[0], row[1]) for row in read(sql, (incident,))]


def latest_pictures(read: Read, cameras: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, float]]:
    sql = (
        "SELECT sha256, received FROM evidence WHERE site = ? AND camera = ? AND media = 'image/jpeg' "
        "ORDER BY received DESC, sha256 LIMIT 1"
    )
    return {camera: (row[0], row[1]) for camera in cameras for row in read(sql, camera)}
