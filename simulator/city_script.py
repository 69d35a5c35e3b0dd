"""What happens in the made-up city: incidents that several cameras see, each late and in its own words, and false
alarms.

Times are seconds from the begin of the simulation. Nothing here knows the wire.
"""

from dataclasses import dataclass
from random import Random

from contract.events import Location
from contract.kinds import Kind
from simulator.city_map import Camera, metres, moved

INCIDENTS_PER_CAMERA_HOUR = 0.06
FALSE_ALARMS_PER_CAMERA_HOUR = 0.06
CALL_SHARE = 0.3
"""Share of witnessed incidents that somebody also reports from the neighbourhood's post."""


@dataclass(frozen=True, slots=True)
class Script:
    """How one kind of incident looks. seen_as: kinds with weights. reach_m: how far a camera sees it. minutes: its
    length from..to. speed: metres a second it moves at. misses: share of the cameras in reach that say nothing."""

    weight: float
    seen_as: tuple[tuple[Kind, float], ...]
    reach_m: float
    minutes: tuple[float, float]
    speed: float = 0.0
    misses: float = 0.15
    witnessed: bool = True


SCRIPTS: dict[Kind, Script] = {
    Kind.BRAWL: Script(3, ((Kind.BRAWL, 5), (Kind.CROWD_RUSH, 2), (Kind.CROWD, 3)), 110, (2, 6), speed=0.6),
    Kind.CROWD: Script(4, ((Kind.CROWD, 1),), 120, (5, 20), speed=0.3),
    Kind.CROWD_RUSH: Script(2, ((Kind.CROWD_RUSH, 4), (Kind.CROWD, 1)), 120, (1, 3), speed=1.5),
    Kind.INTRUSION: Script(4, ((Kind.INTRUSION, 4), (Kind.LOITERING, 1)), 60, (0.5, 2), speed=0.5, witnessed=False),
    Kind.LOITERING: Script(3, ((Kind.LOITERING, 1),), 45, (2, 6), witnessed=False),
    Kind.SMOKE_FIRE: Script(2, ((Kind.SMOKE_FIRE, 1),), 130, (5, 15)),
    Kind.STOPPED_VEHICLE: Script(3, ((Kind.STOPPED_VEHICLE, 4), (Kind.CONGESTION, 1)), 70, (3, 12)),
    Kind.CONGESTION: Script(2, ((Kind.CONGESTION, 1),), 150, (10, 30), witnessed=False),
    Kind.ABANDONED_OBJECT: Script(2, ((Kind.ABANDONED_OBJECT, 1),), 45, (4, 10), witnessed=False),
    Kind.CAMERA_COVERED: Script(1, ((Kind.CAMERA_COVERED, 1),), 0, (2, 10), witnessed=False),
    Kind.CAMERA_LOST: Script(1, ((Kind.CAMERA_LOST, 1),), 0, (1, 10), witnessed=False),
}

FALSE_KINDS: tuple[tuple[Kind, float], ...] = (
    (Kind.INTRUSION, 4),
    (Kind.LOITERING, 3),
    (Kind.CROWD, 2),
    (Kind.BRAWL, 1),
    (Kind.SMOKE_FIRE, 1),
    (Kind.STOPPED_VEHICLE, 2),
    (Kind.ABANDONED_OBJECT, 2),
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One camera's episode. camera None: a report from the post of `site`. incident: number of what it tells of, None
    for a false alarm. updates: how many times it is told again."""

    incident: int | None
    camera: Camera | None
    site: str
    kind: Kind
    started: float
    ended: float
    confidence: float
    place: Location
    updates: int


@dataclass(frozen=True, slots=True)
class Happening:
    """One true incident, and how far from where it began it was seen."""

    number: int
    kind: Kind
    started: float
    ended: float
    place: Location


def play(cameras: tuple[Camera, ...], seconds: float, random: Random) -> tuple[list[Happening], list[Sighting]]:
    """All that happens within `seconds`: incidents that at least one camera saw, in order of time, and every
    sighting."""
    happenings: list[Happening] = []
    sightings: list[Sighting] = []
    for started in _times(INCIDENTS_PER_CAMERA_HOUR * len(cameras), seconds, random):
        kind = _pick(tuple((kind, script.weight) for kind, script in SCRIPTS.items()), random)
        happening, seen = _incident(len(happenings), kind, started, cameras, random)
        if seen:
            happenings.append(happening)
            sightings += seen
    for started in _times(FALSE_ALARMS_PER_CAMERA_HOUR * len(cameras), seconds, random):
        sightings.append(_false_alarm(started, cameras, random))
    return happenings, sightings


def _times(per_hour: float, seconds: float, random: Random) -> list[float]:
    """A Poisson process."""
    times: list[float] = []
    now = random.expovariate(per_hour / 3600)
    while now < seconds:
        times.append(now)
        now += random.expovariate(per_hour / 3600)
    return times


def _pick(choices: tuple[tuple[Kind, float], ...], random: Random) -> Kind:
    return random.choices([kind for kind, _ in choices], [weight for _, weight in choices])[0]


def _incident(
    number: int, kind: Kind, started: float, cameras: tuple[Camera, ...], random: Random
) -> tuple[Happening, list[Sighting]]:
    script = SCRIPTS[kind]
    ended = started + 60 * random.uniform(*script.minutes)
    first = random.choice(cameras)
    place = moved(first.location, random.uniform(-20, 20), random.uniform(-20, 20))
    east, north = (script.speed * random.uniform(-1, 1) for _ in range(2))
    seen: list[Sighting] = []
    for camera in cameras:
        if script.reach_m == 0 and camera is not first:
            continue
        span = _in_reach(camera, place, (east, north), (started, ended), script.reach_m)
        if span is None or (camera is not first and random.random() < script.misses):
            continue
        begin = span[0] + random.uniform(0.5, 12.0)
        end = max(begin + 2.0, span[1] + random.uniform(-5.0, 5.0))
        seen += _episodes(number, camera, script, begin, end, random)
    if seen and script.witnessed and random.random() < CALL_SHARE:
        seen.append(_call(number, first.site, place, started, ended, random))
    if not seen:
        return Happening(number, kind, started, ended, place), []
    middle = moved(place, east * (ended - started) / 2, north * (ended - started) / 2)
    return Happening(number, kind, started, max(item.ended for item in seen), middle), seen


def _in_reach(
    camera: Camera, place: Location, speed: tuple[float, float], span: tuple[float, float], reach_m: float
) -> tuple[float, float] | None:
    """When the moving incident is within the camera's reach, to the nearest 5 s; None for never or under 10 s."""
    started, ended = span
    if reach_m == 0:
        return span
    steps = [started + 5.0 * step for step in range(int((ended - started) / 5) + 1)]
    near = [
        now
        for now in steps
        if metres(camera.location, moved(place, speed[0] * (now - started), speed[1] * (now - started))) <= reach_m
    ]
    return (near[0], min(ended, near[-1] + 5)) if len(near) >= 2 else None


def _episodes(number: int, camera: Camera, script: Script, begin: float, end: float, random: Random) -> list[Sighting]:
    """One episode, or two where the camera lost sight in between."""
    kind = _pick(script.seen_as, random)
    spans = [(begin, end)]
    if end - begin > 60 and random.random() < 0.2:
        gap = begin + (end - begin) * random.uniform(0.3, 0.6)
        spans = [(begin, gap), (gap + random.uniform(12, 30), end)]
    return [
        Sighting(
            incident=number,
            camera=camera,
            site=camera.site,
            kind=kind,
            started=first,
            ended=last,
            confidence=random.uniform(0.55, 0.97),
            place=camera.location,
            updates=min(3, int((last - first) / 30)),
        )
        for first, last in spans
        if last - first >= 1
    ]


def _call(number: int, site: str, place: Location, started: float, ended: float, random: Random) -> Sighting:
    """A person's report: later than the cameras and less exact in place."""
    when = min(ended, started + random.uniform(45, 240))
    where = moved(place, random.gauss(0, 40), random.gauss(0, 40), 100.0)
    return Sighting(number, None, site, Kind.REPORT, when, when, random.uniform(0.6, 0.9), where, 0)


def _false_alarm(started: float, cameras: tuple[Camera, ...], random: Random) -> Sighting:
    camera = random.choice(cameras)
    return Sighting(
        incident=None,
        camera=camera,
        site=camera.site,
        kind=_pick(FALSE_KINDS, random),
        started=started,
        ended=started + random.uniform(1.5, 20.0),
        confidence=random.uniform(0.4, 0.75),
        place=camera.location,
        updates=0,
    )
