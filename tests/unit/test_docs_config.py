"""docs/guide/config.md has every key of every section, with its true default, and none that does not exist."""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator import config as aggregator_config
from edge_agent.config import SECTIONS
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import Calibration, CameraSpec, Episodes, Line, MotionSpec, Rule, TamperSpec, Zone
from tests.data import ROOT

REQUIRED = "required"
ABSENT = "–"
TEXT = (ROOT / "docs" / "guide" / "config.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \|", re.MULTILINE)


def documented(heading: str) -> dict[str, str]:
    """key -> default as written, of the table under `### heading`."""
    _, found, rest = TEXT.partition(f"\n### {heading}\n")
    assert found, f"no heading {heading}"
    return {key: default.strip(" `") for key, default in ROW.findall(re.split(r"\n##+ ", rest)[0])}


def written(value: Any) -> str:
    """A default as TOML writes it."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return f'"{value}"'
    if isinstance(value, int | float):
        return f"{value:.10g}"
    assert isinstance(value, tuple), value
    return "[" + ", ".join(written(item) for item in value) + "]"


def defaults(cls: type, *skip: str) -> dict[str, str]:
    return {
        item.name: REQUIRED if item.default is MISSING else written(item.default)
        for item in fields(cls)
        if item.name not in skip
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_sections_of_the_edge(section: str) -> None:
    assert documented(f"`[{section}]`") == defaults(SECTIONS[section])


def test_cameras() -> None:
    parts = ("zones", "lines", "rules", "motion", "tamper", "calibration")
    assert documented("`[[camera]]`") == defaults(CameraSpec, *parts)
    assert documented("`[camera.motion]`") == defaults(MotionSpec)
    assert documented("`[camera.tamper]`") == defaults(TamperSpec)
    assert documented("`[camera.calibration]`") == defaults(Calibration)
    assert documented("`[[camera.zone]]`") == defaults(Zone)
    assert documented("`[[camera.line]]`") == defaults(Line)


def test_what_every_rule_has() -> None:
    own = defaults(Rule, "episodes", "schedule") | {"id": "kind-place", "schedule": "[]"}
    assert documented("`[[camera.rule]]`") == own | defaults(Episodes)


@pytest.mark.parametrize("kind", RULES)
def test_what_a_rule_adds(kind: str) -> None:
    common = defaults(Rule, "kind", "schedule", "episodes")
    every = defaults(RULES[kind].spec, "kind", "schedule", "episodes")
    own = {name: value for name, value in every.items() if common.get(name) != value}
    episodes = next(item.default for item in fields(RULES[kind].spec) if item.name == "episodes")
    assert isinstance(episodes, Episodes)
    changed = {
        item.name: written(getattr(episodes, item.name))
        for item in fields(Episodes)
        if getattr(episodes, item.name) != item.default
    }
    assert documented(f"`{kind}`") == own | changed
    assert (ROOT / "docs" / "guide" / "rules" / f"{kind}.md").is_file()


SECTIONS_OF_AGGREGATOR = aggregator_config.section_types()
HEADINGS = {"mqtt": "`[mqtt]` of the aggregator", "district": "`[[district]]`"}


@pytest.mark.parametrize("section", SECTIONS_OF_AGGREGATOR)
def test_sections_of_the_aggregator(section: str) -> None:
    heading = HEADINGS.get(section, f"`[{section}]`")
    wanted = {
        field.name: REQUIRED if field.default is msgspec.NODEFAULT else written(field.default)
        for field in msgspec.structs.fields(SECTIONS_OF_AGGREGATOR[section])
        if f"{section}.{field.name}" not in SECTIONS_OF_AGGREGATOR
    }
    assert documented(heading) == wanted
