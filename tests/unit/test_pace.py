"""How fast a figure is, in bodies/s and m/s, trembling boxes and all."""

import random

import pytest

from edge_agent.core.calibration import Ground
from edge_agent.core.geometry import level
from edge_agent.core.pace import WINDOW_S, Pace, Pacer
from edge_agent.core.spec import Calibration
from edge_agent.core.tracks import Figure, FigureId, View
from tests.scenes import every

ASPECT = 2.0
HEIGHT = 0.2


def figure(x: float, y: float, number: int = 1) -> Figure:
    box = (x - 0.02, y - HEIGHT, x + 0.02, y)
    return Figure(FigureId(number), "person", box, 0.8, (x, y), level((x, y), ASPECT))


def walked(pacer: Pacer, rate: float, speed: float, tremble: float = 0.0, seconds: float = 3.0) -> list[Pace | None]:
    """Along x, `speed` frame heights a second."""
    rng = random.Random(3)
    found = []
    for t in every(rate, 0, seconds):
        one = figure(0.2 + speed * t / ASPECT, 0.5 + rng.uniform(-tremble, tremble))
        found.append(pacer.step(View(t, (one,), ASPECT), (one,)).get(one.id))
    return found


@pytest.mark.parametrize("rate", [2.0, 5.0, 15.0])
def test_the_same_pace_at_any_rate(rate: float) -> None:
    last = walked(Pacer(), rate, 0.28)[-1]
    assert last is not None
    assert last.speed == pytest.approx(0.28 / HEIGHT, rel=1e-6)
    assert last.velocity == pytest.approx((0.28, 0.0), abs=1e-9)


@pytest.mark.parametrize("rate", [5.0, 15.0])
def test_who_stands_and_trembles_hardly_moves(rate: float) -> None:
    """Up to 4% of the body height each way."""
    paces = [pace.speed for pace in walked(Pacer(), rate, 0.0, 0.04 * HEIGHT, 20.0) if pace is not None]
    assert max(paces) < 0.25


def test_a_walk_too_short_has_no_pace_and_an_old_one_is_forgotten() -> None:
    pacer = Pacer()
    assert [pace is not None for pace in walked(pacer, 5.0, 0.2, seconds=0.4)] == [False, False, True]
    one = figure(0.9, 0.9)
    assert pacer.step(View(0.5 + WINDOW_S + 0.1, (one,), ASPECT), (one,)) == {}


def test_metres_a_second_where_it_is_calibrated() -> None:
    ground = Ground(Calibration(((0, 0), (1, 0), (1, 1), (0, 1)), ((0, 0), (20, 0), (20, 10), (0, 10))))
    last = walked(Pacer(ground), 5.0, 0.3)[-1]
    assert last is not None
    assert last.speed == pytest.approx(3.0, rel=1e-6)
