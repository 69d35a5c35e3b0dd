"""Crowd through the whole pipeline: the count and its hysteresis."""

import pytest

from edge_agent.core.rules.crowd import clear_below
from edge_agent.core.spec import CrowdRule
from edge_agent.core.types import Track
from tests.scenes import Scene, every, person

RULE = CrowdRule(id="crowd", zone="yard", count=5)


def people(count: int, start: int = 0) -> list[Track]:
    return [person(start + n, (0.27 + 0.46 * n / 20, 0.5)) for n in range(count)]


@pytest.mark.parametrize(
    ("count", "configured", "wanted"),
    [(10, None, 8), (5, None, 4), (4, None, 3), (2, None, 1), (1, None, 1), (10, 5, 5)],
)
def test_a_crowd_clears_below_four_fifths(count: int, configured: int | None, wanted: int) -> None:
    assert clear_below(CrowdRule(id="crowd", zone="yard", count=count, clear_below=configured)) == wanted


def test_enough_people_for_long_enough() -> None:
    scene = Scene(RULE).play(every(5, 0, 6), lambda t: people(4)).play(every(5, 6.2, 12), lambda t: people(6))
    assert scene.told() == [("begin", 6.2)]
    measures = {m.name: (m.value, m.threshold) for m in scene.events[0].data.why.measures}
    assert measures["in_zone"] == (6.0, 5.0)
    assert measures["clear_below"] == (6.0, 4.0)
    assert measures["held"] == (3.0, 3.0)


def test_a_count_that_flickers_around_the_threshold_for_fifteen_seconds_is_one_episode() -> None:
    scene = Scene(RULE)
    scene.play(every(5, 0, 15), lambda t: people(5 if int(t * 5) % 2 else 4))
    scene.play(every(5, 15.2, 30), lambda t: people(3))
    assert scene.told("begin", "end") == [("begin", 0.2), ("end", 15.0)]


def test_wilder_flicker_beyond_the_hysteresis_is_one_episode_too() -> None:
    scene = Scene(RULE)
    scene.play(every(5, 0, 15), lambda t: people(7 if int(t * 5) % 5 < 3 else 2))
    scene.play(every(5, 15.2, 30), lambda t: [])
    assert [phase for phase, _ in scene.told("begin", "end")] == ["begin", "end"]


def test_almost_enough_is_never_a_crowd() -> None:
    assert Scene(RULE).play(every(5, 0, 20), lambda t: people(4)).events == []


def test_it_is_over_when_fewer_than_clear_below_are_left() -> None:
    scene = Scene(RULE).play(every(5, 0, 6), lambda t: people(5))
    scene.play(every(5, 6.2, 20), lambda t: people(4)).play(every(5, 20.2, 40), lambda t: people(3))
    assert scene.told("begin", "end") == [("begin", 0.0), ("end", 20.0)]


def test_boxes_are_capped_and_the_count_is_not() -> None:
    many = [person(n, (0.26 + 0.4 * (n % 20) / 20, 0.3 + 0.02 * (n // 20)), score=0.5 + n / 400) for n in range(150)]
    scene = Scene(RULE).play(every(5, 0, 4), lambda t: many)
    subject = scene.events[0].data.subjects[0]
    assert (subject.count, len(subject.boxes)) == (150, 64)
    assert list(subject.boxes) == sorted(subject.boxes)


def test_a_zone_that_clears_below_nobody_finds_nothing_when_empty() -> None:
    scene = Scene(CrowdRule(id="crowd", zone="yard", count=1, clear_below=0))
    scene.play(every(5, 0, 5), lambda t: people(1)).play(every(5, 5.2, 20), lambda t: [])
    assert scene.told("begin", "end") == [("begin", 0.0), ("end", 5.0)]
