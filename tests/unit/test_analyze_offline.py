"""The offline run around fakes: which camera sees which video, and what a source that breaks leaves behind."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from contract.errors import ConfigError
from contract.events import Event
from edge_agent import offline
from edge_agent.config import parse
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.errors import SourceError
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Detections, Frame, Image

CAMERA = """
[[camera]]
id = "{id}"
source = "unused.mp4"
fps = 10
[[camera.zone]]
id = "yard"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
[[camera.rule]]
kind = "intrusion"
zone = "yard"
"""


def config(*cameras: str) -> EdgeConfig:
    text = '[agent]\nsite = "lab"\nid = "bench"\n' + "".join(CAMERA.format(id=name) for name in cameras)
    return parse(text, Path("test.toml"))


class Somebody:
    """Sees the same person everywhere."""

    name = "fake"
    classes = ("person",)

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        box, score = np.array([[40, 20, 60, 90]], np.float32), np.array([0.9], np.float32)
        return [Detections(box, score, np.zeros(1, np.int32), self.classes) for _ in images]

    def close(self) -> None:
        pass


class Recording:
    """Ten pictures a second; breaks after 30 where the video's name says so."""

    def __init__(self, camera: CameraSpec, *, realtime: bool, start: float) -> None:
        assert not realtime
        self._camera, self._start = camera, start

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        grey = np.zeros((100, 100, 3), np.uint8)
        for index in range(50):
            if index == 30 and "breaks" in self._camera.source:
                raise SourceError("edge.source.broken", camera=self._camera.id, source=self._camera.source, detail="x")
            yield Frame(image=grey, luma=grey[:10, :10, 0], index=index, t=self._start + index / 10)


@pytest.fixture(autouse=True)
def recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "open_source", Recording)


def test_a_source_that_breaks_ends_its_episodes_and_the_next_goes_on() -> None:
    settings = config("gate")
    jobs = offline.plan(settings, [Path("breaks.mp4"), Path("whole.mp4")], None, None)
    told: list[tuple[str, int, bool]] = []

    def done(job: offline.Job, tally: offline.Tally, fault: SourceError | None) -> None:
        told.append((job.video.name, tally.frames, fault is not None))

    events: list[Event] = list(offline.analyze(settings, jobs, lambda _: Somebody(), lambda _: nullcontext(()), done))
    assert told == [("breaks.mp4", 30, True), ("whole.mp4", 50, False)]
    assert [event.data.phase for event in events] == ["begin", "end", "begin", "end"]
    assert [int(event.sequence) for event in events] == [1, 2, 3, 4]
    start = offline.DEFAULT_START.timestamp()
    ends = [event.data.ended.timestamp() - start for event in events if event.data.ended]
    assert ends == pytest.approx([2.9, 4.9])
    assert len({event.id for event in events}) == 4


def test_the_clock_is_trusted_only_where_somebody_told_the_time() -> None:
    settings = config("gate")
    for start, synchronised in ((None, False), (datetime(2026, 2, 1, tzinfo=UTC), True)):
        jobs = offline.plan(settings, [Path("whole.mp4")], None, start)
        events = list(offline.analyze(settings, jobs, lambda _: Somebody(), lambda _: nullcontext(()), lambda *_: None))
        assert {event.data.clock.synchronised for event in events} == {synchronised}


def test_one_camera_takes_all_videos_and_several_are_paired() -> None:
    videos = [Path("a.mp4"), Path("b.mp4")]

    def chosen(cameras: Sequence[str], wanted: str | None = None) -> list[tuple[str, str]]:
        jobs = offline.plan(config(*cameras), videos, wanted, None)
        return [(job.video.name, job.camera.id) for job in jobs]

    assert chosen(["gate"]) == [("a.mp4", "gate"), ("b.mp4", "gate")]
    assert chosen(["gate", "door"]) == [("a.mp4", "gate"), ("b.mp4", "door")]
    assert chosen(["gate", "door"], "door") == [("a.mp4", "door"), ("b.mp4", "door")]


@pytest.mark.parametrize(
    ("cameras", "wanted", "key"),
    [
        (["gate", "door", "roof"], None, "analyze.which_camera"),
        (["gate"], "roof", "analyze.unknown_camera"),
        ([], None, "analyze.no_camera"),
    ],
)
def test_an_open_choice_is_refused(cameras: list[str], wanted: str | None, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        offline.plan(config(*cameras), [Path("a.mp4"), Path("b.mp4")], wanted, None)
    assert refused.value.key == key
