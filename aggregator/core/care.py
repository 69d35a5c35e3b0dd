"""What people did with an incident: whose it is, what they say of it against its cameras, and their latest steps.

Two people may act at once. Every step has a number that counts the steps on that incident; whoever acts says which he
has seen. Only a later step of somebody else in the same aspect is a conflict: an event that came meanwhile is none, and
neither is a note.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from aggregator.core.states import State
from contract.kinds import SEVERITIES, Kind, Severity

Action = Literal[
    "state", "take", "assign", "release", "note", "severity", "kind", "merge", "split", "split_from", "handover", "undo"
]
"""split: an event was taken out; split_from: on the incident that was made of it."""
Aspect = Literal["handling", "severity", "kind", "events", "note"]
ASPECTS: dict[Action, Aspect] = {
    "state": "handling",
    "take": "handling",
    "assign": "handling",
    "release": "handling",
    "handover": "handling",
    "severity": "severity",
    "kind": "kind",
    "merge": "events",
    "split": "events",
    "split_from": "events",
    "note": "note",
}
"""What a step touches; undoing one touches the same."""
UNDO_S = 60.0
"""How long a step can be taken back by who made it."""


class Before(Struct, frozen=True):
    """What undoing a step brings back."""

    state: State
    opened: float | None
    closed_at: float | None
    owner: str | None
    handed_by: str | None
    severity: Severity | None
    kind: Kind | None


class Act(Struct, frozen=True):
    """One step of a person. detail: see Change. after: the state it led to. before: None where it cannot be undone."""

    number: int
    action: Action
    aspect: Aspect
    actor: str
    time: float
    after: State
    detail: str = ""
    before: Before | None = None


class Care(Struct, frozen=True):
    """owner: who has it in hand. handed_by: who gave it to him, until he does something with it. severity, kind: a
    person's word, which stands whatever cameras tell later. count: steps of people so far. acts: the latest step of
    each aspect, in their order."""

    owner: str | None = None
    handed_by: str | None = None
    severity: Severity | None = None
    kind: Kind | None = None
    count: int = 0
    acts: tuple[Act, ...] = ()

    @property
    def last(self) -> Act | None:
        return self.acts[-1] if self.acts else None

    def since(self, seen: int, actor: str, aspects: frozenset[Aspect]) -> Act | None:
        """The latest step that others made in these aspects after the first `seen`, None where there is none."""
        unknown = (act for act in self.acts if act.number > seen and act.actor != actor and act.aspect in aspects)
        return max(unknown, key=lambda act: act.number, default=None)

    def noted(self, act: Act) -> "Care":
        """With one more step. Only the very last one can be undone."""
        kept = tuple(replace(one, before=None) for one in self.acts if one.aspect != act.aspect)
        return replace(self, count=act.number, acts=(*kept, act))


UNTOUCHED = Care()


def joined(kept: Care, absorbed: Care) -> Care:
    """Of two incidents that turn out to be one. Steps on the absorbed one count as news to who knows the other alone,
    and nothing from before can be undone."""
    if absorbed == UNTOUCHED:
        return replace(kept, acts=tuple(replace(act, before=None) for act in kept.acts)) if kept.acts else kept
    theirs = [replace(act, number=kept.count + act.number, before=None) for act in absorbed.acts]
    latest: dict[Aspect, Act] = {}
    for act in sorted((*(replace(act, before=None) for act in kept.acts), *theirs), key=lambda act: act.time):
        latest[act.aspect] = act
    owner = kept if kept.owner is not None else absorbed
    said = [one for one in (kept.severity, absorbed.severity) if one is not None]
    return Care(
        owner=owner.owner,
        handed_by=owner.handed_by,
        severity=max(said, key=SEVERITIES.index, default=None),
        kind=kept.kind or absorbed.kind,
        count=kept.count + absorbed.count,
        acts=tuple(sorted(latest.values(), key=lambda act: act.number)),
    )
