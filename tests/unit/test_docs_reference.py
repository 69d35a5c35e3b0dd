"""docs/reference/cli.md and api.md are what the commands and routes say now."""

import subprocess
import sys
from pathlib import Path

from tests.data import ROOT

NAMES = {"api.md", "cli.md"}


def test_commands_and_routes_are_documented(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_reference.py"), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == NAMES
    for name in NAMES:
        made = (tmp_path / name).read_text("utf-8")
        committed = (ROOT / "docs" / "reference" / name).read_text("utf-8")
        assert made == committed, f"{name}: run: python docs/make_reference.py docs/reference"
