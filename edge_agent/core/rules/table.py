"""Rule kinds to what carries them out. A new rule is a module with its spec and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.core.calibration import Ground
from edge_agent.core.changes import Changes
from edge_agent.core.crowd_density import Density, density_of
from edge_agent.core.rules.abandoned_object import AbandonedObject, AbandonedObjectRule
from edge_agent.core.rules.base import RuleStep, Trained
from edge_agent.core.rules.brawl import Brawl, BrawlRule
from edge_agent.core.rules.congestion import Congestion, CongestionRule
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.rules.crowd_rush import CrowdRush, CrowdRushRule
from edge_agent.core.rules.intrusion import Intrusion
from edge_agent.core.rules.line_crossing import LineCrossing
from edge_agent.core.rules.loitering import Loitering
from edge_agent.core.rules.scene_anomaly import SceneAnomaly, SceneAnomalyRule
from edge_agent.core.rules.scene_change import SceneChange, SceneChangeRule
from edge_agent.core.rules.smoke_fire import SmokeFire, SmokeFireRule
from edge_agent.core.rules.stopped_vehicle import StoppedVehicle, StoppedVehicleRule
from edge_agent.core.rules.wrong_way import WrongWay, WrongWayRule
from edge_agent.core.spec import (
    STRONG,
    CameraSpec,
    CrowdRule,
    IntrusionRule,
    Line,
    LineCrossingRule,
    LoiteringRule,
    Rule,
)
from edge_agent.core.traffic import Traffic
from edge_agent.core.types import Point

WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Site:
    """Where a rule works. polygon: of its zone, WHOLE where it names none. line: where it has one. ground: where the
    camera is calibrated. traffic, changes: what rules about vehicles, and about changes of a place, share on one
    camera. trained: the numbers of shipped models."""

    polygon: tuple[Point, ...] = WHOLE
    line: Line | None = None
    ground: Ground | None = None
    traffic: Traffic = field(default_factory=Traffic)
    changes: Changes = field(default_factory=Changes)
    trained: Trained = field(default_factory=dict)

    @property
    def density(self) -> Density | None:
        """The network that counts dense crowds, where it is shipped. Raises ValueError where it is none."""
        return density_of(self.trained["density"]) if "density" in self.trained else None


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
    "crowd": Entry(CrowdRule, lambda rule, site: Crowd(rule, site.polygon, site.ground, site.density)),
    "crowd_rush": Entry(CrowdRushRule, lambda rule, site: CrowdRush(rule, site.polygon, site.ground)),
    "wrong_way": Entry(WrongWayRule, lambda rule, site: WrongWay(rule, site.polygon, site.traffic)),
    "stopped_vehicle": Entry(StoppedVehicleRule, lambda rule, site: StoppedVehicle(rule, site.polygon, site.traffic)),
    "congestion": Entry(CongestionRule, lambda rule, site: Congestion(rule, site.polygon, site.traffic)),
    "abandoned_object": Entry(
        AbandonedObjectRule, lambda rule, site: AbandonedObject(rule, site.polygon, site.changes)
    ),
    "scene_change": Entry(SceneChangeRule, lambda rule, site: SceneChange(rule, site.polygon, site.changes)),
    "smoke_fire": Entry(SmokeFireRule, lambda rule, site: SmokeFire(rule, site.polygon)),
    "brawl": Entry(BrawlRule, lambda rule, site: Brawl(rule, site.polygon)),
    "scene_anomaly": Entry(SceneAnomalyRule, lambda rule, site: SceneAnomaly(rule, site.polygon)),
}


def make_rules(camera: CameraSpec, trained: Trained | None = None, strong: float = STRONG) -> list[RuleStep]:
    """What carries out the camera's rules, in their order. trained: the numbers of shipped models. strong: score that
    begins a track.

    Raises KeyError where one names a zone or line its camera does not have, ValueError where its calibration is none.
    """
    ground = Ground(camera.calibration) if camera.calibration is not None else None
    hours = next((rule.schedule.zone for rule in camera.rules if rule.schedule.zone is not None), None)
    shared = Site(ground=ground, traffic=Traffic(hours, ground, strong), trained=trained or {})
    return [RULES[rule.kind].make(rule, _site(camera, rule, shared)) for rule in camera.rules]


def _site(camera: CameraSpec, rule: Rule, shared: Site) -> Site:
    if isinstance(rule, LineCrossingRule):
        return replace(shared, line={line.id: line for line in camera.lines}[rule.line])
    if rule.place is None:
        return shared
    return replace(shared, polygon={zone.id: zone.polygon for zone in camera.zones}[rule.place])
