"""Something burns: flames that flicker in their place, or smoke that spreads and hides what lies behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from contract.events import Measure, Subject
from edge_agent.core.geometry import in_frame
from edge_agent.core.movers import VEHICLES
from edge_agent.core.picture import SMALL, WIDE, Picture
from edge_agent.core.rules import flames, smoke_lasting, smoke_veil
from edge_agent.core.rules.base import counted, unit_box
from edge_agent.core.rules.carried import travel
from edge_agent.core.rules.cells import Mask, bounds, regions, within
from edge_agent.core.rules.flames import Flame, FlameMemory
from edge_agent.core.rules.levels import LevelMemory
from edge_agent.core.rules.smoke_veil import Veil, VeilMemory
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import Rhythm, exceeded
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding, Point

EVERY_S = 0.2
"""Between looks, so that the same change of a picture counts the same at any frame rate."""
GAP_S = 1.0
"""A stream that was gone for longer is looked at anew."""
PAN, FORWARDS = 0.05, 0.92
"""Widths of the picture a second by which the whole view moves, and the share of all other motion that leads outwards:
a camera that pans, or is carried."""
SUDDEN = 0.6
"""A veil over more of the picture than this did not spread from a place: fog, a lens out of focus, another shot."""
HOLD = 0.8
"""What was seen at the look before goes on down to this share of the area that is asked for: neither smoke nor flames
grow at every look."""
SMALLEST = 4 * flames.CELL
EPISODES = Episodes(min_duration_s=0.4, end_after_s=10.0, cooldown_s=30.0)
"""The signs themselves ask for some seconds already; flames that hide for a while are the same fire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeFireRule(Rule):
    """Smoke or flames in `zone`, None: anywhere in the picture. One episode, whichever of the two is seen.

    classes: whoever is one of these brings motion of his own, as every vehicle does, so his box is not searched for
    smoke. smoke_area: share of the picture that is veiled. veil: detail that is left behind it, against the usual one.
    flame_area: share of the picture that glows. flicker: share of a flame's outline that changes from look to look.
    """

    kind: Literal["smoke_fire"] = "smoke_fire"
    zone: str | None = None
    smoke_area: float = 0.02
    veil: float = 0.85
    flame_area: float = 0.0005
    flicker: float = 0.2
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "smoke_area": (0.002, 1.0),
        "veil": (0.1, 1.0),
        "flame_area": (0.00005, 1.0),
        "flicker": (0.05, 1.0),
    }


@dataclass(frozen=True, slots=True)
class _Smoke:
    """cells: of SMALL. area: share of the picture. remaining: detail that is left; None where it was not asked for."""

    cells: Mask
    since: float
    area: float
    remaining: float | None


class SmokeFire:
    """Says what burns at each look; between looks it repeats the last one."""

    def __init__(self, rule: SmokeFireRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._polygon = polygon
        self._flames = FlameMemory(rule.flicker, HOLD * rule.flame_area)
        self._veil = VeilMemory(rule.veil)
        self._levels = LevelMemory()
        self._zones: dict[tuple[int, int], Mask] = {}
        self._t = float("-inf")
        self._rhythm = Rhythm()
        self._spreading = False
        self._found: tuple[Finding, ...] = ()
        self._score: float | None = None

    @property
    def score(self) -> float | None:
        """Flicker or veiled area against what is reported (1); the larger."""
        return self._score

    def step(self, view: View) -> tuple[Finding, ...]:
        picture, t = view.picture, view.t
        if picture is None or min(picture.colour(WIDE).shape[:2]) < SMALLEST:
            self._found, self._score = (), None
            return ()
        if self._rhythm.due(t, EVERY_S):
            fresh = exceeded(t - self._t, GAP_S)
            self._t = t
            self._found = self._look(view, picture, fresh)
        return self._found

    def _look(self, view: View, picture: Picture, fresh: bool) -> tuple[Finding, ...]:
        levels = self._levels.look(picture.colour(WIDE))
        veil = self._veil.look(picture, view.t, self._hidden(view, picture), fresh, levels)
        if veil.cut:
            self._flames.clear()
        hold = HOLD if self._found else 1.0
        burning = [
            flame
            for flame in self._flames.look(picture, view.t, levels)
            if flame.area >= hold * self._rule.flame_area and self._here(flame.cells, flames.CELL, picture, WIDE)
        ]
        least = hold * self._rule.smoke_area
        smoking = self._smoking(veil, picture, least)
        area = max((smoke.area for smoke in smoking), default=0.0)
        flicker = max((flame.flicker for flame in burning), default=0.0)
        self._score = max(area / self._rule.smoke_area, flicker / self._rule.flicker)
        smoking = [smoke for smoke in smoking if smoke.area >= least]
        if not burning and not smoking:
            self._spreading = False
            return ()
        if _carried(picture) or (not burning and not self._spreading and area > SUDDEN):
            self._score = min(self._score, 0.99)
            return ()
        self._spreading = True
        return (self._finding(burning, smoking, picture),)

    def _smoking(self, veil: Veil, picture: Picture, least: float) -> list[_Smoke]:
        """Those of at least `least` of the picture are as soft as smoke, and no shade; smaller ones only count for the
        score."""
        smoking = [
            _Smoke(cells, veil.since, float(cells.mean()), float(veil.remaining[cells].mean()))
            for cells in self._places(veil.smoky, picture)
            if cells.mean() < least or (self._hides(veil, cells) and self._veil.roughness(cells) <= smoke_veil.ROUGHEST)
        ]
        if any(smoke.area >= least for smoke in smoking):
            return smoking
        return smoking + [
            _Smoke(cells, veil.lasts, float(cells.mean()), None)
            for cells in self._places(veil.lasting, picture)
            if cells.mean() >= smoke_lasting.LARGER * least and self._veil.lasting.smokes(cells)
        ]

    def _places(self, cells: Mask, picture: Picture) -> list[Mask]:
        if not cells.any():
            return []
        return regions(cells & self._zone(cells.shape, smoke_veil.CELL, picture, SMALL), 2)

    def _hides(self, veil: Veil, cells: Mask) -> bool:
        return float(veil.remaining[cells].mean()) <= smoke_veil.SHADE * self._veil.light(cells)

    def _hidden(self, view: View, picture: Picture) -> Mask | None:
        """The cells covered by those who move by themselves."""
        vehicles = [figure for figure in view.figures if figure.cls in VEHICLES]
        figures = [*counted(self._rule, view.figures), *vehicles]
        if not figures:
            return None
        height, width = picture.grey(SMALL).shape
        mask = np.zeros((height // smoke_veil.CELL, width // smoke_veil.CELL), np.bool_)
        for figure in figures:
            (x1, y1), (x2, y2) = in_frame(figure.box[:2]), in_frame(figure.box[2:])
            left, top = int(x1 * width) // smoke_veil.CELL, int(y1 * height) // smoke_veil.CELL
            mask[top : int(y2 * height) // smoke_veil.CELL + 1, left : int(x2 * width) // smoke_veil.CELL + 1] = True
        return mask

    def _here(self, cells: Mask, side: int, picture: Picture, width: int) -> bool:
        return bool((cells & self._zone(cells.shape, side, picture, width)).any())

    def _zone(self, shape: tuple[int, ...], side: int, picture: Picture, width: int) -> Mask:
        key = shape[0], shape[1]
        if key not in self._zones:
            high, wide = picture.grey(width).shape
            self._zones = {k: m for k, m in self._zones.items() if len(self._zones) < 4}
            self._zones[key] = within(self._polygon, key, side, wide, high)
        return self._zones[key]

    def _finding(self, burning: list[Flame], smoking: list[_Smoke], picture: Picture) -> Finding:
        high, wide = picture.grey(WIDE).shape
        low, narrow = picture.grey(SMALL).shape
        subjects = []
        if burning:
            boxes = [unit_box(bounds(flame.cells, flames.CELL, wide, high)) for flame in burning[:8]]
            subjects.append(Subject(cls="fire", count=len(burning), boxes=tuple(sorted(boxes))))
        if smoking:
            boxes = [unit_box(bounds(smoke.cells, smoke_veil.CELL, narrow, low)) for smoke in smoking[:8]]
            subjects.append(Subject(cls="smoke", count=len(smoking), boxes=tuple(sorted(boxes))))
        return Finding(
            key="",
            confidence=self._confidence(burning, smoking),
            subjects=tuple(subjects),
            measures=self._measures(burning, smoking),
            since=min([flame.since for flame in burning] + [smoke.since for smoke in smoking]),
        )

    def _confidence(self, burning: list[Flame], smoking: list[_Smoke]) -> float:
        """0.5 at the threshold, 0.9 at twice as much; both signs together are surer than either."""
        signs = [flame.flicker / self._rule.flicker for flame in burning[:1]]
        signs += [smoke.area / self._rule.smoke_area for smoke in smoking[:1]]
        doubt = 1.0
        for sign in signs:
            doubt *= 1.0 - min(0.5 + 0.4 * (sign - 1.0), 0.9)
        return round(1.0 - doubt, 3)

    def _measures(self, burning: list[Flame], smoking: list[_Smoke]) -> tuple[Measure, ...]:
        measures = []
        if burning:
            flame = burning[0]
            measures += [
                Measure(name="flicker", value=round(flame.flicker, 3), threshold=self._rule.flicker),
                Measure(name="flame_area", value=round(flame.area, 5), threshold=self._rule.flame_area),
                Measure(name="gradation", value=round(flame.gradation, 1), threshold=flames.GRADATION),
            ]
        if smoking:
            smoke = smoking[0]
            measures.append(Measure(name="smoke_area", value=round(smoke.area, 4), threshold=self._rule.smoke_area))
            if smoke.remaining is not None:
                measures.append(Measure(name="veil", value=round(smoke.remaining, 3), threshold=self._rule.veil))
        return tuple(measures)


def _carried(picture: Picture) -> bool:
    """Whether the view moves as a whole: then everything in it changes, and nothing can be said."""
    flow = picture.flow(SMALL)
    if flow is None:
        return False
    speed, outwards = travel(flow)
    return speed > PAN or abs(outwards) > FORWARDS
