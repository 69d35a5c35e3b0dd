"""What cameras and people tell although nothing is there."""

from collections.abc import Iterator
from math import cos, pi, sin
from random import Random

from contract.kinds import Kind
from simulator.city_map import Camera, City, Point
from simulator.city_profiles import Profile
from simulator.city_sight import Moment, Sighting, report

BURSTS: tuple[tuple[Kind, ...], ...] = (
    (Kind.INTRUSION, Kind.LINE_CROSSING),
    (Kind.INTRUSION, Kind.LOITERING),
    (Kind.SCENE_ANOMALY, Kind.LINE_CROSSING),
    (Kind.SMOKE_FIRE, Kind.SCENE_ANOMALY),
    (Kind.CAMERA_DEFOCUSED, Kind.SCENE_ANOMALY),
)
"""What rain, insects, headlights and a flickering lamp are taken for."""


def noise(city: City, profile: Profile, seconds: float, random: Random) -> Iterator[Sighting]:
    """All false sightings within `seconds`, camera by camera."""
    kinds = [Kind(name) for name in profile.false_kinds]
    weights = list(profile.false_kinds.values())
    for camera in city.cameras:
        for t in times(camera.false_per_h * profile.noise, seconds, random):
            chronic = camera.false_per_h > 1.5 and random.random() < 0.85
            kind = kinds[camera.vice % len(kinds)] if chronic else random.choices(kinds, weights)[0]
            yield _false(camera, kind, t, random)
        for t in times(profile.bursts, seconds, random):
            yield from _burst(camera, random.choice(BURSTS), t, t + random.uniform(120, 1200), random)
        if random.random() < profile.flapping:
            yield from _flapping(camera, seconds, random)
    for district in city.districts:
        for t in times(profile.rains, seconds, random):
            over = t + random.uniform(600, 2400)
            for camera in city.near(district.middle, random.uniform(200, 500)):
                if random.random() < 0.35:
                    yield from _burst(camera, BURSTS[camera.vice % 3], t + random.uniform(0, 300), over, random)
        for t in times(profile.pranks, seconds, random):
            spot = district.corner(random.uniform(0, 6), random.uniform(0, 6))
            yield report(None, spot, 100.0, t, city, random)


def times(per_hour: float, seconds: float, random: Random) -> list[float]:
    """A Poisson process."""
    found: list[float] = []
    t = random.expovariate(per_hour / 3600) if per_hour > 0 else seconds
    while t < seconds:
        found.append(t)
        t += random.expovariate(per_hour / 3600)
    return found


def _false(camera: Camera, kind: Kind, t: float, random: Random) -> Sighting:
    lasts = random.choice((random.uniform(1.5, 15), random.uniform(10, 90)))
    spot, exact = _somewhere(camera, random)
    moments = [
        Moment(when, spot, exact, min(0.95, max(0.25, random.gauss(0.56, 0.12))), random.randint(1, 8))
        for when in (t, *((t + lasts / 2,) if lasts > 45 else ()), t + lasts)
    ]
    return Sighting(None, camera, camera.site, camera.agent, kind, tuple(moments))


def _somewhere(camera: Camera, random: Random) -> tuple[Point | None, float]:
    if not camera.placing:
        return None, 0.0
    angle = random.uniform(0, 2 * pi) if camera.heading is None else camera.heading + random.uniform(-0.8, 0.8)
    distance = camera.reach_m * random.random() ** 0.5
    return (camera.spot[0] + distance * cos(angle), camera.spot[1] + distance * sin(angle)), 4 + 0.2 * distance


def _burst(camera: Camera, kinds: tuple[Kind, ...], t: float, over: float, random: Random) -> Iterator[Sighting]:
    over = min(over, t + 2400)
    pause = random.uniform(10, 60)
    while t < over:
        sighting = _false(camera, random.choice(kinds), t, random)
        yield sighting
        t = sighting.moments[-1].t + random.expovariate(1 / pause)


def _flapping(camera: Camera, seconds: float, random: Random) -> Iterator[Sighting]:
    """A camera that is lost and found, over and over."""
    t = random.uniform(0, seconds)
    over = min(seconds, t + random.uniform(600, 5400))
    while t < over:
        back = t + random.uniform(3, 40)
        moments = tuple(Moment(when, None, 0.0, 1.0, 0) for when in (t, back))
        yield Sighting(None, camera, camera.site, camera.agent, Kind.CAMERA_LOST, moments)
        t = back + random.uniform(10, 120)
