"""The command `replay`: events that an agent has handed over and that never arrived are sent again.

Its args are {"ranges": [[first, last], ...]}, sequence numbers with both ends included, rising, at most MAX_RANGES and
MAX_NUMBERS in all. The reply's result is {"queued": events that are sent again, "gone": [[first, last], ...]}, where
gone are those of the asked ones that the agent no longer has.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from contract.codec import converted
from contract.errors import WrongType
from contract.messages import LAST_NUMBER, Count
from contract.ranges import Ranges, count

MAX_RANGES = 100
MAX_NUMBERS = 1000

Number = Annotated[int, Meta(ge=1, le=LAST_NUMBER)]
_Ranges = tuple[tuple[Number, Number], ...]


class ReplayArgs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ranges: Annotated[_Ranges, Meta(min_length=1, max_length=MAX_RANGES)]


class ReplayResult(Struct, frozen=True, kw_only=True):
    queued: Count
    gone: Annotated[_Ranges, Meta(max_length=MAX_NUMBERS)]


Body = TypeVar("Body", ReplayArgs, ReplayResult)


def read_args(args: Mapping[str, Any]) -> Ranges:
    """The ranges of a command's `args`. Raises WrongType."""
    return _read(args, ReplayArgs, "$.args").ranges


def read_result(result: Mapping[str, Any]) -> ReplayResult:
    """Raises WrongType."""
    return _read(result, ReplayResult, "$.result")


def _read(value: Mapping[str, Any], kind: type[Body], field: str) -> Body:
    body = converted(value, kind, field)
    ranges = body.ranges if isinstance(body, ReplayArgs) else body.gone
    what = ""
    if any(first > last for first, last in ranges) or any(a[1] >= b[0] for a, b in pairwise(ranges)):
        what = "ranges must be [first, last], rising, without overlap"
    elif count(ranges) > MAX_NUMBERS:
        what = f"{count(ranges)} numbers, at most {MAX_NUMBERS}"
    if what:
        raise WrongType("codec.wrong_type", field, detail=what)
    return body
