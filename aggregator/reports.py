"""Reports over what the store holds: finds the rows, and leaves the counting to aggregator.core.report_*."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.core.load import LoadPolicy
from aggregator.core.report import Calendar, Districts, Name, Report, ReportRefused, Span
from aggregator.core.report_coverage import Covered, cover, coverage_report
from aggregator.core.report_precision import precision_report
from aggregator.core.report_response import response_report
from aggregator.core.report_rows import Course, ReportStore
from aggregator.core.report_shift import ShiftFacts, shift_report
from aggregator.core.response import ResponseTargets
from aggregator.core.silences import Silence
from aggregator.service import Service

MOST = 50_000
"""Incidents, verdicts or changes of cameras' states that one report counts; with more, a shorter range is asked for."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the config says of reports. districts: name to sites."""

    calendar: Calendar
    targets: ResponseTargets = field(default_factory=ResponseTargets)
    load: LoadPolicy = field(default_factory=LoadPolicy)
    districts: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reports:
    """Any thread. silences: those that expire after a time. Each report is for a range and, where `sites` is not None,
    of what lies there alone. Raises ReportRefused where there is too much to count, StoreError."""

    store: ReportStore
    service: Service
    silences: Callable[[float], tuple[Silence, ...]]
    rules: Rules

    def make(self, name: Name, span: Span, sites: frozenset[str] | None) -> Report:
        districts = Districts(self.rules.districts, sites)
        calendar = self.rules.calendar
        if name == "shift":
            return self._shift(span, sites, districts)
        if name == "response":
            return response_report(span, self._courses(span, sites, False), self.rules.targets, districts, calendar)
        if name == "precision":
            verdicts = self.store.verdicts(span, sites, MOST)
            _bounded(len(verdicts))
            judged = [one for one in self.service.judged() if districts.counts((one.site,))]
            return precision_report(span, verdicts, judged, districts, calendar)
        return coverage_report(span, self._covered(span, sites), districts, calendar)

    def _shift(self, span: Span, sites: frozenset[str] | None, districts: Districts) -> Report:
        facts = ShiftFacts(
            courses=self._courses(span, sites, True),
            acted=self.store.acted(span) if sites is None else None,
            suppressed=self.store.suppressed(span, sites),
            silences=[
                one
                for one in self.silences(span.since)
                if one.starts < span.until
                and one.until > span.since
                and (one.site is None or districts.counts((one.site,)))
            ],
            covered=self._covered(span, sites),
        )
        rules = self.rules
        return shift_report(span, facts, rules.targets, rules.load, districts, rules.calendar)

    def _courses(self, span: Span, sites: frozenset[str] | None, running: bool) -> list[Course]:
        courses = list(self.store.courses(span, sites, running=running, most=MOST))
        _bounded(len(courses))
        return courses

    def _covered(self, span: Span, sites: frozenset[str] | None) -> Covered:
        watches = self.store.watches(span, sites, MOST)
        _bounded(len(watches))
        cameras = [(one.key, one.name) for one in self.service.cameras() if sites is None or one.site in sites]
        return cover(span, watches, self.store.runs(span), cameras)


def _bounded(count: int) -> None:
    if count > MOST:
        raise ReportRefused("reports.too_much", most=MOST)
