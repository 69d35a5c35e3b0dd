"""Traffic in a zone is slow and stays slow: not a queue that the next green light clears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from contract.events import Measure
from edge_agent.core.movers import Mover
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import LOOK_S, exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Finding, Point

LEVELS = (0.85, 0.67, 0.50, 0.40, 0.30)
"""Speed as a share of free flow above which the level of service is A, B, C, D, E, else F (Highway Capacity Manual
2010, exhibit 16-4, urban streets)."""
EPISODES = Episodes(min_duration_s=0.0, end_after_s=30.0, cooldown_s=60.0, update_every_s=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CongestionRule(Rule):
    """At least min_vehicles in `zone` (None: the whole picture) have been slow for after_s; flowing for less than
    clear_s in between does not count.

    Slow: on average below slow_share of the free flow that was learned where they are; where that is not known, below
    slow_kmh with a calibrated camera, else below slow_lengths box lengths a second.
    """

    zone: str | None = None
    classes: tuple[str, ...] = ("car", "motorcycle", "bus", "truck")
    after_s: float = 180.0
    clear_s: float = 15.0
    min_vehicles: int = 5
    slow_share: float = 0.4
    slow_kmh: float = 15.0
    slow_lengths: float = 0.3
    kind: Literal["congestion"] = "congestion"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "min_vehicles": (1, 1000),
        "slow_share": (0.05, 1),
        "slow_kmh": (0.1, 200),
        "slow_lengths": (0.01, 10),
    }


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the traffic does now. value against limit in `unit`; ratio: of free flow, where that is known."""

    vehicles: tuple[Mover, ...]
    value: float
    limit: float
    unit: str
    ratio: float | None

    @property
    def slow(self) -> bool:
        return self.value <= self.limit


class Congestion:
    """One finding for the zone; its subjects are the vehicles in it."""

    def __init__(self, rule: CongestionRule, polygon: tuple[Point, ...], traffic: Traffic) -> None:
        self._rule = rule
        self._polygon = polygon
        self._traffic = traffic
        self._keeps = traffic.owned_by(self)
        self._since: float | None = None
        self._slow = float("-inf")
        self._looked = float("-inf")
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """How long it has been slow, as a share of after_s."""
        return self._score

    def memory(self) -> dict[str, NDArray[np.generic]]:
        return self._traffic.memory() if self._keeps else {}

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        self._traffic.recall(memory)

    def step(self, view: View) -> tuple[Finding, ...]:
        movers = self._traffic.look(view)
        mine = {figure.id for figure in view.there(counted(self._rule, view.figures), self._polygon)}
        here = tuple(mover for mover in movers if mover.figure.id in mine)
        flow = self._flow(here, view.t)
        slow = flow is not None and flow.slow
        patience = max(self._rule.clear_s, LOOK_S if self._slow == self._looked else 0.0)
        if self._since is not None and exceeded(view.t - self._slow, patience):
            self._since = None
        if slow:
            self._since = view.t if self._since is None else self._since
            self._slow = view.t
        self._looked = view.t
        lasted = 0.0 if self._since is None else self._slow - self._since
        self._score = lasted / max(self._rule.after_s, 1e-3)
        if flow is None or not slow or self._since is None or not reached(lasted, self._rule.after_s):
            return ()
        return (self._finding(flow, lasted, min(view.t, self._since + self._rule.after_s)),)

    def _flow(self, here: Sequence[Mover], t: float) -> _Flow | None:
        """None where too few are there. What was parked from the start is no traffic."""
        going = [(mover, speed) for mover in here if (speed := mover.speed) is not None and mover.counts(t)]
        if len(going) < self._rule.min_vehicles:
            return None
        vehicles = tuple(mover for mover, _ in going)
        field = self._traffic.field
        usual = [field.free_speed(mover.figure.foot) if self._traffic.knows else None for mover in vehicles]
        ratios = [min(speed / free, 1.0) for (_, speed), free in zip(going, usual, strict=True) if free is not None]
        if 2 * len(ratios) >= len(going):
            ratio = sum(sorted(ratios)) / len(ratios)
            return _Flow(vehicles, ratio, self._rule.slow_share, "", ratio)
        metres = [m for mover in vehicles if (m := self._traffic.metres_a_second(mover)) is not None]
        if metres and 2 * len(metres) >= len(going):
            return _Flow(vehicles, 3.6 * sum(sorted(metres)) / len(metres), self._rule.slow_kmh, "km/h", None)
        mean = sum(sorted(speed for _, speed in going)) / len(going)
        return _Flow(vehicles, mean, self._rule.slow_lengths, "lengths/s", None)

    def _finding(self, flow: _Flow, lasted: float, since: float) -> Finding:
        measures = [
            Measure(name="slow_for", value=lasted, threshold=self._rule.after_s, unit="s"),
            Measure(name="vehicles", value=float(len(flow.vehicles)), threshold=float(self._rule.min_vehicles)),
        ]
        if flow.ratio is not None:
            measures.append(Measure(name="of_free_flow", value=flow.ratio, threshold=flow.limit))
            measures.append(Measure(name="level_of_service", value=float(level_of_service(flow.ratio))))
        else:
            measures.append(Measure(name="speed", value=flow.value, threshold=flow.limit, unit=flow.unit))
        return Finding(
            key="",
            confidence=min(1.0, 0.5 + 0.5 * (1.0 - flow.value / max(flow.limit, 1e-6))),
            subjects=subjects(mover.figure for mover in flow.vehicles),
            measures=tuple(measures),
            since=since,
        )


def level_of_service(ratio: float) -> int:
    """1 (A) to 6 (F)."""
    return 1 + sum(ratio <= level for level in LEVELS)
