"""Events: what the contract asks for, made from a change, the same for the same input."""

import json
from datetime import UTC, datetime

import pytest

from contract.codec import check_event, decode_event, encode
from contract.events import Clock, Event, Location, Measure, Subject
from edge_agent.core.events import Agent, EventMaker, utc
from edge_agent.core.lifecycle import Change
from edge_agent.core.rules.base import unit_box
from edge_agent.core.spec import CameraSpec, Episodes, IntrusionRule, Line, LineCrossingRule, Zone
from edge_agent.core.types import Finding
from tests.scenes import CLOCK, SQUARE, T0, ids

CAMERA = CameraSpec(
    id="cam-1",
    source="x",
    location=Location(lat=-6.2, lon=106.8),
    zones=(Zone("yard", SQUARE),),
    lines=(Line("gate", (0.0, 0.5), (1.0, 0.5)),),
)
RULE = IntrusionRule(id="keep-out", zone="yard", episodes=Episodes(1.0, 3.0))
FINDING = Finding(
    key="",
    confidence=0.7,
    subjects=(Subject(cls="person", count=1, boxes=((0.1, 0.2, 0.3, 0.4),)),),
    measures=(Measure(name="in_zone", value=1.23456, threshold=1.0),),
    since=T0,
)


def maker() -> EventMaker:
    return EventMaker(CAMERA, Agent("jakarta", "edge-1", "ab" * 8), ids, "yolov8n/openvino")


def change(phase: str, at: float, serial: int = 1) -> Change:
    ended = at if phase == "end" else None
    return Change(phase, "", serial, T0, at, ended, 1.2, FINDING, at - T0)  # type: ignore[arg-type]


def three(events: EventMaker) -> list[Event]:
    return [
        events.make(RULE, change(phase, at), CLOCK)
        for phase, at in (("begin", T0), ("update", T0 + 9), ("end", T0 + 12))
    ]


def test_everything_the_contract_asks_for() -> None:
    begin, update, end = three(maker())
    for event in (begin, update, end):
        check_event(decode_event(encode(event), now=datetime(2026, 1, 2, tzinfo=UTC)))
    assert begin.source == "/jakarta/edge-1/cam-1"
    assert [event.type for event in (begin, update, end)] == [f"jaga.intrusion.{p}" for p in ("begin", "update", "end")]
    assert {event.sequence for event in (begin, update, end)} == {"0" * 20}
    assert end.data.ended == end.time == utc(T0 + 12)
    assert begin.data.location == CAMERA.location
    assert begin.data.zone == "yard"
    assert begin.data.confidence == 1.0, "limited to the contract's range"
    assert begin.data.why.rule == "keep-out"
    assert begin.data.why.model == "yolov8n/openvino"
    assert begin.data.why.config_hash == "ab" * 8
    assert [(m.name, m.value, m.threshold) for m in update.data.why.measures] == [
        ("in_zone", 1.235, 1.0),
        ("held", 9.0, 1.0),
    ]


def test_the_episode_is_the_trace() -> None:
    begin, update, end = three(maker())
    assert len({event.data.episode for event in (begin, update, end)}) == 1
    for event in (begin, update, end):
        assert isinstance(event.traceparent, str)
        assert event.traceparent.split("-")[1] == event.data.episode.replace("-", "")


def test_the_same_changes_give_the_same_bytes_and_another_episode_other_ids() -> None:
    assert [encode(event) for event in three(maker())] == [encode(event) for event in three(maker())]
    events = maker()
    first, again = three(events), [events.make(RULE, change("begin", T0, serial=2), CLOCK)]
    assert again[0].data.episode != first[0].data.episode
    assert again[0].id != first[0].id


def test_an_episode_is_forgotten_after_its_end() -> None:
    events = maker()
    three(events)
    assert events._episodes == {}


def test_a_crossing_names_its_line_and_has_nothing_held() -> None:
    crossing = Finding("forward", 0.5, (), (Measure(name="direction", value=1.0),), T0, instant=True)
    rule = LineCrossingRule(id="line", line="gate")
    event = maker().make(rule, Change("begin", "forward", 1, T0, T0, None, 0.5, crossing, 0.0), CLOCK)
    assert event.data.zone == "gate"
    assert [m.name for m in event.data.why.measures] == ["direction"]


def test_the_agents_clock_is_passed_on() -> None:
    event = maker().make(RULE, change("begin", T0), Clock(offset_ms=12.5, synchronised=False))
    assert json.loads(encode(event))["data"]["clock"] == {"offset_ms": 12.5, "synchronised": False}


def test_times_are_to_the_millisecond_and_boxes_to_four_decimals() -> None:
    assert utc(1_767_225_600.1234567).isoformat() == "2026-01-01T00:00:00.123000+00:00"
    assert unit_box((-0.1, 0.123456, 0.99999, 1.2)) == (0.0, 0.1235, 1.0, 1.0)


def test_an_update_without_a_begin_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        maker().make(RULE, change("update", T0), CLOCK)
