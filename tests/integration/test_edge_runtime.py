"""A whole agent against a real broker: events with evidence, health, commands, reload, a stop that loses nothing.

The detector is a stand-in that sees one person where the picture is bright: what a real one sees is tested elsewhere.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from contract import topics
from contract.codec import decode, encode
from contract.errors import ConfigError
from contract.events import Event
from contract.ids import uuid7
from contract.messages import Command, CommandName, Health, HostHealth, Reply
from edge_agent.adapters.host_psutil import HostProbe
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.config import load
from edge_agent.core.errors import SpoolError
from edge_agent.core.types import Detections, Image
from edge_agent.runtime import Runtime
from tests.brokers import Mosquitto, wait_until
from tests.clips import write_clip
from tests.integration.test_mqtt_link import Listener
from tests.servers import MjpegCamera

pytestmark = pytest.mark.broker
ROOT = Path(__file__).parents[2]

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

    def detect(self, images: Sequence[Image]) -> list[Detections]:
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

    def write(self, *cameras: str, quality: int = 80) -> Path:
        self.config.write_text(CONFIG.format(port=self.broker.port, quality=quality) + "".join(cameras))
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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Mosquitto(tmp_path / "broker") as broker:
        made = World(tmp_path, broker)
        yield made
        made.listener.close()


@contextmanager
def running(world: World, detector: BrightnessDetector | None = None) -> Iterator[Runtime]:
    runtime = Runtime(load(world.config), detector or BrightnessDetector())
    thread = threading.Thread(target=runtime.run)
    thread.start()
    try:
        yield runtime
    finally:
        runtime.request("stop")
        thread.join(20)
        assert not thread.is_alive()


def test_a_signal_that_another_thread_took_ends_the_agent_too(world: World) -> None:
    world.write(world.camera())
    runtime = Runtime(load(world.config), BrightnessDetector())
    rescue = threading.Timer(20, runtime.request, ("stop",))

    def take() -> None:
        wait_until(lambda: world.state("gate") == "online")
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: runtime.request("stop"))
    taker = threading.Thread(target=take)
    try:
        rescue.start()
        taker.start()
        runtime.run()
        assert not rescue.finished.is_set()
    finally:
        rescue.cancel()
        taker.join()
        signal.signal(signal.SIGUSR1, before)


def test_an_event_comes_with_evidence_health_and_ends_with_the_agent(world: World) -> None:
    world.write(world.camera(), world.camera("broken", source="absent.mp4"))
    with running(world):
        wait_until(lambda: any(event.data.phase == "begin" for event in world.listener.events()))
        wait_until(lambda: world.state("broken") == "failed" and world.state("gate") == "online")
        health = world.health()
        assert health is not None
        gate = next(camera for camera in health.cameras if camera.camera == "gate")
        assert gate.fps_analysed > 2
        assert gate.location is not None
        broken = next(camera for camera in health.cameras if camera.camera == "broken")
        assert "no such file" in broken.reason
    wait_until(lambda: world.listener.statuses() == ["online", "offline"])
    events = world.listener.events()
    begin = next(event for event in events if event.data.phase == "begin")
    assert begin.data.why.config_hash == load(world.config).config_hash
    assert begin.data.why.model == "brightness/test"
    (taken,) = begin.data.evidence
    (picture,) = world.listener.of(topics.evidence("manggarai", "gate", begin.id))
    assert sha256(picture.payload).hexdigest() == taken.sha256
    image = cv2.imdecode(np.frombuffer(picture.payload, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    person, beside = image[60:200, 130:190], image[60:200, 10:70]
    assert cv2.Laplacian(person, cv2.CV_32F).std() < 0.5 * cv2.Laplacian(beside, cv2.CV_32F).std()
    assert [int(event.sequence) for event in events] == list(range(1, len(events) + 1))
    begun = {event.data.episode for event in events if event.data.phase == "begin"}
    assert {event.data.episode for event in events if event.data.phase == "end"} == begun


def test_a_model_that_sees_no_people_makes_no_pictures_that_should_be_blurred(world: World) -> None:
    class Cars(BrightnessDetector):
        classes = ("car",)

    config = world.write(world.camera())
    with pytest.raises(ConfigError, match="does not see people"):
        Runtime(load(config), Cars())
    config.write_text(config.read_text().replace("[evidence]", "[evidence]\nsnapshots = false"))
    with running(world, Cars()) as runtime:
        config.write_text(config.read_text().replace("snapshots = false", ""))
        with pytest.raises(ConfigError, match="does not see people"):
            runtime.reload()


def test_commands(world: World) -> None:
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.state("gate") == "online")
        picture = world.ask("snapshot", "gate")
        assert picture.ok, picture.error
        assert isinstance(picture.result["jpeg"], str)
        assert world.ask("suspend", "gate").ok
        wait_until(lambda: world.state("gate") == "suspended")
        refused = world.ask("snapshot", "gate")
        assert (refused.ok, "suspended" in refused.error) == (False, True)
        assert world.ask("resume", "gate").ok
        wait_until(lambda: world.state("gate") in ("online", "idle"))
        unknown = world.ask("suspend", "nowhere")
        assert (unknown.ok, "there are: gate" in unknown.error) == (False, True)
        clip = world.ask("clip", "gate")
        assert (clip.ok, "not supported" in clip.error) == (False, True)


def test_a_replay_sends_again_what_was_acknowledged_with_the_same_ids(world: World) -> None:
    world.write(world.camera())
    with running(world) as runtime:
        wait_until(lambda: len(world.listener.events()) >= 3, 20)
        wait_until(lambda: runtime.health().host.spool_depth == 0)
        first = world.listener.events()[:2]
        pictures = len([m for m in world.listener.messages if m.topic.endswith(first[0].id)])
        assert runtime.health().host.last_sequence >= 3
        reply = world.ask("replay", ranges=[[1, 2], [900, 901]])
        assert reply.ok, reply.error
        assert reply.result == {"queued": 2, "gone": [[900, 901]]}

        def again() -> list[Event]:
            return [event for event in world.listener.events() if event.id in (first[0].id, first[1].id)]

        wait_until(lambda: len(again()) == 4, what="both came twice")
        assert [event.sequence for event in again()] == [event.sequence for event in first] * 2
        wait_until(lambda: len([m for m in world.listener.messages if m.topic.endswith(first[0].id)]) == 2 * pictures)
        assert pictures == 1
        refused = world.ask("replay", ranges=[[2, 1]])
        assert (refused.ok, "$.args" in refused.error) == (False, True)
        newest = runtime.health().host.last_sequence
        wait_until(lambda: int(world.listener.events()[-1].sequence) > newest, 20, "new events go on")


def test_reload_keeps_what_did_not_change_running(world: World) -> None:
    world.write(world.camera("a"), world.camera("b"))
    with running(world) as runtime:
        wait_until(lambda: world.state("a") == "online" and world.state("b") == "online")
        before = {camera.spec.id: camera for camera in runtime.cameras}
        world.write(world.camera("a"), world.camera("c", duration=0.5), quality=60)
        reply = world.ask("reload")
        assert reply.ok, reply.error
        assert reply.result["config_hash"] == load(world.config).config_hash
        wait_until(lambda: world.state("c") == "online" and world.state("b") == "")
        after = {camera.spec.id: camera for camera in runtime.cameras}
        assert after["a"] is before["a"]
        assert sorted(after) == ["a", "c"]
        new_hash = load(world.config).config_hash

        def recent() -> list[Event]:
            return [e for e in world.listener.events() if e.data.camera == "a" and e.data.why.config_hash == new_hash]

        wait_until(recent, what="an event of the unchanged camera under the new config")
        world.config.write_text("[agent\n")
        refused = world.ask("reload")
        assert (refused.ok, "not valid TOML" in refused.error) == (False, True)
        world.write(world.camera("a"))
        world.config.write_text(world.config.read_text().replace("[health]", "keepalive_s = 33\n[health]"))
        refused = world.ask("reload")
        assert (refused.ok, "mqtt" in refused.error) == (False, True)
        assert {camera.spec.id for camera in runtime.cameras} == {"a", "c"}


class SlowDetector(BrightnessDetector):
    """Takes a tenth of a second a picture, and counts pictures by their width."""

    def __init__(self) -> None:
        self.looked: Counter[int] = Counter()

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.looked.update(image.shape[1] for image in images)
        time.sleep(0.1 * len(images))
        return super().detect(images)


def test_a_busy_camera_does_not_starve_the_others(world: World) -> None:
    rng = np.random.default_rng(5)
    clips = []
    for width, rate in ((320, 30), (160, 5), (192, 5)):
        frames = [np.asarray(rng.integers(0, 255, (120, width, 3)), np.uint8) for _ in range(2 * rate)]
        clips.append(write_clip(world.folder / f"{width}.mp4", frames, fps=rate))
    cameras = [
        world.camera(f"cam-{n}", source=str(clip)).replace("fps = 10", "fps = 30") for n, clip in enumerate(clips)
    ]
    world.write(*cameras)
    detector = SlowDetector()
    with running(world, detector):
        wait_until(lambda: len(detector.looked) == 3, 20)
        detector.looked.clear()
        wait_until(lambda: sum(detector.looked.values()) >= 30, 20)
        looked = dict(detector.looked)
    assert min(looked.values()) >= 0.6 * max(looked.values()), looked


def test_a_broker_that_is_away_costs_nothing(world: World) -> None:
    world.write(world.camera())
    with running(world) as runtime:
        wait_until(lambda: world.listener.events())
        world.broker.stop()
        count = len(world.listener.events())
        wait_until(lambda: runtime.health().host.spool_depth >= 3, 20, "another episode of the looping scene")
        world.broker.start()
        wait_until(lambda: len(world.listener.events()) > count, 20)
        wait_until(lambda: world.state("gate") in ("online", "idle"))
    numbers = {int(event.sequence) for event in world.listener.events()}
    assert numbers == set(range(1, max(numbers) + 1))


def test_the_command_runs_until_a_signal_and_reloads_on_hangup(world: World, tmp_path: Path) -> None:
    world.write(world.camera())
    log = (tmp_path / "agent.log").open("w+")
    agent = subprocess.Popen(
        [sys.executable, "-m", "jaga", "edge", "run", "--config", str(world.config)], stderr=log, cwd=ROOT
    )
    try:
        wait_until(lambda: world.state("gate") in ("online", "idle"), 60, "the agent's health")
        world.config.write_text("[agent\n")
        agent.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload_refused" in (tmp_path / "agent.log").read_text())
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    finally:
        agent.kill()
        agent.wait()
        log.close()
    assert world.listener.statuses() == ["online", "offline"]
    assert "Traceback" not in (tmp_path / "agent.log").read_text()


def test_a_disk_that_refuses_for_a_while_loses_no_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(world.camera())
    refusing = threading.Event()
    refusing.set()
    refusals = []
    real = SqliteSpool.append

    def append(self: SqliteSpool, event: Event, evidence: Mapping[str, bytes]) -> Event:
        if refusing.is_set():
            refusals.append(event.id)
            raise SpoolError("edge.spool.unusable", path="spool", detail="database or disk is full")
        return real(self, event, evidence)

    monkeypatch.setattr(SqliteSpool, "append", append)
    with running(world):
        wait_until(lambda: len(set(refusals)) >= 1 and len(refusals) >= 3)
        refusing.clear()
        wait_until(lambda: world.listener.events())
    assert world.listener.events()[0].id == refusals[0]
    assert int(world.listener.events()[0].sequence) == 1


def test_a_camera_that_falls_silent_is_reported_lost_and_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.runtime_camera.LOST_AFTER_S", 1.0)

    def told() -> list[str]:
        return [event.type for event in world.listener.events()]

    with MjpegCamera() as camera:
        world.write(world.camera(source=camera.url).replace("loop = true", "stall_s = 1"))
        with running(world):
            wait_until(lambda: world.state("gate") in ("online", "idle"))
            wait_until(lambda: "jaga.intrusion.begin" in told())
            camera.silent.set()
            wait_until(lambda: "jaga.camera_lost.begin" in told(), 15)
            assert told().index("jaga.intrusion.end") < told().index("jaga.camera_lost.begin")
            camera.silent.clear()
            wait_until(lambda: "jaga.camera_lost.end" in told(), 15)


@pytest.mark.logs_errors
def test_a_reading_or_a_picture_that_fails_costs_only_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read = HostProbe.read
    broken = iter([True])

    def reading(probe: HostProbe, *known: Any) -> HostHealth:
        if next(broken, False):
            raise RuntimeError("a sensor nobody knows")
        return read(probe, *known)

    def no_picture(*_: object, **__: object) -> bytes:
        raise cv2.error("no room")

    monkeypatch.setattr(HostProbe, "read", reading)
    monkeypatch.setattr("edge_agent.runtime_camera.snapshot", no_picture)
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.health() is not None)
        assert next(broken, None) is None
        wait_until(lambda: any(event.data.phase == "begin" for event in world.listener.events()))
        reply = world.ask("snapshot", "gate")
        assert (reply.ok, reply.error) == (False, "no picture of camera gate can be made")
    begin = next(event for event in world.listener.events() if event.data.phase == "begin")
    assert begin.data.evidence == ()
    assert int(begin.sequence) == 1
