"""A whole agent that saves work: a camera rests and misses nothing, and where time is short all are analysed less."""

import time
from collections.abc import Sequence

import numpy as np
import pytest

from contract.messages import CameraHealth
from edge_agent.core.types import Detections, Image
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


class LateDetector(BrightnessDetector):
    """Takes a third of a second a picture while it is slow."""

    slow = True

    def detect(self, images: Sequence[Image], *, exact: bool = False) -> list[Detections]:
        time.sleep(0.3 * len(images) if self.slow else 0.0)
        return super().detect(images)


def test_where_time_is_short_all_cameras_are_analysed_less_often_and_health_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.runtime.processors", lambda: 1)
    monkeypatch.setattr("edge_agent.core.fair_rate.COST_S", 0.5)
    monkeypatch.setattr("edge_agent.core.fair_rate.RAISE_S", 0.5)
    world.write(*(world.camera(f"cam-{n}") for n in range(3)))
    detector = LateDetector()
    with running(world, detector) as runtime:

        def lowered() -> bool:
            return len(cameras(world)) == 3 and all((one.fps_allowed or 9) < 1.2 for one in cameras(world))

        wait_until(lowered, 20, "the rates are lowered")
        assert {one.fps_allowed for one in cameras(world)} == {1.0}  # 3 cameras x 1 a second x 0.3 s is what there is
        assert all(one.fps_wanted == 10 for one in cameras(world))
        wait_until(lambda: all("too rarely for intrusion-all" in one.reason for one in cameras(world)))
        # What nobody has time for is not even made: the decoders deliver no more than is taken.
        dropped = {one.camera: one.dropped for one in cameras(world)}
        analysed = sum(camera.analysed for camera in runtime.cameras)
        wait_until(lambda: sum(camera.analysed for camera in runtime.cameras) >= analysed + 6, 20)
        assert all(one.dropped - dropped[one.camera] <= 5 for one in cameras(world))
        detector.slow = False
        wait_until(lambda: all(one.fps_allowed == 10 for one in cameras(world)), 30, "and raised again")
        wait_until(lambda: not any(one.reason for one in cameras(world)))
