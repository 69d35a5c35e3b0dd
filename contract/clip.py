"""The command `clip`: the seconds around an event's begin, sent as evidence of that event.

Its args are {"event": id}. The agent puts the recording (MP4) on the event's evidence topic, behind whatever waits
there, and replies with {"sha256": its hash, "bytes": its size}. Where it has none it replies with what is the matter.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from contract.codec import converted
from contract.events import Sha256, Uuid7


class ClipArgs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event: Uuid7


class ClipResult(Struct, frozen=True, kw_only=True):
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=1)]


def read_args(args: Mapping[str, Any]) -> ClipArgs:
    """Raises WrongType."""
    return converted(args, ClipArgs, "$.args")


def read_result(result: Mapping[str, Any]) -> ClipResult:
    """Raises WrongType."""
    return converted(result, ClipResult, "$.result")
