"""What the routes of reports and of the audit log's verification answer: see aggregator.api.models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aggregator.api.models_people import ZoneOut
from aggregator.core.report import ColumnType, Name


class ColumnOut(BaseModel):
    """type: how its values are meant, e.g. seconds, share (0..1), time (RFC 3339), kind (a code of the catalogue)."""

    key: str
    type: ColumnType


class PlotOut(BaseModel):
    """x, series: columns. by: the column for each of whose values the one series is drawn. interval: the columns of the
    interval around it. limit: the column of what is drawn across."""

    kind: Literal["bars", "lines"]
    x: str
    series: list[str]
    by: str | None
    interval: list[str] | None
    limit: str | None


class SentenceOut(BaseModel):
    """See contract.sentence."""

    key: str
    values: dict[str, str | int | float]


class TableOut(BaseModel):
    """rows: by the columns' keys; why a camera did not watch is a sentence, or its agent's own words. total: how many
    there are, of which these are the first. plot: what of it is worth drawing, null where nothing is."""

    key: str
    columns: list[ColumnOut]
    rows: list[dict[str, str | int | float | SentenceOut | None]]
    total: int
    plot: PlotOut | None


class ReportOut(BaseModel):
    """since <= t < until. What its tables mean: docs/guide/reports.md."""

    report: Name
    since: str
    until: str
    generated: str
    zone: ZoneOut
    tables: list[TableOut]


class AuditVerifyIn(BaseModel):
    """anchor: an end of the chain that was noted before; the chain has to go through it."""

    model_config = ConfigDict(extra="forbid")
    anchor: str | None = Field(None, pattern=r"^[0-9]{1,15}:[0-9a-f]{64}$")


class AuditVerified(BaseModel):
    """first, last: numbers of the records that are kept. anchor: the end of the chain. broken: why it does not hold,
    at record `seq`; null where it holds."""

    holds: bool
    records: int
    first: int
    last: int
    anchor: str
    broken: Literal["changed", "gap", "link", "cut", "anchor", "early"] | None
    seq: int | None
