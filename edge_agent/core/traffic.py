"""What the rules about vehicles share, one for each camera: who moves and how, what is usual at each place, and whether
the camera itself stands still. It works once a view, whichever rule asks first."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.calibration import Ground
from edge_agent.core.flow_field import STOOD_S, FlowField, cell_of
from edge_agent.core.movers import SPAN_S, Mover, Movers
from edge_agent.core.picture import Picture
from edge_agent.core.spec import STRONG
from edge_agent.core.steadiness import COLS, ROWS, SAME, SETTLE_S, Layout, alike, layout, moving
from edge_agent.core.timing import reached
from edge_agent.core.tracks import View

LEARN_EVERY_S, FOLLOW = 2.0, 0.02
"""The known layout of the view follows the picture by FOLLOW each LEARN_EVERY_S."""
ELSEWHERE_S = 1800.0
"""A camera that has shown another view for so long has been turned for good: what was known is forgotten."""
WRONG = 0.2
"""Weight of the vote of a vehicle that goes against the others: they who drive against the traffic do not make it
theirs, and yet a street that was turned round is learned."""
LEAST = 0.02
"""Boxes lower than this share of the picture's height teach nothing."""


class Traffic:
    """timezone: of the hours of day. ground: for speeds in metres a second. strong: score that begins a track."""

    def __init__(self, timezone: tzinfo | None = None, ground: Ground | None = None, strong: float = STRONG) -> None:
        self.strong = strong
        self._zone = timezone or UTC
        self.ground = ground
        self.field = FlowField()
        self._known: Layout | None = None
        self._elsewhere: float | None = None
        self._checked = float("-inf")
        self._moved = float("-inf")
        self._movers = Movers()
        self._view: View | None = None
        self._now: tuple[Mover, ...] = ()
        self._owner: object | None = None
        self._hour = float("nan"), 0

    def owned_by(self, rule: object) -> bool:
        """Whether `rule` is the one that keeps what is learned: the first that asks."""
        self._owner = rule if self._owner is None else self._owner
        return self._owner is rule

    def look(self, view: View) -> tuple[Mover, ...]:
        """The vehicles that are seen now; none while the camera moves or has just moved."""
        if view is not self._view:
            self._view = view
            self._now = self._step(view)
        return self._now

    @property
    def knows(self) -> bool:
        """Whether the picture shows the view that has been learned."""
        return self._elsewhere is None

    def hour(self, t: float) -> int:
        if t != self._hour[0]:
            self._hour = t, datetime.fromtimestamp(t, self._zone).hour
        return self._hour[1]

    def metres_a_second(self, mover: Mover) -> float | None:
        """Over the last SPAN_S, by its foot; None without calibration, or while it has not been watched so long."""
        if self.ground is None:
            return None
        then, now = mover.then, mover.last
        if not reached(now.t - then.t, SPAN_S / 2):
            return None
        metres = self.ground.apart(then.unit_foot, now.unit_foot)
        return None if metres is None else metres / (now.t - then.t)

    def memory(self) -> dict[str, NDArray[np.generic]]:
        view = np.zeros((ROWS, COLS), np.float32) if self._known is None else self._known.copy()
        return {**self.field.memory(), "view": view}

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        """Raises ValueError where it is not what `memory` gave."""
        view = memory.get("view")
        if view is None or view.shape != (ROWS, COLS) or view.dtype != np.float32 or not np.isfinite(view).all():
            raise ValueError("view is not as it was")
        self.field.recall(memory)
        self._known = np.array(view, np.float32) if view.any() else None

    def _step(self, view: View) -> tuple[Mover, ...]:
        if not view.held and moving(view.picture):
            self._moved, self._checked = view.t, float("-inf")
            self._movers.clear()
            return ()
        if not reached(view.t - self._moved, SETTLE_S):
            return ()
        if not view.held and reached(view.t - self._checked, LEARN_EVERY_S):
            self._recognise(view.picture, view.t)
        now = tuple(self._movers.look(view))
        if self.knows:
            for mover in now:
                self._learn(mover, view)
        return now

    def _recognise(self, picture: Picture | None, t: float) -> None:
        """Is it the view that is known? What is learned elsewhere must not be mixed with it."""
        seen = layout(picture)
        if seen is None:
            return
        self._checked = t
        if self._known is None:
            self._known = seen
        if alike(seen, self._known) >= SAME:
            self._elsewhere = None
            self._known = np.asarray(self._known + FOLLOW * (seen - self._known), np.float32)
        elif self._elsewhere is None:
            self._elsewhere = t
        elif reached(t - self._elsewhere, ELSEWHERE_S):
            self.field, self._known, self._elsewhere = FlowField(), seen, None

    def _learn(self, mover: Mover, view: View) -> None:
        figure, speed = mover.figure, mover.speed
        stood = mover.stands(view.t)
        while mover.lasted < len(STOOD_S) and stood > 0 and reached(stood, STOOD_S[mover.lasted]):
            self.field.stood(cell_of(figure.foot), mover.lasted)
            mover.lasted += 1
        if speed is None or mover.heading is None or figure.height < LEAST or view.held:
            return
        cell = cell_of(figure.foot)
        vote = (*cell, int(mover.heading // 90.0))
        if vote in mover.voted or mover.way < 0.3:
            return
        mover.voted.add(vote)
        share = self.field.share(figure.foot, self.hour(view.t), mover.heading, pooled=False)
        against = share is not None and share[1] > 0.5
        self.field.passed(cell, self.hour(view.t), mover.heading, speed, WRONG if against else 1.0)
