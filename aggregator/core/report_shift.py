"""What one shift hands to the next: what came, what became of it, who did what, what still waits, and what is not
watched. States are those at the end of the range, so that a report of a shift that is over stays as it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.core.load import WINDOW_S, LoadPolicy
from aggregator.core.report import Calendar, Districts, Report, Row, Span, Table, ratio, table, within
from aggregator.core.report_coverage import Covered
from aggregator.core.report_response import timed
from aggregator.core.report_rows import Acted, Course
from aggregator.core.response import ResponseTargets, Step, due
from aggregator.core.silences import Silence
from aggregator.core.states import CLOSED, SYSTEM
from contract.kinds import SEVERITIES

_ACTIONS = {"state": "transition"}
"""Where the audit log calls an action otherwise than the history does."""
GRAVEST = tuple(reversed(SEVERITIES))
_BY = "opened:count critical:count major:count minor:count info:count resolved:count false_alarm:count left:count"


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    """courses: also those that were open when the range began. acted: None where it may not be shown."""

    courses: Sequence[Course]
    acted: Sequence[Acted] | None
    suppressed: Sequence[tuple[str, int]]
    silences: Sequence[Silence]
    covered: Covered


def shift_report(
    span: Span,
    facts: ShiftFacts,
    targets: ResponseTargets,
    load: LoadPolicy,
    districts: Districts,
    calendar: Calendar,
) -> Report:
    courses = facts.courses
    fresh = [one for one in courses if span.holds(one.opened)]
    tables = [
        _totals(span, courses, facts, targets, load),
        _by("kind", "kind", span, [((one.kind,), one) for one in fresh]),
        _by("severity", "severity", span, [((one.severity,), one) for one in fresh]),
        _by("district", "place", span, [(districts.of(one.sites), one) for one in fresh]),
        _outcomes(span, courses),
        _people(span, courses),
        _notes(span, courses),
        _overdue(span, courses, targets, districts),
        table(
            "silences",
            "site:place camera:text rule:text kind zone:text reason:text actor begin:time end:time ended_by:actor",
            map(_silence, facts.silences),
        ),
        facts.covered.dark(span.until),
        _load(span, courses, load, calendar),
        table("suppressed", "reason:suppressed events:count", _most(facts.suppressed)),
    ]
    if facts.acted is not None:
        rows = [(one.actor, one.action, one.count, one.first, one.last) for one in facts.acted]
        tables.append(table("acted", "actor action times:count first:time last:time", rows))
    return Report("shift", span, tuple(tables))


def _silence(one: Silence) -> Row:
    matched = (one.site, one.camera, one.rule, one.kind, one.zone)
    return *matched, one.reason, one.actor, one.starts, one.until, one.ended_by


def _most(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda one: (-one[1], one[0]))


def _totals(
    span: Span, courses: Sequence[Course], facts: ShiftFacts, targets: ResponseTargets, load: LoadPolicy
) -> Table:
    fresh = [one for one in courses if span.holds(one.opened)]
    closings = [step for one in courses if (step := one.closed(span.until)) is not None and span.holds(step.time)]
    settled = [met for one in fresh if (met := timed(one, targets, span.until).answer_met) is not None]
    columns = (
        "opened:count carried:count closed:count false_alarm:count left:count overdue:count ack_within:share "
        "peak:count budget:number suppressed:count dark:count coverage:share"
    )
    row = (
        len(fresh),
        len(courses) - len(fresh),
        len(closings),
        sum(1 for step in closings if step.after == "false_alarm"),
        sum(1 for one in courses if one.state_at(span.until) not in CLOSED),
        len(_owed(span, courses, targets)),
        ratio(sum(settled), len(settled)),
        max(_windows(span, courses), default=0),
        load.budget,
        sum(count for _, count in facts.suppressed),
        facts.covered.dark(span.until).total,
        facts.covered.share,
    )
    return table("totals", columns, [row])


def _by(key: str, kind: str, span: Span, found: Iterable[tuple[tuple[str, ...], Course]]) -> Table:
    held: dict[str, list[Course]] = {}
    for groups, one in found:
        for group in groups:
            held.setdefault(group, []).append(one)
    order: dict[str, int] = {name: at for at, name in enumerate(GRAVEST)}
    rows: list[Row] = []
    for group, ones in sorted(held.items(), key=lambda item: (order.get(item[0], 0), -len(item[1]), item[0])):
        severities = Counter(one.severity for one in ones)
        states = Counter(one.state_at(span.until) for one in ones)
        closed = (states["resolved"], states["false_alarm"])
        rows.append((group, len(ones), *(severities[one] for one in GRAVEST), *closed, len(ones) - sum(closed)))
    return table(f"by_{key}", f"{key}:{kind} {_BY}", rows)


def _outcomes(span: Span, courses: Sequence[Course]) -> Table:
    """Of everything that was open at some time within the range, by who closed it."""
    counts: Counter[str] = Counter()
    for one in courses:
        step = one.closed(span.until)
        if step is None:
            counts[one.state_at(span.until)] += 1
        else:
            counts["ended_by_itself" if step.actor == SYSTEM else step.after] += 1
    rows = [(outcome, count, ratio(count, len(courses))) for outcome, count in counts.most_common()]
    return table("by_outcome", "outcome count:count share:share", rows)


def _people(span: Span, courses: Sequence[Course]) -> Table:
    did: dict[str, Counter[str]] = {}
    for one in courses:
        for step in one.steps:
            if step.actor != SYSTEM and span.holds(step.time):
                did.setdefault(step.actor, Counter())[step.after if step.moved else "other"] += 1
    names = ("acknowledged", "dispatched", "resolved", "false_alarm", "other")
    order = sorted(did.items(), key=lambda item: (-item[1].total(), item[0]))
    rows: list[Row] = [(actor, *(count[name] for name in names)) for actor, count in order]
    return table("people", "actor " + " ".join(f"{name}:count" for name in names), rows)


def _notes(span: Span, courses: Sequence[Course]) -> Table:
    """What people wrote, the latest first."""
    rows = [
        (
            step.time,
            step.actor,
            one.id,
            one.kind,
            f"incident.{_ACTIONS.get(step.action, step.action)}",
            step.after,
            step.reason,
        )
        for one in courses
        for step in one.steps
        if step.actor != SYSTEM and step.reason and span.holds(step.time)
    ]
    rows.sort(reverse=True)
    return table("notes", "time actor incident kind action state words:text", rows)


def _owed(span: Span, courses: Sequence[Course], targets: ResponseTargets) -> list[tuple[float, Step, Course]]:
    """(how long overdue, which step, incident) at the end of the range, the longest first."""
    found: list[tuple[float, Step, Course]] = []
    for one in courses:
        owed = due(one.state_at(span.until), one.severity, one.opened, targets)
        late = owed.overdue(span.until) if owed is not None else None
        if owed is not None and late is not None:
            found.append((late, owed.step, one))
    return sorted(found, key=lambda row: (-row[0], row[2].id))


def _overdue(span: Span, courses: Sequence[Course], targets: ResponseTargets, districts: Districts) -> Table:
    rows = [
        (one.id, one.kind, one.severity, ", ".join(districts.of(one.sites)), step, one.opened, late)
        for late, step, one in _owed(span, courses, targets)
    ]
    columns = "incident kind severity district:place step opened_at:time overdue_for:seconds"
    return table("overdue", columns, rows)


def _windows(span: Span, courses: Sequence[Course]) -> list[int]:
    """How many were opened in the ten minutes that end with each opening: the load's peaks are among these."""
    times = sorted(one.opened for one in courses)
    counts, first = [], 0
    for at, t in enumerate(times):
        while times[first] <= t - WINDOW_S:
            first += 1
        if span.holds(t):
            counts.append(at - first + 1)
    return counts


def _load(span: Span, courses: Sequence[Course], load: LoadPolicy, calendar: Calendar) -> Table:
    """Where more were opened in ten minutes than the operators can take in."""
    buckets = calendar.buckets(span)
    opened, peak = [0] * len(buckets), [0] * len(buckets)
    fresh = sorted(one.opened for one in courses if span.holds(one.opened))
    for t, count in zip(fresh, _windows(span, courses), strict=True):
        at = within(buckets, t)
        if at is not None:
            opened[at] += 1
            peak[at] = max(peak[at], count)
    rows = [(bucket.since, opened[at], peak[at], load.budget) for at, bucket in enumerate(buckets)]
    return table("load", "begin:span opened:count peak:count budget:number", rows)
