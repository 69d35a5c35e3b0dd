"""What the page is told beside incidents: where they went, where cameras look, and which sites a district has."""

import msgspec

from aggregator.core.incident import Source
from aggregator.core.linking import Trail
from aggregator.core.liveness import Camera, View
from aggregator.core.response import ResponseTargets
from aggregator.views import camera_view, districts_view, incident_view, response_view
from contract.events import Location
from contract.kinds import Kind
from tests.incidents import incident


def trail(camera: str, lat: float, first: float) -> Trail:
    return Trail("senen", camera, Kind.BRAWL, Location(lat=lat, lon=106.8, radius_m=20), first, first + 5)


def test_an_incident_says_where_it_went() -> None:
    one = incident(Kind.BRAWL, "critical", (Source("senen", "a", 0.9),))
    moved = msgspec.json.decode(incident_view(one, [trail("b", -6.19, 60.0), trail("a", -6.2, 0.0)]))
    assert moved["path"] == [
        {"lat": -6.2, "lon": 106.8, "time": "1970-01-01T00:00:00.000Z"},
        {"lat": -6.19, "lon": 106.8, "time": "1970-01-01T00:01:00.000Z"},
    ]
    assert msgspec.json.decode(incident_view(one))["path"] == []


def test_a_camera_says_where_it_is_and_where_it_looks_as_far_as_that_is_known() -> None:
    placed = Camera(site="senen", id="a", location=Location(lat=-6.2, lon=106.8, radius_m=25), view=View(90, 70, 50))
    shown = msgspec.json.decode(camera_view(placed))
    assert (shown["lat"], shown["lon"], shown["radius_m"]) == (-6.2, 106.8, 25)
    assert shown["view"] == {"heading_deg": 90, "fov_deg": 70, "range_m": 50}
    unknown = msgspec.json.decode(camera_view(Camera(site="senen", id="b")))
    assert (unknown["lat"], unknown["radius_m"], unknown["view"]) == (None, None, None)


def test_who_sees_a_part_of_the_city_is_told_of_no_other_districts() -> None:
    districts = {"utara": frozenset({"kota", "ancol"}), "tengah": frozenset({"senen"})}
    assert msgspec.json.decode(districts_view(districts, None)) == {"tengah": ["senen"], "utara": ["ancol", "kota"]}
    assert msgspec.json.decode(districts_view(districts, frozenset({"senen", "kota"}))) == {"tengah": ["senen"]}


def test_targets_are_seconds_by_severity() -> None:
    shown = msgspec.json.decode(response_view(ResponseTargets()))
    assert shown["acknowledge_s"] == {"critical": 60, "major": 180, "minor": 900, "info": 3600}
    assert shown["resolve_s"] == {"critical": 1800, "major": 3600, "minor": 7200, "info": 14_400}
