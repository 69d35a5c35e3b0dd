"""How well two traces of activity tell of one incident: kind × time × distance, each factor 0..1 and symmetric."""

from dataclasses import dataclass, field
from typing import Literal

from aggregator.core.space import distance_m, uncertainty_m
from contract.events import Location
from contract.kinds import KINDS, Kind

KindMatch = Literal["same", "family", "related"]
PlaceMatch = Literal["camera", "distance", "site"]
Refusal = Literal["kind", "time", "distance", "place", "score"]

SAME_FAMILY = 0.85
RELATED: dict[frozenset[str], float] = {
    frozenset({"report", "people"}): 0.8,
    frozenset({"report", "fire"}): 0.8,
    frozenset({"report", "traffic"}): 0.8,
    frozenset({"report", "object"}): 0.8,
    frozenset({"report", "trespass"}): 0.8,
    frozenset({"report", "scene"}): 0.8,
    frozenset({"scene", "people"}): 0.6,
    frozenset({"scene", "fire"}): 0.6,
    frozenset({"scene", "traffic"}): 0.6,
    frozenset({"scene", "object"}): 0.6,
    frozenset({"fire", "people"}): 0.5,
    frozenset({"fire", "traffic"}): 0.6,
}
"""Families that can tell of one incident although they differ. A camera's own faults are in no pair."""

FADE = 0.5
"""What is left of the time and the distance factor at the edge of the window and of the radius."""
SITE_ONLY = 0.6
"""The distance factor where only the site is known to be the same."""
LINK_SCORE = 0.5
"""Below this two traces are two incidents: at the edge of the window *and* of the radius is too far. How it was chosen
is in docs/design/correlation.md."""
MAX_UNCERTAINTY_M = 200.0


@dataclass(slots=True)
class Trail:
    """One camera's continuous activity of one kind: the hull in time of its episodes, within one incident."""

    site: str
    camera: str
    kind: Kind
    place: Location | None
    first: float
    last: float
    incident: str = ""
    key: int = field(default=0, compare=False)

    def same_camera(self, other: "Trail") -> bool:
        return self.camera == other.camera and self.site == other.site


@dataclass(frozen=True, slots=True)
class Link:
    """Why an event belongs to its incident: the score and what it was made of.

    kind: "first" for an incident's first event, "episode" where an earlier event of the episode was there already.
    time_s: gap between the two; distance_m: None where a place is not known. other: the camera it was linked to.
    """

    score: float
    kind: Literal["first", "episode"] | KindMatch
    place: PlaceMatch | None = None
    time_s: float | None = None
    distance_m: float | None = None
    other: str | None = None


FIRST = Link(1.0, "first")
EPISODE = Link(1.0, "episode")


def affinity(a: Kind, b: Kind) -> float:
    """0 where the kinds never tell of one incident."""
    if a == b:
        return 1.0
    family_a, family_b = KINDS[a].family, KINDS[b].family
    return SAME_FAMILY if family_a == family_b else RELATED.get(frozenset({family_a, family_b}), 0.0)


_AFFINITY: dict[tuple[Kind, Kind], float] = {(a, b): affinity(a, b) for a in KINDS for b in KINDS}


def window_s(a: Kind, b: Kind) -> float:
    """The longer of the two windows: the kind that lasts or is reported late decides."""
    return max(KINDS[a].window_s, KINDS[b].window_s)


def radius_m(a: Kind, b: Kind) -> float:
    return max(KINDS[a].radius_m, KINDS[b].radius_m)


REACH_M: dict[Kind, float] = {
    a: max(radius_m(a, b) for b in KINDS if _AFFINITY[a, b] > 0) + 2 * MAX_UNCERTAINTY_M for a in KINDS
}
"""How far from an event of a kind anything linked to it can be."""


def compare(a: Trail, b: Trail) -> Link | Refusal:
    """The link between two traces, or what forbids it. `other` names b's camera."""
    kinds = _AFFINITY[a.kind, b.kind]
    if kinds == 0:
        return "kind"
    gap = max(0.0, a.first - b.last, b.first - a.last)
    window = window_s(a.kind, b.kind)
    if gap > window:
        return "time"
    near = _nearness(a, b)
    if isinstance(near, str):
        return near
    place, factor, distance = near
    score = kinds * (1 - (1 - FADE) * gap / window) * factor
    if score < LINK_SCORE:
        return "score"
    match: KindMatch = "same" if kinds == 1 else "family" if kinds == SAME_FAMILY else "related"
    return Link(round(score, 4), match, place, round(gap, 3), distance, f"{b.site}/{b.camera}")


def _nearness(a: Trail, b: Trail) -> tuple[PlaceMatch, float, float | None] | Refusal:
    """(what matched, factor 0..1, metres), or why the places do not match."""
    if a.same_camera(b):
        return "camera", 1.0, 0.0
    if KINDS[a.kind].family == "camera":
        return "place"
    if a.place is None or b.place is None:
        return ("site", SITE_ONLY, None) if a.site == b.site else "place"
    distance = distance_m(a.place, b.place)
    apart = max(0.0, distance - uncertainty_m(a.place, b.place, MAX_UNCERTAINTY_M))
    reach = radius_m(a.kind, b.kind)
    if apart > reach:
        return "distance"
    return "distance", 1 - (1 - FADE) * (apart / reach if reach else 0.0), round(distance, 1)
