"""The rules about traffic on real clips with their defaults: both accidents, silence over a queue."""

import pytest

from benchmarks.data import DATA
from benchmarks.replay import replay
from benchmarks.traffic_rules import KINDS, RULES, begins

pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("clip", "onset", "within"),
    [("accident/cctv_suv_motorcycle.mp4", 9.8, 2.0), ("accident/cctv_junction_crash.mp4", 6.34, 1.5)],
)
def test_what_stands_after_a_crash_is_found(clip: str, onset: float, within: float) -> None:
    events = replay([DATA / clip], RULES)[0].events
    (at,) = begins(events, "stopped_vehicle")
    assert onset - 0.5 <= at <= onset + within
    assert {str(event.data.kind) for event in events if event.data.kind in KINDS} == {"stopped_vehicle"}


@pytest.mark.parametrize("clip", ["thai_junction.mp4", "indonesia_ptz_junction.mp4"])
def test_queues_and_an_operators_moves_are_nothing(clip: str) -> None:
    events = replay([DATA / "traffic" / clip], RULES)[0].events
    assert [event.data.kind for event in events if event.data.kind in KINDS] == []
