"""Cameras of which no more is known than their site: what ties then is what begins soon, and an address is no place."""

from datetime import UTC, datetime
from random import Random

import pytest
from msgspec.structs import replace

from aggregator.core.liveness import POLE, Camera, Fleet, placed
from aggregator.core.space import ADDRESS_M
from aggregator.core.witness import place_of, ties_at
from aggregator.offline import correlate
from contract.events import Event, Location
from tests.timeline import Timeline, make_event, place

HERE = place(0, 0, 30.0)


def cameras(count: int, at: Location | None = HERE, site: str = "site-1") -> list[Camera]:
    return [Camera(site=site, id=f"c{n}", location=at) for n in range(count)]


@pytest.mark.parametrize(
    ("kind", "later", "one"), [("crowd", 20, True), ("crowd", 600, False), ("smoke_fire", 90, True)]
)
def test_without_places_what_begins_soon_is_one_and_what_begins_much_later_another(
    kind: str, later: float, one: bool
) -> None:
    """The first goes on all the while: who has it in view would have said so."""
    city = Timeline(gate=None, market=None)
    for t in range(0, 601, 20):
        if t == later:
            city.at(t).sees("market", kind)
        city.at(t).sees("gate", kind, "update" if t else "begin", started=0)
    assert len(city.standing()) == (1 if one else 2)


def test_without_places_an_incident_that_many_tell_of_takes_in_what_begins_with_the_latest() -> None:
    city = Timeline(a=None, b=None, c=None)
    for t, camera in ((0, "a"), (40, "b"), (80, "c")):
        city.at(t).sees(camera, "brawl")
    assert len(city.standing()) == 1


@pytest.mark.parametrize(("count", "address"), [(8, False), (9, True)])
def test_what_more_cameras_than_a_pole_carries_name_alike_is_an_address(count: int, address: bool) -> None:
    others = [Camera(site="site-1", id="else", location=place(50, 0, 30.0)), *cameras(5, site="site-2")]
    found = placed([*cameras(count), *others])
    assert {found["site-1", f"c{n}"].radius_m for n in range(count)} == {ADDRESS_M if address else 30.0}
    assert {found[one.key].radius_m for one in others} == {30.0}


def test_the_fleet_notices_when_it_becomes_one_and_when_it_no_longer_is() -> None:
    fleet = Fleet()
    for one in cameras(9):
        fleet.restore(one)
    assert fleet.locate("site-1", "c0") == Location(lat=HERE.lat, lon=HERE.lon, radius_m=ADDRESS_M)
    fleet.restore(Camera(site="site-1", id="c8", location=place(90, 0, 30.0)))
    assert fleet.locate("site-1", "c0") == HERE
    assert fleet.locate("site-1", "nobody") is None


def test_a_fleet_that_changes_camera_by_camera_is_as_one_that_was_always_so() -> None:
    chance, fleet, now = Random(7), Fleet(), dict[tuple[str, str], Camera]()
    for _ in range(2_000):
        at = chance.choice([None, HERE, place(0, 0, 150.0), place(50, 0, 30.0)])
        one = Camera(site=f"s{chance.randrange(2)}", id=f"c{chance.randrange(14)}", location=at)
        fleet.restore(one)
        now[one.key] = one
        if chance.random() < 0.3:
            assert {key: fleet.locate(*key) for key in now} == {key: by_hand(key, now) for key in now}


def by_hand(key: tuple[str, str], cameras: dict[tuple[str, str], Camera]) -> Location | None:
    at = cameras[key].location
    if at is None:
        return None
    there = [one for one in cameras.values() if one.site == key[0] and one.location is not None]
    alike = sum((one.location.lat, one.location.lon) == (at.lat, at.lon) for one in there if one.location is not None)
    return at if alike <= POLE else replace(at, radius_m=max(at.radius_m, ADDRESS_M))


@pytest.mark.parametrize(
    ("told", "shown_m", "ties"),
    [
        (None, ADDRESS_M, False),
        (HERE, ADDRESS_M, False),
        (place(40, 0, 10.0), 10.0, True),
        (place(40, 0, 2e3), 2e3, False),
    ],
    ids=["nothing", "its own place", "where it sees it", "a district"],
)
def test_a_camera_with_an_address_says_where_only_where_it_sees_something(
    told: Location | None, shown_m: float, ties: bool
) -> None:
    known = placed(cameras(9))
    event = make_event(0, "c0", "brawl", location=told)
    found = place_of(event, lambda site, camera: known.get((site, camera)))
    assert found is not None
    assert found.radius_m == shown_m
    assert (ties_at(found) is found) is ties


def test_two_crowds_of_a_site_with_one_address_are_two_and_both_are_on_the_map() -> None:
    def crowd(first: int, *watchers: int) -> list[Event]:
        return [
            make_event(t, f"c{n}", "crowd", "update" if t > first else "begin", started=first, episode=f"{n}")
            for n in watchers
            for t in range(first, first + 1200, 20)
        ]

    events = sorted([*crowd(0, 0, 1, 2), *crowd(700, 3, 4)], key=lambda event: event.time)
    found = correlate(events, cameras(9))
    assert [{source.camera for source in one.incident.sources} for one in found] == [{"c0", "c1", "c2"}, {"c3", "c4"}]
    assert [one.incident.location and one.incident.location.radius_m for one in found] == [ADDRESS_M, ADDRESS_M]
    assert datetime.fromtimestamp(found[1].incident.started, UTC) == events[0].time.replace(minute=11, second=40)


@pytest.mark.parametrize(("at_m", "t", "merged"), [(45, 130, True), (80, 101, False)])
def test_two_are_one_where_a_third_lies_between_them_and_not_where_it_is_by_one(
    at_m: float, t: float, merged: bool
) -> None:
    city = Timeline(west=(0, 0), east=(90, 0), third=(at_m, 0))
    city.at(0).sees("west", "crowd", confidence=0.8)
    city.at(100).sees("east", "crowd", confidence=0.8)
    assert len(city.standing()) == 2
    city.at(t).sees("third", "crowd", confidence=0.8)
    assert (len(city.standing()) == 1) == merged


@pytest.mark.parametrize(
    ("kind", "moved_m", "one"), [("smoke_fire", 20, True), ("smoke_fire", 120, False), ("crowd", 120, False)]
)
def test_one_camera_that_sees_it_somewhere_else_sees_something_else(kind: str, moved_m: float, one: bool) -> None:
    city = Timeline(gate=(0, 0))
    city.take(make_event(0, "gate", kind, location=place(0, 0, 10)))
    city.take(make_event(60, "gate", kind, "end", started=0, location=place(0, 0, 10)))
    city.at(80)
    city.take(make_event(80, "gate", kind, episode="again", location=place(moved_m, 0, 10)))
    assert (len(city.standing()) == 1) == one


def test_who_drives_the_wrong_way_is_one_from_camera_to_camera() -> None:
    """At 10 m/s and 130 m from one to the next, each has it in view for eight seconds."""
    city = Timeline(None, **{f"road-{n}": (130.0 * n, 0.0) for n in range(4)})
    for n in range(4):
        city.at(13 * n).sees(f"road-{n}", "wrong_way", confidence=0.6)
        city.at(13 * n + 8).sees(f"road-{n}", "wrong_way", "end", started=13 * n, confidence=0.6)
    assert len(city.standing()) == 1


@pytest.mark.parametrize(("away", "one"), [(10.0, True), (120.0, False)])
def test_onlookers_of_a_crash_are_of_it_where_they_are(away: float, one: bool) -> None:
    city = Timeline(gate=(0, 0), beside=(5, 0), market=(away, 0))
    city.at(0).sees("gate", "stopped_vehicle", confidence=0.7)
    city.at(5).sees("beside", "stopped_vehicle", confidence=0.7)
    city.at(60).sees("market", "crowd", confidence=0.7)
    assert (len(city.standing()) == 1) is one
