"""Somebody is in the zone."""

from contract.events import Measure
from edge_agent.core.rules.base import counted, subjects
from edge_agent.core.rules.occupancy import Occupancy
from edge_agent.core.spec import IntrusionRule
from edge_agent.core.tracks import HEAL_S, View
from edge_agent.core.types import Finding, Point


class Intrusion:
    """One finding while anyone is in the zone, however many they are; confidence is that of the surest box."""

    def __init__(self, rule: IntrusionRule, polygon: tuple[Point, ...]) -> None:
        self._rule = rule
        self._occupancy = Occupancy(polygon, HEAL_S)

    def step(self, view: View) -> tuple[Finding, ...]:
        stays = self._occupancy.step(counted(self._rule, view.figures), view)
        if not stays:
            return ()
        return (
            Finding(
                key="",
                confidence=max(stay.figure.score for stay in stays),
                subjects=subjects(stay.figure for stay in stays),
                measures=(
                    Measure(name="in_zone", value=float(len(stays)), threshold=1.0),
                    Measure(name="longest_stay", value=max(stay.dwell_s for stay in stays), unit="s"),
                ),
                since=view.t,
            ),
        )
