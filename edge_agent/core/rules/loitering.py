"""Somebody stays in the zone."""

from contract.events import Measure
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.rules.occupancy import Occupancy
from edge_agent.core.spec import LoiteringRule
from edge_agent.core.timing import reached
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding, Point


class Loitering:
    """One finding for the zone while anyone in it has stayed for dwell_s; its subjects are those who have."""

    def __init__(self, rule: LoiteringRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._occupancy = Occupancy(polygon, rule.gap_s)

    def step(self, view: View) -> tuple[Finding, ...]:
        stays = self._occupancy.step(counted(self._rule, view.figures), view)
        dwellers = [stay for stay in stays if reached(stay.dwell_s, self._rule.dwell_s)]
        if not dwellers:
            return ()
        return (
            Finding(
                key="",
                confidence=max(stay.figure.score for stay in dwellers),
                subjects=subjects(stay.figure for stay in dwellers),
                measures=(
                    Measure(
                        name="dwell",
                        value=max(stay.dwell_s for stay in dwellers),
                        threshold=self._rule.dwell_s,
                        unit="s",
                    ),
                    Measure(name="dwelling", value=float(len(dwellers)), threshold=1.0),
                ),
                since=min(view.t, min(stay.entered for stay in dwellers) + self._rule.dwell_s),
            ),
        )
