"""What the rules about the camera itself are given, and what they are in the config's terms."""

from dataclasses import dataclass
from typing import Literal, Protocol

from contract.events import Measure
from edge_agent.core.look import Look
from edge_agent.core.spec import Rule
from edge_agent.core.types import Finding
from edge_agent.core.view import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRule(Rule):
    """Made from `[camera.tamper]` where that is enabled; no [[camera.rule]] names it. Its place is the camera."""

    kind: Literal["camera_covered", "camera_defocused", "camera_moved", "camera_frozen"]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One look. difference: None while no view is known. passed: whether pictures since the look before, all the same,
    were passed over."""

    look: Look
    difference: Difference | None
    passed: bool = False

    @property
    def t(self) -> float:
        return self.look.t


class CameraStep(Protocol):
    """One rule of one camera, stepped at every look; it keeps no episodes and `t` never goes back."""

    def step(self, sight: Sight) -> tuple[Finding, ...]: ...


def finding(confidence: float, measures: tuple[Measure, ...], since: float) -> tuple[Finding, ...]:
    """The one thing that is so with a camera; confidence is clipped to 0..1."""
    sure = min(max(confidence, 0.0), 1.0)
    return (Finding(key="", confidence=sure, subjects=(), measures=measures, since=since),)
