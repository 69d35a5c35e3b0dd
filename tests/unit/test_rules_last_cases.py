"""The last cases of the rules about places: edges, schedules, classes, directions, switched ids, flickering counts."""

import random
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from edge_agent.core.spec import (
    CrowdRule,
    Episodes,
    IntrusionRule,
    LineCrossingRule,
    LoiteringRule,
    Rule,
    Schedule,
    Weekday,
    Window,
)
from edge_agent.core.types import Track
from tests.scenes import Scene, every, person

EDGE = 0.25
"""The yard begins here."""
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FROM_0701 = Schedule((Window(frozenset(WEEK), 7 * 60 + 1, 22 * 60),), ZoneInfo("Asia/Jakarta"))
"""The scenes begin at midnight UTC, 7:00 in Jakarta: armed a minute later."""
RULES: list[Rule] = [
    IntrusionRule(id="rule", zone="yard"),
    LoiteringRule(id="rule", zone="yard", dwell_s=10.0),
    CrowdRule(id="rule", zone="yard", count=2),
]


def two(x: float = 0.5) -> list[Track]:
    return [person(1, (x, 0.5)), person(2, (x, 0.6))]


@pytest.mark.parametrize("rule", RULES, ids=[rule.kind for rule in RULES])
@pytest.mark.parametrize("seed", range(5))
def test_who_stands_on_the_edge_of_a_zone_and_trembles_is_one_episode(rule: Rule, seed: int) -> None:
    rng = random.Random(seed)
    scene = Scene(rule).play(every(5, 0, 60), lambda t: two(EDGE + rng.uniform(-0.01, 0.01)))
    scene.over(60)
    assert [phase for phase, _ in scene.told("begin", "end")] == ["begin", "end"]


@pytest.mark.parametrize("rule", RULES, ids=[rule.kind for rule in RULES])
def test_who_is_there_when_the_schedule_begins_is_told_from_then_on(rule: Rule) -> None:
    scene = Scene(replace(rule, schedule=FROM_0701)).play(every(5, 0, 80), lambda t: two())
    assert scene.told("begin") == [("begin", 60.0)]
    reasons = {silenced.suppressed.reason for step in scene.steps for silenced in step.suppressed}
    assert reasons == {"not_scheduled"}


def test_a_crossing_outside_the_schedule_is_not_told_and_the_reason_is() -> None:
    rule = LineCrossingRule(id="rule", line="gate", schedule=FROM_0701)
    scene = Scene(rule).play(every(5, 0, 10), lambda t: [person(1, (0.2 + 0.06 * t, 0.5))])
    assert scene.events == []
    assert [s.suppressed.reason for step in scene.steps for s in step.suppressed] == ["not_scheduled"]
    scene.play(every(5, 70, 80), lambda t: [person(2, (0.2 + 0.06 * (t - 70), 0.5))])
    assert len(scene.told("begin")) == 1


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_direction_and_class_are_both_asked_of_a_crossing(direction: str) -> None:
    rule = LineCrossingRule(id="rule", line="gate", classes=("motorcycle",), direction=direction)  # type: ignore[arg-type]

    def people(t: float) -> list[Track]:
        x = 0.2 + 0.06 * t
        return [
            person(1, (x, 0.3)),
            person(2, (1.0 - x, 0.4)),
            person(3, (x, 0.8), cls="motorcycle"),
            person(4, (1.0 - x, 0.9), cls="motorcycle"),
        ]

    scene = Scene(rule).play(every(5, 0, 10), people)
    begins = [event for event in scene.events if event.data.phase == "begin"]
    assert len(begins) == 1
    assert begins[0].data.subjects[0].cls == "motorcycle"


@pytest.mark.parametrize(("gap", "told"), [(1.9, True), (2.6, False)])
@pytest.mark.parametrize("step", [0.0, 0.02])
def test_a_dwell_survives_two_seconds_out_of_sight_under_another_id(gap: float, told: bool, step: float) -> None:
    rule = LoiteringRule(id="rule", zone="yard", dwell_s=10.0, episodes=Episodes(0.0, 3.0, 10.0, 100.0))

    def people(t: float) -> list[Track]:
        return [person(1, (0.5, 0.5))] if t <= 5 else [person(2, (0.5 + step, 0.5))] if t > 5 + gap else []

    assert bool(Scene(rule).play(every(10, 0, 14), people).told("begin")) is told


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("rule", "threshold"), [(CrowdRule(id="rule", zone="yard", count=5), 5), (RULES[0], 1)], ids=["crowd", "intrusion"]
)
def test_fifteen_seconds_of_flicker_around_the_threshold_are_one_alert(rule: Rule, threshold: int, seed: int) -> None:
    rng = random.Random(seed)

    def people(t: float) -> list[Track]:
        count = max(0, threshold + rng.choice((-2, -1, -1, 0, 0, 1))) if t <= 15 else 0
        return [person(n, (0.3 + 0.04 * n, 0.5), 0.1) for n in range(count)]

    assert len(Scene(rule).play(every(5, 0, 40), people).told("begin")) == 1
