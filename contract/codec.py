"""Bytes to contract types and back, strictly: what does not fit raises a typed error that names the field.

Unknown fields are ignored, so that an older reader understands a newer writer.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec

from contract.errors import (
    AbsurdTime,
    CodecError,
    Inconsistent,
    MalformedPayload,
    MissingField,
    OversizedPayload,
    UnknownKind,
    WrongType,
)
from contract.events import (
    CONFIG_HASH,
    NUMBER,
    PHASES,
    SHA256,
    SOURCE,
    TRACE,
    TYPE,
    Event,
    event_source,
    event_type,
    sequence_text,
)
from contract.ids import LAST, NAME, UUID7
from contract.kinds import SEVERITIES, Kind
from contract.messages import LAST_NUMBER, Command, ConfigDesired, ConfigReported, Health, Reply, Status
from contract.patterns import strict, usual
from contract.topics import Channel, Topic

MAX_PAYLOAD_BYTES = 262_144
MAX_DETAIL = 200
"""Characters of a decoder's own words that an error quotes."""
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Where the reader's clock says nothing, as of a file: what is reckoned from a time may then still be told as one."""
MAX_AHEAD = timedelta(minutes=10)
"""How far a time may lie in the reader's future: a clock that is this wrong would order incidents wrongly."""
_LAST_SEQUENCE = sequence_text(LAST_NUMBER)

Body = TypeVar("Body", bound=msgspec.Struct)
T = TypeVar("T", Event, Status, Health, ConfigDesired, ConfigReported, Command, Reply)

_MISSING = re.compile(r"^Object missing required field `(?P<field>[^`]+)`(?: - at `(?P<path>[^`]+)`)?")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]+)`)?$", re.DOTALL)


_WORDS: dict[str, tuple[str, ...]] = {
    "$.specversion": ("1.0",),
    "$.data.phase": PHASES,
    "$.data.severity": SEVERITIES,
}
"""What an event may say where only a few words are allowed, kinds aside: msgspec does not name them."""
_FORMS = {
    f"Expected `str` matching regex {f'^{pattern}${LAST}'!r}": key
    for pattern, key in (
        (NAME, "codec.not_a_name"),
        (UUID7, "codec.not_a_uuid7"),
        (CONFIG_HASH, "codec.not_a_config_hash"),
        (SHA256, "codec.not_a_sha256"),
        (SOURCE, "codec.not_a_source"),
        (TYPE, "codec.not_a_type"),
        (NUMBER, "codec.not_a_number"),
        (TRACE, "codec.not_a_trace"),
    )
}
"""What msgspec says of a text that does not look as it must, to what a person is told of that."""


class _Envelope(msgspec.Struct):
    """What a CloudEvent must say of itself, although our own struct fills it in for a writer."""

    specversion: Literal["1.0"]


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


_event = msgspec.json.Decoder(Event).decode
_strict = msgspec.json.Decoder(strict(Event))
_encoder = msgspec.json.Encoder(order=None)
_envelope = msgspec.json.Decoder(_Envelope)
_OUR_END = b'"specversion":"1.0","datacontenttype":"application/json"}'
"""How our own writer ends: the last brace is the envelope's, so it says specversion. Looked for first, since decoding
an envelope takes as long again as decoding the event."""


def encode(message: T) -> bytes:
    """UTF-8 JSON without white space.

    Reads back what it wrote, since msgspec checks types only when it decodes and writes a NaN as null: raises what
    `decode` raises, so that a message every reader would refuse never leaves its maker.
    """
    try:
        payload = _encoder.encode(message)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError, OverflowError, TypeError) as error:
        raise WrongType("codec.wrong_type", "$", detail=_short(str(error))) from error
    decode(payload, type(message))
    return payload


def decode(payload: bytes, kind: type[T]) -> T:
    """`payload` as `kind`.

    Raises OversizedPayload, MalformedPayload, MissingField, UnknownKind or WrongType (all CodecError).
    """
    message: T = _at_once(payload) or _closely(payload) if kind is Event else _decode(payload, _decoder(kind))
    return message


def converted(value: Mapping[str, Any], kind: type[Body], field: str) -> Body:
    """A command's args or a reply's result as `kind`. field: its JSON path. Raises WrongType."""
    try:
        return msgspec.convert(dict(value), kind)
    except msgspec.ValidationError as error:
        raise WrongType("codec.wrong_type", field, detail=str(error)[:MAX_DETAIL]) from error


def decode_event(payload: bytes, now: datetime | None = None, topic: Topic | None = None) -> Event:
    """An event that is consistent in itself, with the topic it came on, and with the reader's clock `now` (UTC).

    Raises what `decode` raises, WrongType for a number beyond 64 bits, AbsurdTime and Inconsistent.
    """
    event = _at_once(payload)
    if event is not None and _in_order(event, now, topic):
        return event
    event = event or _closely(payload)
    check_event(event, now, topic)
    return event


def check_event(event: Event, now: datetime | None = None, topic: Topic | None = None) -> None:
    """The rules that types cannot say. Raises WrongType, AbsurdTime or Inconsistent."""
    data = event.data
    if int(event.sequence) > LAST_NUMBER:
        raise WrongType("codec.wrong_type", "$.sequence", detail=f"more than {LAST_NUMBER}")
    latest = now + MAX_AHEAD if now is not None else LATEST
    _check_time("$.time", event.time, latest)
    _check_time("$.data.started", data.started, latest)
    if data.ended is not None:
        _check_time("$.data.ended", data.ended, latest)
    for i, evidence in enumerate(data.evidence):
        _check_time(f"$.data.evidence[{i}].time", evidence.time, latest)
    if data.ended is not None and data.ended < data.started:
        raise AbsurdTime(
            "codec.ended_before_started", "$.data.ended", value=data.ended.isoformat(), allowed=data.started.isoformat()
        )
    if (data.phase == "end") != (data.ended is not None):
        raise Inconsistent("codec.end_without_ended", "$.data.ended", phase=data.phase)
    _expect("$.type", event.type, event_type(data.kind, data.phase))
    _expect("$.source", event.source, event_source(data.site, event.agent, data.camera))
    if topic is not None:
        _expect("$.data.site", data.site, topic.site)
        _expect("$.data.camera", data.camera, topic.owner)


MESSAGE_OF: dict[Channel, type[Event | Status | Health | ConfigDesired | ConfigReported | Command | Reply]] = {
    "status": Status,
    "health": Health,
    "event": Event,
    "config/desired": ConfigDesired,
    "config/reported": ConfigReported,
    "command": Command,
    "reply": Reply,
}
"""The type of each JSON topic; evidence carries JPEG bytes."""


def _decode(payload: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    _check_size(payload)
    try:
        payload.decode()  # msgspec does not look into what it skips; RFC 8259 wants all of it UTF-8
        message = decoder.decode(payload)
        if decoder is _strict and not payload.endswith(_OUR_END):
            _envelope.decode(payload)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedPayload("codec.malformed", "$", detail=_short(str(error))) from error
    return message


def _at_once(payload: bytes) -> Event | None:
    """The event, if it is `usual`; None: look closer."""
    try:
        if len(payload) > MAX_PAYLOAD_BYTES or not payload.endswith(_OUR_END):
            return None
        if not payload.isascii():
            payload.decode()
        event = _event(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event if usual(event) else None


def _closely(payload: bytes) -> Event:
    """One that is not, if it is an event. Raises as `decode`."""
    _decode(payload, _strict)
    return _event(payload)


def _in_order(event: Event, now: datetime | None, topic: Topic | None) -> bool:
    """Whether `check_event` has nothing to say of an event that is `usual`. False: let it look."""
    data, ended = event.data, event.data.ended
    if ended is None:
        spoken_of = data.phase != "end" and EARLIEST <= data.started <= event.time
    else:
        spoken_of = data.phase == "end" and EARLIEST <= data.started <= ended <= event.time
    if not spoken_of or data.evidence or event.sequence > _LAST_SEQUENCE:
        return False
    if topic is not None and (data.site != topic.site or data.camera != topic.owner):
        return False
    return event.time <= LATEST if now is None else event.time - now <= MAX_AHEAD


def _check_time(path: str, time: datetime, latest: datetime) -> None:
    if time < EARLIEST:
        raise AbsurdTime("codec.time_too_early", path, value=time.isoformat(), allowed=EARLIEST.isoformat())
    if time > latest:
        raise AbsurdTime("codec.time_ahead", path, value=time.isoformat(), allowed=latest.isoformat())


def _expect(path: str, got: str, wanted: str) -> None:
    if got != wanted:
        raise Inconsistent("codec.inconsistent", path, value=got, allowed=wanted)


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise OversizedPayload("codec.oversized", "$", size=len(payload), allowed=MAX_PAYLOAD_BYTES)


def _short(detail: str) -> str:
    """msgspec quotes what it refused, which may be the whole payload."""
    return detail if len(detail) <= MAX_DETAIL else f"{detail[:MAX_DETAIL]}…"


def refusal(message: str) -> CodecError:
    """What msgspec refused. It says what was wrong in its message only; the forms it uses are stable and tested."""
    missing = _MISSING.match(message)
    if missing:
        path = f"{missing['path'] or '$'}.{missing['field']}"
        return MissingField("codec.missing_field", path)
    at = _AT.match(message)
    path = (at and at["path"]) or "$"
    what = _short(at["what"] if at else message)
    if what in _FORMS:
        return WrongType(_FORMS[what], path)
    if path == "$.data.kind" and "enum" in what:
        return UnknownKind("codec.unknown_kind", path, detail=what, allowed=", ".join(Kind))
    if path in _WORDS and "enum" in what:
        return WrongType("codec.wrong_word", path, detail=what, allowed=", ".join(_WORDS[path]))
    return WrongType("codec.wrong_type", path, detail=what)
