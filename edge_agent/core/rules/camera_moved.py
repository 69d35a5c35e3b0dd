"""The camera looks elsewhere: pushed, turned, zoomed; or an operator moved it."""

from contract.events import Measure
from edge_agent.core.rules.camera_base import Sight, finding
from edge_agent.core.spec import TamperSpec
from edge_agent.core.types import Finding
from edge_agent.core.view import Difference

KEPT, CORNER = 0.35, 0.75
"""Another view: so little is where it was, and in no corner of the picture more than that. Who stands, drives or is
parked before the camera leaves corners alone."""
LAYOUT = 0.87
"""Nor are light and dark where they were: in a noisy night much detail is not found again, and nothing has moved."""
DULL, BLOWN, DETAIL = 0.75, 0.35, 0.3
"""And it is a view: it has detail of its own and is not blown out."""
HIDDEN = 0.35
"""Where so much is dull and a corner is still in its place, what seems displaced (stairs, a fence) is half hidden."""
STEADY = 0.5
"""And it stays: the share seen again from look to look; while the camera turns there is nothing to compare."""


class Moved:
    """True while the view is displaced by at least `shift`, or is another one that stays."""

    def __init__(self, spec: TamperSpec) -> None:
        self._spec = spec
        self._since: float | None = None
        self._turning_s = 0.0

    def step(self, sight: Sight) -> tuple[Finding, ...]:
        difference = sight.difference
        if difference is None:
            self._since = None
            return ()
        hidden = difference.dull >= HIDDEN and difference.corner >= CORNER
        shifted = difference.shift >= self._spec.shift and not hidden
        if not shifted and not elsewhere(difference):
            self._since = None
            return ()
        if self._since is None:
            self._since, self._turning_s = sight.t, 0.0
        if difference.steady < STEADY:
            self._turning_s = sight.t - self._since
            return ()
        shift = (Measure(name="shift", value=difference.shift, threshold=self._spec.shift),) if shifted else ()
        kept = Measure(name="kept", value=difference.kept, threshold=None if shifted else KEPT)
        measures = (*shift, kept, Measure(name="turning", value=self._turning_s, unit="s"))
        return finding(1.0 - difference.kept / 2, measures, self._since)


def elsewhere(difference: Difference) -> bool:
    """Whether this is another view, by whatever motion."""
    return (
        difference.kept < KEPT
        and difference.corner < CORNER
        and difference.layout < LAYOUT
        and difference.dull < DULL
        and difference.blown < BLOWN
        and difference.detail > DETAIL
    )
