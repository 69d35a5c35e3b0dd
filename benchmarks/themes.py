"""The measurements of single kinds, in the order of models/ACCURACY.md."""

from types import ModuleType

from benchmarks import camera_health, rule_cost

TITLES: dict[ModuleType, str] = {
    camera_health: "The camera's own faults (mostly synthetic)",
    rule_cost: "Cost",
}
MODULES: tuple[ModuleType, ...] = tuple(TITLES)


def title(name: str) -> str:
    """Of the command `benchmarks.NAME`."""
    return next(text for module, text in TITLES.items() if module.__name__ == f"benchmarks.{name}")
