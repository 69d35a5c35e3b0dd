"""Fair shares of the analysing thread's time: floors hold, nothing swings, and there is no more than there is."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.fair_rate import FILL, FULL, LEAST_FLOOR, RAISE_S, FairRate, Wanted, too_rare


def run(fair: FairRate, wanted: Mapping[str, Wanted], cost: Mapping[str, float], begin: float, s: float) -> list[float]:
    """`s` seconds of cameras that are analysed as often as they may; the share of the thread's time of each second."""
    rates = fair.rates(begin, wanted)
    busy = []
    for second in range(round(s)):
        t = begin + second
        rates = fair.rates(t, wanted)
        used = 0.0
        for name, rate in rates.items():
            for n in range(round(rate)):
                fair.spent(name, t + n / max(rate, 1), cost[name])
            used += rate * cost[name]
        busy.append(used)
    return busy


def cameras(count: int, fps: float = 5.0, floor: float = 1.0) -> dict[str, Wanted]:
    return {f"cam-{n}": Wanted(fps, floor) for n in range(count)}


def test_who_has_room_gets_what_it_wants() -> None:
    fair, wanted = FairRate(), cameras(4)
    run(fair, wanted, dict.fromkeys(wanted, 0.04), 0.0, 10)
    assert fair.rates(20.0, wanted) == dict.fromkeys(wanted, 5.0)


def test_all_get_the_same_share_and_the_time_is_filled_but_not_overfilled() -> None:
    fair, wanted = FairRate(), {**cameras(10), "fast": Wanted(15.0, 1.0)}
    busy = run(fair, wanted, dict.fromkeys(wanted, 0.04), 0.0, 30)
    rates = fair.rates(31.0, wanted)
    assert busy[-1] == pytest.approx(FILL, abs=0.06)
    assert rates["fast"] / 15 == pytest.approx(rates["cam-0"] / 5)
    assert rates["cam-0"] == pytest.approx(FILL / 0.04 / 65 * 5, rel=0.02)


def test_nobody_falls_below_the_floor_and_the_rest_pay_for_it() -> None:
    fair, wanted = FairRate(), {**cameras(8), "gate": Wanted(5.0, 4.0)}
    run(fair, wanted, dict.fromkeys(wanted, 0.05), 0.0, 20)
    rates = fair.rates(21.0, wanted)
    assert rates["gate"] == 4.0
    assert 1.0 <= rates["cam-0"] < 5.0 * FILL / (9 * 5 * 0.05)


def test_where_the_floors_are_too_much_all_get_the_same_share_of_them_and_a_fifth_at_least() -> None:
    fair, many = FairRate(), {**cameras(30), "gate": Wanted(5.0, 2.0)}
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
    fair, wanted = FairRate(2), cameras(10)
    run(fair, wanted, dict.fromkeys(wanted, 0.04), 0.0, 10)
    assert fair.rates(11.0, wanted)["cam-0"] == pytest.approx(2 * FILL / 0.04 / 10)


def test_rates_rise_again_after_a_while_and_do_not_swing() -> None:
    fair, wanted = FairRate(), cameras(10)
    run(fair, wanted, dict.fromkeys(wanted, 0.04), 0.0, 20)
    low = fair.rates(20.0, wanted)["cam-0"]
    steady = [fair.rates(21.0 + n, wanted)["cam-0"] for n in range(3)]
    assert steady == [low] * 3
    run(fair, wanted, dict.fromkeys(wanted, 0.004), 25.0, 40 + RAISE_S)
    assert fair.rates(80.0, wanted)["cam-0"] == 5.0


def test_pictures_that_do_not_come_cost_nothing() -> None:
    fair, wanted = FairRate(), {f"cam-{n}": Wanted(5.0, 1.0, comes=1.0) for n in range(20)}
    run(fair, wanted, dict.fromkeys(wanted, 0.03), 0.0, 10)
    assert set(fair.rates(11.0, wanted).values()) == {5.0}


@settings(deadline=None)
@given(
    wants=st.lists(st.tuples(st.floats(0.1, 30), st.floats(0.01, 30), st.floats(1e-4, 0.5)), min_size=1, max_size=20),
)
def test_rates_are_within_bounds_and_the_demand_is_met_or_every_floor_reached(
    wants: list[tuple[float, float, float]],
) -> None:
    fair = FairRate()
    wanted = {str(n): Wanted(fps, floor) for n, (fps, floor, _) in enumerate(wants)}
    for n, (_, _, cost) in enumerate(wants):
        fair.spent(str(n), 0.0, cost)
    rates = fair.rates(0.0, wanted)
    for name, one in wanted.items():
        assert LEAST_FLOOR * min(one.floor, one.fps) <= rates[name] <= one.fps
    used = sum(rates[str(n)] * cost for n, (_, _, cost) in enumerate(wants))
    floors = sum(min(one.floor, one.fps) * wants[int(name)][2] for name, one in wanted.items())
    if floors <= FULL:
        assert all(rates[name] >= min(one.floor, one.fps) for name, one in wanted.items())
    assert used <= max(0.951, LEAST_FLOOR * floors * 1.001 + 0.001)


def test_what_is_too_rare_for_rules_is_known() -> None:
    assert too_rare(1.9, 5.0)
    assert not too_rare(2.0, 5.0)
    assert not too_rare(1.0, 1.0)
