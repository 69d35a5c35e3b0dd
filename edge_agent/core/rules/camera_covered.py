"""Something is before the lens: a hand, a bag, spray, or light that blinds it."""

from contract.events import Measure
from edge_agent.core.rules.camera_base import Sight, finding
from edge_agent.core.spec import TamperSpec
from edge_agent.core.timing import reached
from edge_agent.core.types import Finding
from edge_agent.core.view import Difference

NOTHING_KEPT = 0.08
"""Below it the whole view is gone, and it may be another view as well: then DARK or FEATURELESS decides."""
FEATURELESS, VOID = 0.75, 0.25
LEFT, CLEAR = 0.3, 0.75
"""Where at least LEFT of the view is kept, that must be as detailed as it was, or the picture is blurred or hazy as a
whole."""
CORNER = 0.75
"""Where so much of a corner is kept, something has come before the camera, and it has not turned away."""
HOLD = 0.8
"""What has begun goes on down to this share of the threshold."""
MOST = 0.6
PART_S, WHOLE_S, BLOWN_S = 3.0, 2.0, 3.0
"""How much longer it must last where less than MOST is hidden (smoke, a lorry), where the view is gone altogether (a
camera may be turning) and where it is blown out (headlights)."""


class Covered:
    """True while at least `covered_share` of the view shows nothing; measured against the view as it is known."""

    def __init__(self, spec: TamperSpec) -> None:
        self._spec = spec
        self._since: float | None = None
        self._patience_s = WHOLE_S

    def step(self, sight: Sight) -> tuple[Finding, ...]:
        difference = sight.difference
        patience = None if difference is None else self._patience(difference)
        if difference is None or patience is None:
            self._since = None
            return ()
        # What was seen to come from one side is believed also when it has come all the way.
        self._patience_s = patience if self._since is None else min(patience, self._patience_s)
        self._since = sight.t if self._since is None else self._since
        if not reached(sight.t - self._since, self._patience_s):
            return ()
        hidden = max(difference.dull, difference.blown)
        measures = (
            Measure(name="hidden", value=hidden, threshold=self._spec.covered_share),
            Measure(name="blinded", value=difference.blown),
            Measure(name="kept", value=difference.kept),
        )
        return finding(0.5 + hidden / 2, measures, self._since)

    def _patience(self, difference: Difference) -> float | None:
        """How long it must be so before it is believed at all; None where it is not so."""
        limit = self._spec.covered_share * (1.0 if self._since is None else HOLD)
        if difference.blown >= limit:
            return BLOWN_S
        if difference.dull < limit:
            return None
        if difference.kept >= NOTHING_KEPT:
            if difference.kept >= LEFT and difference.clear < CLEAR:
                return None
            return 0.0 if difference.dull >= MOST and difference.corner >= CORNER else PART_S
        return WHOLE_S if difference.dull >= FEATURELESS or difference.detail < VOID else None
