"""What a person may do with an incident: one function a deed, from the incident as it is to the incident as it is then.

Merging and splitting, which concern more than one incident, are in aggregator.core.surgery; what they have in common
with the others is here: what refuses a deed, and how a step is noted.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from aggregator.core.care import ASPECTS, UNDO_S, Act, Action, Aspect, Before
from aggregator.core.incident import Change, Incident, move
from aggregator.core.states import STATES
from contract.errors import JagaError
from contract.kinds import SEVERITIES, Kind, Severity

MOST_STEPS = 1_000
"""Steps of people on one incident; closing it and taking a step back are possible beyond."""
_HANDLING: frozenset[Aspect] = frozenset({"handling"})
_DEPENDS: dict[Action, frozenset[Aspect]] = {
    "state": _HANDLING,
    "take": _HANDLING,
    "assign": _HANDLING,
    "release": _HANDLING,
    "severity": frozenset({"severity"}),
    "kind": frozenset({"kind"}),
    "merge": frozenset({"events"}),
    "split": frozenset({"events"}),
    "note": frozenset(),
    "handover": frozenset(),
    "undo": frozenset(),
}
"""Whose news in which aspect makes a deed a conflict. Who closes an incident judges its events, too (`_conflict`)."""


class Deed(Struct, frozen=True, kw_only=True):
    """value: the state moved to, the user it is given to, the severity or kind ("" gives the word back to the cameras),
    or the number of the step that is undone. seen: how many steps of people the actor knew of; None: he does not say,
    and only what is impossible is refused."""

    action: Action
    actor: str
    value: str = ""
    reason: str = ""
    seen: int | None = None


class DeedRefused(JagaError):
    """incident: as it is, where it is in memory. act: the step that is in the way, where one is."""

    def __init__(self, key: str, /, incident: Incident | None = None, act: Act | None = None, **values: object) -> None:
        super().__init__(key, **values)
        self.incident, self.act = incident, act


def perform(one: Incident, deed: Deed, now: float) -> tuple[Incident, Change]:
    """The incident afterwards, and what to note. Raises DeedRefused, and TransitionRefused where the table of states
    has no such step."""
    check(one, deed)
    return stamp(one, _DO[deed.action](one, deed, now), deed, now)


def check(one: Incident, deed: Deed) -> None:
    """What refuses any deed: the incident is no more, somebody else was faster, or there were too many."""
    if one.merged_into is not None:
        raise DeedRefused("actions.merged", one, into=one.merged_into)
    act = _conflict(one, deed)
    if act is not None:
        raise DeedRefused("actions.conflict", one, act, actor=act.actor)
    if one.care.count >= MOST_STEPS and deed.action not in ("state", "undo"):
        raise DeedRefused("actions.too_many", one, most=MOST_STEPS)
    if one.closed and deed.action not in ("state", "note", "undo"):
        raise DeedRefused("actions.closed", one, one.care.last)


def _conflict(one: Incident, deed: Deed) -> Act | None:
    if deed.seen is None:
        return None
    aspects = _DEPENDS[deed.action]
    if deed.action == "state" and deed.value in ("resolved", "false_alarm"):
        aspects |= {"events"}
    return one.care.since(deed.seen, deed.actor, aspects)


def stamp(before: Incident, after: Incident, deed: Deed, now: float) -> tuple[Incident, Change]:
    """Notes the step on the incident and for its history. Whoever does something with what was given to him has taken
    it over."""
    care = after.care
    if deed.action not in ("assign", "handover", "undo") and care.owner == deed.actor:
        care = replace(care, handed_by=None)
    undone = before.care.last if deed.action == "undo" else None
    act = Act(
        number=care.count + 1,
        action=deed.action,
        aspect=undone.aspect if undone is not None else ASPECTS[deed.action],
        actor=deed.actor,
        time=now,
        after=after.state,
        detail=_what(undone) if undone is not None else deed.value,
        before=None if deed.action in _FINAL else _before(before),
    )
    stamped = replace(after, care=care.noted(act), updated=now, revision=max(before.revision + 1, after.revision))
    return stamped, Change(
        before.id, now, deed.actor, before.state, after.state, deed.reason, deed.action, act.detail, act.number
    )


def _what(undone: Act) -> str:
    """The name of a step that is undone: the action, or the state that it had led to."""
    return undone.after if undone.action == "state" else undone.action


_FINAL: frozenset[Action] = frozenset({"merge", "split", "split_from", "undo"})
"""What cannot be undone: events are folded together or apart. Merging undoes a split, splitting a merge."""


def _before(one: Incident) -> Before:
    care = one.care
    return Before(one.state, one.opened, one.closed_at, care.owner, care.handed_by, care.severity, care.kind)


def _state(one: Incident, deed: Deed, now: float) -> Incident:
    to = next(state for state in STATES if state == deed.value)
    return move(one, to, now, party="operator", actor=deed.actor, reason=deed.reason)[0]


def _take(one: Incident, deed: Deed, now: float) -> Incident:
    """Whoever takes an incident has seen it."""
    care = one.care
    waits = one.state in ("suspected", "open")
    if care.owner == deed.actor and care.handed_by is None and not waits:
        raise DeedRefused("actions.yours", one)
    held = move(one, "acknowledged", now, party="operator", actor=deed.actor, reason="")[0] if waits else one
    return replace(held, care=replace(care, owner=deed.actor, handed_by=None))


def _assign(one: Incident, deed: Deed, _now: float) -> Incident:
    """Whom it is given to has not seen it yet: what waits goes on waiting."""
    if one.care.owner == deed.value:
        raise DeedRefused("actions.owns", one, one.care.last, name=deed.value)
    return replace(one, care=replace(one.care, owner=deed.value, handed_by=deed.actor))


def _release(one: Incident, _deed: Deed, _now: float) -> Incident:
    if one.care.owner is None:
        raise DeedRefused("actions.nobodys", one, one.care.last)
    return replace(one, care=replace(one.care, owner=None, handed_by=None))


def _note(one: Incident, _deed: Deed, _now: float) -> Incident:
    return one


def _severity(one: Incident, deed: Deed, _now: float) -> Incident:
    word: Severity | None = next((severity for severity in SEVERITIES if severity == deed.value), None)
    if word == one.care.severity:
        raise DeedRefused("actions.same", one, one.care.last)
    return replace(one, care=replace(one.care, severity=word))


def _kind(one: Incident, deed: Deed, _now: float) -> Incident:
    word = Kind(deed.value) if deed.value else None
    if word == one.care.kind:
        raise DeedRefused("actions.same", one, one.care.last)
    return replace(one, care=replace(one.care, kind=word))


def _undo(one: Incident, deed: Deed, now: float) -> Incident:
    """Takes back the last step of whoever asks. What cameras told meanwhile stays; if the system or somebody else has
    moved the incident on, it is too late."""
    act = one.care.last
    if act is None or act.number != int(deed.value):
        raise DeedRefused("actions.undo_other", one, act)
    if act.actor != deed.actor:
        raise DeedRefused("actions.undo_theirs", one, act, actor=act.actor)
    if act.before is None:
        raise DeedRefused("actions.undo_never", one, act)
    if now - act.time > UNDO_S:
        raise DeedRefused("actions.undo_late", one, act, seconds=int(UNDO_S))
    if one.state != act.after:
        raise DeedRefused("actions.undo_moved", one, act)
    old = act.before
    care = replace(one.care, owner=old.owner, handed_by=old.handed_by, severity=old.severity, kind=old.kind)
    return replace(one, state=old.state, opened=old.opened, closed_at=old.closed_at, care=care)


_DO: dict[Action, Callable[[Incident, Deed, float], Incident]] = {
    "state": _state,
    "take": _take,
    "assign": _assign,
    "handover": _assign,
    "release": _release,
    "note": _note,
    "severity": _severity,
    "kind": _kind,
    "undo": _undo,
}
