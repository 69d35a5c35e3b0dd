"""How well events become incidents, against what others would do, over seeded cities of all profiles.

    python -m benchmarks.correlation

Ours and each peer see the same events, sorted by event time, as `jaga correlate` does; peers are tuned on other seeds,
in the same run. What the running aggregator adds, waiting for order, is measured by feeding the events in their order
of arrival. Needs scikit-learn and river for the peers; without them, ours alone is measured and the comparison fails.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.offline import correlate
from benchmarks.cities import SEEDS, TUNING, Case, case
from benchmarks.correlation_peers import PEERS, groups, tuned
from benchmarks.report import Figure, Outcome, at_least, at_most, command, holds
from simulator.score import Score, Timed, quantile, score

F1, ARI, FALSE_MERGES, REDUCTION, VISIBLE_S, AT_MOST_HALF = 0.95, 0.90, 0.01, 0.95, 1.0, 0.5
EASY = 0.90
"""Where the best peer reaches this, the city says nothing."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from the arrival of a true incident's first event to the incident it went to being there: of all kinds,
    beyond what reorder_s holds back; and of critical kinds in full."""

    beyond: list[float]
    critical: list[float]


def ours(one: Case) -> Score:
    results = correlate(one.events, one.cameras, cells=H3Cells())
    found = [
        Timed(
            result.incident.id,
            frozenset(result.events),
            one.events[0].time,
            shown=result.incident.opened is not None,
        )
        for result in results
    ]
    return score(found, _fresh(one))


def _fresh(one: Case) -> list[Timed]:
    """The truth; what only a backlog told of is no alarm by design, so it cannot be a missing one."""
    late = {event.id for event in one.events if event.data.delayed}
    return [Timed(fact.id, fact.events, fact.started, "" if fact.events <= late else fact.kind) for fact in one.truth]


def waits(one: Case) -> Waits:
    """Events in their order of arrival, a tick every quarter of a second in which something comes."""
    spots = {camera.key: camera.location for camera in one.cameras}
    policy = CorrelationPolicy()
    correlator = Correlator(policy, H3Cells(), lambda site, camera: spots.get((site, camera)))
    came: dict[str, float] = {}
    critical: list[float] = []
    beyond: list[float] = []
    ticked = 0.0
    for at, event in one.arrivals:
        if at - ticked >= 0.25:
            ticked = at
            beyond += [at - came.pop(done.event.id) for done in correlator.tick(at).assigned if done.event.id in came]
        grave = event.data.severity == "critical" and event.data.phase == "begin" and not event.data.delayed
        if correlator.episode(event.data.episode) is None and not event.data.delayed:
            came[event.id] = at
        step = correlator.step((event,), at)
        if grave and event.id in came:
            critical.append(0.0 if step.incidents or correlator.waiting else policy.reorder_s)
        beyond += [at - came.pop(done.event.id) for done in step.assigned if done.event.id in came]
    return Waits([max(0.0, seconds - policy.reorder_s) for seconds in beyond], critical)


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
    return [
        at_most("first event to incident, beyond the watermark, p99, s", quantile(beyond, 0.99), VISIBLE_S),
        at_most("critical kinds: first event to incident, p99, s", quantile(critical, 0.99), 0.0),
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


if __name__ == "__main__":
    sys.exit(command(measure, footage=False))
