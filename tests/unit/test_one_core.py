"""The obvious loop beside Jaga: what goes wrong in its process is told."""

import sys
from pathlib import Path

import pytest

from benchmarks.one_core import PYTHON, peer


def test_why_the_obvious_loop_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PYTHON, sys.executable)
    with peer(tmp_path / "none.pt", tmp_path / "none.avi", 1) as run, pytest.raises(RuntimeError, match="Error"):
        run(0)
