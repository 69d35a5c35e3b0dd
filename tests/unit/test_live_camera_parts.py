"""A live camera that looks at parts of its pictures: whoever is in a picture for people is made unrecognisable."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edge_agent import runtime_camera, runtime_evidence
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.config_sections import EvidenceSection
from edge_agent.core.spec import DetectorSpec, TrackerSpec
from edge_agent.core.types import Box, Detections, Frame, Image
from tests.scenes import AGENT, CLOCK, T0, blobs, guarded

STILL, WALKER = 120, 230


class Told:
    """A source that has the pictures it was given."""

    over = False

    def __init__(self, *_: object, **__: object) -> None:
        self.frame: Frame | None = None

    def start(self) -> None: ...

    def close(self) -> None: ...

    def set_target(self, _: object) -> None: ...

    def latest(self, within_s: float) -> Frame | None:
        return self.frame


class Grey:
    """Finds what is brighter than the ground: strongly what is bright, weakly what is not."""

    name, classes = "grey", ("person",)

    def __init__(self) -> None:
        self.exact: list[bool] = []

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        self.exact.append(exact)
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        light = image[..., 0]
        still = (light >= STILL - 4) & (light < STILL + 30)
        return blobs([(still, 0.15), (light >= WALKER - 60, 0.9)], least=60)

    def close(self) -> None: ...


def picture(n: int) -> Frame:
    """Somebody who stands far left, too faint to be followed; and from the sixth picture on one who walks."""
    image = np.full((720, 1280, 3), 60, np.uint8)
    image[400:480, 100:132] = STILL
    if n > 5:
        image[300:380, 400 + 8 * n : 432 + 8 * n] = WALKER
    return Frame(image, tiny_luma(image, 96), n, T0 + n / 5)


Looks = tuple[int, list[bool]]


def played(monkeypatch: pytest.MonkeyPatch, evidence: EvidenceSection) -> tuple[list[list[Box]], list[Looks]]:
    """The people in each picture of an event; of each step, how many events it gave, and its looks: whether each was at
    sheets."""
    blurred: list[list[Box]] = []

    def snapshot(_: Image, people: Sequence[Box], **__: Any) -> bytes:
        blurred.append(list(people))
        return b"jpeg"

    monkeypatch.setattr(runtime_camera, "LiveSource", Told)
    monkeypatch.setattr(runtime_evidence, "snapshot", snapshot)
    spec = guarded("rtsp://camera", crops="auto")
    detector, looks = Grey(), []
    camera = runtime_camera.LiveCamera(spec, AGENT, TrackerSpec(start=0.4), DetectorSpec(), detector, lambda _: None)
    for n in range(20):
        camera._source.frame = picture(n)  # type: ignore[union-attr]
        detector.exact.clear()
        outputs = camera.step(CLOCK, evidence)
        looks.append((len(outputs or ()), list(detector.exact)))
    camera.suspend()
    return blurred, looks


def test_a_picture_of_an_event_is_blurred_after_a_look_at_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    blurred, looks = played(monkeypatch, EvidenceSection())
    told = [exact for events, exact in looks if events]
    assert told == [[True, False]]
    assert [True] in [exact for _, exact in looks]
    (people,) = blurred
    assert any(x1 < 0.08 < 0.1 < x2 for x1, _, x2, _ in people), "the one who stands is not followed, but seen"


def test_an_event_without_a_picture_takes_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    blurred, looks = played(monkeypatch, EvidenceSection(snapshots=False))
    assert [exact for events, exact in looks if events] == [[True]]
    assert blurred == []
