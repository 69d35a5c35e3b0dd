"""How well incidents match the truth, as pure functions over sets of event ids.

Events of the truth carry its incident; every other event is noise. Pairwise figures are over unordered pairs of
events: a pair is right when both say "one incident". Pairs of two noise events are left out, since the truth does not
say which noise belongs together (an episode of a false alarm has a begin and an end). The adjusted Rand index is over
the truth's events only (Hubert and Arabie, Comparing partitions, Journal of Classification 2, 1985); an event that no
incident holds is alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import comb
from statistics import median

import numpy as np

from contract.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Pairs:
    """right: pairs in one incident by both. said: pairs in one predicted incident. true: pairs in one true incident."""

    right: int
    said: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One incident: its events and when it began. kind: of a true one, "" where nobody says. shown: whether an operator
    was shown a found one: as an alarm, or, where only a backlog told of it, in the list, marked delayed."""

    id: str
    events: frozenset[str]
    started: datetime
    kind: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """found: share of the true incidents of which an incident holds at least half the events. fragments: incidents per
    true incident, on average over those that have any. noise_absorbed: share of the noise events that an incident with
    true events holds. reduction: events per incident. delay_s: begin of the best matching incident after the true
    begin, seconds of event time; None where nothing matches."""

    pairs: Pairs
    ari: float
    true_incidents: int
    incidents: int
    events: int
    reduction: float
    found: float
    fragments: float
    noise_absorbed: float
    false_merges: float
    shown: int
    reduction_shown: float
    missing_major: int
    delay_median_s: float | None
    delay_p95_s: float | None


def score(predicted: Iterable[Timed], truth: Iterable[Timed]) -> Score:
    """Compares two sets of incidents. Raises ValueError where one event is in two incidents of one side."""
    guesses, facts = tuple(predicted), tuple(truth)
    guessed, true = _labels(guesses), _labels(facts)
    overlaps = Counter((true[event], guessed[event]) for event in true if event in guessed)
    matches = _best(overlaps)
    by_id = {guess.id: guess for guess in guesses}
    delays = sorted(
        (by_id[match].started - fact.started).total_seconds()
        for fact in facts
        if (match := matches.get(fact.id)) is not None
    )
    found = [
        fact.id
        for fact in facts
        if (match := matches.get(fact.id)) is not None and overlaps[fact.id, match] * 2 >= len(fact.events)
    ]
    touched = Counter(fact for fact, _ in overlaps)
    shown = sum(guess.shown for guess in guesses)
    return Score(
        pairs=count_pairs(guessed, true),
        ari=adjusted_rand(guessed, true),
        true_incidents=len(facts),
        incidents=len(guesses),
        events=len(guessed),
        reduction=len(guessed) / len(guesses) if guesses else 0.0,
        found=len(found) / len(facts) if facts else 1.0,
        fragments=sum(touched.values()) / len(touched) if touched else 0.0,
        noise_absorbed=_absorbed(guessed, true),
        false_merges=_mixed(overlaps) / len(guesses) if guesses else 0.0,
        shown=shown,
        reduction_shown=1 - shown / len(guessed) if guessed else 0.0,
        missing_major=sum(fact.kind in _GRAVE and not _seen(matches.get(fact.id), by_id) for fact in facts),
        delay_median_s=median(delays) if delays else None,
        delay_p95_s=quantile(delays, 0.95) if delays else None,
    )


def count_pairs(guessed: Mapping[str, str], true: Mapping[str, str]) -> Pairs:
    """Both map an event to its incident. Counted by contingency, not pair by pair."""
    joint = Counter((guessed[event], incident) for event, incident in true.items() if event in guessed)
    sizes = Counter(guessed.values())
    noise = Counter(incident for event, incident in guessed.items() if event not in true)
    said = sum(comb(size, 2) for size in sizes.values()) - sum(comb(size, 2) for size in noise.values())
    return Pairs(
        right=sum(comb(size, 2) for size in joint.values()),
        said=said,
        true=sum(comb(size, 2) for size in Counter(true.values()).values()),
    )


def adjusted_rand(guessed: Mapping[str, str], true: Mapping[str, str]) -> float:
    """1 for equal partitions of the truth's events, about 0 for chance, negative for worse."""
    mine = {event: guessed.get(event, f"alone {event}") for event in true}
    joint = sum(comb(size, 2) for size in Counter((mine[event], true[event]) for event in true).values())
    rows = sum(comb(size, 2) for size in Counter(mine.values()).values())
    columns = sum(comb(size, 2) for size in Counter(true.values()).values())
    total = comb(len(true), 2)
    expected = rows * columns / total if total else 0.0
    best = (rows + columns) / 2
    return 1.0 if best == expected else (joint - expected) / (best - expected)


def quantile(values: Iterable[float], share: float) -> float:
    """Linear interpolation between the closest ranks of `values` (in any order, not empty)."""
    return float(np.quantile(list(values), share))


def _labels(incidents: tuple[Timed, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for incident in incidents:
        for event in incident.events:
            if event in labels:
                raise ValueError(f"event {event} is in incident {labels[event]} and in {incident.id}")
            labels[event] = incident.id
    return labels


def _best(overlaps: Counter[tuple[str, str]]) -> dict[str, str]:
    """Of each fact that is told of, the incident with most of its events; of equals, the one with the lower id."""
    best: dict[str, tuple[int, str]] = {}
    for (fact, guess), count in overlaps.items():
        best[fact] = min(best.get(fact, (0, "")), (-count, guess))
    return {fact: guess for fact, (_, guess) in best.items()}


def _mixed(overlaps: Counter[tuple[str, str]]) -> int:
    """How many incidents hold events of more than one true one."""
    return sum(count > 1 for count in Counter(guess for _, guess in overlaps).values())


def _seen(match: str | None, by_id: Mapping[str, Timed]) -> bool:
    return match is not None and by_id[match].shown


_GRAVE = frozenset(str(kind) for kind, info in KINDS.items() if info.severity in ("major", "critical"))


def _absorbed(guessed: Mapping[str, str], true: Mapping[str, str]) -> float:
    noise = [incident for event, incident in guessed.items() if event not in true]
    mixed = {guessed[event] for event in true if event in guessed}
    return sum(incident in mixed for incident in noise) / len(noise) if noise else 0.0
