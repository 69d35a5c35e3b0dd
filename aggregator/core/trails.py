"""Where to look for what an event may be tied to: trails by cell, site or camera, and by twenty minutes.

A trail is found in time that depends on what lies around it in place and time, never on how many incidents there are.
Iteration order is the order of insertion, so that a replay decides equally.
"""

from aggregator.core.kinship import PAIRS
from aggregator.core.linking import REACH_M, STALE_S, WINDOW_S, Trail, metres
from aggregator.core.space import Cells
from contract.events import Location
from contract.kinds import Kind

SLOT_S = 1200.0
DRIFT_M = 50.0
"""A trail whose place has moved by less stays listed where it was; looks reach this much farther."""
_Bucket = dict[int, Trail]
SourceKey = tuple[str, str, Kind]


class TrailIndex:
    """Each incident has at most one trail per camera and kind. One thread."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._buckets: dict[str, dict[int, _Bucket]] = {}
        self._of: dict[str, dict[SourceKey, Trail]] = {}
        self._listed: dict[int, tuple[str, Location | None, int, int]] = {}
        self._next = 1
        self._look = 0

    def of(self, incident: str) -> tuple[Trail, ...]:
        return tuple(self._of.get(incident, {}).values())

    def count(self, incident: str) -> int:
        return len(self._of.get(incident, ()))

    def near(self, trail: Trail) -> list[Trail]:
        """Every other trail that `tie` might tie to this one, each once, and some that it will not."""
        kinds, window = PAIRS[trail.kind], WINDOW_S[trail.kind]
        earliest, latest = trail.first - window, trail.until + window
        slots = _slots(earliest - STALE_S, latest)
        self._look = look = self._look + 1
        trail.mark = look
        found: list[Trail] = []
        get = self._buckets.get
        for place in self._places_to_look(trail):
            by_slot = get(place)
            if by_slot is None:
                continue
            for slot in slots:
                bucket = by_slot.get(slot)
                if bucket is None:
                    continue
                for other in bucket.values():
                    if other.mark == look:
                        continue
                    other.mark = look
                    last = other.last + STALE_S if other.open > 0 else other.last
                    if last >= earliest and other.first <= latest and other.kind in kinds:
                        found.append(other)
        return found

    def attach(self, trail: Trail, incident: str) -> Trail:
        """Gives the trail to the incident; returns the one that covers it now."""
        source = (trail.site, trail.camera, trail.kind)
        own = self._of.setdefault(incident, {})
        old = own.get(source)
        if old is None:
            trail.incident, trail.key, trail.mark = incident, self._next, 0
            self._next += 1
            own[source] = trail
            self._list(trail)
            return trail
        if trail.place is not None and (old.place is None or trail.last >= old.last):
            old.place = trail.place
        old.first, old.last = min(old.first, trail.first), max(old.last, trail.last)
        old.open += trail.open
        old.sure = max(old.sure, trail.sure)
        self.relist(old)
        return old

    def relist(self, trail: Trail) -> None:
        """After its times or its place have changed."""
        _, place, first, last = self._listed[trail.key]
        slots = _slots(trail.first, trail.last)
        stays = place is trail.place or (place and trail.place and metres(place, trail.place) < DRIFT_M)
        if stays and slots[0] == first and slots[-1] == last:
            return
        self._unlist(trail)
        self._list(trail)

    def drop(self, incident: str) -> tuple[Trail, ...]:
        """Takes the incident's trails out and returns them, for pruning and merging."""
        trails = tuple(self._of.pop(incident, {}).values())
        for trail in trails:
            self._unlist(trail)
            trail.key = 0
        return trails

    def _list(self, trail: Trail) -> None:
        slots = _slots(trail.first, trail.last)
        where = self._cell(trail)
        self._listed[trail.key] = (where, trail.place, slots[0], slots[-1])
        for key in self._keys(trail, where):
            by_slot = self._buckets.setdefault(key, {})
            for slot in slots:
                by_slot.setdefault(slot, {})[trail.key] = trail

    def _unlist(self, trail: Trail) -> None:
        where, _, first, last = self._listed.pop(trail.key)
        for key in self._keys(trail, where):
            by_slot = self._buckets[key]
            for slot in range(first, last + 1):
                bucket = by_slot[slot]
                del bucket[trail.key]
                if not bucket:
                    del by_slot[slot]
            if not by_slot:
                del self._buckets[key]

    def _cell(self, trail: Trail) -> str:
        return self._cells.cell(trail.place.lat, trail.place.lon) if trail.place is not None else ""

    def _keys(self, trail: Trail, cell: str) -> tuple[str, ...]:
        """A placed one by its cell; by its site too, for those that are not; an unplaced one also by its camera."""
        site = f"site {trail.site}"
        return (cell, site) if cell else (f"camera {trail.site}/{trail.camera}", f"unplaced {trail.site}", site)

    def _places_to_look(self, trail: Trail) -> list[str]:
        if trail.place is None:
            return [f"camera {trail.site}/{trail.camera}", f"site {trail.site}"]
        reach = REACH_M[trail.kind] + DRIFT_M
        return [f"unplaced {trail.site}", *self._cells.around(trail.place.lat, trail.place.lon, reach)]


def _slots(first: float, last: float) -> range:
    return range(int(first // SLOT_S), int(last // SLOT_S) + 1)
