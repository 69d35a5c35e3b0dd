"""People fight: figures change shape fast and chaotically in one place, for some seconds.

Each step's evidence (brawl_features) is judged by a small linear model (brawl_model); a window's log-odds are the mean
over the last WINDOW_S without its strongest step, the picture's the mean of its strongest windows. Sums all through, so
the parts that an event names add up to its score, before what is taken from it for too few people, for a picture that
changes where nobody is or lights up for moments, for who walks past, or for motion that is none of fighters. A brawl
begins only where the mean of LONG_S, as far as so much was seen, bears it out.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from contract.events import Measure, Subject
from edge_agent.core.geometry import inside
from edge_agent.core.rules.base import counted, subjects, unit_box
from edge_agent.core.rules.brawl_features import MOTION, Evidence, Floats, Looker, Looks, as_box, shown
from edge_agent.core.rules.brawl_flashes import Flash
from edge_agent.core.rules.brawl_model import PARTS, BrawlModel, probability, shipped, strongest
from edge_agent.core.rules.brawl_passing import Passing
from edge_agent.core.rules.brawl_people import People
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Box, Finding, Point

WINDOW_S = 2.0
LEAST_S = 1.0
"""So much of a window must have been seen before anything is said."""
LONG_S, BORNE_OUT, CALM = 4.0, 0.85, -2.0
"""Fights go on; who walks past the camera in headlights or rain looks like one for a second or two. So a brawl begins
where the probability by the mean of LONG_S, too, is at least this share of the threshold. Log-odds below CALM count as
CALM there: how still it was before is no reason to wait longer."""
CLEAR = 0.5
"""A brawl that is told goes on down to this share of the threshold."""
PEOPLE_S = 3.0
ALONE, UNSEEN = 0.5, 2.0
"""It takes two to fight. ALONE is taken from the log-odds where no two were seen close to each other (brawl_people) at
the strongest windows within PEOPLE_S, UNSEEN more where nobody was seen anywhere: fighters are missed by the detector
(19 of 75 labelled fights; 34 of 75 clips without one), but fire, foliage and rain change as much and are no people."""
PASSING = 2.0
"""Taken where half of those who were in the strongest windows walk straight on (brawl_passing): who passes close to the
camera, in rain or under leaves, changes the map as much as who fights."""
LEAVES, LIMBS, EVEN = 1.0, 0.75, 0.42
"""Motion that is none of fighters: LEAVES is taken where nothing stretches or shears by LIMBS a second while all of a
window moves alike, the mean EVEN of the fastest and more. A body is one place in its window, and its limbs stretch."""
EMPTY = 6
"""Windows in which nobody was seen within PEOPLE_S, from which they tell what changes by itself here."""
QUIET, SHARE, NOISE = 0.33, 0.8, 20.0
"""Rain, insects and a coarse picture change the map everywhere: where most windows without people change by more than
QUIET (mean over the channels of the maps; a tenth of the fights in clean pictures has so much), and by more than SHARE
of what the strongest windows do, NOISE times what is above that share is taken from the log-odds."""
LIT, COMMON = 0.12, 0.45
STEEP, MOST_LIT, MOST_COMMON = 20.0, 2.0, 4.0
"""Insects and rain in a lamp's light, beams and flashing lamps change the map of who stands before them as fighters do.
What of all change in the picture lit up for one look, and what went one way (brawl_flashes): as far as they are above
LIT and COMMON, STEEP times that is taken from the log-odds, MOST_LIT and MOST_COMMON at most; only of a brawl that is
still to begin, for the police come to one that goes on."""
NAMED = 4
"""So many parts are named in the event, the ones that speak most for a brawl."""


EPISODES = Episodes(min_duration_s=0.4, end_after_s=5.0, cooldown_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrawlRule(Rule):
    """People fight, in `zone` or anywhere. threshold: probability from which it is so, by the model."""

    zone: str | None = None
    threshold: float = 0.8
    kind: Literal["brawl"] = "brawl"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {"threshold": (0.05, 0.999)}


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """parts: (windows, len(PARTS)) log-odds. odds: (windows,), their sums. motion: the named channels as measured, as
    parts. change: (windows,), mean over the channels of the maps; None where not known. flash: as in Evidence."""

    t: float
    parts: Floats
    odds: Floats
    motion: Floats
    change: Floats | None
    flash: Flash


class Brawl:
    """True while the probability is at least `threshold` (then CLEAR of it). model, looker: others than the shipped
    ones, to measure what a model is worth on clips it has not seen."""

    needs_features = True

    def __init__(
        self,
        rule: BrawlRule,
        polygon: tuple[Point, ...],
        model: BrawlModel | None = None,
        looker: Looks | None = None,
    ) -> None:
        self._rule = rule
        self._polygon = polygon
        self._model = model or shipped()
        self._looker = looker or Looker()
        self._steps: deque[_Step] = deque()
        self._boxes: NDArray[np.float64] | None = None
        self._places = np.zeros(0, np.intp)
        self._people, self._passing = People(PEOPLE_S), Passing(WINDOW_S)
        self._going_on = False
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """Probability of a brawl."""
        return self._score

    def step(self, view: View) -> tuple[Finding, ...]:
        people = counted(self._rule, view.figures)
        boxes = () if view.held else [figure.box for figure in people]
        self._people.see(view.t, boxes, view.aspect)
        self._passing.see(view.t, boxes, view.aspect)
        if view.held:
            self._looker.forget()
        elif (evidence := self._looker.look(view, people)) is not None:
            self._take(evidence)
        while self._steps and exceeded(view.t - self._steps[0].t, LONG_S):
            self._steps.popleft()
        recent = [step for step in self._steps if not exceeded(view.t - step.t, WINDOW_S)]
        return self._judge(view, people, recent)

    def _take(self, evidence: Evidence) -> None:
        if evidence.rows.shape[1] != self._model.channels:
            return
        if self._boxes is not evidence.boxes:
            self._steps.clear()
            self._boxes = evidence.boxes
            middles = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in evidence.boxes]
            self._places = np.flatnonzero([inside(self._polygon, middle) for middle in middles])
        maps, motion = evidence.rows[:, : 1 - len(PARTS)], evidence.rows[:, 1 - len(PARTS) :]
        change = maps @ np.full(maps.shape[1], 1 / maps.shape[1], np.float32)  # Their mean, in a fraction of the time.
        known = None if np.isnan(change.sum()) else change
        parts = self._model.parts(evidence.rows)
        self._steps.append(_Step(evidence.t, parts, parts.sum(axis=1), motion, known, evidence.flash))

    def _judge(self, view: View, people: list[Figure], recent: Sequence[_Step]) -> tuple[Finding, ...]:
        self._score = None
        places = self._places
        if len(recent) < 3 or not reached(recent[-1].t - recent[0].t, LEAST_S) or not len(places):
            self._going_on = False
            return ()
        parts = lasting(np.array([step.parts for step in recent]), np.array([step.odds for step in recent]))
        top = places[strongest(parts[places].sum(axis=1))]
        odds = float(parts[top].sum(axis=1).mean()) + self._model.bias
        doubt = self._doubt(top, recent, odds)
        self._score = probability(odds - doubt)
        if self._going_on:
            self._going_on = self._score >= self._rule.threshold * CLEAR
        else:
            self._going_on = self._score >= self._rule.threshold and self._borne_out(places, doubt)
        if not self._going_on:
            return ()
        return (
            Finding(
                key="",
                confidence=self._score,
                subjects=self._where(top, people),
                measures=self._why(parts[top].mean(axis=0), top, recent),
                since=view.t,
            ),
        )

    def _borne_out(self, places: NDArray[np.intp], doubt: float) -> bool:
        """By LONG_S as a whole, the same taken off."""
        odds = np.maximum(np.array([step.odds for step in self._steps]) + np.float32(self._model.bias), CALM)
        lasts = lasting(odds, odds)[places]
        long = float(lasts[strongest(lasts)].mean()) - doubt
        return probability(long) >= self._rule.threshold * BORNE_OUT

    def _doubt(self, top: NDArray[np.intp], recent: Sequence[_Step], odds: float) -> float:
        """What is taken from the log-odds: for too few people and for a picture that changes where nobody is; and,
        where they may silence something, for who walks past, for motion that is none of fighters, and, while no brawl
        goes on, for light that comes and goes."""
        assert self._boxes is not None
        places = self._boxes[top]
        alone = 0.0 if self._people.pair(places) else ALONE
        unseen = 0.0 if self._people else UNSEEN
        doubt = alone + unseen + self._noise(top, self._boxes, recent)
        if probability(odds - doubt) < self._rule.threshold * CLEAR:
            return doubt
        moved = _moved(top, recent)
        leaves = moved["deformation"] < LIMBS and moved["motion_energy"] > EVEN * moved["motion_peak"]
        doubt += PASSING * self._passing.through(places) + LEAVES * leaves
        return doubt if self._going_on else doubt + _flashing(recent)

    def _noise(self, top: NDArray[np.intp], places: NDArray[np.float64], recent: Sequence[_Step]) -> float:
        known = [step.change for step in recent if step.change is not None]
        if not known:
            return 0.0
        change = np.array(known).mean(axis=0)
        strongest_change = max(float(change[top].mean()), 1e-6)  # none at all under a mask
        # Three quarters of the empty windows must change by more; fewer than EMPTY of them say nothing.
        if np.count_nonzero(change > max(QUIET, SHARE * strongest_change)) < EMPTY - EMPTY // 4:
            return 0.0
        empty = np.sort(change[~self._people.touched(places)])
        if len(empty) < EMPTY or (usual := float(empty[len(empty) // 4])) <= QUIET:
            return 0.0
        return NOISE * max(usual / strongest_change - SHARE, 0.0)

    def _where(self, top: NDArray[np.intp], people: list[Figure]) -> tuple[Subject, ...]:
        """Who is in the strongest windows; nobody detected there: the place itself."""
        assert self._boxes is not None
        hot = self._boxes[top]
        taking_part = [figure for figure in people if any(_holds(as_box(box), figure) for box in hot)]
        if taking_part:
            return subjects(taking_part)
        return (Subject(cls="person", count=0, boxes=(unit_box(as_box(hot[0])),)),)

    def _why(self, parts: Floats, top: NDArray[np.intp], recent: Sequence[_Step]) -> tuple[Measure, ...]:
        """The probability, then the parts that speak most for a brawl, each against what is usual where none is."""
        values = [float(parts[0]), *_moved(top, recent).values()]
        named = [int(i) for i in np.argsort(-parts, kind="stable")[:NAMED] if parts[i] > 0]
        assert self._score is not None
        return (
            Measure(name="brawl", value=self._score, threshold=self._rule.threshold),
            *(Measure(name=PARTS[i], value=values[i], threshold=round(float(self._model.usual[i]), 3)) for i in named),
        )


def lasting(parts: Floats, odds: Floats) -> Floats:
    """(steps, windows, ...) → (windows, ...): the mean over the steps but each window's strongest by its odds (steps,
    windows): a cut, a flash or a knock at the camera is one step, a brawl goes on."""
    peak = parts[odds.argmax(axis=0), np.arange(parts.shape[1])]
    return np.asarray((parts.sum(axis=0) - peak) / (len(parts) - 1), np.float32)


def _flashing(recent: Sequence[_Step]) -> float:
    """What is taken for a picture in which things light up for moments, or whose light comes and goes."""
    lit, common, change = map(float, np.array([step.flash for step in recent]).sum(axis=0))
    change = max(change, 1e-6)
    lights_up = min(STEEP * max(lit / change - LIT, 0.0), MOST_LIT)
    return lights_up + min(STEEP * max(common / change - COMMON, 0.0), MOST_COMMON)


def _moved(top: NDArray[np.intp], recent: Sequence[_Step]) -> dict[str, float]:
    """MOTION in the strongest windows, each in its own unit, the mean over the steps where it is known, else 0."""
    motion = np.stack([step.motion[top].mean(axis=0) for step in recent])
    known = np.where(np.isnan(motion), 0.0, motion).sum(axis=0) / np.maximum((~np.isnan(motion)).sum(axis=0), 1)
    return {name: shown(name, value) for name, value in zip(MOTION, known, strict=True)}


def _holds(box: Box, figure: Figure) -> bool:
    x, y = (figure.box[0] + figure.box[2]) / 2, (figure.box[1] + figure.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
