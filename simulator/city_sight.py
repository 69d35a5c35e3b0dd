"""What cameras and people tell of what truly happens: late, inexactly, each in its own words."""

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from random import Random

from contract.kinds import Kind
from simulator.city_acts import Act
from simulator.city_map import Camera, City, Point

STEP_S = 4.0
HALF_VIEW = 0.9
"""Radians to either side of where a camera looks."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a sighting: when, where (None: the camera does not say), how exactly, how sure, how many."""

    t: float
    spot: Point | None
    radius_m: float
    confidence: float
    count: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One episode, with at least a begin and an end. incident: number of what it tells of, None for a false alarm.
    camera None: people's reports, through the post of `site`."""

    incident: int | None
    camera: Camera | None
    site: str
    agent: str
    kind: Kind
    moments: tuple[Moment, ...]


def see(number: int, act: Act, city: City, random: Random) -> list[Sighting]:
    """The episodes of every camera that has the act in view."""
    if act.own:
        return _own(number, act, city, random)
    (x, y), _ = act.at((act.started + act.ended) / 2)
    length = max(hypot(px - x, py - y) for _, (px, py) in act.path)
    widest = max(radius for _, radius in act.spread)
    found: list[Sighting] = []
    for camera in city.near((x, y), length + widest + 130 * act.far):
        spans = _spans(act, camera)
        if not spans or random.random() > act.notice:
            continue
        kind = _pick(act, random)
        for begin, end in spans:
            if random.random() < camera.keen:
                kind = _pick(act, random) if random.random() < 0.15 else kind
                found += _episodes(number, act, camera, kind, begin, end, random)
    return found


def tell(number: int, act: Act, city: City, eager: float, random: Random) -> list[Sighting]:
    """People's reports: minutes late, off by tens of metres, some of them twice."""
    found: list[Sighting] = []
    until = random.expovariate(1 / (act.told * eager)) if act.told else 0.0
    for _ in range(min(12, int(until + random.random()))):
        seen = random.uniform(act.started, act.started + (act.ended - act.started) * 0.7)
        (x, y), radius = act.at(seen)
        when = seen + random.uniform(15, 40) + random.expovariate(1 / 80)
        error, said = random.choices(((12, 30), (45, 100), (110, 250)), (5, 4, 1))[0]
        spot = (x + random.gauss(0, error + radius / 2), y + random.gauss(0, error + radius / 2))
        found.append(report(number, spot, said, when, city, random))
        if random.random() < 0.2:
            found.append(report(number, spot, said, when + random.uniform(15, 150), city, random))
    return found


def report(number: int | None, spot: Point, said: float, when: float, city: City, random: Random) -> Sighting:
    """One call or message, through the nearest district's post."""
    district = city.nearest(spot)
    moment = Moment(when, spot, said, random.uniform(0.5, 0.9), 1)
    return Sighting(number, None, district.site, f"{district.site}-desk", Kind.REPORT, (moment, moment))


def sure(random: Random) -> float:
    """How sure a camera says it is of something true."""
    return min(0.98, max(0.3, random.gauss(0.72, 0.12)))


def _own(number: int, act: Act, city: City, random: Random) -> list[Sighting]:
    spot, _ = act.at(act.started)
    near = city.near(spot, 60) or city.near(spot, 400)
    if not near:
        return []
    camera = min(near, key=lambda one: hypot(one.spot[0] - spot[0], one.spot[1] - spot[1]))
    kind = _pick(act, random)
    moments = [Moment(act.started, None, 0, 0.9, 0), Moment(act.ended, None, 0, 0.9, 0)]
    return [Sighting(number, camera, camera.site, camera.agent, kind, tuple(moments))]


def _pick(act: Act, random: Random) -> Kind:
    return random.choices([kind for kind, _ in act.looks], [weight for _, weight in act.looks])[0]


def _spans(act: Act, camera: Camera) -> list[tuple[float, float]]:
    """When the camera has some of it in view, each at least two steps long."""
    spans: list[tuple[float, float]] = []
    t = act.started
    begin: float | None = None
    while t <= act.ended:
        if _in_view(act, camera, t):
            begin = t if begin is None else begin
        elif begin is not None:
            spans.append((begin, t))
            begin = None
        t += STEP_S
    if begin is not None:
        spans.append((begin, act.ended))
    return [span for span in spans if span[1] - span[0] >= 2 * STEP_S or act.ended - act.started < 4 * STEP_S]


def _in_view(act: Act, camera: Camera, t: float) -> bool:
    (x, y), radius = act.at(t)
    east, north = x - camera.spot[0], y - camera.spot[1]
    distance = hypot(east, north)
    if distance > camera.reach_m * act.far + radius:
        return False
    if camera.heading is None or distance < radius + 8:
        return True
    off = abs((atan2(north, east) - camera.heading + pi) % (2 * pi) - pi)
    return off < HALF_VIEW + radius / distance


def _episodes(
    number: int, act: Act, camera: Camera, kind: Kind, begin: float, end: float, random: Random
) -> list[Sighting]:
    """One episode a span, or more where the camera loses it in between."""
    first = begin + random.uniform(0.5, 4) + random.expovariate(1 / 5)
    found: list[Sighting] = []
    while first < end:
        last = min(end + random.uniform(0, 4), first + random.expovariate(1 / 500) + 10)
        moments = []
        for t in _when(first, last, random):
            spot, exact = _where(act, camera, t, random)
            moments.append(Moment(t, spot, exact, sure(random), random.randint(*act.people)))
        found.append(Sighting(number, camera, camera.site, camera.agent, kind, tuple(moments)))
        first = last + random.uniform(8, 45)
        if random.random() < 0.3:
            break
    return found


def _when(first: float, last: float, random: Random) -> list[float]:
    """Begin, updates ever less often, end."""
    times, step = [first], random.uniform(15, 40)
    while times[-1] + step < last - 3 and len(times) < 24:
        times.append(times[-1] + step)
        step *= 1.15
    return [*times, last]


def _where(act: Act, camera: Camera, t: float, random: Random) -> tuple[Point | None, float]:
    """Where the camera says it is: the nearest part of it, by its own estimate; or where the camera itself stands."""
    if not camera.placing:
        return None, 0.0
    (x, y), radius = act.at(t)
    distance = hypot(x - camera.spot[0], y - camera.spot[1])
    angle = atan2(y - camera.spot[1], x - camera.spot[0])
    seen = max(3.0, min(distance - radius * random.uniform(0, 0.8), camera.reach_m * 1.5))
    error = 2 + 0.1 * seen
    seen = max(2.0, seen + random.gauss(0, error))
    angle += random.gauss(0, 0.05)
    return (camera.spot[0] + seen * cos(angle), camera.spot[1] + seen * sin(angle)), 2 * error
