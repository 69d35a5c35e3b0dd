"""What an operator does to which events make an incident: two made one, and an episode taken out of one.

The machine never takes out what was told. What an operator split it does not merge again; an operator may.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from aggregator.core.actions import Deed, DeedRefused, check, stamp
from aggregator.core.fold import Draft, age, begin, emptied
from aggregator.core.incident import Change, Incident
from aggregator.core.linking import Trail
from aggregator.core.memory import Memory
from aggregator.core.outcome import EpisodeState, Outcome, Step
from aggregator.core.states import State
from aggregator.core.witness import Locate, Trust, place_of, source_of, ties_at, times_of
from contract.events import Event
from contract.ids import derived_uuid7


@dataclass(frozen=True, slots=True)
class Told:
    """An event of an incident, in the order of event time."""

    event: Event
    delayed: bool


@dataclass(frozen=True, slots=True)
class Eyes:
    """How an event is looked at; see aggregator.core.witness."""

    locate: Locate
    trust: Trust


def merge(memory: Memory, one: Incident, other: Incident, deed: Deed, now: float) -> Outcome:
    """One incident of two, under the older one's id. Raises DeedRefused."""
    if one.id == other.id:
        raise DeedRefused("actions.itself", one)
    check(one, deed)
    check(other, replace(deed, seen=None))
    memory.step = Step()
    kept, absorbed = sorted((memory.drafts[one.id], memory.drafts[other.id]), key=age)
    before = memory.snapshot(kept)
    memory.absorb(kept, absorbed, now, deed.actor)
    kept.apart = tuple(name for name in kept.apart if memory.lineage.root(name) != kept.id)
    change = _noted(memory, kept, before, replace(deed, value=absorbed.id), now)
    steps = [step for step in memory.step.changes if step.incident != kept.id]
    memory.step.changes[:] = [*steps, change]
    return memory.outcome()


def split(memory: Memory, one: Incident, told: Sequence[Told], deed: Deed, eyes: Eyes, now: float) -> Outcome:
    """The episode deed.value into an incident of its own; both are folded anew from their events. told: all of them.
    Raises DeedRefused."""
    check(one, deed)
    out = [item for item in told if item.event.data.episode == deed.value]
    rest = [item for item in told if item.event.data.episode != deed.value]
    if not out:
        raise DeedRefused("actions.not_in_it", one)
    if not rest:
        raise DeedRefused("actions.only_one", one)
    memory.step = Step()
    old, before = memory.drafts[one.id], memory.snapshot(memory.drafts[one.id])
    gone = {item.event.data.episode for item in told if memory.went_over(item.event.data.episode, old.id)}
    memory.index.drop(old.id)
    first = out[0].event
    began = max(0, int(times_of(first).started * 1000))
    identity = derived_uuid7(began, "split", first.id, old.id, str(one.care.count))
    new = memory.drafts[identity] = begin(identity, first, times_of(first), now, None)
    _refold(memory, new, out, gone, eyes, now)
    old.take(emptied(old, begin(old.id, rest[0].event, times_of(rest[0].event), now, old.previous)))
    _refold(memory, old, rest, gone, eyes, now)
    state: State = "suspected" if one.state == "suspected" else "open"
    new.state, new.opened = state, one.opened
    if state == "suspected" and one.delayed:  # what was listed stays listed
        new.delayed = old.delayed = True
    new.split_from, new.apart = old.id, tuple(sorted({*old.apart, old.id}))
    old.apart = tuple(sorted({*old.apart, new.id}))
    change = _noted(memory, old, before, replace(deed, value=new.id), now)
    started = replace(deed, action="split_from", value=old.id)
    fresh = _noted(memory, new, memory.snapshot(new), started, now)
    memory.step.changes += [change, replace(fresh, before=None)]
    for draft in (old, new):
        memory.step.touch(draft.id)
        memory.watch(draft)
    memory.step.moved.append((deed.value, old.id, new.id))
    return memory.outcome()


def _noted(memory: Memory, draft: Draft, before: Incident, deed: Deed, now: float) -> Change:
    draft.thaw()
    stamped, change = stamp(before, memory.snapshot(draft), deed, now)
    draft.take(stamped)
    return change


def _refold(memory: Memory, draft: Draft, told: Sequence[Told], gone: set[str], eyes: Eyes, now: float) -> None:
    """Adds events to an empty draft as the correlation did, and their trails and episodes with them. gone: episodes
    that go on elsewhere, which is left as it is."""
    episodes: dict[str, EpisodeState] = {}
    for item in told:
        event, data, at = item.event, item.event.data, times_of(item.event)
        place = place_of(event, eyes.locate)
        known = episodes.get(data.episode)
        ended = data.phase == "end" or (known is not None and known.ended)
        running = not ended and data.episode not in gone
        trail = Trail(
            data.site, data.camera, data.kind, ties_at(place), min(at.started, at.time), at.last, sure=data.confidence
        )
        covering = memory.index.attach(trail, draft.id)
        if running:
            covering.tells(data.episode, trail.first, at.last)
        else:
            covering.ends(data.episode)
        last = max(at.last, known.last) if known is not None else at.last
        episodes[data.episode] = EpisodeState(draft.id, last, ended)
        draft.add(event, at, now, source_of(event, at, place, eyes.trust, draft), running, item.delayed)
    for episode, state in episodes.items():
        if episode not in gone:
            memory.expect(episode, state.last)
            memory.episodes[episode] = memory.step.episodes[episode] = state
