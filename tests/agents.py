"""A whole agent for tests: its config, the world around it, and a detector that sees somebody where it is bright."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from contract import topics
from contract.codec import decode, encode
from contract.ids import uuid7
from contract.messages import Command, CommandName, Health, Reply
from edge_agent.config import load
from edge_agent.core.types import Detections, Image
from edge_agent.runtime import Runtime
from tests.brokers import Mosquitto, wait_until
from tests.clips import write_clip
from tests.integration.test_mqtt_link import Listener

CONFIG = """
[agent]
site = "manggarai"
id = "edge-1"
[mqtt]
port = {port}
[health]
interval_s = 0.3
[evidence]
quality = {quality}
{evidence}
"""
CAMERA = """
[[camera]]
id = "{id}"
source = "{source}"
fps = 10
loop = true
location = {{ lat = -6.2, lon = 106.85 }}
motion = {{ enabled = false }}
[[camera.zone]]
id = "all"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
[[camera.rule]]
kind = "intrusion"
zone = "all"
min_duration_s = {duration}
end_after_s = 0.5
cooldown_s = 0
"""


class BrightnessDetector:
    """One person in the middle of every picture that is brighter than grey."""

    name = "brightness/test"
    classes = ("person",)

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        if image.mean() < 100:
            return Detections.none(self.classes)
        height, width = image.shape[:2]
        box = np.array([[0.4 * width, 0.2 * height, 0.6 * width, 0.9 * height]], np.float32)
        return Detections(box, np.array([0.9], np.float32), np.zeros(1, np.int32), self.classes)

    def close(self) -> None:
        pass


def scene(path: Path) -> Path:
    """Two dark seconds, then three bright ones with texture, at 10 frames a second."""
    rng = np.random.default_rng(3)
    dark = [np.full((240, 320, 3), 40, np.uint8)] * 20
    bright = [np.asarray(rng.integers(90, 255, (240, 320, 3)), np.uint8) for _ in range(30)]
    return write_clip(path, dark + bright, fps=10)


class World:
    """A broker, a listener and a config file that tests write."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self.broker = broker
        self.listener = Listener(broker.port)
        self.clip = scene(folder / "scene.mp4")
        self.config = folder / "edge.toml"

    def write(self, *cameras: str, quality: int = 80, evidence: str = "") -> Path:
        """evidence: more lines of that section."""
        head = CONFIG.format(port=self.broker.port, quality=quality, evidence=evidence)
        self.config.write_text(head + "".join(cameras))
        return self.config

    def camera(self, id_: str = "gate", source: str | None = None, duration: float = 0.2) -> str:
        return CAMERA.format(id=id_, source=source or self.clip, duration=duration)

    def health(self) -> Health | None:
        found = self.listener.of(topics.health("manggarai", "edge-1"))
        return decode(found[-1].payload, Health) if found else None

    def state(self, camera: str) -> str:
        health = self.health()
        return next((c.state for c in health.cameras if c.camera == camera), "") if health else ""

    def ask(self, name: CommandName, camera: str | None = None, **args: object) -> Reply:
        now = datetime.now(UTC)
        id_ = uuid7(int(now.timestamp() * 1000), os.urandom(10))
        command = Command(id=id_, name=name, issued=now, expires=now + timedelta(seconds=30), camera=camera, args=args)
        self.listener.publish(topics.command("manggarai", "edge-1", name), encode(command))
        topic = topics.reply("manggarai", "edge-1", id_)
        wait_until(lambda: self.listener.of(topic), what=f"reply to {name}")
        return decode(self.listener.of(topic)[0].payload, Reply)


def running(world: World, detector: BrightnessDetector | None = None) -> AbstractContextManager[Runtime]:
    return going(Runtime(load(world.config), detector or BrightnessDetector()))


@contextmanager
def going(runtime: Runtime) -> Iterator[Runtime]:
    thread = threading.Thread(target=runtime.run)
    thread.start()
    try:
        yield runtime
    finally:
        runtime.request("stop")
        thread.join(30)
        assert not thread.is_alive()
