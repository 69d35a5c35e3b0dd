"""What an event's texts must look like, looked at once for each text instead of once for each event.

A camera's names, its rules, hashes and kinds come with every event of it: what was found right is remembered. Ids are
found right by one look at all of them. Of one that is not `usual`, the type that `strict` makes decides: nothing is
refused here, and what is wrong is said in the decoder's own words.
"""

import re
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import fields

from contract.events import CONFIG_HASH, NUMBER, PHASES, SHA256, TRACE, Event, event_type
from contract.ids import NAME, UUID7
from contract.kinds import Kind

MOST = 65_536
"""Texts of one sort that are remembered; then it begins anew."""
_IDS = f"{UUID7} {UUID7} {NUMBER}"
_ids = re.compile(_IDS).fullmatch
_ids_traced = re.compile(f"{_IDS} {TRACE}").fullmatch
_sha256 = re.compile(SHA256).fullmatch
_types: Final = {event_type(kind, phase): (kind, phase) for kind in Kind for phase in PHASES}
_NOWHERE: Final = (None, None)
_UNKNOWN: Final = (None, None)


class _Right(dict[str, bool]):
    """Texts to whether they match; those that do are remembered."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._matches = re.compile(pattern).fullmatch

    def __missing__(self, text: str) -> bool:
        if self._matches(text) is None:
            return False
        if len(self) >= MOST:
            self.clear()
        self[text] = True
        return True


class _Places(dict[str, tuple[str | None, str | None]]):
    """Sources to their site and camera."""

    _parts = re.compile(f"/({NAME})/{NAME}/({NAME})")

    def __missing__(self, source: str) -> tuple[str | None, str | None]:
        found = self._parts.fullmatch(source)
        if found is None:
            return _NOWHERE
        if len(self) >= MOST:
            self.clear()
        site, camera = found.groups()
        self[source] = place = site, camera
        return place


_names, _hashes, _places = _Right(NAME), _Right(CONFIG_HASH), _Places()


def usual(event: Event) -> bool:
    """Whether its texts look as they must and its type and source say what its data do. False: look closer."""
    data, why, traced = event.data, event.data.why, event.traceparent
    if _places[event.source] != (data.site, data.camera):
        return False
    if _types.get(event.type, _UNKNOWN) != (data.kind, data.phase):
        return False
    if not (_names[why.rule] and _hashes[why.config_hash] and (data.zone is None or _names[data.zone])):
        return False
    for one in data.evidence:
        if _sha256(one.sha256) is None:
            return False
    if traced is UNSET:
        return _ids(f"{event.id} {data.episode} {event.sequence}") is not None
    return _ids_traced(f"{event.id} {data.episode} {event.sequence} {traced}") is not None


def strict(kind: Any) -> Any:
    """The same type with the patterns that contract.events only tells the schema of, for msgspec to look at."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(strict(parts[0]), *map(_looked_at, parts[1:]))]
    if origin in (Union, UnionType):
        return Union[tuple(map(strict, parts))]  # noqa: UP007 - made of parts
    if origin is tuple:
        return tuple[tuple(part if part is ... else strict(part) for part in parts)]  # type: ignore[misc]
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        return kind
    hints = get_type_hints(kind, include_extras=True)
    made = [
        (one.name, strict(hints[one.name]), msgspec.field(default=one.default, name=one.encode_name))
        for one in fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, made, kw_only=True)


def _looked_at(meta: Meta) -> Meta:
    pattern = (meta.extra_json_schema or {}).get("pattern")
    return meta if pattern is None else Meta(pattern=pattern)
