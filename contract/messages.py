"""What travels beside events: status, health, config shadow and commands (see contract.topics for where)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from contract.events import ConfigHash, Location, Name, Text, Unit, Utc, Uuid7
from contract.sentence import Sentence, of_error

CameraState = Literal["starting", "online", "idle", "stalled", "reconnecting", "failed", "suspended"]
NonNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
LAST_NUMBER = 2**63 - 1
"""The highest sequence number: what a signed 64-bit integer holds, as stores do."""


class Status(Struct, frozen=True, kw_only=True):
    """Retained; also the agent's last will (then `state` is offline and `time` the connection's begin)."""

    state: Literal["online", "offline"]
    time: Utc
    version: Text
    boot_id: Uuid7
    config_hash: ConfigHash


DecodeMode = Literal["all", "no_nonref", "keyframes"]


class CameraHealth(Struct, frozen=True, kw_only=True):
    """One camera now. fps values are means over the last report interval; latency is capture to rules done.

    fps_wanted: pictures a second its config asks for. fps_allowed: what it gets of that while the machine is short of
    time. decode: what of its stream is decoded: every picture, all but those that nothing needs, keyframes only.
    skipped: pictures that were received and not decoded, since the agent began to watch. keyframe_s: the longest
    interval between keyframes lately. decoding_behind: pictures come faster than they can be decoded. why: the reason,
    as a sentence that can be said in any language. Agents before these were added leave them out.
    """

    camera: Name
    state: CameraState
    name: Text = ""
    location: Location | None = None
    fps_in: NonNegative = 0.0
    fps_analysed: NonNegative = 0.0
    dropped: Count = 0
    latency_ms: NonNegative = 0.0
    last_frame_age_s: NonNegative | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""
    fps_wanted: NonNegative | None = None
    fps_allowed: NonNegative | None = None
    decode: DecodeMode | None = None
    skipped: Count | None = None
    keyframe_s: NonNegative | None = None
    decoding_behind: bool = False
    why: Sentence | None = None


class HostHealth(Struct, frozen=True, kw_only=True):
    """spool_depth: messages that wait for the broker. last_sequence: the highest number given to an event, from which a
    reader sees that the latest ones have not come; 0 before the first."""

    cpu: Unit
    memory: Unit
    disk: Unit
    spool_depth: Count
    last_sequence: Annotated[int, Meta(ge=0, le=LAST_NUMBER)] = 0
    clock_offset_ms: float = 0.0
    clock_synchronised: bool = False


class Health(Struct, frozen=True, kw_only=True):
    time: Utc
    interval_s: NonNegative
    cameras: Annotated[tuple[CameraHealth, ...], Meta(max_length=1000)]
    host: HostHealth


class ConfigDesired(Struct, frozen=True, kw_only=True):
    """A config an agent shall run: its TOML text, its hash, and a signature by a key the agent trusts."""

    config_hash: ConfigHash
    toml: Annotated[str, Meta(max_length=200_000)]
    issued: Utc
    signature: Annotated[str, Meta(max_length=1000, description="base64")]


class ConfigReported(Struct, frozen=True, kw_only=True):
    """What runs now (`applied`), or why the desired config was `refused`; config_hash is what runs either way."""

    config_hash: ConfigHash
    outcome: Literal["applied", "refused"]
    time: Utc
    refused_hash: ConfigHash | None = None
    reason: Annotated[str, Meta(max_length=2000)] = ""


CommandName = Literal["snapshot", "clip", "reload", "suspend", "resume", "replay"]


class Command(Struct, frozen=True, kw_only=True):
    """args: of replay, see contract.replay; of clip, see contract.clip; the others have none."""

    id: Uuid7
    name: CommandName
    issued: Utc
    expires: Utc
    camera: Name | None = None
    args: dict[str, Any] = {}


class Reply(Struct, frozen=True, kw_only=True):
    """why: the error, as a sentence that can be said in any language; None where it has only its own words."""

    id: Uuid7
    ok: bool
    time: Utc
    error: Annotated[str, Meta(max_length=2000)] = ""
    result: dict[str, Any] = {}
    why: Sentence | None = None


def refusal(command: str, error: Exception, time: datetime) -> Reply:
    """The reply to a command (its id) that failed; time: UTC."""
    return Reply(id=command, ok=False, time=time, error=str(error)[:2000], why=of_error(error))
