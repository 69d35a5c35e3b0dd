"""Who may import whom. What import-linter can say stands in pyproject.toml; the rest is read from the syntax trees."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import Module, imports_of, modules
from tests.data import ROOT

# Free in every adapter: the array that pictures are, the wire's structs, the log.
COMMON = frozenset({"numpy", "msgspec", "structlog"})
# One library in two wheels: Authlib signs with joserfc.
FAMILIES = (
    frozenset({"authlib", "joserfc"}),
    frozenset({"fastapi", "starlette", "uvicorn", "pydantic"}),
)
PURE_STDLIB = frozenset(
    {"__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "enum", "fractions"}
    | {"functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "statistics", "string", "types"}
    | {"typing", "uuid", "zoneinfo"}
)
IMPURE_CALLS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "__import__"})
IMPURE_ATTRIBUTES = frozenset(
    {"now", "utcnow", "today", "monotonic", "perf_counter", "getenv", "environ", "urandom", "uuid1", "uuid4"}
    | {"read_text", "write_text", "read_bytes", "write_bytes", "fromfile", "tofile", "memmap", "load", "save"}
)
IMPURE_ROOTS = frozenset({"datetime", "date", "dt", "time", "os", "uuid", "Path", "np", "numpy"})
CORES = ("edge_agent.core", "aggregator.core")


def core_modules() -> list[Module]:
    return [module for module in modules() if module.within(*CORES)]


def impurities(module: Module, own: str) -> list[str]:
    """What a core module does or imports that could make its result depend on anything but its arguments."""
    found = []
    for name in sorted(module.imports):
        top = name.partition(".")[0]
        inside = (
            name == own or name.startswith(f"{own}.") or own.startswith(f"{name}.") or name == own.partition(".")[0]
        )
        if top in ("numpy", "msgspec", "contract") or top in PURE_STDLIB or inside:
            continue
        found.append(f"imports {name}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.append(f"line {node.lineno}: calls {node.func.id}")
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _impure(node):
            found.append(f"line {node.lineno}: uses {ast.unparse(node)}")
    return found


def _impure(node: ast.Attribute) -> bool:
    """A clock, the environment or chance; `self.now` and the like are our own fields."""
    if node.attr == "random" and isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy"):
        return True
    root = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return node.attr in IMPURE_ATTRIBUTES and root in IMPURE_ROOTS


@pytest.mark.parametrize("module", core_modules(), ids=lambda module: module.name)
def test_the_core_takes_values_and_returns_values(module: Module) -> None:
    own = next(core for core in CORES if module.within(core))
    assert impurities(module, own) == []


@pytest.mark.parametrize(
    "text",
    [
        "import cv2",
        "import time",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today",
        "open('x')",
        "print('x')",
        "import numpy as np\nx = np.random.rand()",
        "from edge_agent.adapters import x",
        "from aggregator.core import x",
        "def f():\n    import threading",
        "import os",
    ],
)
def test_the_check_sees_impurity(text: str) -> None:
    assert impurities(imports_of(text), "edge_agent.core")


def test_the_check_lets_values_pass() -> None:
    text = "from datetime import datetime\nimport numpy as np\ndef f(self, t):\n    return np.zeros(3), self.now, t.now"
    assert impurities(imports_of(text), "edge_agent.core") == []


def test_contract_needs_msgspec_and_nothing_else() -> None:
    for module in modules():
        if module.within("contract"):
            assert module.libraries <= {"msgspec"}, module.name
            assert not any(name.partition(".")[0] in ("edge_agent", "aggregator", "jaga") for name in module.imports)


def outside(module: Module) -> frozenset[str]:
    libraries = module.libraries - COMMON
    for family in FAMILIES:
        if libraries & family:
            libraries = libraries - family | {min(libraries & family)}
    return libraries


@pytest.mark.parametrize(
    "module", [m for m in modules() if ".adapters" in m.name or ".api" in m.name], ids=lambda module: module.name
)
def test_an_adapter_hides_one_library(module: Module) -> None:
    assert len(outside(module)) <= 1, sorted(outside(module))


def composes(module: Module) -> bool:
    """Whether `module` is part of a composition root: jaga, and the top-level runtime and command modules of a side."""
    side, *rest = module.name.split(".")
    return side in ("jaga", "benchmarks") or (len(rest) == 1 and not rest[0].startswith("config"))


@pytest.mark.parametrize("side", ["edge_agent", "aggregator"])
def test_only_the_composition_root_imports_adapters(side: str) -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in module.imports
        if f"{name}.".startswith(f"{side}.adapters.")
        and not module.within(f"{side}.adapters")
        and not (composes(module) and module.name.partition(".")[0] in (side, "jaga"))
    ]
    assert wrong == []


def test_import_linter_agrees() -> None:
    """The layer contracts of pyproject.toml, over the whole import graph, indirect imports included."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter is not installed"
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
