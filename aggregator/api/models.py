"""What the API answers, for OpenAPI; the bytes themselves come encoded from the store (aggregator.views)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aggregator.core.access import Permission, Role
from aggregator.core.incident import State
from aggregator.core.people import MAX_PASSWORD, NAME_PATTERN
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
    needs: Permission | None = None
    code: str | None = None
    values: dict[str, str] | None = None


class SessionUser(BaseModel):
    """districts: none means the whole city. csrf: to be sent as X-CSRF-Token with everything that is not a read."""

    name: str
    role: Role
    districts: list[str]
    permissions: list[Permission]
    expires: str | None
    csrf: str


class SessionOut(BaseModel):
    """accounts: whether anybody has to log in. sign_on: whether OpenID Connect is offered."""

    accounts: bool
    sign_on: bool
    user: SessionUser | None


class LoginIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    current: str = Field(min_length=1, max_length=MAX_PASSWORD)
    new: str = Field(min_length=1, max_length=MAX_PASSWORD)


class UserOut(BaseModel):
    """sign_on: logs in by OpenID Connect."""

    name: str
    role: Role
    districts: list[str]
    disabled: bool
    sign_on: bool
    created: str


class Users(BaseModel):
    """districts: those that the config knows."""

    items: list[UserOut]
    districts: list[str]


class UserIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64, pattern=NAME_PATTERN)
    role: Role
    districts: list[str] = Field([], max_length=100)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class UserChange(BaseModel):
    """What is left out stays. Every change ends the user's sessions."""

    model_config = ConfigDict(extra="forbid")
    role: Role = "viewer"
    districts: list[str] = Field([], max_length=100)
    disabled: bool = False
    password: str = Field("", min_length=1, max_length=MAX_PASSWORD)


class AuditRecord(BaseModel):
    """hash: SHA-256 of the record with the hash before (prev); see docs/guide/accounts.md."""

    seq: int
    time: str
    actor: str
    action: str
    object: str
    detail: str
    prev: str
    hash: str


class AuditPage(BaseModel):
    """anchor: the end of the chain; whoever notes it can later show that nothing was rewritten."""

    items: list[AuditRecord]
    next: int | None
    anchor: str
