"""The real system in processes: mosquitto, agents, aggregator, as a technician would start them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.scene import Actor, Scene, Waypoint
from simulator.scene_video import write
from simulator.scenes import SQUARE, reach
from simulator.sprites import Look
from tests.brokers import Mosquitto, free_port, wait_until

LOOP_S = 12.0
CAMERA = """
[[camera]]
id = "{camera}"
source = "{video}"
fps = 4
loop = true
location = {{ lat = {lat}, lon = 106.8130 }}

[[camera.zone]]
id = "yard"
polygon = [[0.2, 0.0], [0.8, 0.0], [0.8, 1.0], [0.2, 1.0]]

[[camera.line]]
id = "gate"
start = [0.5, 0.0]
end = [0.5, 1.0]

[[camera.rule]]
kind = "intrusion"
zone = "yard"
min_duration_s = 0.5
end_after_s = 1.0
cooldown_s = 0.0
update_every_s = 1.0

[[camera.rule]]
kind = "line_crossing"
line = "gate"
"""
AGENT = """
[agent]
site = "{site}"
id = "{agent}"
data_dir = "{folder}"

[mqtt]
host = "127.0.0.1"
port = {port}

[detector]
imgsz = 416
threads = 1

[health]
interval_s = 1

[evidence]
clip_before_s = 2.0
clip_after_s = 1.0
"""
AGGREGATOR = """
[aggregator]
data_dir = "{folder}"

[http]
port = {http}

[mqtt]
port = {port}
"""


def render_clip(folder: Path, name: str, seed: int) -> Path:
    """Somebody crosses the square from left to right and leaves; then it is empty until the loop begins again."""
    edge = reach(12.0)
    actor = Actor(0, Look("person-coat", "person", 1.75), (Waypoint(0.5, -edge, 12.0), Waypoint(9.0, edge, 12.0)))
    return write(Scene(name, seed, (actor,), duration=LOOP_S, fps=6, street=SQUARE), folder).video


@dataclass
class Process:
    """A `jaga` command that can be killed and started again."""

    arguments: tuple[str, ...]
    log: Path
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "jaga", *self.arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, "JAGA_LANG": "en"},
            )

    def end(self, number: signal.Signals) -> int:
        """Sends the signal and waits for the exit status."""
        assert self._child is not None
        child, self._child = self._child, None
        child.send_signal(number)
        return child.wait(30)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None


@dataclass
class System:
    folder: Path
    broker: Mosquitto
    aggregator: Process
    agents: dict[str, Process]
    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            self.get("/healthz")
        except OSError:
            return False
        return True

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/v1/incidents?limit=500")["items"]
        return found

    def spooled(self, agent: str) -> int:
        """The highest number the agent has given an event."""
        marks = list((self.folder / agent).glob("*.sequence"))
        return int(marks[0].read_text() or 0) if marks else 0

    def waiting(self, agent: str) -> int:
        """How many messages wait in the agent's spool."""
        (path,) = (self.folder / agent).glob("*.sqlite")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM message WHERE waiting = 1").fetchone()[0])

    def stored(self, agent: str) -> list[int]:
        """The numbers of the agent's events in the aggregator's store, in order, twice if stored twice."""
        path = self.folder / "aggregator" / "jaga.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT sequence FROM events WHERE agent = ? ORDER BY sequence", (agent,)).fetchall()
        return [int(row[0]) for row in rows]

    def quarantined(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/v1/quarantine")["items"]
        return found

    def audited(self, action: str) -> int:
        """How many of the latest records of the audit log are of this action."""
        return len(self.get(f"/api/v1/audit?action={action}")["items"])

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*.log")))


@contextmanager
def running_system(folder: Path, *, persistence: bool = True) -> Iterator[System]:
    """Two agents with one camera each, at two ends of one square; ended by SIGTERM, then SIGKILL.

    persistence: whether the broker keeps anything on disk.
    """
    broker = Mosquitto(folder / "broker", persistence=persistence).start()
    http = free_port()
    config = folder / "aggregator.toml"
    config.write_text(AGGREGATOR.format(folder=folder / "aggregator", http=http, port=broker.port))
    aggregator = Process(("aggregator", "run", "--config", str(config)), folder / "aggregator.log")
    agents = {}
    for number, name in enumerate(("edge-a", "edge-b")):
        video = render_clip(folder, f"square-{number}", 40 + number)
        config = folder / f"{name}.toml"
        config.write_text(
            AGENT.format(site="kota", agent=name, folder=folder / name, port=broker.port)
            + CAMERA.format(camera=f"cam-{number}", video=video, lat=-6.1350 - number * 0.0005)
        )
        agents[name] = Process(("edge", "run", "--config", str(config)), folder / f"{name}.log")
    system = System(folder, broker, aggregator, agents, f"http://127.0.0.1:{http}")
    try:
        aggregator.start()
        wait_until(system.answers, 30, "the aggregator answers")
        for agent in agents.values():
            agent.start()
        yield system
    finally:
        for process in (*agents.values(), aggregator):
            if process.running():
                process.kill()
        broker.kill()
