"""Incidents as reports count them, made in a line. Times are seconds after T0, a moment at 07:00 WIB."""

from datetime import UTC, datetime, timedelta, timezone

from aggregator.core.report import Calendar, Report, Span
from aggregator.core.report_rows import Course, Step
from aggregator.core.states import State
from contract.kinds import Severity

T0 = datetime(2026, 3, 2, 0, 0, tzinfo=UTC).timestamp()
"""Monday, 07:00 in Jakarta."""
WIB = timezone(timedelta(hours=7), "WIB")
CALENDAR = Calendar(WIB)
SHIFT = Span(T0, T0 + 8 * 3_600)


def course(
    at: float,
    *moves: tuple[float, str, State] | tuple[float, str, State, str],
    kind: str = "brawl",
    severity: Severity = "critical",
    sites: tuple[str, ...] = ("monas",),
    name: str = "",
) -> Course:
    """Opened `at` by the system; moves: (when, who, to, words)."""
    steps = [
        Step(T0 + at, "system", None, "suspected", "begin"),
        Step(T0 + at, "system", "suspected", "open", "severe"),
    ]
    for when, actor, to, *words in moves:
        steps.append(Step(T0 + when, actor, steps[-1].after, to, words[0] if words else ""))
    return Course(name or f"{kind}-{at:g}", kind, severity, T0 + at, sites, tuple(steps))


def rows(report: Report, table: str) -> list[dict[str, object]]:
    found = report.table(table)
    return [dict(zip((column.key for column in found.columns), row, strict=True)) for row in found.rows]


def row(report: Report, table: str, **wanted: object) -> dict[str, object]:
    """The one row with these values."""
    (found,) = [one for one in rows(report, table) if all(one[key] == value for key, value in wanted.items())]
    return found
