"""docs/guide/config.md has every key of every section, with its true default and range, and none that does not exist;
the pages of the rules repeat them rightly."""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from aggregator import config as aggregator_config
from edge_agent.config import SECTIONS
from edge_agent.config_sections import limit
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import Calibration, CameraSpec, Episodes, Line, MotionSpec, Rule, TamperSpec, Zone
from tests.data import ROOT

REQUIRED = "required"
ABSENT = "–"
TEXT = (ROOT / "docs" / "guide" / "config.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \|", re.MULTILINE)
RANGE = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]*) ?\|", re.MULTILINE)


def section(heading: str) -> str:
    _, found, rest = TEXT.partition(f"\n### {heading}\n")
    assert found, f"no heading {heading}"
    return re.split(r"\n##+ ", rest)[0]


def documented(heading: str) -> dict[str, str]:
    """key -> default as written, of the table under `### heading`."""
    return {key: default.strip(" `") for key, default in ROW.findall(section(heading))}


def ranges(heading: str) -> dict[str, str]:
    """key -> what is allowed, as written, of the table under `### heading`; those of which nothing is said left out."""
    if "| key | default | allowed | what |" not in section(heading):
        return {}
    return {key: said for key, told in RANGE.findall(section(heading)) if (said := told.strip())}


def true_ranges(keys: dict[str, str], *owners: type) -> dict[str, str]:
    """key -> the range that the config reader keeps, as it says it, of those of `keys` that are numbers."""
    found = {}
    for owner in owners:
        for name, hint in get_type_hints(owner).items():
            number = {int, float} & {hint, *get_args(hint)}
            if name in keys and number and (held := limit(owner, name)) is not None:
                found[name] = str(held)
    return found


OWNERS: dict[str, tuple[type, ...]] = {
    **{f"`[{name}]`": (cls,) for name, cls in SECTIONS.items()},
    "`[[camera]]`": (CameraSpec,),
    "`[camera.motion]`": (MotionSpec,),
    "`[camera.tamper]`": (TamperSpec,),
    "`[[camera.rule]]`": (Rule, Episodes),
    **{f"`{kind}`": (found.spec, Episodes) for kind, found in RULES.items()},
}


@pytest.mark.parametrize("heading", OWNERS)
def test_ranges_of_the_edge(heading: str) -> None:
    assert ranges(heading) == true_ranges(documented(heading), *OWNERS[heading])


def test_there_are_ranges() -> None:
    assert sum(len(ranges(heading)) for heading in OWNERS) > 90
    assert ranges("`brawl`")["threshold"] == "0.05 .. 0.999"


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


def plain(default: str) -> str:
    return re.sub(r'[`"\[\]]', "", default).strip()


@pytest.mark.parametrize("page", [*RULES, "camera_health"])
@pytest.mark.parametrize("part", ["What it sees", "What fools it", "How to tune", "Measured"])
def test_the_page_of_a_rule_has_every_part(page: str, part: str) -> None:
    text = (ROOT / "docs" / "guide" / "rules" / f"{page}.md").read_text("utf-8")
    assert re.search(rf"^(## {part}|\*\*{part}\*\*)", text, re.MULTILINE)


@pytest.mark.parametrize("kind", RULES)
def test_the_page_of_a_rule_has_the_same_defaults(kind: str) -> None:
    page = (ROOT / "docs" / "guide" / "rules" / f"{kind}.md").read_text("utf-8")
    _, found, rest = page.partition("| key | default | what |\n")
    assert found, f"{kind}.md has no table of its keys"
    told = {key: plain(default) for key, default in ROW.findall(rest.partition("\n\n")[0])}
    held = {key: plain(default) for key, default in (documented("`[[camera.rule]]`") | documented(f"`{kind}`")).items()}
    assert told.keys() <= held.keys()
    # What has no default of its own may say in words what stands in for it.
    assert {key: one for key, one in told.items() if held[key] != ABSENT} == {
        key: held[key] for key in told if held[key] != ABSENT
    }
    assert documented(f"`{kind}`").keys() - defaults(Episodes).keys() - {"classes", "min_height"} <= told.keys()


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
