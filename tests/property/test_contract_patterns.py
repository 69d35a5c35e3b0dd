"""Events are taken and refused exactly as if each of their texts were held against its pattern each time, and with the
same words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import codec, patterns
from contract.errors import CodecError
from contract.events import PHASES, Event, Evidence, event_type, sequence_text
from contract.messages import LAST_NUMBER
from contract.topics import Topic
from tests.property.test_contract_codec import events, json_values, vandalised
from tests.reference import naive_codec
from tests.samples import as_json, sample_event

TEXTS = (
    *("id", "source", "type", "sequence", "traceparent", "data.camera", "data.site", "data.episode", "data.zone"),
    *("data.why.rule", "data.why.config_hash", "data.why.model", "data.evidence.0.sha256", "data.phase", "data.kind"),
)
"""All that has a pattern, and some that have none."""


def plain(payload: bytes) -> object:
    """What the reference reads, or the words of its refusal."""
    try:
        return msgspec.to_builtins(naive_codec.read(payload))
    except msgspec.ValidationError as error:
        return told(codec.refusal(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return "MalformedPayload", "$", codec._short(str(error))


def told(error: CodecError) -> tuple[str, str, object]:
    return type(error).__name__, error.field, error.values.get("detail")


def ours(payload: bytes) -> object:
    try:
        return msgspec.to_builtins(codec.decode(payload, Event))
    except CodecError as error:
        return told(error)


def same(payload: bytes) -> None:
    """Also where its texts have been seen before, as the second time, and where what follows from each other is looked
    at, too."""
    expected = plain(payload)
    assert ours(payload) == expected
    assert ours(payload) == expected
    try:
        event = codec.decode_event(payload)
    except CodecError as error:
        refused = told(error)
        if isinstance(expected, tuple):
            assert refused == expected
            return
        with pytest.raises(CodecError) as caught:
            codec.check_event(codec.decode(payload, Event))
        assert refused == told(caught.value)
    else:
        codec.check_event(event)
        assert msgspec.to_builtins(event) == expected


def bent(document: dict[str, Any], path: str, change: Any) -> bytes:
    *parents, last = path.split(".")
    node: Any = document
    for step in parents:
        node = node[int(step)] if step.isdigit() else node[step]
    node[last] = change(node.get(last))
    return json.dumps(document, separators=(",", ":")).encode()


@given(events())
def test_events_are_read_alike(event: Event) -> None:
    same(codec.encode(event))


@given(vandalised())
def test_vandalised_ones_are(payload: bytes) -> None:
    same(payload)


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """An event, in the order that our writer has, with one of its texts off by a little."""
    path = draw(st.sampled_from(TEXTS))
    extra = draw(st.sampled_from(["", "\n", " ", "a", "0", "-", "_", "/", "A", "g", "٣", "ü", "\ud800", "a" * 70]))

    def change(text: str | None) -> object:
        if text is None or draw(st.integers(0, 9)) == 0:
            return draw(json_values)
        at = draw(st.sampled_from([0, len(text), draw(st.integers(0, len(text)))]))
        return text[:at] + extra + text[at + draw(st.integers(0, 1)) :]

    return bent(as_json(sample_event()), path, change)


@given(nearly())
def test_texts_that_nearly_match_are(payload: bytes) -> None:
    same(payload)


@given(nearly(), nearly())
def test_what_one_event_says_lets_no_other_in(first: bytes, second: bytes) -> None:
    same(first)
    same(second)


IDS = ("id", "data.episode", "sequence", "traceparent")


@given(st.sampled_from(IDS), st.sampled_from(IDS), st.integers(1, 60), st.sampled_from(["", " "]))
def test_ids_are_not_taken_for_right_together(one: str, other: str, size: int, between: str) -> None:
    """Though what is missing in one of them is too much in the other."""
    document = as_json(sample_event())
    moved: list[str] = []

    def take(text: str) -> str:
        moved.append(text[-size:])
        return text[:-size]

    bent(document, one, take)
    same(bent(document, other, lambda text: text + between + moved[0]))
    same(bent(document, other, lambda text: moved[0] + between + text))


@pytest.mark.parametrize("path", TEXTS)
def test_a_text_of_another_sort_is_refused_though_it_is_known(path: str) -> None:
    """A name is not a hash, and a camera's name is nobody's source."""
    for other in TEXTS:
        document = as_json(sample_event())
        donor: Any = as_json(sample_event())
        for step in other.split("."):
            donor = donor[int(step)] if step.isdigit() else donor[step]
        same(bent(document, path, lambda _, text=donor: text))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST", 3)
    for number in range(20):
        document = as_json(sample_event())
        document["source"] = f"/manggarai/edge-1/gate-{number}"
        document["data"]["camera"] = f"gate-{number}"
        document["data"]["why"] |= {"rule": f"rule-{number}", "config_hash": f"{number:08x}"}
        payload = json.dumps(document, separators=(",", ":")).encode()
        same(payload)
        topic = Topic("manggarai", f"gate-{number}", "event")
        assert codec.decode_event(payload, None, topic).data.camera == f"gate-{number}"
    assert max(len(patterns._names), len(patterns._hashes), len(patterns._places)) <= 3


def test_most_events_are_usual() -> None:
    """Else each would be read twice."""
    assert codec._at_once(bent(as_json(sample_event()), "id", str)) == sample_event()
    untraced = msgspec.structs.replace(sample_event(), traceparent=msgspec.UNSET)
    assert codec._at_once(codec.encode(untraced)) == untraced
    spoken = msgspec.structs.replace(sample_event(), subject="pintu – utara")
    assert codec._at_once(codec.encode(spoken)) == spoken


NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
SOON, INSTANT = NOW + codec.MAX_AHEAD, timedelta(microseconds=1)
TIMES = (
    *(datetime.min.replace(tzinfo=UTC), codec.EARLIEST - INSTANT, codec.EARLIEST, NOW, NOW + INSTANT, SOON),
    *(SOON + INSTANT, codec.LATEST, codec.LATEST + INSTANT, datetime.max.replace(tzinfo=UTC)),
)
TOPICS = (
    None,
    Topic("manggarai", "gate-north", "event"),
    Topic("manggarai", "gate-south", "event"),
    Topic("senen", "gate-north", "event"),
)
PICTURED = [(Evidence(sha256="0" * 64, kind="snapshot", time=time),) for time in TIMES]


def refusal(read: Callable[..., object], *given: object) -> object:
    try:
        read(*given)
    except CodecError as error:
        return type(error), error.field, error.values
    return None


@pytest.mark.parametrize("now", [None, codec.EARLIEST, NOW, codec.LATEST])
@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("phase", PHASES)
def test_what_is_in_order_at_a_glance_is_so_looked_at_closely(phase: Any, is_over: bool, now: datetime | None) -> None:
    """Times in every order, and everything else with those that are right."""
    sample, right = sample_event(), (NOW, NOW, NOW)
    numbers = [sequence_text(number) for number in (0, LAST_NUMBER, LAST_NUMBER + 1)]
    for (time, started, *more), number, topic, evidence in (
        *product(product(TIMES, repeat=3 if is_over else 2), numbers[:1], TOPICS[:1], [()]),
        *product([right], numbers, TOPICS, [(), *PICTURED]),
    ):
        data = msgspec.structs.replace(
            sample.data, phase=phase, started=started, ended=more[0] if is_over else None, evidence=evidence
        )
        kind = event_type(data.kind, phase)
        event = msgspec.structs.replace(sample, time=time, sequence=number, type=kind, data=data)
        payload = codec.encode(event)
        assert codec._at_once(payload) == event
        assert refusal(codec.decode_event, payload, now, topic) == refusal(codec.check_event, event, now, topic)
