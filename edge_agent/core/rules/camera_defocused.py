"""The picture has lost its sharpness: focus turned, lens smeared, grease, condensation."""

from contract.events import Measure
from edge_agent.core.rules.camera_base import Sight, finding
from edge_agent.core.spec import TamperSpec
from edge_agent.core.types import Finding
from edge_agent.core.view import Difference

KEPT, LAYOUT = 0.35, 0.6
"""The same view must still be there, only without its detail."""
GONE = 0.3
"""With less detail than this, fine and coarse alike, their proportion says nothing any more."""

MORE = 1.0
"""A blurred lens takes detail away. Where there is as much of it as usual or more, something has lit the view up
softly: noise was part of a dark view's detail, and a flash or a glow brings none along."""


class Defocused:
    """True while the sharpness is below `sharpness` of the usual one."""

    def __init__(self, spec: TamperSpec) -> None:
        self._spec = spec

    def step(self, sight: Sight) -> tuple[Finding, ...]:
        difference = sight.difference
        if difference is None or difference.kept < KEPT or difference.layout < LAYOUT:
            return ()
        now = sharpness(difference)
        if difference.shift >= self._spec.shift:
            return ()
        if now >= self._spec.sharpness or difference.plain >= MORE:
            return ()
        measures = (
            Measure(name="sharpness", value=now, threshold=self._spec.sharpness),
            Measure(name="kept", value=difference.kept),
        )
        return finding(1.0 - now / 2, measures, sight.t)


def sharpness(difference: Difference) -> float:
    """1: as sharp as usual."""
    if difference.detail < GONE:
        return min(difference.sharpness, difference.detail)
    return difference.sharpness
