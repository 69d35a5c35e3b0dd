"""The learned flow: bounded, by hour, pooled, saved and restored."""

from math import inf

import numpy as np
import pytest

from edge_agent.core.flow_field import FULL, STOOD_S, FlowField, apart, cell_of

FOOT = (0.5, 0.5)
HERE = cell_of(FOOT)


def passed(field: FlowField, count: int, heading: float = 90.0, hour: int = 8, speed: float = 1.0) -> FlowField:
    for _ in range(count):
        field.passed(HERE, hour, heading, speed)
    return field


def test_cells_cover_the_frame_and_what_sticks_out_of_it() -> None:
    assert cell_of((0.0, 0.0)) == (0, 0)
    assert cell_of((1.0, 1.0)) == cell_of((1.3, 7.0)) == (11, 19)
    assert cell_of((-0.1, -2.0)) == (0, 0)


@pytest.mark.parametrize(("a", "b", "wanted"), [(0, 90, 90), (350, 10, 20), (90, 270, 180), (45, 45, 0)])
def test_headings_are_compared_round_the_circle(a: float, b: float, wanted: float) -> None:
    assert apart(a, b) == apart(b, a) == wanted


def test_too_few_say_nothing() -> None:
    field = passed(FlowField(), 19)
    assert field.share(FOOT, 8, 90.0) is None
    assert field.free_speed(FOOT) is None
    assert field.usual_stand(FOOT) is None
    assert passed(field, 60).free_speed(FOOT) is not None
    assert field.usual_stand(FOOT) is None


@pytest.mark.parametrize("heading", [0.0, 10.0, 33.0, 90.0, 200.0, 359.0])
def test_shares_along_and_against(heading: float) -> None:
    field = passed(passed(FlowField(), 30, heading), 10, heading + 180.0)
    assert field.share(FOOT, 8, heading) == pytest.approx((0.75, 0.25))
    assert field.share(FOOT, 8, heading + 180.0) == pytest.approx((0.25, 0.75))
    assert field.share(FOOT, 8, heading + 90.0) == pytest.approx((0.0, 0.0), abs=0.5)


def test_an_hour_with_too_little_is_pooled_with_its_neighbours_then_with_the_day() -> None:
    field = passed(passed(FlowField(), 30, 270.0, hour=9), 100, 90.0, hour=20)
    assert field.share(FOOT, 8, 270.0) == pytest.approx((1.0, 0.0))
    assert field.share(FOOT, 3, 90.0) == pytest.approx((100 / 130, 30 / 130))
    assert field.share(FOOT, 3, 90.0, pooled=False) is None


def test_free_flow_is_what_few_exceed() -> None:
    field = FlowField()
    for n in range(100):
        field.passed(HERE, 8, 90.0, 0.2 if n < 60 else 2.0)
    assert field.free_speed(FOOT) == pytest.approx(2.0, rel=0.4)


def test_usual_standing_is_what_more_than_a_few_do() -> None:
    field = passed(FlowField(), 200)
    assert field.usual_stand(FOOT) == 0.0
    for _ in range(3):
        field.stood(HERE, 0)
        field.stood(HERE, 1)
    assert field.usual_stand(FOOT) == 0.0, "three of two hundred are few"
    for _ in range(3):
        field.stood((HERE[0], HERE[1] + 1), 0)
        field.stood((HERE[0], HERE[1] + 1), 1)
    assert field.usual_stand(FOOT) == 20.0, "the neighbouring cell counts too"
    for lasted in range(len(STOOD_S)):
        for _ in range(10):
            field.stood(HERE, lasted)
    assert field.usual_stand(FOOT) == inf


def test_it_forgets_by_halves_and_stays_bounded() -> None:
    field = passed(FlowField(), 5000)
    assert field.votes <= FULL
    passed(field, 1200, 270.0)
    along, against = field.share(FOOT, 8, 270.0) or (0.0, 0.0)
    assert along > 0.9 > against


def test_memory_round_trip() -> None:
    field = passed(FlowField(), 50)
    field.stood(HERE, 0)
    other = FlowField()
    other.recall(field.memory())
    assert other.share(FOOT, 8, 90.0) == field.share(FOOT, 8, 90.0)
    assert other.free_speed(FOOT) == field.free_speed(FOOT)
    memory = field.memory()
    passed(field, 10)
    assert float(memory["ways"].sum()) == 50.0, "what was given out does not change"


def test_unfit_memory_is_refused_and_nothing_is_lost() -> None:
    field = passed(FlowField(), 50)
    good = field.memory()
    bad: list[dict[str, np.ndarray]] = [
        {},
        {**good, "version": np.array(2)},
        {**good, "ways": good["ways"][:3]},
        {**good, "stood": good["stood"].astype(np.float64)},
        {**good, "speeds": np.full_like(good["speeds"], np.nan)},
        {**good, "ways": -np.asarray(good["ways"])},
        {name: array for name, array in good.items() if name != "stood"},
    ]
    for memory in bad:
        with pytest.raises(ValueError, match=r"version|as it was|no count"):
            field.recall(memory)
    assert field.share(FOOT, 8, 90.0) == pytest.approx((1.0, 0.0))
