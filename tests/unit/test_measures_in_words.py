"""What rules tell reads in both languages: each measure, each unit and each thing that the code can name is in the
catalogue."""

import ast
from collections.abc import Iterator
from typing import get_args, get_type_hints

from contract.texts import catalogue
from edge_agent.core.pace import Unit as PaceUnit
from edge_agent.core.rules.brawl_model import PARTS
from edge_agent.core.rules.table import RULES
from edge_agent.zoo.manifest import manifest
from simulator.city import MEASURES, SUBJECTS
from tests.data import ROOT

COMPUTED: dict[str, set[str]] = {
    "brawl.py": set(PARTS),
    "scene_cases.py": {"speed", "height", "width_to_height"}
    | {f"rare_{what}" for what in ("direction", "class", "place", "hour")},
    "scene_change.py": {"level", "changed"},
}
"""Names that a file does not write where it measures."""
COMPUTED_UNITS: dict[str, set[str]] = {
    "congestion.py": {"km/h", "lengths/s"},
    "scene_cases.py": {"bodies/s", "frame", "%", "h"},
}


def measured() -> Iterator[tuple[str, str, ast.expr]]:
    """(file, "name" or "unit", its expression) of each Measure that a rule makes."""
    for path in sorted((ROOT / "edge_agent" / "core" / "rules").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Measure":
                yield from ((path.name, one.arg, one.value) for one in node.keywords if one.arg in ("name", "unit"))


def collected(wanted: str, computed: dict[str, set[str]]) -> set[str]:
    written = {value.value for _, arg, value in measured() if arg == wanted and isinstance(value, ast.Constant)}
    assert all(isinstance(word, str) for word in written)
    elsewhere = {file for file, arg, value in measured() if arg == wanted and not isinstance(value, ast.Constant)}
    assert elsewhere == set(computed), "what a rule computes is listed here"
    return {str(word) for word in written}.union(*computed.values())


def test_every_measure_has_a_name_in_both_languages() -> None:
    names = collected("name", COMPUTED) | {name for name, _, _ in MEASURES.values()}
    assert len(names) > 50
    assert {name for name in names if f"web.measure.{name}" not in catalogue()} == set()


def test_every_unit_is_written_as_the_reader_writes_it() -> None:
    units = collected("unit", COMPUTED_UNITS) | {unit for _, _, unit in MEASURES.values() if unit}
    units |= set(PaceUnit.__args__)  # type: ignore[attr-defined]
    assert len(units) > 8
    assert {unit for unit in units if f"web.unit.{unit}" not in catalogue()} == set()


def test_what_is_seen_has_a_name_in_both_languages() -> None:
    """The detector's classes, and what rules call things that it has no class for."""
    listing = manifest()
    seen = {name for entry in listing.model for name in listing.classes_of(entry)}
    own = {
        one.value.value
        for path in (ROOT / "edge_agent" / "core" / "rules").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Subject"
        for one in node.keywords
        if one.arg == "cls" and isinstance(one.value, ast.Constant)
    }
    assert own >= {"object", "fire", "smoke"}
    changes = set(get_args(get_type_hints(RULES["scene_change"].spec)["purpose"]))
    told = seen | {str(name) for name in own} | changes | {cls for cls, _ in SUBJECTS.values()}
    assert {name for name in told if f"web.class.{name}" not in catalogue()} == set()
