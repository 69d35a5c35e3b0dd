"""How soon incidents were answered and ended, against the targets (aggregator.core.response).

Counted are incidents that were opened in the range, which is when somebody was first shown them. An incident that
nobody answered has missed its target once that has passed, whether it still waits or the system closed it; until then
it says nothing. Median and 90th percentile are of those that were answered or ended.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aggregator.core.report import Calendar, Districts, Report, Row, Span, Table, quantile, ratio, table, within
from aggregator.core.report_rows import Course
from aggregator.core.response import ResponseTargets
from contract.kinds import SEVERITIES

EDGES_S = (15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400)
"""Upper edges of the distribution's classes, in seconds."""
_FIGURES = (
    "opened:count answered:count ack_median:seconds ack_p90:seconds ack_within:share "
    "ended:count end_median:seconds end_p90:seconds end_within:share"
)


@dataclass(frozen=True, slots=True)
class Timed:
    """answer_s, end_s: from `opened`; None while it did not happen. answer_met, end_met: whether the target was met;
    None where that is not settled yet."""

    course: Course
    answer_s: float | None
    answer_met: bool | None
    end_s: float | None
    end_met: bool | None


def timed(course: Course, targets: ResponseTargets, until: float) -> Timed:
    """As it stood at `until`."""
    answer, end = course.answered(until), course.closed(until)
    gone = end.time if end is not None else until
    answer_s = None if answer is None else answer.time - course.opened
    end_s = None if end is None else end.time - course.opened
    limit = targets.acknowledge.of(course.severity)
    return Timed(
        course,
        answer_s,
        _met(answer_s, gone - course.opened, limit),
        end_s,
        _met(end_s, until - course.opened, targets.resolve.of(course.severity)),
    )


def _met(took_s: float | None, waited_s: float, target_s: float) -> bool | None:
    if took_s is not None:
        return took_s <= target_s
    return False if waited_s > target_s else None


def figures(found: Sequence[Timed]) -> Row:
    """In the order of the columns."""
    answers = [one.answer_s for one in found if one.answer_s is not None]
    ends = [one.end_s for one in found if one.end_s is not None]
    return (
        len(found),
        len(answers),
        quantile(answers, 0.5),
        quantile(answers, 0.9),
        _share(one.answer_met for one in found),
        len(ends),
        quantile(ends, 0.5),
        quantile(ends, 0.9),
        _share(one.end_met for one in found),
    )


def _share(met: Iterable[bool | None]) -> float | None:
    settled = [one for one in met if one is not None]
    return ratio(sum(settled), len(settled))


def response_report(
    span: Span, courses: Iterable[Course], targets: ResponseTargets, districts: Districts, calendar: Calendar
) -> Report:
    found = [timed(one, targets, span.until) for one in courses if span.holds(one.opened)]
    return Report(
        "response",
        span,
        (
            table("response_totals", _FIGURES, [figures(found)]),
            _distribution(found),
            _over_time(span, found, calendar),
            _by_severity(found, targets),
            _by("kind", "kind", found, lambda one: (one.kind,)),
            _by("district", "place", found, lambda one: districts.of(one.sites)),
        ),
    )


def _by_severity(found: Sequence[Timed], targets: ResponseTargets) -> Table:
    rows = [
        (
            severity,
            targets.acknowledge.of(severity),
            targets.resolve.of(severity),
            *figures([one for one in found if one.course.severity == severity]),
        )
        for severity in reversed(SEVERITIES)
    ]
    return table("response_by_severity", f"severity ack_target:seconds end_target:seconds {_FIGURES}", rows)


def _by(key: str, kind: str, found: Sequence[Timed], groups: Callable[[Course], Iterable[str]]) -> Table:
    held: dict[str, list[Timed]] = {}
    for one in found:
        for group in groups(one.course):
            held.setdefault(group, []).append(one)
    order = sorted(held.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [(group, *figures(ones)) for group, ones in order]
    return table(f"response_by_{key}", f"{key}:{kind} {_FIGURES}", rows)


def _distribution(found: Sequence[Timed]) -> Table:
    rows: list[Row] = []
    below = 0.0
    for edge in (*EDGES_S, None):
        top = float("inf") if edge is None else edge
        counts = [
            sum(1 for took in times if took is not None and (took <= top) and (took > below or not below))
            for times in ([one.answer_s for one in found], [one.end_s for one in found])
        ]
        rows.append((edge, *counts))
        below = top
    return table("response_distribution", "up_to:bin answered:count ended:count", rows)


def _over_time(span: Span, found: Sequence[Timed], calendar: Calendar) -> Table:
    buckets = calendar.buckets(span)
    held: list[list[Timed]] = [[] for _ in buckets]
    for one in found:
        at = within(buckets, one.course.opened)
        if at is not None:
            held[at].append(one)
    rows = [(bucket.since, *figures(ones)) for bucket, ones in zip(buckets, held, strict=True)]
    return table("response_over_time", f"begin:span {_FIGURES}", rows)
