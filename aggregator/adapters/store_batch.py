"""A batch as the statements that write it, for aggregator.adapters.store_sqlite.

Rows are made before the writer's turn, in the thread that has the interpreter anyway: what the writer still needs it
for, it would have to wait for between two statements.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from aggregator.adapters import store_acts, store_judged, store_reports
from aggregator.adapters.rows import Script, insert, tables
from aggregator.core.incident import Incident
from aggregator.core.linking import EPISODE, Link, Trail
from aggregator.core.ports import Batch, EventRow, IncidentRow, LinkRow


class Body(msgspec.Struct):
    """What of an incident the correlation needs after a restart."""

    incident: Incident
    trails: tuple[Trail, ...]


_out = msgspec.json.Encoder()
_INCIDENT = (
    *("id", "kind", "state", "severity", "confidence", "started", "last_event", "updated"),
    *("merged_into", "previous", "split_from", "revision", "view", "body", "opened"),
)
_UPDATE_INCIDENT = (
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _INCIDENT[1:])} "
    "WHERE excluded.revision >= revision"
)


@dataclass(frozen=True, slots=True)
class Statements:
    """short: many statements of few rows each, which nothing of `long` hangs on; long: the rest, in this order."""

    short: Script = field(default_factory=Script)
    long: Script = field(default_factory=Script)


def statements(batch: Batch) -> Statements:
    """All but pictures, which are not copied, and the audit log, whose records hang on those before."""
    made = Statements()
    _short(made.short, batch)
    _long(made.long, batch)
    return made


def _short(db: Script, batch: Batch) -> None:
    places = sorted({(source.site, key) for key, row in batch.incidents.items() for source in row.incident.sources})
    insert(db, "INSERT INTO incident_sites", places, "ON CONFLICT DO NOTHING")
    agents = (
        (*key, _text(agent), _text(numbers) if numbers else None) for key, (agent, numbers) in batch.agents.items()
    )
    update = "ON CONFLICT (site, id) DO UPDATE SET body = excluded.body"
    insert(db, "INSERT INTO agents", agents, f"{update}, sequence = excluded.sequence")
    insert(db, "INSERT INTO cameras", ((*key, _text(one)) for key, one in batch.cameras.items()), update)
    store_acts.write(db, batch)
    store_reports.write(db, batch)
    refused = ((q.received, q.topic, q.error, q.field, q.detail, q.payload) for q in batch.quarantine)
    insert(db, "INSERT INTO quarantine (received, topic, error, field, detail, payload)", refused)
    store_judged.write(db, batch)
    if batch.holds_until is not None:
        db.execute("INSERT OR REPLACE INTO hold VALUES (1, ?)", (batch.holds_until,))


def _long(db: Script, batch: Batch) -> None:
    insert(db, "INSERT INTO events", map(event_row, batch.events), "ON CONFLICT DO NOTHING")
    insert(db, "INSERT INTO incident_events", map(_link, batch.links), "ON CONFLICT DO NOTHING")
    into = f"INSERT INTO incidents ({', '.join(_INCIDENT)})"
    insert(db, into, map(_incident, batch.incidents.values()), _UPDATE_INCIDENT)
    episodes = ((episode, state.incident, state.last, state.ended) for episode, state in batch.episodes.items())
    update = "ON CONFLICT (id) DO UPDATE SET incident = excluded.incident, last = excluded.last, ended = excluded.ended"
    insert(db, "INSERT INTO episodes", episodes, update)
    _merge(db, batch.merged)
    store_acts.move(db, batch)


def _merge(db: Script, merged: Sequence[tuple[str, str]]) -> None:
    """merged: (absorbed, kept), in order: what went on at first may have been absorbed later."""
    into: dict[str, str] = {}
    for absorbed, kept in reversed(merged):
        into[absorbed] = into.get(kept, kept)
    for pairs, values in tables(into.items()):
        gone = f"WITH gone (old, new) AS ({pairs})"
        for table in ("incident_events", "episodes"):
            db.execute(f"{gone} UPDATE {table} SET incident = gone.new FROM gone WHERE incident = gone.old", values)


def event_row(row: EventRow) -> tuple[Any, ...]:
    event, data = row.event, row.event.data
    return (
        event.id,
        data.episode,
        data.site,
        event.agent,
        data.camera,
        data.kind,
        data.phase,
        event.time.timestamp(),
        row.received,
        int(event.sequence),
        row.delayed,
        row.raw,
    )


def _incident(row: IncidentRow) -> tuple[Any, ...]:
    one = row.incident
    times = (one.started, one.last_event, one.updated)
    origins = (one.merged_into, one.previous, one.split_from)
    body = _out.encode(Body(one, row.trails))
    state = (one.id, one.kind, one.state, one.severity, one.confidence)
    return (*state, *times, *origins, one.revision, row.view, body, one.opened)


def _link(row: LinkRow) -> tuple[Any, ...]:
    link, refused = row.link, row.refused
    reasons = "" if link is EPISODE else _reasons(link)
    return row.incident, row.event, link.score, reasons, json.dumps(refused) if refused else "[]"


def _reasons(link: Link) -> str:
    reasons = msgspec.structs.asdict(link)
    del reasons["score"]
    return json.dumps(reasons)


GOES_ON = _reasons(EPISODE)
"""Most go on with an episode: nothing is stored of them."""


def _text(value: object) -> str:
    return _out.encode(value).decode()
