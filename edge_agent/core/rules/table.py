"""Rule kinds to what carries them out. A new rule is a module, a spec and one entry here."""

from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.core.rules.base import RuleStep
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.rules.intrusion import Intrusion
from edge_agent.core.rules.line_crossing import LineCrossing
from edge_agent.core.rules.loitering import Loitering
from edge_agent.core.spec import CameraSpec, LineCrossingRule, Rule

FACTORIES: Mapping[str, Callable[[Any, Any], RuleStep]] = {
    "intrusion": Intrusion,
    "line_crossing": LineCrossing,
    "loitering": Loitering,
    "crowd": Crowd,
}
"""kind -> factory(rule, place), where place is a zone's polygon, or the Line of a rule that has one."""


def make_rule(camera: CameraSpec, rule: Rule) -> RuleStep:
    """Raises KeyError where the rule names a zone or line its camera does not have."""
    place: object
    if isinstance(rule, LineCrossingRule):
        place = {line.id: line for line in camera.lines}[rule.line]
    else:
        place = {zone.id: zone.polygon for zone in camera.zones}[rule.zone]
    return FACTORIES[rule.kind](rule, place)


def place_of(rule: Rule) -> str:
    """The id of the rule's zone or line."""
    return rule.line if isinstance(rule, LineCrossingRule) else rule.zone
