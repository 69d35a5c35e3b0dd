"""What an event adds to an incident, and what two incidents make when they turn out to be one."""

from dataclasses import replace

from aggregator.core.incident import Incident, Source, State, noisy_or
from aggregator.core.space import centre
from contract.events import Event, Location
from contract.kinds import SEVERITIES, Severity

_RANK: dict[State, int] = {
    "suspected": 0,
    "open": 1,
    "acknowledged": 2,
    "dispatched": 3,
    "resolved": 4,
    "false_alarm": 4,
}


def begin(incident_id: str, event: Event, now: float, previous: str | None) -> Incident:
    """An empty suspected incident for its first event; `fold` puts the event in."""
    data = event.data
    return Incident(
        id=incident_id,
        kind=data.kind,
        state="suspected",
        severity=data.severity,
        confidence=0.0,
        started=data.started.timestamp(),
        last_event=event.time.timestamp(),
        updated=now,
        delayed=True,
        previous=previous,
    )


def fold(
    incident: Incident, event: Event, now: float, *, place: Location | None, running: bool, delayed: bool
) -> Incident:
    """The incident with one more event; the order of events does not matter to the result, except for exact ties.

    place: where it happened, None where nobody knows. running: whether the event's episode goes on.
    """
    data = event.data
    time = event.time.timestamp()
    strength = (SEVERITIES.index(data.severity), data.confidence, -data.started.timestamp())
    stronger = strength > incident.strength
    sources = _with_source(incident.sources, Source(data.site, data.camera, data.confidence, place))
    snapshot = next((item.sha256 for item in data.evidence if item.kind == "snapshot"), None)
    better = snapshot is not None and strength > incident.snapshot_strength
    latest = bool(data.subjects) and time >= incident.subjects_time
    ended = data.ended.timestamp() if data.ended else None
    return replace(
        incident,
        kind=data.kind if stronger else incident.kind,
        why=data.why if stronger else incident.why,
        strength=strength if stronger else incident.strength,
        severity=_worse(incident.severity, data.severity),
        confidence=noisy_or(tuple(source.confidence for source in sources)),
        started=min(incident.started, data.started.timestamp()),
        last_event=max(incident.last_event, time),
        updated=now,
        running=incident.running | {data.episode} if running else incident.running - {data.episode},
        last_end=_later(incident.last_end, ended),
        location=_where(sources) if sources is not incident.sources else incident.location,
        sources=sources,
        event_count=incident.event_count + 1,
        delayed=incident.delayed and delayed,
        zones=_with_zone(incident.zones, data.zone),
        snapshot=snapshot if better else incident.snapshot,
        snapshot_strength=strength if better else incident.snapshot_strength,
        subjects=data.subjects if latest else incident.subjects,
        subjects_time=time if latest else incident.subjects_time,
        revision=incident.revision + 1,
    )


def merge(kept: Incident, absorbed: Incident, now: float) -> Incident:
    """Both as one, under the id of `kept`, in whichever of the two states is further on."""
    sources = kept.sources
    for source in absorbed.sources:
        sources = _with_source(sources, source)
    strongest = max(kept, absorbed, key=lambda one: one.strength)
    pictured = max(kept, absorbed, key=lambda one: one.snapshot_strength)
    newest = max(kept, absorbed, key=lambda one: one.subjects_time)
    return replace(
        kept,
        state=max(kept.state, absorbed.state, key=lambda state: _RANK[state]),
        kind=strongest.kind,
        why=strongest.why,
        strength=strongest.strength,
        severity=_worse(kept.severity, absorbed.severity),
        confidence=noisy_or(tuple(source.confidence for source in sources)),
        started=min(kept.started, absorbed.started),
        last_event=max(kept.last_event, absorbed.last_event),
        updated=now,
        running=kept.running | absorbed.running,
        last_end=_later(kept.last_end, absorbed.last_end),
        location=_where(sources),
        sources=sources,
        event_count=kept.event_count + absorbed.event_count,
        delayed=kept.delayed and absorbed.delayed,
        zones=tuple(sorted({*kept.zones, *absorbed.zones})),
        snapshot=pictured.snapshot,
        snapshot_strength=pictured.snapshot_strength,
        subjects=newest.subjects,
        subjects_time=newest.subjects_time,
        previous=kept.previous or absorbed.previous,
        revision=kept.revision + 1,
    )


def _with_source(sources: tuple[Source, ...], new: Source) -> tuple[Source, ...]:
    """Sorted by site and camera; the same tuple where nothing is new."""
    for index, old in enumerate(sources):
        if (old.site, old.camera) == (new.site, new.camera):
            if new.confidence <= old.confidence and old.location is not None:
                return sources
            merged = replace(old, confidence=max(old.confidence, new.confidence), location=old.location or new.location)
            return (*sources[:index], merged, *sources[index + 1 :]) if merged != old else sources
    return tuple(sorted((*sources, new), key=lambda source: (source.site, source.camera)))


def _where(sources: tuple[Source, ...]) -> Location | None:
    """Weighted by confidence; a source that is sure of nothing still counts a little."""
    return centre([(source.location, max(source.confidence, 0.05)) for source in sources if source.location])


def _with_zone(zones: tuple[str, ...], zone: str | None) -> tuple[str, ...]:
    return zones if zone is None or zone in zones else tuple(sorted((*zones, zone)))


def _worse(a: Severity, b: Severity) -> Severity:
    return max(a, b, key=SEVERITIES.index)


def _later(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)
