"""What lies around an incident: others like it, and cameras that may show it, too."""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.incident import Incident
from aggregator.core.kinship import PAIRS
from aggregator.core.linking import metres
from aggregator.core.liveness import Camera
from contract.events import Location

NEAR_M = 1_000.0
NEAR_S = 7_200.0
MOST = 8


@dataclass(frozen=True, slots=True)
class Neighbour:
    """distance_m: between the two places; None where one is not known. gap_s: between the two in time, 0 where they
    overlap. alike: whether their kinds can tell of one thing."""

    incident: Incident
    distance_m: float | None
    gap_s: float
    alike: bool


def around(one: Incident, others: Iterable[Incident]) -> list[Neighbour]:
    """Those near in place (or, where a place is unknown, at the same site) and time: what can be the same first, then
    the nearest. What was absorbed is left out."""
    sites = {source.site for source in one.sources}
    found = []
    for other in others:
        if other.id == one.id or other.merged_into is not None:
            continue
        gap = max(0.0, other.started - one.last_event, one.started - other.last_event)
        if gap > NEAR_S:
            continue
        distance = metres(one.location, other.location) if one.location and other.location else None
        if distance is None and sites.isdisjoint(source.site for source in other.sources):
            continue
        if distance is not None and distance > NEAR_M:
            continue
        found.append(Neighbour(other, distance, gap, other.kind in PAIRS[one.kind]))
    found.sort(key=lambda near: (not near.alike, near.distance_m or 0.0, near.gap_s, near.incident.id))
    return found[:MOST]


def cameras_near(place: Location, cameras: Iterable[Camera]) -> list[tuple[Camera, float]]:
    """The nearest first, with their distance in metres."""
    found = [(camera, metres(place, camera.location)) for camera in cameras if camera.location is not None]
    near = [(camera, distance) for camera, distance in found if distance <= NEAR_M]
    near.sort(key=lambda one: (one[1], one[0].site, one[0].id))
    return near[:MOST]
