"""The course of a day: which incidents happen where and when, and all that is told of them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from random import Random

from contract.kinds import Kind
from simulator.city_acts import SCRIPTS, Incident, Script, alike, one_street_on
from simulator.city_map import City, District, Point
from simulator.city_noise import times
from simulator.city_profiles import Profile
from simulator.city_sight import Sighting, see, tell

APART_M = 80.0
"""From edge to edge: closer than this, two incidents that look the same at one time would be one to anybody there."""
TWINS_APART_M = 45.0
TRIES = 6
LOOK_AROUND_M = 1000.0


@dataclass(frozen=True, slots=True)
class Happening:
    """One true incident that somebody told of. spot: the middle of its way."""

    number: int
    kind: Kind
    started: float
    ended: float
    spot: Point


class Day:
    """Plays incidents one after another. Those that nobody saw leave no trace."""

    scripts: Mapping[str, Script] = SCRIPTS

    def __init__(self, city: City, profile: Profile, random: Random) -> None:
        self._city, self._profile, self._random = city, profile, random
        hot = max(1, len(city.districts) // 6)
        self._hot = random.sample(city.districts, hot)
        self._recent: dict[tuple[int, int], list[Incident]] = defaultdict(list)
        self.happenings: list[Happening] = []
        self.sightings: list[Sighting] = []

    def play(self, seconds: float) -> None:
        names, weights = list(self._profile.scripts), list(self._profile.scripts.values())
        for t in times(self._profile.per_camera_h * len(self._city.cameras), seconds, self._random):
            name = self._random.choices(names, weights)[0]
            crowded = self._random.random() < self._profile.crowding
            district = self._random.choice(self._hot if crowded else self._city.districts)
            self._stage(name, district, t)

    def _stage(self, name: str, district: District, t: float) -> None:
        """Puts it near a camera, where nothing of its like is going on."""
        random = self._random
        for _ in range(TRIES):
            spot = self._spot(district)
            incident = self.scripts[name](district, spot, t, random)
            if any(alike(incident, other, APART_M) for other in self._around(spot)):
                continue
            self._happen(incident, spot)
            if name == "twins":
                self._twin(district, spot, t, incident)
            return

    def _twin(self, district: District, spot: Point, t: float, first: Incident) -> None:
        """A second one of the same kind at the same time, one street on, that never touches the first."""
        for _ in range(TRIES):
            other = one_street_on(district, spot, self._random)
            incident = self.scripts["twins"](district, other, t + self._random.uniform(-60, 60) + 60, self._random)
            near = [one for one in self._around(other) if one is not first]
            if not alike(incident, first, TWINS_APART_M) and not any(alike(incident, one, APART_M) for one in near):
                self._happen(incident, other)
                return

    def _spot(self, district: District) -> Point:
        random = self._random
        near = self._city.near(district.middle, 450)
        if not near or random.random() < 0.2:
            return district.corner(random.uniform(0, 6), random.uniform(0, 6))
        x, y = random.choice(near).spot
        return x + random.gauss(0, 25), y + random.gauss(0, 25)

    def _around(self, spot: Point) -> list[Incident]:
        column, row = _block(spot)
        return [
            one
            for x in range(column - 1, column + 2)
            for y in range(row - 1, row + 2)
            for one in self._recent.get((x, y), ())
        ]

    def _happen(self, incident: Incident, spot: Point) -> None:
        number = len(self.happenings)
        told: list[Sighting] = []
        for act in incident.acts:
            told += see(number, act, self._city, self._random)
            if told:
                told += tell(number, act, self._city, self._profile.reports, self._random)
        if not told:
            return
        self._recent[_block(spot)].append(incident)
        self.sightings += told
        started = min(act.started for act in incident.acts)
        ended = max(one.moments[-1].t for one in told)
        middle = incident.acts[0].at((incident.acts[0].started + incident.acts[0].ended) / 2)[0]
        self.happenings.append(Happening(number, incident.kind, started, ended, middle))


def _block(spot: Point) -> tuple[int, int]:
    return floor(spot[0] / LOOK_AROUND_M), floor(spot[1] / LOOK_AROUND_M)
