"""Loitering through the whole pipeline: dwell clocks that survive gaps and id switches."""

import pytest

from edge_agent.core.spec import Episodes, LoiteringRule
from edge_agent.core.types import Track
from tests.scenes import Scene, every, person

RULE = LoiteringRule(id="linger", zone="yard", dwell_s=8.0, gap_s=2.0, episodes=Episodes(1.0, 3.0, 10.0, 100.0))
IN, OUT = (0.5, 0.5), (0.9, 0.9)


def test_who_stays_is_reported_when_the_dwell_is_reached_and_who_passes_is_not() -> None:
    def people(t: float) -> list[Track]:
        passer = person(100 + int(t), (min(0.1 + 0.2 * (t % 4), 1.0), 0.6))
        return [passer] if t > 15 else [person(1, IN), passer]

    scene = Scene(RULE).play(every(5, 0, 20), people)
    assert scene.told() == [("begin", 8.0), ("end", 15.0)]
    begin = scene.events[0]
    assert [subject.count for subject in begin.data.subjects] == [1]
    dwell = begin.data.why.measures[0]
    assert (dwell.name, dwell.threshold, dwell.unit) == ("dwell", 8.0, "s")
    assert dwell.value == pytest.approx(9.0)


def test_the_onset_lies_between_frames_where_the_clock_says_so() -> None:
    scene = Scene(RULE).play(every(3, 0.1, 12), lambda t: [person(1, IN)])
    assert scene.told() == [("begin", 8.1)]


@pytest.mark.parametrize(("gap", "begin"), [(1.8, 8.0), (2.4, None)])
def test_a_gap_restarts_the_clock_only_beyond_gap_s(gap: float, begin: float | None) -> None:
    scene = Scene(RULE).play(every(5, 0, 12), lambda t: [] if 4.0 < t < 4.0 + gap else [person(1, IN)])
    assert scene.told() == ([] if begin is None else [("begin", begin)])


def test_a_short_step_out_of_the_zone_is_a_gap_too() -> None:
    scene = Scene(RULE).play(every(5, 0, 12), lambda t: [person(1, OUT if 4.0 < t < 5.5 else IN)])
    assert scene.told() == [("begin", 8.0)]


def test_an_id_switch_in_place_keeps_the_clock() -> None:
    scene = Scene(RULE).play(
        every(5, 0, 12), lambda t: [] if 4 < t < 5 else [person(1 if t < 4.5 else 2, (0.5 + t / 200, 0.5))]
    )
    assert scene.told() == [("begin", 8.0)]


def test_somebody_else_elsewhere_does_not_inherit_it() -> None:
    scene = Scene(RULE).play(every(5, 0, 12), lambda t: [person(1, (0.3, 0.5)) if t < 4 else person(2, (0.7, 0.5))])
    assert scene.told() == []


def test_one_episode_for_the_zone_with_those_who_dwelled() -> None:
    def people(t: float) -> list[Track]:
        return [person(1, (0.3, 0.5)), *([person(2, (0.7, 0.5))] if t >= 4 else [])]

    scene = Scene(RULE).play(every(5, 0, 20), people)
    scene.over(20)
    assert scene.told() == [("begin", 8.0), ("end", 20.0)]
    assert [event.data.subjects[0].count for event in scene.events] == [1, 2]


def test_without_a_gap_allowed_successive_looks_are_still_continuous() -> None:
    rule = LoiteringRule(id="linger", zone="yard", dwell_s=4.0, gap_s=0.0)
    assert Scene(rule).play(every(2, 0, 6), lambda t: [person(1, IN)]).told() == [("begin", 4.0)]


def test_old_stays_are_forgotten() -> None:
    scene = Scene(RULE)
    scene.play([n * 100.0 for n in range(20)], lambda t: [person(int(t), IN)])
    scene.see(2000.0)
    occupancy = scene.pipeline._watches[0].step._occupancy  # type: ignore[attr-defined]
    assert occupancy._stays == {}
