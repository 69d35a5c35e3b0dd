"""Events of a file to incidents, with the same correlation as the running aggregator; the same input gives the same
bytes.

Time is the events' own: each is taken in at the moment it happened, in order of event time whatever its place in the
file.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

import msgspec
from msgspec.structs import force_setattr
from msgspec.structs import replace as replace_of

from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import Incident
from aggregator.core.liveness import Camera, placed
from aggregator.core.severity import Places
from aggregator.core.space import Cells
from aggregator.views import rfc3339
from contract.codec import decode_event
from contract.errors import CodecError, JagaError
from contract.events import Event


@dataclass(frozen=True, slots=True)
class BadLine:
    """number: counts from 1."""

    number: int
    error: JagaError


@dataclass(slots=True)
class Reading:
    """What a file held: each event once, in order of event time."""

    events: list[Event] = field(default_factory=list)
    duplicates: int = 0
    refused: list[BadLine] = field(default_factory=list)


def read_events(lines: Iterable[tuple[int, bytes]]) -> Reading:
    """lines: with their numbers. One that is no event is noted and the others go on, and so is one of an id that was
    there before and said something else: the first counts."""
    reading, seen, numbers, shared = Reading(), dict[str, int](), array("Q"), dict[object, object]()
    for number, line in lines:
        try:
            event = decode_event(line)
        except CodecError as error:
            reading.refused.append(BadLine(number, error))
            continue
        first = seen.setdefault(event.id, len(numbers))
        if first == len(numbers):
            reading.events.append(_sharing(event, shared))
            numbers.append(number)
        elif _same(reading.events[first], event):
            reading.duplicates += 1
        else:
            reading.refused.append(
                BadLine(number, JagaError("correlate.other_event", id=event.id, first=numbers[first]))
            )
    reading.events.sort(key=by_time)
    return reading


def _sharing(event: Event, shared: dict[object, object]) -> Event:
    """The event, holding once what others say, too: a million of a city then take 1 GB instead of 2. It was just
    read, so nobody else has it."""
    data, why = event.data, event.data.why
    for part, names in (
        (event, ("source", "type", "specversion", "datacontenttype")),
        (data, ("site", "camera", "zone", "phase", "severity", "location", "subjects", "clock")),
        (why, ("rule", "measures", "model", "config_hash")),
    ):
        for name in names:
            value = getattr(part, name)
            force_setattr(part, name, shared.setdefault(value, value))
    for name in ("started", "ended"):
        if getattr(data, name) == event.time:
            force_setattr(data, name, event.time)
    return event


def _same(one: Event, other: Event) -> bool:
    """An agent that sends what it had kept says so, and the event is the same."""
    return one == other or replace_of(one, data=replace_of(one.data, delayed=other.data.delayed)) == other


def by_time(event: Event) -> tuple[datetime, str, str, str]:
    """What events are sorted by: when they happened, each agent's own in the order it sent them."""
    return event.time, event.source, event.sequence, event.id


@dataclass(frozen=True, slots=True)
class Result:
    incident: Incident
    events: tuple[str, ...]


def correlate(
    events: Iterable[Event],
    cameras: Iterable[Camera] = (),
    policy: CorrelationPolicy | None = None,
    cells: Cells | None = None,
    places: Places | None = None,
) -> list[Result]:
    """Incidents in order of their ids, which is that of their beginnings. `events` are in order of event time."""
    spots = placed(cameras)
    # Sorted by event time already, so nothing needs to wait; and late is what says so, since nobody saw it come.
    correlator = Correlator(
        replace(policy or CorrelationPolicy(), reorder_s=0.0, delayed_after_s=inf),
        cells,
        lambda site, camera: spots.get((site, camera)),
        places,
    )
    incidents: dict[str, Incident] = {}
    members: dict[str, list[str]] = {}
    for event in events:
        now = event.time.timestamp()
        for outcome in (correlator.tick(now), correlator.step((event,), now)):
            incidents.update((one.id, one) for one in outcome.incidents)
            for one in outcome.assigned:
                members.setdefault(one.incident, []).append(event.id)
            for absorbed, kept in outcome.merged:
                members.setdefault(kept, []).extend(members.pop(absorbed, []))
    standing = sorted(one.id for one in incidents.values() if one.merged_into is None)
    return [Result(incidents[one], tuple(sorted(members[one]))) for one in standing]


def lines(results: Iterable[Result]) -> Iterator[bytes]:
    """incidents.jsonl, one JSON object a line with its newline."""
    for result in results:
        one = result.incident
        yield (
            msgspec.json.encode(
                {
                    "id": one.id,
                    "events": result.events,
                    "kind": one.kind,
                    "started": rfc3339(one.started),
                    "ended": rfc3339(one.ended),
                    "confidence": one.confidence,
                    "severity": one.severity,
                    "location": one.location,
                    "sources": len(one.sources),
                    "state": one.state,
                    "opened": rfc3339(one.opened),
                    "delayed": one.delayed,
                }
            )
            + b"\n"
        )
