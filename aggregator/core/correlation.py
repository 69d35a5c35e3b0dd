"""Events to incidents, each in time that does not depend on how many incidents there are.

Every incident has a *trail* per camera and kind: the hull in time of what that camera told. An episode's first event
is compared with the trails around it and goes to the incident that most likely brought it forth, or to a new one
(`attribution`); an event that ties two incidents together merges them. The episode decides first: begin, update and end
always belong to the same incident. Nothing is ever split.

Events wait until those that happened before them can have come (`ordering`), so that incidents do not depend on the
order of arrival within `reorder_s`. What is critical is shown at once all the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from msgspec.structs import replace

from aggregator.core.attribution import BRIDGE, LASTING, LASTS_S, MARGIN, Attribution, Pull
from aggregator.core.fold import Draft, Times, age, begin
from aggregator.core.incident import SYSTEM, Change, Heard, Incident, OpeningPolicy, State, against, move, opening
from aggregator.core.kinship import VAGUE
from aggregator.core.lineage import Lineage
from aggregator.core.linking import EPISODE, FIRST, Link, Trail
from aggregator.core.ordering import Held, Ordering
from aggregator.core.outcome import Assigned, EpisodeState, Outcome, Refused, Step, opened
from aggregator.core.rates import Rates
from aggregator.core.severity import Places
from aggregator.core.space import Cells, Grid, distance_m
from aggregator.core.trails import TrailIndex
from aggregator.core.witness import Locate, Trust, incident_id, place_of, source_of, times_of
from contract.events import Event, Location


@dataclass(frozen=True, slots=True)
class CorrelationPolicy:
    """reorder_s: how long an event waits for others that happened before it; 0 takes events in the order given.
    max_age_s: an incident takes no new episode beyond this, and is closed. max_extent_m: nor one farther from its
    centre. quiet_s: a suspected incident is closed this long after its last event. memory_s: how long a closed incident
    can still be named as `previous` or take late events. delayed_after_s: an event older than this on arrival is
    delayed whatever it says itself."""

    opening: OpeningPolicy = field(default_factory=OpeningPolicy)
    reorder_s: float = 2.0
    max_age_s: float = 21_600.0
    max_extent_m: float = 2_000.0
    quiet_s: float = 1_800.0
    memory_s: float = 7_200.0
    delayed_after_s: float = 300.0


SETTLED = 3
"""Two incidents of so many trails each are not merged by something vague."""


class Correlator:
    """State of the running correlation. One thread; reads no clock: `now` is seconds since the epoch."""

    def __init__(
        self,
        policy: CorrelationPolicy | None = None,
        cells: Cells | None = None,
        locate: Locate | None = None,
        places: Places | None = None,
        trust: Trust | None = None,
    ) -> None:
        self.policy = policy or CorrelationPolicy()
        self._index = TrailIndex(cells or Grid(200.0))
        self._rates = Rates()
        self._attribution = Attribution(self._index, self._rates, self._sources)
        self._ordering = Ordering(self.policy.reorder_s)
        self._locate = locate or (lambda _site, _camera: None)
        self._places = places or Places()
        self._trust = trust or (lambda _site, _camera, _kind, _time: None)
        self._drafts: dict[str, Draft] = {}
        self._episodes: dict[str, EpisodeState] = {}
        self._lineage = Lineage()
        self._watched: dict[str, float] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._forgettable: list[tuple[float, str]] = []
        self._step = Step()

    def __len__(self) -> int:
        return len(self._drafts)

    @property
    def waiting(self) -> int:
        """Events that were taken in and not yet assigned."""
        return len(self._ordering)

    def get(self, incident: str) -> Incident | None:
        """The incident while it is in memory: until `memory_s` after it was closed. Absorbed ones have their own id."""
        draft = self._drafts.get(incident)
        return draft.snapshot(self._places) if draft is not None else None

    def incidents(self) -> Iterator[Incident]:
        """All that are in memory."""
        return (draft.snapshot(self._places) for draft in self._drafts.values())

    def trails(self, incident: str) -> tuple[Trail, ...]:
        return self._index.of(incident)

    def episode(self, episode: str) -> EpisodeState | None:
        return self._episodes.get(episode)

    def restore(
        self, incident: Incident, trails: Iterable[Trail], episodes: Iterable[tuple[str, EpisodeState]]
    ) -> None:
        """Puts back what a store kept, before the first step."""
        self._drafts[incident.id] = Draft(incident)
        if incident.merged_into:
            self._lineage.note(incident.id, incident.merged_into)
        for trail in trails:
            self._index.attach(trail, incident.id)
        for episode, state in episodes:
            self._episodes[episode] = state
            heappush(self._forgettable, (state.last, episode))
        self._watch(self._drafts[incident.id])

    def step(self, events: Iterable[Event], now: float, hushed: frozenset[str] = frozenset()) -> Outcome:
        """Takes events in and assigns those that need not wait any longer, these and earlier ones. The caller has seen
        to it that each event id comes once. hushed: ids of those that open nothing by themselves."""
        self._step = Step()
        for event in events:
            held = self._ordering.push(event, times_of(event), now, event.id in hushed)
            if event.data.severity == "critical" and event.data.phase == "begin" and not self._is_delayed(held):
                self._announce(held, now)
        self._release(now)
        return self._step.outcome(self._drafts, self._places)

    def wait(self, event: Event, received: float, hushed: bool = False) -> None:
        """Takes in an event that a store kept, before the first step; it is assigned with the next step or tick."""
        self._ordering.push(event, times_of(event), received, hushed)

    def gather(self, episodes: Iterable[str], now: float) -> Outcome:
        """Makes one incident of those that hold these episodes, as of cameras that an outage took together."""
        self._step = Step()
        roots = {self._lineage.root(known.incident) for one in episodes if (known := self._known(one)) is not None}
        drafts = sorted((self._drafts[one] for one in roots if not self._drafts[one].closed), key=age)
        for other in drafts[1:]:
            self._absorb(drafts[0], other, now)
        return self._step.outcome(self._drafts, self._places)

    def tick(self, now: float) -> Outcome:
        """Assigns what has waited long enough, closes what is over, forgets what is old; touches only what is due."""
        self._step = Step()
        self._release(now)
        while self._deadlines and self._deadlines[0][0] <= now:
            draft = self._drafts.get(heappop(self._deadlines)[1])
            if draft is None:
                continue
            self._watched.pop(draft.id, None)
            due, reason = self._deadline(draft)
            if due <= now and draft.closed:
                self._forget(draft.id)
                continue
            if due <= now:
                self._move(draft, "resolved", now, reason)
            self._watch(draft)
        while self._forgettable and self._forgettable[0][0] + self.policy.memory_s <= now:
            self._forget_episode(heappop(self._forgettable)[1], now)
        return self._step.outcome(self._drafts, self._places)

    def transition(self, incident: str, to: State, now: float, actor: str, reason: str) -> tuple[Incident, Change]:
        """An operator's step. Raises KeyError where the incident is not in memory, and TransitionRefused."""
        draft = self._drafts[incident]
        moved, change = move(draft.snapshot(self._places), to, now, party="operator", actor=actor, reason=reason)
        draft.take(moved)
        self._watch(draft)
        return moved, change

    def _release(self, now: float) -> None:
        """Assigns what has waited long enough."""
        for held in self._ordering.due(now):
            self._assign(held, now)

    def _is_delayed(self, held: Held) -> bool:
        return held.event.data.delayed or held.received - held.at.time > self.policy.delayed_after_s

    def _assign(self, held: Held, now: float) -> None:
        """One event to its incident."""
        event, data, at = held.event, held.event.data, held.at
        place = place_of(event, self._locate)
        delayed = self._is_delayed(held)
        known = self._known(data.episode)
        ended = data.phase == "end" or (known is not None and known.ended)
        last = at.last
        probe = Trail(data.site, data.camera, data.kind, place, min(at.started, at.time), last, sure=data.confidence)
        probe.open = opened(known, ended)
        pulls: list[Pull] = []
        if known is not None:
            target, link = self._lineage.root(known.incident), EPISODE
            last = max(last, known.last)
        else:
            target, link, pulls = self._choose(probe, event, at, now, delayed)
            heappush(self._forgettable, (last, data.episode))
        self._episodes[data.episode] = EpisodeState(target, last, ended)
        draft = self._drafts[target]
        running = not ended and (not draft.closed or data.episode in draft.running)
        draft.add(event, at, now, source_of(event, place, self._trust, draft), running, delayed)
        self._step.touch(target)
        trail = self._index.attach(probe, target)
        if known is not None and self._index.count(target) == 1:
            if trail.last - trail.first >= LASTS_S and not draft.closed:
                self._look_again(trail, now)
        elif pulls and not draft.closed:
            self._bridge(probe, target, pulls, now)
        target = self._lineage.root(target)
        draft = self._drafts[target]
        if not delayed and not held.hushed and draft.state == "suspected":
            self._promote(draft, now, probe)
        if known is None:
            self._watch(draft)
        refused = tuple(self._step.refused.items()) if self._step.refused else ()
        self._step.refused.clear()
        self._step.assigned.append(Assigned(event, held.received, target, link, delayed, refused))

    def _choose(self, probe: Trail, event: Event, at: Times, now: float, delayed: bool) -> tuple[str, Link, list[Pull]]:
        """The incident for the first event of an episode that was heard of: the likeliest, or a new one."""
        pulls = self._attribution.pulls(probe)
        allowed, refused = self._allowed(pulls, probe, delayed)
        self._step.refused.update(refused)
        own_id = incident_id(event, at)
        announced = self._drafts.get(own_id)
        if allowed and not (announced is not None and announced.closed):  # who closed it has decided on this event
            best = allowed[0]
            self._rates.note(probe.site, probe.camera, probe.kind, probe.first, best.confirmed)
            if announced is not None:
                self._absorb(self._drafts[best.incident], announced, now)
            return best.incident, self._attribution.link(best, pulls, probe), allowed[1:]
        self._rates.note(probe.site, probe.camera, probe.kind, probe.first, False)
        if announced is not None:
            self._empty(announced, event, at, now)
        else:
            self._drafts[own_id] = begin(own_id, event, at, now, self._previous(refused))
            self._step.changes.append(Change(own_id, now, SYSTEM, None, "suspected", "first_event"))
        self._step.touch(own_id)
        return own_id, FIRST, []

    def _allowed(self, pulls: list[Pull], probe: Trail, delayed: bool) -> tuple[list[Pull], dict[str, Refused]]:
        """The incidents that the probe may join, likeliest first, open ones before closed ones; and why not others."""
        allowed: list[Pull] = []
        refused: dict[str, Refused] = {}
        for pull in pulls:
            if pull.rate > MARGIN * pull.against:
                reason = self._refuses(self._drafts[pull.incident], probe, delayed)
                if reason is None:
                    allowed.append(pull)
                else:
                    refused[pull.incident] = reason
        if len(allowed) > 1:
            allowed.sort(key=lambda pull: self._drafts[pull.incident].closed)
        return allowed, refused

    def _previous(self, refused: Iterable[str]) -> str | None:
        """The latest of them."""
        return max(refused, key=lambda one: (self._drafts[one].last_event, one), default=None)

    def _announce(self, held: Held, now: float) -> None:
        """Shows what is critical before its turn has come: as an incident of its own, which holds no trail yet and goes
        on as what the event's turn makes of it."""
        event, data = held.event, held.event.data
        if self._known(data.episode) is not None or self.policy.reorder_s == 0:
            return
        at = held.at
        place = place_of(event, self._locate)
        probe = Trail(data.site, data.camera, data.kind, place, at.started, at.last, sure=data.confidence)
        likely = self._allowed(self._attribution.pulls(probe), probe, False)[0]
        if likely and self._drafts[likely[0].incident].state != "suspected":
            return  # it is shown already
        own_id = incident_id(event, at)
        if own_id in self._drafts:
            return
        draft = self._drafts[own_id] = begin(own_id, event, at, now, None)
        self._step.changes.append(Change(own_id, now, SYSTEM, None, "suspected", "first_event"))
        draft.add(event, at, now, source_of(event, place, self._trust, draft), True, False)
        self._step.touch(own_id)
        self._promote(draft, now, probe)
        self._watch(draft)

    def _empty(self, draft: Draft, event: Event, at: Times, now: float) -> None:
        """Takes out what was announced, so that it is not counted twice; what operators saw and did stays."""
        fresh = begin(draft.id, event, at, now, draft.previous).snapshot()
        kept = {"state": draft.state, "closed_at": draft.closed_at, "opened": draft.opened}
        draft.take(replace(fresh, **kept, revision=draft.revision))

    def _bridge(self, probe: Trail, target: str, pulls: list[Pull], now: float) -> None:
        """Merges into one those incidents that the event ties to its own, where they agree."""
        for pull in pulls:
            mine, theirs = self._drafts[self._lineage.root(target)], self._drafts[self._lineage.root(pull.incident)]
            if mine is theirs or theirs.closed or mine.closed or pull.rate <= BRIDGE * pull.against:
                continue
            small = min(self._index.count(mine.id), self._index.count(theirs.id))
            if (probe.kind in VAGUE and small >= SETTLED) or not self._attribution.are_one(mine.id, theirs.id):
                continue
            other = theirs.snapshot(self._places)
            refused = self._too_much(mine, other.started, other.last_event, other.location)
            if refused is not None:
                self._step.refused[theirs.id] = refused
                continue
            self._absorb(min(mine, theirs, key=age), max(mine, theirs, key=age), now)

    def _look_again(self, trail: Trail, now: float) -> None:
        """Merges an incident that is one trail and goes on into the one it most likely belongs to."""
        for pull in self._attribution.pulls(trail):
            mine, theirs = self._drafts[trail.incident], self._drafts[pull.incident]
            if theirs.closed or pull.own or pull.rate <= LASTING * pull.against:
                continue
            if self._too_much(theirs, trail.first, trail.last, trail.place) is None:
                self._absorb(min(mine, theirs, key=age), max(mine, theirs, key=age), now)
                return

    def _absorb(self, kept: Draft, absorbed: Draft, now: float) -> None:
        """One incident of two."""
        if not self._index.count(absorbed.id):  # announced only: its event is yet to be counted
            first = absorbed.snapshot(self._places)
            absorbed.take(replace(first, sources=(), running=frozenset(), event_count=0, reports=0))
        before = kept.state
        kept.absorb(absorbed, now)
        self._step.touch(kept.id)
        self._step.changes.append(Change(kept.id, now, SYSTEM, before, kept.state, f"absorbed:{absorbed.id}"))
        if not absorbed.closed:
            self._move(absorbed, "resolved", now, f"merged_into:{kept.id}")
        absorbed.take(replace(absorbed.snapshot(self._places), merged_into=kept.id))
        self._step.touch(absorbed.id)
        self._lineage.note(absorbed.id, kept.id)
        self._step.merged.append((absorbed.id, kept.id))
        self._watch(absorbed)
        for trail in self._index.drop(absorbed.id):
            self._index.attach(trail, kept.id)

    def _sources(self, incident: str) -> int:
        return len(self._drafts[incident].sources)

    def _refuses(self, draft: Draft, probe: Trail, delayed: bool) -> Refused | None:
        late = delayed and draft.closed_at is not None and probe.last <= draft.closed_at
        if draft.closed and not late:
            return "closed"
        return self._too_much(draft, probe.first, probe.last, probe.place)

    def _too_much(self, draft: Draft, first: float, last: float, place: Location | None) -> Refused | None:
        """What forbids the incident to grow by something of this time and place."""
        if max(draft.last_event, last) - min(draft.started, first) > self.policy.max_age_s:
            return "age"
        here = draft.place(self._places) if place is not None else None
        if here and place and distance_m(here, place) > self.policy.max_extent_m:
            return "extent"
        return None

    def _promote(self, draft: Draft, now: float, told: Trail) -> None:
        draft.weigh(self._places)
        unconfirmed = self._rates.per_s(told.site, told.camera, told.kind, told.last) * 3600
        heard = Heard(unconfirmed, told.last - told.first)
        reason = opening(draft, self.policy.opening, heard)
        if reason is not None:
            self._move(draft, "open", now, reason)
            return
        draft.doubt(against(draft, self.policy.opening, heard))

    def _move(self, draft: Draft, to: State, now: float, reason: str) -> None:
        moved, change = move(draft.snapshot(self._places), to, now, party="system", actor=SYSTEM, reason=reason)
        draft.take(moved)
        self._step.touch(draft.id)
        self._step.changes.append(change)

    def _deadline(self, draft: Draft) -> tuple[float, str]:
        """When something is to be done about it next, and why."""
        policy = self.policy
        if draft.closed:
            return max(draft.closed_at or draft.updated, draft.last_event) + policy.memory_s, "memory"
        oldest = max(draft.started + policy.max_age_s, draft.updated + policy.quiet_s)
        if draft.state == "suspected":
            quiet = max(draft.last_event, draft.updated) + policy.quiet_s
            return min((quiet, "quiet"), (oldest, "max_age"))
        return oldest, "max_age"

    def _watch(self, draft: Draft) -> None:
        """One entry per incident in the heap; a deadline that moved away is looked at again when it comes up."""
        due = self._deadline(draft)[0]
        if due < self._watched.get(draft.id, float("inf")):
            self._watched[draft.id] = due
            heappush(self._deadlines, (due, draft.id))

    def _known(self, episode: str) -> EpisodeState | None:
        """The episode's state while its incident is in memory."""
        state = self._episodes.get(episode)
        return state if state is not None and self._lineage.root(state.incident) in self._drafts else None

    def _forget(self, incident: str) -> None:
        self._index.drop(incident)
        self._watched.pop(incident, None)
        del self._drafts[incident]
        self._lineage.forget(incident)

    def _forget_episode(self, episode: str, now: float) -> None:
        state = self._episodes[episode]
        root = self._lineage.root(state.incident)
        if root in self._drafts and (not state.ended or state.last + self.policy.memory_s > now):
            heappush(self._forgettable, (max(state.last, now), episode))
        else:
            del self._episodes[episode]
