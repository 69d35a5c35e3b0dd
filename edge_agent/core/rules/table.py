"""Rule kinds to what carries them out. A new rule is a module with its spec and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.core.calibration import Ground
from edge_agent.core.rules.base import RuleStep
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.rules.intrusion import Intrusion
from edge_agent.core.rules.line_crossing import LineCrossing
from edge_agent.core.rules.loitering import Loitering
from edge_agent.core.rules.scene_anomaly import SceneAnomaly, SceneAnomalyRule
from edge_agent.core.spec import (
    CameraSpec,
    CrowdRule,
    IntrusionRule,
    Line,
    LineCrossingRule,
    LoiteringRule,
    Rule,
)
from edge_agent.core.types import Point

WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Site:
    """Where a rule works. polygon: of its zone, WHOLE where it names none. line: where it has one. ground: where the
    camera is calibrated."""

    polygon: tuple[Point, ...] = WHOLE
    line: Line | None = None
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the config may say of a kind, and what carries it out."""

    spec: type[Rule]
    make: Callable[[Any, Site], RuleStep]


def _line_crossing(rule: LineCrossingRule, site: Site) -> RuleStep:
    assert site.line is not None
    return LineCrossing(rule, site.line)


RULES: Mapping[str, Entry] = {
    "intrusion": Entry(IntrusionRule, lambda rule, site: Intrusion(rule, site.polygon)),
    "line_crossing": Entry(LineCrossingRule, _line_crossing),
    "loitering": Entry(LoiteringRule, lambda rule, site: Loitering(rule, site.polygon)),
    "crowd": Entry(CrowdRule, lambda rule, site: Crowd(rule, site.polygon)),
    "scene_anomaly": Entry(SceneAnomalyRule, lambda rule, site: SceneAnomaly(rule, site.polygon)),
}


def make_rule(camera: CameraSpec, rule: Rule) -> RuleStep:
    """Raises KeyError where the rule names a zone or line its camera does not have, ValueError where its calibration
    is none."""
    ground = Ground(camera.calibration) if camera.calibration is not None else None
    if isinstance(rule, LineCrossingRule):
        site = Site(line={line.id: line for line in camera.lines}[rule.line], ground=ground)
    elif rule.place is None:
        site = Site(ground=ground)
    else:
        site = Site({zone.id: zone.polygon for zone in camera.zones}[rule.place], ground=ground)
    return RULES[rule.kind].make(rule, site)
