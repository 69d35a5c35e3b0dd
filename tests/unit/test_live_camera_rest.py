"""A live camera of which few pictures are asked for: it is not lost, and who wants a picture does not wait for long."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contract.messages import CameraState
from contract.sentence import sentence
from edge_agent import runtime_camera
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_live import SourceStatus
from edge_agent.config_sections import EvidenceSection
from edge_agent.core.decode_policy import DecodeTarget
from edge_agent.core.rules.scene_anomaly import SceneAnomalyRule
from edge_agent.core.spec import DetectorSpec, Rule, TrackerSpec
from edge_agent.core.types import Detections, Frame, Image
from tests.scenes import AGENT, CLOCK, T0, blobs, guarded

IMAGE = np.full((360, 640, 3), 90, np.uint8)


class Still:
    """A source whose picture never changes."""

    over = False

    def __init__(self, *_: object, **__: object) -> None:
        self.frame: Frame | None = None
        self.age_s = 0.0
        self.state: CameraState = "online"
        self.target = DecodeTarget()

    def start(self) -> None: ...

    def close(self) -> None: ...

    def set_target(self, target: DecodeTarget) -> None:
        self.target = target

    def latest(self, within_s: float) -> Frame | None:
        frame, self.frame = self.frame, None
        return frame

    def status(self) -> SourceStatus:
        return SourceStatus(self.state, None, 25.0, 0, 0, 0, self.age_s)


class Nobody:
    name, classes = "nobody", ("person",)

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        return [blobs([]) for _ in images]

    def close(self) -> None: ...


class Camera:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, glance_s: float, *more: Rule) -> None:
        monkeypatch.setattr(runtime_camera, "LiveSource", Still)
        spec = guarded("rtsp://camera", glance_s=glance_s)
        spec = replace(spec, rules=(*spec.rules, *more))
        self.live = runtime_camera.LiveCamera(spec, AGENT, TrackerSpec(), DetectorSpec(), Nobody(), lambda _: None)
        self.source: Any = self.live._source

    def step(self, n: int | None = None) -> list[str]:
        """Kinds of events, where the source has a picture of `n` seconds, or none."""
        self.source.frame = None if n is None else Frame(IMAGE, tiny_luma(IMAGE, 96), n, T0 + n)
        return [one.event.data.kind for one in self.live.step(CLOCK, EvidenceSection()) or ()]

    def rest(self) -> None:
        for n in range(20):
            assert self.step(n) == []
        assert self.source.target.rest_s > 0


@pytest.mark.parametrize(("glance_s", "silent_s"), [(4.0, 9.9), (10.0, 19.9)])
def test_a_camera_that_is_looked_at_rarely_because_it_rests_is_not_lost_before_two_pictures_are_missing(
    monkeypatch: pytest.MonkeyPatch, glance_s: float, silent_s: float
) -> None:
    camera = Camera(monkeypatch, glance_s)
    camera.rest()
    camera.source.age_s = silent_s
    assert camera.step() == []
    camera.source.age_s = silent_s + 0.2
    assert camera.step() == ["camera_lost"]
    camera.live.suspend()


def test_where_there_is_too_much_to_do_two_pictures_have_to_be_missing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, 10.0)
    camera.step(0)
    camera.source.age_s = 10.2
    camera.live.allow(0.1)
    assert camera.step() == []
    camera.live.allow(5.0)
    assert camera.step() == [], "what was asked for once in ten seconds does not come at once"
    camera.source.age_s = 20.2
    assert camera.step() == ["camera_lost"]
    camera.live.suspend()


def test_a_camera_that_had_its_turn_is_lost_as_soon_as_any(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, 10.0)
    camera.live.allow(0.05)
    camera.live.allow(5.0)
    camera.step(0)
    camera.source.age_s = 10.2
    assert camera.step() == ["camera_lost"]
    camera.live.suspend()


@pytest.mark.parametrize(("state", "age_s"), [("stalled", 41.0), ("reconnecting", 41.0), ("online", 301.0)])
def test_a_host_that_is_too_busy_loses_no_camera_that_is_heard(
    monkeypatch: pytest.MonkeyPatch, state: CameraState, age_s: float
) -> None:
    monkeypatch.setattr("edge_agent.core.fair_rate.RATE_MEAN_S", 1e-9)
    camera = Camera(monkeypatch, 10.0)
    camera.step(0)
    for _ in range(2):
        camera.live.allow(0.05)
    camera.source.age_s = 299.0
    assert camera.step() == [], "its decoder had no time either"
    camera.source.state, camera.source.age_s = state, age_s
    assert camera.step() == ["camera_lost"]
    camera.live.suspend()


def test_who_asks_for_a_picture_gets_the_next_that_comes_though_few_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = Camera(monkeypatch, 4.0)
    camera.rest()
    camera.live.allow(0.05)
    usual = camera.source.target
    assert (usual.fps, usual.glance_s) == (0.05, 4.0)
    asked = camera.live.ask_snapshot()
    assert camera.source.target == DecodeTarget(camera.live.spec.fps, usual.rest_s, 0.0)
    camera.step(21)
    assert asked.result(0)
    assert camera.source.target == usual
    camera.live.suspend()


def test_a_camera_says_that_a_rule_has_not_learned_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, 4.0, SceneAnomalyRule(id="odd"))
    camera.step(0)
    told = camera.live.health().why
    assert told == sentence("camera.learning", rules="odd", percent=0)
    assert "odd is still learning (0 %)" in told.render("en")
    camera.source.state = "connecting"
    assert camera.live.health().why != told


def test_a_camera_whose_rules_need_not_learn_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, 4.0)
    camera.step(0)
    assert camera.live.health().why in (None, sentence("camera.still"))
