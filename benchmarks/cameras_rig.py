"""A running agent with many cameras, as a measurement sees it: clips, config, broker, and what it uses."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.data import ROOT, pets_scene
from benchmarks.decode import CODED_FPS, PART_S, encode, mux, packets, sensor
from contract.events import Event
from contract.messages import Health
from edge_agent.core.types import Image
from tests.brokers import Mosquitto, wait_until

LOOP_S = 30
"""Of a camera's clip, in which it is active once."""
ROTATIONS = 10
"""Clips that differ in when they are active, so that cameras are not active all at once."""
FPS = 5
HEALTH_S = 2.0

HEAD = """
[agent]
site = "bench"
id = "edge-1"
data_dir = "{folder}/data"
[mqtt]
port = {port}
[health]
interval_s = {health}
"""
CAMERA = """
[[camera]]
id = "cam-{number}"
source = "{source}"
fps = {fps}
loop = true
[[camera.zone]]
id = "all"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[[camera.rule]]
kind = "intrusion"
zone = "all"
min_duration_s = 0.5
end_after_s = 2
cooldown_s = 0
"""
BRAWL = """
[[camera.rule]]
kind = "brawl"
"""


def coded(size: tuple[int, int, int], folder: Path) -> list[Path]:
    """The two `scenes`, with a keyframe a second. size: (width, height, bits a second)."""
    return [encode(images, f"part-{n}", size, 1, 0, folder) for n, images in enumerate(scenes())]


def clips(parts: list[Path], activity: float, folder: Path) -> list[Path]:
    """ROTATIONS files of LOOP_S seconds, still but for one burst of `activity`, which begins elsewhere in each. parts:
    see `coded`."""
    total, burst = LOOP_S * CODED_FPS, round(activity * LOOP_S) * CODED_FPS
    still, moving = (packets(part)[1] for part in parts)
    whole = [moving[n % len(moving)] for n in range(burst)] + [still[n % len(still)] for n in range(total - burst)]
    made = []
    for number in range(ROTATIONS):
        begin = number * LOOP_S // ROTATIONS * CODED_FPS  # a whole group of pictures
        made.append(mux(parts[0], [*whole[begin:], *whole[:begin]], folder / f"{activity:g}-{number}.mp4"))
    return made


def scenes() -> tuple[list[Image], list[Image]]:
    """PART_S seconds of a place where nobody is (the median of a recording, with a sensor's noise), and of the same
    place with those who walk there."""
    shown, nobody = pets_scene()
    noisy = sensor(nobody.shape)
    return [noisy(nobody) for _ in range(PART_S * CODED_FPS)], shown[: PART_S * CODED_FPS]


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the agent and its decoders. cpu: seconds so far. mb: resident, what is shared counted once (PSS)."""

    cpu: float
    mb: float


def usage(pid: int) -> Usage:
    agent = psutil.Process(pid)
    cpu = pss = 0.0
    for one in (agent, *agent.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # a decoder may end meanwhile
            times = one.cpu_times()
            cpu += times.user + times.system
            pss += one.memory_full_info().pss
    return Usage(cpu, pss / 2**20)


@dataclass(frozen=True, slots=True)
class Begin:
    """An event's: when its picture was decoded, and when it arrived here (seconds since the epoch)."""

    id: str
    camera: str
    shown: float
    arrived: float


@dataclass
class Heard:
    """What the agent published. begins: of those events that have a picture."""

    begins: list[Begin] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)

    def take(self, _client: object, _data: object, message: Any) -> None:
        now = time.time()
        if message.topic.endswith("/health"):
            self.health.append(msgspec.json.decode(message.payload, type=Health))
        elif message.topic.endswith("/event"):
            event = msgspec.json.decode(message.payload, type=Event)
            shown = next((taken.time for taken in event.data.evidence if taken.time is not None), None)
            if event.data.phase == "begin" and shown is not None:
                self.begins.append(Begin(event.id, event.data.camera, shown.timestamp(), now))


class Rig:
    """One agent that runs. spool: its database."""

    def __init__(self, pid: int, heard: Heard, spool: Path) -> None:
        self.pid = pid
        self.began = time.monotonic()
        self.heard = heard
        self._spool = spool

    def stored(self) -> dict[str, float]:
        """When the spool had each event, by its id."""
        with sqlite3.connect(f"file:{self._spool}?mode=ro", uri=True) as spool:
            rows = spool.execute("SELECT payload, stored FROM message WHERE topic LIKE '%/event'").fetchall()
        return {msgspec.json.decode(payload, type=Event).id: stored for payload, stored in rows}

    def settled(self, cameras: int) -> bool:
        """Whether every camera is seen."""
        last = self.heard.health[-1].cameras if self.heard.health else ()
        return len(last) == cameras and all(one.fps_in > 0 for one in last)


@contextmanager
def running(sources: list[Path], folder: Path, more: str = "", fps: float = FPS, brawls: int = 0) -> Iterator[Rig]:
    """A real mosquitto, a subscriber and `jaga edge run`, one camera a source. more: sections of the config. brawls: so
    many of the cameras look out for brawls as well."""
    folder.mkdir(parents=True)
    with Mosquitto(folder / "broker") as broker:
        config = folder / "edge.toml"
        head = HEAD.format(folder=folder, port=broker.port, health=HEALTH_S)
        cameras = [CAMERA.format(number=n, source=one, fps=fps) + BRAWL * (n < brawls) for n, one in enumerate(sources)]
        config.write_text(head + more + "".join(cameras))
        heard = Heard()
        client = paho.Client(CallbackAPIVersion.VERSION2, "meter")
        client.on_message = heard.take
        ready = threading.Event()
        client.on_connect = lambda one, *_: one.subscribe("jaga/#", qos=1)
        client.on_subscribe = lambda *_: ready.set()
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        ready.wait(10)
        log = (folder / "agent.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "jaga", "edge", "run", "--config", str(config)], stderr=log, stdout=log, cwd=ROOT
        )
        try:
            rig = Rig(process.pid, heard, folder / "data" / "spool.sqlite")
            wait_until(lambda: rig.settled(len(sources)), 120, (folder / "agent.log").read_text)
            yield rig
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        finally:
            process.kill()
            process.wait()
            log.close()
            client.loop_stop()
            client.disconnect()
