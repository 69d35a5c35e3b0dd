"""A report's values in the reader's language, for CSV and PDF: Indonesian and English differ in their decimal sign and
in the names of months. The page does the same for itself (aggregator/web/src/lib/reporttext.ts)."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from io import StringIO

from aggregator.core.report import Calendar, Column, Report, Table, Value
from aggregator.core.report_plot import PLOTS, Drawn, drawn
from aggregator.core.report_sheet import Paper, Picture, Sheet
from aggregator.views import rfc3339
from contract.sentence import Sentence, said
from contract.texts import Language, catalogue, text

_KEYS = {
    "kind": "kind.{}",
    "severity": "web.severity.{}",
    "state": "web.state.{}",
    "suppressed": "web.suppressed.{}",
    "camera_state": "web.camera_state.{}",
    "false_reason": "web.reason.{}",
    "action": "reports.action.{}",
    "actor": "web.actor.{}",
    "outcome": "reports.outcome.{}",
    "step": "reports.step.{}",
}
"""Where the catalogue has the words for the codes of a column; what it does not have is shown as it is."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"


def heading(column: Column, language: Language) -> str:
    return text(f"reports.column.{column.key}", language)


def title(table: Table, language: Language) -> str:
    return text(f"reports.table.{table.key}", language)


def decimal(value: float, digits: int, language: Language) -> str:
    shown = f"{value:,.{digits}f}"
    return shown.translate(str.maketrans(",.", ".,")) if language == "id" else shown


def moment(t: float, calendar: Calendar, language: Language) -> str:
    """26 Nov 2026 14:05, in the site's zone."""
    local = calendar.local(t)
    return f"{local.day} {text(f'reports.month.{local.month}', language)} {local.year} {local:%H:%M}"


def duration(seconds: float, language: Language) -> str:
    """In at most two units, which have the names of aggregator/web/src/lib/format.ts; there it is rounded more."""
    whole = max(0, int(seconds))
    s, minute, hour, day = text("reports.units", language).split()
    if whole < 60:
        return f"{whole} {s}"
    if whole < 3_600:
        return f"{whole // 60} {minute}" + (f" {whole % 60} {s}" if whole % 60 else "")
    if whole < 86_400:
        return f"{whole // 3_600} {hour}" + (f" {whole % 3_600 // 60} {minute}" if whole % 3_600 >= 60 else "")
    return f"{whole // 86_400} {day}" + (f" {whole % 86_400 // 3_600} {hour}" if whole % 86_400 >= 3_600 else "")


def place(name: str) -> str:
    """A site's or a district's name as people write it."""
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", "-").replace("-", " ").split(" "))


def word(column: Column, value: Value, calendar: Calendar, language: Language) -> str:
    """One value as a person reads it; "" for nothing."""
    kind = column.type
    if kind == "bin":
        return f"<= {duration(value, language)}" if isinstance(value, int | float) else text("reports.above", language)
    if value is None:
        return ""
    if isinstance(value, int | float):
        if kind in ("time", "span"):
            return moment(value, calendar, language)
        if kind == "seconds":
            return duration(value, language)
        if kind == "share":
            return f"{decimal(100 * value, 0 if value in (0, 1) else 1, language)} %"
        return decimal(value, 0 if isinstance(value, int) else 1, language)
    return _words(column, value, language)


def _words(column: Column, value: str | Sentence, language: Language) -> str:
    if isinstance(value, Sentence):
        return said(value, language, lambda name, n: _written(name, n, language))
    if column.type == "place":
        return place(value) if value or column.key != "district" else text("reports.no_district", language)
    if column.type == "incident":
        return value[-6:].upper()
    return _coded(_KEYS.get(column.type, "").format(value), value, language)


def _written(name: str, value: int | float, language: Language) -> str:
    """A number of a sentence (contract.sentence)."""
    return duration(value, language) if name.endswith("_s") else decimal(value, int(isinstance(value, float)), language)


def _coded(key: str, value: str, language: Language) -> str:
    """The catalogue's words for a code; what it does not know stays as it is."""
    if key in catalogue():
        try:
            return text(key, language)
        except KeyError:  # words with a gap
            return value
    return value


NUMERIC = frozenset({"count", "number", "share", "seconds"})
MOST_PRINTED = 200
"""Rows of one table on paper."""


def paper(report: Report, calendar: Calendar, language: Language, made: float, by: str, where: str) -> Paper:
    """by: who asked for it. where: the districts it is of, or ""."""
    span = report.span
    since, until = moment(span.since, calendar, language), moment(span.until, calendar, language)
    lines = [
        text("reports.paper.range", language, since=since, until=until, zone=calendar.label),
        text("reports.paper.where", language, where=where or text("reports.paper.whole_city", language)),
        text("reports.paper.made", language, time=moment(made, calendar, language), zone=calendar.label, by=by),
    ]
    name = text(f"reports.name.{report.name}", language)
    return Paper(
        title=name,
        lines=lines,
        sheets=[_sheet(table, calendar, language) for table in report.tables],
        foot=f"Jaga - {name}: {since} - {until} {calendar.label}",
        page=text("reports.paper.page", language),
        empty=text("reports.empty", language),
        made=made,
    )


def _sheet(table: Table, calendar: Calendar, language: Language) -> Sheet:
    rows = table.rows[:MOST_PRINTED]
    note = ""
    if table.total > len(rows):
        note = text("reports.paper.cut", language, n=len(rows), total=decimal(table.total, 0, language))
    return Sheet(
        title(table, language),
        [heading(column, language) for column in table.columns],
        [column.type in NUMERIC for column in table.columns],
        [
            [word(column, value, calendar, language) for column, value in zip(table.columns, row, strict=True)]
            for row in rows
        ],
        note,
        _picture(table, calendar, language),
    )


def _picture(table: Table, calendar: Calendar, language: Language) -> Picture | None:
    plot = drawn(table)
    if plot is None:
        return None
    spec, columns = plot.spec, {column.key: column for column in table.columns}
    x, y = columns[spec.x], columns[spec.series[0]]
    by = columns[spec.by] if spec.by is not None else None
    lies = spec.kind == "bars" and x.type == "kind"
    return Picture(
        plot,
        below=[_below(x, one, plot, calendar, language) for one in plot.x],
        names=[
            heading(columns[one.key], language) if by is None else _words(by, one.key, language) for one in plot.series
        ],
        ticks=[_tick(y, one, language) for one in plot.ticks],
        tops=[_tick(y, one or 0.0, language) for one in plot.series[0].values] if lies else (),
        limit=_limit(columns[spec.limit], plot.limit, calendar, language) if spec.limit else "",
    )


def _below(column: Column, value: Value, plot: Drawn, calendar: Calendar, language: Language) -> str:
    """26 Nov below days, 14:00 below hours."""
    if column.type != "span" or not isinstance(value, int | float):
        return word(column, value, calendar, language)
    local = calendar.local(value)
    return f"{local.day} {text(f'reports.month.{local.month}', language)}" if plot.daily else f"{local:%H:%M}"


def _limit(column: Column, value: float | None, calendar: Calendar, language: Language) -> str:
    return "" if value is None else f"{heading(column, language)}: {word(column, value, calendar, language)}"


def _tick(column: Column, value: float, language: Language) -> str:
    return f"{decimal(100 * value, 0, language)} %" if column.type == "share" else decimal(value, 0, language)


def csv_of(report: Report, table: Table, calendar: Calendar, language: Language) -> str:
    """RFC 4180, in UTF-8 with a mark that spreadsheets know it by. Numbers keep a decimal point, shares are 0..1,
    durations seconds, times local in ISO 8601 with their offset, codes words."""
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([heading(column, language) for column in table.columns])
    for row in table.rows:
        write.writerow(
            [_cell(column, value, calendar, language) for column, value in zip(table.columns, row, strict=True)]
        )
    return BOM + out.getvalue()


def _cell(column: Column, value: Value, calendar: Calendar, language: Language) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, int | float):
        if column.type in ("time", "span"):
            return calendar.local(value).isoformat(timespec="seconds")
        return value
    return safe(str(value) if column.type == "incident" else _words(column, value, language))


def safe(words: str) -> str:
    """A cell that begins like a formula is taken for one by spreadsheets: an apostrophe keeps it text (OWASP, CSV
    Injection). A sign before a digit is also one."""
    return f"'{words}" if words.startswith(_FORMULA) else words


def filename(report: Report, calendar: Calendar, extension: str, table: str | None = None) -> str:
    """Letters, digits, "-" and "_" alone; times local."""
    since, until = (calendar.local(t).strftime("%Y%m%d-%H%M") for t in (report.span.since, report.span.until))
    return f"jaga-{report.name}{f'-{table}' if table else ''}_{since}_{until}.{extension}"


def view(report: Report, calendar: Calendar, now: float) -> dict[str, object]:
    """For JSON: each row an object by the columns' keys, times as RFC 3339."""
    return {
        "report": report.name,
        "since": rfc3339(report.span.since),
        "until": rfc3339(report.span.until),
        "generated": rfc3339(now),
        "zone": {"name": calendar.name, "label": calendar.label},
        "tables": [
            {
                "key": table.key,
                "columns": [{"key": column.key, "type": column.type} for column in table.columns],
                "rows": list(_objects(table)),
                "total": table.total,
                "plot": asdict(PLOTS[table.key]) if table.key in PLOTS else None,
            }
            for table in report.tables
        ],
    }


def _objects(table: Table) -> Iterator[dict[str, Value]]:
    timed = [column.type in ("time", "span") for column in table.columns]
    for row in table.rows:
        yield {
            column.key: rfc3339(value) if is_time and isinstance(value, int | float) else value
            for column, value, is_time in zip(table.columns, row, timed, strict=True)
        }
