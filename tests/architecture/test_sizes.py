"""One concept a file, and a function that needs a second screen is two functions."""

import ast
from pathlib import Path

import pytest

from tests.architecture.source import module, python_files
from tests.data import ROOT

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
FOLDERS = ("contract", "edge_agent", "aggregator", "simulator", "models", "jaga", "benchmarks", "tests")
PYTHON = [path for folder in FOLDERS for path in python_files(folder)]
WEB = [path for path in (ROOT / "aggregator" / "web" / "src").rglob("*") if path.suffix in (".ts", ".svelte", ".css")]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON + WEB, ids=relative)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_functions_fit_one_screen(path: Path) -> None:
    long = {
        node.name: length
        for node in ast.walk(module(path).tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}
