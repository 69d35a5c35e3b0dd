"""When a camera may rest: rules that follow people have nothing to see while nothing moves and nobody is there."""

from collections.abc import Iterable

from edge_agent.core.motion import Decision
from edge_agent.core.spec import Rule
from edge_agent.core.timing import reached

QUIET_S = 2.0
"""A camera rests after so long without motion that may be somebody's, a look that was not settled, or anybody followed,
and not before the motion gate closes."""
PIXELS_REST_S = 0.5
"""The longest keyframe interval that lets a camera rest whose rules judge pixels: their property tests go down to two
pictures a second."""
ABOUT_TRACKS = frozenset({"intrusion", "line_crossing", "loitering", "crowd"})
"""Kinds that say nothing without somebody who was detected. All others look at pixels, whether or not anything moves.
"""
PATIENT = ABOUT_TRACKS - {"crowd"}
"""Kinds that lose nothing where motion without anybody is looked at once a second. Rules about pixels want to know of
whatever else is detected, and a dense crowd is counted where nobody is."""


def rest_s(rules: Iterable[Rule], keyframe_s: float) -> float:
    """The longest keyframe interval at which a camera with these rules may rest; keyframe_s: what its config allows."""
    return keyframe_s if all(rule.kind in ABOUT_TRACKS for rule in rules) else min(keyframe_s, PIXELS_REST_S)


def glance_s(rules: Iterable[Rule], seconds: float) -> float:
    """How often a camera with these rules is looked at while it rests and its packets say that nothing has changed;
    seconds: what its config allows, 0: at each keyframe."""
    return seconds if all(rule.kind in ABOUT_TRACKS for rule in rules) else 0.0


def eager(decision: Decision, followed: bool) -> bool:
    """Whether looks in close succession are needed: what moves may be somebody, or somebody is followed."""
    return followed or (decision.reason in ("always", "motion", "confirm") and not decision.barren)


class RestGate:
    """Whether a camera may rest. `step` with every picture that was analysed."""

    def __init__(self) -> None:
        self._active = float("-inf")

    def step(self, t: float, decision: Decision, followed: bool) -> bool:
        """decision: of the motion gate. followed: whether anybody is tracked. A look for refreshment wakes nobody; what
        it finds does. What seems to move in the very picture in which a look has shown nobody is a background that has
        yet to follow; and before the first picture nobody was there to be lost, so it needs no quiet time after it."""
        calm = decision.barren or decision.reason in ("first", "idle", "refresh", "futile", "hold")
        if followed or not calm or t < self._active:
            self._active = t
        settled = decision.barren or decision.reason not in ("first", "hold")
        return settled and reached(t - self._active, QUIET_S)
