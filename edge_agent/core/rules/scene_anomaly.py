"""Something that this camera has not seen: unusually fast, large, small or differently shaped for its place, going an
unusual way, of an unusual class, at an unusual place or hour.

Each figure gathers evidence while it is followed: how far each of its attributes is from what is usual where it is
(edge_agent.core.normality), averaged over a second, as a rarity (edge_agent.core.surprise). Independent families
(movement, form, class, whereabouts) add up. The most unusual figure makes the picture's score, and that again is
measured against how often this camera's picture scores so high. So a score means the same at every camera: 5 is what
normal footage shows once in 100 000 s.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import exp, nan
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from contract.events import Measure
from edge_agent.core.geometry import in_frame, inside
from edge_agent.core.normality import SECTORS, Normality, Sample, Usual, cell_of, group_of
from edge_agent.core.rules.base import Memory, subjects
from edge_agent.core.sightings import Sighting, Sightings, settle
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.surprise import Rarity
from edge_agent.core.timing import LOOK_S, exceeded
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Finding, Point

CHANNELS = ("fast", "big", "small", "flat", "slim", "direction", "class", "place", "hour")
FLOORS = (0.3, 0.3, 0.3, 0.3, 0.3, 0.43, 0.43, 0.43, 0.43)
DRAWN = slice(5, 9)
"""Channels that are rarities already: what they say is never topped by their own history."""
SMOOTH_S = {"flow": 0.6, "path": 0.3, "form": 1.0, "class": 0.8}
RAMP_S = 0.6
HOLD_S = 5.0
"""Once unusual, a figure stays so while it is followed; that fades over this time."""
GONE_S = 0.3
BURN_IN_S = 60.0
"""Seconds of figures before rarities are learned: until then everything is unusual."""
LEAST_FIGURES_S = 300.0
ANOMALOUS_WEIGHT = 0.1
STAY_S, STAY_WEIGHT = 3.0, 0.02
"""Who stays at a place longer adds little more to what is usual there: a parked car is one car."""
PENDING = 128
SPREADS = 2.5
"""How many spreads from the mean the usual range of an explanation reaches."""
FADE_EVERY_S = 3600.0


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
    learn_s: float = 120.0
    memory_days: float = 14.0
    kind: Literal["scene_anomaly"] = "scene_anomaly"
    episodes: Episodes = Episodes(cooldown_s=30.0)
    limits: ClassVar = {"rarity": (1.0, 20.0), "learn_s": (10.0, 10_000_000.0), "memory_days": (0.01, 3650.0)}


@dataclass(slots=True)
class _Case:
    """What is known of one figure. values: the smoothed deviations by name. seen_s: seconds each has been known."""

    figure: Figure
    t: float
    values: dict[str, float] = field(default_factory=dict)
    seen_s: dict[str, float] = field(default_factory=dict)
    level: float = 0.0
    peak: float = 0.0
    channels: tuple[float, ...] = (0.0,) * len(CHANNELS)
    measures: tuple[Measure, ...] = ()
    pending: deque[Sample] = field(default_factory=deque)
    cell: int = -1
    stayed_s: float = 0.0

    def smooth(self, name: str, value: float, dt: float, over_s: float) -> None:
        if value != value:
            return
        age = self.seen_s.get(name, 0.0)
        self.values[name] = settle(self.values.get(name, value), value, dt, age, over_s)
        self.seen_s[name] = age + dt

    def evidence(self, name: str) -> float:
        """The smoothed value, of which the first RAMP_S count in part; 0 where nothing is known."""
        return self.values.get(name, 0.0) * min(self.seen_s.get(name, 0.0) / RAMP_S, 1.0)


class SceneAnomaly:
    """Learns with every look while the rule allows it, and judges from `learn_s` on. A figure is learned when it has
    gone, so that it is not judged by itself; what was called unusual weighs ANOMALOUS_WEIGHT."""

    def __init__(self, rule: SceneAnomalyRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._polygon = polygon
        self._sightings = Sightings()
        self._normal = Normality()
        self._rarity = Rarity(FLOORS)
        self._picture = Rarity((0.43,))
        self._cases: dict[FigureId, _Case] = {}
        self._t = float("-inf")
        self._faded_s = 0.0
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """Rarity of what is in the picture; None before enough has been learned."""
        return self._score

    @property
    def progress(self) -> float:
        """How much of what is needed has been learned, 0..1."""
        watched = float(self._normal.watched.sum()) / self._rule.learn_s
        return min(watched, self._normal.seconds / LEAST_FIGURES_S, 1.0)

    def step(self, view: View) -> tuple[Finding, ...]:
        dt = view.t - self._t if self._t > float("-inf") else 0.0
        self._t = view.t
        known_dt = 0.0 if exceeded(dt, LOOK_S) else dt
        hour = self._hour(view.t)
        figures = [figure for figure in view.figures if self._counts(figure)]
        if view.held:
            for figure in figures:
                if figure.id in self._cases:
                    self._cases[figure.id].t = view.t
        else:
            self._look(figures, view, hour)
        self._close(view.t)
        top = self._top(view.t)
        if self._rule.learn:
            self._learn_picture(known_dt, hour, figures, top)
        self._score = None
        if self.progress < 1.0:
            return ()
        self._score = float(self._picture.surprise(np.array([[top]]))[0, 0])
        return self._finding(view)

    def memory(self) -> Memory:
        """`progress`: how much of what is needed has been learned, 0..1."""
        normal = Normality()
        normal.take(self._normal.arrays())
        for case in self._cases.values():
            self._commit(normal, case)
        return {
            **normal.arrays(),
            "rarity": self._rarity.seconds.copy(),
            "rarity_s": self._rarity.total.copy(),
            "picture": self._picture.seconds.copy(),
            "picture_s": self._picture.total.copy(),
            "progress": np.array(self.progress),
        }

    def recall(self, memory: Memory) -> None:
        kept = dict(memory)
        normal, rarity, picture = Normality(), Rarity(FLOORS), Rarity((0.43,))
        normal.take(kept)
        for name, own, attribute in (
            ("rarity", rarity, "seconds"),
            ("rarity_s", rarity, "total"),
            ("picture", picture, "seconds"),
            ("picture_s", picture, "total"),
        ):
            array, wanted = kept.get(name), getattr(own, attribute)
            if array is None or array.shape != wanted.shape or not np.all(np.isfinite(array)) or (array < 0).any():
                raise ValueError(f"{name}: of another shape")
            setattr(own, attribute, np.array(array, np.float64))
        self._normal, self._rarity, self._picture = normal, rarity, picture

    def _counts(self, figure: Figure) -> bool:
        rule = self._rule
        return (
            (not rule.classes or figure.cls in rule.classes)
            and figure.score >= rule.min_score
            and figure.height > 0
            and figure.height >= rule.min_height
            and inside(self._polygon, in_frame(figure.foot))
        )

    def _hour(self, t: float) -> float:
        local = datetime.fromtimestamp(t, self._rule.schedule.zone or UTC)
        return local.hour + local.minute / 60

    def _look(self, figures: list[Figure], view: View, hour: float) -> None:
        sightings = self._sightings.step(figures, view)
        if not sightings:
            return
        places = np.array([in_frame(s.figure.foot) for s in sightings], np.float64)
        groups = np.array([group_of(s.figure.cls) for s in sightings], np.int64)
        usual = self._normal.usual(places, groups, hour)
        values = np.array([s.values for s in sightings], np.float64)
        off = np.nan_to_num((values - usual.mean) / usual.spread, nan=np.inf)
        off[~np.isfinite(off)] = np.nan
        cases = []
        for index, sighting in enumerate(sightings):
            case = self._cases.setdefault(sighting.figure.id, _Case(sighting.figure, view.t))
            self._gather(case, sighting, off[index], usual, index, hour)
            case.figure, case.t = sighting.figure, view.t
            cases.append(case)
        raw = np.array([case.channels for case in cases])
        self._judge(cases, sightings, raw, usual, hour)
        if self._rule.learn:
            spent = np.array([[min(s.dt, LOOK_S)] for s in sightings]) * np.ones((1, len(CHANNELS)))
            if self._normal.seconds >= BURN_IN_S:
                self._rarity.learn(raw, spent)
            for case, sighting in zip(cases, sightings, strict=True):
                self._note(case, sighting, hour)

    def _gather(
        self, case: _Case, sighting: Sighting, off: NDArray[np.float64], usual: Usual, index: int, hour: float
    ) -> None:
        dt = min(sighting.dt, LOOK_S)
        group = group_of(sighting.figure.cls)
        case.smooth("path", float(off[0]), dt, SMOOTH_S["path"])
        case.smooth("flow", float(off[1]), dt, SMOOTH_S["flow"])
        case.smooth("height", float(off[2]), dt, SMOOTH_S["form"])
        case.smooth("shape", float(off[3]), dt, SMOOTH_S["form"])
        way = nan if sighting.sector is None else -float(np.log10(usual.way[index, sighting.sector] * SECTORS))
        case.smooth("direction", max(way, 0.0) if way == way else nan, dt, SMOOTH_S["form"])
        case.smooth("class", self._normal.class_rarity(sighting.figure.cls), dt, SMOOTH_S["class"])
        case.smooth("place", float(usual.place[index]), dt, SMOOTH_S["form"])
        case.smooth("hour", self._normal.hour_rarity(group, hour), dt, SMOOTH_S["form"])
        speeds = [case.evidence(name) for name in ("path", "flow") if name in case.values]
        height, shape = case.evidence("height"), case.evidence("shape")
        drawn = [max(case.evidence(name), 0.0) for name in ("direction", "class", "place", "hour")]
        fast = max(min(speeds, default=0.0), 0.0)
        case.channels = (fast, max(height, 0.0), max(-height, 0.0), max(shape, 0.0), max(-shape, 0.0), *drawn)

    def _judge(
        self, cases: list[_Case], sightings: list[Sighting], raw: NDArray[np.float64], usual: Usual, hour: float
    ) -> None:
        rare = self._rarity.surprise(raw)
        rare[:, DRAWN] = np.minimum(rare[:, DRAWN], raw[:, DRAWN])
        level = (
            np.maximum(rare[:, 0], rare[:, 5]) + rare[:, 1:5].max(1) + rare[:, 6] + np.maximum(rare[:, 7], rare[:, 8])
        )
        for index, (case, sighting) in enumerate(zip(cases, sightings, strict=True)):
            dt = min(sighting.dt, LOOK_S)
            case.level *= exp(-dt / HOLD_S)
            if level[index] >= case.level:
                case.level = float(level[index])
                case.measures = self._explain(sighting, rare[index], usual, index, hour)

    def _explain(
        self, sighting: Sighting, rare: NDArray[np.float64], usual: Usual, index: int, hour: float
    ) -> tuple[Measure, ...]:
        """The attributes that were unusual by themselves, the rarest first; each against what is usual there."""
        mean, spread = usual.mean[index], usual.spread[index]
        path, flow, height, shape = sighting.values
        body = sighting.figure.height
        speed = min((v for v in (path, flow) if v == v), default=nan)
        limit = float(np.nanmax(mean[:2] + SPREADS * spread[:2])) if np.isfinite(mean[:2]).any() else nan
        told = {
            0: ("speed", speed / body, limit / body, "bodies/s"),
            1: ("height", float(np.exp(height)), float(np.exp(mean[2] + SPREADS * spread[2])), "frame"),
            2: ("height", float(np.exp(height)), float(np.exp(mean[2] - SPREADS * spread[2])), "frame"),
            3: ("width_to_height", float(np.exp(shape)), float(np.exp(mean[3] + SPREADS * spread[3])), ""),
            4: ("width_to_height", float(np.exp(shape)), float(np.exp(mean[3] - SPREADS * spread[3])), ""),
            5: ("rare_direction", 100.0 * float(usual.way[index, sighting.sector or 0]), 100.0 / SECTORS, "%"),
            6: ("rare_class", float(rare[6]), 2.0, ""),
            7: ("rare_place", float(usual.place[index]), 1.0, ""),
            8: ("rare_hour", hour, nan, "h"),
        }
        order = [int(i) for i in np.argsort(-rare, kind="stable") if rare[i] >= 1.5]
        return tuple(
            Measure(name=name, value=value, threshold=threshold if threshold == threshold else None, unit=unit)
            for name, value, threshold, unit in (told[i] for i in order)
            if value == value
        )

    def _top(self, t: float) -> float:
        return max((case.level * exp(-(t - case.t) / GONE_S) for case in self._cases.values()), default=0.0)

    def _note(self, case: _Case, sighting: Sighting, hour: float) -> None:
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
            Sample(cell, sighting.figure.cls, sighting.values, sighting.sector, hour, dt * weight)
        )
        if len(case.pending) > PENDING:
            self._normal.learn(case.pending.popleft(), self._weight(case))

    def _weight(self, case: _Case) -> float:
        if self.progress < 1.0:
            return 1.0
        rare = float(self._picture.surprise(np.array([[case.peak]]))[0, 0])
        return ANOMALOUS_WEIGHT if rare >= self._rule.rarity else 1.0

    def _commit(self, normal: Normality, case: _Case) -> None:
        weight = self._weight(case)
        for sample in case.pending:
            normal.learn(sample, weight)

    def _close(self, t: float) -> None:
        """Figures that have been gone for LOOK_S are learned and forgotten."""
        for name in [name for name, case in self._cases.items() if exceeded(t - case.t, LOOK_S)]:
            self._commit(self._normal, self._cases.pop(name))

    def _learn_picture(self, dt: float, hour: float, figures: list[Figure], top: float) -> None:
        if dt <= 0:
            return
        self._normal.watch(dt, hour, {group_of(figure.cls) for figure in figures})
        if figures and self._normal.seconds >= 2 * BURN_IN_S:
            self._picture.learn(np.array([[top]]), np.array([[dt]]))
        self._faded_s += dt
        if self._faded_s >= FADE_EVERY_S:
            self._normal.fade(exp(-self._faded_s / (self._rule.memory_days * 86_400.0)))
            self._faded_s = 0.0

    def _finding(self, view: View) -> tuple[Finding, ...]:
        score = self._score
        if score is None or score < self._rule.rarity:
            return ()
        present = [case for case in self._cases.values() if not exceeded(view.t - case.t, 1.0)]
        rare = [
            (float(self._picture.surprise(np.array([[case.level]]))[0, 0]), case) for case in present
        ]
        odd = [case for r, case in rare if r >= self._rule.rarity]
        if not odd:
            return ()
        worst = max(odd, key=lambda case: (case.level, case.figure.box))
        return (
            Finding(
                key="",
                confidence=1.0 - 10.0 ** -max(score - self._rule.rarity + 0.3, 0.0),
                subjects=subjects(case.figure for case in odd),
                measures=(Measure(name="rarity", value=score, threshold=self._rule.rarity), *worst.measures),
                since=view.t,
            ),
        )

