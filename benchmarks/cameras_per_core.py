"""How many cameras one core watches at 5 analysed pictures a second, by how much happens in front of them, against the
obvious loop for each: OpenCV decodes, `YOLO.track()` of ultralytics looks at every fifth picture of 25.

    JAGA_ULTRALYTICS_PYTHON=/a/bin/python python -m benchmarks.cameras_per_core

Streams are made here from PETS09-S2L1 (H.264, 25 pictures a second, a keyframe a second, a camera's bit rates): still
stretches (the median of the clip, with nobody in it, and a sensor's noise) and stretches that show the clip at its own
pace. TIMELINE_S seconds each, coded in one go: to a bit rate, and to a quality. The decoder has watched for
KNOWN_ROUNDS of them before, since packets must foretell motion before they are believed. Jaga decodes packet by packet
as its decoding child does, by the stream's clock, with motion gate, camera health, tracker, one intrusion rule and
events; not the copy from child to agent, nor the way to the broker. Cameras a core: seconds of video for each second of
processor time. An episode counts as found where an intrusion runs while somebody can be seen; the peer's tracks go
through the same rule.

Both take turns, since a shared machine is as fast as the minute is: Jaga over the whole timeline, the obvious loop over
the next fifth. Told are the medians of five, judged that of the five ratios.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice, product
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.cores import cores
from benchmarks.data import CONFIGS, pets_scene
from benchmarks.decode import CODED_FPS, FPS, KNOWN_ROUNDS, QUALITY, SIZES, encode, sensor
from benchmarks.one_core import CLOCK, Parts, Row, Seen, Watcher, peak_of, peer, peers, timed, warm
from benchmarks.report import Figure, Outcome, at_least, command, equal
from benchmarks.scorers import episodes_of
from contract.events import Event
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.pixels_av import Bgr, Luma
from edge_agent.adapters.source_decode import FrameSampler
from edge_agent.adapters.source_selective import DecodeControl, SelectiveDecoder
from edge_agent.adapters.source_wire import LUMA_WIDTH
from edge_agent.config import load
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.decode_policy import DecodeTarget
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.ports import Detector
from edge_agent.core.rest import RestGate, glance_s, rest_s
from edge_agent.core.spec import CameraSpec, IntrusionRule, MotionSpec, TamperSpec, Zone
from edge_agent.core.types import Detections, Frame, Image, Track, TrackId

TIMELINE_S = 60
BURSTS = {0.01: (0.6,), 0.1: (6.0,), 0.5: (10.0, 10.0, 10.0)}
"""Seconds of each stretch in which people walk, by their share of the time."""
STILL_S, BUSY_S = 4, 10
CLIP_FPS = 10
EVERY = round(CODED_FPS / FPS)
LEAST_S = 2.0
"""Stretches so long must give an event."""
TIMES = 25.0
TURNS = 5
"""Of Jaga over a timeline and the obvious loop over its share of it: what else the machine does meets both."""


@dataclass(frozen=True, slots=True)
class Stream:
    """file: the whole timeline. busy: when people walk, seconds from its begin."""

    file: Path
    busy: tuple[tuple[float, float], ...]


@cache
def recorded() -> tuple[list[Image], list[Image]]:
    """Still pictures and pictures of people who walk, with the same noise."""
    clip, nobody = pets_scene()
    noisy = sensor(nobody.shape)
    still = [noisy(nobody) for _ in range(STILL_S * CODED_FPS)]
    return still, [noisy(clip[number * CLIP_FPS // CODED_FPS]) for number in range(BUSY_S * CODED_FPS)]


def timeline(size: str, activity: float, folder: Path, quality: int | None = None) -> Stream:
    """Still and busy stretches in turn, coded in one go to a bit rate or to a quality."""
    bursts = BURSTS[activity]
    gap = (TIMELINE_S - sum(bursts)) / len(bursts)
    busy: list[tuple[float, float]] = []
    chosen: list[Image] = []
    for burst in bursts:
        for images, seconds in zip(recorded(), (gap, burst), strict=True):
            chosen += islice(cycle(images), round(seconds * CODED_FPS))
        busy.append((len(chosen) / CODED_FPS - burst, len(chosen) / CODED_FPS))
    return Stream(encode(chosen, f"{size}-{quality}-{activity:.0%}", SIZES[size], 1, 0, folder, quality), tuple(busy))


def camera_of() -> CameraSpec:
    everywhere = Zone("all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    rule = IntrusionRule(id="somebody", zone="all")
    return CameraSpec(id="camera", source="-", fps=FPS, zones=(everywhere,), rules=(rule,), crops="auto")


def frames(stream: Stream, control: DecodeControl, before: float) -> Iterator[Frame]:
    """What a live camera's decoding child delivers, by the stream's clock; before: seconds that it has watched."""
    now = [0.0]
    sampler, step, luma, bgr = FrameSampler(FPS, early=0.5), 1 / CODED_FPS, Luma(LUMA_WIDTH), Bgr()
    with av.open(str(stream.file)) as container:
        video: Any = container.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "NONE", 1
        decoder = SelectiveDecoder(
            video.codec_context,
            control,
            lambda within: sampler.would_take(now[0] + within),
            step,
            lambda: before + now[0],
        )
        for number, packet in enumerate(container.demux(video)):
            now[0] = number * step
            for picture in decoder.feed(packet, step) or ():
                if sampler.take(now[0]):
                    yield Frame(bgr(picture), luma(picture), number, now[0])


def in_turns(
    stream: Stream, config: EdgeConfig, detector: Detector, theirs: Callable[[int], Seen] | None
) -> tuple[list[tuple[Seen, Parts]], list[Seen]]:
    """Jaga over the timeline, once its decoder has had it KNOWN_ROUNDS times, and the next share of the timeline by the
    obvious loop, in turn."""
    control = DecodeControl(camera_of().decode, DecodeTarget(FPS))
    rounds, others = [], []
    for number in range(KNOWN_ROUNDS + TURNS):
        seen = watched(stream, config, detector, control, number * TIMELINE_S)
        if number < KNOWN_ROUNDS:
            continue
        rounds.append(seen)
        if theirs is not None:
            others.append(theirs(TIMELINE_S * CODED_FPS // TURNS))
    return rounds, others


def watched(
    stream: Stream, config: EdgeConfig, detector: Detector, control: DecodeControl, before: float
) -> tuple[Seen, Parts]:
    camera = camera_of()
    watcher, rest, longest = Watcher(config, camera, detector), RestGate(), rest_s(camera.rules, camera.keyframe_s)
    glances = glance_s(camera.rules, camera.glance_s)
    control.target = DecodeTarget(FPS)
    events: list[Event] = []
    count = 0
    for frame in timed(frames(stream, control, before), watcher.parts):
        decision, step = watcher.see(frame)
        resting = rest.step(frame.t, decision, watcher.pipeline.follows(step.tracks))
        control.target = DecodeTarget(FPS, longest if resting else 0.0, glances)
        events += step.events
        count += 1
    events += watcher.pipeline.lost(float(TIMELINE_S), CLOCK)
    return Seen(watcher.parts.whole, count, watcher.looked, [], events), watcher.parts


class Told:
    """A Tracker port that repeats what another has told."""

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        return self.tracks


def judged(rows: list[Row], width: int, height: int) -> list[Event]:
    """The events of the same rule over the tracks of the obvious loop."""
    camera = replace(camera_of(), motion=MotionSpec(enabled=False), tamper=TamperSpec(enabled=False), crops="off")
    told = Told()
    pipeline = CameraPipeline(camera, Agent("bench", "bench", ""), told, lambda t, salt: salt, "peer")
    blank, events = np.zeros((height, width, 3), np.uint8), list[Event]()
    for index in range(0, TIMELINE_S * CODED_FPS, EVERY):
        own = [row for row in rows if row[0] == index]
        told.tracks = tuple(
            Track(TrackId(row[1]), "person", (row[2] / width, row[3] / height, row[4] / width, row[5] / height), row[6])
            for row in own
        )
        frame = Frame(blank, blank[:2, :2, 0], index, index / CODED_FPS)
        pipeline.wants_detection(frame)
        events += pipeline.step(frame, Detections.none(("person",)), CLOCK).events
    return [*events, *pipeline.lost(float(TIMELINE_S), CLOCK)]


def found(events: list[Event], stream: Stream) -> tuple[float, float]:
    """Of the stretches that are long enough, how many had an intrusion; and how many episodes ran in none."""
    episodes = episodes_of(events)
    spans = [(one.started, TIMELINE_S if one.ended is None else one.ended) for one in episodes]
    long = [span for span in stream.busy if span[1] - span[0] >= LEAST_S]
    met = sum(any(a < end and b > begin for a, b in spans) for begin, end in long)
    false = sum(not any(a < end and b > begin for begin, end in stream.busy) for a, b in spans)
    return (met / len(long) if long else 1.0), float(false)


def compared(name: str, stream: Stream, config: EdgeConfig, detector: Detector, flops: float) -> Iterator[Figure]:
    """One stream by Jaga and by the obvious loop."""
    who, weights = next(iter(peers().items()), ("", None))
    with nullcontext() if weights is None else peer(weights, stream.file, EVERY) as theirs:
        rounds, others = in_turns(stream, config, detector, theirs)
    ours, spent = sorted(rounds, key=lambda one: one[0].cpu)[TURNS // 2]
    recalls, false = zip(*(found(seen.events, stream) for seen, _ in rounds), strict=True)
    yield Figure(f"{name}: jaga, cameras a core", TIMELINE_S / ours.cpu)
    for part in ("decode", "gate", "look", "rest"):
        yield Figure(f"{name}: jaga, {part}, ms a second of video", getattr(spent, part) / TIMELINE_S * 1e3)
    yield Figure(f"{name}: pictures analysed, looked at", f"{ours.pictures}, {ours.looked}")
    yield Figure(f"{name}: limit, cameras a core", TIMELINE_S / spent.limit(flops))
    yield equal(f"{name}: jaga, episodes where nobody is", max(false), 0)
    if others:
        with av.open(str(stream.file)) as container:
            size = container.streams.video[0].width, container.streams.video[0].height
        their_recall, their_false = found(judged([row for part in others for row in part.rows], *size), stream)
        cameras = [part.pictures / CODED_FPS / part.cpu for part in others]
        yield Figure(f"{name}: {who}, cameras a core", median(cameras))
        yield Figure(f"{name}: {who}, episodes where nobody is", their_false)
        yield at_least(f"{name}: event recall", min(recalls), their_recall)
        turns = sorted(TIMELINE_S / seen.cpu / its for (seen, _), its in zip(rounds, cameras, strict=True))
        ratio = f"{name}: jaga / {who}"
        yield at_least(ratio, median(turns), TIMES) if name.endswith("10%") else Figure(ratio, median(turns))
        yield Figure(f"{ratio}, turns", ", ".join(f"{times:.1f}" for times in turns))


@cores(1)
def measure() -> Outcome:
    """Each size and activity in turn."""
    cv2.setNumThreads(1)
    config = load(CONFIGS / "pets.toml")
    config = replace(config, detector=replace(config.detector, precision="auto", threads=1))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, closing(open_detector(config.detector)) as detector:
        flops = peak_of(detector.name)
        for size, quality in product(("720p", "360p"), (None, QUALITY)):
            warm(detector, *SIZES[size][:2])
            for activity in BURSTS:
                label = f"{size}{'' if quality is None else ' to a quality'}, {activity:.0%}"
                stream = timeline(size, activity, Path(name), quality)
                figures += compared(label, stream, config, detector, flops)
    return Outcome("cameras_per_core", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
