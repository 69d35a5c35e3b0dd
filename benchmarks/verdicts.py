"""What verdicts teach: a month of a simulated city and an operator who judges what is shown, with and without learning.

    python -m benchmarks.verdicts
    python -m benchmarks.verdicts --seed 1 --learning on

The city has chronically bad cameras. The operator looks at whatever has a line of its own on the page, exactly as
`aggregator.core.load.arrange` gives it (every `TICK_S`): what is false is called a false alarm after `LOOK_S`, what is
true is acknowledged, and resolved once it has been quiet for `QUIET_S`. An incident is false where none of its events
belongs to a true one. Nothing else is judged: what is summed up gets no verdict. Both runs see the same events, and
both have suppression; they differ only in whether verdicts are learned. The last day is what is compared. Each run has
a process of its own, --jobs at a time.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import TransitionRefused
from aggregator.core.liveness import Camera, Fleet
from aggregator.core.load import LoadPolicy, arrange
from aggregator.core.outcome import Outcome
from aggregator.core.precision import Precisions, RuleTold
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
    members: dict[str, list[Event]] = field(default_factory=dict)
    verdicts: Counter[bool] = field(default_factory=Counter)


class Operator:
    """Works through the month. learn: whether verdicts count."""

    def __init__(self, one: Month, *, learn: bool, policies: Policies | None = None) -> None:
        self._month = one
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
        true = any(event.id in self._month.truth for event in self.shift.members.get(identity, ()))
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
        if moved.closed:
            self.judges.closed(moved, self._rules(identity), now)

    def _rules(self, identity: str) -> list[RuleTold]:
        """The rules that its events name, each as sure as it was at most."""
        sure: dict[tuple[str, str, Kind, str], float] = {}
        for event in self.shift.members.get(identity, ()):
            data = event.data
            key = (data.site, data.camera, data.kind, data.why.rule)
            sure[key] = max(sure.get(key, 0.0), data.confidence)
        return [RuleTold(*key, sure[key]) for key in sorted(sure)]

    def _note(self, outcome: Outcome) -> None:
        for one in outcome.assigned:
            self.shift.members.setdefault(one.incident, []).append(one.event)
        for absorbed, kept in outcome.merged:
            self.shift.members.setdefault(kept, []).extend(self.shift.members.pop(absorbed, []))
            if absorbed in self.shift.shown:
                self.shift.shown.setdefault(kept, self.shift.shown[absorbed])


@dataclass(frozen=True, slots=True)
class Told:
    """false, true: incidents shown that began within the days. grave: true major incidents by whether they were
    shown."""

    false: int
    true: int
    grave: dict[int, bool]

    @property
    def unseen(self) -> int:
        """Of the grave ones."""
        return sum(not shown for shown in self.grave.values())


def told(one: Month, shift: Shift, since: float, until: float) -> Told:
    false, true = 0, 0
    holders: dict[int, Counter[str]] = {}
    for identity, events in shift.members.items():
        facts = Counter(one.truth[event.id] for event in events if event.id in one.truth)
        for fact, count in facts.items():
            holders.setdefault(fact, Counter())[identity] += count
        first = shift.shown.get(identity)
        if first is None or not since <= first < until:
            continue
        if facts:
            true += 1
        else:
            false += 1
    grave = {
        fact: any(identity in shift.shown for identity in held)
        for fact, held in holders.items()
        if one.kinds[fact] in GRAVE and since <= one.begins[fact] < until
    }
    return Told(false, true, grave)


@dataclass(frozen=True, slots=True)
class Part:
    """What one run over one city's month came to. verdicts: given, by whether they said that it was true."""

    events: int
    verdicts: dict[bool, int]
    last_day: Told
    whole: Told


def run(seed: int, learn: bool, days: float = DAYS) -> Part:
    """One city with or without learning; pure, so it may run in a process of its own."""
    one = month(seed, days=days)
    shift = Operator(one, learn=learn).work()
    over = one.begin + days * 86_400
    last = told(one, shift, over - 86_400, over)
    return Part(len(one.arrivals), dict(shift.verdicts), last, told(one, shift, one.begin, over))


def runs(parts: Sequence[tuple[int, bool]], jobs: int, days: float = DAYS) -> dict[tuple[int, bool], Part]:
    """Of each (seed, learn), at most `jobs` at a time."""
    if jobs == 1 or len(parts) == 1:
        return {part: run(*part, days) for part in parts}
    seeds, learn = zip(*parts, strict=True)
    with ProcessPoolExecutor(min(jobs, len(parts))) as pool:
        return dict(zip(parts, pool.map(run, seeds, learn, [days] * len(parts)), strict=True))


def lost(without: Part, learned: Part) -> list[int]:
    """True major incidents that were shown without learning and not with it."""
    return [fact for fact, shown in without.whole.grave.items() if shown and not learned.whole.grave.get(fact)]


def compared(done: dict[tuple[int, bool], Part]) -> Result:
    """False incidents shown on the last day and true major ones lost, with and without learning."""
    figures: list[Figure] = []
    before = after = gone = graves = 0
    for seed in sorted({seed for seed, _ in done}):
        without, learned = done[seed, False], done[seed, True]
        a, b, all_a, all_b = without.last_day, learned.last_day, without.whole, learned.whole
        judged = f"{learned.verdicts.get(True, 0)} / {learned.verdicts.get(False, 0)}"
        majors = f"{len(all_a.grave)} / {all_a.unseen} / {all_b.unseen}"
        figures += [
            Figure(f"seed {seed}: events", float(without.events)),
            Figure(f"seed {seed}: verdicts, true / false", judged),
            Figure(f"seed {seed}: false shown on the last day, without / with", f"{a.false} / {b.false}"),
            Figure(f"seed {seed}: true shown on the last day, without / with", f"{a.true} / {b.true}"),
            Figure(f"seed {seed}: false shown in the month, without / with", f"{all_a.false} / {all_b.false}"),
            Figure(f"seed {seed}: true major incidents, all / not shown without / with", majors),
            Figure(f"seed {seed}: lost by learning", ", ".join(map(str, lost(without, learned))) or "none"),
        ]
        before, after, graves = before + a.false, after + b.false, graves + len(all_a.grave)
        gone += len(lost(without, learned))
    figures += [
        at_least("false incidents shown on the last day, reduction", 1 - after / max(1, before), REDUCTION),
        Figure("true major incidents in the months", float(graves)),
        at_most("true major incidents lost by learning", float(gone), 0),
    ]
    return Result("verdicts", tuple(figures))


def alone(done: dict[tuple[int, bool], Part]) -> Result:
    """The figures of runs that there is nothing to compare with."""
    figures = []
    for (seed, learn), part in done.items():
        name = f"seed {seed}, {'with' if learn else 'without'} learning"
        figures += [
            Figure(f"{name}: events", float(part.events)),
            Figure(f"{name}: false shown on the last day", float(part.last_day.false)),
            Figure(f"{name}: false shown in the month", float(part.whole.false)),
            Figure(f"{name}: true major incidents", float(len(part.whole.grave))),
            Figure(f"{name}: of them not shown", float(part.whole.unseen)),
        ]
    return Result("verdicts", tuple(figures))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS, help="of the cities")
    parser.add_argument("--learning", choices=("on", "off"), help="one run a city, which is not compared")
    parser.add_argument("--jobs", type=_positive, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--days", type=float, default=DAYS, help="fewer for a quick look: the figures are of a month")
    options, others = parser.parse_known_args(arguments)
    learning = (False, True) if options.learning is None else (options.learning == "on",)
    result = compared if options.learning is None else alone
    parts = [(seed, learn) for seed in options.seed for learn in learning]

    def measure() -> Result:
        return result(runs(parts, options.jobs, options.days))

    return command(measure, others, footage=False)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
