"""Where the made-up city's cameras stand: districts of Jakarta, each a site with its agents."""

from dataclasses import dataclass
from math import cos, hypot, radians
from random import Random

from contract.events import Location

DISTRICTS: tuple[tuple[str, float, float], ...] = (
    ("kota-tua", -6.1352, 106.8133),
    ("tanah-abang", -6.1862, 106.8106),
    ("blok-m", -6.2444, 106.8006),
    ("senen", -6.1745, 106.8456),
    ("monas", -6.1754, 106.8272),
    ("manggarai", -6.2099, 106.8502),
    ("jatinegara", -6.2153, 106.8703),
    ("kemayoran", -6.1575, 106.8456),
    ("grogol", -6.1667, 106.7889),
    ("tebet", -6.2263, 106.8558),
    ("pasar-minggu", -6.2842, 106.8444),
    ("priok", -6.1093, 106.8803),
)
"""Site name and its middle: latitude, longitude."""

CAMERAS_PER_SITE = 20
CAMERAS_PER_AGENT = 4
SPACING_M = 70.0
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True)
class Camera:
    id: str
    site: str
    agent: str
    name: str
    location: Location


def moved(place: Location, east_m: float, north_m: float, radius_m: float | None = None) -> Location:
    """`place` shifted on the local tangent plane, rounded to about a decimetre."""
    return Location(
        lat=round(place.lat + north_m / METRES_PER_DEGREE, 6),
        lon=round(place.lon + east_m / METRES_PER_DEGREE / cos(radians(place.lat)), 6),
        radius_m=place.radius_m if radius_m is None else radius_m,
    )


def metres(a: Location, b: Location) -> float:
    """Distance on the local tangent plane; within 0.1% of the great circle over a city."""
    north = (a.lat - b.lat) * METRES_PER_DEGREE
    return hypot(north, (a.lon - b.lon) * METRES_PER_DEGREE * cos(radians(a.lat)))


def place_cameras(count: int, random: Random) -> tuple[Camera, ...]:
    """`count` cameras along the streets of as many sites as they need, some 70 m apart."""
    sites = -(-count // CAMERAS_PER_SITE)
    cameras: list[Camera] = []
    for site_number in range(sites):
        name, lat, lon = DISTRICTS[site_number % len(DISTRICTS)]
        ring = site_number // len(DISTRICTS)
        site = name if ring == 0 else f"{name}-{ring + 1}"
        middle = moved(Location(lat=lat, lon=lon), ring * 1_500 * random.choice((-1, 1)), ring * 1_200.0)
        here = count // sites + (site_number < count % sites)
        cameras += [_camera(site, middle, number, random) for number in range(here)]
    return tuple(cameras)


def _camera(site: str, middle: Location, number: int, random: Random) -> Camera:
    """Cameras of a site stand on a grid of streets, five abreast, a little off its corners."""
    east = (number % 5 - 2) * SPACING_M + random.uniform(-15, 15)
    north = (number // 5 - 2) * SPACING_M + random.uniform(-15, 15)
    return Camera(
        id=f"{site}-{number + 1:02d}",
        site=site,
        agent=f"{site}-agent-{number // CAMERAS_PER_AGENT + 1}",
        name=f"{site.replace('-', ' ').title()} {number + 1}",
        location=moved(middle, east, north, 30.0),
    )


def geojson(cameras: tuple[Camera, ...]) -> dict[str, object]:
    """A FeatureCollection (RFC 7946) of points, longitude first."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [camera.location.lon, camera.location.lat]},
                "properties": {
                    "id": camera.id,
                    "site": camera.site,
                    "agent": camera.agent,
                    "name": camera.name,
                    "radius_m": camera.location.radius_m,
                },
            }
            for camera in cameras
        ],
    }
