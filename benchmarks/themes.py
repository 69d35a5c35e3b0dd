"""The measurements of single kinds, in the order of models/ACCURACY.md."""

from types import ModuleType

from benchmarks import (
    brawl,
    camera_health,
    crowd_count,
    crowd_rush,
    intrusion_motorway,
    line_crossings,
    loitering,
    rule_cost,
    scene_anomaly,
    scene_change,
    smoke_fire,
    staged_fires,
    traffic_rules,
)

TITLES: dict[ModuleType, str] = {
    brawl: "Brawl, sources left out in turn",
    scene_anomaly: "Learned normality of a scene",
    camera_health: "The camera's own faults (mostly synthetic)",
    scene_change: "Things left behind, and changes of a place (the latter synthetic)",
    smoke_fire: "Smoke and fire",
    staged_fires: "Fires of other cameras (synthetic)",
    traffic_rules: "Traffic (wrong way is synthetic)",
    crowd_count: "How many in a dense crowd",
    crowd_rush: "Crowd rush (synthetic, but for the negatives)",
    intrusion_motorway: "Somebody on the hard shoulder",
    line_crossings: "Line crossings",
    loitering: "Staying and passing",
    rule_cost: "Cost",
}
MODULES: tuple[ModuleType, ...] = tuple(TITLES)


def title(name: str) -> str:
    """Of the command `benchmarks.NAME`."""
    return next(text for module, text in TITLES.items() if module.__name__ == f"benchmarks.{name}")
