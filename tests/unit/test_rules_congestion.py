"""Congestion: slow and staying slow, against the learned flow, in km/h or in lengths; no red light."""

from typing import Any

import pytest

from edge_agent.core.calibration import Ground
from edge_agent.core.rules.congestion import Congestion, CongestionRule, level_of_service
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import Calibration
from edge_agent.core.tracks import Figure
from edge_agent.core.traffic import Traffic
from tests.scenes import every
from tests.traffic import first, play, vehicle

ROWS = (0.3, 0.45, 0.6, 0.75, 0.9)


def rule(traffic: Traffic | None = None, **keys: Any) -> Congestion:
    return Congestion(CongestionRule(id="jam", **{"after_s": 60.0, **keys}), WHOLE, traffic or Traffic())


def column(way: float, number: int = 0) -> list[Figure]:
    """Five abreast that have come `way` frame heights; who leaves at the right comes in again at the left."""
    lap, x = divmod(0.2 + way, 1.6)
    return [vehicle(number + 10 * int(lap) + n, 0.2 + x, y) for n, y in enumerate(ROWS)]


def red_light(t: float, red_s: float, green_s: float) -> float:
    """How far they have come by t where they stand for red_s of each cycle and go for green_s at 0.2 a second."""
    cycles, part = divmod(t, red_s + green_s)
    return 0.2 * (cycles * green_s + max(0.0, part - red_s))


def test_a_jam_is_told_after_after_s_by_lengths_where_nothing_else_is_known() -> None:
    found = play(rule(), every(2, 0, 120), lambda t: column(0.2 * t if t < 20 else 4.0 + 0.01 * (t - 20)))
    assert first(found) == pytest.approx(80.0, abs=2.0)
    measures = {m.name: m for m in found[0][1].measures}
    assert measures["speed"].unit == "lengths/s"
    assert measures["speed"].threshold == 0.3
    assert measures["vehicles"].value == 5.0


def test_a_red_light_is_none_whatever_its_length_below_after_s() -> None:
    assert play(rule(), every(2, 0, 400), lambda t: column(red_light(t + 50, 50, 25))) == []


def test_a_queue_that_moves_up_now_and_then_is_one() -> None:
    """Ten seconds of motion in between are no flow."""
    assert first(play(rule(), every(2, 0, 300), lambda t: column(red_light(t + 50, 50, 10)))) is not None


def test_flowing_and_empty_roads_are_none() -> None:
    assert play(rule(), every(2, 0, 200), lambda t: column(0.2 * t)) == []
    assert play(rule(), every(2, 0, 200), lambda t: column(0.2 * min(t, 5))[:4]) == []


def test_parked_from_the_start_is_no_traffic() -> None:
    assert play(rule(), every(2, 0, 200), lambda t: column(0.0)) == []


def test_against_the_flow_that_was_learned() -> None:
    """A third of the usual speed is too slow here, though it is more than slow_lengths; its level of service is E."""
    traffic = Traffic()
    step = rule(traffic)
    play(step, every(5, 0, 400), lambda t: column(0.4 * t))
    found = play(step, every(5, 1000, 1100), lambda t: column(0.12 * (t - 1000), number=100_000))
    assert first(found) is not None
    measures = {m.name: m for m in found[-1][1].measures}
    assert 0.25 < measures["of_free_flow"].value < 0.4
    assert measures["level_of_service"].value in (5.0, 6.0)
    assert play(step, every(5, 2000, 2100), lambda t: column(0.3 * (t - 2000), number=200_000)) == []


def test_by_km_h_with_calibration() -> None:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    ground = Ground(Calibration(square, ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0))))
    found = play(rule(Traffic(ground=ground)), every(2, 0, 65), lambda t: column(0.15 * t))
    speed = next(m for m in found[-1][1].measures if m.name == "speed")
    assert (speed.threshold, speed.unit) == (15.0, "km/h")
    assert speed.value == pytest.approx(0.15 * 20 * 3.6, rel=0.05)
    fast = rule(Traffic(ground=ground), slow_kmh=9.0)
    assert play(fast, every(2, 0, 65), lambda t: column(0.15 * t)) == []


@pytest.mark.parametrize(("ratio", "level"), [(1.0, 1), (0.7, 2), (0.6, 3), (0.45, 4), (0.35, 5), (0.3, 6), (0.0, 6)])
def test_levels_of_service(ratio: float, level: int) -> None:
    assert level_of_service(ratio) == level
