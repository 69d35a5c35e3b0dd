"""Where to look for what an event may be tied to: trails by cell, site or camera, and by twenty minutes.

A trail is found in time that depends on what lies around it in place and time, never on how many incidents there are.
Iteration order is the order of insertion, so that a replay decides equally.
"""

from math import cos, radians

from aggregator.core.kinship import PAIRS
from aggregator.core.linking import FAULTS, MAX_UNCERTAINTY_M, OPEN_SHARE, REACH_M, STALE_S, WINDOW_S, Trail, metres
from aggregator.core.space import METRES_PER_DEGREE, Cells
from contract.events import Location
from contract.kinds import Kind

SLOT_S = 1200.0
DRIFT_M = 50.0
"""A trail whose place has moved by less stays listed where it was; looks reach this much farther."""
SLACK_M = 0.001
"""So that rounding leaves nothing out."""
LOOKS = 32_768
"""So many lists of places to look at are kept: cameras stand still, and look at the same ones again and again."""
_Bucket = dict[int, Trail]
_Place = dict[int, _Bucket]
"""A cell, site or camera: its trails by slot."""
SourceKey = tuple[str, str, Kind]


class TrailIndex:
    """Each incident has at most one trail per camera and kind. One thread."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._places: dict[str, _Place] = {}
        self._looks: dict[tuple[str, str, Kind], list[_Place]] = {}
        self._of: dict[str, dict[SourceKey, Trail]] = {}
        self._listed: dict[int, tuple[str, Location | None, int, int]] = {}
        self._next = 1
        self._look = 0

    def of(self, incident: str) -> tuple[Trail, ...]:
        return tuple(self._of.get(incident, {}).values())

    def count(self, incident: str) -> int:
        return len(self._of.get(incident, ()))

    def get(self, incident: str, site: str, camera: str, kind: Kind) -> Trail | None:
        own = self._of.get(incident)
        return own.get((site, camera, kind)) if own is not None else None

    def near(self, trail: Trail) -> list[Trail]:
        """Every other trail that `tie` might tie to this one, each once, and some that it will not.

        Most of what lies in the cells around is out of reach: that is seen here, without a call, by what bounds `tie`
        from above.
        """
        kinds, window, at = PAIRS[trail.kind], WINDOW_S[trail.kind], trail.place
        earliest, latest = trail.first - window, trail.until + window
        slots, camera, fault = _slots(earliest - STALE_S, latest), trail.camera, trail.kind in FAULTS
        if at is not None:
            lat, lon, open_m = at.lat, at.lon + 180, _open_m(at.radius_m) + SLACK_M
            per_degree = METRES_PER_DEGREE * cos(radians(lat))
        self._look = look = self._look + 1
        trail.mark = look
        found: list[Trail] = []
        for by_slot in filter(None, self._around(trail)):
            for bucket in [by_slot[slot] for slot in slots if slot in by_slot]:
                for other in bucket.values():
                    if other.mark == look:
                        continue
                    other.mark = look
                    last = other.last + STALE_S if other.open > 0 else other.last
                    if last < earliest or other.first > latest or (pair := kinds.get(other.kind)) is None:
                        continue
                    if other.camera != camera:
                        there = other.place
                        if at is not None and there is not None:
                            radius = there.radius_m
                            more_m = OPEN_SHARE * radius if radius < MAX_UNCERTAINTY_M else _OPEN_M
                            reach = pair.reach_m + open_m + more_m
                            north = (lat - there.lat) * METRES_PER_DEGREE
                            east = ((lon - there.lon) % 360 - 180) * per_degree
                            if north * north + east * east > reach * reach:
                                continue
                        if fault and other.kind in FAULTS:
                            continue
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
        old.open += trail.open
        self.grow(old, trail.place, trail.first, trail.last, trail.sure)
        return old

    def grow(self, trail: Trail, place: Location | None, first: float, last: float, sure: float) -> None:
        """It also covers what was seen from `first` to `last`, lately at `place`."""
        if place is not None and place != trail.place and (trail.place is None or last >= trail.last):
            trail.place = place
        if first < trail.first:
            trail.first = first
        if last > trail.last:
            trail.last = last
        if sure > trail.sure:
            trail.sure = sure
        self.relist(trail)

    def relist(self, trail: Trail) -> None:
        """After its times or its place have changed."""
        _, place, first, last = self._listed[trail.key]
        slots = first == int(trail.first // SLOT_S) and last == int(trail.last // SLOT_S)
        if slots and (place is trail.place or (place and trail.place and metres(place, trail.place) < DRIFT_M)):
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
            by_slot = self._place(key)
            for slot in slots:
                by_slot.setdefault(slot, {})[trail.key] = trail

    def _unlist(self, trail: Trail) -> None:
        """Leaves empty places where they are: `_around` knows them."""
        where, _, first, last = self._listed.pop(trail.key)
        for key in self._keys(trail, where):
            by_slot = self._places[key]
            for slot in range(first, last + 1):
                bucket = by_slot[slot]
                del bucket[trail.key]
                if not bucket:
                    del by_slot[slot]

    def _cell(self, trail: Trail) -> str:
        return self._cells.cell(trail.place.lat, trail.place.lon) if trail.place is not None else ""

    def _keys(self, trail: Trail, cell: str) -> tuple[str, ...]:
        """A placed one by its cell; by its site too, for those that are not; an unplaced one also by its camera."""
        site = f"site {trail.site}"
        return (cell, site) if cell else (f"camera {trail.site}/{trail.camera}", f"unplaced {trail.site}", site)

    def _around(self, trail: Trail) -> list[_Place]:
        """Where trails are listed of what may be tied to this one."""
        at = trail.place
        if at is None:
            return [self._place(f"camera {trail.site}/{trail.camera}"), self._place(f"site {trail.site}")]
        key = trail.site, self._cells.cell(at.lat, at.lon), trail.kind
        found = self._looks.get(key)
        if found is None:
            if len(self._looks) >= LOOKS:
                self._looks.clear()
                self._places = {name: by_slot for name, by_slot in self._places.items() if by_slot}
            cells = self._cells.around(at.lat, at.lon, REACH_M[trail.kind] + DRIFT_M)
            found = self._looks[key] = [self._place(name) for name in (f"unplaced {trail.site}", *cells)]
        return found

    def _place(self, name: str) -> _Place:
        return self._places.setdefault(name, {})


_OPEN_M = OPEN_SHARE * MAX_UNCERTAINTY_M


def _open_m(radius_m: float) -> float:
    """What a place leaves open, at most, beside another one: see `linking`."""
    return OPEN_SHARE * min(radius_m, MAX_UNCERTAINTY_M)


def _slots(first: float, last: float) -> range:
    return range(int(first // SLOT_S), int(last // SLOT_S) + 1)
