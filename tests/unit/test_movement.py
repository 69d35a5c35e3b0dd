"""The way that an incident took."""

from aggregator.core.linking import Trail
from aggregator.core.movement import MOST, path
from contract.events import Location
from contract.kinds import Kind

STEP = 0.001
"""Degrees of latitude: 111 m."""


def trail(camera: str, north: float | None, first: float) -> Trail:
    place = None if north is None else Location(lat=-6.2 + north * STEP, lon=106.8, radius_m=20)
    return Trail("senen", camera, Kind.BRAWL, place, first, first + 5)


def test_it_is_in_the_order_of_time_whatever_the_order_of_trails() -> None:
    found = path([trail("c", 2, 300.0), trail("a", 0, 100.0), trail("b", 1, 200.0)])
    assert [(round((at.lat + 6.2) / STEP), at.time) for at in found] == [(0, 100.0), (1, 200.0), (2, 300.0)]


def test_who_stays_or_is_nowhere_has_no_way() -> None:
    assert path([]) == ()
    assert path([trail("a", 0, 1.0), trail("b", 0.2, 2.0), trail("x", None, 3.0)]) == ()


def test_it_may_come_back() -> None:
    found = path([trail("a", 0, 1.0), trail("b", 1, 2.0), trail("c", 0, 3.0)])
    assert len(found) == 3


def test_a_long_one_keeps_where_it_began_and_the_latest() -> None:
    found = path([trail(f"c{n}", n, float(n)) for n in range(100)])
    assert len(found) == MOST
    assert (found[0].time, found[1].time, found[-1].time) == (0.0, 77.0, 99.0)
