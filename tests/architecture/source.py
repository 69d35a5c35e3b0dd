"""The repository's Python as syntax trees: what each module imports and how long it is."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.data import ROOT

PACKAGES = ("contract", "edge_agent", "aggregator", "simulator", "models", "jaga")
OURS = frozenset(PACKAGES)
STDLIB = sys.stdlib_module_names


@dataclass(frozen=True)
class Module:
    """name: dotted, as imported. text: its source."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module named in an import anywhere in it, also inside functions; `from a import b` gives a and a.b."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return frozenset(found)

    @property
    def libraries(self) -> frozenset[str]:
        """Top-level names of third-party imports."""
        return frozenset(name.partition(".")[0] for name in self.imports) - STDLIB - OURS

    def within(self, *packages: str) -> bool:
        return any(self.name == package or self.name.startswith(f"{package}.") for package in packages)


def module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return Module(".".join(part for part in parts if part != "__init__"), path, path.read_text("utf-8"))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product."""
    return tuple(module(path) for package in PACKAGES for path in python_files(package))


def python_files(folder: str) -> Iterator[Path]:
    skipped = {"node_modules", "__pycache__"}
    return (path for path in sorted((ROOT / folder).rglob("*.py")) if not skipped & set(path.parts))


def imports_of(text: str) -> Module:
    """A module that is not on disk, for tests of the checks themselves."""
    return Module("edge_agent.core.example", ROOT / "example.py", text)
