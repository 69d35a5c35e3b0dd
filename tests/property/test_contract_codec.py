"""For any message the wire is the identity; for any bytes it raises nothing but CodecError."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import codec
from contract.errors import CodecError, WrongType
from contract.events import (
    Clock,
    Event,
    EventData,
    Evidence,
    Location,
    Measure,
    Phase,
    Subject,
    Why,
    event_source,
    event_type,
    sequence_text,
    traceparent,
)
from contract.ids import uuid7
from contract.kinds import SEVERITIES, Kind
from contract.messages import LAST_NUMBER, CameraHealth, Health, HostHealth, Reply, Status
from contract.texts import LANGUAGES
from tests.samples import as_json, sample_messages

names = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?", fullmatch=True)
uuids = st.builds(uuid7, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(2021, 1, 1), datetime(2090, 1, 1), timezones=st.one_of(st.just(UTC), zones))
unit = st.floats(0, 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
config_hashes = st.text("0123456789abcdef", min_size=8, max_size=64)
short = st.text(max_size=16)
counts = st.integers(0, 100_000)
locations = st.builds(Location, lat=st.floats(-90, 90), lon=st.floats(-180, 180), radius_m=st.floats(0, 100_000))
subjects = st.builds(
    Subject, cls=short, count=counts, boxes=st.lists(st.tuples(unit, unit, unit, unit), max_size=3).map(tuple)
)
measures = st.builds(Measure, name=short, value=finite, threshold=st.none() | finite, unit=short)
whys = st.builds(
    Why, rule=names, measures=st.lists(measures, max_size=3).map(tuple), model=short, config_hash=config_hashes
)
evidences = st.builds(Evidence, sha256=hashes, kind=st.sampled_from(["snapshot", "clip"]), time=times)


PHASES: tuple[Phase, ...] = ("begin", "update", "end")


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind, phase = draw(st.sampled_from(Kind)), draw(st.sampled_from(PHASES))
    site, agent, camera = draw(names), draw(names), draw(names)
    id_, episode, time = draw(uuids), draw(uuids), draw(times)
    data = EventData(
        camera=camera,
        site=site,
        kind=kind,
        phase=phase,
        episode=episode,
        started=time,
        ended=time + timedelta(seconds=draw(st.floats(0, 1e6))) if phase == "end" else None,
        confidence=draw(unit),
        severity=draw(st.sampled_from(SEVERITIES)),
        zone=draw(st.none() | names),
        location=draw(st.none() | locations),
        subjects=tuple(draw(st.lists(subjects, max_size=3))),
        why=draw(whys),
        evidence=tuple(draw(st.lists(evidences, max_size=2))),
        clock=Clock(offset_ms=draw(finite), synchronised=draw(st.booleans())),
        delayed=draw(st.booleans()),
    )
    return Event(
        id=id_,
        source=event_source(site, agent, camera),
        type=event_type(kind, phase),
        time=time,
        sequence=sequence_text(draw(st.integers(0, LAST_NUMBER))),
        data=data,
        traceparent=traceparent(episode, id_) if draw(st.booleans()) else msgspec.UNSET,
        subject=draw(st.just(msgspec.UNSET) | short),
    )


@given(events())
def test_events_survive_the_wire(event: Event) -> None:
    assert codec.decode_event(codec.encode(event)) == event


states = st.sampled_from(["starting", "online", "idle", "stalled", "reconnecting", "failed", "suspended"])
amounts = st.floats(0, 1e12)
cameras = st.builds(
    CameraHealth,
    camera=names,
    state=states,
    name=short,
    location=st.none() | locations,
    fps_in=amounts,
    dropped=counts,
    latency_ms=amounts,
    last_frame_age_s=st.none() | amounts,
    reason=short,
    fps_wanted=st.none() | amounts,
    fps_allowed=st.none() | amounts,
    decode=st.sampled_from([None, "all", "no_nonref", "keyframes"]),
    skipped=st.none() | counts,
    keyframe_s=st.none() | amounts,
    decoding_behind=st.booleans(),
)
hosts = st.builds(HostHealth, cpu=unit, memory=unit, disk=unit, spool_depth=counts, clock_offset_ms=finite)
healths = st.builds(
    Health, time=times, interval_s=amounts, cameras=st.lists(cameras, max_size=4).map(tuple), host=hosts
)
statuses = st.builds(
    Status,
    state=st.sampled_from(["online", "offline"]),
    time=times,
    version=short,
    boot_id=uuids,
    config_hash=config_hashes,
)
integers = st.integers(-(2**63), 2**64 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | integers | finite | short,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3),
    max_leaves=8,
)
replies = st.builds(
    Reply, id=uuids, ok=st.booleans(), time=times, error=short, result=st.dictionaries(short, json_values, max_size=3)
)


@given(st.one_of(healths, statuses, replies))
def test_messages_survive_the_wire(message: Health | Status | Reply) -> None:
    assert codec.decode(codec.encode(message), type(message)) == message  # type: ignore[type-var]


def readable(error: CodecError) -> None:
    assert error.field.startswith("$")
    assert all(error.field in error.render(language) for language in LANGUAGES)


def refuses_only_with_codec_errors(payload: bytes) -> None:
    for kind in codec.MESSAGE_OF.values():
        try:
            message = codec.decode(payload, kind)  # type: ignore[type-var]
            if isinstance(message, Event):
                codec.check_event(message, datetime(2026, 1, 1, tzinfo=UTC))
        except CodecError as error:
            readable(error)


@given(st.binary(max_size=400))
def test_any_bytes_raise_nothing_else(payload: bytes) -> None:
    refuses_only_with_codec_errors(payload)


@given(json_values)
def test_any_json_raises_nothing_else(value: object) -> None:
    refuses_only_with_codec_errors(json.dumps(value).encode())


@st.composite
def vandalised(draw: st.DrawFn) -> bytes:
    """A valid message with one of its values, anywhere, replaced by anything, or one of its bytes lost or changed."""
    document = as_json(draw(st.sampled_from(list(sample_messages().values()))))
    if draw(st.booleans()):
        payload = bytearray(json.dumps(document).encode())
        place = draw(st.integers(0, len(payload) - 1))
        payload[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        return bytes(payload)
    node: Any = document
    while True:
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], dict | list) or not node[key] or draw(st.booleans()):
            node[key] = draw(json_values)
            return json.dumps(document).encode()
        node = node[key]


@given(vandalised())
def test_vandalised_messages_raise_nothing_else(payload: bytes) -> None:
    refuses_only_with_codec_errors(payload)


@given(events(), st.sampled_from([float("nan"), float("inf"), float("-inf")]))
def test_what_is_not_a_number_is_never_sent(event: Event, value: float) -> None:
    clock = Clock(offset_ms=value, synchronised=True)
    bad = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, clock=clock))
    with pytest.raises(WrongType):
        codec.encode(bad)
