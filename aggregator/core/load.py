"""What an operator is shown on a line of its own, and what is summed up by place and kind.

EEMUA publication 191 (Alarm systems, 3rd ed., 2013) calls less than one alarm in ten minutes per operator very likely
to be acceptable. The load is how many incidents were opened in the last ten minutes, per operator. While it is within
the budget, every open incident has its own line. Above it, those of severity minor and info that rank lowest are
summed up, until as many lines are left as the budget allows; what is major or critical never is. Suspected incidents
ring nobody and are always summed up, unless they are major or critical and nothing speaks against them, or critical and
only verdicts do, which leave it PLAUSIBLE. Nothing is hidden: a summary names each incident it holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.incident import GRAVE, Incident
from contract.kinds import SEVERITIES

WINDOW_S = 600.0
PLAUSIBLE = 0.1
"""What verdicts have to leave of the word on something critical for it to keep a line of its own, unrung."""


@dataclass(frozen=True, slots=True)
class LoadPolicy:
    """operators: how many share the desk. per_operator: incidents in ten minutes that one can take in."""

    operators: int = 1
    per_operator: float = 1.0

    @property
    def budget(self) -> float:
        return self.operators * self.per_operator


@dataclass(frozen=True, slots=True)
class Load:
    """opened: fresh incidents that were opened in the last ten minutes. per_operator: of them. over: above budget."""

    opened: int
    per_operator: float
    budget: float

    @property
    def over(self) -> bool:
        return self.opened > self.budget


@dataclass(frozen=True, slots=True)
class Summary:
    """Incidents of one place and kind behind one line, the highest-ranking first. alarm: open ones that the load put
    there, else suspected ones."""

    site: str
    kind: str
    alarm: bool
    incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """own: lines of their own, the highest-ranking first. What waits for an operator is in one of both."""

    load: Load
    own: tuple[str, ...]
    summaries: tuple[Summary, ...]


def waits(one: Incident) -> bool:
    """Whether it waits for an operator."""
    return one.state in ("suspected", "open") and one.merged_into is None


def rank(one: Incident) -> tuple[bool, bool, int, bool, float, float, str]:
    """Sorts the most urgent first: what is fresh before what came late, what nothing speaks against before what is
    doubted, then by severity, opened before suspected, by confidence, and the newest."""
    doubted = bool(one.doubts)
    grave = -SEVERITIES.index(one.severity)
    return one.delayed, doubted, grave, one.state != "open", -round(one.confidence, 1), -one.started, one.id


def measure(incidents: Iterable[Incident], now: float, policy: LoadPolicy) -> Load:
    """Of all incidents, whatever has become of them; what came late rang nobody."""
    opened = sum(
        one.opened is not None and now - WINDOW_S < one.opened <= now and not one.delayed and one.merged_into is None
        for one in incidents
    )
    return Load(opened, round(opened / policy.operators, 2), policy.budget)


def arrange(incidents: Iterable[Incident], now: float, policy: LoadPolicy) -> Desk:
    """The desk as it is now. Depends on the incidents alone, not on their order."""
    everything = tuple(incidents)
    load = measure(everything, now, policy)
    waiting = sorted((one for one in everything if waits(one)), key=rank)
    spare = max(1, int(policy.budget))
    own: set[str] = set()
    summed: dict[tuple[str, str, bool], list[str]] = {}
    for one in waiting:
        grave, alarm = one.severity in GRAVE, one.state == "open"
        if (alarm and (grave or not load.over or spare > 0)) or (grave and not one.doubts) or _plausible(one):
            own.add(one.id)
            spare -= alarm and not grave
            continue
        summed.setdefault((_site(one), one.kind, alarm), []).append(one.id)
    # An alarm that would be alone behind its line takes no less room than on its own.
    own.update(ids[0] for (_, _, alarm), ids in summed.items() if alarm and len(ids) == 1)
    summaries = [
        Summary(site, kind, alarm, tuple(ids))
        for (site, kind, alarm), ids in summed.items()
        if len(ids) > 1 or not alarm
    ]
    summaries.sort(key=lambda one: (not one.alarm, -len(one.incidents), one.site, one.kind))
    return Desk(load, tuple(one.id for one in waiting if one.id in own), tuple(summaries))


def _plausible(one: Incident) -> bool:
    """Of something critical that only verdicts speak against: they lower its rank, and sum it up only where it hardly
    can be."""
    return one.severity == "critical" and one.doubts == ("verdicts",) and one.confidence >= PLAUSIBLE


def _site(one: Incident) -> str:
    """Where it is for the most part: of several sites the one with most sources, of equals the first by name."""
    if len(one.sources) == 1:
        return one.sources[0].site
    counts: dict[str, int] = {}
    for source in one.sources:
        counts[source.site] = counts.get(source.site, 0) + 1
    return min(counts, key=lambda site: (-counts[site], site), default="")
