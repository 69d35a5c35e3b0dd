"""A whole agent when disk, camera or host fail: what is lost is only what failed."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

import cv2
import pytest

from contract.events import Event
from contract.messages import HostHealth
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.adapters.host_psutil import HostProbe
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.core.errors import SpoolError
from edge_agent.runtime import Runtime
from edge_agent.runtime_camera import LiveCamera
from tests.agents import World, running
from tests.brokers import wait_until
from tests.servers import MjpegCamera

pytestmark = pytest.mark.broker


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
        wait_until(lambda: told(world) == "camera.disk", what="the aggregator is told that it hears nothing")
        refusing.clear()
        wait_until(lambda: world.listener.events())
        wait_until(lambda: told(world) != "camera.disk")
    assert world.listener.events()[0].id == refusals[0]
    assert int(world.listener.events()[0].sequence) == 1


UNLINKED = """
import sys
from pathlib import Path
from edge_agent.adapters.mqtt_link import MqttLink
from edge_agent.config import load
from edge_agent.runtime import Runtime
from tests.agents import BrightnessDetector

def start(link):
    raise RuntimeError("can't start new thread")

MqttLink.start = start
Runtime(load(Path(sys.argv[1])), BrightnessDetector()).run()
"""


def test_an_agent_that_cannot_start_ends(world: World) -> None:
    """A supervisor then starts it again; one that watched on without its link would tell nobody of anything."""
    command = [sys.executable, "-c", UNLINKED, str(world.write(world.camera()))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "can't start new thread" in ended.stderr


def told(world: World) -> str:
    """The key of why the camera is as it is."""
    health = world.health()
    return health.cameras[0].why.key if health is not None and health.cameras[0].why is not None else ""


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
    monkeypatch.setattr("edge_agent.runtime_evidence.snapshot", no_picture)
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


def test_what_a_power_cut_left_of_the_memory_goes_as_the_agent_starts(world: World) -> None:
    world.write(world.camera())
    memory = world.folder / "data" / "memory"
    memory.mkdir(parents=True)
    (memory / ".gate.npz.4711.part").write_bytes(b"half")
    (memory / "yard.npz").write_bytes(b"of a camera that may come back")
    with running(world):
        wait_until(lambda: world.health() is not None)
        assert [path.name for path in memory.iterdir()] == ["yard.npz"]


def test_a_disk_that_lets_nothing_be_deleted_hides_no_health(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting needs room, too; and what is deleted of the clips makes room."""
    pruned = threading.Event()

    def refuse(self: SqliteSpool) -> None:
        raise SpoolError("edge.spool.unusable", path="spool", detail="database or disk is full")

    monkeypatch.setattr(SqliteSpool, "prune", refuse)
    monkeypatch.setattr(ClipFiles, "prune", lambda *_: pruned.set())
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.health() is not None)
        assert pruned.wait(10)


@pytest.mark.logs_errors
def test_a_reload_that_fails_midway_ends_nothing_and_the_next_one_mends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, refused = Runtime._open, threading.Event()
    news: list[LiveCamera] = []

    def refuse(self: Runtime, *args: Any) -> LiveCamera:
        if not news:
            news.append(opened(self, *args))
            return news[0]
        refused.set()
        raise RuntimeError("can't start new thread")

    world.write(world.camera(), world.camera("yard"))
    with running(world) as runtime:
        wait_until(lambda: [camera.state for camera in runtime.cameras] == ["online", "online"])
        monkeypatch.setattr(Runtime, "_open", refuse)
        world.write(world.camera(duration=0.4), world.camera("yard"), world.camera("hall"))
        runtime.request("reload")
        assert refused.wait(10)
        wait_until(lambda: [camera.spec.id for camera in runtime.cameras] == ["gate", "yard"])
        wait_until(lambda: news[0].analysed > 3, what="what could be opened is watched")
        monkeypatch.setattr(Runtime, "_open", opened)
        world.write(world.camera(), world.camera("yard"))
        runtime.request("reload")
        wait_until(lambda: news[0].state == "suspended", what="it has ended, and its connection is free")
        wait_until(lambda: [camera.state for camera in runtime.cameras] == ["online", "online"])


@pytest.mark.logs_errors
def test_what_was_suspended_stays_so_after_a_reload_that_could_not_open_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, fails = Runtime._open, threading.Event()

    def refuse(self: Runtime, *args: Any) -> LiveCamera:
        if fails.is_set():
            raise RuntimeError("can't start new thread")
        return opened(self, *args)

    monkeypatch.setattr(Runtime, "_open", refuse)
    world.write(world.camera(), world.camera("yard"))
    with running(world) as runtime:
        wait_until(lambda: world.state("gate") in ("online", "idle"))
        assert world.ask("suspend", "gate").ok
        world.write(world.camera(duration=0.4), world.camera("yard"))
        fails.set()
        refused = world.ask("reload")
        assert (refused.ok, "can't start new thread" in refused.error) == (False, True)
        assert refused.why is not None
        assert refused.why.key == "edge.command.failed"
        assert [camera.spec.id for camera in runtime.cameras] == ["yard"]
        assert not world.ask("reload").ok, "and once more, since that must not forget it either"
        fails.clear()
        assert world.ask("reload").ok
        gate, yard = runtime.cameras
        assert (gate.state, yard.state == "suspended") == ("suspended", False)
        assert world.ask("resume", "gate").ok
        wait_until(lambda: gate.state in ("online", "idle"))
        world.write(world.camera(duration=0.6), world.camera("yard"))
        assert world.ask("reload").ok
        assert runtime.cameras[0].state != "suspended", "that it once was is forgotten"


@pytest.mark.logs_errors
def test_a_command_that_meets_something_unexpected_is_answered_and_the_link_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("nobody thought of it")

    monkeypatch.setattr(LiveCamera, "ask_snapshot", fail)
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.state("gate") == "online")
        refused = world.ask("snapshot", "gate")
        assert (refused.ok, "KeyError" in refused.error) == (False, True)
        assert world.listener.statuses() == ["online"]
