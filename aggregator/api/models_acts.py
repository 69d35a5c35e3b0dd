"""What people ask for when they act on an incident, and what is shown around one; for OpenAPI."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aggregator.api.models import WORDS, Actor, IncidentOut
from aggregator.api.parts import UUID7
from aggregator.core.access import Role
from aggregator.core.people import NAME_PATTERN
from aggregator.core.states import State
from contract.kinds import Kind, Severity

MAX_NOTE = 2_000
Reason = Annotated[str, Field(max_length=500, pattern=WORDS)]
User = Annotated[str, Field(min_length=1, max_length=64, pattern=NAME_PATTERN)]
Identity = Annotated[str, Field(pattern=UUID7)]
Seen = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**31,
        description="`acted` of the incident as it was seen; somebody else's later step in the same matter is then a "
        "conflict (409). Left out: only what is impossible is refused",
    ),
]


class DeedIn(BaseModel):
    """actor: who acts while there are no accounts; with accounts it is whoever is logged in."""

    model_config = ConfigDict(extra="forbid")
    seen: Seen = None
    reason: Reason = ""
    actor: Actor = "operator"


class TransitionIn(DeedIn):
    to: State


class AssignIn(DeedIn):
    to: User


class NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=MAX_NOTE, pattern=WORDS)
    actor: Actor = "operator"


class SeverityIn(DeedIn):
    """severity: null gives the word back to the cameras."""

    severity: Severity | None


class KindIn(DeedIn):
    """kind: null gives the word back to the cameras."""

    kind: Kind | None


class MergeIn(DeedIn):
    other: Identity


class SplitIn(DeedIn):
    """event: the id of one of the episode that becomes an incident of its own."""

    event: Identity


class UndoIn(BaseModel):
    """number: of the step that is taken back."""

    model_config = ConfigDict(extra="forbid")
    number: int = Field(ge=1, le=2**31)
    reason: Reason = ""
    actor: Actor = "operator"


class HandoverIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    to: User
    note: Reason = ""


class SplitOut(BaseModel):
    incident: IncidentOut
    split: IncidentOut


class HandoverOut(BaseModel):
    """kept: what stays, since who takes over does not see where it is."""

    handed: list[IncidentOut]
    kept: list[IncidentOut]


class Assignee(BaseModel):
    name: str
    role: Role


class Assignees(BaseModel):
    items: list[Assignee]


class Related(BaseModel):
    """relation: how it comes from or led to this one, or `near`. distance_m, gap_s: between the two; null where a place
    is not known. alike: whether their kinds can tell of one thing."""

    id: str
    relation: Literal["previous", "next", "merged", "split_from", "split_off", "near"]
    kind: Kind
    state: State
    severity: Severity
    started: str
    sites: list[str]
    owner: str | None
    distance_m: float | None
    gap_s: float | None
    alike: bool


class NearCamera(BaseModel):
    """snapshot: SHA-256 of its latest picture, taken in as `received`; null where there is none."""

    site: str
    camera: str
    name: str
    state: str
    distance_m: float
    snapshot: str | None
    received: str | None


class RelatedOut(BaseModel):
    incidents: list[Related]
    cameras: list[NearCamera]
