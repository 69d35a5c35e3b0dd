"""Many are in the zone, or they stand close together."""

from contract.events import Measure
from edge_agent.core.calibration import Ground
from edge_agent.core.crowd_count import Count, CrowdCounter
from edge_agent.core.crowd_density import Density
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.spec import CrowdRule
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import PERSON, Finding, Point

CLEAR_DENSITY = 0.8
"""Share of `density` below which they no longer stand close together."""


def clear_below(rule: CrowdRule) -> int:
    """The crowd is over when fewer than this are left: as configured, else four fifths of `count`, rounded down."""
    return max(1, rule.count * 4 // 5) if rule.clear_below is None else rule.clear_below


class Crowd:
    """True from `count` in the zone on, until fewer than clear_below are, and from `density` on, where the camera is
    calibrated and it is asked for.

    Confidence is the mean score of those who were detected one by one, and of a dense crowd, or where none of them was,
    the probability that it is as many. Only heads are seen in the maps: with other `classes` what is detected counts.
    """

    def __init__(
        self, rule: CrowdRule, polygon: tuple[Point, ...], ground: Ground | None = None, density: Density | None = None
    ) -> None:
        self._rule = rule
        self._polygon = polygon
        self._counter = CrowdCounter(polygon, density if PERSON in rule.classes else None)
        self._area = ground.area(polygon) if ground is not None else None
        self._clear_below = clear_below(rule)
        self._many = False
        self._close = False

    @property
    def needs_features(self) -> bool:
        return self._counter.needs_features

    def step(self, view: View) -> tuple[Finding, ...]:
        everyone = counted(self._rule, view.figures)
        present = view.there(everyone, self._polygon)
        count = self._counter.step(view, len(present), sum(figure.cls == PERSON for figure in everyone))
        self._many = count.heads >= (self._clear_below if self._many else self._rule.count)
        density = count.heads / self._area if self._area else None
        self._close = self._too_close(density)
        if not (self._many or self._close) or count.heads <= 0:
            return ()
        return (self._finding(view, present, count, density),)

    def _too_close(self, density: float | None) -> bool:
        if density is None or self._rule.density is None:
            return False
        return density >= self._rule.density * (CLEAR_DENSITY if self._close else 1.0)

    def _finding(self, view: View, present: list[Figure], count: Count, density: float | None) -> Finding:
        rule = self._rule
        measures = [
            Measure(name="in_zone", value=count.heads, threshold=float(rule.count)),
            Measure(name="clear_below", value=count.heads, threshold=float(self._clear_below)),
            Measure(name="count_low", value=count.low),
            Measure(name="count_high", value=count.high),
        ]
        if count.dense:
            measures.append(Measure(name="detected", value=float(len(present))))
        if density is not None:
            measures.append(Measure(name="density", value=density, threshold=rule.density, unit="1/m²"))
        if count.dense or not present:
            confidence = count.at_least(self._clear_below if self._many else 1.0)
        else:
            confidence = sum(sorted(figure.score for figure in present)) / len(present)
        return Finding(
            key="",
            confidence=confidence,
            subjects=subjects(present),
            measures=tuple(measures),
            since=view.t,
        )
