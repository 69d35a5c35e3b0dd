"""Events to incidents, each in time that does not depend on how many incidents there are.

Every incident has a *trail* per camera and kind: the hull in time of what that camera told. An episode's first event
is compared with the trails around it and goes to the incident that most likely brought it forth, or to a new one
(`attribution`); an event that ties two incidents together merges them. The episode decides first: begin, update and end
belong to the same incident, but see `Memory.part`. What was told is only moved by an operator (`surgery`).

Events wait until those that happened before them can have come (`ordering`), so that incidents do not depend on the
order of arrival within `reorder_s`. What is critical is shown at once all the same.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from aggregator.core import surgery
from aggregator.core.actions import Deed, perform
from aggregator.core.attribution import BRIDGE, LASTING, Attribution, Pull, goes_on
from aggregator.core.care import UNTOUCHED
from aggregator.core.fold import NOBODY, Draft, Times, age, begin, emptied
from aggregator.core.incident import Change, Heard, Incident, against, opening
from aggregator.core.kinship import VAGUE, comes_of
from aggregator.core.linking import EPISODE, FIRST, HeardSince, Link, Trail, always
from aggregator.core.memory import CorrelationPolicy as CorrelationPolicy
from aggregator.core.memory import Memory
from aggregator.core.ordering import Held, Ordering
from aggregator.core.outcome import Assigned, EpisodeState, Outcome, Refused, Step
from aggregator.core.rates import Counted, brief_s
from aggregator.core.severity import Places
from aggregator.core.space import Cells, Grid
from aggregator.core.states import SYSTEM
from aggregator.core.surgery import Eyes, Told
from aggregator.core.trails import TrailIndex
from aggregator.core.witness import Locate, Trust, incident_id, place_of, source_of, ties_at, times_of
from contract.events import Event, EventData, Location

SETTLED = 3
"""Two incidents of so many trails each are not merged by something vague."""

_NONE: tuple[tuple[str, Refused], ...] = ()


class Correlator:
    """State of the running correlation. One thread; reads no clock: `now` is seconds since the epoch."""

    def __init__(
        self,
        policy: CorrelationPolicy | None = None,
        cells: Cells | None = None,
        locate: Locate | None = None,
        places: Places | None = None,
        trust: Trust | None = None,
        heard: HeardSince = always,
    ) -> None:
        self.policy = policy or CorrelationPolicy()
        self._index = TrailIndex(cells or Grid(200.0))
        self._memory = Memory(self.policy, self._index, places or Places(), heard)
        self._drafts, self._episodes, self._lineage = (
            self._memory.drafts,
            self._memory.episodes,
            self._memory.lineage,
        )
        self._rates = self._memory.rates
        self._attribution = Attribution(self._index, self._rates, self._drafts, heard)
        self._ordering = Ordering(self.policy.reorder_s, self.policy.delayed_after_s)
        self._announced: dict[str, str] = {}
        """Episodes that wait for their turn, to the incident that they were announced as."""
        self._locate = locate or (lambda _site, _camera: None)
        self._trust = trust or (lambda _site, _camera, _kind, _time, _rule: None)

    def __len__(self) -> int:
        return len(self._drafts)

    @property
    def waiting(self) -> int:
        """Events that were taken in and not yet assigned."""
        return len(self._ordering)

    def get(self, incident: str) -> Incident | None:
        """The incident while it is in memory: until `memory_s` after it was closed. Absorbed ones have their own id."""
        draft = self._drafts.get(incident)
        return self._memory.snapshot(draft) if draft is not None else None

    def incidents(self) -> Iterator[Incident]:
        """All that are in memory."""
        return (self._memory.snapshot(draft) for draft in self._drafts.values())

    def trails(self, incident: str) -> tuple[Trail, ...]:
        """As they are now: copies, since they go on to change."""
        return tuple([replace(trail, running=trail.running.copy()) for trail in self._index.of(incident)])

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
            self._memory.expect(episode, state.last)
            self._episodes[episode] = state
        self._memory.watch(self._drafts[incident.id])

    def resume(self, counted: Iterable[Counted], heard: float, now: float, holds_until: float | None) -> float | None:
        """Goes on after a restart. counted: what a store kept of what cameras tell anyway. heard: when anybody was
        heard last; where that is long ago, what was told since comes before anything is closed for being quiet.
        holds_until: what this returned last, which another restart meanwhile does not shorten. Returns before when
        nothing is closed or forgotten."""
        self._rates.restore(counted)
        if now - heard > self.policy.delayed_after_s:
            holds_until = now + self.policy.delayed_after_s
        if holds_until is not None:
            self._memory.holds_until = holds_until
        return holds_until

    def step(self, events: Iterable[Event], now: float, hushed: frozenset[str] = frozenset()) -> Outcome:
        """Takes events in and assigns those that need not wait any longer, these and earlier ones. The caller has seen
        to it that each event id comes once. hushed: ids of those that open nothing by themselves."""
        self._memory.step = Step()
        for event in events:
            held = self._ordering.push(event, times_of(event), now, event.id in hushed)
            if event.data.severity == "critical" and event.data.phase == "begin" and not held.delayed:
                self._announce(held, now)
        self._release(now)
        return self._memory.outcome()

    def wait(self, event: Event, received: float, hushed: bool = False) -> None:
        """Takes in an event that a store kept, before the first step; it is assigned with the next step or tick."""
        held = self._ordering.push(event, times_of(event), received, hushed)
        own_id = incident_id(event, held.at)
        if own_id in self._drafts and not self._index.count(own_id):
            self._announced[event.data.episode] = own_id

    def gather(self, episodes: Iterable[str], now: float) -> Outcome:
        """Makes one incident of those that hold these episodes, as of cameras that an outage took together."""
        self._memory.step = Step()
        roots = {
            self._lineage.root(known.incident) for one in episodes if (known := self._memory.known(one)) is not None
        }
        drafts = sorted((self._drafts[one] for one in roots if not self._drafts[one].closed), key=age)
        for other in drafts[1:]:
            if not self._memory.apart(drafts[0], other):
                self._memory.absorb(drafts[0], other, now)
        return self._memory.outcome()

    def tick(self, now: float) -> Outcome:
        """Assigns what has waited long enough, closes what is over and forgets what is old."""
        self._memory.step = Step()
        self._release(now)
        self._memory.close_what_is_over(now)
        return self._memory.outcome()

    def act(self, incident: str, deed: Deed, now: float) -> tuple[Incident, Change]:
        """What a person does with an incident. Raises KeyError where it is not in memory, DeedRefused and
        TransitionRefused."""
        changed, change = perform(self._memory.snapshot(self._drafts[incident]), deed, now)
        return self._memory.put(changed), change

    def settle(self, incident: str, now: float) -> Outcome:
        """Assigns at once the event that an incident was announced for."""
        self._memory.step = Step()
        if not self._index.count(incident):
            for held in self._ordering.take(lambda held: incident_id(held.event, times_of(held.event)) == incident):
                self._assign(held, now)
        return self._memory.outcome()

    def merge(self, one: str, other: str, deed: Deed, now: float) -> Outcome:
        """An operator's; both in memory and settled. Raises DeedRefused."""
        first, second = (self._memory.snapshot(self._drafts[each]) for each in (one, other))
        return surgery.merge(self._memory, first, second, deed, now)

    def split(self, incident: str, told: Sequence[Told], deed: Deed, now: float) -> Outcome:
        """An operator's, of an incident in memory and settled. told: all its events. Raises DeedRefused."""
        one = self._memory.snapshot(self._drafts[incident])
        return surgery.split(self._memory, one, told, deed, Eyes(self._locate, self._trust), now)

    def _release(self, now: float) -> None:
        """Assigns what has waited long enough."""
        for held in self._ordering.due(now):
            self._assign(held, now)

    def _assign(self, held: Held, now: float) -> None:
        """One event to its incident."""
        episode = held.event.data.episode
        place, delayed = place_of(held.event, self._locate), held.delayed
        known = self._episodes.get(episode)
        if known is not None and (draft := self._drafts.get(self._lineage.root(known.incident))) is not None:
            target, link, refused = self._go_on(held, known, draft, place, delayed, now), EPISODE, _NONE
        else:
            target, link, refused = self._begin(held, place, delayed, now)
        self._memory.step.assigned.append(Assigned(held.event, held.received, target, link, delayed, refused))

    def _begin(
        self, held: Held, place: Location | None, delayed: bool, now: float
    ) -> tuple[str, Link, tuple[tuple[str, Refused], ...]]:
        """The first event of an episode that is heard of; returns its incident, why, and why not others."""
        event, data, at, memory = held.event, held.event.data, held.at, self._memory
        ended, last, first = data.phase == "end", at.last, at.started if at.started < at.time else at.time
        probe = Trail(data.site, data.camera, data.kind, ties_at(place), first, last, sure=data.confidence)
        if not ended:
            probe.running[data.episode] = first, last
        target, link, pulls = self._choose(probe, event, at, now, delayed)
        memory.expect(data.episode, last)
        draft = self._drafts[target]
        self._add(held, draft, EpisodeState(target, last, ended), place, delayed, now)
        trail = self._index.attach(probe, target)
        if ended:
            trail.ends(data.episode)
        if pulls and not draft.closed:
            self._bridge(probe, target, pulls, now)
            draft = memory.root(target)
        if draft.state == "suspected" and not held.hushed:
            self._promote(draft, data, last, last - first, now, delayed)
        memory.watch(draft)
        refused = tuple(memory.step.refused.items()) if memory.step.refused else _NONE
        memory.step.refused.clear()
        return draft.id, link, refused

    def _go_on(
        self, held: Held, known: EpisodeState, draft: Draft, place: Location | None, delayed: bool, now: float
    ) -> str:
        """One more event of an episode that draft holds; returns the incident that holds it now."""
        data, at, index = held.event.data, held.at, self._index
        last, first = at.last, at.started if at.started < at.time else at.time
        state = EpisodeState(draft.id, last if last > known.last else known.last, known.ended or data.phase == "end")
        self._add(held, draft, state, place, delayed, now)
        trail = (trails := index.by_source(draft.id)).get((data.site, data.camera, data.kind))
        # By the hull of all it told: who corrects its clock moves its beginning, and might pass this twice or never.
        begun = trail.running.get(data.episode, (first,))[0] if trail is not None else first
        if known.last - begun < brief_s(data.kind, len(draft.sources)) <= state.last - min(begun, first):
            self._memory.step.noted[self._rates.lasts(data.site, data.camera, data.kind, begun)] = None
        if trail is None:
            trail = Trail(data.site, data.camera, data.kind, ties_at(place), first, last, sure=data.confidence)
            trail, trails = index.attach(trail, draft.id), index.by_source(draft.id)
        else:
            index.grow(trail, ties_at(place), first, last, data.confidence)
        if state.ended:
            trail.ends(data.episode)
        else:
            trail.tells(data.episode, first, last)
        if len(trails) == 1 and not draft.closed and goes_on(trail, known.last):
            self._look_again(trail, now)
            draft = self._memory.root(draft.id)
        if draft.state == "suspected" and not held.hushed:
            self._promote(draft, data, last, last - first, now, delayed)
        return draft.id

    def _add(
        self, held: Held, draft: Draft, state: EpisodeState, place: Location | None, delayed: bool, now: float
    ) -> None:
        """One event to the draft. state: of its episode, from now on."""
        data = held.event.data
        self._episodes[data.episode] = state
        running = not state.ended and (not draft.closed or data.episode in draft.running)
        many, people = self.policy.opening.crowded, draft.people
        source = source_of(held.event, held.at, place, self._trust, draft)
        draft.add(held.event, held.at, now, source, running, delayed)
        if people < many <= draft.people:
            self._note(data, state.last, len(draft.sources) > 1, many=True)
        self._memory.step.touched[draft.id] = None

    def _choose(self, probe: Trail, event: Event, at: Times, now: float, delayed: bool) -> tuple[str, Link, list[Pull]]:
        """The incident for the first event of an episode that was heard of: the likeliest, or a new one."""
        pulls = self._attribution.pulls(probe)
        allowed, refused = self._allowed(pulls, probe, delayed)
        self._memory.step.refused.update(refused)
        announced = self._drafts.get(self._announced.pop(event.data.episode, "")) if self._announced else None
        if allowed and not (announced is not None and announced.closed):  # who closed it has decided on this event
            best = allowed[0]
            self._note(event.data, probe.first, best.confirmed, brief=self._attribution.brief(probe, best))
            if announced is not None:
                self._memory.absorb(self._drafts[best.incident], announced, now)
            return best.incident, self._attribution.link(best, pulls, probe), self._attribution.beside(allowed, probe)
        self._note(event.data, probe.first, False, brief=self._attribution.brief(probe))
        anew = {one for one, why in refused.items() if why == "onset"} if refused else NOBODY
        own_id = incident_id(event, at)
        if announced is None:
            announced = self._drafts.get(own_id)
        if announced is not None and (announced.id == own_id or announced.closed):
            own_id = announced.id
            self._empty(announced, event, at, now)
        else:
            before = self._previous(refused.keys() - anew) if refused else None
            draft = self._drafts[own_id] = begin(own_id, event, at, now, before)
            self._memory.step.changes.append(Change(own_id, now, SYSTEM, None, "suspected", "first_event"))
            if announced is not None:  # for another of the episode's events, which came sooner
                self._memory.absorb(draft, announced, now)
        for one in sorted(anew):  # what comes next ties to both, and would make them one
            self._memory.part(self._drafts[one], self._drafts[own_id], probe, now)
        self._memory.step.touch(own_id)
        return own_id, FIRST, []

    def _note(self, told: EventData, time: float, confirmed: bool, *, many: bool = False, brief: bool = True) -> None:
        """One more of what the camera tells anyway."""
        key = self._rates.note(told.site, told.camera, told.kind, time, confirmed, many, brief)
        self._memory.step.noted[key] = None

    def _allowed(self, pulls: list[Pull], probe: Trail, delayed: bool) -> tuple[list[Pull], dict[str, Refused]]:
        """The incidents that the probe may join, likeliest first, open ones before closed ones; and why not others."""
        allowed: list[Pull] = []
        refused: dict[str, Refused] = {}
        for pull in pulls:
            if self._attribution.likely(pull, probe):
                reason = self._refuses(self._drafts[pull.incident], probe, delayed)
                if reason is None and self._attribution.begins_anew(pull.incident, probe):
                    reason = "onset"
                if reason is None:
                    allowed.append(pull)
                else:
                    refused[pull.incident] = reason
        if len(allowed) > 1:
            allowed.sort(key=lambda pull: (self._drafts[pull.incident].closed, -min(pull.rate, pull.among)))
        return allowed, refused

    def _previous(self, refused: Iterable[str]) -> str | None:
        """The latest of them."""
        return max(refused, key=lambda one: (self._drafts[one].last_event, one), default=None)

    def _announce(self, held: Held, now: float) -> None:
        """Shows what is critical before its turn has come: as an incident of its own, which holds no trail yet and goes
        on as what the event's turn makes of it."""
        event, data = held.event, held.event.data
        if self._memory.known(data.episode) is not None or self.policy.reorder_s == 0:
            return
        at = held.at
        place = place_of(event, self._locate)
        probe = Trail(data.site, data.camera, data.kind, ties_at(place), at.started, at.last, sure=data.confidence)
        likely = self._allowed(self._attribution.pulls(probe), probe, False)[0]
        if likely and self._drafts[likely[0].incident].state != "suspected":
            return  # it is shown already
        own_id = incident_id(event, at)
        if own_id in self._drafts or data.episode in self._announced:
            return
        self._announced[data.episode] = own_id
        draft = self._drafts[own_id] = begin(own_id, event, at, now, None)
        self._memory.step.changes.append(Change(own_id, now, SYSTEM, None, "suspected", "first_event"))
        draft.add(event, at, now, source_of(event, at, place, self._trust, draft), True, False)
        self._memory.step.touch(own_id)
        self._promote(draft, data, at.last, at.last - at.started, now, False)
        self._memory.watch(draft)

    def _empty(self, draft: Draft, event: Event, at: Times, now: float) -> None:
        """Takes out what was announced, so that it is not counted twice; what operators saw and did stays."""
        draft.take(emptied(draft, begin(draft.id, event, at, now, draft.previous)))

    def _bridge(self, probe: Trail, target: str, pulls: list[Pull], now: float) -> None:
        """Merges into one those incidents that the event ties to its own, where they agree."""
        for pull in pulls:
            mine, theirs = self._memory.root(target), self._memory.root(pull.incident)
            if mine is theirs or theirs.closed or mine.closed or self._memory.apart(mine, theirs):
                continue
            # Onlookers or a queue between two fires say nothing of whether they are one.
            between = comes_of(mine.kind, probe.kind) and comes_of(theirs.kind, probe.kind)
            if between or pull.rate <= BRIDGE * pull.against:
                continue
            small = min(self._index.count(mine.id), self._index.count(theirs.id))
            if (probe.kind in VAGUE and small >= SETTLED) or not self._attribution.are_one(mine.id, theirs.id):
                continue
            other = self._memory.snapshot(theirs)
            refused = self._memory.too_much(mine, other.started, other.last_event, other.location)
            if refused is not None:
                self._memory.step.refused[theirs.id] = refused
                continue
            self._memory.absorb(min(mine, theirs, key=age), max(mine, theirs, key=age), now)

    def _look_again(self, trail: Trail, now: float) -> None:
        """Merges an incident that is one trail and goes on into the one it most likely belongs to."""
        for pull in self._attribution.pulls(trail):
            mine, theirs = self._drafts[trail.incident], self._drafts[pull.incident]
            if theirs.closed or pull.own or self._memory.apart(mine, theirs) or pull.rate <= LASTING * pull.against:
                continue
            if self._memory.too_much(theirs, trail.first, trail.last, trail.place) is None:
                self._memory.absorb(min(mine, theirs, key=age), max(mine, theirs, key=age), now)
                return

    def _refuses(self, draft: Draft, probe: Trail, delayed: bool) -> Refused | None:
        if draft.closed and not (delayed and draft.closed_at is not None and probe.last <= draft.closed_at):
            return "closed"
        return self._memory.too_much(draft, probe.first, probe.last, probe.place)

    def _promote(self, draft: Draft, told: EventData, last: float, lasts_s: float, now: float, late: bool) -> None:
        """Opens it where its events say enough, or notes what speaks against it. What came late opens nothing: where
        it would have, the incident is marked until something opens it."""
        draft.weigh(self._memory.places)
        one = draft if draft.care is UNTOUCHED else self._memory.snapshot(draft)
        many = draft.people >= self.policy.opening.crowded
        unconfirmed = self._rates.unconfirmed_per_s(told.site, told.camera, told.kind, last, many)
        heard = Heard(unconfirmed * 3600, lasts_s, told.kind)
        reason = opening(one, self.policy.opening, heard)
        if reason is not None:
            draft.came_late(late)
            if not late:
                self._memory.move(draft, "open", now, reason)
        elif not late:
            draft.doubt(against(one, self.policy.opening, heard))
