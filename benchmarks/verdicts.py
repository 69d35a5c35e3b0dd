"""What verdicts teach: a month of a simulated city and an operator who judges what is shown, with and without learning.

    python -m benchmarks.verdicts

The city has chronically bad cameras. The operator looks at whatever has a line of its own on the page, exactly as
`aggregator.core.load.arrange` gives it (every `TICK_S`): what is false is called a false alarm after `LOOK_S`, what is
true is acknowledged, and resolved once it has been quiet for `QUIET_S`. An incident is false where none of its events
belongs to a true one. Nothing else is judged: what is summed up gets no verdict. Both runs see the same events, and
both have suppression; they differ only in whether verdicts are learned. The last day is what is compared.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import Incident, TransitionRefused
from aggregator.core.liveness import Camera, Fleet
from aggregator.core.load import LoadPolicy, arrange
from aggregator.core.outcome import Outcome
from aggregator.core.precision import Precisions
from aggregator.judges import Judges, Policies
from benchmarks.report import Figure, at_least, at_most, command
from benchmarks.report import Outcome as Result
from contract.events import Event
from contract.kinds import KINDS, Kind
from simulator import city

SEEDS = (1, 2, 3)
CAMERAS = 120
DAYS = 31
OPERATORS = 4
TICK_S = 30.0
LOOK_S = 120.0
QUIET_S = 300.0
REDUCTION = 0.60
GRAVE = frozenset(kind for kind, info in KINDS.items() if info.severity in ("major", "critical"))


@dataclass(frozen=True)
class Month:
    """arrivals: each event once. truth: event to true incident. begins, kinds: of true incidents."""

    seed: int
    begin: float
    cameras: tuple[Camera, ...]
    arrivals: tuple[tuple[float, Event], ...]
    truth: dict[str, int]
    begins: dict[int, float]
    kinds: dict[int, Kind]


def month(seed: int, cameras: int = CAMERAS, days: float = DAYS, profile: str = "weekday") -> Month:
    made = city.build(seed, cameras, 24 * days, profile)
    begin = made.begin.timestamp()
    arrivals: dict[str, tuple[float, Event]] = {}
    for delivery, event in zip(made.deliveries, made.events(), strict=True):
        arrivals.setdefault(event.id, (begin + delivery.arrives, event))
    truth = {event: number for number, events in made.truth().items() for event in events}
    fleet = tuple(Camera(site=one.site, id=one.id, agent=one.agent, location=one.location) for one in made.cameras)
    begins = {one.number: begin + one.started for one in made.happenings}
    kinds = {one.number: one.kind for one in made.happenings}
    return Month(seed, begin, fleet, tuple(arrivals.values()), truth, begins, kinds)


@dataclass
class Shift:
    """One run. shown: incident to when it first had a line of its own. members: event to incident, merges followed."""

    shown: dict[str, float] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    verdicts: Counter[bool] = field(default_factory=Counter)
    opened: int = 0
    windows: list[float] = field(default_factory=list)


class Operator:
    """Works through the month. learn: whether verdicts count."""

    def __init__(self, one: Month, *, learn: bool, policies: Policies | None = None) -> None:
        self._month, self._learn = one, learn
        policies = policies or Policies(load=LoadPolicy(operators=OPERATORS))
        self._load = policies.load
        self._fleet = Fleet()
        for camera in one.cameras:
            self._fleet.restore(camera)
        precisions = Precisions(policies.learning)
        trust = precisions.of if learn else None
        self.correlator = Correlator(CorrelationPolicy(), H3Cells(), self._fleet.locate, trust=trust)
        self.judges = Judges(policies, self.correlator, self._fleet, precisions)
        self.shift = Shift()
        self._seen: dict[str, float] = {}

    def work(self) -> Shift:
        ticked = self._month.begin
        for at, event in self._month.arrivals:
            while at - ticked >= TICK_S:
                ticked += TICK_S
                self._tick(ticked)
            found = self.judges.judge(event, at, at)
            if found is None or not found.suppressed.kept_out:
                hushed = frozenset((event.id,)) if found is not None else frozenset()
                self._note(self.correlator.step((event,), at, hushed))
        return self.shift

    def _tick(self, now: float) -> None:
        for outcome in (self.correlator.tick(now), *self.judges.gather(now)):
            self._note(outcome)
        desk = arrange(self.correlator.incidents(), now, self._load)
        for identity in desk.own:
            self.shift.shown.setdefault(identity, now)
            self._seen.setdefault(identity, now)
        for identity, since in list(self._seen.items()):
            self._look(identity, since, now)

    def _look(self, identity: str, since: float, now: float) -> None:
        one = self.correlator.get(identity)
        if one is None or one.closed:
            del self._seen[identity]
            return
        if now - since < LOOK_S:
            return
        true = any(event in self._month.truth for event in self.shift.members.get(identity, ()))
        if true and (one.running or now - max(one.last_event, one.updated) < QUIET_S):
            if one.state in ("suspected", "open"):
                self._move(identity, "acknowledged", now)
            return
        self._move(identity, "resolved" if true else "false_alarm", now)
        self.shift.verdicts[true] += 1

    def _move(self, identity: str, to: str, now: float) -> None:
        try:
            moved, _ = self.correlator.act(identity, Deed(action="state", actor="operator", value=to), now)
        except TransitionRefused:
            return
        self.judges.closed(moved, now)

    def _note(self, outcome: Outcome) -> None:
        for one in outcome.assigned:
            self.shift.members.setdefault(one.incident, []).append(one.event.id)
        for absorbed, kept in outcome.merged:
            self.shift.members.setdefault(kept, []).extend(self.shift.members.pop(absorbed, []))
            if absorbed in self.shift.shown:
                self.shift.shown.setdefault(kept, self.shift.shown[absorbed])
        for incident in outcome.incidents:
            self.shift.incidents[incident.id] = incident


@dataclass(frozen=True, slots=True)
class Told:
    """false, true: incidents shown that began within the days. grave: true major incidents by whether they were
    shown."""

    false: int
    true: int
    false_kinds: Counter[str]
    grave: dict[int, bool]


def told(one: Month, shift: Shift, since: float, until: float) -> Told:
    false, true = 0, 0
    kinds: Counter[str] = Counter()
    holders: dict[int, Counter[str]] = {}
    for identity, events in shift.members.items():
        facts = Counter(one.truth[event] for event in events if event in one.truth)
        for fact, count in facts.items():
            holders.setdefault(fact, Counter())[identity] += count
        first = shift.shown.get(identity)
        if first is None or not since <= first < until:
            continue
        if facts:
            true += 1
        else:
            false += 1
            incident = shift.incidents[identity]
            kinds[f"{incident.kind} {incident.severity} {len(incident.sources)}"] += 1
    grave = {
        fact: any(identity in shift.shown for identity in held)
        for fact, held in holders.items()
        if one.kinds[fact] in GRAVE and since <= one.begins[fact] < until
    }
    return Told(false, true, kinds, grave)


def compare(one: Month) -> tuple[Shift, Shift]:
    return Operator(one, learn=False).work(), Operator(one, learn=True).work()


def measure() -> Result:
    """False incidents shown on the last day and true major ones lost, with and without learning."""
    figures: list[Figure] = []
    before = after = lost = graves = 0
    for seed in SEEDS:
        one = month(seed)
        without, learned = compare(one)
        last = one.begin + (DAYS - 1) * 86_400
        a, b = told(one, without, last, last + 86_400), told(one, learned, last, last + 86_400)
        whole = one.begin, one.begin + DAYS * 86_400
        all_a, all_b = told(one, without, *whole), told(one, learned, *whole)
        gone = [fact for fact, shown in all_a.grave.items() if shown and not all_b.grave.get(fact)]
        figures += [
            Figure(f"seed {seed}: events", float(len(one.arrivals))),
            Figure(f"seed {seed}: verdicts, true / false", f"{learned.verdicts[True]} / {learned.verdicts[False]}"),
            Figure(f"seed {seed}: false shown on the last day, without / with", f"{a.false} / {b.false}"),
            Figure(f"seed {seed}: true shown on the last day, without / with", f"{a.true} / {b.true}"),
            Figure(f"seed {seed}: false shown in the month, without / with", f"{all_a.false} / {all_b.false}"),
            Figure(f"seed {seed}: true major incidents, all / not shown without / with", _grave(all_a, all_b)),
        ]
        before, after, lost, graves = before + a.false, after + b.false, lost + len(gone), graves + len(all_a.grave)
    figures += [
        at_least("false incidents shown on the last day, reduction", 1 - after / max(1, before), REDUCTION),
        Figure("true major incidents in the months", float(graves)),
        at_most("true major incidents lost by learning", float(lost), 0),
    ]
    return Result("verdicts", tuple(figures))


def _grave(a: Told, b: Told) -> str:
    return f"{len(a.grave)} / {sum(not one for one in a.grave.values())} / {sum(not one for one in b.grave.values())}"


if __name__ == "__main__":
    sys.exit(command(measure, footage=False))
