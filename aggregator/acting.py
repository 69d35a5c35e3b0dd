"""What people do with incidents, as what has to be written for it: history, audit log, verdicts."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from aggregator.core.actions import Deed, DeedRefused
from aggregator.core.care import Action
from aggregator.core.correlation import Correlator
from aggregator.core.incident import Incident, TransitionRefused
from aggregator.core.outcome import Outcome
from aggregator.core.ports import Batch, Store
from aggregator.core.states import CLOSED, State
from aggregator.core.surgery import Told
from aggregator.judges import Judges
from contract.codec import decode_event

AUDITED: dict[Action, str] = {
    "state": "incident.transition",
    "take": "incident.take",
    "assign": "incident.assign",
    "release": "incident.release",
    "note": "incident.note",
    "severity": "incident.severity",
    "kind": "incident.kind",
    "merge": "incident.merge",
    "split": "incident.split",
    "handover": "incident.handover",
    "undo": "incident.undo",
}

NOTHING = Outcome()


class UnknownIncident(KeyError):
    """No incident has this id."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is to be written and shown. incidents: those that changed beside the outcome's. shown: what the answer to
    the deed shows."""

    batch: Batch
    shown: tuple[Incident, ...]
    incidents: tuple[Incident, ...] = ()
    outcome: Outcome = NOTHING


class Acting:
    """Made anew with the correlator. One thread at a time. What raises has changed nothing; what returns has changed
    memory and is to be committed: see aggregator.service."""

    def __init__(self, correlator: Correlator, judges: Judges, store: Store) -> None:
        self._correlator, self._judges, self._store = correlator, judges, store

    def act(self, incident: str, deed: Deed, now: float) -> Done:
        """Raises UnknownIncident, DeedRefused and TransitionRefused."""
        before = self._held(incident, deed)
        one, change = self._correlator.act(incident, deed, now)
        batch = Batch(changes=[change], audit=[_entry(incident, deed, change.detail, now)])
        if one.closed and not before.closed:
            batch.verdicts += self._judges.closed(one, self._store.rules_told(incident), now, change.reason)
        if deed.action == "undo":
            batch.undone.append((incident, int(deed.value)))
            if before.closed and not one.closed:
                batch.withdrawn.append(incident)
        return Done(batch, (one,), (one,))

    def merge(self, one: str, other: str, deed: Deed, now: float) -> Done:
        """Shows what goes on. Raises as `act`."""
        for each in (one, other):
            self._held(each, deed)
        outcome = self._correlator.merge(one, other, deed, now)
        ((absorbed, kept),) = outcome.merged
        return Done(Batch(audit=[_entry(kept, deed, absorbed, now)]), _named(outcome, kept), outcome=outcome)

    def split(self, incident: str, event: str, deed: Deed, now: float) -> Done:
        """Shows the incident and the new one. event: the id of one of the episode. Raises as `act`."""
        one = self._held(incident, deed)
        told = [Told(decode_event(raw), delayed) for raw, delayed in self._store.incident_told(incident)]
        episode = next((item.event.data.episode for item in told if item.event.id == event), "")
        if not episode and one.merged_into is None:
            raise DeedRefused("actions.not_in_it", one)
        outcome = self._correlator.split(incident, told, replace(deed, value=episode), now)
        ((_, _, fresh),) = outcome.moved
        return Done(
            Batch(audit=[_entry(incident, deed, fresh, now)]), _named(outcome, incident, fresh), outcome=outcome
        )

    def hand_over(self, deed: Deed, sees: Callable[[Iterable[str]], bool], now: float) -> Done:
        """Everything that deed.actor has in hand goes to deed.value, as far as he `sees` it. Shows all of it. Raises
        DeedRefused."""
        mine = [one for one in self._correlator.incidents() if one.care.owner == deed.actor and not one.closed]
        seen = [one for one in mine if sees({source.site for source in one.sources})]
        if not mine:
            raise DeedRefused("actions.nothing_owned")
        if not seen:
            raise DeedRefused("actions.sees_none", name=deed.value)
        batch, given = Batch(), dict[str, Incident]()
        for one in seen:
            with suppress(DeedRefused):  # it stays, and is shown so
                given[one.id], change = self._correlator.act(one.id, deed, now)
                batch.changes.append(change)
                batch.audit.append(_entry(one.id, deed, deed.value, now))
        kept = [one for one in mine if one.id not in given]
        return Done(batch, (*given.values(), *kept), (*given.values(), *kept))

    def _held(self, incident: str, deed: Deed) -> Incident:
        """The incident while it is in memory; else why it cannot be acted on: it was closed long ago, or never was."""
        one = self._correlator.get(incident)
        if one is not None:
            return one
        view = self._store.incident_view(incident)
        if view is None:
            raise UnknownIncident(incident)
        shown = msgspec.json.decode(view, type=_Shown)
        if deed.action == "state" and shown.state in CLOSED:
            raise TransitionRefused(incident, shown.state, deed.value)
        raise DeedRefused("actions.old")


def _named(outcome: Outcome, *names: str) -> tuple[Incident, ...]:
    by_id = {one.id: one for one in outcome.incidents}
    return tuple(by_id[name] for name in names)


def _entry(incident: str, deed: Deed, detail: str, now: float) -> tuple[float, str, str, str, str]:
    """For the audit log, which nothing can be taken out of: of a note it holds the hash, and so shows that the words in
    the history are those that were written."""
    if deed.action == "note":
        detail = f"sha256:{hashlib.sha256(deed.reason.encode()).hexdigest()}"
    return now, deed.actor, AUDITED[deed.action], incident, detail


class _Shown(msgspec.Struct):
    state: State
