"""Many are in the zone."""

from contract.events import Measure
from edge_agent.core.geometry import in_frame, inside
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import CrowdRule
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding, Point


def clear_below(rule: CrowdRule) -> int:
    """The crowd is over when fewer than this are left: as configured, else four fifths of `count`, rounded down."""
    return max(1, rule.count * 4 // 5) if rule.clear_below is None else rule.clear_below


class Crowd:
    """True from `count` figures in the zone on, until fewer than clear_below are; confidence is their mean score."""

    def __init__(self, rule: CrowdRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._polygon = polygon
        self._clear_below = clear_below(rule)
        self._crowded = False

    def step(self, view: View) -> tuple[Finding, ...]:
        present = [f for f in counted(self._rule, view.figures) if inside(self._polygon, in_frame(f.foot))]
        self._crowded = len(present) >= (self._clear_below if self._crowded else self._rule.count)
        if not self._crowded or not present:
            return ()
        return (
            Finding(
                key="",
                confidence=sum(sorted(figure.score for figure in present)) / len(present),
                subjects=subjects(present),
                measures=(
                    Measure(name="in_zone", value=float(len(present)), threshold=float(self._rule.count)),
                    Measure(name="clear_below", value=float(len(present)), threshold=float(self._clear_below)),
                ),
                since=view.t,
            ),
        )
