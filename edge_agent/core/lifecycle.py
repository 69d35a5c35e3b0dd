"""From "this is so now" to episodes: begin, update, end; and a typed reason for everything that was kept silent.

One machine for each rule and key. Times in seconds since the epoch; every threshold is of the rule's `Episodes`.

state      meaning
idle       nothing is so
candidate  it is so, but not yet for min_duration_s
active     an episode has begun and it is so
ending     an episode has begun; it has not been so for less than end_after_s
cooldown   an episode has ended less than cooldown_s ago

A candidate survives an absence of up to INERTIA_S (and no longer than end_after_s), so a detector that misses one
frame in three does not keep it from ripening, while two false boxes seconds apart never ripen together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from contract.events import Phase
from edge_agent.core.spec import Episodes
from edge_agent.core.timing import LOOK_S, exceeded, reached
from edge_agent.core.types import Finding

State = Literal["idle", "candidate", "active", "ending", "cooldown"]
Signal = Literal["present", "ripe", "due", "absent", "expired"]
Action = Literal["none", "begin", "update", "end", "drop", "mute"]
SuppressedReason = Literal["below_min_duration", "cooldown", "not_scheduled"]

INERTIA_S = 1.0

TRANSITIONS: dict[tuple[State, Signal], tuple[State, Action]] = {
    ("idle", "present"): ("candidate", "none"),
    ("idle", "ripe"): ("active", "begin"),
    ("candidate", "present"): ("candidate", "none"),
    ("candidate", "ripe"): ("active", "begin"),
    ("candidate", "absent"): ("candidate", "none"),
    ("candidate", "expired"): ("idle", "drop"),
    ("active", "present"): ("active", "none"),
    ("active", "due"): ("active", "update"),
    ("active", "absent"): ("ending", "none"),
    ("active", "expired"): ("cooldown", "end"),
    ("ending", "present"): ("active", "none"),
    ("ending", "due"): ("active", "update"),
    ("ending", "absent"): ("ending", "none"),
    ("ending", "expired"): ("cooldown", "end"),
    ("cooldown", "present"): ("cooldown", "mute"),
    ("cooldown", "absent"): ("cooldown", "none"),
    ("cooldown", "expired"): ("idle", "none"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One phase of one episode. serial: tells the rule's episodes apart. at: when it happened on camera. confidence:
    the highest so far. held_s: how long the finding has held, against min_duration_s."""

    phase: Phase
    key: str
    serial: int
    started: float
    at: float
    ended: float | None
    confidence: float
    finding: Finding
    held_s: float


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that was true and is not reported, told once for each time it became true. value against limit: seconds
    held against min_duration_s, or seconds since the last end against cooldown_s; 0 where the schedule is the
    reason."""

    reason: SuppressedReason
    key: str
    since: float
    value: float
    limit: float


@dataclass(slots=True)
class _Run:
    """since: when it became true, this time. last: the latest time it was true. muted: told about its silence
    already."""

    key: str
    state: State = "idle"
    since: float = 0.0
    last: float = float("-inf")
    muted: bool = False
    finding: Finding | None = None
    confidence: float = 0.0
    serial: int = 0
    started: float = 0.0
    due: float = 0.0
    ended: float = float("-inf")


class Lifecycle:
    """The episodes of one rule. `step` at every frame, analysed or held, with what the rule finds; `t` never goes
    back."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._runs: dict[str, _Run] = {}
        self._unarmed: dict[str, float] = {}
        self._serial = 0
        self._last_step: float | None = None
        self._changes: list[Change] = []
        self._suppressed: list[Suppressed] = []

    def step(
        self, t: float, findings: Sequence[Finding], *, armed: bool = True
    ) -> tuple[tuple[Change, ...], tuple[Suppressed, ...]]:
        """Unarmed, findings are suppressed and count as absent."""
        self._changes, self._suppressed = [], []
        states: dict[str, Finding] = {}
        if armed and not findings and not self._runs:
            self._unarmed.clear()
            self._last_step = t
            return (), ()
        if armed:
            self._unarmed.clear()
            states = {finding.key: finding for finding in findings if not finding.instant}
            for finding in findings:
                if finding.instant:
                    self._moment(finding)
        else:
            self._disarm(t, findings)
        for key in states:
            if key not in self._runs:
                self._runs[key] = _Run(key)
        for key, run in self._runs.items():
            self._advance(run, t, states.get(key))
        self._forget(t)
        self._last_step = t
        return tuple(self._changes), tuple(self._suppressed)

    def finish(self) -> tuple[tuple[Change, ...], tuple[Suppressed, ...]]:
        """Nobody watches any more: running episodes end at their last true time, candidates are dropped."""
        self._changes, self._suppressed = [], []
        for run in self._runs.values():
            if run.state in ("candidate", "active", "ending"):
                self._apply(run, "expired", run.last)
            run.last = float("-inf")
        return tuple(self._changes), tuple(self._suppressed)

    def _advance(self, run: _Run, t: float, finding: Finding | None) -> None:
        while self._expired(run, t, finding is not None):
            self._apply(run, "expired", t)
        if finding is None:
            if run.state != "idle":
                self._apply(run, "absent", t)
            return
        if not self._continues(run, t, self._patience("candidate")):
            run.since = self._onset(finding, t)
            run.muted = False
            if run.state not in ("active", "ending"):
                run.confidence = 0.0
        run.last, run.finding = t, finding
        run.confidence = max(run.confidence, finding.confidence)
        self._apply(run, self._signal(run, t), t)

    def _forget(self, t: float) -> None:
        """Keys may be as many as there are vehicles: one that is idle, keeps nothing silent any more and was not true
        so lately that it could go on is dropped."""
        for key, run in [(key, run) for key, run in self._runs.items() if run.state == "idle"]:
            going_on = self._continues(run, t, self._patience("candidate"))
            if reached(t - run.ended, self._episodes.cooldown_s) and not going_on:
                del self._runs[key]

    def _onset(self, finding: Finding, t: float) -> float:
        """When it became true: between the last step, at which it was not, and this one; where the rule says, else
        now."""
        between = self._last_step is not None and self._last_step < finding.since <= t
        return finding.since if between else t

    def _signal(self, run: _Run, t: float) -> Signal:
        if run.state in ("idle", "candidate") and reached(t - run.since, self._episodes.min_duration_s):
            return "ripe"
        if run.state in ("active", "ending") and self._episodes.update_every_s > 0 and reached(t, run.due):
            return "due"
        return "present"

    def _expired(self, run: _Run, t: float, present: bool) -> bool:
        """Whether the state has run out of time, before this step's finding is looked at."""
        if run.state == "idle":
            return False
        if run.state == "cooldown":
            return reached(t - run.ended, self._episodes.cooldown_s)
        if present:
            return not self._continues(run, t, self._patience(run.state))
        return reached(t - run.last, self._patience(run.state))

    def _patience(self, state: State) -> float:
        """How long an absence the state survives."""
        return min(INERTIA_S, self._episodes.end_after_s) if state == "candidate" else self._episodes.end_after_s

    def _continues(self, run: _Run, t: float, patience: float) -> bool:
        gap = t - run.last
        return not exceeded(gap, patience) or (run.last == self._last_step and not exceeded(gap, LOOK_S))

    def _apply(self, run: _Run, signal: Signal, t: float) -> None:
        run.state, action = TRANSITIONS[run.state, signal]
        if action == "begin":
            self._serial += 1
            assert run.finding is not None
            run.serial, run.started = self._serial, run.since
            run.due = run.started + self._episodes.min_duration_s + self._episodes.update_every_s
            self._report(run, "begin", run.started, t)
        elif action == "update":
            while reached(t, run.due):
                run.due += self._episodes.update_every_s
            self._report(run, "update", t, t)
        elif action == "end":
            run.ended = run.last
            self._report(run, "end", run.last, run.last)
        elif action == "drop":
            self._suppress(run, "below_min_duration", run.last - run.since, self._episodes.min_duration_s)
        elif action == "mute" and not run.muted:
            run.muted = True
            self._suppress(run, "cooldown", t - run.ended, self._episodes.cooldown_s)

    def _report(self, run: _Run, phase: Phase, at: float, t: float) -> None:
        assert run.finding is not None
        ended = run.ended if phase == "end" else None
        self._changes.append(
            Change(phase, run.key, run.serial, run.started, at, ended, run.confidence, run.finding, t - run.started)
        )

    def _suppress(self, run: _Run, reason: SuppressedReason, value: float, limit: float) -> None:
        self._suppressed.append(Suppressed(reason, run.key, run.since, value, limit))

    def _moment(self, finding: Finding) -> None:
        """An instant finding: an episode that begins and ends at once."""
        run = self._runs.setdefault(finding.key, _Run(finding.key))
        at = finding.since
        if self._episodes.cooldown_s > 0 and not reached(at - run.ended, self._episodes.cooldown_s):
            self._suppressed.append(Suppressed("cooldown", finding.key, at, at - run.ended, self._episodes.cooldown_s))
            return
        self._serial += 1
        run.ended = max(run.ended, at)
        begin = Change("begin", finding.key, self._serial, at, at, None, finding.confidence, finding, 0.0)
        self._changes += [begin, replace(begin, phase="end", ended=at)]

    def _disarm(self, t: float, findings: Sequence[Finding]) -> None:
        for finding in findings:
            last = self._unarmed.get(finding.key)
            if finding.instant or last is None or exceeded(t - last, self._patience("active")):
                self._suppressed.append(Suppressed("not_scheduled", finding.key, finding.since, 0.0, 0.0))
            if not finding.instant:
                self._unarmed[finding.key] = t
