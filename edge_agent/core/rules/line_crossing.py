"""Somebody crosses a line.

A figure's foot is *clear* of the line when it is at least MARGIN of its body height away from it. A crossing counts
when a figure that was clear on one side becomes clear on the other, and in between its path has gone through the
segment once more in that direction than back. So standing on the line, touching it, walking along it, trembling
across it and going round its end are no crossings, and one crossing never counts twice.
"""

from dataclasses import dataclass
from typing import Literal

from contract.events import Measure
from edge_agent.core.geometry import TOLERANCE, Ruler, level
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import Line, LineCrossingRule
from edge_agent.core.timing import exceeded
from edge_agent.core.tracks import FORGET_S, Figure, FigureId, View
from edge_agent.core.types import Finding, Point

MARGIN = 0.1
Side = Literal["left", "right"]
Direction = Literal["forward", "backward"]


@dataclass(slots=True)
class _Path:
    """side: where the foot was last clear of the line. net: times it has gone through the segment since, left to right
    minus right to left; forward_t, backward_t: when it last did so each way."""

    at: Point
    t: float
    side: Side | None = None
    net: int = 0
    forward_t: float = 0.0
    backward_t: float = 0.0


class LineCrossing:
    """One instant finding for each crossing in a direction the rule wants, at the moment the foot went through the
    line."""

    def __init__(self, rule: LineCrossingRule, line: Line) -> None:
        self._rule = rule
        self._line = line
        self._paths: dict[FigureId, _Path] = {}

    def step(self, view: View) -> tuple[Finding, ...]:
        ruler = Ruler(level(self._line.start, view.aspect), level(self._line.end, view.aspect))
        findings = [
            finding
            for figure in counted(self._rule, view.figures)
            if (finding := self._advance(ruler, figure, view.t)) is not None
        ]
        self._paths = {name: path for name, path in self._paths.items() if not exceeded(view.t - path.t, FORGET_S)}
        return tuple(sorted(findings, key=lambda finding: (finding.since, finding.key, finding.subjects[0].boxes)))

    def _advance(self, ruler: Ruler, figure: Figure, t: float) -> Finding | None:
        path = self._paths.get(figure.id)
        if path is None:
            path = self._paths[figure.id] = _Path(figure.at, t)
        else:
            _follow(path, ruler, figure.at, t)
        offset = ruler.offset(figure.at)
        margin = MARGIN * figure.height
        if abs(offset) < max(margin, 2 * TOLERANCE) - TOLERANCE:
            return None
        side: Side = "left" if offset > 0 else "right"
        direction: Direction | None = None
        if path.side == "left" and side == "right" and path.net > 0:
            direction = "forward"
        elif path.side == "right" and side == "left" and path.net < 0:
            direction = "backward"
        path.side, path.net = side, 0
        if direction is None or self._rule.direction not in ("any", direction):
            return None
        return Finding(
            key=direction,
            confidence=figure.score,
            subjects=subjects([figure]),
            measures=(
                Measure(name="direction", value=1.0 if direction == "forward" else -1.0),
                Measure(name="clearance", value=abs(offset) / figure.height, threshold=MARGIN, unit="bodies"),
            ),
            since=path.forward_t if direction == "forward" else path.backward_t,
            instant=True,
        )


def _follow(path: _Path, ruler: Ruler, at: Point, t: float) -> None:
    share = ruler.passed(path.at, at)
    if share is not None:
        when = path.t + share * (t - path.t)
        if ruler.left(path.at):
            path.net, path.forward_t = path.net + 1, when
        else:
            path.net, path.backward_t = path.net - 1, when
    path.at, path.t = at, t
