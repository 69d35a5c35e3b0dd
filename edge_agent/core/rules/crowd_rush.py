"""Many begin to run at once: all one way, or asunder."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import ClassVar, Literal

import numpy as np

from contract.events import Measure
from edge_agent.core.body_line import BodyLine
from edge_agent.core.calibration import Ground
from edge_agent.core.commotion import Commotion, Movers, commotion
from edge_agent.core.geometry import inside
from edge_agent.core.pace import BODY_M, Pace, Pacer
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.rush_pixels import COLUMNS, ROWS, RushPixels
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import LOOK_S, exceeded, reached
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box, Finding, Point

VEHICLES = frozenset({"car", "bus", "truck", "train", "motorcycle", "bicycle", "boat", "airplane", "horse"})
CYCLES = frozenset({"motorcycle", "bicycle", "horse"})
SLOW = 0.3
"""Bodies/s below which nobody moves."""
FASTEST = 4.5
"""Bodies/s (7.6 m/s): what is faster is no crowd on foot."""
SHARE = 0.15
"""Of all who move, so many run at least."""
SPREAD = 1.0
"""Body heights from their middle, root mean square: one who runs close to the camera is not many."""
USUAL_S = 60.0
"""Time constant of how many usually run here."""
KNOWN_S = 4.0
"""Nothing is sudden before the place has been watched for so long."""
COMMON, APART = 0.65, 0.5
"""From here on they run one way, or asunder. Directions all around give 0.65 by chance once in 100 among ten people."""
TOGETHER_S = 10.0
"""So many people as make a rush must have been seen at once within this time: pixels alone are anything that moves."""
WALK_ON = 0.8
"""Where this share of those who were seen together is still followed and walks on, nobody flees: what runs there is
rain, or an insect on the lens. In rendered rushes up to 0.75 of them are still taken for walkers when it is told."""
LASTS_S = 1.0
"""Of the looks of this time, from the first at which they ran, more than half must show it: a crowd does not stop and
run on, while cloth in the wind flows one way now and then."""
RIDES = 0.3
"""A person whose box is covered to this share by a cycle's rides it."""


EPISODES = Episodes(min_duration_s=0.6, end_after_s=5.0, cooldown_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdRushRule(Rule):
    """At least `people` run at `run_bodies_s` or faster, one way or asunder, and they are `rise` times as many as
    usually run here."""

    zone: str | None = None
    people: int = 5
    run_bodies_s: float = 1.4
    rise: float = 3.0
    kind: Literal["crowd_rush"] = "crowd_rush"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "people": (2, 10_000),
        "run_bodies_s": (0.5, 5.0),
        "rise": (1.0, 20.0),
    }


class CrowdRush:
    """score: runners against `people` or `rise` times the usual number, whichever is more; below 1 while they run
    neither one way nor asunder; from 1 on it is a rush."""

    def __init__(self, rule: CrowdRushRule, polygon: tuple[Point, ...], ground: Ground | None) -> None:
        self._rule = rule
        self._polygon = polygon
        self._pacer = Pacer(ground)
        middles = [
            [inside(polygon, ((c + 0.5) / COLUMNS, (r + 0.5) / ROWS)) for c in range(COLUMNS)] for r in range(ROWS)
        ]
        self._bodies = BodyLine()
        self._pixels = RushPixels(np.array(middles), self._bodies)
        self._usual = 0.0
        self._together = float("-inf")
        self._seen = 0
        self._ran: deque[tuple[float, bool]] = deque()
        self._since: float | None = None
        self._last = float("-inf")
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        return self._score

    def step(self, view: View) -> tuple[Finding, ...]:
        if exceeded(view.t - self._last, LOOK_S) or self._since is None:
            self._since = view.t
        dt = min(max(view.t - self._last, 0.0), LOOK_S)
        self._last = view.t
        vehicles = [figure for figure in view.figures if figure.cls in VEHICLES]
        people = [f for f in counted(self._rule, view.figures) if not _rides(f.box, vehicles)]
        present = tuple(view.there(people, self._polygon))
        paces = self._pacer.step(view, present)
        if view.held:
            self._score = 0.0
            return ()
        self._bodies.learn(people)
        self._pixels.learn(view, people, vehicles)
        if len(present) >= self._rule.people:
            self._together, self._seen = view.t, len(present)
        found = self._commotion(view, paces)
        self._score = self._judge(found)
        rushing = self._score >= 1.0 and reached(view.t - self._since, KNOWN_S)
        if not rushing:
            self._usual += (1 - exp(-dt / USUAL_S)) * (found.runners - self._usual)
        return (self._finding(view, found, present),) if self._lasts(view.t, rushing) else ()

    def _lasts(self, t: float, rushing: bool) -> bool:
        """Whether they run, and have for most of LASTS_S."""
        self._ran.append((t, rushing))
        while self._ran and (not self._ran[0][1] or exceeded(t - self._ran[0][0], LASTS_S)):
            self._ran.popleft()
        return rushing and 2 * sum(ran for _, ran in self._ran) > len(self._ran)

    def _judge(self, found: Commotion) -> float:
        score = found.runners / max(float(self._rule.people), self._rule.rise * self._usual)
        directed = found.common >= COMMON or found.apart >= APART
        return score if directed and found.share >= SHARE and found.spread >= SPREAD else min(score, 0.99)

    def _commotion(self, view: View, paces: Mapping[FigureId, Pace]) -> Commotion:
        """Of figures or of pixels, whichever shows more runners; speeds in bodies/s."""
        walks = list(zip(self._speeds(list(paces.values())), paces.values(), strict=True))
        people = self._people(walks)
        walking = sum(speed < self._rule.run_bodies_s for speed, _ in walks)
        if exceeded(view.t - self._together, TOGETHER_S) or walking >= WALK_ON * self._seen:
            return people
        pixels = self._pixels.commotion(view, self._rule.run_bodies_s, SLOW)
        if pixels is not None and pixels.runners > people.runners and pixels.speed <= FASTEST:
            return pixels
        return people

    def _people(self, paces: list[tuple[float, Pace]]) -> Commotion:
        """Of those who are followed one by one, with their speeds, in an order that does not hang on their ids."""
        walks = sorted((speed, p.velocity, p.at, p.height) for speed, p in paces if speed <= FASTEST)
        if not walks or walks[-1][0] < self._rule.run_bodies_s:
            return Commotion()
        speeds, heights = (np.array([walk[n] for walk in walks]) for n in (0, 3))
        velocities, places = (np.array([walk[n] for walk in walks], np.float64) for n in (1, 2))
        movers = Movers(np.ones(len(walks)), speeds, velocities, places, heights)
        return commotion(movers, self._rule.run_bodies_s, SLOW)

    def _speeds(self, paces: list[Pace]) -> list[float]:
        """Bodies/s on the ground: as calibrated, else with the foreshortening that the heights of people tell."""
        if self._pacer.unit == "m/s" or not paces:
            return [pace.speed / BODY_M for pace in paces]
        heights = np.array([pace.height for pace in paces])
        x, y = np.array([pace.velocity for pace in paces]).T
        speeds: list[float] = (np.hypot(x, y * self._bodies.stretch(heights)) / np.maximum(heights, 1e-6)).tolist()
        return speeds

    def _finding(self, view: View, found: Commotion, present: tuple[Figure, ...]) -> Finding:
        assert self._score is not None
        return Finding(
            key="",
            confidence=min(0.95, 0.5 + 0.3 * (self._score - 1)),
            subjects=subjects(present),
            measures=(
                Measure(name="runners", value=found.runners, threshold=float(self._rule.people)),
                Measure(name="usual_runners", value=self._usual),
                Measure(name="pace", value=found.speed, threshold=self._rule.run_bodies_s, unit="bodies/s"),
                Measure(name="one_way", value=found.common, threshold=COMMON),
                Measure(name="asunder", value=found.apart, threshold=APART),
            ),
            since=view.t,
        )


def _rides(box: Box, vehicles: list[Figure]) -> bool:
    """Whether a person's box is covered by a cycle's, or stands wholly in another vehicle's."""
    left, top, right, bottom = box
    area = (right - left) * (bottom - top)
    for vehicle in vehicles:
        x1, y1, x2, y2 = vehicle.box
        if x1 >= right or x2 <= left or y1 >= bottom or y2 <= top:
            continue  # Nearly all; the rest takes four calls.
        across, down = min(right, x2) - max(left, x1), min(bottom, y2) - max(top, y1)
        if across > 0 and down > 0 and across * down >= (RIDES if vehicle.cls in CYCLES else 0.9) * area:
            return True
    return False
