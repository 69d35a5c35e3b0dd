"""A vehicle goes against the traffic of its place: against what the camera has learned, or against a set direction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from contract.events import Measure
from edge_agent.core.flow_field import NEAR, apart
from edge_agent.core.geometry import in_frame, inside
from edge_agent.core.movers import SURE, Mover, Place, gone
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Finding, Point

EPISODES = Episodes(min_duration_s=0.0, end_after_s=3.0, cooldown_s=10.0)
RARE, OTHERS = 0.05, 0.6
"""Against the traffic is a way that at most RARE of the vehicles have gone here, where OTHERS or more went the other
way."""
SLOWEST = 0.4
"""Box lengths a second: slower is manoeuvring."""
PATIENCE_S = 2.0
"""So long a vehicle may be slow, hidden or where nothing is known, and still be on the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWayRule(Rule):
    """A vehicle goes against the traffic for `distance_lengths` of its own length in `zone` (None: anywhere), for at
    least min_s. direction_deg: the right way as seen in the picture, clockwise from up; None: what was learned."""

    zone: str | None = None
    classes: tuple[str, ...] = ("car", "motorcycle", "bus", "truck")
    min_height: float = 0.03
    direction_deg: float | None = None
    distance_lengths: float = 4.0
    min_s: float = 1.5
    kind: Literal["wrong_way"] = "wrong_way"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "direction_deg": (0, 360),
        "distance_lengths": (0.5, 1000),
    }


@dataclass(slots=True)
class _Way:
    """One vehicle against the traffic, from `start` on; last: when it was last seen to be."""

    start: Place
    last: float
    others: float


class WrongWay:
    """One finding for each vehicle that is going against the traffic."""

    def __init__(self, rule: WrongWayRule, polygon: tuple[Point, ...], traffic: Traffic) -> None:
        self._rule = rule
        self._polygon = polygon
        self._traffic = traffic
        self._keeps = traffic.owned_by(self)
        self._ways: dict[int, _Way] = {}
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """The farthest anyone goes against the traffic, as a share of distance_lengths."""
        return self._score

    def memory(self) -> dict[str, NDArray[np.generic]]:
        return self._traffic.memory() if self._keeps else {}

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        self._traffic.recall(memory)

    def step(self, view: View) -> tuple[Finding, ...]:
        movers = self._traffic.look(view)
        self._ways = {n: way for n, way in self._ways.items() if not exceeded(view.t - way.last, PATIENCE_S)}
        mine = {figure.id for figure in counted(self._rule, view.figures)}
        findings = []
        self._score = 0.0
        for mover in movers:
            if mover.figure.id not in mine or view.held:
                continue
            way = self._follow(mover, view.t)
            if way is None:
                continue
            far = gone(way.start, mover.last)
            self._score = max(self._score, far / self._rule.distance_lengths)
            if far >= self._rule.distance_lengths and reached(view.t - way.start.t, self._rule.min_s):
                findings.append(self._finding(mover, way, far, view.t))
        return tuple(findings)

    def _follow(self, mover: Mover, t: float) -> _Way | None:
        """The way this vehicle is on against the traffic, if it is."""
        way = self._ways.get(mover.serial)
        others = self._others(mover, t)
        if others is None:
            return way
        if others <= 0:
            self._ways.pop(mover.serial, None)
            return None
        if way is None:
            way = self._ways[mover.serial] = _Way(mover.then, t, others)
        way.last, way.others = t, others
        return way

    def _others(self, mover: Mover, t: float) -> float | None:
        """The share of the traffic that goes the other way, 1 where a direction is set; 0: the vehicle goes with it, or
        as some do. None: nothing can be told."""
        if not inside(self._polygon, in_frame(mover.figure.foot)):
            return None
        if mover.heading is None or mover.way < SURE or (mover.speed or 0.0) < SLOWEST:
            return None
        if self._rule.direction_deg is not None:
            return 1.0 if apart(mover.heading, self._rule.direction_deg) >= 180.0 - NEAR else 0.0
        if not self._traffic.knows:
            return None
        share = self._traffic.field.share(mover.figure.foot, self._traffic.hour(t), mover.heading)
        if share is None:
            return None
        along, against = share
        return against if along <= RARE and against >= OTHERS else 0.0

    def _finding(self, mover: Mover, way: _Way, far: float, t: float) -> Finding:
        measures = [
            Measure(name="wrong_distance", value=far, threshold=self._rule.distance_lengths, unit="lengths"),
            Measure(name="others_way", value=way.others, threshold=OTHERS),
            Measure(name="heading", value=mover.heading or 0.0, unit="deg"),
        ]
        metres = self._traffic.metres_a_second(mover)
        if metres is not None:
            measures.append(Measure(name="speed", value=3.6 * metres, unit="km/h"))
        elif mover.speed is not None:
            measures.append(Measure(name="speed", value=mover.speed, unit="lengths/s"))
        return Finding(
            key=str(mover.serial),
            confidence=min(1.0, 0.5 + 0.5 * (far / self._rule.distance_lengths - 1.0)) * way.others,
            subjects=subjects([mover.figure]),
            measures=tuple(measures),
            since=t,
        )
