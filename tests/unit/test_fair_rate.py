"""Fair shares of the analysing thread's time: floors hold, nothing swings, and there is no more than there is."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.decode_cost import DecodeCost
from edge_agent.core.fair_rate import (
    AGAIN_S,
    BURST_FPS,
    BURST_S,
    FILL,
    FULL,
    GLANCE,
    LEAST_FLOOR,
    MOST_PATIENCE,
    RAISE_S,
    WAIT_S,
    WAITING,
    Demand,
    FairRate,
    RateMean,
    patience,
    too_rare,
)


def run(
    fair: FairRate, demands: Mapping[str, Demand], cost: Mapping[str, float], begin: float, s: float
) -> list[float]:
    """`s` seconds of cameras that are analysed as often as they may; the share of the thread's time of each second."""
    rates = fair.rates(begin, demands)
    busy = []
    for second in range(round(s)):
        t = begin + second
        rates = fair.rates(t, demands)
        used = 0.0
        for name, rate in rates.items():
            for n in range(round(rate)):
                fair.spent(name, t + n / max(rate, 1), cost[name])
            used += rate * cost[name]
        busy.append(used)
    return busy


def cameras(count: int, fps: float = 5.0, floor: float = 1.0) -> dict[str, Demand]:
    return {f"cam-{n}": Demand(fps, floor) for n in range(count)}


def test_who_has_room_gets_what_it_wants() -> None:
    fair, demands = FairRate(), cameras(4)
    run(fair, demands, dict.fromkeys(demands, 0.04), 0.0, 10)
    assert fair.rates(20.0, demands) == dict.fromkeys(demands, 5.0)


def test_all_get_the_same_share_and_the_time_is_filled_but_not_overfilled() -> None:
    fair, demands = FairRate(), {**cameras(10), "fast": Demand(15.0, 1.0)}
    busy = run(fair, demands, dict.fromkeys(demands, 0.04), 0.0, 30)
    rates = fair.rates(31.0, demands)
    assert busy[-1] == pytest.approx(FILL, abs=0.06)
    assert rates["fast"] / 15 == pytest.approx(rates["cam-0"] / 5)
    assert rates["cam-0"] == pytest.approx(FILL / 0.04 / 65 * 5, rel=0.02)


def test_nobody_falls_below_the_floor_and_the_rest_pay_for_it() -> None:
    fair, demands = FairRate(), {**cameras(8), "gate": Demand(5.0, 4.0)}
    run(fair, demands, dict.fromkeys(demands, 0.05), 0.0, 20)
    rates = fair.rates(21.0, demands)
    assert rates["gate"] == 4.0
    assert 1.0 <= rates["cam-0"] < 5.0 * FILL / (9 * 5 * 0.05)


def test_where_the_floors_are_too_much_all_get_the_same_share_of_them_and_a_fifth_at_least() -> None:
    fair, many = FairRate(), {**cameras(30), "gate": Demand(5.0, 2.0)}
    busy = run(fair, many, dict.fromkeys(many, 0.05), 0.0, 10)
    rates = fair.rates(11.0, many)
    assert rates["cam-0"] == pytest.approx(FULL / 0.05 / 32)
    assert rates["gate"] == pytest.approx(2 * rates["cam-0"])
    assert busy[-1] <= 1.0
    hopeless = cameras(200)
    run(fair, hopeless, dict.fromkeys(hopeless, 0.05), 30.0, 10)
    assert list(fair.rates(41.0, hopeless).values()) == pytest.approx([0.2] * 200)
    run(fair, many, dict.fromkeys(many, 0.001), 50.0, 40)
    assert fair.rates(91.0, many)["cam-0"] == 5.0


def test_more_threads_have_more_time() -> None:
    fair, demands = FairRate(2), cameras(10)
    run(fair, demands, dict.fromkeys(demands, 0.04), 0.0, 10)
    assert fair.rates(11.0, demands)["cam-0"] == pytest.approx(2 * FILL / 0.04 / 10)


def test_rates_rise_again_after_a_while_and_do_not_swing() -> None:
    fair, demands = FairRate(), cameras(10)
    run(fair, demands, dict.fromkeys(demands, 0.04), 0.0, 20)
    low = fair.rates(20.0, demands)["cam-0"]
    steady = [fair.rates(21.0 + n, demands)["cam-0"] for n in range(3)]
    assert steady == [low] * 3
    run(fair, demands, dict.fromkeys(demands, 0.004), 25.0, 40 + RAISE_S)
    assert fair.rates(80.0, demands)["cam-0"] == 5.0


def test_pictures_that_do_not_come_cost_nothing() -> None:
    fair, demands = FairRate(), {f"cam-{n}": Demand(5.0, 1.0, comes=1.0) for n in range(20)}
    run(fair, demands, dict.fromkeys(demands, 0.03), 0.0, 10)
    assert set(fair.rates(11.0, demands).values()) == {5.0}


@settings(deadline=None)
@given(
    wants=st.lists(st.tuples(st.floats(0.1, 30), st.floats(0.01, 30), st.floats(1e-4, 0.5)), min_size=1, max_size=20),
)
def test_rates_are_within_bounds_and_the_demand_is_met_or_every_floor_reached(
    wants: list[tuple[float, float, float]],
) -> None:
    fair = FairRate()
    demands = {str(n): Demand(fps, floor) for n, (fps, floor, _) in enumerate(wants)}
    for n, (_, _, cost) in enumerate(wants):
        fair.spent(str(n), 0.0, cost)
    rates = fair.rates(0.0, demands)
    for name, one in demands.items():
        assert LEAST_FLOOR * min(one.floor, one.fps) <= rates[name] <= one.fps
    used = sum(rates[str(n)] * cost for n, (_, _, cost) in enumerate(wants))
    floors = sum(min(one.floor, one.fps) * wants[int(name)][2] for name, one in demands.items())
    if floors <= FULL:
        assert all(rates[name] >= min(one.floor, one.fps) for name, one in demands.items())
    assert used <= max(0.951, LEAST_FLOOR * floors * 1.001 + 0.001)


def test_what_is_too_rare_for_rules_is_known() -> None:
    assert too_rare(1.9, 5.0)
    assert not too_rare(2.0, 5.0)
    assert not too_rare(1.0, 1.0)


def moving(count: int, of: int, fps: float = 5.0) -> dict[str, Demand]:
    """`of` cameras, in front of the first `count` of which something moves."""
    return {f"cam-{n}": Demand(fps, 1.0, eager=n < count) for n in range(of)}


def spend(fair: FairRate, demands: Mapping[str, Demand], t: float, look: float, glance: float) -> None:
    for name, one in demands.items():
        fair.spent(name, t, look if one.eager else glance, one.eager)


def test_time_goes_to_those_in_front_of_whom_something_moves_before_still_ones_get_more_than_their_floor() -> None:
    fair, demands = FairRate(), moving(3, 60)
    spend(fair, demands, 0.0, 0.04, 0.003)
    rates = fair.rates(0.0, demands)
    assert [rates[f"cam-{n}"] for n in range(3)] == [5.0] * 3
    assert 1.0 <= rates["cam-3"] < 5.0


def test_then_the_moving_ones_are_lowered_alike_as_far_as_people_can_still_be_followed() -> None:
    fair, demands = FairRate(), moving(6, 60)
    spend(fair, demands, 0.0, 0.04, 0.003)
    rates = fair.rates(0.0, demands)
    assert [rates[f"cam-{n}"] for n in range(6)] == pytest.approx([(FILL - 54 * 0.003) / 6 / 0.04] * 6)
    assert rates["cam-59"] == 1.0


def test_where_even_that_is_too_much_they_take_turns_and_each_has_one_soon() -> None:
    fair, demands = FairRate(), moving(20, 60)
    turns: dict[str, list[int]] = {f"cam-{n}": [] for n in range(20)}
    for second in range(40):
        spend(fair, demands, float(second), 0.06, 0.003)
        rates = fair.rates(float(second), demands)
        having = [name for name in turns if rates[name] >= BURST_FPS]
        assert 1 <= len(having) < 10
        assert all(rates[name] == WAITING for name in turns if name not in having)
        assert sum(rates.values()) * 0.06 - 40 * (0.06 - 0.003) * rates["cam-59"] <= FULL + 0.001
        for name in having:
            turns[name].append(second)
    assert all(len(seconds) >= 2 * BURST_S for seconds in turns.values())
    assert all(b - a < WAIT_S + AGAIN_S for seconds in turns.values() for a, b in pairwise(seconds))
    assert rates["cam-59"] >= GLANCE


def test_who_came_last_is_next_but_who_has_waited_long_comes_before() -> None:
    """Where there is time for one turn only."""
    fair, demands = FairRate(), moving(10, 10)
    order: list[str] = []
    for second in range(round(WAIT_S) + 3):
        came = [f"new-{n}" for n in range(5) if second > 3 * n]
        demands |= {name: Demand(5.0, 1.0, eager=True) for name in came}
        spend(fair, demands, float(second), 0.3, 0.001)
        rates = fair.rates(float(second), demands)
        (having,) = (name for name, rate in rates.items() if rate >= BURST_FPS)
        order += [] if order and order[-1] == having else [having]
    assert order[:6] == ["cam-0", "new-0", "new-1", "cam-1", "new-2", "cam-2"]


def test_who_is_new_does_not_wait_for_all_in_front_of_whom_something_always_moves_nor_they_for_the_new() -> None:
    """Where there is time for two turns, and thirty cameras never stop."""
    fair, demands = FairRate(), moving(30, 30)
    had: dict[str, float] = dict.fromkeys(demands, 0.0)
    came: dict[str, float] = {}
    for second in range(200):
        if second >= 60 and second % 7 == 0:
            came[f"new-{second}"] = float(second)
        walkers = {name for name, began in came.items() if second - began < 5}
        there = demands | {name: Demand(5.0, 1.0, eager=True) for name in walkers}
        spend(fair, there, float(second), 0.2, 0.001)
        rates = fair.rates(float(second), there)
        for name in there:
            if rates[name] >= BURST_FPS:
                assert second - had.get(name, came.get(name, 0.0)) <= (
                    2 * BURST_S if name in came else 2 * 30 * BURST_S
                )
                had[name] = float(second)
    assert came.keys() <= had.keys()
    assert all(199 - last <= 2 * 30 * BURST_S for name, last in had.items() if name in demands)


def test_a_camera_whose_floor_is_enough_for_rules_waits_for_its_like_only() -> None:
    fair, demands = FairRate(), moving(6, 6)
    demands |= {f"gate-{n}": Demand(5.0, 2.0, eager=True) for n in range(2)}
    had = []
    for second in range(12):
        spend(fair, demands, float(second), 0.3, 0.001)
        rates = fair.rates(float(second), demands)
        had += [name for name, rate in rates.items() if rate >= BURST_FPS]
    assert had == ["gate-0", "gate-0", "gate-1", "gate-1"] * 3
    alone = {name: one for name, one in demands.items() if name != "gate-1"}
    assert all(fair.rates(12.0 + second, alone)["gate-0"] == 2.0 for second in range(12))


def test_a_turn_is_over_when_its_event_has_begun() -> None:
    fair, demands = FairRate(), moving(2, 2)
    spend(fair, demands, 0.0, 0.4, 0.001)
    rates = fair.rates(0.0, demands)
    first = max(rates, key=lambda name: rates[name])
    fair.told(first, 0.1)
    rates = fair.rates(0.1, demands)
    assert rates[first] == WAITING
    assert sorted(rates.values()) == [WAITING, BURST_FPS]


def test_decoders_take_their_part_of_the_processors_but_not_of_the_threads() -> None:
    takes = DecodeCost(throughout=0.06, picture=0.012)
    demands = {f"cam-{n}": Demand(5.0, 1.0, decoding=takes, sparse=1.1) for n in range(30)}
    for processors, rate in ((2, 1.1), (4, 5.0)):
        fair = FairRate(2, processors)
        spend(fair, demands, 0.0, 0.0, 0.002)
        assert list(fair.rates(0.0, demands).values()) == pytest.approx([rate] * 30, rel=1e-4)


def test_looks_at_what_does_not_move_come_later_where_there_is_too_much_to_do() -> None:
    assert patience(5.0, 5.0) == patience(2.0, 5.0) == patience(1.0, 1.0) == 1.0
    assert patience(0.5, 5.0) == 4.0
    assert patience(0.01, 5.0) == patience(0.0, 5.0) == MOST_PATIENCE


@settings(deadline=None)
@given(
    wants=st.lists(
        st.tuples(st.floats(0.1, 30), st.floats(0.01, 30), st.floats(1e-4, 0.5), st.booleans()), min_size=1, max_size=20
    ),
)
def test_with_moving_ones_too_there_is_no_more_than_there_is_unless_one_turn_and_the_least_floors_are_too_much(
    wants: list[tuple[float, float, float, bool]],
) -> None:
    fair = FairRate()
    demands = {str(n): Demand(fps, floor, eager=eager) for n, (fps, floor, _, eager) in enumerate(wants)}
    for n, (_, _, cost, eager) in enumerate(wants):
        fair.spent(str(n), 0.0, cost, eager)
    for t in (0.0, 1.0, 2.0, 3.0):
        rates = fair.rates(t, demands)
        assert all(0 < rates[name] <= one.fps for name, one in demands.items())
        used = sum(rates[str(n)] * wants[n][2] for n in range(len(wants)))
        quiet = [name for name, one in demands.items() if not one.eager]
        assert all(rates[name] >= LEAST_FLOOR * min(demands[name].floor, demands[name].fps) for name in quiet)
        served = [
            name for name, one in demands.items() if one.eager and rates[name] > WAITING * min(one.floor, one.fps)
        ]
        lowest = all(rates[name] <= LEAST_FLOOR * min(demands[name].floor, demands[name].fps) * 1.001 for name in quiet)
        assert used <= FULL + 0.001 or (len(served) <= 1 and lowest)
        assert not any(one.eager for one in demands.values()) or served


def test_who_takes_turns_gets_what_lies_between_and_that_stays_too_rare() -> None:
    """Turns of BURST_S among three: at no moment is what it gets as often as rules need."""
    rate = RateMean(0.0, 10.0)
    means = []
    for n in range(60):
        t = n * BURST_S
        rate.see(t, BURST_FPS if n % 3 == 0 else WAITING)
        means.append(rate.mean)
    assert all(too_rare(mean, 10.0) for mean in means[10:])
    assert sum(means[-3:]) / 3 == pytest.approx((BURST_FPS + 2 * WAITING) / 3, rel=0.1)


def test_a_short_dip_is_not_too_rare_and_what_rises_is_soon_often_enough() -> None:
    rate = RateMean(0.0, 5.0)
    rate.see(10.0, 0.05)
    rate.see(11.0, 5.0)
    assert not too_rare(rate.mean, 5.0)
    rate.see(20.0, 0.05)
    rate.see(60.0, 5.0)
    assert too_rare(rate.mean, 5.0)
    rate.see(65.0, 5.0)
    assert not too_rare(rate.mean, 5.0)
