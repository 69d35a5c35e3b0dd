"""What the correlation holds in memory, and what may be done with it whoever asks: the machine or a person.

One thread; reads no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf

from msgspec.structs import replace

from aggregator.core.attribution import AT_ONCE_S
from aggregator.core.fold import Draft
from aggregator.core.incident import Change, Incident, OpeningPolicy, move
from aggregator.core.lineage import Lineage
from aggregator.core.linking import HeardSince, Trail, always
from aggregator.core.outcome import EpisodeState, Outcome, Refused, Step
from aggregator.core.rates import Rates
from aggregator.core.severity import Places
from aggregator.core.states import SYSTEM, State
from aggregator.core.trails import TrailIndex
from contract.events import Location


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


class Memory:
    """drafts: by id, absorbed ones too. episodes: where each belongs. step: what the present step has done so far.
    holds_until: nothing is closed or forgotten before; if that is far off, the clock was put back, and it is void."""

    def __init__(
        self, policy: CorrelationPolicy, index: TrailIndex, places: Places, heard: HeardSince = always
    ) -> None:
        self.policy, self.index, self.places, self._heard = policy, index, places, heard
        self.drafts: dict[str, Draft] = {}
        self.episodes: dict[str, EpisodeState] = {}
        self.lineage = Lineage()
        self.rates = Rates()
        self.step = Step()
        self.holds_until = -inf
        self._deadlines: list[tuple[float, str]] = []
        self._forgettable: list[tuple[float, str]] = []

    def outcome(self) -> Outcome:
        return self.step.outcome(self.drafts, self.places, self.rates)

    def snapshot(self, draft: Draft) -> Incident:
        return draft.snapshot(self.places)

    def root(self, incident: str) -> Draft:
        """The one that goes on, of an id that may have been absorbed."""
        return self.drafts[self.lineage.root(incident)]

    def known(self, episode: str) -> EpisodeState | None:
        """The episode's state while its incident is in memory."""
        state = self.episodes.get(episode)
        if state is None or self.lineage.root(state.incident) not in self.drafts:
            return None
        return state

    def expect(self, episode: str, last: float) -> None:
        """The episode is to be forgotten some time after `last`; ask before its state is put into `episodes`. One whose
        incident was forgotten sooner and that goes on is expected already."""
        if episode not in self.episodes:
            heappush(self._forgettable, (last, episode))

    def put(self, one: Incident) -> Incident:
        """What a person made of an incident that is in memory; returns it with what follows from that."""
        draft = self.drafts[one.id]
        draft.take(one)
        draft.thaw()
        self.watch(draft)
        return self.snapshot(draft)

    def move(self, draft: Draft, to: State, now: float, reason: str, actor: str = SYSTEM) -> None:
        """A step of the lifecycle that the system may make, by itself or as part of what `actor` does."""
        moved, change = move(self.snapshot(draft), to, now, party="system", actor=actor, reason=reason)
        draft.moved(moved)
        self.step.touch(draft.id)
        self.step.changes.append(change)

    def absorb(self, kept: Draft, absorbed: Draft, now: float, actor: str = SYSTEM) -> None:
        """One incident of two."""
        if not self.index.count(absorbed.id):  # announced only: its event is yet to be counted
            first = self.snapshot(absorbed)
            absorbed.take(replace(first, sources=(), running=frozenset(), event_count=0, reports=0))
        before = kept.state
        kept.absorb(absorbed, now)
        self.step.touch(kept.id)
        self.step.changes.append(Change(kept.id, now, actor, before, kept.state, f"absorbed:{absorbed.id}"))
        if not absorbed.closed:
            self.move(absorbed, "resolved", now, f"merged_into:{kept.id}", actor)
        absorbed.take(replace(self.snapshot(absorbed), merged_into=kept.id))
        self.step.touch(absorbed.id)
        self.lineage.note(absorbed.id, kept.id)
        self.step.merged.append((absorbed.id, kept.id))
        self.watch(absorbed)
        for trail in self.index.drop(absorbed.id):
            self.index.attach(trail, kept.id)

    def part(self, old: Draft, new: Draft, probe: Trail, now: float) -> None:
        """The new one began at once with the probe, and is another matter than the old one: what began with it goes on
        as the new one's, and both histories say so. What was told of that so far stays where it was told."""
        new.apart = tuple(sorted({*new.apart, old.id}))
        at_once = [
            trail
            for trail in self.index.of(old.id)
            if trail.kind == probe.kind and abs(trail.first - probe.first) <= AT_ONCE_S and trail.running
        ]
        if not at_once:
            return
        for one, why in ((old, f"went_over:{new.id}"), (new, f"came_over:{old.id}")):
            self.step.changes.append(Change(one.id, now, SYSTEM, one.state, one.state, why))
        for trail in at_once:
            self.index.give(trail, new.id)
            old.hand_over(trail.running, new)
            for episode in trail.running:
                state = replace(self.episodes[episode], incident=new.id)
                self.episodes[episode] = self.step.episodes[episode] = state
        self.step.touch(old.id)

    def went_over(self, episode: str, incident: str) -> bool:
        """Whether an episode that was told of there goes on as another one's (`part`)."""
        known = self.known(episode)
        return known is not None and self.lineage.root(known.incident) != incident

    def apart(self, one: Draft, other: Draft) -> bool:
        """Whether these are two matters: an operator has said so, or one began at once long after the other had. What
        was said of an incident holds for the one that has absorbed it."""
        return self._is_named(other, one) or self._is_named(one, other)

    def _is_named(self, one: Draft, other: Draft) -> bool:
        return bool(other.apart) and any(self.lineage.root(name) == one.id for name in other.apart)

    def too_much(self, draft: Draft, first: float, last: float, place: Location | None) -> Refused | None:
        """What forbids the incident to grow by something of this time and place."""
        began, ended = draft.started, draft.last_event
        if (last if last > ended else ended) - (first if first < began else began) > self.policy.max_age_s:
            return "age"
        return None if place is None or draft.within(place, self.policy.max_extent_m) else "extent"

    def watch(self, draft: Draft, heard: float = 0.0) -> None:
        """One entry per incident in the heap; a deadline that moved away is looked at again when it comes up."""
        due = self._deadline(draft, heard)[0]
        if due < draft.due:
            draft.due = due
            heappush(self._deadlines, (due, draft.id))

    def close_what_is_over(self, now: float) -> None:
        """And forgets what is old; touches only what is due."""
        if now < self.holds_until < now + 2 * self.policy.delayed_after_s:
            return
        for draft in self._due(now):
            heard = min(self._heard_since(draft), now)
            due, reason = self._deadline(draft, heard)
            if due <= now and draft.closed:
                self._forget(draft.id)
                continue
            if due <= now:
                self.move(draft, "resolved", now, reason)
            self.watch(draft, heard)
        while self._forgettable and self._forgettable[0][0] + self.policy.memory_s <= now:
            self._forget_episode(heappop(self._forgettable)[1], now)

    def _due(self, now: float) -> Iterator[Draft]:
        while self._deadlines and self._deadlines[0][0] <= now:
            draft = self.drafts.get(heappop(self._deadlines)[1])
            if draft is not None:
                draft.due = inf
                yield draft

    def _deadline(self, draft: Draft, heard: float) -> tuple[float, str]:
        """When something is to be done about it next, and why. heard: since when its silence says something."""
        policy, updated = self.policy, draft.updated
        if draft.closed:
            return max(draft.closed_at or updated, draft.last_event) + policy.memory_s, "memory"
        oldest, quiet = draft.started + policy.max_age_s, updated + policy.quiet_s
        if quiet > oldest:
            oldest = quiet
        if draft.state == "suspected":
            if draft.last_event > updated or heard > updated:
                quiet = max(draft.last_event, heard) + policy.quiet_s
            if quiet < oldest:
                return quiet, "quiet"
        return oldest, "max_age"

    def _heard_since(self, draft: Draft) -> float:
        """Since when all that would tell how its running episodes go on have been heard: before, their silence says
        nothing."""
        return max([self._heard(trail.site, trail.camera) for trail in self.index.of(draft.id) if trail.running] or [0])

    def _forget(self, incident: str) -> None:
        self.index.drop(incident)
        del self.drafts[incident]
        self.lineage.forget(incident)

    def _forget_episode(self, episode: str, now: float) -> None:
        state = self.episodes[episode]
        root = self.lineage.root(state.incident)
        if root in self.drafts and (not state.ended or state.last + self.policy.memory_s > now):
            heappush(self._forgettable, (max(state.last, now), episode))
        else:
            del self.episodes[episode]
