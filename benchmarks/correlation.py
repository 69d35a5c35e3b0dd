"""How well events become incidents, against what others would do, over seeded cities of all profiles.

    python -m benchmarks.correlation
    python -m benchmarks.correlation --seeds 301 324

Ours and each peer see the same events, sorted by event time, as `jaga correlate` does; peers are tuned on other seeds,
in the same run. What the running aggregator adds, waiting for order, is measured by feeding the events in their order
of arrival. Needs scikit-learn and river for the peers; without them, ours alone is measured and the comparison fails.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.outcome import Outcome as Step
from aggregator.core.witness import incident_id, times_of
from aggregator.offline import correlate
from benchmarks.cities import SEEDS, TUNING, Case, case
from benchmarks.correlation_peers import PEERS, groups, tuned
from benchmarks.report import Figure, Outcome, at_least, at_most, command, holds
from contract.events import Event
from simulator.score import Score, Timed, quantile, score

F1, ARI, FALSE_MERGES, REDUCTION, VISIBLE_S, AT_MOST_HALF = 0.95, 0.90, 0.01, 0.95, 1.0, 0.5
EASY = 0.90
"""Where the best peer reaches this, the city says nothing."""


TICK_S = 0.5
"""How often the aggregator looks for what has waited long enough."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from the arrival of an episode's first event to the incident it went to being in the list: of all kinds,
    beyond what reorder_s holds back; and of critical kinds in full. opened: from a true incident's first event to its
    being opened as an alarm, where it was."""

    beyond: list[float]
    critical: list[float]
    opened: list[float]


def ours(one: Case) -> Score:
    results = correlate(one.events, one.cameras, cells=H3Cells())
    found = [
        Timed(
            result.incident.id,
            frozenset(result.events),
            one.events[0].time,
            shown=result.incident.opened is not None or result.incident.delayed,
        )
        for result in results
    ]
    return score(found, one.truth)


def waits(one: Case) -> Waits:
    """Events in their order of arrival; a tick every TICK_S while something waits."""
    return _Watch(one).play()


class _Watch:
    """Plays one case and notes when what came is seen."""

    def __init__(self, one: Case) -> None:
        self.case = one
        self.policy = CorrelationPolicy()
        self.correlator = one.correlator(self.policy)
        self.came: dict[str, float] = {}
        self.seen = Waits([], [], [])
        self.fact_of = {event: fact.id for fact in one.truth for event in fact.events}
        self.first: dict[str, float] = {}
        self.unopened: dict[str, set[str]] = {}
        self.done: set[str] = set()
        self.grave: dict[str, float] = {}
        """Critical events that were not announced on their own."""

    def play(self) -> Waits:
        clock = self.case.arrivals[0][0]
        for at, event in self.case.arrivals:
            while self.correlator.waiting and clock + TICK_S <= at:
                clock += TICK_S
                self._note(self.correlator.tick(clock), clock)
            clock = at
            self._take(event, at)
        return self.seen

    def _take(self, event: Event, at: float) -> None:
        fact = self.fact_of.get(event.id)
        if fact is not None and not event.data.delayed:
            self.first.setdefault(fact, at)
        fresh = self.correlator.episode(event.data.episode) is None and not event.data.delayed
        if fresh:
            self.came[event.id] = at
        step = self.correlator.step((event,), at)
        if fresh and event.data.severity == "critical" and event.data.phase == "begin":
            if self.correlator.get(incident_id(event, times_of(event))) is not None:
                self.seen.critical.append(0.0)
            else:
                self.grave[event.id] = at
        self._note(step, at)

    def _opened(self, incident: str) -> float | None:
        one = self.correlator.get(incident)
        return one.opened if one is not None else None

    def _note(self, step: Step, at: float) -> None:
        for done in step.assigned:
            came = self.came.pop(done.event.id, None)
            if came is not None:
                self.seen.beyond.append(max(0.0, at - came - self.policy.reorder_s))
            came = self.grave.pop(done.event.id, None)
            if came is not None:
                opened = self._opened(done.incident)
                self.seen.critical.append(0.0 if opened is not None and opened <= came else at - came)
            fact = self.fact_of.get(done.event.id)
            if fact is not None and fact not in self.done:
                self.unopened.setdefault(done.incident, set()).add(fact)
        for absorbed, kept in step.merged:
            self.unopened.setdefault(kept, set()).update(self.unopened.pop(absorbed, set()))
        for incident in step.incidents:
            if incident.opened is not None:
                for fact in self.unopened.pop(incident.id, set()):
                    if fact in self.first and fact not in self.done:
                        self.done.add(fact)
                        self.seen.opened.append(at - self.first[fact])


def measure() -> Outcome:
    """Pairwise F1, adjusted Rand index, false merges, reduction, missing incidents and delay, ours and the peers'."""
    cases = [case(seed) for seed in SEEDS]
    mine = [ours(one) for one in cases]
    figures = list(_quality(mine))
    figures += _delay(cases)
    peers = list(_peers(cases))
    figures += [figure for _, those in peers for figure in those]
    if not peers:
        figures.append(holds("peers", "scikit-learn and river are not installed", "installed", ok=False))
        return Outcome("correlation", tuple(figures))
    best = max(f1 for f1, _ in peers)
    figures += [
        at_most("best peer: F1, else the city is too easy", best, EASY),
        at_most("(1 - F1) ours / best peer", (1 - _mean(mine, "f1")) / (1 - best), AT_MOST_HALF),
    ]
    return Outcome("correlation", tuple(figures))


def _quality(mine: Sequence[Score]) -> list[Figure]:
    majors = sum(one.missing_major for one in mine)
    return [
        Figure("events", float(sum(one.events for one in mine))),
        Figure("true incidents", float(sum(one.true_incidents for one in mine))),
        Figure("precision", _mean(mine, "precision")),
        Figure("recall", _mean(mine, "recall")),
        at_least("F1", _mean(mine, "f1"), F1),
        Figure("F1, worst city", min(one.pairs.f1 for one in mine)),
        at_least("adjusted Rand index", mean(one.ari for one in mine), ARI),
        at_most("false merges, share of incidents", mean(one.false_merges for one in mine), FALSE_MERGES),
        Figure("incidents per true incident", mean(one.fragments for one in mine)),
        Figure("noise absorbed", mean(one.noise_absorbed for one in mine)),
        at_least("reduction, events to incidents shown", mean(one.reduction_shown for one in mine), REDUCTION),
        at_most("true major incidents not shown", majors, 0),
    ]


def _delay(cases: Sequence[Case]) -> list[Figure]:
    measured = [waits(one) for one in cases]
    beyond = sorted(seconds for one in measured for seconds in one.beyond)
    critical = sorted(seconds for one in measured for seconds in one.critical)
    opened = sorted(seconds for one in measured for seconds in one.opened)
    return [
        at_most("first event to incident, beyond the watermark, p99, s", quantile(beyond, 0.99), VISIBLE_S),
        at_most("critical kinds: first event to incident, p99, s", quantile(critical, 0.99), 0.0),
        Figure("first event to opened as an alarm, median, s", quantile(opened, 0.5)),
        Figure("first event to opened as an alarm, p95, s", quantile(opened, 0.95)),
    ]


def _peers(cases: Sequence[Case]) -> list[tuple[float, list[Figure]]]:
    """(F1, figures) of each."""
    try:
        import river  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError:
        return []
    found = []
    for peer in PEERS:
        setting = tuned(peer, [case(seed) for seed in TUNING[: peer.tuning]])
        theirs = [score(groups(one, peer.group(one, setting)), one.truth) for one in cases]
        f1 = _mean(theirs, "f1")
        said = f"{setting.metres:g} m, {setting.seconds:g} s, {setting.kinds}, {setting.more:g}"
        found.append(
            (
                f1,
                [
                    Figure(f"{peer.name}: tuned to", said),
                    Figure(f"{peer.name}: precision", _mean(theirs, "precision")),
                    Figure(f"{peer.name}: recall", _mean(theirs, "recall")),
                    Figure(f"{peer.name}: F1", f1),
                    Figure(f"{peer.name}: adjusted Rand index", mean(one.ari for one in theirs)),
                    Figure(f"{peer.name}: false merges", mean(one.false_merges for one in theirs)),
                ],
            )
        )
    return found


def _mean(scores: Sequence[Score], name: str) -> float:
    return mean(float(getattr(one.pairs, name)) for one in scores)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, nargs=2, metavar=("FIRST", "LAST"), help="ours alone, on the cities of these seeds"
    )
    options, others = parser.parse_known_args(arguments)
    if options.seeds is None:
        return command(measure, others, footage=False)
    seeds = range(options.seeds[0], options.seeds[1] + 1)

    def measured() -> Outcome:
        return Outcome("correlation", tuple(_quality([ours(case(seed)) for seed in seeds])))

    return command(measured, others, footage=False)


if __name__ == "__main__":
    sys.exit(main())
