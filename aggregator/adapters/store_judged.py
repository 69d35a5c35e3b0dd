"""The store's tables of what was suppressed, silenced and judged: SQL for aggregator.adapters.store_sqlite."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

from aggregator.adapters.rows import Executes, Read, insert
from aggregator.core.flapping import Begin
from aggregator.core.inhibition import EXPLAINS
from aggregator.core.ports import Batch, SuppressedQuery, SuppressedRow, SuppressedSeen
from aggregator.core.precision import RuleTold, Verdict
from aggregator.core.rates import Counted
from aggregator.core.silences import Silence
from aggregator.core.suppression import HUSHED, KEPT_OUT, Reason, Suppressed
from contract.kinds import Kind


def _in(reasons: frozenset[Reason]) -> str:
    return f"reason IN ({','.join(repr(str(reason)) for reason in sorted(reasons))})"


_KEPT_OUT, _HUSHED = _in(KEPT_OUT), _in(HUSHED)
# INDEXED BY: an index of these kinds alone serves only who names them as it does; were they others, this would fail.
_FAULTS = (
    "SELECT raw, received FROM events INDEXED BY events_faults WHERE time > ? "
    f"AND kind IN ({', '.join(repr(str(kind)) for kind in sorted(EXPLAINS))}) ORDER BY received, id"
)


_INSERT = (
    "INSERT INTO suppressed (event, reason, by, detail, episode, site, camera, kind, severity, phase, time, received)"
)
_VERDICT = "incident, time, heard, site, camera, kind, true, told, sources, rule, reason"
_COUNTED = ", ".join(Counted.__struct_fields__)
_COUNT = "ON CONFLICT (event, reason) DO UPDATE SET count = count + 1, received = excluded.received"
_SELECT = (
    "SELECT s.id, s.event, s.reason, s.by, s.detail, s.site, s.camera, s.kind, s.severity, s.phase, s.time, "
    "s.received, s.count, coalesce(own.incident, cause.incident, CASE WHEN s.reason = 'cooldown' THEN s.by END) "
    "FROM suppressed s LEFT JOIN incident_events own ON own.event = s.event LEFT JOIN episodes cause ON cause.id = s.by"
)


def write(db: Executes, batch: Batch) -> None:
    insert(db, _INSERT, map(_suppressed, batch.suppressed), _COUNT)
    silences = ((one.id, one.expires, msgspec.json.encode(one).decode()) for one in batch.silences)
    insert(db, "INSERT OR REPLACE INTO silences", silences)
    for incident in batch.withdrawn:
        db.execute("DELETE FROM verdicts WHERE incident = ?", (incident,))
    verdicts = (
        (v.incident, v.time, v.heard, v.site, v.camera, v.kind, v.true, v.told, v.sources, v.rule, v.reason)
        for v in batch.verdicts
    )
    insert(db, f"INSERT INTO verdicts ({_VERDICT})", verdicts, "ON CONFLICT DO NOTHING")
    insert(db, f"INSERT OR REPLACE INTO counted ({_COUNTED})", map(astuple, batch.counted.values()))


def search(query: SuppressedQuery) -> tuple[str, list[Any]]:
    """SQL and its values: the latest first, through an index whatever is asked for."""
    where, values = list[str](), list[Any]()
    for name in ("reason", "site", "camera", "kind"):
        wanted = getattr(query, name)
        if wanted is not None:
            # "+": not by the index of cameras, which has a whole site in another order.
            whole_site = name == "site" and query.camera is None
            where.append(f"{'+' if whole_site else ''}s.{name} = ?")
            values.append(wanted)
    if query.since is not None:
        where.append("s.time >= ?")
        values.append(query.since)
    if query.until is not None:
        where.append("s.time < ?")
        values.append(query.until)
    if query.before is not None:
        where.append("(s.time, s.id) < (?, ?)")
        values += query.before
    chosen = f" WHERE {' AND '.join(where)}" if where else ""
    return f"{_SELECT}{chosen} ORDER BY s.time DESC, s.id DESC LIMIT ?", [*values, query.limit]


def found(read: Read, query: SuppressedQuery) -> list[SuppressedSeen]:
    return [SuppressedSeen(*row) for row in read(*search(query))]


COUNT_BY = (
    "SELECT reason, count(*) FROM suppressed WHERE by = ? OR by IN (SELECT id FROM episodes WHERE incident = ?) "
    "GROUP BY reason"
)


def silences(read: Read, since: float) -> tuple[Silence, ...]:
    rows = read("SELECT body FROM silences WHERE expires >= ? ORDER BY expires, id", (since,))
    return tuple(msgspec.json.decode(row[0], type=Silence) for row in rows)


def kept_out(read: Read, since: float) -> tuple[tuple[str, float, Suppressed], ...]:
    """Episodes that were kept out and heard of since, with the latest reason of each."""
    return _quiet(read, since, _KEPT_OUT)


def hushed(read: Read, since: float) -> tuple[tuple[str, float, Suppressed], ...]:
    """Those that were hushed."""
    return _quiet(read, since, _HUSHED)


def _quiet(read: Read, since: float, reasons: str) -> tuple[tuple[str, float, Suppressed], ...]:
    sql = f"SELECT episode, time, reason, by, detail FROM suppressed WHERE time >= ? AND {reasons} ORDER BY time, id"
    latest = {row[0]: (row[0], row[1], Suppressed(*row[2:])) for row in read(sql, (since,))}
    return tuple(latest.values())


def begins(read: Read, since: float) -> tuple[Begin, ...]:
    """Of episodes, fresh when they came. Read from what the events say, without decoding all of each."""
    sql = (
        "SELECT site, camera, kind, time, json_extract(CAST(raw AS TEXT), '$.data.clock.offset_ms'), "
        "EXISTS (SELECT 1 FROM suppressed s WHERE s.event = e.id AND s.reason = 'flapping') FROM events e "
        "WHERE time > ? AND phase = 'begin' AND NOT json_extract(CAST(raw AS TEXT), '$.data.delayed') "
        "ORDER BY received, id"
    )
    return tuple(
        Begin(site, camera, Kind(kind), time, offset_ms or 0.0, bool(flapping))
        for site, camera, kind, time, offset_ms, flapping in read(sql, (since,))
    )


VERDICTS = f"SELECT {_VERDICT} FROM verdicts"


def rules(read: Read, incident: str) -> list[RuleTold]:
    sql = (
        "SELECT site, camera, kind, rule, max(sure) FROM (SELECT e.site, e.camera, e.kind, "
        "json_extract(CAST(e.raw AS TEXT), '$.data.why.rule') AS rule, "
        "json_extract(CAST(e.raw AS TEXT), '$.data.confidence') AS sure "
        "FROM incident_events l JOIN events e ON e.id = l.event WHERE l.incident = ?) "
        "GROUP BY site, camera, kind, rule ORDER BY site, camera, kind, rule"
    )
    return [RuleTold(site, camera, Kind(kind), rule, sure) for site, camera, kind, rule, sure in read(sql, (incident,))]


def verdicts(read: Read) -> tuple[Verdict, ...]:
    return tuple(verdict_rows(read(f"{VERDICTS} ORDER BY seq", ())))


def verdict_rows(rows: Sequence[Any]) -> list[Verdict]:
    """Of `VERDICTS`."""
    return [
        Verdict(incident, time, heard, site, camera, Kind(kind), bool(true), told, sources, rule, reason)
        for incident, time, heard, site, camera, kind, true, told, sources, rule, reason in rows
    ]


def counted(read: Read) -> tuple[Counted, ...]:
    """What cameras tell anyway."""
    return tuple(
        Counted(site, camera, family, bool(many), *rest)
        for site, camera, family, many, *rest in read(f"SELECT {_COUNTED} FROM counted", ())
    )


def faults(read: Read, since: float) -> tuple[tuple[bytes, float], ...]:
    """What cameras told of those faults of theirs that explain other things."""
    return tuple((raw, received) for raw, received in read(_FAULTS, (since,)))


def unlinked(read: Read, within_s: float) -> tuple[tuple[bytes, float, bool], ...]:
    """(wire event, received, hushed) of the latest events that wait to be assigned: what was kept out does not."""
    sql = (
        "SELECT e.raw, e.received, EXISTS (SELECT 1 FROM suppressed s WHERE s.event = e.id "
        f"AND s.{_HUSHED}) FROM events e WHERE e.time > (SELECT max(time) FROM events) - ? "
        "AND NOT EXISTS (SELECT 1 FROM incident_events l WHERE l.event = e.id) "
        f"AND NOT EXISTS (SELECT 1 FROM suppressed s WHERE s.event = e.id AND s.{_KEPT_OUT}) ORDER BY e.received, e.id"
    )
    return tuple((row[0], row[1], bool(row[2])) for row in read(sql, (within_s,)))


def prune(db: sqlite3.Connection, before: float) -> None:
    """Events that were kept out belong to no incident and go with the word on them."""
    kept = f"SELECT event FROM suppressed WHERE time < ? AND {_KEPT_OUT}"
    db.execute(f"DELETE FROM events WHERE id IN ({kept}) AND id NOT IN (SELECT event FROM incident_events)", (before,))
    db.execute("DELETE FROM suppressed WHERE time < ?", (before,))
    db.execute("DELETE FROM silences WHERE expires < ?", (before,))
    db.execute("DELETE FROM verdicts WHERE time < ?", (before,))
    db.execute("DELETE FROM counted WHERE time < ?", (before,))


def _suppressed(row: SuppressedRow) -> tuple[Any, ...]:
    data, why = row.event.data, row.suppressed
    place = (data.episode, data.site, data.camera, data.kind, data.severity, data.phase)
    return (row.event.id, why.reason, why.by, why.detail, *place, row.event.time.timestamp(), row.received)
