"""Events read as the contract says: each text against its pattern each time. contract.codec is held to it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from contract.events import Clock, Location, Measure, Phase, Subject
from contract.kinds import Kind, Severity

LAST = r"(?!\n)"
NAME = r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?"
Name = Annotated[str, Meta(pattern=f"^{NAME}${LAST}")]
Uuid7 = Annotated[
    str, Meta(pattern=rf"^[0-9a-f]{{8}}-[0-9a-f]{{4}}-7[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}${LAST}")
]
Trace = Annotated[str, Meta(pattern=f"^00-[0-9a-f]{{32}}-[0-9a-f]{{16}}-[0-9a-f]{{2}}${LAST}")]
Utc = Annotated[datetime, Meta(tz=True)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(max_length=200)]


class Why(Struct, kw_only=True):
    rule: Name
    measures: Annotated[tuple[Measure, ...], Meta(max_length=16)]
    model: Text
    config_hash: Annotated[str, Meta(pattern=f"^[0-9a-f]{{8,64}}${LAST}")]


class Evidence(Struct, kw_only=True):
    sha256: Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}${LAST}")]
    kind: Literal["snapshot", "clip"]
    time: Utc


class Data(Struct, kw_only=True):
    camera: Name
    site: Name
    kind: Kind
    phase: Phase
    episode: Uuid7
    started: Utc
    ended: Utc | None = None
    confidence: Unit
    severity: Severity
    zone: Name | None = None
    location: Location | None = None
    subjects: Annotated[tuple[Subject, ...], Meta(max_length=32)] = ()
    why: Why
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=8)] = ()
    clock: Clock
    delayed: bool = False


class Plain(Struct, kw_only=True):
    """The fields of contract.events.Event, in their order."""

    id: Uuid7
    source: Annotated[str, Meta(pattern=f"^/{NAME}/{NAME}/{NAME}${LAST}")]
    type: Annotated[str, Meta(pattern=rf"^jaga\.[a-z_]+\.(begin|update|end)${LAST}")]
    time: Utc
    sequence: Annotated[str, Meta(pattern=f"^[0-9]{{20}}${LAST}")]
    data: Data
    traceparent: Annotated[str, Meta(pattern=f"^00-[0-9a-f]{{32}}-[0-9a-f]{{16}}-[0-9a-f]{{2}}${LAST}")] | UnsetType = (
        UNSET
    )
    subject: Text | UnsetType = UNSET
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"


class Envelope(Struct):
    specversion: Literal["1.0"]


def read(payload: bytes) -> Plain:
    """Raises what msgspec raises, and UnicodeDecodeError."""
    payload.decode()
    found = msgspec.json.decode(payload, type=Plain)
    msgspec.json.decode(payload, type=Envelope)
    return found
