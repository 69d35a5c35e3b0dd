"""Whatever is wrong with a payload, the reader gets a typed error that names the field, and nothing else."""

import json
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from contract import codec
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
from contract.events import Event, Measure
from contract.kinds import Kind
from contract.messages import Command, Health, Reply
from contract.schema import message_schema
from contract.texts import LANGUAGES
from contract.topics import Topic
from tests.samples import NOW, as_json, sample_event, sample_messages

Document = dict[str, Any]


def bent(path: str, value: object) -> bytes:
    """The sample event's JSON with the value at `path` ("data.why.rule", "data.subjects.0.count") replaced."""
    document = as_json(sample_event())
    *parents, last = path.split(".")
    place: Any = document
    for step in parents:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(document).encode()


def without(path: str) -> bytes:
    document = as_json(sample_event())
    *parents, last = path.split(".")
    place: Any = document
    for step in parents:
        place = place[int(step)] if step.isdigit() else place[step]
    del place[last]
    return json.dumps(document).encode()


def test_each_message_survives_the_wire() -> None:
    for channel, message in sample_messages().items():
        kind = codec.MESSAGE_OF[channel]  # type: ignore[index]
        assert codec.decode(codec.encode(message), kind) == message  # type: ignore[type-var]


def test_every_json_channel_has_a_message_and_a_sample() -> None:
    assert set(sample_messages()) == set(codec.MESSAGE_OF)


def test_unknown_fields_are_ignored_so_that_old_readers_understand_new_writers() -> None:
    document = as_json(sample_event())
    document["data"]["colour"] = {"deep": [1, 2]}
    document["partitionkey"] = "north"
    assert codec.decode(json.dumps(document).encode(), Event) == sample_event()


@pytest.mark.parametrize(
    "path",
    [
        *(
            "id",
            "source",
            "type",
            "time",
            "sequence",
            "specversion",
            "data",
            "data.camera",
            "data.kind",
            "data.episode",
            "data.clock",
        ),
        *("data.why.rule", "data.why.measures", "data.clock.offset_ms", "data.location.lat", "data.subjects.0.class"),
        *("data.evidence.0.sha256", "data.why.measures.0.value"),
    ],
)
def test_missing_field_is_named(path: str) -> None:
    with pytest.raises(MissingField) as caught:
        codec.decode(without(path), Event)
    assert caught.value.field == json_path(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("id", "0190163d-8694-4395-8000-000000000000"),
        ("source", "/manggarai/edge-1"),
        ("source", "/manggarai/Edge 1/gate-north"),
        ("type", "intrusion.begin"),
        ("specversion", "0.3"),
        ("datacontenttype", "text/plain"),
        ("sequence", 42),
        ("sequence", "42"),
        ("traceparent", "00-xyz"),
        ("time", "yesterday"),
        ("time", "2026-05-17T22:14:03"),
        ("time", 1_779_000_000),
        ("data.started", "2026-05-17T22:14:03"),
        ("data.started", None),
        ("data.phase", "middle"),
        ("data.severity", "terrible"),
        ("data.confidence", 1.01),
        ("data.confidence", "high"),
        ("data.confidence", True),
        ("data.camera", "Gate North"),
        ("data.camera", "gate/north"),
        ("data.camera", "gate-north\n"),
        ("data.camera", "a" * 65),
        ("data.zone", ""),
        ("data.location.lat", 91),
        ("data.location.lon", -181),
        ("data.location.radius_m", -1),
        ("data.subjects", {}),
        ("data.subjects.0.count", -1),
        ("data.subjects.0.count", 1.5),
        ("data.subjects.0.boxes.0", [0.1, 0.2, 0.3]),
        ("data.subjects.0.boxes.1.3", 1.0001),
        ("data.subjects.0.boxes.0.0", -0.1),
        ("data.subjects.0.boxes.0.0", None),
        ("data.why", None),
        ("data.why.measures.0.value", "12"),
        ("data.why.config_hash", "0123456789ABCDEF"),
        ("data.evidence.0.kind", "face"),
        ("data.evidence.0.sha256", "ab" * 32 + "\n"),
        ("data.clock.synchronised", "yes"),
        ("data.delayed", 0),
    ],
)
def test_wrong_type_is_named(path: str, value: object) -> None:
    with pytest.raises(WrongType) as caught:
        codec.decode(bent(path, value), Event)
    assert caught.value.field == json_path(path)
    assert caught.value.field in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("data.camera", "Gate-North", ("1 to 64 of a-z", "1 sampai 64 karakter a-z")),
        ("data.why.rule", "Brawl", ("1 to 64 of a-z", "1 sampai 64 karakter a-z")),
        ("id", "0af76519-16cd-43dd-8448-eb211c80319c", ("a UUID of version 7", "UUID versi 7")),
        ("data.episode", "7", ("a UUID of version 7", "UUID versi 7")),
        ("data.why.config_hash", "new", ("8 to 64 of 0-9 and a-f", "8 sampai 64 karakter 0-9 dan a-f")),
        ("data.evidence.0.sha256", "AB" * 32, ("64 of 0-9 and a-f", "64 karakter 0-9 dan a-f")),
        ("source", "//Gate", ("/SITE/AGENT/CAMERA", "/SITUS/AGEN/KAMERA")),
        ("type", "jaga.brawl.start", ("jaga.KIND.PHASE", "jaga.JENIS.FASE")),
        ("sequence", "42", ("20 digits", "20 angka")),
        ("traceparent", "01", ("a W3C traceparent", "traceparent W3C")),
    ],
)
def test_who_writes_a_text_wrongly_is_told_what_is_allowed_in_words(
    path: str, value: str, said: tuple[str, str]
) -> None:
    with pytest.raises(WrongType) as caught:
        codec.decode(bent(path, value), Event)
    assert caught.value.field == json_path(path)
    for language, words in (("en", said[0]), ("id", said[1])):
        told = caught.value.render(language)  # type: ignore[arg-type]
        assert told.startswith(json_path(path))
        assert words in told
        assert "regex" not in told


def test_no_pattern_of_an_event_is_told_as_a_regular_expression() -> None:
    document = json.dumps(message_schema("event"))
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', document))
    assert len(patterns) == len(codec._FORMS)


def json_path(path: str) -> str:
    return "$" + "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in path.split("."))


def test_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(UnknownKind) as caught:
        codec.decode(bent("data.kind", "alien_landing"), Event)
    assert caught.value.field == "$.data.kind"
    assert "alien_landing" in str(caught.value)
    assert all(kind in str(caught.value) for kind in Kind)


def test_a_hostile_kind_cannot_pretend_to_be_another_error() -> None:
    with pytest.raises(UnknownKind) as caught:
        codec.decode(bent("data.kind", "missing required field `id` - at `$.data`" + "x" * 9000), Event)
    assert caught.value.field == "$.data.kind"
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"not json",
        b'{"x": 1,}',
        b"\xff\xfe",
        b'{"\xc3\x28": 1}',
        b'{"x": "\\ud800"}',
        b'{"state":NaN}',
        b'{"state":-Infinity}',
        b"\x00",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"x":' * 40_000,
    ],
)
def test_what_is_not_json_is_malformed(payload: bytes) -> None:
    for kind in codec.MESSAGE_OF.values():
        with pytest.raises(MalformedPayload) as caught:
            codec.decode(payload, kind)  # type: ignore[type-var]
        assert caught.value.field == "$"


def test_a_text_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(MalformedPayload):
        codec.decode(codec.encode(sample_event()).replace(b"yolov8n", b"yolo\xc3\x28n"), Event)


def test_deep_nesting_in_free_arguments_is_malformed() -> None:
    command = as_json(sample_messages()["command"])
    text = json.dumps(command | {"args": {"deep": None}}).replace("null}", "[" * 50_000 + "]" * 50_000 + "}")
    with pytest.raises(MalformedPayload):
        codec.decode(text.encode(), Command)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400])
def test_numbers_beyond_a_double_are_refused(number: str) -> None:
    payload = bent("data.clock.offset_ms", 4242.5).replace(b"4242.5", number.encode())
    with pytest.raises(WrongType) as caught:
        codec.decode(payload, Event)
    assert caught.value.field == "$.data.clock.offset_ms"


def test_of_duplicate_keys_the_last_counts() -> None:
    payload = codec.encode(sample_event()).replace(b'"confidence":0.87', b'"confidence":0.1,"confidence":0.5')
    event = codec.decode(payload, Event)
    assert event.data.confidence == 0.5
    assert codec.encode(event).count(b'"confidence"') == 1


def test_oversized_payload_is_refused_before_it_is_read() -> None:
    with pytest.raises(OversizedPayload) as caught:
        codec.decode(b" " * (codec.MAX_PAYLOAD_BYTES + 1), Event)
    assert caught.value.field == "$"
    assert str(codec.MAX_PAYLOAD_BYTES) in str(caught.value)
    codec.decode(codec.encode(sample_event()).ljust(codec.MAX_PAYLOAD_BYTES), Event)


def test_oversized_message_is_not_sent() -> None:
    reply = msgspec.structs.replace(sample_messages()["reply"], result={"x": "y" * codec.MAX_PAYLOAD_BYTES})
    assert isinstance(reply, Reply)
    with pytest.raises(OversizedPayload):
        codec.encode(reply)


def with_data(event: Event, **changes: Any) -> Event:
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, **changes))


def test_what_no_reader_would_take_is_not_sent() -> None:
    why = sample_event().data.why
    nan = msgspec.structs.replace(why, measures=(Measure(name="x", value=float("nan")),))
    with pytest.raises(WrongType) as caught:
        codec.encode(with_data(sample_event(), why=nan))
    assert caught.value.field == "$.data.why.measures[0].value"
    with pytest.raises(WrongType) as caught:
        codec.encode(with_data(sample_event(), confidence=1.2))
    assert caught.value.field == "$.data.confidence"
    with pytest.raises(WrongType):
        codec.encode(with_data(sample_event(), zone="\ud800"))


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("time", "1970-01-01T00:00:00Z", "codec.time_too_early"),
        ("data.started", "0001-01-01T00:00:00+23:59", "codec.time_too_early"),
        ("data.evidence.0.time", "1999-12-31T23:59:59Z", "codec.time_too_early"),
        ("time", "9999-12-31T23:59:59-23:59", "codec.time_ahead"),
        ("data.started", (NOW + timedelta(minutes=11)).isoformat(), "codec.time_ahead"),
        ("data.evidence.0.time", (NOW + timedelta(days=1)).isoformat(), "codec.time_ahead"),
    ],
)
def test_absurd_time_is_named(path: str, value: str, key: str) -> None:
    with pytest.raises(AbsurdTime) as caught:
        codec.decode_event(bent(path, value), NOW)
    assert caught.value.field == json_path(path)
    assert caught.value.key == key
    for language in LANGUAGES:
        assert caught.value.field in caught.value.render(language)


def test_a_clock_ten_minutes_ahead_is_still_believed() -> None:
    ahead = NOW + codec.MAX_AHEAD
    assert codec.decode_event(bent("time", ahead.isoformat()), NOW).time == ahead


def test_times_in_another_zone_are_the_same_instant() -> None:
    jakarta = codec.decode_event(bent("time", "2026-05-18T05:14:03.25+07:00"), NOW)
    assert jakarta.time == sample_event().time


def test_end_before_start_is_absurd() -> None:
    data = sample_event().data
    event = with_data(sample_event(), phase="end", ended=data.started - timedelta(seconds=1))
    with pytest.raises(AbsurdTime) as caught:
        codec.check_event(event)
    assert caught.value.field == "$.data.ended"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("data.phase", "update", "$.type"),
        ("data.phase", "end", "$.data.ended"),
        ("data.ended", NOW.isoformat(), "$.data.ended"),
        ("data.kind", "brawl", "$.type"),
        ("data.site", "elsewhere", "$.source"),
        ("data.camera", "gate-south", "$.source"),
        ("source", "/manggarai/edge-1/gate-south", "$.source"),
    ],
)
def test_fields_that_contradict_each_other_are_named(path: str, value: str, field: str) -> None:
    with pytest.raises(Inconsistent) as caught:
        codec.decode_event(bent(path, value), NOW)
    assert caught.value.field == field


def test_an_event_on_anothers_topic_is_refused() -> None:
    payload = codec.encode(sample_event())
    assert codec.decode_event(payload, NOW, Topic("manggarai", "gate-north", "event")) == sample_event()
    for topic, field in (
        (Topic("x", "gate-north", "event"), "$.data.site"),
        (Topic("manggarai", "x", "event"), "$.data.camera"),
    ):
        with pytest.raises(Inconsistent) as caught:
            codec.decode_event(payload, NOW, topic)
        assert caught.value.field == field


def test_every_refusal_reads_in_both_languages() -> None:
    with pytest.raises(CodecError) as caught:
        codec.decode(b"{}", Health)
    assert caught.value.render("en") == "$.time: required but missing"
    assert caught.value.render("id") == "$.time: wajib ada tetapi tidak ditemukan"
