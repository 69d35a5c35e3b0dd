"""Reports as tables of plain values. The page, CSV and PDF show the same tables; none of them computes anything.

Times are seconds since the Unix epoch (UTC), durations seconds, shares 0..1. What a column means is in the catalogue
under `reports.column.KEY`, what a table shows under `report.table.KEY`.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from math import ceil, sqrt
from typing import Literal, get_args

from contract.errors import JagaError
from contract.sentence import Sentence

ColumnType = Literal[
    "text", "count", "number", "share", "seconds", "time", "span", "kind", "severity", "state", "suppressed", "outcome",
    "camera_state", "camera_reason", "false_reason", "action", "actor", "step", "bin", "place", "incident",
]  # fmt: skip
"""How a value is to be shown: a code of the catalogue, a time in the site's zone, a number with its unit. span: the
beginning of an hour or a day. bin: the upper edge of a class in seconds, None for what is above them all."""
Value = str | int | float | Sentence | None
Row = tuple[Value, ...]

Name = Literal["shift", "response", "precision", "coverage"]
NAMES: tuple[Name, ...] = get_args(Name)
Preset = Literal["shift", "previous_shift", "today", "yesterday", "week", "month"]

MOST_DAYS = 92
MOST_ROWS = 1000
"""Of one table; `Table.total` says how many there are."""
_DAY = timedelta(days=1)


class ReportRefused(JagaError):
    """A report that is not made: its range is empty, too long, or holds too much."""


@dataclass(frozen=True, slots=True)
class Span:
    """since <= t < until"""

    since: float
    until: float

    @property
    def seconds(self) -> float:
        return self.until - self.since

    def holds(self, t: float | None) -> bool:
        return t is not None and self.since <= t < self.until


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Table:
    """total: how many rows there are, of which `rows` are the first."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Report:
    name: Name
    span: Span
    tables: tuple[Table, ...]

    def table(self, key: str) -> Table:
        """Raises ReportRefused for one that this report does not have."""
        for table in self.tables:
            if table.key == key:
                return table
        raise ReportRefused("reports.no_table", table=key, allowed=", ".join(table.key for table in self.tables))


def table(key: str, columns: str, rows: Iterable[Row], total: int | None = None) -> Table:
    """columns: "key:type key:type ..."; a type that is left out is the key itself. Rows past MOST_ROWS are left out."""
    made = []
    for word in columns.split():
        name, _, kind = word.partition(":")
        made.append(Column(name, _type(kind or name)))
    kept = tuple(rows)
    return Table(key, tuple(made), kept[:MOST_ROWS], len(kept) if total is None else total)


def _type(written: str) -> ColumnType:
    for known in get_args(ColumnType):
        if known == written:
            return known  # type: ignore[no-any-return]
    raise ValueError(written)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The site's clock. shifts: when each begins, local time, ascending. label: the zone's name as people write it."""

    zone: tzinfo
    shifts: tuple[time, ...] = (time(7), time(15), time(23))
    name: str = "Asia/Jakarta"
    label: str = "WIB"

    def local(self, t: float) -> datetime:
        return datetime.fromtimestamp(t, self.zone)

    def at(self, day: date, clock: time) -> float:
        return datetime.combine(day, clock, self.zone).timestamp()

    def preset(self, name: Preset, now: float) -> Span:
        """What runs now ends now."""
        today = self.local(now).date()
        midnight = self.at(today, time())
        if name == "today":
            return Span(midnight, now)
        if name == "yesterday":
            return Span(self.at(today - _DAY, time()), midnight)
        if name in ("week", "month"):
            return Span(self.at(today - _DAY * (6 if name == "week" else 29), time()), now)
        begins = sorted(self.at(today + _DAY * day, clock) for day in (-2, -1, 0) for clock in self.shifts)
        past = [begin for begin in begins if begin <= now]
        return Span(past[-1], now) if name == "shift" else Span(past[-2], past[-1])

    def buckets(self, span: Span) -> tuple[Span, ...]:
        """Hours of the site's clock where the range has at most three days, else its days; the first and the last may
        be cut."""
        hourly = span.seconds <= 3 * 86_400
        edges = [span.since]
        begin = self.local(span.since).replace(minute=0, second=0, microsecond=0)
        day = begin.date()
        while True:
            if hourly:
                begin += timedelta(hours=1)
                edge = begin.timestamp()
            else:
                day += _DAY
                edge = self.at(day, time())
            if edge >= span.until:
                break
            if edge > edges[-1]:
                edges.append(edge)
        return tuple(Span(a, b) for a, b in zip(edges, [*edges[1:], span.until], strict=True))


def checked(since: float, until: float, now: float) -> Span:
    """The range, ended at `now` where it would go on. Raises ReportRefused."""
    if since >= now:
        raise ReportRefused("reports.range_future")
    if since >= until:
        raise ReportRefused("reports.range_empty")
    if until - since > MOST_DAYS * 86_400 + 3_600:
        raise ReportRefused("reports.range_long", days=ceil((until - since) / 86_400), most=MOST_DAYS)
    return Span(since, min(until, now))


@dataclass(frozen=True, slots=True)
class Districts:
    """Which districts a site lies in. Where the config has none, each site is one of its own. only: the sites that are
    counted, None for all."""

    sites: Mapping[str, Collection[str]] = field(default_factory=dict)
    only: frozenset[str] | None = None

    def of(self, sites: Iterable[str]) -> tuple[str, ...]:
        """Each once. What lies in no district is under ""."""
        seen = [site for site in sites if self.only is None or site in self.only]
        if not self.sites:
            return tuple(dict.fromkeys(seen))
        found = [name for name, held in self.sites.items() if any(site in held for site in seen)]
        return tuple(found) or ("",)

    def counts(self, sites: Iterable[str]) -> bool:
        return self.only is None or not self.only.isdisjoint(sites)


def within(buckets: Sequence[Span], t: float) -> int | None:
    """The index of the bucket that holds `t`."""
    at = bisect_right(buckets, t, key=lambda bucket: bucket.until)
    return at if at < len(buckets) and buckets[at].holds(t) else None


def quantile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that `share` of all do not exceed (the inverse of the empirical distribution, type 1 of
    Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996): a duration that did occur."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def wilson(right: int, wrong: int, z: float = 1.96) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson, Probable Inference, 1927); None for nothing."""
    n = right + wrong
    if not n:
        return None
    p, square = right / n, z * z
    centre = (p + square / (2 * n)) / (1 + square / n)
    spread = z / (1 + square / n) * sqrt(p * (1 - p) / n + square / (4 * n * n))
    return round(max(0.0, centre - spread), 4), round(min(1.0, centre + spread), 4)
