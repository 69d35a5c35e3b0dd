"""`jaga edge status`: what somebody at the camera host can see of an outage."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from contract.ids import derived_uuid7
from edge_agent.adapters.spool_sqlite import SqliteSpool
from tests.samples import NOW_MS, sample_event


def status(folder: Path, language: str = "en") -> tuple[int, str, dict[str, Any]]:
    """Exit code, stderr, the JSON line of stdout."""
    (folder / "edge.toml").write_text('[agent]\nsite = "s"\nid = "a"\ntimezone = "Asia/Jakarta"\n')
    command = [sys.executable, "-m", "jaga", "edge", "status", "--config", str(folder / "edge.toml")]
    environment = {**os.environ, "JAGA_LANG": language}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr, json.loads(done.stdout or "{}")


def test_before_an_agent_has_run_there_is_nothing_to_see(tmp_path: Path) -> None:
    code, told, _ = status(tmp_path)
    assert (code, "no agent with this config has run" in told) == (1, True)
    assert not (tmp_path / "data").exists()


def test_what_waits_is_told_beside_the_agent_that_holds_it(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "data" / "spool.sqlite", 100_000_000, clock=lambda: 1_800_000_000.0)
    for number in range(3):
        event = msgspec.structs.replace(sample_event(), id=derived_uuid7(NOW_MS, "status", str(number)))
        spool.append(event, {"a" * 64: b"jpeg"} if number == 0 else {})
    code, told, line = status(tmp_path)
    assert code == 0
    assert (line["waiting"], line["events"], line["last"], line["taken"], line["dropped"]) == (4, 3, 3, None, [0, 0, 0])
    assert line["oldest"] == line["latest"] == 1_800_000_000.0
    assert "messages that wait for the broker: 4 (events among them: 3)" in told
    assert "the oldest of 2027-01-15 15:00:00" in told
    assert "latest event: number 3, 2027-01-15 15:00:00; the broker last took something -" in told
    assert "dropped" not in told
    spool.acknowledge([message.key for message in spool.pending(10)])
    _, told, line = status(tmp_path, "id")
    assert (line["waiting"], line["taken"]) == (0, 1_800_000_000.0)
    assert "tidak ada yang menunggu broker" in told
    assert "broker terakhir menerima sesuatu 2027-01-15 15:00:00" in told
    spool.close()
    left = {path.name for path in (tmp_path / "data").iterdir()}
    assert status(tmp_path)[0] == 0, "and after it has ended"
    assert {path.name for path in (tmp_path / "data").iterdir()} == left, "where it changes nothing"


def test_a_spool_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    code, told, _ = status(tmp_path)
    assert (code, "cannot be used (Not a directory)" in told) == (1, True), told
