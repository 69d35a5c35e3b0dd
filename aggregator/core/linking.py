"""How strongly two traces of activity tell of one incident: the rate at which one would bring forth the other.

The model is a branching point process (Hawkes 1971; Zhuang, Ogata and Vere-Jones 2002, "stochastic declustering"): a
camera's next episode comes either from an incident that is going on, at a rate that falls with distance and with time,
or from the background, at the camera's own rate of episodes that nothing else confirms. The more likely origin wins.
All rates are per second.
"""

from collections.abc import Callable
from math import cos, exp, hypot, inf, pi, radians, sqrt
from typing import Literal

from msgspec import Struct

from aggregator.core.kinship import MAX_MOVE_M, PAIRS, REPORT, UNLED_PAIRS, KindMatch, Pair
from aggregator.core.space import METRES_PER_DEGREE
from contract.events import Location
from contract.kinds import KINDS, Kind

PlaceMatch = Literal["camera", "distance", "site"]
Refusal = Literal["kind", "time", "distance", "place"]

SEEN_EVERY_S = 60.0
"""Where an incident goes on in full view, another sighting of it begins about this often."""
ONSET_S = 8.0
"""What begins in full view is told of at once by whoever has it in view, after about this long: the mean of an
exponential."""
SUDDEN_S = 4 * ONSET_S
"""Beyond this nothing is left of it."""
AGAIN_EVERY_S = 45.0
"""And one camera that has lost it sees it again this soon, or not at all: the mean of an exponential."""
SITE_ONLY = 0.12
"""What stands for nearness where only the site is known to be the same: about the chance that one of a site's cameras
is in view of what another one sees. It says so soon, or it is not: the chance fades as the two beginnings part."""
AGAIN = 0.5
"""How often it does."""
ALIKE = 0.5
"""Of an extent, how far apart one camera places two sightings of one thing: what several place differently, it places
wrongly in the same way."""
TURNED_S = 300.0
"""Who turns a camera away, or smears its lens, and comes in himself, does so within minutes of it."""
LEAD_S = 60.0
"""What follows something may be told of so much sooner: by whoever looked that way first."""
MAX_UNCERTAINTY_M = 120.0
OPEN_SHARE = 0.7
"""How much of what both places leave open (their radii, as a root of squares) counts as no distance at all."""
VAGUE_M = 80.0
"""Where more than this is left open, a place speaks for many incidents, and for each the less."""
POST_M = 250.0
"""Side of the area over which reports that tell of nothing known are spread evenly: a neighbourhood post's."""
STALE_S = 900.0
"""An episode that has not ended is taken to go on for this long, at most, after it was last heard of."""
SILENT_S = 60.0
SILENT_SHARE = 0.5
"""And, once more than its beginning was told, for no longer than SILENT_S and this share of what it has lasted: who
tells of what goes on does so every so often, or ever less often, each time after a part of what it has lasted. What is
silent for longer has ended, and its end was lost; not where its agent was away, whose silence says nothing."""
APART_M = 150.0
"""How far around what is another incident of the like draws (`kinship.APART_SHARE`)."""
_APART = 2.0 * APART_M * APART_M


HeardSince = Callable[[str, str], float]
"""(site, camera) to since when its agent has been heard without a break, in seconds of the aggregator's clock; inf
while it is away, 0 where nobody knows."""


def always(_site: str, _camera: str) -> float:
    """Nobody was ever away."""
    return 0.0


class Trail(Struct, gc=False):
    """One camera's continuous activity of one kind: the hull in time of its episodes, within one incident.

    place: where it was last. sure: the greatest confidence. running: its episodes whose end was not told, each to when
    it began and when it was last told of."""

    site: str
    camera: str
    kind: Kind
    place: Location | None
    first: float
    last: float
    incident: str = ""
    key: int = 0
    sure: float = 0.5
    running: dict[str, tuple[float, float]] = {}

    def same_camera(self, other: "Trail") -> bool:
        """A post that takes reports is no camera: it may hear of two places at once."""
        return self.camera == other.camera and self.site == other.site and not self.kind is other.kind is REPORT

    def tells(self, episode: str, first: float, last: float) -> None:
        """One of its episodes goes on. Those whose end was lost long before are forgotten: `until` looks at each."""
        running = self.running
        known = running.pop(episode, None)
        if known is not None:
            if known[0] < first:
                first = known[0]
            if known[1] > last:
                last = known[1]
        running[episode] = first, last
        if len(running) > 1:
            while running[oldest := next(iter(running))][1] + STALE_S < last:  # in the order they were told of
                del running[oldest]

    def ends(self, episode: str) -> None:
        """One of its episodes has ended. What holds nothing takes little: most trails have one episode."""
        running = self.running
        if running.pop(episode, None) is not None and not running:
            self.running = {}

    def until(self, heard: HeardSince = always, enough: float = inf) -> float:
        """When it is over, as far as is known. enough: that it is not over before is all that is asked."""
        latest = self.last
        for first, last in self.running.values():
            goes_on = STALE_S
            if last > first:
                silent = SILENT_S + SILENT_SHARE * (last - first)
                if silent < STALE_S and last + silent < enough and last >= heard(self.site, self.camera):
                    goes_on = silent
            if last + goes_on > latest:
                latest = last + goes_on
                if latest >= enough:
                    break
        return latest


class Link(Struct, frozen=True, gc=False):
    """Why an event belongs to its incident. score: the chance that it does, 0..1.

    kind: "first" for an incident's first event, "episode" where an earlier event of the episode was there already.
    time_s: gap between the two; distance_m: None where a place is not known. other: the camera of the strongest tie.
    support: how many of the incident's trails speak for it. rate, against: per hour, what the incident would bring
    forth here and what is usual here without it.
    """

    score: float
    kind: Literal["first", "episode"] | KindMatch
    place: PlaceMatch | None = None
    time_s: float | None = None
    distance_m: float | None = None
    other: str | None = None
    support: int | None = None
    rate: float | None = None
    against: float | None = None


FIRST = Link(1.0, "first")
EPISODE = Link(1.0, "episode")


class Tie(Struct, frozen=True, gc=False):
    """One trail's pull on another. rate: per second. apart: that of a separate incident of the like near by."""

    rate: float
    apart: float
    match: KindMatch
    place: PlaceMatch
    time_s: float
    distance_m: float | None


def tie(a: Trail, b: Trail, heard: HeardSince = always, distance: float | None = None) -> Tie | Refusal:
    """How strongly a ties to b. distance: in metres, where it is reckoned already."""
    kinds = PAIRS[a.kind].get(b.kind)
    if kinds is None:
        return "kind"
    gap = a.first - b.last  # seconds between the two; 0 where they overlap
    if gap > 0.0 and b.running:
        gap = a.first - b.until(heard, a.first)
    if gap <= 0.0:
        gap = b.first - a.last
        if gap > 0.0 and a.running:
            gap = b.first - a.until(heard, b.first)
        if gap < 0.0:
            gap = 0.0
    if gap > kinds.window_s:
        return "time"
    same = a.camera == b.camera and a.same_camera(b)
    if same and kinds.match == "same":
        return Tie(_again(kinds, gap) * _there(a, b, kinds, gap), 0.0, "same", "camera", gap, 0.0)
    if kinds.order and kinds.order * (b.first - a.first) < -LEAD_S:
        kinds = UNLED_PAIRS[a.kind][b.kind]
    if same and kinds.faults == 1 and (kinds.blind or abs(a.first - b.first) > TURNED_S):
        return "kind"  # it sees nothing, or has long been turned
    if same and (a.place is None or b.place is None or kinds.faults):
        return Tie(kinds.likely * exp(-gap / kinds.lasts_s) / SEEN_EVERY_S, 0.0, kinds.match, "camera", gap, 0.0)
    if a.place is None or b.place is None:
        if a.site != b.site or kinds.faults == 2:
            return "place"
        rate = kinds.likely * SITE_ONLY * exp(-(gap + abs(a.first - b.first)) / kinds.lasts_s) / SEEN_EVERY_S
        return Tie(rate, 0.0, kinds.match, "site", gap, None)
    if kinds.faults == 2:
        return "place"
    if distance is None:
        distance = metres(a.place, b.place)
    place: PlaceMatch = "camera" if same else "distance"
    return _by_distance(a, b, distance, a.place.radius_m, b.place.radius_m, kinds, gap, place)


def _again(kinds: Pair, gap: float) -> float:
    """The rate at which one camera sees again what it has lost."""
    soon = AGAIN * exp(-gap / AGAIN_EVERY_S) / AGAIN_EVERY_S
    return max(soon, AGAIN * exp(-gap / kinds.lasts_s) / SEEN_EVERY_S) if kinds.ebbs else soon


def _there(a: Trail, b: Trail, kinds: Pair, gap: float) -> float:
    """What is left of that where it sees it somewhere else: one camera's errors of place are alike."""
    here, there = a.place, b.place
    if here is there or here is None or there is None or (here.lat == there.lat and here.lon == there.lon):
        return 1.0
    beyond = metres(here, there) - OPEN_SHARE * hypot(here.radius_m, there.radius_m)
    if beyond <= 0.0:
        return 1.0
    wide = ALIKE * kinds.extent_m + min(kinds.speed * gap, MAX_MOVE_M)
    return exp(-beyond * beyond / (2.0 * wide * wide))


def _by_distance(
    a: Trail, b: Trail, distance: float, radius_a: float, radius_b: float, kinds: Pair, gap: float, place: PlaceMatch
) -> Tie | Refusal:
    open_m = OPEN_SHARE * hypot(
        radius_a if radius_a < MAX_UNCERTAINTY_M else MAX_UNCERTAINTY_M,
        radius_b if radius_b < MAX_UNCERTAINTY_M else MAX_UNCERTAINTY_M,
    )
    beyond = distance - open_m if distance > open_m else 0.0
    if beyond > kinds.reach_m:
        return "distance"
    move = kinds.speed * gap
    wide = kinds.extent_m + (move if move < MAX_MOVE_M else MAX_MOVE_M)
    # What may be anywhere within a wider circle is less likely before this one camera: the density falls with the area,
    # or with the length of a road.
    moved, vague = kinds.extent_m / wide, VAGUE_M / open_m if open_m > VAGUE_M else 1.0
    spread, squared = vague * vague * (moved if kinds.road else moved * moved), -beyond * beyond
    nearness = spread * exp(squared / (2.0 * wide * wide))
    if a.kind is REPORT and b.kind is not REPORT:
        # A post hears of its whole area, whatever the place: the density there against an even one.
        variance = wide * wide + open_m * open_m
        density = exp(-distance * distance / (2.0 * variance)) / (2.0 * pi * variance)
        nearness = min(1.0, POST_M * POST_M * density)
    fades = exp(-gap / kinds.lasts_s) / SEEN_EVERY_S
    apart = kinds.apart * exp(squared / _APART)
    rate = kinds.likely * fades * nearness
    if a.kind is b.kind is not REPORT and (parted := abs(a.first - b.first)) < SUDDEN_S:
        if kinds.far > 1.0:
            far = vague / kinds.far * exp(-((beyond / (2.0 * kinds.far * kinds.extent_m)) ** 2))
            nearness = max(nearness, far * far)
        rate += nearness * exp(-parted / ONSET_S) / ONSET_S
    return Tie(rate, fades * apart, kinds.match, place, gap, distance)


def metres(a: Location, b: Location) -> float:
    """On the local tangent plane: within 0.1% of the great circle below 100 km."""
    north, turned = (a.lat - b.lat) * METRES_PER_DEGREE, a.lon - b.lon + 180.0
    if turned < 0.0 or turned >= 360.0:
        turned %= 360.0
    east = (turned - 180.0) * METRES_PER_DEGREE * cos(radians(a.lat))
    return sqrt(north * north + east * east)


REACH_M: dict[Kind, float] = {
    a: max(kinds.reach_m for kinds in PAIRS[a].values()) + OPEN_SHARE * sqrt(2) * MAX_UNCERTAINTY_M for a in KINDS
}
"""How far from an event of a kind anything tied to it can be."""
WINDOW_S: dict[Kind, float] = {a: max(kinds.window_s for kinds in PAIRS[a].values()) for a in KINDS}
"""How long before or after it, likewise."""
