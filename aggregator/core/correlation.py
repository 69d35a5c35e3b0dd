"""Events to incidents, one at a time, each in time that does not depend on how many incidents there are.

Every incident has a *trail* per camera and kind: the hull in time of what that camera told. Two trails are linked by
kind × time × distance (`linking.compare`); incidents are the connected components of that graph. Links only grow as
trails grow, and every growth looks around anew, so the components do not depend on the order in which events come, as
long as no incident is closed or reaches its greatest age or extent meanwhile. (Single linkage: simple, order-free, and
known to chain; the greatest extent and age bound the chain.)

The episode of an event decides first: begin, update and end always belong to the same incident.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Literal

from aggregator.core.fold import begin, fold, merge
from aggregator.core.incident import SYSTEM, Change, Incident, OpeningPolicy, State, move, opening
from aggregator.core.linking import EPISODE, FIRST, Link, Trail, compare
from aggregator.core.space import Cells, Grid, distance_m
from aggregator.core.trails import TrailIndex
from contract.events import Event, Location
from contract.ids import derived_uuid7

Refused = Literal["closed", "age", "extent"]
Locate = Callable[[str, str], Location | None]
"""(site, camera) to where the camera is, None where nobody knows."""


@dataclass(frozen=True, slots=True)
class CorrelationPolicy:
    """max_age_s: an incident takes no new episode beyond this, and is closed. max_extent_m: nor one farther from its
    centre. quiet_s: a suspected incident is closed this long after its last event. memory_s: how long a closed incident
    can still be named as `previous` or take late events. delayed_after_s: an event older than this on arrival is
    delayed whatever it says itself."""

    opening: OpeningPolicy = field(default_factory=OpeningPolicy)
    max_age_s: float = 21_600.0
    max_extent_m: float = 2_000.0
    quiet_s: float = 1_800.0
    memory_s: float = 7_200.0
    delayed_after_s: float = 300.0


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """Where an episode belongs, and whether it has ended."""

    incident: str
    last: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one event did. incidents: each that changed, as it is now, absorbed ones included. merged: (absorbed, kept).
    refused: incidents it would have joined, and why it did not."""

    incident: str
    link: Link
    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...]
    merged: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, Refused], ...] = ()


class Correlator:
    """State of the running correlation. One thread; reads no clock: `now` is seconds since the epoch."""

    def __init__(
        self, policy: CorrelationPolicy | None = None, cells: Cells | None = None, locate: Locate | None = None
    ) -> None:
        self.policy = policy or CorrelationPolicy()
        self._index = TrailIndex(cells or Grid())
        self._locate = locate or (lambda _site, _camera: None)
        self._incidents: dict[str, Incident] = {}
        self._episodes: dict[str, EpisodeState] = {}
        self._merged: dict[str, str] = {}
        self._absorbed: dict[str, list[str]] = {}
        self._watched: dict[str, float] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._forgettable: list[tuple[float, str]] = []
        self._step = _Step()

    def __len__(self) -> int:
        return len(self._incidents)

    def get(self, incident: str) -> Incident | None:
        """The incident while it is in memory: until `memory_s` after it was closed. Absorbed ones have their own id."""
        return self._incidents.get(incident)

    def trails(self, incident: str) -> tuple[Trail, ...]:
        return self._index.of(incident)

    def episode(self, episode: str) -> EpisodeState | None:
        return self._episodes.get(episode)

    def restore(
        self, incident: Incident, trails: Iterable[Trail], episodes: Iterable[tuple[str, EpisodeState]]
    ) -> None:
        """Puts back what a store kept, before the first step."""
        self._incidents[incident.id] = incident
        if incident.merged_into:
            self._note_merge(incident.id, incident.merged_into)
        for trail in trails:
            self._index.attach(trail, incident.id)
        for episode, state in episodes:
            self._episodes[episode] = state
            heappush(self._forgettable, (state.last, episode))
        self._watch(incident)

    def step(self, event: Event, now: float) -> Outcome:
        """Takes the event in. The caller has seen to it that each event id comes once."""
        self._step = _Step()
        data = event.data
        time, started = event.time.timestamp(), data.started.timestamp()
        place = data.location or self._locate(data.site, data.camera)
        last = max(time, data.ended.timestamp() if data.ended else started)
        probe = Trail(data.site, data.camera, data.kind, place, min(started, time), last)
        delayed = data.delayed or now - time > self.policy.delayed_after_s
        known = self._known(data.episode)
        if known is not None:
            target, link = self._root(known.incident), EPISODE
        else:
            target, link = self._choose(probe, event, now, delayed)
        ended = data.phase == "end" or (known is not None and known.ended)
        if data.episode not in self._episodes:
            heappush(self._forgettable, (last, data.episode))
        self._episodes[data.episode] = EpisodeState(target, max(last, known.last if known else last), ended)
        incident = self._incidents[target]
        running = not ended and (not incident.closed or data.episode in incident.running)
        self._keep(fold(incident, event, now, place=place, running=running, delayed=delayed))
        trail, grew = self._index.attach(probe, target)
        if grew and not incident.closed:
            self._spread(trail, now)
        target = self._root(target)
        if not delayed:
            self._promote(target, now)
        self._watch(self._incidents[target])
        return self._step.outcome(target, link, self._incidents)

    def transition(self, incident: str, to: State, now: float, actor: str, reason: str) -> tuple[Incident, Change]:
        """An operator's step. Raises KeyError where the incident is not in memory, and TransitionRefused."""
        moved, change = move(self._incidents[incident], to, now, party="operator", actor=actor, reason=reason)
        self._incidents[incident] = moved
        self._watch(moved)
        return moved, change

    def tick(self, now: float) -> tuple[tuple[Incident, ...], tuple[Change, ...]]:
        """Closes what is over and forgets what is old; touches only what is due."""
        self._step = _Step()
        while self._deadlines and self._deadlines[0][0] <= now:
            incident = self._incidents.get(heappop(self._deadlines)[1])
            if incident is None:
                continue
            self._watched.pop(incident.id, None)
            due, reason = self._deadline(incident)
            if due <= now and incident.closed:
                self._forget(incident.id)
                continue
            if due <= now:
                self._move(incident, "resolved", now, reason)
            self._watch(self._incidents[incident.id])
        while self._forgettable and self._forgettable[0][0] + self.policy.memory_s <= now:
            self._forget_episode(heappop(self._forgettable)[1], now)
        outcome = self._step.outcome("", FIRST, self._incidents)
        return outcome.incidents, outcome.changes

    def _choose(self, probe: Trail, event: Event, now: float, delayed: bool) -> tuple[str, Link]:
        """The incident for the first event of an episode that was heard of: the best linked one, or a new one."""
        best: tuple[float, str] | None = None
        links: dict[str, Link] = {}
        past: list[tuple[float, str]] = []
        for other in self._index.near(probe):
            link = compare(probe, other)
            if not isinstance(link, Link):
                continue
            incident = self._incidents[other.incident]
            refused = self._refuses(incident, probe, delayed)
            if refused is not None:
                self._step.refused[incident.id] = refused
                past.append((incident.last_event, incident.id))
                continue
            rank = (-link.score - (0 if incident.closed else 1), incident.id)
            if best is None or rank < best:
                best, links[incident.id] = rank, link
        if best is not None:
            return best[1], links[best[1]]
        new_id = derived_uuid7(max(0, int(event.data.started.timestamp() * 1000)), "incident", event.id)
        previous = max(past)[1] if past else None
        self._keep(begin(new_id, event, now, previous))
        self._step.changes.append(Change(new_id, now, SYSTEM, None, "suspected", "first_event"))
        return new_id, FIRST

    def _refuses(self, incident: Incident, probe: Trail, delayed: bool) -> Refused | None:
        late = delayed and incident.closed_at is not None and probe.last <= incident.closed_at
        if incident.closed and not late:
            return "closed"
        return self._too_much(incident, probe.first, probe.last, probe.place)

    def _too_much(self, incident: Incident, first: float, last: float, place: Location | None) -> Refused | None:
        """What forbids the incident to grow by something of this time and place."""
        if max(incident.last_event, last) - min(incident.started, first) > self.policy.max_age_s:
            return "age"
        here = incident.location
        if here and place and distance_m(here, place) > self.policy.max_extent_m:
            return "extent"
        return None

    def _spread(self, trail: Trail, now: float) -> None:
        """Merges the incidents that the grown trail links, until nothing more is linked."""
        grown = [trail]
        while grown:
            trail = grown.pop()
            if trail.key == 0:
                continue
            for other in tuple(self._index.near(trail)):
                if other.key == 0 or other.incident == trail.incident or not isinstance(compare(trail, other), Link):
                    continue
                mine, theirs = self._incidents[trail.incident], self._incidents[other.incident]
                if theirs.closed:
                    continue
                refused = self._too_much(mine, theirs.started, theirs.last_event, theirs.location)
                if refused is not None:
                    self._step.refused[theirs.id] = refused
                    continue
                grown += self._merge(min(mine, theirs, key=_age), max(mine, theirs, key=_age), now)
                if trail.key == 0:
                    break

    def _merge(self, kept: Incident, absorbed: Incident, now: float) -> list[Trail]:
        """One incident of two; returns the trails that grew or moved."""
        one = merge(kept, absorbed, now)
        self._keep(one)
        self._step.changes.append(Change(one.id, now, SYSTEM, kept.state, one.state, f"absorbed:{absorbed.id}"))
        self._move(absorbed, "resolved", now, f"merged_into:{one.id}")
        self._keep(replace(self._incidents[absorbed.id], merged_into=one.id))
        self._note_merge(absorbed.id, one.id)
        self._step.merged.append((absorbed.id, one.id))
        self._watch(self._incidents[absorbed.id])
        moved = (self._index.attach(trail, one.id) for trail in self._index.drop(absorbed.id))
        return [trail for trail, grew in moved if grew]

    def _promote(self, incident: str, now: float) -> None:
        reason = opening(self._incidents[incident], self.policy.opening)
        if reason is not None:
            self._move(self._incidents[incident], "open", now, reason)

    def _move(self, incident: Incident, to: State, now: float, reason: str) -> None:
        moved, change = move(incident, to, now, party="system", actor=SYSTEM, reason=reason)
        self._keep(moved)
        self._step.changes.append(change)

    def _keep(self, incident: Incident) -> None:
        self._incidents[incident.id] = incident
        self._step.touched[incident.id] = None

    def _root(self, incident: str) -> str:
        while incident in self._merged:
            incident = self._merged[incident]
        return incident

    def _deadline(self, incident: Incident) -> tuple[float, str]:
        """When something is to be done about it next, and why."""
        policy = self.policy
        if incident.closed:
            return max(incident.closed_at or incident.updated, incident.last_event) + policy.memory_s, "memory"
        oldest = max(incident.started + policy.max_age_s, incident.updated + policy.quiet_s)
        if incident.state == "suspected":
            quiet = max(incident.last_event, incident.updated) + policy.quiet_s
            return min((quiet, "quiet"), (oldest, "max_age"))
        return oldest, "max_age"

    def _watch(self, incident: Incident) -> None:
        """One entry per incident in the heap; a deadline that moved away is looked at again when it comes up."""
        due = self._deadline(incident)[0]
        if due < self._watched.get(incident.id, float("inf")):
            self._watched[incident.id] = due
            heappush(self._deadlines, (due, incident.id))

    def _note_merge(self, absorbed: str, kept: str) -> None:
        self._merged[absorbed] = kept
        self._absorbed.setdefault(kept, []).append(absorbed)

    def _known(self, episode: str) -> EpisodeState | None:
        """The episode's state while its incident is in memory."""
        state = self._episodes.get(episode)
        return state if state is not None and self._root(state.incident) in self._incidents else None

    def _forget(self, incident: str) -> None:
        self._index.drop(incident)
        self._watched.pop(incident, None)
        del self._incidents[incident]
        if incident not in self._merged:
            gone = [incident]
            while gone:
                for absorbed in self._absorbed.pop(gone.pop(), []):
                    self._merged.pop(absorbed, None)
                    gone.append(absorbed)

    def _forget_episode(self, episode: str, now: float) -> None:
        state = self._episodes[episode]
        root = self._root(state.incident)
        if root in self._incidents and (not state.ended or state.last + self.policy.memory_s > now):
            heappush(self._forgettable, (max(state.last, now), episode))
        else:
            del self._episodes[episode]


@dataclass(slots=True)
class _Step:
    """What one step has touched so far."""

    touched: dict[str, None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)

    def outcome(self, incident: str, link: Link, incidents: dict[str, Incident]) -> Outcome:
        touched = tuple(incidents[one] for one in self.touched)
        return Outcome(incident, link, touched, tuple(self.changes), tuple(self.merged), tuple(self.refused.items()))


def _age(incident: Incident) -> str:
    """UUIDv7 ids sort by when the incident's first event began."""
    return incident.id
