"""Where to look for what an event may be linked to: trails by cell, site and camera.

A trail is found in time that depends on how many trails lie around, never on how many incidents there are. Iteration
order is the order of insertion, so that a replay decides equally.
"""

from collections.abc import Iterator

from aggregator.core.linking import REACH_M, Trail
from aggregator.core.space import Cells
from contract.kinds import KINDS, Kind

_Key = tuple[str, ...]
SourceKey = tuple[str, str, Kind]


class TrailIndex:
    """Each incident has at most one trail per camera and kind. One thread."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._buckets: dict[_Key, dict[int, Trail]] = {}
        self._of: dict[str, dict[SourceKey, Trail]] = {}
        self._next = 1

    def __len__(self) -> int:
        return sum(len(trails) for trails in self._of.values())

    def get(self, incident: str, source: SourceKey) -> Trail | None:
        return self._of.get(incident, {}).get(source)

    def of(self, incident: str) -> tuple[Trail, ...]:
        return tuple(self._of.get(incident, {}).values())

    def near(self, trail: Trail) -> Iterator[Trail]:
        """Every other trail that `compare` might link to this one, and some that it will not."""
        for key in self._places_to_look(trail):
            for other in self._buckets.get(key, {}).values():
                if other.key != trail.key:
                    yield other

    def attach(self, trail: Trail, incident: str) -> tuple[Trail, bool]:
        """Gives the trail to the incident: (the trail that covers it now, whether anything grew)."""
        source = (trail.site, trail.camera, trail.kind)
        own = self._of.setdefault(incident, {})
        old = own.get(source)
        if old is None:
            trail.incident, trail.key = incident, self._next
            self._next += 1
            own[source] = trail
            for key in self._places_to_lie(trail):
                self._buckets.setdefault(key, {})[trail.key] = trail
            return trail, True
        grew = trail.first < old.first or trail.last > old.last
        old.first, old.last = min(old.first, trail.first), max(old.last, trail.last)
        if old.place is None and trail.place is not None:
            self._unlist(old)
            old.place = trail.place
            for key in self._places_to_lie(old):
                self._buckets.setdefault(key, {})[old.key] = old
            grew = True
        return old, grew

    def drop(self, incident: str) -> tuple[Trail, ...]:
        """Takes the incident's trails out and returns them, for pruning and merging."""
        trails = tuple(self._of.pop(incident, {}).values())
        for trail in trails:
            self._unlist(trail)
            trail.key = 0
        return trails

    def _unlist(self, trail: Trail) -> None:
        for key in self._places_to_lie(trail):
            bucket = self._buckets[key]
            bucket.pop(trail.key)
            if not bucket:
                del self._buckets[key]

    def _places_to_lie(self, trail: Trail) -> list[_Key]:
        if KINDS[trail.kind].family == "camera":
            return [("fault", trail.site, trail.camera)]
        if trail.place is None:
            return [("site", trail.site), ("unplaced", trail.site)]
        return [("site", trail.site), ("cell", self._cells.cell(trail.place.lat, trail.place.lon))]

    def _places_to_look(self, trail: Trail) -> list[_Key]:
        if KINDS[trail.kind].family == "camera":
            return [("fault", trail.site, trail.camera)]
        if trail.place is None:
            return [("site", trail.site)]
        around = self._cells.around(trail.place.lat, trail.place.lon, REACH_M[trail.kind])
        return [("unplaced", trail.site), *(("cell", cell) for cell in around)]
