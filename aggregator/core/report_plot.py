"""Which tables of reports are also drawn, and what of them: the page and paper draw the same.

A plot shows nothing that its table does not. What it is drawn with (pixels, millimetres, colours, words) is for whoever
draws it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Literal

from aggregator.core.report import ColumnType, Row, Table, Value

HOURLY_S = 2 * 3_600.0
MOST_LINES = 5
"""More lines than this cannot be told apart; the first ones are kept, which the report puts first for a reason."""


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """x, series: columns. by: the column for each of whose values the one series is drawn. interval: the columns of the
    interval around the one series. limit: the column of what is drawn across, from the first row, and on the
    scale."""

    kind: Literal["bars", "lines"]
    x: str
    series: tuple[str, ...]
    by: str | None = None
    interval: tuple[str, str] | None = None
    limit: str | None = None


PLOTS: dict[str, PlotSpec] = {
    "load": PlotSpec("bars", "begin", ("peak",), limit="budget"),
    "by_kind": PlotSpec("bars", "kind", ("opened",)),
    "response_distribution": PlotSpec("bars", "up_to", ("answered", "ended")),
    "response_over_time": PlotSpec("lines", "begin", ("ack_within", "end_within")),
    "precision_over_time": PlotSpec("lines", "begin", ("precision",), interval=("low", "high")),
    "coverage_over_time": PlotSpec("lines", "begin", ("coverage",)),
    "coverage_districts_over_time": PlotSpec("lines", "begin", ("coverage",), by="district"),
}
"""By the table's key."""


@dataclass(frozen=True, slots=True)
class Series:
    """key: a column, or a value of the column `by`. values: one for each x; None: nothing is known there."""

    key: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """x: the values below; with `by`, each once. intervals: (low, high) for each x where there are any. ticks: from 0
    to the top of the scale, which they end with. daily: x are days, not hours."""

    spec: PlotSpec
    x_type: ColumnType
    y_type: ColumnType
    x: tuple[Value, ...]
    series: tuple[Series, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    ticks: tuple[float, ...]
    limit: float | None
    daily: bool


def drawn(table: Table) -> Drawn | None:
    """What is drawn of this table; None where it is not drawn, or nothing would be seen."""
    spec = PLOTS.get(table.key)
    if spec is None:
        return None
    at = {column.key: n for n, column in enumerate(table.columns)}
    types = {column.key: column.type for column in table.columns}
    x = tuple(row[at[spec.x]] for row in table.rows)
    if spec.by is None:
        series = tuple(Series(key, tuple(_number(row[at[key]]) for row in table.rows)) for key in spec.series)
    else:
        x = tuple(dict.fromkeys(x))
        series = _grouped(table.rows, at[spec.by], at[spec.x], at[spec.series[0]], x)
    values = [value for one in series for value in one.values if value is not None]
    if not any(values):
        return None
    intervals = [_pair(row, [at[key] for key in spec.interval]) for row in table.rows] if spec.interval else []
    y_type = types[spec.series[0]]
    limit = _number(table.rows[0][at[spec.limit]]) if spec.limit else None
    ticks = scale(1.0 if y_type == "share" else max(*values, limit or 0.0), whole=y_type != "share")
    return Drawn(spec, types[spec.x], y_type, x, series, tuple(intervals), ticks, limit, _daily(x))


def _grouped(rows: Sequence[Row], by: int, at: int, column: int, x: Sequence[Value]) -> tuple[Series, ...]:
    groups: dict[str, dict[Value, float | None]] = {}
    for row in rows:
        groups.setdefault(str(row[by]), {})[row[at]] = _number(row[column])
    return tuple(Series(name, tuple(own.get(one) for one in x)) for name, own in list(groups.items())[:MOST_LINES])


def _pair(row: Row, columns: Sequence[int]) -> tuple[float, float] | None:
    low, high = (_number(row[column]) for column in columns)
    return None if low is None or high is None else (low, high)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _daily(begins: Iterable[Value]) -> bool:
    """The first may be cut short, and where clocks change an hour may be two."""
    times = [float(one) for one in begins if isinstance(one, int | float)]
    return any(later - earlier > HOURLY_S for earlier, later in pairwise(times))


def scale(most: float, whole: bool) -> tuple[float, ...]:
    """About four steps of 1, 2 or 5 times a power of ten, from 0 to at least `most`. whole: no fractions."""
    most = max(most, 1.0 if whole else 1e-9)
    raw = most / 4
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if raw <= power * factor * 1.25)
    step = max(1.0, step) if whole else step
    return tuple(round(step * n, 9) for n in range(ceil(most / step - 1e-9) + 1))


def labelled(count: int, most: int) -> range:
    """Indices of at most `most` labels that fit below, evenly spread from the first on."""
    return range(0, count, max(1, ceil(count / max(1, most))))
