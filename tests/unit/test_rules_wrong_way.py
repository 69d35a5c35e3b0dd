"""Wrong way: against a set direction, against what was learned; and what only seems so."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge_agent.core.calibration import Ground
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.rules.wrong_way import WrongWay, WrongWayRule
from edge_agent.core.spec import Calibration
from edge_agent.core.tracks import Figure
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Point
from tests.scenes import every
from tests.traffic import first, play, vehicle

RIGHT, LEFT = 90.0, 270.0
START = 100_000.0


def rule(traffic: Traffic | None = None, polygon: tuple[Point, ...] = WHOLE, **keys: Any) -> WrongWay:
    return WrongWay(WrongWayRule(id="wrong", **keys), polygon, traffic or Traffic())


def goes(t: float, start: float, number: int, speed: float = 0.2, y: float = 0.5) -> Iterator[Figure]:
    """Through the picture from left to right, or the other way where its speed is below 0."""
    x = 0.2 + speed * (t - start) if speed > 0 else 1.8 + speed * (t - start)
    if 0.2 <= x <= 1.8:
        yield vehicle(number, x, y)


def learned(traffic: Traffic, speed: float = 0.2, count: int = 30, start: float = 0.0, y: float = 0.5) -> Traffic:
    step = rule(traffic)
    for n in range(count):
        at = start + 10.0 * n
        play(step, every(5, at, at + 9), lambda t, at=at, n=n: goes(t, at, 1000 + n, speed, y))  # type: ignore[misc]
    return traffic


def test_against_a_set_direction_it_is_told_after_distance_and_time() -> None:
    found = play(rule(direction_deg=RIGHT), every(5, 0, 8), lambda t: goes(t, 0.0, 1, -0.2))
    assert first(found) == pytest.approx(2.0, abs=0.25)
    measures = {m.name: m for m in found[0][1].measures}
    assert measures["wrong_distance"].value >= 4.0
    assert measures["wrong_distance"].unit == "lengths"
    assert measures["heading"].value == pytest.approx(LEFT)
    assert measures["speed"].value == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("heading", [RIGHT, 20.0, 150.0])
def test_with_it_or_across_it_is_nothing(heading: float) -> None:
    assert play(rule(direction_deg=heading), every(5, 0, 8), lambda t: goes(t, 0.0, 1, 0.2)) == []


def test_without_a_direction_nothing_is_told_until_it_is_learned() -> None:
    assert play(rule(), every(5, START, START + 8), lambda t: goes(t, START, 1, -0.2)) == []
    assert play(rule(learned(Traffic(), count=10)), every(5, START, START + 8), lambda t: goes(t, START, 1, -0.2)) == []
    found = play(rule(learned(Traffic())), every(5, START, START + 8), lambda t: goes(t, START, 1, -0.2))
    assert first(found) == pytest.approx(START + 2.0, abs=0.5)
    assert found[0][1].confidence > 0.4


def test_the_other_lane_is_another_place() -> None:
    traffic = learned(learned(Traffic()), -0.2, start=1000.0, y=0.8)
    step = rule(traffic)
    assert play(step, every(5, START, START + 8), lambda t: goes(t, START, 1, -0.2, 0.8)) == []
    assert play(step, every(5, START, START + 8), lambda t: goes(t, START, 2, -0.2, 0.5)) != []


def test_a_street_that_both_use_has_no_wrong_way() -> None:
    traffic = learned(learned(Traffic()), -0.2, start=1000.0)
    for speed in (0.2, -0.2):
        assert play(rule(traffic), every(5, START, START + 8), lambda t, v=speed: goes(t, START, 1, v)) == []  # type: ignore[misc]


def test_a_contraflow_lane_has_its_hours() -> None:
    """In the morning all go to the left, for the rest of the day to the right."""
    zone = ZoneInfo("Asia/Jakarta")
    morning, noon = 0.0, 5 * 3600.0
    traffic = learned(learned(Traffic(zone), -0.2, start=morning), 0.2, start=noon)
    for start, wrong in ((morning + 1000, 0.2), (noon + 1000, -0.2)):
        step = rule(traffic)
        assert play(step, every(5, start, start + 8), lambda t, s=start, v=wrong: goes(t, s, 1, -v)) == []  # type: ignore[misc]
        assert play(step, every(5, start, start + 8), lambda t, s=start, v=wrong: goes(t, s, 2, v)) != []  # type: ignore[misc]


def test_a_street_turned_round_is_learned_in_the_end() -> None:
    traffic = learned(Traffic())
    learned(traffic, -0.2, count=400, start=1000.0)
    assert play(rule(traffic), every(5, START, START + 8), lambda t: goes(t, START, 1, -0.2)) == []


def test_a_u_turn_that_others_make_too_is_nothing() -> None:
    def turns(t: float, start: float, number: int) -> Iterator[Figure]:
        x = 0.2 + 0.2 * (t - start)
        back = x - 1.0
        if x <= 1.0:
            yield vehicle(number, x, 0.5)
        elif back < 0.8:
            yield vehicle(number, 1.0 - back, 0.5 + min(back, 0.04))

    traffic = learned(Traffic())
    step = rule(traffic)
    for n in range(20):
        at = 2000.0 + 20 * n
        play(step, every(5, at, at + 9), lambda t, at=at, n=n: turns(t, at, 5000 + n))  # type: ignore[misc]
    found = play(step, every(5, START, START + 8), lambda t: turns(t, START, 9000))
    assert found == []


@pytest.mark.parametrize(
    "x",
    [lambda t: 1.2 - 0.03 * t, lambda t: 1.2 - min(0.3, 0.1 * t), lambda t: 1.2 + 0.04 * (-1) ** round(5 * t)],
    ids=["creeps back", "reverses three lengths to park", "trembles"],
)
def test_what_is_no_wrong_way_driving(x) -> None:  # type: ignore[no-untyped-def]
    assert play(rule(direction_deg=RIGHT), every(5, 0, 20), lambda t: [vehicle(1, x(t))]) == []


def test_two_who_swap_their_names_are_not_one_that_turned() -> None:
    """One goes each way in its lane; where they pass each other the tracker mixes them up."""

    def seen(t: float) -> list[Figure]:
        there, back = list(goes(t, 0.0, 1 if t < 4 else 2)), list(goes(t, 0.0, 2 if t < 4 else 1, -0.2, 0.6))
        return there + back

    right = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.55), (0.0, 0.55))
    assert play(rule(polygon=right, direction_deg=RIGHT), every(5, 0, 8), seen) == []


def test_each_vehicle_is_an_episode_of_its_own_and_classes_may_be_chosen() -> None:
    def seen(t: float) -> list[Figure]:
        motorcycle = [replace(f, cls="motorcycle") for f in goes(t, 0.0, 2, -0.2, 0.8)]
        return [*goes(t, 0.0, 1, -0.2), *motorcycle, *(replace(f, cls="person") for f in goes(t, 0.0, 3, -0.2, 0.3))]

    found = play(rule(direction_deg=RIGHT), every(5, 0, 8), seen)
    assert len({finding.key for _, finding in found}) == 2
    assert {subject.cls for _, finding in found for subject in finding.subjects} == {"car", "motorcycle"}
    only = WrongWay(WrongWayRule(id="wrong", classes=("motorcycle",), direction_deg=RIGHT), WHOLE, Traffic())
    found = play(only, every(5, 0, 8), seen)
    assert {subject.cls for _, finding in found for subject in finding.subjects} == {"motorcycle"}


def test_with_calibration_the_speed_is_in_km_h() -> None:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    ground = Ground(Calibration(square, ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))))
    step = rule(Traffic(ground=ground), direction_deg=RIGHT)
    found = play(step, every(5, 0, 8), lambda t: goes(t, 0.0, 1, -0.2))
    speed = next(m for m in found[-1][1].measures if m.name == "speed")
    assert speed.unit == "km/h"
    assert speed.value == pytest.approx(0.2 * 20 * 3.6, rel=0.02)
