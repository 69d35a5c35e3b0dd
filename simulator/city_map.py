"""Where the made-up city's cameras stand: districts side by side, each a site with its streets, agents and cameras.

Positions are metres (east, north) from the city's middle; `to_location` makes degrees of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import atan2, cos, floor, hypot, pi, radians, sin
from random import Random

from contract.events import Location

Point = tuple[float, float]

NAMES = (
    *("monas", "tanah-abang", "senen", "kota-tua", "kemayoran", "manggarai", "jatinegara", "blok-m", "grogol", "tebet"),
    *("pasar-minggu", "priok", "cikini", "menteng", "glodok", "palmerah", "kuningan", "rawamangun", "cawang", "koja"),
)
MIDDLE = (-6.1754, 106.8272)
"""Latitude and longitude of the city's middle."""
METRES_PER_DEGREE = 111_195.0
PITCH_M = 880.0
"""From one district's middle to the next: they touch, so that what moves leaves one site and enters another."""
STREETS = 7
CAMERAS_PER_AGENT = 4

CHARACTERS: tuple[tuple[str, float, int], ...] = (
    ("market", 2, 38),
    ("arterial", 3, 28),
    ("residential", 3, 14),
    ("station", 1, 34),
)
"""What a district is like, how often there is one, and how many cameras it has."""


@dataclass(frozen=True, slots=True)
class Camera:
    """location: what the city's register says, with the radius it looks over. spot: where it is. heading: radians from
    east, None for all round. keen: how likely it notices what it sees. placing: whether it can tell where on the ground
    something is. false_per_h: its usual false alarms; vice: the index of the kind it keeps getting wrong."""

    id: str
    site: str
    agent: str
    name: str
    location: Location
    spot: Point
    heading: float | None
    reach_m: float
    keen: float
    placing: bool
    false_per_h: float
    vice: int


@dataclass(frozen=True, slots=True)
class District:
    """turn: radians its streets are turned by. gap_m: from street to street."""

    site: str
    character: str
    middle: Point
    turn: float
    gap_m: float

    def corner(self, column: float, row: float) -> Point:
        """A place on the grid of streets; whole numbers 0..STREETS - 1 are crossings."""
        half = (STREETS - 1) / 2
        return self.place((column - half) * self.gap_m, (row - half) * self.gap_m)

    def place(self, along: float, across: float) -> Point:
        c, s = cos(self.turn), sin(self.turn)
        return self.middle[0] + along * c - across * s, self.middle[1] + along * s + across * c


def to_location(spot: Point, radius_m: float) -> Location:
    """To about a decimetre."""
    lat = MIDDLE[0] + spot[1] / METRES_PER_DEGREE
    lon = MIDDLE[1] + spot[0] / METRES_PER_DEGREE / cos(radians(MIDDLE[0]))
    return Location(lat=round(lat, 6), lon=round(lon, 6), radius_m=round(radius_m, 1))


class City:
    """The districts and cameras; `near` finds cameras by place."""

    def __init__(self, count: int, random: Random) -> None:
        self.districts: list[District] = []
        self.cameras: list[Camera] = []
        self._cells: dict[tuple[int, int], list[Camera]] = {}
        self._blocks: dict[tuple[int, int], District] = {}
        taken: set[Point] = set()
        spiral = _spiral()
        while len(self.cameras) < count:
            block = next(spiral)
            district, most = self._district(block, random)
            self.districts.append(district)
            self._blocks[block] = district
            spots = _spots(district, min(most, count - len(self.cameras)), taken, random)
            for number, (spot, heading) in enumerate(spots, 1):
                self._add(district, number, spot, heading, random)

    def near(self, spot: Point, reach_m: float) -> list[Camera]:
        """Those within reach_m, in order of their ids."""
        low, high = _cell((spot[0] - reach_m, spot[1] - reach_m)), _cell((spot[0] + reach_m, spot[1] + reach_m))
        found = [
            camera
            for column in range(low[0], high[0] + 1)
            for row in range(low[1], high[1] + 1)
            for camera in self._cells.get((column, row), ())
            if hypot(camera.spot[0] - spot[0], camera.spot[1] - spot[1]) <= reach_m
        ]
        return sorted(found, key=lambda camera: camera.id)

    def nearest(self, spot: Point) -> District:
        """The district whose middle is nearest."""
        column, row = floor(spot[0] / PITCH_M), floor(spot[1] / PITCH_M)
        around = [
            district
            for x in range(column - 1, column + 3)
            for y in range(row - 1, row + 3)
            if (district := self._blocks.get((x, y))) is not None
        ]
        return min(around or self.districts, key=lambda one: hypot(one.middle[0] - spot[0], one.middle[1] - spot[1]))

    def _district(self, block: tuple[int, int], random: Random) -> tuple[District, int]:
        number = len(self.districts)
        name, round_ = NAMES[number % len(NAMES)], number // len(NAMES)
        character, _, usual = random.choices(CHARACTERS, [weight for _, weight, _ in CHARACTERS])[0]
        middle = (block[0] * PITCH_M + random.uniform(-40, 40), block[1] * PITCH_M + random.uniform(-40, 40))
        turn = random.gauss(0, 0.15)
        district = District(
            f"{name}-{round_ + 1}" if round_ else name, character, middle, turn, random.uniform(105, 135)
        )
        return district, round(usual * random.uniform(0.7, 1.3))

    def _add(self, district: District, number: int, spot: Point, heading: float | None, random: Random) -> None:
        """number: counts the district's cameras from 1."""
        reach = random.uniform(80, 130) if random.random() < 0.06 else random.uniform(28, 55)
        bad = random.random() < 0.03
        camera = Camera(
            id=f"{district.site}-{number:02d}",
            site=district.site,
            agent=f"{district.site}-agent-{(number - 1) // CAMERAS_PER_AGENT + 1}",
            name=f"{district.site.replace('-', ' ').title()} {number}",
            location=to_location(spot, reach),
            spot=spot,
            heading=heading,
            reach_m=reach,
            keen=random.uniform(0.6, 0.97),
            placing=random.random() < 0.55,
            false_per_h=random.uniform(2, 9) if bad else 0.05 * random.lognormvariate(0, 1.0),
            vice=random.randrange(1_000_000),
        )
        self.cameras.append(camera)
        self._cells.setdefault(_cell(spot), []).append(camera)


CELL_M = 250.0


def _cell(spot: Point) -> tuple[int, int]:
    return floor(spot[0] / CELL_M), floor(spot[1] / CELL_M)


def _spiral() -> Iterator[tuple[int, int]]:
    """Blocks of a square lattice, ring after ring around the middle."""
    yield 0, 0
    ring = 1
    while True:
        for step in range(2 * ring):
            yield ring, step - ring + 1
            yield -ring, ring - step - 1
            yield ring - step - 1, ring
            yield step - ring + 1, -ring
        ring += 1


def _spots(district: District, count: int, taken: set[Point], random: Random) -> list[tuple[Point, float | None]]:
    """Where cameras of a district stand and look: clustered at crossings, in a row along a road, or thinly spread."""
    spots: list[tuple[Point, float | None]] = []
    busy = [(random.randrange(STREETS), random.randrange(STREETS)) for _ in range(max(2, count // 5))]
    while len(spots) < count:
        number = len(spots)
        look: float | None
        if district.character == "arterial" and random.random() < 0.75:
            middle = district.corner((number * 0.62) % (STREETS - 1), STREETS // 2)
            look = district.turn + (pi if number % 2 else 0.0)
        elif district.character in ("residential", "arterial"):
            middle = district.corner(random.randrange(STREETS), random.randrange(STREETS))
            look = district.turn + random.randrange(4) * pi / 2
        else:
            share = 0 if district.character == "station" and number % 2 else number
            middle = district.corner(*busy[share % len(busy)])
            look = None
        spot = (middle[0] + random.uniform(-22, 22), middle[1] + random.uniform(-22, 22))
        if spot in taken:
            continue
        taken.add(spot)
        heading = atan2(middle[1] - spot[1], middle[0] - spot[0]) if look is None else look
        spots.append((spot, None if random.random() < 0.25 else heading))
    return spots


def geojson(cameras: Iterable[Camera]) -> dict[str, object]:
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
