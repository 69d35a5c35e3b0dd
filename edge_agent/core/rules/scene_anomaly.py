"""Something that this camera has not seen: unusually fast, large, small or differently shaped for its place, going an
unusual way, of an unusual class, at an unusual place or hour.

Each figure gathers evidence while it is followed: how far each of its attributes is from what is usual where it is
(edge_agent.core.normality), averaged over a second, as a rarity (edge_agent.core.surprise). Independent families
(movement, form, class, whereabouts) add up. The most unusual figure makes the picture's score, and that again is
measured against how often this camera's picture scores so high. So a score means the same at every camera: 5 is what
normal footage shows once in 100 000 s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp
from typing import ClassVar, Literal

import numpy as np

from contract.events import Measure
from edge_agent.core.geometry import in_frame
from edge_agent.core.normality import Sample, cell_of, group_of
from edge_agent.core.rules.base import Memory, subjects
from edge_agent.core.rules.scene_cases import (
    DRAWN,
    Array,
    Case,
    Judged,
    average,
    channels,
    deviations,
    explain,
    levels,
    rows,
    since_seen,
)
from edge_agent.core.rules.scene_knowledge import Knowledge, Lot
from edge_agent.core.sightings import Sighting, Sightings
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import LOOK_S, exceeded
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Finding, Point

HOLD_S = 5.0
"""Once unusual, a figure stays so while it is followed; that fades over this time."""
LEFT_S, HIDDEN_S, BORDER = 0.3, 1.0, 0.03
"""Who is not seen any more fades over these times: LEFT_S where the box was within BORDER of the frame's border, else
HIDDEN_S, since nobody vanishes in the middle of the picture."""
PRESENT_S = 1.0
STAY_S, STAY_WEIGHT = 3.0, 0.02
"""Who stays at a place longer adds little more to what is usual there: a parked car is one car."""
PENDING = 128
EPISODES = Episodes(cooldown_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneAnomalyRule(Rule):
    """Something in `zone` is unlike all that was seen there. Says nothing before it has watched for `learn_s`.

    classes: none named, all. rarity: -log10 of the share of time in which normal footage scores so high. learn: False
    keeps what is known as it is. memory_days: what is older counts for less.
    """

    zone: str | None = None
    classes: tuple[str, ...] = ()
    rarity: float = 5.0
    learn: bool = True
    learn_s: float = 90.0
    memory_days: float = 14.0
    kind: Literal["scene_anomaly"] = "scene_anomaly"
    episodes: Episodes = EPISODES
    limits: ClassVar = {"rarity": (1.0, 20.0), "learn_s": (10.0, 10_000_000.0), "memory_days": (0.01, 3650.0)}


class SceneAnomaly:
    """Learns with every look while the rule allows it, and judges from `learn_s` on. A figure is put aside until it has
    gone and learned later still, so that nothing is judged by itself."""

    needs_view = True

    def __init__(self, rule: SceneAnomalyRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._polygon = polygon
        self._everywhere = rule.zone is None
        self._sightings = Sightings()
        self._known = Knowledge(rule.learn_s, rule.memory_days)
        self._cases: dict[FigureId, Case] = {}
        self._t = float("-inf")
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """Rarity of what is in the picture; None before enough has been learned."""
        return self._score

    @property
    def progress(self) -> float:
        """How much of what is needed has been learned, 0..1."""
        return self._known.progress

    def step(self, view: View) -> tuple[Finding, ...]:
        dt = view.t - self._t if self._t > float("-inf") else 0.0
        self._t = view.t
        known_dt = 0.0 if exceeded(dt, LOOK_S) else dt
        hour = self._hour(view.t)
        here = list(filter(self._counts, view.figures))
        if not self._everywhere:
            here = view.there(here, self._polygon)
        figures = sorted(here, key=lambda figure: (figure.box, figure.cls, figure.id))
        if view.held:
            for figure in figures:
                if figure.id in self._cases:
                    self._cases[figure.id].t = view.t
        else:
            self._look(figures, view, hour)
        self._close(view.t)
        top = self._top(view.t)
        if self._rule.learn:
            if known_dt > 0:
                self._known.watch(view.t, known_dt, hour, {group_of(figure.cls) for figure in figures}, top)
            self._known.pass_time(view.t)
        self._score = None
        if self.progress < 1.0:
            return ()
        self._score = self._known.rarity_of(top)
        return self._finding(view)

    def memory(self) -> Memory:
        """`progress`: how much of what is needed has been learned, 0..1."""
        return self._known.arrays(Lot(case.peak, tuple(case.pending)) for case in self._cases.values())

    def recall(self, memory: Memory) -> None:
        self._known.take(memory)

    def _counts(self, figure: Figure) -> bool:
        rule = self._rule
        return (
            (not rule.classes or figure.cls in rule.classes)
            and figure.score >= rule.min_score
            and figure.height > 0
            and figure.height >= rule.min_height
        )

    def _hour(self, t: float) -> float:
        local = datetime.fromtimestamp(t, self._rule.schedule.zone or UTC)
        return local.hour + local.minute / 60

    def _look(self, figures: list[Figure], view: View, hour: float) -> None:
        sightings = self._sightings.step(figures, view)
        if not sightings:
            return
        places = np.array([in_frame(sighting.figure.foot) for sighting in sightings], np.float64)
        groups = np.array([group_of(sighting.figure.cls) for sighting in sightings], np.int64)
        usual = self._known.normal.usual(places, groups, hour)
        cases = [self._case(sighting.figure, view.t) for sighting in sightings]
        dt, new = since_seen(sightings), np.array([sighting.values for sighting in sightings])
        raw = channels(*average(cases, deviations(sightings, new, usual, self._known.normal, hour), dt))
        rare = self._known.rarity.surprise(raw)
        rare[:, DRAWN] = np.minimum(rare[:, DRAWN], raw[:, DRAWN])
        latest = np.where(np.isnan(new), rows([case.latest for case in cases]), new)
        for index, (case, level, ago) in enumerate(zip(cases, levels(rare).tolist(), dt.tolist(), strict=True)):
            case.figure, case.t = sightings[index].figure, view.t
            case.latest = latest[index]
            case.level *= exp(-ago / HOLD_S)
            if level >= case.level:
                case.level = level
                case.judged = Judged(sightings[index], case.latest, rare, usual, index, hour)
            if self._rule.learn:
                self._note(case, sightings[index], raw[index], hour)

    def _case(self, figure: Figure, t: float) -> Case:
        case = self._cases.get(figure.id)
        if case is None:
            case = self._cases[figure.id] = Case(figure, t)
        return case

    def _top(self, t: float) -> float:
        return max((_faded(case, t) for case in self._cases.values()), default=0.0)

    def _note(self, case: Case, sighting: Sighting, raw: Array, hour: float) -> None:
        """Puts aside what this look says, until the figure has gone."""
        dt = min(sighting.dt, LOOK_S)
        case.peak = max(case.peak, case.level)
        if dt <= 0:
            return
        cell = cell_of(*in_frame(sighting.figure.foot))
        case.stayed_s = case.stayed_s + dt if cell == case.cell else dt
        case.cell = cell
        weight = STAY_WEIGHT if exceeded(case.stayed_s, STAY_S) else 1.0
        case.pending.append(
            (Sample(cell, sighting.figure.cls, sighting.values, sighting.sector, hour, dt * weight), raw)
        )
        if len(case.pending) > PENDING:
            self._known.put(case.t, Lot(case.peak, (case.pending.popleft(),)))

    def _close(self, t: float) -> None:
        """Figures that have been gone for LOOK_S are learned and forgotten."""
        for name in [name for name, case in self._cases.items() if exceeded(t - case.t, LOOK_S)]:
            case = self._cases.pop(name)
            self._known.put(t, Lot(case.peak, tuple(case.pending)))

    def _finding(self, view: View) -> tuple[Finding, ...]:
        score = self._score
        if score is None or score < self._rule.rarity:
            return ()
        odd = [
            case
            for case in self._cases.values()
            if not exceeded(view.t - case.t, PRESENT_S) and self._known.rarity_of(case.level) >= self._rule.rarity
        ]
        if not odd:
            return ()
        worst = max(odd, key=lambda case: (case.level, case.figure.box))
        measures = explain(worst.judged) if worst.judged is not None else ()
        return (
            Finding(
                key="",
                confidence=1.0 - 10.0 ** (self._rule.rarity - score - 0.3),
                subjects=subjects(case.figure for case in odd),
                measures=(Measure(name="rarity", value=score, threshold=self._rule.rarity), *measures),
                since=view.t,
            ),
        )


def _faded(case: Case, t: float) -> float:
    return case.level if case.t == t else case.level * exp((case.t - t) / _lasts(case.figure))


def _lasts(figure: Figure) -> float:
    x1, y1, x2, y2 = figure.box
    return LEFT_S if min(x1, y1, 1.0 - x2, 1.0 - y2) < BORDER else HIDDEN_S
