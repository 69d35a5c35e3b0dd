"""Stopped vehicles: what crashed, what broke down, and what only waits, parks, or seems to stand."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.core.flow_field import STOOD_S, cell_of
from edge_agent.core.movers import Movers
from edge_agent.core.rules.stopped_vehicle import ABRUPT, StoppedVehicle, StoppedVehicleRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Point
from tests.scenes import T0, every
from tests.traffic import ASPECT, LENGTH, Drawn, first, play, vehicle

STOP = 1.0
"""Where the vehicle comes to stand, at 4 s."""


def rule(traffic: Traffic | None = None, polygon: tuple[Point, ...] = WHOLE, **keys: Any) -> StoppedVehicle:
    return StoppedVehicle(StoppedVehicleRule(id="stopped", **keys), polygon, traffic or Traffic())


def comes(t: float, number: int = 1, braking_s: float = 3.0, stop: float = STOP, at: float = 4.0) -> Figure:
    """Drives at 0.2 frame heights a second (2 lengths), brakes evenly for braking_s and stands at `stop` from `at`."""
    left = max(0.0, at - t)
    way = 0.2 * left - 0.1 * braking_s if left > braking_s else 0.1 * left * left / braking_s
    return vehicle(number, stop - way)


def learned(traffic: Traffic, stands_s: float = 0.0) -> Traffic:
    """What 150 vehicles in the lane have shown, a tenth of them standing at STOP for so long."""
    for n in range(20):
        for _ in range(150):
            traffic.field.passed(cell_of((n / 20, 0.5)), 0, 90.0, 2.0)
    for lasted, least in enumerate(STOOD_S):
        for _ in range(15):
            if stands_s >= least:
                traffic.field.stood(cell_of((STOP / ASPECT, 0.5)), lasted)
    return traffic


def test_it_learns_from_those_who_drive_by_and_those_who_stand() -> None:
    """Every tenth of 120 vehicles stands at STOP for 25 s."""
    traffic = Traffic()
    step = rule(traffic)
    assert traffic.field.usual_stand((STOP / ASPECT, 0.5)) is None
    for n in range(120):
        held = 25.0 if n % 10 == 0 else 0.0
        start = 40.0 * n

        def seen(t: float, start: float = start, number: int = 1000 + n, held: float = held) -> Iterator[Figure]:
            x = 0.2 * (t - start)
            if x > STOP:
                x = max(STOP, x - 0.2 * held)
            if 0.2 < x < 1.9:
                yield vehicle(number, x)

        play(step, every(4, start, start + 10 + held), seen)
    assert traffic.field.usual_stand((STOP / ASPECT, 0.5)) == 40.0
    assert traffic.field.usual_stand((0.25, 0.5)) == 0.0


def test_where_nothing_is_known_a_vehicle_must_stand_longer_than_a_red_light() -> None:
    found = play(rule(), every(5, 0, 140), lambda t: [comes(t)])
    assert first(found) == pytest.approx(4.0 + 120.0, abs=1.0)
    measures = {m.name: m for m in found[0][1].measures}
    assert measures["stood"].threshold == 120.0
    assert set(measures) == {"stood", "braking"}


def test_where_vehicles_never_stand_after_s_is_enough() -> None:
    traffic = learned(Traffic())
    start = 10_000.0
    found = play(rule(traffic), every(5, start, start + 60), lambda t: [comes(t - start)])
    assert first(found) == pytest.approx(start + 4.0 + 20.0, abs=1.0)
    assert {m.name: m.value for m in found[0][1].measures}["usual_stand"] == 0.0


def test_where_they_usually_stand_it_takes_twice_as_long_as_is_usual() -> None:
    traffic = learned(Traffic(), stands_s=25.0)
    start = 10_000.0
    found = play(rule(traffic), every(5, start, start + 200), lambda t: [comes(t - start)])
    assert first(found) == pytest.approx(start + 4.0 + 80.0, abs=1.0)


def test_a_car_that_braked_hard_and_met_another_has_crashed() -> None:
    def meeting(t: float) -> list[Figure]:
        """The other crosses its way just where it is going to stand."""
        return [comes(t, braking_s=0.4), vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")]

    assert play(rule(), every(5, 0, 12), lambda t: [comes(t, braking_s=0.4)]) == []
    found = play(rule(), every(5, 0, 12), meeting)
    assert first(found) == pytest.approx(4.0 + 1.5, abs=0.5)
    assert "collided" in {m.name for m in found[0][1].measures}


@pytest.mark.parametrize("gap_s", [2.0, 9.5])
@pytest.mark.parametrize("lost", [5.0, 5.2])
def test_a_crash_before_a_gap_is_told_at_the_first_look_after_it(lost: float, gap_s: float) -> None:
    """It stands from 4 s; nobody looks for gap_s."""

    def meeting(t: float) -> list[Figure]:
        return [comes(t, braking_s=0.4), vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")]

    times = [t for t in every(5, 0, 20) if not lost < t < lost + gap_s]
    assert first(play(rule(), times, meeting)) == pytest.approx(lost + gap_s, abs=0.21)


@pytest.mark.parametrize("stays", [True, False])
def test_a_crash_is_told_by_a_look_and_not_while_nobody_looks(stays: bool) -> None:
    """It comes to stand at 4 s. Nothing seems to move from 4.6 s to 8 s, so nobody looks; then it is there or gone."""
    step, told = rule(), []
    for t in every(5, 0, 12):
        held = 4.6 < t < 8
        at = 4.6 if held else t
        other = vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - at)), "motorcycle")
        figures = (comes(at, braking_s=0.4), other) if stays or t < 8 else (other,)
        told += [t] * len(step.step(View(T0 + t, figures, ASPECT, held)))
    assert told[:1] == ([8.0] if stays else [])


@pytest.mark.parametrize("again", [8.5, 12.0])
def test_who_crashed_and_was_hidden_at_its_time_is_told_as_any_other_who_stands(again: float) -> None:
    """The other drives on at 6 s; then nobody is there for whom it could wait."""

    def meeting(t: float) -> list[Figure]:
        y = min(0.54, 0.54 - 0.2 * (3.6 - t)) + 0.2 * max(0.0, t - 6)
        other = [vehicle(2, 1.06, y, "motorcycle")] if y < 1 else []
        return other if 5.1 < t < again else [comes(t, braking_s=0.4), *other]

    found = play(rule(), every(5, 0, 140), meeting)
    assert first(found) == pytest.approx(4.0 + 120.0, abs=1.0)
    assert "collided" not in {m.name for m in found[0][1].measures}


@pytest.mark.parametrize(("beside", "met"), [(0.0, False), (0.15, True)])
def test_a_vehicle_seen_twice_does_not_meet_itself(beside: float, met: bool) -> None:
    movers = Movers()
    for n in range(3):
        boxes = [(0.4, 0.5, 0.6, 0.7), (0.366 + 0.034 * n + beside, 0.5, 0.566 + 0.034 * n + beside, 0.7)]
        feet = [((box[0] + box[2]) / 2, box[3]) for box in boxes]
        pair = tuple(
            Figure(FigureId(k), "car", box, 0.9, foot, foot)
            for k, (box, foot) in enumerate(zip(boxes, feet, strict=True))
        )
        seen = movers.look(View(T0 + 0.2 * n, pair, 1.0))
    assert [mover.whom > 0 for mover in seen] == [met, met]


def test_the_same_meeting_is_nothing_where_the_car_stops_softly() -> None:
    def meeting(t: float) -> list[Figure]:
        return [comes(t, braking_s=4.0), vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")]

    assert play(rule(), every(5, 0, 20), meeting) == []


def braked(braking_s: float, again: float = 0.0, gap_s: float = 0.0) -> float:
    """What is measured of a vehicle that nobody looks at for gap_s until `again`."""
    movers = Movers()
    for t in every(5, 0, 8):
        if not again - gap_s + 0.01 < t < again - 0.01:
            (mover,) = movers.look(View(T0 + t, (comes(t, braking_s=braking_s),), ASPECT))
    assert mover.stands(T0 + 8)
    return mover.braking


@pytest.mark.parametrize("rate", [2.0, 3.0, 5.0, 7.0, 10.0, 15.0])
@pytest.mark.parametrize("braking_s", [2.0, 3.0, 4.0])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7])
def test_how_hard_it_braked_hangs_on_neither_rate_nor_moment_of_the_looks(
    rate: float, braking_s: float, phase: float
) -> None:
    """2 lengths a second to 0, evenly."""
    movers = Movers()
    for t in every(rate, phase / rate, 8):
        (mover,) = movers.look(View(T0 + t, (comes(t, braking_s=braking_s),), ASPECT))
    assert mover.stands(T0 + 8)
    assert mover.braking == pytest.approx(2.0 / braking_s, rel=0.02)


@pytest.mark.parametrize("gap_s", [0.6, 0.8])
@pytest.mark.parametrize("again", [3.2, 3.4, 3.6, 3.8, 4.0, 4.2, 4.4, 4.6])
def test_a_gap_hides_no_sharp_stop_and_makes_no_soft_one_sharp(again: float, gap_s: float) -> None:
    assert braked(0.4, again, gap_s) >= ABRUPT
    assert braked(3.0, again, gap_s) < 2 * braked(3.0)


def test_nor_where_vehicles_usually_stand() -> None:
    traffic = learned(Traffic(), stands_s=25.0)
    start = 10_000.0

    def meeting(t: float) -> list[Figure]:
        s = t - start
        return [comes(s, braking_s=0.4), vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - s)), "motorcycle")]

    assert play(rule(traffic), every(5, start, start + 20), meeting) == []


@pytest.mark.parametrize("gap_s", [0.9, 1.1, 2.0])
def test_who_was_seen_once_and_then_elsewhere_has_not_stood(gap_s: float) -> None:
    """It drives past, is not seen for gap_s, and comes back by where it was seen last: two boxes at one place."""
    movers = Movers()
    for t in every(5, 0, 2):
        movers.look(View(T0 + t, (vehicle(1, 0.5 + 0.1 * t),), ASPECT))
    for later, x in ((gap_s, 0.80), (gap_s + 0.2, 0.76), (gap_s + 0.4, 0.72)):
        (mover,) = movers.look(View(T0 + 2.0 + later, (vehicle(1, x),), ASPECT))
    assert not mover.stands(T0 + 2.4 + gap_s)


def test_who_is_hidden_just_after_it_stopped_has_stood_meanwhile() -> None:
    movers = Movers()
    for t in (0.0, 0.2, 0.4, 1.6):
        (mover,) = movers.look(View(T0 + t, (vehicle(1, 0.5),), ASPECT))
    assert mover.stands(T0 + 1.6) == pytest.approx(1.6)


@pytest.mark.parametrize(("swollen", "told"), [(1.5, True), (2.5, False), (0.3, False)])
def test_another_vehicle_under_its_name_has_neither_come_nor_crashed(swollen: float, told: bool) -> None:
    """It drives hard into another; then its name is at the place, but on a box of another size."""

    def seen(t: float) -> list[Figure]:
        other = vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")
        return [comes(t, braking_s=0.4) if t < 4.0 else vehicle(1, STOP, length=LENGTH * swollen), other]

    assert bool(play(rule(), every(5, 0, 12), seen)) == told


def test_boxes_that_merge_as_they_crash_hide_no_crash() -> None:
    def seen(t: float) -> list[Figure]:
        other = vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")
        merged = vehicle(1, comes(t).at[0], length=LENGTH * 2.2)
        return [merged if 3.7 < t < 3.9 else comes(t, braking_s=0.4), other]

    assert play(rule(), every(5, 0, 12), seen)


@pytest.mark.parametrize(("plainly", "told"), [(0, False), (1, True), (20, True)])
def test_a_vehicle_of_weak_boxes_alone_has_not_crashed(plainly: int, told: bool) -> None:
    """Seen plainly at so many looks before it stands; a vehicle that has crashed is often seen weakly."""

    def seen(t: float) -> list[Figure]:
        other = vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")
        sure = 3.6 - 0.2 * plainly < t <= 3.6
        return [replace(comes(t, braking_s=0.4), score=0.8 if sure else 0.2), other]

    assert bool(play(rule(), every(5, 0, 12), seen)) == told


@pytest.mark.parametrize(("strong", "told"), [(0.25, True), (0.4, False)])
def test_what_is_plain_goes_by_the_score_that_begins_a_track(strong: float, told: bool) -> None:
    def seen(t: float) -> list[Figure]:
        other = vehicle(2, 1.06, min(0.54, 0.54 - 0.2 * (3.6 - t)), "motorcycle")
        return [replace(comes(t, braking_s=0.4), score=0.3), other]

    assert bool(play(rule(Traffic(strong=strong)), every(5, 0, 12), seen)) == told


def test_a_queue_is_none_of_it_however_long() -> None:
    """The first of it is; those behind it wait for it."""

    def seen(t: float) -> list[Figure]:
        return [comes(t, number=n, stop=STOP - 0.15 * n, at=4.0 + 3 * n) for n in range(4)]

    found = play(rule(), every(5, 0, 200), seen)
    boxes = {finding.subjects[0].boxes for _, finding in found}
    assert len(boxes) == 1
    assert first(found) == pytest.approx(124.0, abs=1.0)


def test_who_goes_on_standing_when_the_queue_has_gone_is_reported() -> None:
    def seen(t: float) -> list[Figure]:
        front = comes(t, number=1, stop=STOP + 0.15 + 0.2 * max(0.0, t - 150), at=3.0)
        return [comes(t, number=2), *([front] if t < 154 else [])]

    second = [at for at, finding in play(rule(), every(5, 0, 200), seen) if finding.subjects[0].boxes[0][0] < 0.5]
    assert 150 < second[0] < 153


def test_what_was_there_from_the_start_is_parked() -> None:
    assert play(rule(), every(5, 0, 400), lambda t: [vehicle(1, 1.0)]) == []


def test_who_appears_where_traffic_flows_stands_there() -> None:
    traffic = learned(Traffic())
    start = 10_000.0
    found = play(rule(traffic), every(5, start, start + 40), lambda t: [vehicle(7, STOP)] if t > start + 5 else [])
    assert first(found) == pytest.approx(start + 5 + 20, abs=1.0)


def test_hidden_by_a_passing_bus_and_seen_again_under_another_name_it_has_stood_on() -> None:
    def seen(t: float) -> list[Figure]:
        return [] if 60 < t < 66 else [comes(t, number=1 if t < 63 else 9)]

    assert first(play(rule(), every(5, 0, 140), seen)) == pytest.approx(124.0, abs=1.0)


def test_who_moves_up_stands_anew() -> None:
    def seen(t: float) -> list[Figure]:
        return [comes(t, stop=STOP + min(max(t - 60, 0.0), 2.0) * 0.1)]

    found = play(rule(), every(5, 0, 200), seen)
    assert first(found) == pytest.approx(62.0 + 20.0, abs=1.0), "it stopped at once, so after_s is enough"


def test_people_small_boxes_and_other_places_do_not_count() -> None:
    left = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
    assert play(rule(polygon=left), every(5, 0, 140), lambda t: [comes(t)]) == []
    assert play(rule(), every(5, 0, 140), lambda t: [vehicle(1, comes(t).at[0], cls="person")]) == []
    assert play(rule(), every(5, 0, 140), lambda t: [vehicle(1, comes(t).at[0], length=0.04)]) == []


def test_an_operator_who_turns_the_camera_makes_nobody_stand_or_drive() -> None:
    """While it turns, boxes drive through the picture; what then stands was there before."""

    def seen(t: float) -> list[Figure]:
        shift = 0.4 * min(max(t - 5.0, 0.0), 3.0)
        return [vehicle(n, 0.2 + 0.3 * n + shift) for n in range(3)]

    found = play(rule(), every(5, 0, 300), seen, lambda t: Drawn(t, 12.0 if 5.0 < t <= 8.2 else 0.0))
    assert found == []
    assert play(rule(), every(5, 0, 300), seen) != []


def test_another_view_is_not_judged_by_what_was_learned() -> None:
    traffic = Traffic()
    step = rule(traffic)
    play(step, every(5, 0, 4), lambda t: [], lambda t: Drawn(t, seed=1))
    known = [traffic.knows]
    play(step, every(5, 5, 6), lambda t: [], lambda t: Drawn(t, 9.0, seed=2))
    play(step, every(5, 6.2, 12), lambda t: [], lambda t: Drawn(t, seed=2))
    known.append(traffic.knows)
    play(step, every(5, 12.2, 16), lambda t: [], lambda t: Drawn(t, seed=1))
    assert [*known, traffic.knows] == [True, False, True]


def test_what_was_learned_outlives_a_restart() -> None:
    before = learned(Traffic())
    after = rule(Traffic())
    after.recall(before.memory())
    assert sum(array.nbytes for array in before.memory().values()) < 1_000_000
    start = 10_000.0
    found = play(after, every(5, start, start + 40), lambda t: [comes(t - start)])
    assert first(found) == pytest.approx(start + 24.0, abs=1.0)
    for name, array in before.memory().items():
        with pytest.raises(ValueError, match=r"as it was|version"):
            after.recall({**before.memory(), name: array.astype(float)[..., None]})
    with pytest.raises(ValueError, match="view"):
        after.recall({})


def test_only_one_of_the_rules_keeps_what_they_share() -> None:
    traffic = Traffic()
    first_rule, second = rule(traffic), rule(traffic)
    assert first_rule.memory()
    assert not second.memory()
