"""A place has lastingly changed: what belongs there is gone, what must be free is taken, or water covers a mark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from contract.events import Measure, Subject
from edge_agent.core.background import MOVERS, Look, Mask, Window, window_of
from edge_agent.core.changes import COME, Changes, Lasting, put_score
from edge_agent.core.geometry import distance
from edge_agent.core.regions import raster
from edge_agent.core.rules.base import unit_box
from edge_agent.core.rules.water import Water
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.timing import reached
from edge_agent.core.tracks import FigureId, View
from edge_agent.core.types import Box, Finding, Point

STAYS = 0.5
"""Body heights by which somebody may move and still stays."""
HIDDEN = 0.5
"""Where more than this share of the zone is hidden, what is gone cannot be told; it is as it was."""
EPISODES = Episodes(min_duration_s=0.0, end_after_s=10.0, cooldown_s=30.0)

Purpose = Literal["blocked", "removed", "water"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneChangeRule(Rule):
    """`share` of `zone` has been otherwise for `after_s`. purpose: blocked, something stands there, whatever it is (an
    exit, a fire lane); removed, what belongs there is gone (a manhole cover, an extinguisher); water, it has risen from
    the lower end of the zone, drawn along a mark, over that share of its height."""

    zone: str
    purpose: Purpose = "blocked"
    after_s: float = 30.0
    share: float = 0.25
    kind: Literal["scene_change"] = "scene_change"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "after_s": (1, 86_400),
        "share": (0.02, 1),
    }


@dataclass(slots=True)
class _Stay:
    """foot: where somebody has been since `since`, unit coordinates in level proportions."""

    foot: Point
    since: float


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A part of the picture that is otherwise since then. mask: of the window's pixels; None: all."""

    since: float
    window: Window
    mask: Mask | None
    box: Box

    def on(self, zone: Mask) -> bool:
        part = zone[self.window]
        return bool((part if self.mask is None else part & self.mask).any())


class SceneChange:
    """One finding for the zone."""

    def __init__(self, rule: SceneChangeRule, polygon: tuple[Point, ...], changes: Changes) -> None:
        self._rule = rule
        self._polygon = polygon
        self._changes = changes
        changes.watch(polygon, mark=rule.purpose == "water")
        self._zone: Mask | None = None
        self._serial = 0
        self._stays: dict[FigureId, _Stay] = {}
        self._water = Water(polygon) if rule.purpose == "water" else None
        self._begun: float | None = None
        self._share = 0.0
        self._boxes: tuple[Box, ...] = ()

    @property
    def needs_view(self) -> bool:
        """To the watch over the camera a flood is a fault; water itself asks whether the rest of the view is there."""
        return self._water is None

    @property
    def score(self) -> float | None:
        """The share of the zone that is otherwise, at the latest look."""
        return self._share if self._zone is not None else None

    def step(self, view: View) -> tuple[Finding, ...]:
        look, found, fresh = self._changes.step(view)
        if look is None:
            return ()
        if fresh:
            self._look(look, found, view)
        begun, after_s = self._begun, self._rule.after_s
        if begun is None or not reached(view.t - begun, after_s):
            return ()
        name = "level" if self._rule.purpose == "water" else "changed"
        return (
            Finding(
                key="",
                confidence=min(1.0, 0.5 + self._share / 2),
                subjects=(Subject(cls=self._rule.purpose, count=1, boxes=tuple(map(unit_box, self._boxes))),),
                measures=(
                    Measure(name=name, value=self._share, threshold=self._rule.share),
                    Measure(name="lasted", value=view.t - begun, threshold=after_s, unit="s"),
                ),
                since=begun + after_s,
            ),
        )

    def _look(self, look: Look, found: Sequence[Lasting], view: View) -> None:
        if self._zone is None or self._serial != look.serial:
            self._zone, self._serial, self._begun = raster(self._polygon, look.shape), look.serial, None
        if self._rule.purpose == "water":
            assert self._water is not None
            share, since = self._water.step(look)
            self._boxes = (self._water.box,)
        elif self._rule.purpose == "blocked":
            share, since = self._blocked(look, found, view)
        else:
            share, since = self._removed(look, found)
        self._share = share
        if share < self._rule.share:
            self._begun = None
        elif self._begun is None:
            self._begun = since

    def _blocked(self, look: Look, found: Sequence[Lasting], view: View) -> tuple[float, float]:
        """The share of the zone where something stands, and since when."""
        assert self._zone is not None
        pieces = [
            _Piece(region.since, region.window, region.mask, region.box)
            for region in found
            if region.verdict not in ("light", "taken")
        ]
        pieces += [_Piece(since, window_of(box, look.shape), None, box) for box, since in self._staying(view)]
        hidden = look.hidden & self._zone
        if self._begun is not None and np.count_nonzero(hidden) > HIDDEN * np.count_nonzero(self._zone):
            return self._share, self._begun
        return self._together(look, pieces)

    def _together(self, look: Look, pieces: list[_Piece]) -> tuple[float, float]:
        """The share of the zone under the pieces, and since when enough of it was (now, where it is not): what has come
        last does not count as long as what came first."""
        assert self._zone is not None
        under, share, since = np.zeros(look.shape, np.bool_), 0.0, look.t
        area = int(np.count_nonzero(self._zone))
        here = [piece for piece in pieces if piece.on(self._zone)]
        self._boxes = tuple(piece.box for piece in here)
        for piece in sorted(here, key=lambda piece: piece.since):
            under[piece.window] |= True if piece.mask is None else piece.mask
            before, share = share, int(np.count_nonzero(under & self._zone)) / area
            if before < self._rule.share <= share:
                since = piece.since
        return share, since

    def _staying(self, view: View) -> list[tuple[Box, float]]:
        """Boxes of people and vehicles that have not moved on, and since when."""
        known, self._stays = self._stays, {}
        boxes = []
        for figure in view.figures:
            if figure.cls not in MOVERS:
                continue
            stay = known.get(figure.id)
            if stay is None or distance(stay.foot, figure.at) > STAYS * figure.height:
                stay = _Stay(figure.at, view.t)
            self._stays[figure.id] = stay
            boxes.append((figure.box, stay.since))
        return boxes

    def _removed(self, look: Look, found: Sequence[Lasting]) -> tuple[float, float]:
        """The share of the zone that shows something else now, without anything having come, and since when."""
        assert self._zone is not None
        hidden = np.count_nonzero(look.hidden & self._zone) > HIDDEN * np.count_nonzero(self._zone)
        if hidden:
            return self._share, look.t if self._begun is None else self._begun
        pieces = [
            _Piece(region.since, region.window, region.mask, region.box)
            for region in found
            if region.verdict != "light" and put_score(region.traits) < COME
        ]
        return self._together(look, pieces)
