"""`jaga edge run` and signals at awkward moments."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.brokers import free_port, wait_until
from tests.clips import counting_frames, write_clip

CONFIG = """
[agent]
site = "manggarai"
id = "edge-1"
data_dir = "{folder}/data"
[mqtt]
port = {port}
[[camera]]
id = "gate"
source = "{clip}"
loop = true
"""


def hangup_is_minded(pid: int) -> bool:
    """Whether SIGHUP is ignored or caught: without either it ends a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigIgn:", "SigCgt:"))]
    return any(mask & 1 << (signal.SIGHUP - 1) for mask in masks)


def test_a_reload_while_it_starts_does_not_end_the_agent(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(20))
    config, log = tmp_path / "edge.toml", tmp_path / "agent.log"
    config.write_text(CONFIG.format(folder=tmp_path, port=free_port(), clip=clip))
    command = [sys.executable, "-m", "jaga", "edge", "run", "--config", str(config)]
    with log.open("wb") as errors:
        agent = subprocess.Popen(command, stderr=errors)
    try:
        wait_until(lambda: hangup_is_minded(agent.pid), 30, "it minds SIGHUP")
        assert "agent_started" not in log.read_text()
        agent.send_signal(signal.SIGHUP)
        wait_until(lambda: agent.poll() is not None or "agent_started" in log.read_text(), 60, "it has started")
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    finally:
        agent.kill()
        agent.wait()
