"""What one event says of when and where, and what its word is worth, by the correlation's reckoning."""

from collections.abc import Callable

from aggregator.core.fold import Draft, Times
from aggregator.core.incident import Source
from aggregator.core.precision import Precision, weighed
from aggregator.core.space import ADDRESS_M
from contract.events import Event, Location
from contract.ids import derived_uuid7
from contract.kinds import Kind

Locate = Callable[[str, str], Location | None]
"""(site, camera) to where the camera is, None where nobody knows."""
Trust = Callable[[str, str, Kind, float, str], Precision | None]
"""(site, camera, kind, time, rule) to what verdicts have shown of it, None while nobody has judged it."""
SIGHT_M = 55.0
"""How far a street camera sees a person well enough to tell what they do."""
SAME_DEG = 2e-5
"""Two metres: what a place may differ by through rounding and still be the camera's own."""
CLOCK_MAX_S = 600.0
"""An agent's word on its own clock is taken up to here."""


def ahead_s(offset_ms: float) -> float:
    """How far an agent's clock is ahead, by its own word."""
    return min(CLOCK_MAX_S, max(-CLOCK_MAX_S, offset_ms / 1000.0))


def time_of(event: Event) -> float:
    """Of `times_of`, when it happened."""
    return event.time.timestamp() - ahead_s(event.data.clock.offset_ms)


def times_of(event: Event) -> Times:
    data = event.data
    off = data.clock.offset_ms / 1000.0
    if off > CLOCK_MAX_S or off < -CLOCK_MAX_S:
        off = ahead_s(data.clock.offset_ms)
    time = event.time.timestamp() - off
    started = time if data.started == event.time else data.started.timestamp() - off
    if data.ended is None:
        return Times(time, started, None, time if time > started else started)
    ended = time if data.ended == event.time else data.ended.timestamp() - off
    return Times(time, started, ended, time if time > ended else ended)


def place_of(event: Event, locate: Locate) -> Location | None:
    """Where it happened. A camera that gives its own place does not say where in its sight that is; nor, where it has
    but an address, where it stands."""
    data = event.data
    own = locate(data.site, data.camera)
    given = data.location or own
    if given is None or own is None:
        return given
    address = own.radius_m >= ADDRESS_M
    if given.radius_m >= SIGHT_M and not address:
        return given
    if abs(given.lat - own.lat) > SAME_DEG or abs(given.lon - own.lon) > SAME_DEG:
        return given
    return own if address else Location(lat=given.lat, lon=given.lon, radius_m=SIGHT_M)


def ties_at(place: Location | None) -> Location | None:
    """The place by which it ties to others; by an address it ties as one of its site."""
    return None if place is None or place.radius_m >= ADDRESS_M else place


def source_of(event: Event, at: Times, place: Location | None, trust: Trust, draft: Draft) -> Source | None:
    """Who tells it, with what their word was worth then; None where the draft knows as much."""
    data = event.data
    precision = trust(data.site, data.camera, data.kind, at.time, data.why.rule)
    confidence = data.confidence if precision is None else weighed(data.confidence, precision.beside)
    old = draft.sources.get((data.site, data.camera))
    if old is not None and confidence <= old.confidence and (old.location is not None or place is None):
        return None
    if precision is None:
        return Source(data.site, data.camera, confidence, place, data.confidence, data.kind)
    return Source(
        data.site,
        data.camera,
        confidence,
        place,
        data.confidence,
        data.kind,
        weighed(data.confidence, precision.alone),
        round(precision.mean, 4),
        round(precision.verdicts, 2),
    )


def incident_id(event: Event, at: Times) -> str:
    """Of an incident that begins with this event."""
    return derived_uuid7(max(0, int(at.started * 1000)), "incident", event.id)
