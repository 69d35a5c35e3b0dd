"""A vehicle has come and stands where vehicles do not usually stand.

How long it must stand depends on what is known. Where the place is known (edge_agent.core.flow_field), after_s, or
LONGER times what is usual there: a red light, a bus stop and a parking bay are learned by how long vehicles stand at
them. Where it is not known yet, UNKNOWN times after_s, longer than most red lights. A car that braked hard and had just
met another road user has crashed: crash_after_s, unless standing is usual there. A vehicle that stands behind or beside
others that stood before it is in a queue, and one that was there from the start is parked.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from contract.events import Measure
from edge_agent.core.movers import Mover, between
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Finding, Point

EPISODES = Episodes(min_duration_s=0.0, end_after_s=10.0, cooldown_s=30.0, update_every_s=30.0)
UNKNOWN, LONGER = 6.0, 2.0
"""Times after_s, and times what is usual."""
CRASH_BRAKING, ABRUPT = 1.2, 2.0
"""Box lengths a second squared; 1 is about 2.5 m/s^2 for a car. Of vehicles that came to stand on the development clips
nine in ten did less than 0.7; of the two that crashed, at 3 to 15 looks a second, one 1.2 to 1.6 and the other 1.4 and
more. A stop of ABRUPT without a collision that was seen needs no more than after_s."""
CRASH_HEIGHT = 0.08
"""Share of the picture's height below which a box says too little of how its vehicle stopped."""
STILL = 0.15
"""Box lengths a second: what is faster than that when its time has come drives away from the camera, slowly as it seems
from there."""
CRASH_LATE_S, CRASHES = 1.5, 64
"""A crash that the look before could have told so long after its time is none any more: who was taken to queue until
then goes on queueing, and who was hidden stands as in a place that is not known. So many that were seen are
remembered."""
QUEUE = 1.5
"""Box lengths between two vehicles of one queue, at most."""
WHEELS = frozenset({"car", "bus", "truck"})
"""Who can be told to have crashed by how it stops: a motorcycle slips through standing cars and stops at will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedVehicleRule(Rule):
    """A vehicle stands in `zone` (None: anywhere) where vehicles do not usually stand. One episode a vehicle."""

    zone: str | None = None
    classes: tuple[str, ...] = ("car", "motorcycle", "bus", "truck")
    min_height: float = 0.05
    after_s: float = 20.0
    crash_after_s: float = 1.5
    kind: Literal["stopped_vehicle"] = "stopped_vehicle"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "after_s": (1, 86_400),
        "crash_after_s": (1, 86_400),
    }


@dataclass(frozen=True, slots=True)
class _Case:
    """Why a vehicle may be reported: it must stand for patience_s. usual_s: None where the place is not known."""

    patience_s: float
    usual_s: float | None
    crashed: bool


class StoppedVehicle:
    """One finding a vehicle that has stood for its time."""

    def __init__(self, rule: StoppedVehicleRule, polygon: tuple[Point, ...], traffic: Traffic) -> None:
        self._rule = rule
        self._polygon = polygon
        self._traffic = traffic
        self._keeps = traffic.owned_by(self)
        self._score: float | None = None
        self._crashed: deque[int] = deque(maxlen=CRASHES)
        self._looked = float("-inf")

    @property
    def score(self) -> float | None:
        """The longest stand, as a share of the time it takes."""
        return self._score

    def memory(self) -> dict[str, NDArray[np.generic]]:
        return self._traffic.memory() if self._keeps else {}

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        self._traffic.recall(memory)

    def step(self, view: View) -> tuple[Finding, ...]:
        movers = self._traffic.look(view)
        mine = {figure.id for figure in view.there(counted(self._rule, view.figures), self._polygon)}
        findings = []
        self._score, looked = 0.0, self._looked
        if not view.held:
            self._looked = view.t
        for mover in movers:
            stood = mover.stands(view.t)
            if not stood or mover.figure.id not in mine:
                continue
            untold = mover.serial not in self._crashed
            late = untold and exceeded(looked - mover.since, self._rule.crash_after_s + CRASH_LATE_S)
            case = self._case(mover, movers, view.aspect, late)
            if case is None:
                continue
            self._score = max(self._score, stood / case.patience_s)
            if reached(stood, case.patience_s) and (mover.speed or 0.0) <= STILL:
                if case.crashed and untold:
                    if view.held:  # who is too small to stir the picture seems to stand while nobody looks
                        continue
                    self._crashed.append(mover.serial)
                findings.append(_finding(mover, case, stood, view.t))
        return tuple(findings)

    def _case(self, mover: Mover, movers: tuple[Mover, ...], aspect: float, late: bool) -> _Case | None:
        """late: it is too late to tell a crash."""
        usual = self._traffic.field.usual_stand(mover.figure.foot) if self._traffic.knows else None
        if not mover.came and usual is None:
            return None
        large = mover.figure.cls in WHEELS and mover.figure.height >= CRASH_HEIGHT and mover.came
        met = large and mover.collided is not None and mover.plain(self._traffic.strong)
        hit = met and mover.braking >= CRASH_BRAKING and not usual
        crashed = hit and not late
        if any(_holds_up(other, mover, crashed, aspect) for other in movers):
            return None
        if crashed:
            return _Case(self._rule.crash_after_s, usual, True)
        if usual is not None:
            return _Case(max(self._rule.after_s, LONGER * usual), usual, False)
        abrupt = large and not hit and mover.plain(self._traffic.strong) and mover.braking >= ABRUPT
        return _Case(self._rule.after_s * (1.0 if abrupt else UNKNOWN), None, False)


def _holds_up(other: Mover, mover: Mover, crashed: bool, aspect: float) -> bool:
    """Whether the other, which has come too, stood there before: then this one queues."""
    if other.since > mover.since or other is mover or not other.came or not other.stands(other.last.t):
        return False
    if crashed and other.serial == mover.collided:
        return False
    older = (other.since, other.serial) < (mover.since, mover.serial)
    return older and between(other, mover, aspect) <= QUEUE


def _finding(mover: Mover, case: _Case, stood: float, t: float) -> Finding:
    measures = [Measure(name="stood", value=stood, threshold=case.patience_s, unit="s")]
    if case.usual_s is not None:
        measures.append(Measure(name="usual_stand", value=case.usual_s, unit="s"))
    if mover.came:
        threshold = CRASH_BRAKING if case.crashed else None
        measures.append(Measure(name="braking", value=mover.braking, threshold=threshold, unit="lengths/s2"))
    if case.crashed:
        measures.append(Measure(name="collided", value=mover.hit_s, unit="s"))
    return Finding(
        key=str(mover.serial),
        confidence=min(1.0, 0.5 * stood / case.patience_s),
        subjects=subjects([mover.figure]),
        measures=tuple(measures),
        since=min(t, mover.since + case.patience_s),
    )
