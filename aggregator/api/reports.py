"""Routes for reports: all tables as JSON, one of them as CSV, all on paper as PDF."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import FastAPI, Header, Query
from starlette.responses import Response

from aggregator import report_text
from aggregator.api import models_reports
from aggregator.api.access import Address, Who
from aggregator.api.models import Moment
from aggregator.api.parts import JSON, NO_STORE, Parts
from aggregator.api.problems import documented
from aggregator.core.report import NAMES, Name, Preset, ReportRefused, Span, checked
from aggregator.views import rfc3339
from contract.texts import Language

Format = Literal["json", "csv", "pdf"]
CSV, PDF = "text/csv", "application/pdf"
MAIN: dict[Name, str] = {
    "shift": "by_kind",
    "response": "response_by_kind",
    "precision": "precision_cameras",
    "coverage": "coverage_by_district",
}
"""The table that CSV has where none is named."""
USUAL: dict[Name, Preset] = {"shift": "shift", "response": "week", "precision": "month", "coverage": "today"}


def install(app: FastAPI, parts: Parts) -> None:
    for name in NAMES:
        app.get(
            f"/api/v1/reports/{name}",
            name=f"report_{name}",
            response_model=models_reports.ReportOut,
            responses={
                200: {"content": {CSV: {"schema": {"type": "string"}}, PDF: {"schema": {"type": "string"}}}},
                **documented(401, 403, 409, 422, 503),
            },
        )(_route(parts, name))


def _route(parts: Parts, name: Name) -> Callable[..., Response]:
    def report(
        who: Who,
        address: Address,
        period: Annotated[
            Preset | None, Query(description="a range by its name; without it and `from` the usual one")
        ] = None,
        since: Annotated[Moment | None, Query(alias="from")] = None,
        until: Annotated[Moment | None, Query(alias="to", description="now where it is left out")] = None,
        wanted: Annotated[Format | None, Query(alias="format", description="else by Accept")] = None,
        table: Annotated[str | None, Query(max_length=64, description="which table, for csv")] = None,
        language: Annotated[Language, Query(description="of csv and pdf")] = "id",
        accept: Annotated[str, Header()] = "",
    ) -> Response:
        now = parts.now()
        span = _span(parts, name, period, since, until, now)
        made = parts.reports.make(name, span, who.sites)
        kind = wanted or _accepted(accept)
        if kind == "json":
            view = report_text.view(made, parts.reports.rules.calendar, now)
            return Response(msgspec.json.encode(view), media_type=JSON, headers=NO_STORE)
        chosen = made.table(table or MAIN[name]) if kind == "csv" else None
        what = " ".join(filter(None, (kind, chosen.key if chosen else "", "" if who.local else address)))
        parts.people.store.note([(now, who.name, "report.export", f"{name} {_range(span)}", what)])
        calendar = parts.reports.rules.calendar
        if chosen is not None:
            body = report_text.csv_of(made, chosen, calendar, language).encode()
            return _file(body, f"{CSV}; charset=utf-8", report_text.filename(made, calendar, "csv", chosen.key))
        paper = report_text.paper(
            made, calendar, language, now, who.name, ", ".join(map(report_text.place, who.districts))
        )
        return _file(parts.printer(paper), PDF, report_text.filename(made, calendar, "pdf"))

    return report


def _span(
    parts: Parts, name: Name, period: Preset | None, since: datetime | None, until: datetime | None, now: float
) -> Span:
    if since is None and until is None:
        return parts.reports.rules.calendar.preset(period or USUAL[name], now)
    if period is not None:
        raise ReportRefused("reports.range_twice")
    if since is None:
        raise ReportRefused("reports.range_open")
    return checked(since.timestamp(), now if until is None else until.timestamp(), now)


def _accepted(accept: str) -> Format:
    """By the first of the types that the header names; JSON where it names none of them."""
    for part in accept.lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in (CSV, PDF):
            return "csv" if kind == CSV else "pdf"
        if kind in (JSON, "*/*"):
            break
    return "json"


def _range(span: Span) -> str:
    return f"{rfc3339(span.since)}/{rfc3339(span.until)}"


def _file(body: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **NO_STORE}
    return Response(body, media_type=kind, headers=headers)
