"""Where an incident was in the order of time, from its trails."""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.linking import Trail, metres

STEP_M = 40.0
"""What lies nearer than this to the place before it is no movement: cameras' own places are about as uncertain."""
MOST = 24
"""Waypoints at most; of more, the first and the latest."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """time: when it was first seen there, seconds since the epoch."""

    lat: float
    lon: float
    time: float


def path(trails: Iterable[Trail]) -> tuple[Waypoint, ...]:
    """Empty where it did not move, or where nobody knows the places. Trails have one place each: the latest."""
    placed = [trail for trail in trails if trail.place is not None]
    if len(placed) < 2:
        return ()
    placed.sort(key=lambda one: (one.first, one.site, one.camera))
    kept: list[Trail] = []
    for trail in placed:
        before = kept[-1].place if kept else None
        if trail.place is not None and (before is None or metres(before, trail.place) >= STEP_M):
            kept.append(trail)
    if len(kept) < 2:
        return ()
    if len(kept) > MOST:
        kept = [kept[0], *kept[1 - MOST :]]
    return tuple(Waypoint(one.place.lat, one.place.lon, one.first) for one in kept if one.place is not None)
