"""How soon somebody has to acknowledge an incident and to end it, by severity, and what is overdue.

Both are measured from `opened`, when the incident was first shown to somebody as one to act on: what nobody was shown
keeps nobody waiting. One that came late (`delayed`) counts from there as well. Where the severity changes, the target
of the present one counts, still from `opened`: an incident that turns critical may be overdue at once.
"""

from dataclasses import dataclass, field
from typing import Literal

from aggregator.core.states import CLOSED, State
from contract.kinds import Severity

Step = Literal["acknowledge", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Seconds from `opened` by severity, each above 0."""

    critical: float
    major: float
    minor: float
    info: float

    def of(self, severity: Severity) -> float:
        return float(getattr(self, severity))


@dataclass(frozen=True, slots=True)
class ResponseTargets:
    """acknowledge: until somebody acknowledges, dispatches or closes it. resolve: until it is resolved or a false
    alarm."""

    acknowledge: Targets = field(default_factory=lambda: Targets(critical=60, major=180, minor=900, info=3600))
    resolve: Targets = field(default_factory=lambda: Targets(critical=1800, major=3600, minor=7200, info=14_400))

    def of(self, step: Step) -> Targets:
        return self.acknowledge if step == "acknowledge" else self.resolve


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done next and by when (seconds since the epoch)."""

    step: Step
    at: float

    def overdue(self, now: float) -> float | None:
        """Since how many seconds it is overdue; None while there is time."""
        return now - self.at if now > self.at else None


def pending(state: State) -> Step | None:
    """The step that somebody owes an incident that was shown; None for one that is closed."""
    if state in CLOSED:
        return None
    return "acknowledge" if state in ("suspected", "open") else "resolve"


def due(state: State, severity: Severity, opened: float, targets: ResponseTargets) -> Due | None:
    """The next step with its time. What is neither acknowledged nor ended in time owes the acknowledgement first."""
    step = pending(state)
    return None if step is None else Due(step, opened + targets.of(step).of(severity))
