"""What a camera tells over and over: a burst, or what goes on before it and is lost from sight."""

import pytest

from aggregator.core.rates import Rates
from contract.kinds import Kind
from tests.timeline import Timeline


def over_and_over(kind: str, lasts: float, pause: float = 30.0, until: float = 1200.0) -> Timeline:
    """Market sees it all the time, and gate beside it sees it, loses it and sees it again. Both are half sure."""
    city = Timeline(gate=(0, 0), market=(30, 0))
    told = [(float(t), "market", "whole", 0.0, "update" if t else "begin") for t in range(0, int(until), 30)]
    begun = 5.0
    while begun + lasts < until:
        for after, phase in ((0.0, "begin"), (lasts / 2, "update"), (lasts, "end")):
            told.append((begun + after, "gate", f"e{begun}", begun, phase))
        begun += lasts + pause
    for t, camera, episode, started, phase in sorted(told):
        city.at(t).sees(camera, kind, phase, episode=episode, started=started, confidence=0.5)  # type: ignore[arg-type]
    return city


@pytest.mark.parametrize("kind", ["crowd", "congestion", "scene_change"])
def test_who_loses_from_sight_what_goes_on_tells_of_the_same_one(kind: str) -> None:
    assert over_and_over(kind, lasts=100).groups() == [{"gate", "market"}]


@pytest.mark.parametrize(("kind", "lasts"), [("crowd", 30), ("smoke_fire", 100)])
def test_what_is_brief_is_a_burst_and_so_is_a_lamp_that_is_taken_for_a_fire(kind: str, lasts: float) -> None:
    assert len(over_and_over(kind, lasts).groups()) > 1


def test_what_lasted_is_taken_off_as_it_has_faded() -> None:
    rates, never = Rates(), Rates()
    for at in (0, 100, 200, 300, 400, 500):
        rates.note("s", "gate", Kind.CROWD, at, confirmed=True)
        if at != 200:
            never.note("s", "gate", Kind.CROWD, at, confirmed=True)
    assert rates.lasts("s", "gate", Kind.CROWD, 200) == ("s", "gate", "people", False)
    assert rates.per_s("s", "gate", Kind.CROWD, 600) == pytest.approx(never.per_s("s", "gate", Kind.CROWD, 600))


def test_what_nobody_counted_leaves_nothing_to_take_off() -> None:
    rates = Rates()
    key = rates.lasts("s", "gate", Kind.CROWD, 100)
    assert (rates.counted(key).fast, rates.counted(key).slow) == (0.0, 0.0)
