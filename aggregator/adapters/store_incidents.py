"""Queries of incidents for the API and for a restart: SQL for aggregator.adapters.store_sqlite."""

from collections.abc import Collection, Sequence
from typing import Any

from aggregator.core.states import CLOSED, STATES


def _in(states: Collection[str]) -> str:
    return f"state IN ({', '.join(repr(str(state)) for state in sorted(states))})"


IS_CLOSED = _in(CLOSED)
KEPT = f"(merged_into IS NULL AND {_in(set(STATES) - CLOSED)} OR updated >= ?)"
"""Those that are not closed, and those updated since; what was absorbed is closed. Both sides have an index."""
# "+": by those indices and then sorted, instead of through all that there are in the order of their ids.
BODIES = f"SELECT body FROM incidents WHERE {KEPT} ORDER BY +id"
EPISODES = (
    f"SELECT e.id, e.incident, e.last, e.ended FROM episodes e JOIN incidents i ON i.id = e.incident WHERE {KEPT}"
)


def search(
    states: Sequence[str], kind: str | None, before: str | None, sites: Collection[str] | None, limit: int
) -> tuple[str, list[Any]]:
    """SQL and its values: ids and views, the newest first."""
    where, values = ["merged_into IS NULL"], list[Any]()
    if states:
        where.append(f"state IN ({','.join('?' * len(states))})")
        values += states
    if kind is not None:
        where.append("kind = ?")
        values.append(kind)
    if before is not None:
        where.append("id < ?")
        values.append(before)
    if sites is not None:
        at_any = f"value IN ({','.join('?' * len(sites))})"
        where.append(f"EXISTS (SELECT 1 FROM json_each(CAST(view AS TEXT), '$.sites') WHERE {at_any})")
        values += sites
    sql = f"SELECT id, view FROM incidents WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"
    return sql, [*values, limit]
