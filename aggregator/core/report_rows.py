"""What reports are made of, and the port that finds it. Times are seconds since the epoch, UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aggregator.core.precision import Verdict
from aggregator.core.report import Span
from aggregator.core.states import CLOSED, SYSTEM, State
from contract.kinds import Severity
from contract.sentence import Sentence

HANDLED: frozenset[State] = frozenset({"acknowledged", "dispatched", *CLOSED})
"""What somebody answers an incident with."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an incident's history. reason: a code from the system, words from people. action: what was done,
    "state" for a step of the lifecycle. undone: it was taken back."""

    time: float
    actor: str
    before: State | None
    after: State
    reason: str
    action: str = "state"
    undone: bool = False

    @property
    def moved(self) -> bool:
        """Whether it led on, and was not taken back."""
        return self.action == "state" and not self.undone and self.before is not None and self.before != self.after


@dataclass(frozen=True, slots=True)
class Course:
    """An incident that was shown to somebody, from `opened` on, with its history in order."""

    id: str
    kind: str
    severity: Severity
    opened: float
    sites: tuple[str, ...]
    steps: tuple[Step, ...]

    def state_at(self, t: float) -> State:
        """What the steps before `t` made of it; "open" where there is none."""
        state: State = "open"
        for step in self.steps:
            if step.time >= t:
                break
            state = step.after
        return state

    def answered(self, until: float) -> Step | None:
        """The first answer of a person that holds, before `until`."""
        for step in self.steps:
            if self.opened <= step.time < until and step.actor != SYSTEM and step.moved and step.after in HANDLED:
                return step
        return None

    def closed(self, until: float) -> Step | None:
        """The closing that still holds at `until`."""
        found = None
        for step in self.steps:
            if step.time >= until:
                break
            if step.after not in CLOSED:
                found = None
            elif step.before not in CLOSED:
                found = step
        return found


@dataclass(frozen=True, slots=True)
class Acted:
    """How often somebody did something, by the audit log; first, last: when."""

    actor: str
    action: str
    count: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Watch:
    """From when on a camera was in a state."""

    site: str
    camera: str
    time: float
    state: str
    reason: str | Sentence


class ReportStore(Protocol):
    """Any thread; reads only, and through an index whatever is asked for. sites: what is counted, None for all."""

    def courses(self, span: Span, sites: frozenset[str] | None, *, running: bool, most: int) -> Sequence[Course]:
        """Incidents that were opened within the range; running: also those that were open when it began. In order of
        opening; `most` + 1 of them at most."""
        ...

    def acted(self, span: Span) -> Sequence[Acted]: ...
    def suppressed(self, span: Span, sites: frozenset[str] | None) -> Sequence[tuple[str, int]]:
        """(reason, how many events came that were kept quiet for it)"""
        ...

    def verdicts(self, span: Span, sites: frozenset[str] | None, most: int) -> Sequence[Verdict]:
        """By the time they were given; `most` + 1 of them at most."""
        ...

    def watches(self, span: Span, sites: frozenset[str] | None, most: int) -> Sequence[Watch]:
        """By camera and time: what holds when the range begins, and each change within it. `most` + 1 at most."""
        ...

    def runs(self, span: Span) -> Sequence[Span]:
        """When an aggregator ran, as far as that touches the range."""
        ...

    def alive(self, began: float, now: float) -> None:
        """The aggregator that began then still runs. Raises StoreError."""
        ...
