"""The event: one CloudEvents 1.0 JSON object in structured mode (CloudEvents 1.0.2, JSON event format).

Units: times are UTC with an offset, durations seconds, lengths metres, boxes 0..1 of the frame from its top left.

What an event's own texts must look like is said here and looked at by contract.patterns, which knows most of them from
events before; msgspec would look at each anew, which takes three quarters of its time.
"""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, field

from contract.ids import LAST, NAME, NAME_PATTERN, UUID7_PATTERN
from contract.kinds import Kind, Severity

Phase = Literal["begin", "update", "end"]
PHASES: tuple[Phase, ...] = get_args(Phase)
_A_NAME = "site, agent, camera, zone or line"
CONFIG_HASH, SHA256, NUMBER = "[0-9a-f]{8,64}", "[0-9a-f]{64}", "[0-9]{20}"
TRACE = "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
SOURCE, TYPE = f"/{NAME}/{NAME}/{NAME}", r"jaga\.[a-z_]+\.(begin|update|end)"
Name = Annotated[str, Meta(pattern=NAME_PATTERN + LAST, description=_A_NAME)]
Uuid7 = Annotated[str, Meta(pattern=UUID7_PATTERN + LAST)]
Utc = Annotated[datetime, Meta(tz=True)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Sha256 = Annotated[str, Meta(pattern=f"^{SHA256}${LAST}")]
ConfigHash = Annotated[str, Meta(pattern=f"^{CONFIG_HASH}${LAST}")]
Text = Annotated[str, Meta(max_length=200)]


def _looks(pattern: str, description: str | None = None) -> Meta:
    """A pattern for the schema and for contract.patterns."""
    return Meta(description=description, extra_json_schema={"pattern": pattern})


_Name = Annotated[str, _looks(NAME_PATTERN + LAST, _A_NAME)]
_Uuid7 = Annotated[str, _looks(UUID7_PATTERN + LAST)]
_Sha256 = Annotated[str, _looks(f"^{SHA256}${LAST}")]
_ConfigHash = Annotated[str, _looks(f"^{CONFIG_HASH}${LAST}")]
_Source = Annotated[str, _looks(f"^{SOURCE}${LAST}", "/{site}/{agent}/{camera}")]
_Type = Annotated[str, _looks(f"^{TYPE}${LAST}")]
_Number = Annotated[str, _looks(f"^{NUMBER}${LAST}")]
_TraceParent = Annotated[str, _looks(f"^{TRACE}${LAST}")]


class Location(Struct, frozen=True, kw_only=True, gc=False):
    """WGS 84 degrees; radius_m is how far what was seen may be from the point."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(ge=0, le=100_000)] = 30.0


class Subject(Struct, frozen=True, kw_only=True, gc=False, rename={"cls": "class"}):
    """What was seen, by object class. A box is [x1, y1, x2, y2], 0..1 of the frame; never an identity."""

    cls: Annotated[str, Meta(max_length=40)]
    count: Annotated[int, Meta(ge=0, le=100_000)]
    boxes: Annotated[tuple[tuple[Unit, Unit, Unit, Unit], ...], Meta(max_length=64)] = ()


class Measure(Struct, frozen=True, kw_only=True, gc=False):
    """One measured value against its threshold, for example dwell 12.4 s against 8 s."""

    name: Annotated[str, Meta(max_length=40)]
    value: float
    threshold: float | None = None
    unit: Annotated[str, Meta(max_length=16)] = ""


class Why(Struct, frozen=True, kw_only=True, gc=False):
    """What an operator is told about the reason: the rule, what it measured, the model and the config it ran with."""

    rule: _Name
    measures: Annotated[tuple[Measure, ...], Meta(max_length=16)]
    model: Text
    config_hash: _ConfigHash


MAX_EVIDENCE_BYTES = 4_000_000
"""Of one picture or clip; brokers are set up for packets of 4 MiB."""


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """A picture published beside the event on its evidence topic. A clip (MP4) comes there only when asked for."""

    sha256: _Sha256
    kind: Literal["snapshot", "clip"]
    time: Utc


class Clock(Struct, frozen=True, kw_only=True, gc=False):
    """How far the agent's clock was off when the event was made; synchronised says whether anything keeps it right."""

    offset_ms: float
    synchronised: bool


class EventData(Struct, frozen=True, kw_only=True, gc=False):
    camera: _Name
    site: _Name
    kind: Kind
    phase: Phase
    episode: _Uuid7
    started: Utc
    ended: Utc | None = None
    confidence: Unit
    severity: Severity
    zone: _Name | None = None
    location: Location | None = None
    subjects: Annotated[tuple[Subject, ...], Meta(max_length=32)] = ()
    why: Why
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=8)] = ()
    clock: Clock
    delayed: bool = False


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """A CloudEvents 1.0 object. `time` is when it happened on camera, not when it was sent.

    `sequence` (CloudEvents sequence extension, a lexicographically ordered string) counts the agent's events without
    gaps; `traceparent` (W3C Trace Context) carries the episode as its trace id.
    """

    id: _Uuid7
    source: _Source
    type: _Type
    time: Utc
    sequence: _Number
    data: EventData
    traceparent: _TraceParent | UnsetType = UNSET
    subject: Text | UnsetType = UNSET
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = field(default="application/json")

    @property
    def agent(self) -> str:
        return agent_of(self.source)


@lru_cache(maxsize=65_536)
def agent_of(source: str) -> str:
    """The same few come again and again."""
    return source.split("/")[2]


def event_type(kind: Kind, phase: Phase) -> str:
    return f"jaga.{kind}.{phase}"


def event_source(site: str, agent: str, camera: str) -> str:
    return f"/{site}/{agent}/{camera}"


def sequence_text(number: int) -> str:
    return f"{number:020d}"


def traceparent(episode: str, event_id: str) -> str:
    """The episode is the trace, the event the span: W3C Trace Context, version 00, sampled."""
    return f"00-{episode.replace('-', '')}-{event_id.replace('-', '')[-16:]}-01"
