"""A whole agent whose cameras need networks of different precision, over starts and reloads, by real networks."""

import threading
from pathlib import Path
from typing import Any

import pytest

from contract.errors import ConfigError
from contract.messages import Reply
from edge_agent.adapters import detector_openvino
from edge_agent.adapters.detectors import chosen, cpu_flags
from edge_agent.adapters.mqtt_link import MqttLink
from edge_agent.config import load
from edge_agent.core.crops import SIZES
from edge_agent.core.ports import Detector
from edge_agent.core.spec import CameraSpec, DetectorSpec
from edge_agent.runtime import Runtime
from edge_agent.runtime_camera import LiveCamera
from tests.agents import BrightnessDetector, World, going, running
from tests.brokers import wait_until

pytestmark = pytest.mark.broker
BRAWL = '[[camera.rule]]\nkind = "brawl"\n'
PIXELS = '[[camera.rule]]\nkind = "smoke_fire"\n'
EXACT = "yolov8n/openvino"


@pytest.fixture
def usual() -> str:
    """What looks at a camera that needs nothing exact, on this processor."""
    precision = chosen(DetectorSpec(runtime="openvino"), cpu_flags()).precision
    return EXACT if precision == "f32" else f"{EXACT}/{precision}"


def street(world: World, data: Path, name: str) -> str:
    """A camera before which people walk."""
    return world.camera(name, source=str(data / "pets09_s2l1" / "vtest.avi")).replace("fps = 10", "fps = 2")


def models(world: World, camera: str) -> list[str]:
    """What has looked at it, by its events."""
    return [event.data.why.model for event in world.listener.events() if event.data.camera == camera]


@pytest.mark.data
def test_the_first_camera_that_needs_float32_has_it_after_a_reload_and_the_others_keep_theirs(
    world: World, data: Path, usual: str
) -> None:
    gate, yard = street(world, data, "gate"), street(world, data, "yard") + BRAWL
    world.write(gate)
    with going(Runtime(load(world.config))) as runtime:
        wait_until(lambda: models(world, "gate"), 60)
        (kept,) = runtime.cameras
        world.write(gate, yard)
        reply = world.ask("reload")
        assert reply.ok, reply.error
        assert runtime.cameras[0] is kept
        known = len(models(world, "gate"))
        wait_until(lambda: models(world, "yard") and len(models(world, "gate")) > known, 60)
        assert all(model.startswith(usual) for model in models(world, "gate"))
        assert set(models(world, "yard")) == {EXACT}
        assert len(runtime._networks.names.split(", ")) == len({usual, EXACT})
        world.write(gate)
        assert world.ask("reload").ok
        assert runtime._networks.names.startswith(usual)
        assert ", " not in runtime._networks.names
        known = len(models(world, "gate"))
        wait_until(lambda: len(models(world, "gate")) > known, 60, "the others go on")


def test_what_looks_at_parts_is_ready_before_a_reload_brings_the_first_camera_that_needs_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread that analyses makes a network for a sheet."""
    makers: list[str] = []
    side_by_side, opened = detector_openvino._side_by_side, Runtime._open
    made_before_it_came: list[int] = []

    def making(compiled: Any) -> Any:
        makers.append(threading.current_thread().name)
        return side_by_side(compiled)

    def opening(self: Runtime, spec: CameraSpec, suspended: bool = False) -> LiveCamera:
        made_before_it_came.append(len(makers))
        return opened(self, spec, suspended)

    monkeypatch.setattr(detector_openvino, "_side_by_side", making)
    monkeypatch.setattr(Runtime, "_open", opening)
    world.write(world.camera(source="nowhere.mp4") + PIXELS)
    with going(Runtime(load(world.config))) as runtime:
        wait_until(lambda: world.health() is not None, 20)
        assert len(makers) == 1, "only the one with which it was opened"
        world.write(world.camera(source="nowhere.mp4") + PIXELS, world.camera("yard"))
        reply = world.ask("reload")
        assert reply.ok, reply.error
        assert made_before_it_came == [1, len(SIZES)]
        wait_until(lambda: runtime.cameras[1].analysed > 5, 20)
        assert [name for name in makers[1 : len(SIZES)] if not name.startswith("reload")] == []


@pytest.mark.parametrize("rule", ["", PIXELS])
def test_the_detector_is_ready_for_parts_of_pictures_before_anybody_comes(
    rule: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets: list[tuple[int, int]] = []

    class Sheets(BrightnessDetector):
        def detect(self, images: Any, *, exact: bool = False, features: bool = True) -> Any:
            sheets.extend((image.shape[1], image.shape[0]) for image in images if exact)
            return super().detect(images)

    monkeypatch.setattr("edge_agent.networks.open_detector", lambda spec: Sheets())
    runtime = Runtime(load(world.write(world.camera(source="nowhere.mp4") + rule)))
    runtime.start()
    wait_until(lambda: all(thread.name != "prepare" for thread in threading.enumerate()))
    runtime.stop()
    assert sheets == ([] if rule else list(SIZES))


def test_a_network_that_cannot_be_opened_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(spec: DetectorSpec) -> Detector:
        if spec.precision == "f32":
            raise ConfigError("detector.no_runtime")
        return BrightnessDetector()

    monkeypatch.setattr("edge_agent.networks.open_detector", opening)
    monkeypatch.setattr("edge_agent.networks.cpu_flags", lambda: frozenset({"sse4_2", "avx_vnni"}))
    world.write(world.camera())
    with going(Runtime(load(world.config))) as runtime:
        wait_until(lambda: world.health() is not None)
        before = runtime.cameras
        world.write(world.camera() + BRAWL)
        refused = world.ask("reload")
        assert (refused.ok, bool(refused.error)) == (False, True)
        assert runtime.cameras == before
        analysed = before[0].analysed
        wait_until(lambda: before[0].analysed > analysed)


def test_a_reload_that_is_refused_closes_what_it_has_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Seer(BrightnessDetector):
        def __init__(self, spec: DetectorSpec) -> None:
            self.name, self.closed = spec.precision, False
            self.classes = ("car",) if spec.precision == "f32" else ("person",)

        def close(self) -> None:
            self.closed = True

    opened: list[Seer] = []

    def opening(spec: DetectorSpec) -> Detector:
        opened.append(Seer(spec))
        return opened[-1]

    monkeypatch.setattr("edge_agent.networks.open_detector", opening)
    monkeypatch.setattr("edge_agent.networks.cpu_flags", lambda: frozenset({"sse4_2", "avx_vnni"}))
    world.write(world.camera())
    with going(Runtime(load(world.config))):
        wait_until(lambda: world.health() is not None)
        world.write(world.camera() + BRAWL)
        assert not world.ask("reload").ok
        wait_until(lambda: [one.closed for one in opened] == [False, True])


def test_a_command_that_waited_for_the_agent_finds_all_that_it_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker hands a reload that was asked for meanwhile over as soon as the agent connects, amid its start."""
    opened: list[LiveCamera] = []
    opening, start = Runtime._open, MqttLink.start

    def open_(self: Runtime, spec: CameraSpec, suspended: bool = False) -> LiveCamera:
        opened.append(opening(self, spec, suspended))
        return opened[-1]

    def starting(self: MqttLink) -> None:
        start(self)
        replies.append(world.ask("reload"))

    replies: list[Reply] = []
    monkeypatch.setattr(Runtime, "_open", open_)
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.health() is not None)  # its session is known to the broker
    opened.clear()
    world.write(world.camera())
    runtime = Runtime(load(world.config), BrightnessDetector())
    world.write(world.camera(duration=0.4))
    monkeypatch.setattr(MqttLink, "start", starting)
    with going(runtime):
        wait_until(lambda: replies)
        assert replies[0].ok, replies[0].error
        old, new = opened
        assert runtime.cameras == (new,)
        assert old.state == "suspended"
        wait_until(lambda: new.analysed > 3)
    assert new.state == "suspended"
