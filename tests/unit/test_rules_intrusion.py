"""Intrusion through the whole pipeline: one episode for the zone, whoever is in it."""

import pytest

from edge_agent.core.spec import Episodes, IntrusionRule, Schedule, Window, Zone
from tests.scenes import SQUARE, Scene, every, person

RULE = IntrusionRule(id="keep-out", zone="yard", episodes=Episodes(1.0, 3.0, 10.0, 10.0))


def test_one_episode_however_many_come_and_go() -> None:
    scene = Scene(RULE)
    scene.play(every(5, 0, 4), lambda t: [person(1, (0.5, 0.5))])
    scene.play(every(5, 4.2, 8), lambda t: [person(2, (0.3, 0.7)), person(3, (0.7, 0.7))])
    scene.play(every(5, 8.2, 12), lambda t: [person(3, (0.9, 0.9))])
    assert scene.told() == [("begin", 0.0), ("end", 8.0)]
    begin, end = scene.events
    assert [subject.count for subject in begin.data.subjects] == [1]
    assert [subject.count for subject in end.data.subjects] == [2]
    assert {m.name: (m.value, m.threshold) for m in end.data.why.measures} == {
        "in_zone": (2.0, 1.0),
        "longest_stay": (pytest.approx(3.8), None),
        "held": (8.0, 1.0),
    }


def test_the_foot_counts_and_not_the_box() -> None:
    scene = Scene(RULE)
    scene.play(every(5, 0, 5), lambda t: [person(1, (0.5, 0.76), 0.4)])
    assert scene.events == []
    scene.play(every(5, 5.2, 8), lambda t: [person(1, (0.5, 0.75), 0.4)])
    assert scene.told() == [("begin", 5.2)]


def test_a_far_figure_of_twenty_pixels_counts_and_a_minimum_height_excludes_it() -> None:
    far = 20 / 240
    scene = Scene(RULE, size=(320, 240)).play(every(5, 0, 3), lambda t: [person(1, (0.5, 0.5), far)])
    assert scene.told() == [("begin", 0.0)]
    tall = IntrusionRule(id="keep-out", zone="yard", min_height=0.1)
    assert Scene(tall).play(every(5, 0, 3), lambda t: [person(1, (0.5, 0.5), far)]).events == []


def test_other_classes_and_weak_scores_do_not_count() -> None:
    rule = IntrusionRule(id="keep-out", zone="yard", classes=("person", "bicycle"), min_score=0.6)
    scene = Scene(rule)
    scene.play(every(5, 0, 3), lambda t: [person(1, (0.5, 0.5), cls="car"), person(2, (0.6, 0.5), score=0.5)])
    assert scene.events == []


def test_someone_cut_off_by_the_lower_edge_is_in_a_zone_that_reaches_it() -> None:
    floor = Zone("yard", ((0.2, 0.6), (0.8, 0.6), (0.8, 1.0), (0.2, 1.0)))
    scene = Scene(RULE, zones=[floor]).play(every(5, 0, 3), lambda t: [person(1, (0.5, 1.003), 0.3)])
    assert scene.told() == [("begin", 0.0)]
    assert scene.events[0].data.subjects[0].boxes[0][3] == 1.0


def test_a_track_whose_id_flickers_is_one_episode() -> None:
    scene = Scene(RULE)
    scene.play(every(10, 0, 10), lambda t: [person(int(t * 10) % 50, (0.5, 0.5))] if int(t * 10) % 3 else [])
    scene.play(every(10, 10.1, 14), lambda t: [])
    assert scene.told("begin", "end") == [("begin", 0.1), ("end", 10.0)]


def test_one_false_box_is_no_intrusion_and_the_reason_is_given() -> None:
    scene = Scene(RULE).play(every(5, 0, 4), lambda t: [person(1, (0.5, 0.5))] if t == 1.0 else [])
    assert scene.events == []
    silenced = [item for step in scene.steps for item in step.suppressed]
    assert [(item.rule.id, item.suppressed.reason) for item in silenced] == [("keep-out", "below_min_duration")]


def test_severity_is_the_kinds_unless_the_rule_says_otherwise() -> None:
    loud = IntrusionRule(id="loud", zone="yard", severity="critical")
    scene = Scene(RULE, loud).play(every(5, 0, 2), lambda t: [person(1, (0.5, 0.5))])
    assert [event.data.severity for event in scene.events] == ["minor", "critical"]


def test_outside_its_schedule_nothing_is_told() -> None:
    fridays = Schedule((Window(frozenset({"fri"}), 0, 0),))
    rule = IntrusionRule(id="keep-out", zone="yard", schedule=fridays)
    scene = Scene(rule).play(every(5, 0, 5), lambda t: [person(1, (0.5, 0.5))])
    assert scene.events == []
    assert [item.suppressed.reason for step in scene.steps for item in step.suppressed] == ["not_scheduled"]


def test_a_rule_for_a_zone_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        Scene(RULE, zones=[Zone("other", SQUARE)])
