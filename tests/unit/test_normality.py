"""What is usual where, and how rare a number is."""

from math import log10, nan

import numpy as np
import pytest

from edge_agent.core.normality import Normality, Sample, cell_of
from edge_agent.core.surprise import Rarity

PERSON, VEHICLE = 0, 2


def walked(
    normal: Normality, place: tuple[float, float], speed: float, hour: float = 12.0, cls: str = "person"
) -> None:
    values = (speed, nan, nan, nan)
    normal.learn([Sample(cell_of(*place), cls, values, 0, hour, 1.0)])


def mean_speed(normal: Normality, place: tuple[float, float], group: int = PERSON, hour: float = 12.0) -> float:
    return float(normal.usual(np.array([place]), np.array([group]), hour).mean[0, 0])


def test_each_place_has_its_own_usual_and_an_unknown_one_borrows() -> None:
    normal = Normality()
    for _ in range(200):
        walked(normal, (0.2, 0.2), 0.05)
        walked(normal, (0.8, 0.9), 0.50)
    assert mean_speed(normal, (0.2, 0.2)) == pytest.approx(0.05, abs=0.01)
    assert mean_speed(normal, (0.8, 0.9)) == pytest.approx(0.50, abs=0.03)
    assert mean_speed(normal, (0.35, 0.3)) == pytest.approx(0.05, abs=0.01)
    assert np.isnan(mean_speed(Normality(), (0.5, 0.5)))


def test_a_class_and_an_hour_have_their_own_once_they_are_known() -> None:
    normal = Normality()
    for _ in range(200):
        walked(normal, (0.5, 0.5), 0.1)
    assert mean_speed(normal, (0.5, 0.5), VEHICLE) == pytest.approx(0.1, abs=0.01)
    for _ in range(200):
        walked(normal, (0.5, 0.5), 0.6, hour=3.0)
        walked(normal, (0.5, 0.5), 1.5, cls="car")
    assert mean_speed(normal, (0.5, 0.5), VEHICLE) == pytest.approx(1.5, abs=0.1)
    assert mean_speed(normal, (0.5, 0.5), hour=3.0) == pytest.approx(0.6, abs=0.05)
    assert mean_speed(normal, (0.5, 0.5), hour=12.0) < 0.2


def test_an_empty_hour_makes_a_visitor_rare_and_a_busy_one_does_not() -> None:
    normal = Normality()
    for hour in range(24):
        normal.watch(3600.0 * 10, float(hour), {PERSON} if 6 <= hour < 22 else set())
    assert normal.hour_rarity(PERSON, 12.0) < 0.2
    assert normal.hour_rarity(PERSON, 3.0) > 1.5
    assert Normality().hour_rarity(PERSON, 3.0) == 0.0


def test_a_place_where_nobody_went_is_rare_in_proportion_to_what_was_seen() -> None:
    rare = []
    for seconds in (50, 5000):
        normal = Normality()
        for n in range(seconds):
            walked(normal, ((n % 16 + 0.5) / 16, 0.9), 0.1)
        usual = normal.usual(np.array([[0.5, 0.9], [0.5, 0.1]]), np.array([PERSON, PERSON]), 12.0)
        assert usual.place[0] < 0.1
        rare.append(float(usual.place[1]))
    assert rare[0] < 1.0 < rare[1]


def test_what_was_learned_fades() -> None:
    normal = Normality()
    for _ in range(100):
        walked(normal, (0.5, 0.5), 0.1)
    normal.fade(0.25)
    assert normal.seconds == pytest.approx(25.0)
    assert mean_speed(normal, (0.5, 0.5)) == pytest.approx(0.1, abs=0.01)


def test_rarity_of_an_exponential_is_what_it_says() -> None:
    rng = np.random.default_rng(1)
    rarity = Rarity((0.01,))
    for block in rng.exponential(1.0, (200, 100)):
        rarity.learn(block[:, None], np.full((100, 1), 1.0))
    for value in (0.5, 2.0, 5.0, 9.0):
        assert float(rarity.surprise(np.array([[value]]))[0, 0]) == pytest.approx(value / np.log(10), rel=0.15)


def test_rarity_rises_with_the_value_and_is_nothing_before_enough_was_seen() -> None:
    rarity = Rarity((0.3, 0.43))
    values = np.linspace(0.0, 30.0, 200)
    assert float(rarity.surprise(np.array([[9.0, 9.0]])).max()) == 0.0
    rarity.learn(np.zeros((100, 2)), np.ones((100, 2)))
    for channel in (0, 1):
        told = [float(rarity.surprise(np.array([[value, value]]))[0, channel]) for value in values]
        assert told == sorted(told)
        assert told[0] == pytest.approx(0.0, abs=1e-9)
        assert told[-1] > -log10(0.05)
