"""What the API answers, for OpenAPI; the bytes themselves come encoded from the store (aggregator.views)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from aggregator.core.access import Permission
from aggregator.core.care import Action
from aggregator.core.states import State
from aggregator.core.suppression import Reason
from contract.ids import NAME
from contract.kinds import Kind, Severity

WORDS = r"^[^\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$"
"""No control character but tab and new line, and nothing that turns the direction of what follows."""
Actor = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Matched = Annotated[str, Field(pattern=f"^{NAME}$")]


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC it is not within the years 1 to 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time that can be told again in UTC."""


class Place(BaseModel):
    lat: float
    lon: float
    radius_m: float


class WitnessOut(BaseModel):
    """told: what the source said, 0..1; counts: what of it counts. precision: how often verdicts have found this camera
    right about this kind at this hour, null while nobody has judged it; verdicts: how many, faded with age."""

    site: str
    camera: str
    kind: Kind | None
    told: float
    counts: float
    precision: float | None
    verdicts: float


class Waypoint(BaseModel):
    lat: float
    lon: float
    time: str


class ActOut(BaseModel):
    """What a person did. to: the state it led to; detail: a name, a state, a severity, a kind or another incident.
    undo_until: until when who made it can undo it."""

    number: int
    action: Action
    actor: str
    time: str
    to: State
    detail: str
    undo_until: str | None


class IncidentOut(BaseModel):
    """Times are RFC 3339, UTC. sources: independent cameras or reporters. delayed: what it is listed for came late, and
    nothing fresh has opened it since. merged_into: the incident that absorbed this one. allowed: states it may be moved
    to. why: of the strongest event. doubts: why it stays suspected although its sources' own word would open it:
    `verdicts`, or `unconfirmed:per hour`. told: the confidence without verdicts. path: where it was seen, in order of
    time, where it moved. owner: who has it in hand; handed_by: who gave it to him, until he does something with it.
    acted: how many steps people made on it; last_act: the latest. split_from: the incident that an operator took it out
    of. told_kind, told_severity: what its cameras say where a person's word stands instead."""

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
    path: list[Waypoint] = []
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
    doubts: list[str]
    told: float
    witnesses: list[WitnessOut]
    why: dict[str, Any] | None
    subjects: list[dict[str, Any]]
    revision: int
    owner: str | None
    handed_by: str | None
    acted: int
    last_act: ActOut | None
    split_from: str | None
    told_kind: Kind | None
    told_severity: Severity | None


class Page(BaseModel):
    items: list[IncidentOut]
    next: str | None = Field(description="pass it as `before` for the next page; null at the end")


class LinkOut(BaseModel):
    score: float
    reasons: dict[str, Any] = Field(
        description="refused, where it is there: [incident, why] of those that the event did not join: closed, age (it "
        "has gone on for too long), extent (too far off), onset (several cameras began to tell of it at once, long "
        "after that one began)"
    )


class EventOut(BaseModel):
    event: dict[str, Any] = Field(description="CloudEvents 1.0 object, as it came")
    link: LinkOut
    clip: str | None = Field(description="SHA-256 of its clip, for /api/v1/evidence; null where none was asked for")


class ClipOut(BaseModel):
    """here: stored, under `sha256`. asked: its agent was asked; `evidence` on the stream says that it has come, `clip`
    why it does not."""

    event: str
    state: Literal["here", "asked"]
    sha256: str | None


class ChangeOut(BaseModel):
    """action: `state` for a step of the lifecycle, else what a person did. detail: a name, a severity, another
    incident. number: counts what people did with the incident, 0 for the system. undone: it was taken back."""

    model_config = ConfigDict(populate_by_name=True)
    time: str
    actor: str
    before: State | None = Field(alias="from")
    to: State
    reason: str
    action: Action
    detail: str
    number: int
    undone: bool


class IncidentDetail(IncidentOut):
    """suppressed: how many events this incident kept quiet as their cause, by reason."""

    events: list[EventOut]
    changes: list[ChangeOut]
    suppressed: dict[str, int]


class SuppressedOut(BaseModel):
    """An event that raised no fresh alarm. by: the silence, the incident that was closed or the cause's episode.
    incident: the one it joined, or its cause's. count: how often it came."""

    event: str
    reason: Reason
    by: str
    detail: str
    incident: str | None
    site: str
    camera: str
    kind: Kind
    severity: Severity
    phase: str
    time: str
    received: str
    count: int


class SuppressedPage(BaseModel):
    items: list[SuppressedOut]
    next: str | None = Field(description="pass it as `before` for the next page; null at the end")


class SilenceIn(BaseModel):
    """What is to raise no alarm: at least a site or a kind; a camera and a zone belong to a site, a rule to a camera.
    Something critical is only silenced where `kind` or `rule` names it. starts: now where it is left out. At most seven
    days."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=500, pattern=WORDS)
    expires: Moment
    starts: Moment | None = None
    maintenance: bool = False
    site: Matched | None = None
    camera: Matched | None = None
    kind: Kind | None = None
    zone: Matched | None = None
    rule: Matched | None = None
    actor: Actor = "operator"


class SilenceEndIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    actor: Actor = "operator"


class SilenceOut(BaseModel):
    id: str
    actor: str
    reason: str
    maintenance: bool
    site: str | None
    camera: str | None
    kind: Kind | None
    zone: str | None
    rule: str | None
    created: str
    starts: str
    expires: str
    ended: str | None
    ended_by: str | None


class SilencePage(BaseModel):
    items: list[SilenceOut]


class PrecisionOut(BaseModel):
    """What operators' verdicts say of a camera's rule (empty: not known any more). precision: 0..1, shrunk to that of
    the camera's other rules of the kind and to the kind's in the whole city (`city`); low, high: two standard
    deviations. right, wrong: verdicts ever. recent: by late verdicts alone; drift: recent minus before, null where that
    is not sure. by_hour: by class of the hour."""

    site: str
    camera: str
    kind: Kind
    rule: str
    precision: float
    low: float
    high: float
    right: int
    wrong: int
    last: str
    city: float
    recent: float | None
    drift: float | None
    by_hour: dict[str, float]


class PrecisionPage(BaseModel):
    items: list[PrecisionOut]


class LoadOut(BaseModel):
    """opened: incidents in the last ten minutes; budget: what the operators can take in."""

    opened: int
    per_operator: float
    budget: float
    over: bool


class SummaryOut(BaseModel):
    """One line for incidents of one place and kind. alarm: open ones that the load put there, else suspected ones."""

    site: str
    kind: Kind
    alarm: bool
    incidents: list[str]


class DeskOut(BaseModel):
    """own: ids with a line of their own, the highest-ranking first."""

    load: LoadOut
    summaries: list[SummaryOut]
    own: list[str]


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
    """RFC 9457. act: the step of somebody else that is in the way; incident: as it is now."""

    type: str
    title: str
    status: int
    detail: str
    allowed: list[State] | None = None
    needs: Permission | None = None
    code: str | None = None
    values: dict[str, str] | None = None
    act: ActOut | None = None
    incident: IncidentOut | None = None
