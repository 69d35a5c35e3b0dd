"""Can this camera be trusted now? A few looks a second, fewer while the picture stays the same, a learned view, and a
rule for each way to lose it.

Looks are taken whether or not anything moves. What is known of the view follows it only while no rule finds fault with
it; a camera that was moved and stands still is taken for what it now shows.
"""

from dataclasses import dataclass

import numpy as np

from contract.kinds import Severity
from edge_agent.core.lifecycle import Lifecycle
from edge_agent.core.look import look
from edge_agent.core.rules.camera_base import CameraRule, CameraStep, Sight
from edge_agent.core.rules.camera_covered import Covered
from edge_agent.core.rules.camera_defocused import Defocused, sharpness
from edge_agent.core.rules.camera_frozen import Frozen
from edge_agent.core.rules.camera_moved import Moved, elsewhere
from edge_agent.core.spec import CAMERA_FAULTS, CameraFault, Episodes, TamperSpec
from edge_agent.core.timing import due, reached
from edge_agent.core.types import Finding, Frame, Image
from edge_agent.core.view import Difference, ViewMemory

EVERY_S, WORRIED_S, CALM_S = 0.4, 0.2, 2.0
"""Between looks; the shorter where the last one was not as usual, the longest where it was and the picture is the same.
Covers, glare and moves make it another one at once; a frozen picture, a faint or slow blur, and the end of any fault
are noticed up to CALM_S later. Not before the view is settled after LEARNED looks, and every other time: two looks in
close succession tell how noisy the camera is."""
LEARNED = 12
STILL = 6
"""A picture is the same while no pixel of its tiny luma differs from that of the last look by more grey levels: half of
what the motion gate takes for motion, and without asking whether another light would explain it, as covers may. Where
none differs at all it may be frozen, and nothing is passed over."""
SETTLED_S = 5.0
"""The first view, while younger, is replaced without a word when the picture becomes another one: a recording that
begins with a title, a camera that starts up. Not while something is coming over it."""
RELEARN_S = 1.6
"""How long a moved camera must have shown its new view before that is the known one."""
ANEW_S = 60.0
"""How long a view may differ without any fault before it is learned anew: a lorry that stays, another light."""
BLIND_S, UNKNOWN_S = 1.0, 3.0
"""How long what the picture shows is not trusted after a fault was last found (until the exposure has settled), and
after the view was another one (until that is known)."""
LEARN_KEPT, LEARN_DULL, LEARN_SHARP = 0.5, 0.2, 0.85
"""Only looks this close to what is known change it."""
STEPS: dict[CameraFault, type] = {"covered": Covered, "defocused": Defocused, "moved": Moved, "frozen": Frozen}


@dataclass(slots=True)
class CameraWatch:
    """A rule about the camera and its episodes."""

    rule: CameraRule
    step: CameraStep
    lifecycle: Lifecycle


def camera_rule(fault: CameraFault, spec: TamperSpec) -> CameraRule:
    """The rule behind a fault, as an event names it."""
    severity: Severity | None = "info" if fault == "moved" and spec.ptz else None
    times = {
        "covered": Episodes(min_duration_s=spec.covered_after_s),
        "defocused": Episodes(min_duration_s=spec.defocused_after_s),
        "moved": Episodes(min_duration_s=spec.moved_after_s, end_after_s=1.0, cooldown_s=0.0),
        "frozen": Episodes(min_duration_s=0.0, end_after_s=1.5),
    }
    return CameraRule(id=f"camera-{fault}", kind=f"camera_{fault}", severity=severity, episodes=times[fault])  # type: ignore[arg-type]


class CameraHealth:
    """One camera. `step` with every frame, in order; bounded memory (some 300 kB)."""

    def __init__(self, spec: TamperSpec) -> None:
        self._memory = ViewMemory()
        self._looked = float("-inf")
        self._luma = np.empty((0, 0), np.uint8)
        """Of the last look."""
        self._looks = 0
        self._passing = self._passed = False
        """Whether pictures were passed over since the last look, and before it."""
        self._moved: float | None = None
        self._odd: float | None = None
        self._settled = False
        self._covered = False
        self._worried = True
        self._blind_until = float("-inf")
        self.views = 0
        """How often the camera has moved and its new view become the known one."""
        self.watches = [
            CameraWatch(rule := camera_rule(fault, spec), STEPS[fault](spec), Lifecycle(rule.episodes))
            for fault in CAMERA_FAULTS
            if spec.enabled and fault in spec.faults
        ]

    def sight(self, frame: Frame, t: float) -> Sight | None:
        """What this frame is judged by; None between looks, or where the picture is too small."""
        if not self.watches or not due(t - self._looked, WORRIED_S if self._worried else EVERY_S):
            return None
        settled = self._settled and self._looks >= LEARNED
        calm = settled and not (self._worried or self._passed or due(t - self._looked, CALM_S))
        if calm and self._still(frame.luma):
            self._passing = True
            return None
        seen = look(frame.image, t)
        if seen is None:
            return None
        self._looked, self._luma, self._looks = t, frame.luma, self._looks + 1
        self._passing, self._passed = False, self._passing
        difference = self._memory.compare(seen)
        self._settled = self._settled or (difference is not None and reached(difference.age_s, SETTLED_S))
        if (
            difference is not None
            and not (self._settled or self._covered)
            and (elsewhere(difference) or difference.shift > 0)
        ):
            self._memory.forget()
            self._memory.compare(seen)
            difference = None
        return Sight(seen, difference, self._passed)

    def _still(self, luma: Image) -> bool:
        last = self._luma
        return last.shape == luma.shape and 0 < int(np.abs(luma.astype(np.int16) - last).max()) <= STILL

    def learn(self, sight: Sight, found: dict[str, tuple[Finding, ...]]) -> None:
        """After the rules have spoken (by kind): take the look into what is known, or begin anew after a move."""
        difference = sight.difference
        self._covered = bool(found.get("camera_covered"))
        moved = bool(found.get("camera_moved"))
        if moved or (difference is not None and elsewhere(difference)):
            self._blind_until = sight.t + UNKNOWN_S
        elif any(found.values()):
            self._blind_until = max(self._blind_until, sight.t + BLIND_S)
        self._moved = (sight.t if self._moved is None else self._moved) if moved else None
        if self._moved is not None and reached(sight.t - self._moved, RELEARN_S):
            self._memory.forget()
            self._memory.compare(sight.look)
            self._moved = None
            self.views += 1
            return
        fault = any(found.values())
        usual = difference is not None and _usual(difference) and not fault
        if usual:
            self._memory.learn(sight.look)
        if usual or fault or difference is None:
            self._odd = None
        elif self._odd is None:
            self._odd = sight.t
        elif reached(sight.t - self._odd, ANEW_S):
            self._memory.forget()
            self._odd = None
        self._worried = not usual

    def blind(self, t: float) -> bool:
        """Whether what the picture shows is not to be trusted at `t`: a fault is found, or it is another view."""
        return t < self._blind_until


def _usual(difference: Difference) -> bool:
    return (
        difference.kept >= LEARN_KEPT
        and difference.dull < LEARN_DULL
        and difference.blown < LEARN_DULL
        and sharpness(difference) > LEARN_SHARP
    )
