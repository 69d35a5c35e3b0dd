"""The command `clip`: the seconds around an event's begin, sent as evidence of that event.

Its args are {"event": id}. The agent puts the recording (MP4) on the event's evidence topic, behind whatever waits
there, and replies with {"sha256": its hash, "bytes": its size}. Where it has none it replies with what is the matter.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from contract.errors import WrongType
from contract.events import Sha256, Uuid7


class ClipArgs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event: Uuid7


class ClipResult(Struct, frozen=True, kw_only=True):
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=1)]


Body = TypeVar("Body", ClipArgs, ClipResult)


def read_args(args: Mapping[str, Any]) -> ClipArgs:
    """Raises WrongType."""
    return _read(args, ClipArgs, "$.args")


def read_result(result: Mapping[str, Any]) -> ClipResult:
    """Raises WrongType."""
    return _read(result, ClipResult, "$.result")


def _read(value: Mapping[str, Any], kind: type[Body], field: str) -> Body:
    try:
        return msgspec.convert(dict(value), kind)
    except msgspec.ValidationError as error:
        raise WrongType("codec.wrong_type", field, detail=str(error)[:200]) from error
