"""An incident while events are added to it, and what two incidents make when they turn out to be one.

`Draft` is changed in place; `snapshot` makes the frozen `Incident` that everybody else sees, once per step. What it
holds does not depend on the order in which events were added, except for exact ties.
"""

from collections.abc import Iterable
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from aggregator.core.care import joined
from aggregator.core.incident import Incident, Source, believed
from aggregator.core.kinship import REPORT
from aggregator.core.severity import Places, raised, reasons
from aggregator.core.space import METRES_PER_DEGREE, centre, distance_m
from aggregator.core.states import CLOSED, State
from contract.events import Event, Location, Subject
from contract.kinds import SEVERITIES, Severity

_STATE: dict[State, int] = {
    "suspected": 0,
    "open": 1,
    "acknowledged": 2,
    "dispatched": 3,
    "resolved": 4,
    "false_alarm": 4,
}
_SEVERITY: dict[Severity, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
NO_PLACES = Places()
ROUNDED_M = 1.0
"""More than what rounding moves a place by."""
NOBODY: frozenset[str] = frozenset()


class Times(Struct, frozen=True, gc=False):
    """Of one event, seconds since the epoch, the agent's known clock error taken off. last: the latest moment that the
    event speaks of."""

    time: float
    started: float
    ended: float | None
    last: float


class _Weight(Struct, frozen=True, gc=False):
    """What follows from an incident's sources and what they counted."""

    sources: tuple[Source, ...]
    raised: tuple[str, ...]
    severity: Severity
    confidence: float
    told: float


class Draft:
    """See the module. Attributes are those of Incident, but kind is what its cameras say; sources by (site, camera).
    severity, confidence and told are as of the last `weigh`, closed is by its state. running: a set where it has
    changed since `snapshot`. due: when `Memory` looks at it again."""

    __slots__ = (
        *("id", "kind", "state", "severity", "started", "last_event", "updated", "last_end", "closed_at", "running"),
        *("event_count", "delayed", "zones", "snapshot_of", "snapshot_strength", "why", "strength", "subjects"),
        *("subjects_time", "previous", "merged_into", "opened", "gravest", "people", "people_first", "people_since"),
        *("reports", "doubts", "revision", "split_from", "apart", "care", "sources", "confidence", "told"),
        *("closed", "due", "_weight", "_where", "_placed", "_sorted", "_frozen"),
    )

    def __init__(self, one: Incident) -> None:
        self.due = inf
        self.take(one)

    @property
    def rings(self) -> bool:
        """Whether it is an alarm for something that happens now: what comes late makes that no graver."""
        return self.state != "suspected" and not self.delayed and not self.closed

    def take(self, one: Incident) -> None:
        """Becomes what `one` says."""
        self.id, self.kind, self.state, self.severity = one.id, one.told_kind or one.kind, one.state, one.severity
        self.started, self.last_event, self.updated = one.started, one.last_event, one.updated
        self.closed, self.last_end, self.closed_at = one.state in CLOSED, one.last_end, one.closed_at
        self.running: set[str] | frozenset[str] = one.running
        self.event_count, self.delayed, self.zones = one.event_count, one.delayed, one.zones
        self.snapshot_of, self.snapshot_strength = one.snapshot, one.snapshot_strength
        self.why, self.strength = one.why, one.strength
        self.subjects, self.subjects_time = one.subjects, one.subjects_time
        self.previous, self.merged_into, self.opened = one.previous, one.merged_into, one.opened
        self.gravest, self.people, self.people_first = one.gravest, one.people, one.people_first
        self.people_since, self.reports, self.doubts = one.people_since, one.reports, one.doubts
        self.revision, self.split_from, self.apart, self.care = one.revision, one.split_from, one.apart, one.care
        self.sources = {(source.site, source.camera): source for source in one.sources}
        self._sorted = True
        self.confidence, self.told = one.confidence, 0.0
        self._weight: _Weight | None = None
        self._where: Location | None = None
        self._placed = False
        self._frozen: Incident | None = one

    def moved(self, one: Incident) -> None:
        """Becomes what `move` has made of it: no more is new than its state and what goes with that."""
        self.state, self.closed, self.closed_at = one.state, one.state in CLOSED, one.closed_at
        self.updated, self.opened, self.doubts, self.revision = one.updated, one.opened, one.doubts, one.revision
        self.running, self.last_end, self._frozen = one.running, one.last_end, one

    def thaw(self) -> None:
        """After `take` of something whose derived attributes are to be worked out anew."""
        self._frozen = self._weight = None
        self._placed = False

    def add(self, event: Event, at: Times, now: float, source: Source | None, running: bool, delayed: bool) -> None:
        """One more event. source: who told it, and where it was; None where that says nothing new. running:
        whether its episode goes on."""
        data = event.data
        late = delayed and self.rings
        self._frozen = None
        self.updated = now
        self.event_count += 1
        self.revision += 1
        if self.delayed and not delayed and (self.event_count == 1 or self.state != "suspected"):
            self.delayed = False
        if at.started < self.started:
            self.started = at.started
        if at.time > self.last_event:
            self.last_event = at.time
        if running != (data.episode in self.running):
            if isinstance(self.running, frozenset):
                self.running = set(self.running)
            if running:
                self.running.add(data.episode)
            else:
                self.running.remove(data.episode)
        if at.ended is not None and (self.last_end is None or at.ended > self.last_end):
            self.last_end = at.ended
        strength = (_SEVERITY[data.severity], data.confidence, -at.started)
        if strength > self.strength and not late:
            self.strength, self.kind, self.why = strength, data.kind, data.why
            if strength[0] > _SEVERITY[self.gravest]:
                self.gravest, self._weight = data.severity, None
        if data.evidence and strength > self.snapshot_strength:
            snapshot = next((item.sha256 for item in data.evidence if item.kind == "snapshot"), None)
            if snapshot is not None:
                self.snapshot_of, self.snapshot_strength = snapshot, strength
        if data.subjects and not late:
            self._count(data.subjects, at.time)
        if data.zone is not None and data.zone not in self.zones:
            self.zones = tuple(sorted((*self.zones, data.zone))) if self.zones else (data.zone,)
        if data.kind is REPORT and data.phase == "begin" and not late:
            self.reports += 1
            self._weight = None
        if source is not None:
            self._source(source)

    def absorb(self, other: "Draft", now: float) -> None:
        """Both as one, under this one's id, in whichever of the two states is further on."""
        self._frozen = self._weight = None
        self.state = max(self.state, other.state, key=_STATE.__getitem__)
        self.closed = self.state in CLOSED
        self.gravest = max(self.gravest, other.gravest, key=_SEVERITY.__getitem__)
        if other.strength > self.strength:
            self.strength, self.kind, self.why = other.strength, other.kind, other.why
        if other.snapshot_strength > self.snapshot_strength:
            self.snapshot_of, self.snapshot_strength = other.snapshot_of, other.snapshot_strength
        if other.subjects_time > self.subjects_time:
            self.subjects, self.subjects_time = other.subjects, other.subjects_time
        if other.people_since is not None and (self.people_since is None or other.people_since < self.people_since):
            self.people_first, self.people_since = other.people_first, other.people_since
        self.people, self.reports = max(self.people, other.people), self.reports + other.reports
        self.started, self.last_event = min(self.started, other.started), max(self.last_event, other.last_event)
        ends = [end for end in (self.last_end, other.last_end) if end is not None]
        self.last_end = max(ends) if ends else None
        self.running = self.running | other.running
        self.event_count += other.event_count
        self.delayed = (any if self.state == "suspected" else all)((self.delayed, other.delayed))
        self.zones = tuple(sorted({*self.zones, *other.zones}))
        self.previous = self.previous or other.previous
        self.apart = tuple(sorted({*self.apart, *other.apart} - {self.id, other.id}))
        self.care = joined(self.care, other.care)
        opened = [time for time in (self.opened, other.opened) if time is not None]
        self.opened = min(opened) if opened else None
        self.updated = now
        self.revision += 1
        for source in other.sources.values():
            self._source(source)

    def doubt(self, why: tuple[str, ...]) -> None:
        """Why it stays suspected although its sources' own word would open it; nothing where they would not."""
        if why != self.doubts:
            self.doubts, self._frozen = why, None
            self.revision += 1

    def hand_over(self, episodes: Iterable[str], other: "Draft") -> None:
        """They go on as the other's."""
        self.running, other.running = self.running.difference(episodes), other.running.union(episodes)
        self._frozen = other._frozen = None
        self.revision += 1

    def came_late(self, late: bool) -> None:
        """Whether what makes it an alarm did: then it is none, but listed as what a backlog told of."""
        if self.delayed != late:
            self.delayed, self._frozen = late, None
            self.revision += 1

    def snapshot(self, places: Places = NO_PLACES) -> Incident:
        """What it is now, frozen; the same object until something changes."""
        if self._frozen is None:
            self._frozen = self._freeze(places)
        return self._frozen

    def weigh(self, places: Places) -> _Weight:
        """Severity and confidence by what all sources told; worked out anew only where that has changed."""
        weight = self._weight
        if weight is None:
            sources = self._in_order()
            where = self.place() if places.known else None
            near = places.near(where) if where else ()
            why = reasons(len(sources), self.people, self.people_first, self.reports, near)
            weight = self._weight = _Weight(sources, why, raised(self.gravest, why), *believed(sources))
        self.severity = self.care.severity or weight.severity
        self.confidence, self.told = weight.confidence, weight.told
        return weight

    def place(self) -> Location | None:
        """Where it is, by all sources; worked out anew only where one is new, surer or placed, and somebody asks."""
        if self._frozen is not None:
            return self._frozen.location
        if not self._placed:
            sources = self._in_order()
            if len(sources) == 1:  # as most
                self._where = sources[0].location
            else:
                self._where = centre([(one.location, one.confidence) for one in sources if one.location])
            self._placed = True
        return self._where

    def within(self, place: Location, reach_m: float) -> bool:
        """Whether it is no farther off, where its place is known. A place that is yet to be worked out lies among its
        sources: where none of them is farther, it need not be."""
        known = self._placed or self._frozen is not None
        most = (reach_m - ROUNDED_M) / METRES_PER_DEGREE
        for at in (self.place(),) if known else [source.location for source in self.sources.values()]:
            # Along the meridian and then the parallel is never shorter than the great circle, and soon reckoned.
            if at is not None and abs(at.lat - place.lat) + abs(at.lon - place.lon) > most:
                break
        else:
            return True
        here = self.place()
        return here is None or distance_m(here, place) <= reach_m

    def _freeze(self, places: Places) -> Incident:
        """In the order of the fields: by their names it takes three times as long, and it is done with each batch."""
        weight, care = self.weigh(places), self.care
        running = self.running = frozenset(self.running) if self.running else NOBODY  # the same one until it changes
        return Incident(
            self.id,
            care.kind or self.kind,
            self.state,
            self.severity,
            weight.confidence,
            self.started,
            self.last_event,
            self.updated,
            self.last_end,
            self.closed_at,
            self.place(),
            weight.sources,
            running,
            self.event_count,
            self.delayed,
            self.zones,
            self.snapshot_of,
            self.snapshot_strength,
            self.why,
            self.strength,
            self.subjects,
            self.subjects_time,
            self.previous,
            self.merged_into,
            self.opened,
            self.gravest,
            weight.raised if care.severity is None else (*weight.raised, f"operator:{weight.severity}"),
            self.people,
            self.people_first,
            self.people_since,
            self.reports,
            self.doubts if self.opened is None else (),
            self.revision,
            self.split_from,
            self.apart,
            care,
            None if care.kind is None else self.kind,
            None if care.severity is None else weight.severity,
        )

    def _in_order(self) -> tuple[Source, ...]:
        """Its sources by (site, camera)."""
        if not self._sorted:
            self.sources, self._sorted = dict(sorted(self.sources.items())), True
        return tuple(self.sources.values())

    def _source(self, new: Source) -> None:
        """A source counts once, with the greatest confidence of its events, at the first place it gave."""
        key = (new.site, new.camera)
        old = self.sources.get(key)
        if old is None:
            self.sources[key] = new
            self._weight, self._placed, self._sorted = None, False, len(self.sources) == 1
        elif new.confidence > old.confidence or (old.location is None and new.location is not None):
            best = new if new.confidence > old.confidence else old
            self.sources[key] = replace(best, location=old.location or new.location)
            self._weight, self._placed = None, False

    def _count(self, subjects: tuple[Subject, ...], time: float) -> None:
        if time >= self.subjects_time:
            self.subjects, self.subjects_time = subjects, time
        for subject in subjects:
            if subject.cls == "person":
                if subject.count > self.people:
                    self.people, self._weight = subject.count, None
                if self.people_since is None or time < self.people_since:
                    self.people_first, self.people_since, self._weight = subject.count, time, None


def begin(incident_id: str, event: Event, at: Times, now: float, previous: str | None) -> Draft:
    """An empty suspected incident for its first event; `add` puts the event in."""
    data = event.data
    return Draft(
        Incident(
            id=incident_id,
            kind=data.kind,
            state="suspected",
            severity=data.severity,
            confidence=0.0,
            started=at.started,
            last_event=at.time,
            updated=now,
            delayed=True,
            previous=previous,
        )
    )


_PEOPLES = ("state", "closed_at", "opened", "revision", "merged_into", "split_from", "apart", "care")


def emptied(draft: Draft, fresh: Draft) -> Incident:
    """What `fresh` is, with all that people saw of the draft and did to it."""
    return replace(fresh.snapshot(), **{name: getattr(draft, name) for name in _PEOPLES})


def age(draft: Draft) -> str:
    """UUIDv7 ids sort by when the incident's first event began."""
    return draft.id
