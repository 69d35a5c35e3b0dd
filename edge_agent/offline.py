"""`jaga analyze`: the pipeline of a live camera, driven from files and deterministic.

The same video, config and start give the same bytes: times are the start plus the frame's presentation time, ids derive
from what was analysed (contract.ids.derived_uuid7), and nothing here asks a clock. Decoding runs in the source's own
process while the detector works, so the slower of the two sets the pace.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from contract.errors import ConfigError, words
from contract.events import Clock, Event, sequence_text
from contract.ids import derived_uuid7
from edge_agent.adapters import memory_npz
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.sheets_cv2 import look
from edge_agent.adapters.source_av import open_source
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crop_planner import crop_planner_of
from edge_agent.core.errors import SourceError
from edge_agent.core.events import Agent, IdFactory
from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.ports import Detector
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame
from edge_agent.zoo.trained import trained

DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)
"""When a video begins where nobody said: a file's own date would make two copies of it give different events."""


class Observer(Protocol):
    """Looks on, for a progress bar or an overlay. Called in the order of frames, on the caller's thread."""

    def seen(self, frame: Frame, step: Step) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One video as seen by one camera; nothing is carried over to the next but what its rules have learned, where
    `memory` names the file for it. salt: what its ids derive from."""

    video: Path
    camera: CameraSpec
    start: datetime
    told: bool
    salt: str
    memory: Path | None = None


@dataclass(slots=True)
class Tally:
    """What one run came to; frames: delivered by the source, detected: those the detector looked at. learning: how far
    the rules are at the end, 0..1, that had not learned enough to say anything."""

    frames: int = 0
    detected: int = 0
    events: int = 0
    episodes: Counter[str] = field(default_factory=Counter)
    learning: Mapping[str, float] = field(default_factory=dict)


Watch = Callable[[Job], AbstractContextManager[Iterable[Observer]]]
DetectorOf = Callable[[CameraSpec], Detector]
Done = Callable[[Job, Tally, SourceError | None], None]


def plan(
    config: EdgeConfig,
    videos: Sequence[Path],
    camera_id: str | None,
    start: datetime | None,
    memory: Path | None = None,
) -> tuple[Job, ...]:
    """Which camera sees which video, all from `start` on. memory: a folder for what each camera's rules learn.

    One camera section, or the one named, takes all videos; as many sections as videos are paired in the config's order.
    Raises ConfigError where that leaves it open.
    """
    cameras = config.cameras
    known = ", ".join(camera.id for camera in cameras)
    if camera_id is not None:
        cameras = tuple(camera for camera in cameras if camera.id == camera_id)
        if not cameras:
            raise ConfigError("analyze.unknown_camera", file=str(config.file), camera=camera_id, allowed=known or "-")
    if not cameras:
        raise ConfigError("analyze.no_camera", file=str(config.file))
    if len(cameras) > 1 and len(cameras) != len(videos):
        raise ConfigError("analyze.which_camera", file=str(config.file), allowed=known)
    chosen = cameras if len(cameras) > 1 else cameras * len(videos)
    names: Counter[str] = Counter()
    jobs = []
    for video, camera in zip(videos, chosen, strict=True):
        names[video.name] += 1
        salt = f"{video.name}#{names[video.name]}"
        spec = replace(camera, source=str(video.absolute()), loop=False)
        learned = None if memory is None else memory / f"{camera.id}.npz"
        jobs.append(Job(video, spec, start or DEFAULT_START, start is not None, salt, learned))
    return tuple(jobs)


def analyze(
    config: EdgeConfig, jobs: Iterable[Job], detector_of: DetectorOf, watch: Watch, done: Done
) -> Iterator[Event]:
    """The events of all videos, one after the other, with one gap-free sequence from 1 on.

    `watch` is entered before a video and left after it; `done` is told how it went, with the error where the video
    could not be read (to its end): the others go on.
    """
    number = 0
    for job in jobs:
        tally, fault = Tally(), None
        try:
            with watch(job) as observers:
                for event in run(config, job, detector_of(job.camera), tally, observers):
                    number += 1
                    yield msgspec.structs.replace(event, sequence=sequence_text(number))
        except SourceError as error:
            fault = error
        done(job, tally, fault)


def run(
    config: EdgeConfig, job: Job, detector: Detector, tally: Tally, observers: Iterable[Observer] = ()
) -> Iterator[Event]:
    """The events of one video in order, each still without its sequence number; counts into `tally`.

    Raises SourceError where the video cannot be read or breaks: the events until then have been yielded, and running
    episodes have ended at their last true time. Raises ConfigError where what was learned cannot be read, used or kept.
    """
    agent = Agent(site=config.agent.site, id=config.agent.id, config_hash=config.config_hash)
    tracker = ByteTrack(config.tracker)
    pipeline = CameraPipeline(
        job.camera,
        agent,
        tracker,
        ids_of(job),
        detector.name,
        pictures=CvPictures(),
        trained=trained(),
        planner=crop_planner_of(job.camera, tracker, config.detector, config.tracker),
        strong=config.tracker.start,
    )
    _recall(pipeline, job.memory)
    clock = Clock(offset_ms=0.0, synchronised=job.told)
    watching = tuple(observers)
    last: float | None = None
    fault: SourceError | None = None
    try:
        with open_source(job.camera, realtime=False, start=job.start.timestamp()) as frames:
            for frame in frames:
                looked = pipeline.wants_detection(frame).detect
                sheets = pipeline.sheets(frame) if looked else None
                looks = look(detector, frame.image, sheets, pipeline.features) if looked else ()
                found = pipeline.placed(sheets, looks).found if looked else None
                step = pipeline.step(frame, found, clock)
                last = frame.t
                tally.frames += 1
                tally.detected += looked
                tally.learning = step.learning
                yield from _counted(step.events, tally)
                for observer in watching:
                    observer.seen(frame, step)
    except SourceError as error:
        fault = error
    if last is not None:
        yield from _counted(pipeline.lost(last, clock), tally)
    _remember(pipeline, job.memory)
    if fault is not None:
        raise fault


def _recall(pipeline: CameraPipeline, file: Path | None) -> None:
    if file is None:
        return
    try:
        refused = pipeline.recall(memory_npz.load(file))
    except (OSError, ValueError) as error:
        raise ConfigError("analyze.memory", file=str(file), detail=str(error)) from error
    if refused:
        raise ConfigError("analyze.memory", file=str(file), detail=", ".join(refused))


def _remember(pipeline: CameraPipeline, file: Path | None) -> None:
    if file is None:
        return
    try:
        memory_npz.save(file, pipeline.memory())
    except OSError as error:
        raise ConfigError("analyze.memory", file=str(file), detail=words(error)) from error


def ids_of(job: Job) -> IdFactory:
    """Ids that derive from the video's name, the camera and what the pipeline says of the event."""
    return lambda t, salt: derived_uuid7(round(t * 1000), "analyze", job.salt, job.camera.id, salt)


def _counted(events: Iterable[Event], tally: Tally) -> Iterator[Event]:
    for event in events:
        tally.events += 1
        if event.data.phase == "begin":
            tally.episodes[event.data.kind] += 1
        yield event
