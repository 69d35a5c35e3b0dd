"""`jaga simulate city` and `jaga score incidents` on what they cannot use: one error that names it, never a trace."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contract.errors import ConfigError
from simulator.cli import score_app, simulate_app

TIME = "2026-05-17T12:00:00Z"
INCIDENT: dict[str, object] = {"id": "i", "events": ["e"], "started": TIME, "opened": TIME}
TRUTH: dict[str, object] = {"incident": "t", "events": ["e"], "started": TIME, "kind": "brawl"}


def scored(folder: Path, incidents: bytes, truth: bytes) -> dict[str, float]:
    (folder / "incidents.jsonl").write_bytes(incidents)
    (folder / "truth.jsonl").write_bytes(truth)
    call = ["incidents", str(folder / "incidents.jsonl"), "--truth", str(folder / "truth.jsonl")]
    figures: dict[str, float] = json.loads(CliRunner().invoke(score_app, call, catch_exceptions=False).stdout)
    return figures


def line(record: dict[str, object], **change: object) -> bytes:
    return json.dumps(record | change).encode()


def test_what_is_whole_is_scored_and_unknown_fields_are_not_looked_at(tmp_path: Path) -> None:
    figures = scored(tmp_path, line(INCIDENT, colour="red") + b"\n\n", line(TRUTH))
    assert (figures["found"], figures["delay_median_s"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        line(INCIDENT)[:30],
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b'{"unknown": ' + b"[" * 100_000,
        line(INCIDENT, started="2026-05-17T12:00:00"),  # of no zone: it cannot be compared
        line(INCIDENT, opened="2026-05-17T12:00:00"),
        line(INCIDENT, started="99999-01-01T00:00:00Z"),
        line(INCIDENT, started=float("nan")),
        line(TRUTH),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(ConfigError) as raised:
        scored(tmp_path, line(INCIDENT) + b"\n" + wrong, line(TRUTH))
    for language in ("id", "en"):
        assert "incidents.jsonl" in raised.value.render(language)
        assert " 2:" in raised.value.render(language)


def test_an_event_in_two_incidents_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2: event e "):
        scored(tmp_path, line(INCIDENT) + b"\n" + line(INCIDENT, id="j"), line(TRUTH))


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--hours", "0", "> 0, <= 744"),
        ("--hours", "nan", "> 0, <= 744"),
        ("--hours", "1e9", "> 0, <= 744"),
        ("--cameras", "0", "1..100000"),
        ("--profile", "carnival", "quiet-night"),
    ],
)
def test_a_city_that_cannot_be_says_what_can(tmp_path: Path, option: str, value: str, allowed: str) -> None:
    call = ["city", "--out", str(tmp_path / "city"), option, value]
    with pytest.raises(ConfigError) as raised:
        CliRunner().invoke(simulate_app, call, catch_exceptions=False)
    assert option in str(raised.value)
    assert allowed in str(raised.value)
    assert not (tmp_path / "city").exists()
