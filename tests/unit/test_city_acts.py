"""What happens in the made-up city is what its scripts are called: it moves, grows, follows and repeats as said."""

from collections.abc import Iterator
from itertools import pairwise
from math import atan2, hypot, pi
from random import Random
from statistics import median

import pytest

from contract.kinds import KINDS, Kind
from simulator.city_acts import SCRIPTS, Act, Incident
from simulator.city_map import City
from simulator.city_profiles import PROFILES, Profile
from simulator.city_script import TWINS_APART_M, Day
from simulator.city_sight import see, tell

SEEDS = range(20)
PLACE = City(90, Random(1))
DISTRICT = PLACE.districts[0]


def played(script: str) -> Iterator[Incident]:
    return (SCRIPTS[script](DISTRICT, DISTRICT.middle, 100.0, Random(seed)) for seed in SEEDS)


def moved(act: Act) -> float:
    return sum(hypot(b[0] - a[0], b[1] - a[1]) for (_, a), (_, b) in pairwise(act.path))


def radii(act: Act) -> list[float]:
    return [radius for _, radius in act.spread]


def looks(act: Act) -> set[Kind]:
    return {kind for kind, _ in act.looks}


def test_every_script_is_played_on_some_day_and_a_quiet_night_is_quieter_than_new_years_eve() -> None:
    assert set().union(*(day.scripts for day in PROFILES.values())) == set(SCRIPTS)
    assert PROFILES["quiet-night"].per_camera_h * 3 < PROFILES["new-year"].per_camera_h


def test_a_brawl_moves_along_a_street_and_a_jam_travels() -> None:
    for brawl in played("brawl"):
        fight = next(act for act in brawl.acts if Kind.BRAWL in looks(act))
        assert moved(fight) >= 40
    for jam in played("jam"):
        (queue,) = jam.acts
        assert hypot(queue.path[1][1][0] - queue.path[0][1][0], queue.path[1][1][1] - queue.path[0][1][1]) >= 199


def test_a_crowd_grows_and_disperses_and_water_spreads() -> None:
    for crowd in played("crowd"):
        first, *held, last = radii(crowd.acts[0])
        assert max(first, last) < min(held)
    for flood in played("water"):
        assert radii(flood.acts[0]) == sorted(radii(flood.acts[0]))
        assert radii(flood.acts[0])[-1] >= 60


def test_a_camera_is_sabotaged_and_then_somebody_comes_in_near_by() -> None:
    for one in played("sabotage"):
        fault, entry = one.acts
        assert fault.own
        assert {KINDS[kind].family for kind in looks(fault)} == {"camera"}
        assert Kind.INTRUSION in looks(entry)
        assert 20 <= entry.started - fault.started <= 150
        assert hypot(*(a - b for a, b in zip(entry.path[0][1], fault.path[0][1], strict=True))) <= 25


def test_a_theft_is_loitering_then_running_then_a_stopped_vehicle() -> None:
    for theft in played("theft"):
        waits, runs, vehicle = theft.acts
        assert [Kind.LOITERING in looks(waits), Kind.CROWD_RUSH in looks(runs)] == [True, True]
        assert looks(vehicle) == {Kind.STOPPED_VEHICLE}
        assert waits.ended <= runs.started < vehicle.ended
        assert vehicle.ended > runs.ended


def test_a_fire_is_seen_from_several_sides_and_distances() -> None:
    sides, ratios = [], []
    for number, fire in enumerate(played("fire")):
        x, y = fire.acts[0].path[0][1]
        seen = {one.camera for one in see(number, fire.acts[0], PLACE, Random(number)) if one.camera}
        ways = sorted(atan2(one.spot[1] - y, one.spot[0] - x) for one in seen)
        gaps = [b - a for a, b in pairwise([*ways, ways[0] + 2 * pi])]
        far = sorted(hypot(one.spot[0] - x, one.spot[1] - y) for one in seen)
        sides.append(2 * pi - max(gaps))
        ratios.append(far[-1] / far[0])
    assert median(sides) > pi / 2
    assert median(ratios) > 2


def test_two_brawls_at_one_time_are_one_street_apart() -> None:
    day = Day(PLACE, Profile(hour=0, per_camera_h=0.3, scripts={"twins": 1}), Random(1))
    day.play(14_400)
    pairs = [
        (a, b, hypot(a.spot[0] - b.spot[0], a.spot[1] - b.spot[1]))
        for a, b in pairwise(day.happenings)
        if a.kind == b.kind == Kind.BRAWL and 0 <= b.started - a.started <= 120
    ]
    assert sum(TWINS_APART_M < distance < 450 for _, _, distance in pairs) >= 5


def test_people_tell_late_off_the_place_and_some_twice() -> None:
    fires = [(number, fire.acts[0]) for number, fire in enumerate(played("fire"))]
    told = [(act, one.moments[0]) for number, act in fires for one in tell(number, act, PLACE, 3.0, Random(number))]
    errors = [
        hypot(said.spot[0] - act.path[0][1][0], said.spot[1] - act.path[0][1][1]) for act, said in told if said.spot
    ]
    assert 10 < median(errors) < 100 < max(errors)
    assert min(said.t - act.started for act, said in told) >= 15
    places = [said.spot for _, said in told]
    assert 0.05 < 1 - len(set(places)) / len(places) < 0.4


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_happens_has_a_beginning_and_an_end(script: str) -> None:
    for one in played(script):
        assert all(act.started < act.ended for act in one.acts)
        assert min(act.started for act in one.acts) >= 20
