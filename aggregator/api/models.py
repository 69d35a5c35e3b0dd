"""What the API answers, for OpenAPI; the bytes themselves come encoded from the store (aggregator.views)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aggregator.core.incident import State
from contract.kinds import Kind, Severity


class Place(BaseModel):
    lat: float
    lon: float
    radius_m: float


class IncidentOut(BaseModel):
    """Times are RFC 3339, UTC. sources: independent cameras or reporters. delayed: no event was fresh on arrival.
    merged_into: the incident that absorbed this one. allowed: states it may be moved to. why: of the strongest
    event."""

    id: str
    kind: Kind
    state: State
    severity: Severity
    confidence: float
    started: str
    ended: str | None
    last_event: str
    updated: str
    location: Place | None
    sites: list[str]
    cameras: list[str]
    sources: int
    event_count: int
    delayed: bool
    zones: list[str]
    snapshot: str | None
    previous: str | None
    merged_into: str | None
    allowed: list[State]
    opened: str | None
    raised: list[str]
    reports: int
    why: dict[str, Any] | None
    subjects: list[dict[str, Any]]
    revision: int


class Page(BaseModel):
    items: list[IncidentOut]
    next: str | None = Field(description="pass it as `before` for the next page; null at the end")


class LinkOut(BaseModel):
    score: float
    reasons: dict[str, Any]


class EventOut(BaseModel):
    event: dict[str, Any] = Field(description="CloudEvents 1.0 object, as it came")
    link: LinkOut


class ChangeOut(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    time: str
    actor: str
    before: State | None = Field(alias="from")
    to: State
    reason: str


class IncidentDetail(IncidentOut):
    events: list[EventOut]
    changes: list[ChangeOut]


class TransitionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    to: State
    reason: str = Field("", max_length=500)
    actor: str = Field("operator", min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")


class RefusedOut(BaseModel):
    id: int
    received: str
    topic: str
    error: str
    field: str
    detail: str
    payload: str


class Quarantine(BaseModel):
    items: list[RefusedOut]


class Features(BaseModel):
    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class Health(BaseModel):
    status: Literal["ok", "degraded"]
    broker: bool


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    allowed: list[State] | None = None
