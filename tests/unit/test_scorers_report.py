"""What a measurement says and how it exits; every measured camera's config loads."""

import json
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.data import CONFIGS
from benchmarks.report import Figure, Outcome, at_least, at_most, command, equal, table
from edge_agent.config import load

GOOD = Outcome("good", (at_least("recall", 0.92, 0.91), Figure("rate", 30.123456)))
BAD = Outcome("bad", (at_most("error", 0.8, 0.7), equal("count", 1, 1)))


def test_bars_hold_at_their_very_value() -> None:
    assert at_least("", 0.91, 0.91).ok
    assert not at_least("", 0.9099, 0.91).ok
    assert at_most("", 0.7, 0.7).ok
    assert not at_most("", 0.7001, 0.7).ok
    assert not equal("", 2, 1).ok


def test_one_missed_bar_fails_the_outcome_and_a_recorded_figure_does_not() -> None:
    assert GOOD.ok
    assert not BAD.ok
    assert GOOD.figure("rate").ok is None
    with pytest.raises(KeyError):
        GOOD.figure("speed")


def test_the_table_names_each_figure_with_its_verdict() -> None:
    lines = table(BAD).splitlines()
    assert lines[0] == "== bad"
    assert lines[2].split() == ["error", "0.8", "<=", "0.7", "FAILED"]
    assert lines[3].split() == ["count", "1", "=", "1", "ok"]
    assert table(GOOD).splitlines()[3].split() == ["rate", "30.12"]


def test_the_exit_code_follows_the_bars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data, "DATA", tmp_path)
    file = tmp_path / "figures.json"
    assert command(lambda: GOOD, ["--json", str(file)]) == 0
    assert json.loads(file.read_text())["figures"][0] == {"name": "recall", "value": 0.92, "bar": ">= 0.91", "ok": True}
    assert command(lambda: BAD, []) == 1
    monkeypatch.setattr(data, "DATA", tmp_path / "none")
    assert command(lambda: GOOD, []) == 2
    assert "JAGA_DATA" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_measured_camera_has_a_config_that_loads(path: Path) -> None:
    config = load(path)
    assert len(config.cameras) == 1
    assert config.cameras[0].rules
