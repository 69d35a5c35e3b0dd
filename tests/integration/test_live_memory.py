"""What a live camera's rules have learned of its traffic outlives the agent, whether it was stopped or fell."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from contract.events import Clock
from edge_agent import runtime_camera
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_live import SourceStatus
from edge_agent.config_sections import EvidenceSection
from edge_agent.core.events import Agent
from edge_agent.core.rules.scene_anomaly import SceneAnomalyRule
from edge_agent.core.rules.wrong_way import WrongWayRule
from edge_agent.core.spec import CameraSpec, DetectorSpec, MotionSpec, TrackerSpec
from edge_agent.core.types import Detections, Frame, Image
from edge_agent.runtime_camera import LiveCamera

WIDE, HIGH, FPS = 320, 180, 5.0
LANES = (110, 155)
"""Lower edges of the lanes, in which cars follow each other EVERY_S apart; all go the same way."""
EVERY_S, PIXELS_S, CAR, LORRY = 2.0, 60.0, (40, 20), (44, 32)
LEARNING_S, JUDGED_S = 80.0, 8.0
CHANCE = np.random.default_rng(1)
DETAIL = CHANCE.integers(30, 160, (9, 16)).repeat(20, axis=0).repeat(20, axis=1)
"""More here, less there, by which a view is known again."""
STREET = np.asarray(40 + CHANCE.random((HIGH, WIDE)) * DETAIL, np.uint8)[..., None].repeat(3, axis=2)
CLOCK = Clock(offset_ms=0.0, synchronised=True)
RULES = (WrongWayRule(id="against"), SceneAnomalyRule(id="odd", learn_s=30.0))


def cars(t: float, back: bool) -> list[tuple[int, int, int, int]]:
    """Their boxes in pixels, clipped to the picture. back: lorries in the first lane, from the right."""
    apart, (wide, high) = EVERY_S * PIXELS_S, LORRY if back else CAR
    lefts = [round(t * PIXELS_S % apart + n * apart) - wide for n in range(int(WIDE / apart) + 2)]
    lefts = [WIDE - wide - left if back else left for left in lefts]
    return [
        (max(left, 0), bottom - high, min(left + wide, WIDE), bottom)
        for bottom in (LANES[:1] if back else LANES)
        for left in lefts
        if -wide / 2 < left < WIDE - wide / 2
    ]


def street(boxes: list[tuple[int, int, int, int]]) -> Image:
    image = STREET.copy()
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 230
    return image


class Seeing:
    """Sees the cars that it is told of."""

    name, classes = "seeing/test", ("person", "car")
    cars: ClassVar[list[tuple[int, int, int, int]]] = []

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        boxes = np.array(self.cars, np.float32).reshape(-1, 4)
        labels = np.ones(len(boxes), np.int32)
        return [Detections(boxes, np.float32(0.9) * labels.astype(np.float32), labels, self.classes) for _ in images]

    def close(self) -> None:
        """Nothing is held."""


class Shown:
    """A live source that shows what it is told to."""

    frame: Frame | None = None

    def __init__(self, *_: object, **__: object) -> None:
        Shown.frame = None

    def start(self) -> None: ...

    def close(self) -> None: ...

    def set_target(self, _: object) -> None: ...

    def latest(self, within_s: float) -> Frame | None:
        return Shown.frame

    def status(self) -> SourceStatus:
        return SourceStatus("online", None, FPS, 0, 0, 0, 0.0)


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Cameras":
    monkeypatch.setattr(runtime_camera, "LiveSource", Shown)
    return Cameras(tmp_path / "memory" / "gate.npz")


class Cameras:
    """The same camera of one agent after another."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def begin(self, file: Path | None = None) -> LiveCamera:
        spec = CameraSpec(id="gate", source="-", fps=FPS, rules=RULES, motion=MotionSpec(enabled=False))
        agent = Agent("manggarai", "edge-1", "0" * 16)
        return LiveCamera(spec, agent, TrackerSpec(), DetectorSpec(), Seeing(), lambda _: None, file or self.file)


def play(camera: LiveCamera, begin: float, seconds: float, back: bool = False) -> tuple[set[str], float]:
    """The kinds that are told of so many seconds of traffic, and when it is over."""
    told = set[str]()
    for n in range(round(seconds * FPS)):
        t = begin + n / FPS
        Seeing.cars = cars(t, back)
        image = street(Seeing.cars)
        Shown.frame = Frame(image, tiny_luma(image, 96), n, t)
        outputs = camera.step(CLOCK, EvidenceSection(snapshots=False))
        told |= {output.event.data.kind for output in outputs or [] if output.event.data.phase == "begin"}
    return told, begin + seconds


def test_what_was_learned_of_the_traffic_is_known_after_a_restart(
    cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_camera, "REMEMBER_S", 1e9)
    first = cameras.begin()
    told, t = play(first, 1_767_225_600.0, LEARNING_S)
    assert told == set()
    assert not cameras.file.exists()
    monkeypatch.setattr(runtime_camera, "REMEMBER_S", 0.0)
    _, t = play(first, t, 0.2)
    fallen = cameras.file.rename(cameras.file.with_name("fallen.npz"))  # what is there if the agent falls now
    monkeypatch.setattr(runtime_camera, "REMEMBER_S", 1e9)
    first.finish(CLOCK)
    for file, kinds in (
        (cameras.file, {"wrong_way", "scene_anomaly"}),
        (fallen, {"wrong_way", "scene_anomaly"}),
        (cameras.file.with_name("none.npz"), set[str]()),
    ):
        assert play(cameras.begin(file), t + 30.0, JUDGED_S, back=True)[0] == kinds


def test_a_damaged_memory_is_learned_anew(cameras: Cameras) -> None:
    cameras.file.parent.mkdir()
    cameras.file.write_bytes(b"no archive")
    camera = cameras.begin()
    assert play(camera, 1_767_225_600.0, 4.0)[0] == set()
    camera.finish(CLOCK)
    assert np.load(cameras.file).files
