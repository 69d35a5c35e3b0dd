"""What truly happens, before anybody sees it: each incident is a few acts, each of something that moves and spreads.

Times are seconds from the begin of the simulation, places metres. Nothing here knows cameras or the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, pi, sin
from random import Random

from contract.kinds import Kind
from simulator.city_map import District, Point

Looks = tuple[tuple[Kind, float], ...]
"""Kinds something is taken for, with weights."""


@dataclass(frozen=True, slots=True)
class Act:
    """path: (second, place), in order; in between it moves evenly. spread: (second, radius) likewise. far: how many
    times farther than usual it is seen. notice: the chance of a camera that has it in view, besides its own keenness.
    people: how many take part, from..to. told: reports it draws on average on a usual day. own: a fault of the camera
    nearest to it, which that camera alone tells."""

    looks: Looks
    path: tuple[tuple[float, Point], ...]
    spread: tuple[tuple[float, float], ...]
    far: float = 1.0
    notice: float = 1.0
    people: tuple[int, int] = (1, 3)
    told: float = 0.0
    own: bool = False

    @property
    def started(self) -> float:
        return self.path[0][0]

    @property
    def ended(self) -> float:
        return self.path[-1][0]

    def at(self, t: float) -> tuple[Point, float]:
        """Its middle and radius at second t."""
        before, after, share = _between(self.path, t)
        x, y = (a + (b - a) * share for a, b in zip(before, after, strict=True))
        low, high, part = _between(self.spread, t)
        return (x, y), low + (high - low) * part


@dataclass(frozen=True, slots=True)
class Incident:
    """kind: what it is called in the truth."""

    kind: Kind
    acts: tuple[Act, ...]


def _between(steps: tuple[tuple[float, "Point"], ...] | tuple[tuple[float, float], ...], t: float):  # type: ignore[no-untyped-def]
    """(value before, value after, share of the way) at t, held beyond both ends."""
    last = steps[0]
    for step in steps:
        if step[0] > t:
            share = (t - last[0]) / (step[0] - last[0]) if step[0] > last[0] else 0.0
            return last[1], step[1], max(0.0, share)
        last = step
    return last[1], last[1], 0.0


def _stay(spot: Point, t: float, lasts: float) -> tuple[tuple[float, Point], ...]:
    return (t, spot), (t + lasts, spot)


def _steady(t: float, radius: float) -> tuple[tuple[float, float], ...]:
    return ((t, radius),)


def _walk(spot: Point, turn: float, t: float, length: float, speed: float, random: Random) -> list[tuple[float, Point]]:
    """A way along streets: straight on, with a turn to the side now and then."""
    path = [(t, spot)]
    heading = turn + random.randrange(4) * pi / 2
    while length > 0:
        leg = min(length, random.uniform(60, 180))
        x, y = path[-1][1]
        path.append((path[-1][0] + leg / speed, (x + leg * cos(heading), y + leg * sin(heading))))
        length -= leg
        heading += random.choices((0.0, pi / 2, -pi / 2), (4, 1, 1))[0]
    return path


FIGHT: Looks = ((Kind.BRAWL, 6), (Kind.CROWD_RUSH, 2), (Kind.CROWD, 2.5))
THRONG: Looks = ((Kind.CROWD, 9), (Kind.SCENE_ANOMALY, 0.4))
QUEUE: Looks = ((Kind.CONGESTION, 7), (Kind.STOPPED_VEHICLE, 2.5))


def _brawl(district: District, spot: Point, t: float, random: Random) -> Incident:
    """It gathers, then moves along a street, and scatters at its end."""
    gathers = random.uniform(20, 120)
    path = _walk(spot, district.turn, t + gathers, random.uniform(40, 420), random.uniform(0.5, 1.4), random)
    over = path[-1][0] + random.uniform(20, 90)
    fight = Act(
        FIGHT,
        ((t + gathers, spot), *path[1:], (over, path[-1][1])),
        ((t, 5), (over, random.uniform(10, 22))),
        people=(8, 40),
        told=1.2,
        notice=0.9,
    )
    acts = [fight]
    if random.random() < 0.6:
        acts.insert(
            0, Act(((Kind.CROWD, 1),), _stay(spot, t, gathers + 30), _steady(t, 12), people=(8, 20), notice=0.7)
        )
    if random.random() < 0.5:
        away = _walk(path[-1][1], district.turn, over, random.uniform(60, 160), random.uniform(2.0, 3.5), random)
        acts.append(Act(((Kind.CROWD_RUSH, 1),), tuple(away), _steady(over, 10), people=(5, 25), notice=0.7))
    return Incident(Kind.BRAWL, tuple(acts))


def _crowd(district: District, spot: Point, t: float, random: Random) -> Incident:
    """It grows, holds and disperses; at times it runs."""
    grows, holds, leaves = random.uniform(180, 900), random.uniform(120, 1500), random.uniform(120, 500)
    wide = random.uniform(20, 75)
    over = t + grows + holds + leaves
    spread = ((t, 6.0), (t + grows, wide), (t + grows + holds, wide), (over, 8.0))
    acts = [Act(THRONG, _stay(spot, t, over - t), spread, people=(15, 200), told=0.5)]
    if random.random() < 0.3:
        run = _walk(_near(spot, wide, random), district.turn, t + grows + holds, 120, 2.5, random)
        acts.append(Act(((Kind.CROWD_RUSH, 1),), tuple(run), _steady(t, 12), people=(10, 60)))
    return Incident(Kind.CROWD, tuple(acts))


def _fire(district: District, spot: Point, t: float, random: Random) -> Incident:
    """Seen from several sides and from far away; onlookers and a blocked road follow."""
    lasts = random.uniform(480, 2400)
    smoke = Act(
        ((Kind.SMOKE_FIRE, 1),),
        _stay(spot, t, lasts),
        ((t, 4), (t + lasts, 16)),
        far=random.uniform(2.0, 4.5),
        told=2.5,
        notice=0.85,
    )
    acts = [smoke]
    if random.random() < 0.5:
        later = t + random.uniform(90, 400)
        acts.append(Act(THRONG, _stay(_near(spot, 40, random), later, lasts * 0.7), _steady(t, 15), people=(10, 50)))
    if random.random() < 0.4:
        later = t + random.uniform(120, 500)
        acts.append(Act(QUEUE, _stay(_near(spot, 60, random), later, lasts * 0.6), _steady(t, 30), notice=0.7))
    return Incident(Kind.SMOKE_FIRE, tuple(acts))


def _water(district: District, spot: Point, t: float, random: Random) -> Incident:
    """It spreads slowly; the scene looks changed, then vehicles stand in it."""
    lasts = random.uniform(1800, 5400)
    wide = random.uniform(60, 150)
    spread = ((t, 5.0), (t + lasts * 0.7, wide), (t + lasts, wide))
    flood = Act(((Kind.SCENE_CHANGE, 5), (Kind.SCENE_ANOMALY, 3)), _stay(spot, t, lasts), spread, told=2.0, notice=0.8)
    later = t + random.uniform(300, 900)
    stuck = Act(QUEUE, _stay(_near(spot, wide * 0.6, random), later, lasts * 0.6), _steady(t, 35), notice=0.8)
    return Incident(Kind.SCENE_CHANGE, (flood, stuck))


def _jam(district: District, spot: Point, t: float, random: Random) -> Incident:
    """Its tail travels upstream; what stands in it is seen as stopped vehicles too."""
    along = district.turn + random.randrange(2) * pi
    length, speed = random.uniform(200, 750), random.uniform(0.6, 2.2)
    grown = t + length / speed
    over = grown + random.uniform(200, 1500)
    tail = (spot[0] + length * cos(along), spot[1] + length * sin(along))
    middle = ((spot[0] + tail[0]) / 2, (spot[1] + tail[1]) / 2)
    queue = Act(
        QUEUE, ((t, spot), (grown, tail), (over, middle)), ((t, 15), (grown, 45), (over, 60)), told=0.4, notice=0.9
    )
    return Incident(Kind.CONGESTION, (queue,))


def _theft(district: District, spot: Point, t: float, random: Random) -> Incident:
    """Somebody waits, then runs, and a vehicle waits for them round the corner."""
    waits = random.uniform(90, 400)
    run = _walk(spot, district.turn, t + waits, random.uniform(60, 190), random.uniform(2.5, 4.0), random)
    done, corner = run[-1]
    return Incident(
        Kind.LOITERING,
        (
            Act(((Kind.LOITERING, 1),), _stay(spot, t, waits), _steady(t, 4)),
            Act(
                ((Kind.CROWD_RUSH, 3), (Kind.LINE_CROSSING, 2), (Kind.INTRUSION, 1)),
                tuple(run),
                _steady(t, 4),
                told=0.7,
            ),
            Act(((Kind.STOPPED_VEHICLE, 1),), _stay(corner, done - 80, 80 + random.uniform(5, 40)), _steady(t, 4)),
        ),
    )


def _sabotage(district: District, spot: Point, t: float, random: Random) -> Incident:
    """A camera is blinded, and then somebody comes in near by."""
    fault = random.choice((Kind.CAMERA_COVERED, Kind.CAMERA_MOVED, Kind.CAMERA_DEFOCUSED, Kind.CAMERA_LOST))
    later = t + random.uniform(20, 150)
    path = _walk(
        _near(spot, 25, random), district.turn, later, random.uniform(20, 70), random.uniform(0.4, 1.2), random
    )
    return Incident(
        Kind.INTRUSION,
        (
            Act(((fault, 1),), _stay(spot, t, random.uniform(200, 900)), _steady(t, 0), own=True),
            Act(((Kind.INTRUSION, 4), (Kind.LOITERING, 1.5), (Kind.LINE_CROSSING, 1)), tuple(path), _steady(t, 4)),
        ),
    )


def _simple(
    kind: Kind, looks: Looks, lasts: tuple[float, float], people: tuple[int, int] = (1, 3), told: float = 0.2
) -> "Script":
    """One thing that stays where it is."""

    def script(district: District, spot: Point, t: float, random: Random) -> Incident:
        return Incident(
            kind, (Act(looks, _stay(spot, t, random.uniform(*lasts)), _steady(t, 5), people=people, told=told),)
        )

    return script


def _wrong_way(district: District, spot: Point, t: float, random: Random) -> Incident:
    path = _walk(spot, district.turn, t, random.uniform(250, 800), random.uniform(7, 14), random)
    return Incident(Kind.WRONG_WAY, (Act(((Kind.WRONG_WAY, 1),), tuple(path), _steady(t, 6), told=0.5),))


def _fault(district: District, spot: Point, t: float, random: Random) -> Incident:
    kind = random.choice((Kind.CAMERA_COVERED, Kind.CAMERA_LOST, Kind.CAMERA_FROZEN, Kind.CAMERA_DEFOCUSED))
    return Incident(kind, (Act(((kind, 1),), _stay(spot, t, random.uniform(120, 1500)), _steady(t, 0), own=True),))


def _intrusion(district: District, spot: Point, t: float, random: Random) -> Incident:
    path = _walk(spot, district.turn, t, random.uniform(20, 140), random.uniform(0.5, 1.5), random)
    looks: Looks = ((Kind.INTRUSION, 5), (Kind.LOITERING, 1.5), (Kind.LINE_CROSSING, 2))
    return Incident(Kind.INTRUSION, (Act(looks, tuple(path), _steady(t, 4), told=0.1),))


Script = Callable[[District, Point, float, Random], Incident]

SCRIPTS: dict[str, Script] = {
    "brawl": _brawl,
    "twins": _brawl,
    "crowd": _crowd,
    "fire": _fire,
    "water": _water,
    "jam": _jam,
    "theft": _theft,
    "sabotage": _sabotage,
    "wrong_way": _wrong_way,
    "fault": _fault,
    "intrusion": _intrusion,
    "loitering": _simple(Kind.LOITERING, ((Kind.LOITERING, 1),), (90, 600)),
    "stopped": _simple(Kind.STOPPED_VEHICLE, ((Kind.STOPPED_VEHICLE, 5), (Kind.CONGESTION, 1)), (150, 1200)),
    "object": _simple(
        Kind.ABANDONED_OBJECT, ((Kind.ABANDONED_OBJECT, 4), (Kind.SCENE_CHANGE, 1)), (200, 1200), told=0.3
    ),
}


def _near(spot: Point, within: float, random: Random) -> Point:
    angle, distance = random.uniform(0, 2 * pi), within * random.random() ** 0.5
    return spot[0] + distance * cos(angle), spot[1] + distance * sin(angle)


def one_street_on(district: District, spot: Point, random: Random) -> Point:
    """The same place, one street farther."""
    angle = district.turn + random.randrange(4) * pi / 2
    gap = district.gap_m * random.uniform(0.85, 1.25)
    return spot[0] + gap * cos(angle), spot[1] + gap * sin(angle)


TOUCH_M = 30.0
"""From edge to edge: what is nearer than this at one time is one thing to whoever stands there."""


def alike(a: Incident, b: Incident, apart_m: float) -> bool:
    """Whether two incidents touch at one time, or look the same, in part, with less than apart_m from edge to edge:
    nobody could tell them apart, so they would be one."""
    return any(_meet(one, other, apart_m) for one in a.acts for other in b.acts)


def _meet(a: Act, b: Act, apart_m: float) -> bool:
    if a.started > b.ended + 300 or b.started > a.ended + 300:
        return False
    if not {kind for kind, _ in a.looks} & {kind for kind, _ in b.looks} - {Kind.SCENE_ANOMALY}:
        apart_m = TOUCH_M
    reach = apart_m + max(radius for _, radius in a.spread) + max(radius for _, radius in b.spread)
    return any(hypot(p[0] - q[0], p[1] - q[1]) < reach for p in _along(a) for q in _along(b))


def _along(act: Act) -> list[Point]:
    """Places on its way, some 40 m apart."""
    places = [act.path[0][1]]
    for (_, before), (_, after) in pairwise(act.path):
        steps = max(1, int(hypot(after[0] - before[0], after[1] - before[1]) / 40))
        places += [
            (before[0] + (after[0] - before[0]) * n / steps, before[1] + (after[1] - before[1]) * n / steps)
            for n in range(1, steps + 1)
        ]
    return places
