"""A whole agent that saves work: a camera rests and misses nothing, and where time is short all are analysed less."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from contract.messages import CameraHealth
from edge_agent.core.types import Detections, Image
from edge_agent.runtime_camera import LiveCamera
from tests.agents import BrightnessDetector, World, running
from tests.brokers import wait_until
from tests.clips import write_clip

pytestmark = pytest.mark.broker


def cameras(world: World) -> tuple[CameraHealth, ...]:
    health = world.health()
    return health.cameras if health is not None else ()


def test_a_camera_that_rests_wakes_for_what_moves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.core.rest.QUIET_S", 0.5)
    rng = np.random.default_rng(4)
    yard = np.kron(rng.integers(10, 90, (12, 16, 1)), np.ones((20, 20, 3), int)).astype(np.uint8)
    dark = [yard] * 33
    bright = [dark[0].copy() for _ in range(12)]
    for image in bright:
        image[:, :144] = rng.integers(200, 255, (240, 144, 3))
    clip = write_clip(world.folder / "night.mp4", dark + bright, fps=15, codec="libx264", gop=3)
    quick = "motion = { hold_s = 0.3, refresh_s = 60 }"
    world.write(world.camera(source=str(clip)).replace("motion = { enabled = false }", quick))
    rested: list[CameraHealth] = []

    def resting() -> bool:
        rested.extend(one for one in cameras(world) if one.decode == "keyframes")
        return bool(rested)

    def begun() -> int:
        return sum(event.data.phase == "begin" for event in world.listener.events())

    with running(world):
        wait_until(resting, 20, "the camera rests")
        assert 0.1 < (rested[0].keyframe_s or 0) < 0.5
        before = begun()
        wait_until(lambda: begun() >= before + 2, 25, "two more of the clip's bright ends are told")
        (camera,) = cameras(world)
    assert (camera.skipped or 0) > 0
    assert camera.fps_wanted == camera.fps_allowed == 10


class TogetherDetector(BrightnessDetector):
    """Waits for a second camera to be looked at while it looks at the first, until that has happened once."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.changed = threading.Condition()

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        with self.changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most >= 2, 20)
            self.inside -= 1
        return super().detect(images, exact=exact, features=features)


def test_two_cameras_are_analysed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.runtime.processors", lambda: 2)
    world.write(world.camera("a"), world.camera("b"))
    detector = TogetherDetector()
    with running(world, detector):
        wait_until(lambda: detector.most == 2, 20, "two at once")
        wait_until(lambda: {event.data.camera for event in world.listener.events()} == {"a", "b"}, 20)
    events = world.listener.events()
    assert [int(event.sequence) for event in events] == list(range(1, len(events) + 1))
    for camera in "ab":
        own = [event for event in events if event.data.camera == camera]
        assert [event.data.phase for event in own if event.data.phase != "update"] == ["begin", "end"] * (
            sum(event.data.phase != "update" for event in own) // 2
        )


@pytest.mark.logs_errors
def test_a_camera_whose_pictures_cannot_be_analysed_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = LiveCamera.step

    def failing(camera: LiveCamera, *known: Any) -> Any:
        if camera.spec.id == "broken":
            raise RuntimeError("nobody foresaw this")
        return step(camera, *known)

    monkeypatch.setattr(LiveCamera, "step", failing)
    world.write(world.camera("broken"), world.camera("gate"))
    with running(world):
        wait_until(lambda: len(world.listener.events()) >= 2, 20)
    assert {event.data.camera for event in world.listener.events()} == {"gate"}


class LateDetector(BrightnessDetector):
    """Takes a third of a second a picture while it is slow."""

    slow = True

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        time.sleep(0.3 * len(images) if self.slow else 0.0)
        return super().detect(images)


def test_where_time_is_short_cameras_that_see_something_take_turns_and_health_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.runtime.processors", lambda: 1)
    monkeypatch.setattr("edge_agent.core.fair_rate.COST_S", 0.5)
    monkeypatch.setattr("edge_agent.core.fair_rate.RAISE_S", 0.5)
    world.write(*(world.camera(f"cam-{n}") for n in range(3)))
    detector = LateDetector()
    with running(world, detector) as runtime:
        had = set[str]()

        def lowered() -> bool:
            """One camera at 2 a second x 0.3 s is all that there is time for, and each has its turn; who waits gets
            0.05."""
            rates = {one.camera: one.fps_allowed or 9 for one in cameras(world)}
            if sorted(rates.values()) == [0.05, 0.05, 2.0]:
                had.add(max(rates, key=lambda name: rates[name]))
            return len(had) == 3

        wait_until(lowered, 40, "turns are taken")
        assert all(one.fps_wanted == 10 for one in cameras(world))
        wait_until(lambda: sum("too rarely for intrusion-all" in one.reason for one in cameras(world)) >= 2)
        told = [one.why for one in cameras(world) if "too rarely" in one.reason]
        assert all(why is not None and why.values["rules"] == "intrusion-all" for why in told)
        # What nobody has time for is not even made: the decoders deliver no more than is taken.
        dropped = {one.camera: one.dropped for one in cameras(world)}
        analysed = sum(camera.analysed for camera in runtime.cameras)
        wait_until(lambda: sum(camera.analysed for camera in runtime.cameras) >= analysed + 6, 20)
        assert all(one.dropped - dropped[one.camera] <= 5 for one in cameras(world))
        detector.slow = False
        wait_until(lambda: all(one.fps_allowed == 10 for one in cameras(world)), 30, "and raised again")
        wait_until(lambda: not any(one.reason for one in cameras(world)))
