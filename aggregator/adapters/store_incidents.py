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


_AT = "EXISTS (SELECT 1 FROM json_each(CAST(view AS TEXT), '$.sites') WHERE {})"
NEWEST = 5_000
"""Among so many the incidents of a large part of the city are found sooner than site by site."""
MOST_SITES = 400
"""SQLite joins 500 queries to one."""
Query = tuple[str, list[Any]]


def searches(
    states: Sequence[str], kind: str | None, before: str | None, sites: Collection[str] | None, limit: int
) -> list[Query]:
    """SQL and its values: ids and views, the newest first. Of several the first that finds `limit`, else the last."""
    where, values = _wanted(states, kind, before)
    if sites is None:
        return [(_newest(where), [*values, limit])]
    at_any = f"{where} AND {_AT.format(f'value IN ({_marks(sites)})')}"
    # What is not closed is little and has an index of its own, as a kind has.
    if kind is not None or (states and CLOSED.isdisjoint(states)) or not 0 < len(sites) <= MOST_SITES:
        return [(_newest(at_any), [*values, *sites, limit])]
    below, at = ("", []) if before is None else ("WHERE id < ?", [before])
    lately = f"id >= (SELECT min(id) FROM (SELECT id FROM incidents {below} ORDER BY id DESC LIMIT {NEWEST}))"
    return [
        (_newest(f"{at_any} AND {lately}"), [*values, *sites, *at, limit]),
        _by_site(where, values, sites, limit),
    ]


def _newest(where: str) -> str:
    return f"SELECT id, view FROM incidents WHERE {where} ORDER BY id DESC LIMIT ?"


def _by_site(where: str, values: list[Any], sites: Collection[str], limit: int) -> Query:
    """The newest of each site, and of those the newest."""
    of_one = (
        "SELECT * FROM (SELECT s.incident FROM incident_sites s CROSS JOIN incidents ON id = s.incident "
        f"WHERE s.site = ? AND {where} AND {_AT.format('value = s.site')} ORDER BY s.incident DESC LIMIT ?)"
    )
    found = " UNION ".join([of_one] * len(sites))
    sql = f"SELECT id, view FROM incidents WHERE id IN ({found} ORDER BY 1 DESC LIMIT ?) ORDER BY id DESC"
    return sql, [*(value for site in sites for value in (site, *values, limit)), limit]


def _marks(values: Collection[Any]) -> str:
    return ",".join("?" * len(values))


def _wanted(states: Sequence[str], kind: str | None, before: str | None) -> tuple[str, list[Any]]:
    where, values = ["merged_into IS NULL"], list[Any]()
    if states:
        where.append(f"state IN ({_marks(states)})")
        values += states
    if kind is not None:
        where.append("kind = ?")
        values.append(kind)
    if before is not None:
        where.append("id < ?")
        values.append(before)
    return " AND ".join(where), values
