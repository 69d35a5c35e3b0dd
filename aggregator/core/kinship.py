"""Which kinds can tell of one incident, and how what they tell of lies in space and time.

Each kind has a nature: what it is physically. A pair of kinds takes the faster and longer of the two, and their
extents' geometric mean. `likely` says how often one kind is told of an incident that the other kind tells of. Where
each number comes from is in docs/design/correlation.md.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from contract.kinds import KINDS, Kind

KindMatch = Literal["same", "family", "related"]


@dataclass(frozen=True, slots=True)
class Nature:
    """extent_m: how far from one another two sightings of one such thing may lie (one standard deviation beyond what
    the places themselves leave open). speed: metres a second it may move between two sightings. lasts_s: how long after
    the last sign of it another is to be expected (the mean of an exponential)."""

    extent_m: float
    speed: float
    lasts_s: float


NATURES: dict[Kind, Nature] = {
    Kind.INTRUSION: Nature(17, 0.6, 45),
    Kind.LINE_CROSSING: Nature(17, 0.75, 30),
    Kind.LOITERING: Nature(17, 0.4, 60),
    Kind.CROWD: Nature(30, 0.2, 100),
    Kind.BRAWL: Nature(21, 0.5, 60),
    Kind.CROWD_RUSH: Nature(26, 1, 45),
    Kind.ABANDONED_OBJECT: Nature(13, 0, 60),
    Kind.STOPPED_VEHICLE: Nature(19, 0.25, 120),
    Kind.WRONG_WAY: Nature(33, 9, 30),
    Kind.CONGESTION: Nature(45, 1.3, 200),
    Kind.SMOKE_FIRE: Nature(60, 0.05, 200),
    Kind.SCENE_CHANGE: Nature(50, 0.03, 200),
    Kind.SCENE_ANOMALY: Nature(26, 0.15, 90),
    Kind.REPORT: Nature(40, 0.2, 240),
}
"""Kinds that are not here take a nature from what the contract says of them."""

SAME_FAMILY = 0.6
RELATED: dict[frozenset[str], float] = {
    frozenset({"report", "people"}): 0.6,
    frozenset({"report", "fire"}): 0.8,
    frozenset({"report", "traffic"}): 0.3,
    frozenset({"report", "object"}): 0.3,
    frozenset({"report", "trespass"}): 0.2,
    frozenset({"report", "scene"}): 0.3,
    frozenset({"scene", "people"}): 0.1,
    frozenset({"scene", "fire"}): 0.3,
    frozenset({"scene", "traffic"}): 0.2,
    frozenset({"scene", "object"}): 0.4,
    frozenset({"object", "traffic"}): 0.2,
    frozenset({"fire", "people"}): 0.06,
    frozenset({"fire", "traffic"}): 0.06,
    frozenset({"trespass", "people"}): 0.03,
    frozenset({"camera", "trespass"}): 0.06,
    frozenset({"loitering", "crowd_rush"}): 0.3,
    frozenset({"line_crossing", "crowd_rush"}): 0.3,
    frozenset({"intrusion", "crowd_rush"}): 0.2,
    frozenset({"loitering", "stopped_vehicle"}): 0.05,
    frozenset({"crowd_rush", "stopped_vehicle"}): 0.1,
    frozenset({"crowd", "stopped_vehicle"}): 0.06,
    frozenset({"abandoned_object", "congestion"}): 0.0,
    frozenset({"abandoned_object", "stopped_vehicle"}): 0.0,
    frozenset({"abandoned_object", "wrong_way"}): 0.0,
    frozenset({"abandoned_object", "scene_anomaly"}): 0.1,
}
"""Families that can tell of one incident although they differ. Of a camera's own faults, another camera's never: one
that is blinded and somebody who then comes in near by can be one. Of the objects, water in the road makes queues and
looks odd; a bag makes no queue. A crash has onlookers."""
FOLLOWS: frozenset[tuple[str, str]] = frozenset(
    {("fire", "people"), ("fire", "traffic"), ("object", "traffic"), ("camera", "trespass")}
)
"""Families of which the second is what comes of the first: onlookers and a queue of a fire, a queue of water in the
road, somebody who comes in of a blinded camera."""
UNLED = 0.3
"""What is left of `likely` where the second was there well before the first: a crowd does not start a fire."""
FOLLOWS_S: dict[Kind, float] = {Kind.SMOKE_FIRE: 500.0}
"""What comes of it comes within this long of its beginning; later no more than UNLED is left, too."""
FAR: dict[Kind, float] = {Kind.SMOKE_FIRE: 2.0}
"""What is seen from far: how many extents, where cameras begin to tell of it at once."""
REPORT = Kind.REPORT
"""By this name where it is asked with each event: an enum's attribute takes three times as long as a dict's item."""
ALONG_ROADS: frozenset[Kind] = frozenset({Kind.CONGESTION, Kind.WRONG_WAY})
"""What moves along a road, not over the ground."""
QUEUES: frozenset[Kind] = frozenset({Kind.CONGESTION, Kind.STOPPED_VEHICLE})
"""What ebbs and flows: a camera that has lost it may see it again as long as it lasts."""
BLIND: frozenset[Kind] = frozenset({Kind.CAMERA_COVERED, Kind.CAMERA_FROZEN, Kind.CAMERA_LOST})
"""A camera that has one of these faults sees nothing; one that was turned or lost its focus goes on seeing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """likely: 0..1, see the module. window_s: a gap beyond this is never one incident. reach_m: nor a distance beyond
    this, once what the places leave open is taken off. road: see ALONG_ROADS. ebbs: see QUEUES. order: 1 where the
    second kind follows the first, -1 where the first follows the second, else 0. far: see FAR; 1 for most. faults: how
    many of the two are a camera's own fault. blind: whether one is of BLIND. apart: `likely` of what is another
    incident, see APART_SHARE."""

    likely: float
    match: KindMatch
    extent_m: float
    speed: float
    lasts_s: float
    window_s: float
    reach_m: float
    road: bool
    ebbs: bool
    order: int
    far: float
    faults: int
    blind: bool
    apart: float


APART_SHARE = 0.045
"""Another incident of the like near by, as a share of the rate of sightings of the first: fights and crowds draw
others. What is farther off than about two extents is more likely that other one."""
REACH = 3.0
"""Extents beyond which a pair is not looked at: what is left there is about a hundredth."""
MAX_MOVE_M = 150.0
"""The most that a gap in time adds to an extent."""
MAX_REACH_M = 500.0
FAR_REACH_M = 450.0
"""How far what is seen from far is looked for, by others that see it."""


def nature(kind: Kind) -> Nature:
    known = NATURES.get(kind)
    if known is not None:
        return known
    info = KINDS[kind]
    return Nature(max(20.0, info.radius_m / 6), 0.5, max(60.0, info.window_s / 3))


def affinity(a: Kind, b: Kind) -> float:
    """0 where the kinds never tell of one incident."""
    if a == b:
        return 1.0
    family_a, family_b = KINDS[a].family, KINDS[b].family
    special = RELATED.get(frozenset({a.value, b.value}))
    if special is not None:
        return special
    return SAME_FAMILY if family_a == family_b else RELATED.get(frozenset({family_a, family_b}), 0.0)


def pair(a: Kind, b: Kind, left: float = 1.0) -> Pair | None:
    """left: what is left of `likely`."""
    likely = left * affinity(a, b)
    if likely == 0:
        return None
    one, two = nature(a), nature(b)
    lasts = max(one.lasts_s, two.lasts_s)
    extent, speed = sqrt(one.extent_m * two.extent_m), max(one.speed, two.speed)
    window = max(KINDS[a].window_s, KINDS[b].window_s)
    families = KINDS[a].family, KINDS[b].family
    match: KindMatch = "same" if a == b else "family" if families[0] == families[1] else "related"
    reach = min(MAX_REACH_M, REACH * extent + min(speed * window, MAX_MOVE_M))
    order = (families in FOLLOWS) - (families[::-1] in FOLLOWS)
    road, ebbs = a == b and a in ALONG_ROADS, a == b and a in QUEUES
    far = FAR.get(a, 1.0) if a == b else 1.0
    if far > 1:
        reach = FAR_REACH_M
    faults, blind, apart = families.count("camera"), a in BLIND or b in BLIND, APART_SHARE * sqrt(likely)
    return Pair(likely, match, extent, speed, lasts, window, reach, road, ebbs, order, far, faults, blind, apart)


PAIRS: dict[Kind, dict[Kind, Pair]] = {a: {b: found for b in KINDS if (found := pair(a, b)) is not None} for a in KINDS}
"""Of each kind, those that it can tell of one incident with; symmetric but for `order`."""
UNLED_PAIRS: dict[Kind, dict[Kind, Pair]] = {
    a: {b: found for b, led in pairs.items() if led.order and (found := pair(a, b, UNLED)) is not None}
    for a, pairs in PAIRS.items()
}
"""Of those in which one follows the other: how they tie where it came first."""


def comes_of(cause: Kind, effect: Kind) -> bool:
    """See FOLLOWS."""
    return effect in UNLED_PAIRS[cause] and PAIRS[cause][effect].order > 0


AFFINITY: dict[Kind, dict[Kind, float]] = {a: {b: affinity(a, b) for b in KINDS} for a in KINDS}
VAGUE: frozenset[Kind] = frozenset({Kind.REPORT, Kind.SCENE_ANOMALY})
"""Kinds that do not say what it is: within an incident they tell of whatever the others do."""
