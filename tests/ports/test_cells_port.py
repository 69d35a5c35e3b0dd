"""The contract of aggregator.core.space.Cells, over each implementation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.space import METRES_PER_DEGREE, Cells, Grid, centre, distance_m
from contract.events import Location

IMPLEMENTATIONS: tuple[Cells, ...] = (Grid(), Grid(300), H3Cells(), H3Cells(6))
LAT = st.floats(-80, 80)
LON = st.floats(-180, 180)
each = pytest.mark.parametrize("cells", IMPLEMENTATIONS, ids=["grid", "fine-grid", "h3", "coarse-h3"])
nearby = given(lat=LAT, lon=LON, north=st.floats(-900, 900), east=st.floats(-900, 900), reach=st.floats(0, 1000))


@each
@nearby
@settings(max_examples=150, deadline=None)
def test_whatever_is_within_reach_lies_in_a_named_cell(
    cells: Cells, lat: float, lon: float, north: float, east: float, reach: float
) -> None:
    here = Location(lat=lat, lon=lon)
    there = _moved(here, north, east)
    if distance_m(here, there) <= reach:
        assert cells.cell(there.lat, there.lon) in cells.around(lat, lon, reach)


@each
@nearby
@settings(max_examples=150, deadline=None)
def test_from_every_point_of_a_cell_the_same_cells_are_around(
    cells: Cells, lat: float, lon: float, north: float, east: float, reach: float
) -> None:
    there = _moved(Location(lat=lat, lon=lon), north / 6, east / 6)
    if cells.cell(lat, lon) == cells.cell(there.lat, there.lon):
        assert cells.around(lat, lon, reach) == cells.around(there.lat, there.lon, reach)


@pytest.mark.parametrize("odd", [(2.300882, -5.245390), (36.5379, -136.1984)], ids=["five-sided", "across-an-edge"])
@nearby
@settings(max_examples=150, deadline=None)
def test_nothing_is_left_out_where_cells_are_distorted_most(
    odd: tuple[float, float], lat: float, lon: float, north: float, east: float, reach: float
) -> None:
    """One of the twelve corners of h3's icosahedron, off Liberia, where cells have five sides; and where rings are
    thinnest across one of its edges."""
    cells = H3Cells()
    here = _moved(Location(lat=odd[0], lon=odd[1]), lat * 10, lon * 5)
    there = _moved(here, north, east)
    if distance_m(here, there) <= reach:
        assert cells.cell(there.lat, there.lon) in cells.around(here.lat, here.lon, reach)


@each
def test_a_search_stays_local(cells: Cells) -> None:
    named = cells.around(-6.2, 106.8, 900)
    assert len(named) == len(set(named)) <= 100
    assert cells.cell(-6.9, 107.6) not in named


def test_the_antimeridian_is_no_border() -> None:
    for cells in IMPLEMENTATIONS:
        assert cells.cell(0.0, -179.9995) in cells.around(0.0, 179.9995, 200)


@given(lat=LAT, lon=LON, north=st.floats(-900, 900), east=st.floats(-900, 900))
def test_the_centre_covers_its_points(lat: float, lon: float, north: float, east: float) -> None:
    a = Location(lat=lat, lon=lon, radius_m=10)
    b = _moved(a, north, east)
    middle = centre([(a, 0.9), (b, 0.3)])
    assert middle is not None
    for point in (a, b):
        assert distance_m(middle, point) + point.radius_m <= middle.radius_m + 0.1
    assert distance_m(middle, a) <= distance_m(middle, b) + 0.1


def test_distance_matches_a_known_one() -> None:
    """Monas to Bundaran HI, Jakarta: 2.30 km by the coordinates."""
    assert distance_m(Location(lat=-6.17540, lon=106.82720), Location(lat=-6.19500, lon=106.82310)) == pytest.approx(
        2226, abs=5
    )


def _moved(start: Location, north_m: float, east_m: float) -> Location:
    from math import cos, radians

    lat = start.lat + north_m / METRES_PER_DEGREE
    lon = start.lon + east_m / METRES_PER_DEGREE / cos(radians(lat))
    return Location(lat=lat, lon=(lon + 180) % 360 - 180, radius_m=10)
