"""Where to look for what an event may be tied to: trails by cell or site, and by twenty minutes.

A trail is found in time that depends on what lies around it in place and time, never on how many incidents there are.
Looks are more frequent than new trails, and cameras stand still: so each cell that is looked from keeps what lies in
all cells around it (its *hood*), and a trail that is listed is put into every hood that its cell belongs to.

What is found comes in the order in which it was attached, so that a replay decides equally.
"""

from collections.abc import Mapping
from math import cos, inf, radians, sqrt

from msgspec import Struct

from aggregator.core.kinship import FAR, PAIRS
from aggregator.core.linking import OPEN_SHARE, REACH_M, STALE_S, WINDOW_S, Trail
from aggregator.core.space import METRES_PER_DEGREE, Cells
from contract.events import Location
from contract.kinds import Kind

SLOT_S = 1200.0
DRIFT_M = 50.0
"""A trail whose place has moved by less stays listed where it was; looks reach this much farther."""
LONGEST = 72
"""Slots: a trail is listed for its last day, and looks for as long. What lasts longer takes nothing more in, unless
`max_age_s` says so; and a camera may tell of one thing for weeks, or say that it began years ago, which each hood would
hold slot by slot."""
SLACK_M = 0.001
"""So that rounding leaves nothing out."""
FARTHEST_M = max([reach_m for kind, reach_m in REACH_M.items() if kind not in FAR]) + DRIFT_M
HOODS = 32_768
"""So many hoods are kept."""
_Slots = dict[int, list[Trail]]
"""Trails by slot, each once. A trail is in each slot from its first to its last, but see LONGEST."""
_Name = int | str | tuple[str]
"""A cell, all of a site, or (site,): of that what has no place."""
SourceKey = tuple[str, str, Kind]
Near = tuple[int, Trail, float | None]
"""A trail's key, the trail, and its distance in metres; None where a place is not known."""


class _Place(Struct, gc=False):
    """A cell or a site that a trail was listed in. holders: its own trails, and then the hoods that hold them, too."""

    own: _Slots
    holders: list[_Slots]


class _Listing(Struct, frozen=True, gc=False):
    """Where and when a trail is listed. cell: -1 without a place."""

    cell: int
    place: Location | None
    first: int
    last: int


class TrailIndex:
    """Each incident has at most one trail per camera and kind. One thread."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._places: dict[_Name, _Place] = {}
        self._hoods: dict[int, _Slots] = {}
        self._far: dict[int, _Slots] = {}
        """Of what is seen from far (FAR), once more, by cell: it is rare, and looks for its like beyond a hood."""
        self._of: dict[str, dict[SourceKey, Trail]] = {}
        self._listed: dict[int, _Listing] = {}
        self._next = 1

    def of(self, incident: str) -> tuple[Trail, ...]:
        return tuple(self._of.get(incident, {}).values())

    def count(self, incident: str) -> int:
        return len(self._of.get(incident, ()))

    def by_source(self, incident: str) -> Mapping[SourceKey, Trail]:
        return self._of.get(incident, _NONE)

    def near(self, trail: Trail) -> list[Near]:
        """Every other trail that `tie` might tie to this one, each once, and some that it will not.

        Most of what lies in the cells around is out of reach: that is seen here, without a call, by what bounds `tie`
        from above; how far away it is (`metres`), `tie` need not reckon again.
        """
        camera, at, window = trail.camera, trail.place, WINDOW_S[trail.kind]
        kinds = PAIRS[trail.kind]
        until = trail.last + STALE_S if trail.running else trail.last
        earliest, latest = trail.first - window, until + window
        begin, end = int((earliest - STALE_S) // SLOT_S), int(latest // SLOT_S)
        if end - begin > LONGEST:
            begin = end - LONGEST
        slots = range(begin, end + 1)
        if at is not None:
            lat, lon, open_m = at.lat, at.lon, OPEN_SHARE * at.radius_m + SLACK_M
            narrower = cos(radians(lat))
        found: list[Near] = []
        for by_slot in self._around(trail):
            for slot in slots:
                if slot not in by_slot:
                    continue
                since = slot * SLOT_S
                past = since < earliest  # what is in a later one lasted until then at least
                if slot == begin:
                    since = -inf
                for other in by_slot[slot]:
                    if other.kind not in kinds:
                        continue
                    if past and (last := other.last) < earliest and (not other.running or last + STALE_S < earliest):
                        continue
                    pair, there, distance = kinds[other.kind], other.place, None
                    if at is not None and there is not None:
                        reach = pair.reach_m + open_m + OPEN_SHARE * there.radius_m
                        north, turned = (lat - there.lat) * METRES_PER_DEGREE, lon - there.lon + 180.0
                        if turned < 0.0 or turned >= 360.0:
                            turned %= 360.0
                        east = (turned - 180.0) * METRES_PER_DEGREE * narrower
                        squared = north * north + east * east
                        if squared > reach * reach and other.camera != camera:
                            continue
                        distance = sqrt(squared)
                    if pair.faults == 2 and other.camera != camera:
                        continue
                    # What began before the slot was in the one before, too.
                    if since <= other.first <= latest and other is not trail:
                        found.append((other.key, other, distance))
        if len(found) > 1:
            found.sort()
        return found

    def attach(self, trail: Trail, incident: str) -> Trail:
        """Gives the trail to the incident; returns the one that covers it now. One that has a key was here before a
        restart, and keeps its turn."""
        source = (trail.site, trail.camera, trail.kind)
        own = self._of.get(incident)
        if own is None:
            own = self._of[incident] = {}
        old = own.get(source)
        if old is None:
            trail.incident = incident
            if not trail.key or trail.key in self._listed:
                trail.key = self._next
            if trail.key >= self._next:
                self._next = trail.key + 1
            own[source] = trail
            self._list(trail)
            return trail
        for episode, (first, last) in trail.running.items():
            old.tells(episode, first, last)
        self.grow(old, trail.place, trail.first, trail.last, trail.sure)
        return old

    def give(self, trail: Trail, incident: str) -> None:
        """From its incident to another, which has none of that camera and kind."""
        del self._of[trail.incident][trail.site, trail.camera, trail.kind]
        self._unlist(trail)
        trail.key = 0
        self.attach(trail, incident)

    def grow(self, trail: Trail, place: Location | None, first: float, last: float, sure: float) -> None:
        """It also covers what was told for so long, there and that surely."""
        before, longer, moved = trail.place, False, False
        if sure > trail.sure:
            trail.sure = sure
        if place is not None and (before is None or last >= trail.last) and place != before:
            trail.place, moved = place, True
        if last > trail.last:
            longer = last % SLOT_S < last - trail.last  # a slot has begun since
            trail.last = last
        if first < trail.first:
            trail.first, longer = first, True
        if longer or moved:
            self._relist(trail, longer)

    def _relist(self, trail: Trail, longer: bool) -> None:
        """After its place has changed, or the slots that it lasts for."""
        listing, place = self._listed[trail.key], trail.place
        before = listing.place
        stays = before is place
        if before is not None and place is not None:  # a degree of longitude is no longer than one of latitude
            north, east = before.lat - place.lat, before.lon - place.lon
            stays = north * north + east * east < _DRIFT_DEG2
        if stays and not longer:  # as most of what goes on
            return
        first, last = _slots(trail)
        if stays and first == listing.first and last == listing.last:
            return
        if before is place and first == listing.first:  # it only goes on
            self._enter(trail, listing.cell, first, last, listing.last + 1)
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
        at = trail.place
        cell = self._cells.cell(at.lat, at.lon) if at is not None else -1
        first, last = _slots(trail)
        self._enter(trail, cell, first, last, first)

    def _enter(self, trail: Trail, cell: int, first: int, last: int, begin: int) -> None:
        """begin: the first slot that it is not in yet."""
        slots = range(begin, last + 1)
        self._listed[trail.key] = _Listing(cell, trail.place, first, last)
        for by_slot in self._holders(trail, cell):
            for slot in slots:
                if slot in by_slot:
                    by_slot[slot].append(trail)
                else:
                    by_slot[slot] = [trail]

    def _unlist(self, trail: Trail) -> None:
        listing = self._listed.pop(trail.key)
        slots = range(listing.first, listing.last + 1)
        for by_slot in self._holders(trail, listing.cell):
            for slot in slots:
                bucket = by_slot[slot]
                bucket.remove(trail)  # soon found: those that are forgotten came first
                if not bucket:
                    del by_slot[slot]

    def _holders(self, trail: Trail, cell: int) -> list[_Slots]:
        """All that the trail is listed in: by its cell, or as one without a place; and by its site, for those that have
        none."""
        name: _Name = (trail.site,) if cell == -1 else cell
        place = self._places.get(name) or self._place(name, trail.place)
        site = self._places.get(trail.site) or self._place(trail.site, None)
        holders = [site.own, *place.holders]
        if cell != -1 and trail.kind in FAR:
            holders.append(self._far.setdefault(cell, {}))
        return holders

    def _around(self, trail: Trail) -> tuple[_Slots, ...]:
        """Where trails are listed of what may be tied to this one."""
        at = trail.place
        if at is None:
            return self._own(trail.site)
        cell = self._cells.cell(at.lat, at.lon)
        hood = self._hoods.get(cell)
        around = *self._own((trail.site,)), hood if hood is not None else self._hood(cell, at)
        if trail.kind not in FAR:
            return around
        within = self._cells.around(at.lat, at.lon, FARTHEST_M)
        beyond = self._cells.around(at.lat, at.lon, REACH_M[trail.kind] + DRIFT_M)
        return *around, *[self._far[one] for one in beyond if one in self._far and one not in within]

    def _hood(self, cell: int, at: Location) -> _Slots:
        """All that lies in the cells around, from now on. Most of them are empty: those are not kept."""
        if len(self._hoods) >= HOODS:
            self._hoods.clear()
            self._places = {name: place for name, place in self._places.items() if place.own}
            for place in self._places.values():
                del place.holders[1:]
        hood = self._hoods[cell] = {}
        places = self._places
        for name in self._cells.around(at.lat, at.lon, FARTHEST_M):
            if name not in places:
                continue
            place = places[name]
            place.holders.append(hood)
            for slot, bucket in place.own.items():
                hood.setdefault(slot, []).extend(bucket)
        return hood

    def _own(self, name: _Name) -> tuple[_Slots, ...]:
        place = self._places.get(name)
        return (place.own,) if place is not None else ()

    def _place(self, name: _Name, at: Location | None) -> _Place:
        """Where something is to be listed for the first time. at: in it, where it is a cell."""
        own: _Slots = {}
        holders = [own]
        if at is not None and isinstance(name, int):
            hoods, around = self._hoods, self._cells.around(at.lat, at.lon, FARTHEST_M)
            holders += [hoods[cell] for cell in around if cell in hoods]
        place = self._places[name] = _Place(own, holders)
        return place


_NONE: Mapping[SourceKey, Trail] = {}


def _slots(trail: Trail) -> tuple[int, int]:
    """The first and the last slot that it is listed in."""
    first, last = int(trail.first // SLOT_S), int(trail.last // SLOT_S)
    return first if last - first < LONGEST else last - LONGEST + 1, last


_DRIFT_DEG2 = (DRIFT_M / METRES_PER_DEGREE) ** 2
