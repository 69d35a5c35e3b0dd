"""The motion gate: what it lets pass of still scenes under weather and light (synthetic), and what of people who walk.

Quiet: one picture of each of three scenes with sensor noise, and simulator.weather over it from SETTLED_S on: shares of
the pictures that the gate lets through once it knows that nobody is found (from KNOWN_S on). Nothing that matters moves
in them, so all of it is detections for nothing; what counts against weather is cost, not truth.
People: recorded clips at FPS. A person is detected, then followed; one whose feet move by STEP_BODIES of the body's
height within a second walks. Recall: of pictures with somebody who walks, those that the gate lets through. Still: how
long anybody is left unlooked at. Large: the same still scenes, a box pasted over a share of the picture from one
picture to the next.
Speed: pictures of these files a second of processor time with decoding, luma and gate. The limit is decoding, reading
each picture that is due once at memory's speed, and one difference of tiny lumas.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache
from math import hypot
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.camera_health import decoded
from benchmarks.data import DATA
from benchmarks.limits import difference, reading
from benchmarks.replay import remembered
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.runs import TIMEOUT_S
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_av import open_source
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.motion import FUTILE_S, MotionGate
from edge_agent.core.spec import CameraSpec, MotionSpec, TrackerSpec
from edge_agent.core.types import Frame, Image, TrackId
from simulator.weather import weathered

FPS = 5.0
SCENES = ("abandoned/aboda_video4.avi", "pets09_s2l1/vtest.avi", "traffic/thai_junction.mp4")
OVERLAYS = (
    "flicker_lamp",
    "flicker_mains",
    "ir_switch",
    "headlights_day",
    "headlights_night",
    "rain",
    "rain_night",
    "insects_crawling",
    "insects_night",
    "trees",
    "pumping",
)
SETTLED_S, OVERLAY_S = 6.0, 24.0
KNOWN_S = SETTLED_S + FUTILE_S
MOST_LOOKS = 0.3
"""Share of the pictures under weather, at most: at FPS one look a second is a fifth."""
STILL_WIDTH = 480
NOISE = 2.0
"""Grey levels of the sensor's noise."""
PEOPLE = (
    "abandoned/aboda_indoor_backpack.mp4",
    "abandoned/aboda_video4.avi",
    "loiter_like/people_gathering.mp4",
    "loiter_like/people_stairs.mp4",
    "pets09_s2l1/vtest.avi",
    "traffic/motorway_pedestrian_alarm.avi",
)
STEP_BODIES = 0.25
LARGE = (0.05, 0.15, 0.3, 0.45)
PEER = "JAGA_DVR_SCAN_PYTHON"
"""A Python with dvr-scan-headless, which Jaga itself never needs."""


def gate() -> MotionGate:
    return MotionGate(MotionSpec())


def still(name: str) -> Image:
    image = decoded(DATA / name)[0].image
    size = (STILL_WIDTH, round(image.shape[0] * STILL_WIDTH / image.shape[1]))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def quiet(scene: Image, seed: int) -> Iterator[Image]:
    """The scene with a sensor's noise, new in each picture: one field of it, shifted."""
    chance = np.random.default_rng(seed)
    field = NOISE * chance.standard_normal(scene.shape, np.float32)
    for _ in range(round((SETTLED_S + OVERLAY_S) * FPS)):
        shift = (int(chance.integers(scene.shape[0])), int(chance.integers(scene.shape[1])))
        noisy = scene + np.roll(field, shift, axis=(0, 1))
        yield np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def passed(pictures: Iterable[Image]) -> float:
    """Share of the pictures from KNOWN_S on that are looked at."""
    watcher, looked, count = gate(), 0, 0
    for n, image in enumerate(pictures):
        decision = watcher.decide(tiny_luma(image, 96), n / FPS)
        if n / FPS >= KNOWN_S:
            count += 1
            looked += decision.detect
    return looked / count


def weather(stills: list[Image]) -> list[Figure]:
    figures = [
        Figure(
            "still scene, noise only: share looked at",
            float(np.mean([passed(quiet(image, seed)) for seed, image in enumerate(stills)])),
        )
    ]
    for overlay in OVERLAYS:
        shares = [
            passed(weathered(quiet(image, seed), overlay, "medium", FPS, seed, SETTLED_S))
            for seed, image in enumerate(stills)
        ]
        figures.append(at_most(f"synthetic {overlay}: share looked at", float(np.mean(shares)), MOST_LOOKS))
    return figures


def large(stills: list[Image]) -> Figure:
    """Share of the boxes, dark and bright, that open the gate."""
    seen = count = 0
    for image in stills:
        for share in LARGE:
            for level in (20, 235):
                watcher = gate()
                for n in range(10):
                    watcher.decide(tiny_luma(image, 96), n / FPS)
                box = image.copy()
                box[:, : round(image.shape[1] * share)] = level
                seen += watcher.decide(tiny_luma(box, 96), 10 / FPS).reason == "motion"
                count += 1
    return at_least("large boxes pasted in: recall", seen / count, 1.0)


def walking(frames: list[Frame]) -> tuple[list[bool], list[bool]]:
    """For each picture: whether somebody walks in it, whether anybody is in it."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    paths: dict[TrackId, list[tuple[float, float, float]]] = {}
    walks, anybody = [], []
    for frame in frames:
        tracks = tracker.update(remembered().detect([frame.image])[0], frame.width, frame.height, frame.t)
        some = False
        people = [track for track in tracks if track.cls == "person"]
        for track in people:
            height = (track.box[3] - track.box[1]) * frame.height
            at = (track.foot[0] * frame.width, track.foot[1] * frame.height)
            path = paths.setdefault(track.id, [])
            path.append((frame.t, *at))
            before = next(((x, y) for t, x, y in path if frame.t - t <= 1.0), at)
            some = some or hypot(at[0] - before[0], at[1] - before[1]) >= STEP_BODIES * height
        walks.append(some)
        anybody.append(bool(people))
    return walks, anybody


def peer(python: str, clip: Path, times: list[float]) -> tuple[list[bool], float]:
    """Whether dvr-scan, as it comes, has each of these times (seconds from the first picture) in an event; seconds of
    processor time it took. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(python).with_name("dvr-scan")), "-i", str(clip), "--scan-only", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ends = [_seconds(code) for code in done.stdout.strip().split(",") if code]
    events = list(zip(ends[::2], ends[1::2], strict=True))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [any(begin <= t <= end for begin, end in events) for t in times], cpu


def _seconds(code: str) -> float:
    hours, minutes, rest = code.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@cache
def scan(clip: Path) -> tuple[int, float, float]:
    """Pictures of the clip; seconds of processor time to decode them all and put those that are due through luma and
    gate; and the limit of that."""
    camera, watcher, last, due = CameraSpec(id="camera", source=str(clip), fps=FPS), gate(), 0, 0
    began = time.process_time()
    with open_source(camera, realtime=False, isolate=False) as source:
        for frame in source:
            watcher.decide(frame.luma, frame.t)
            last, due = frame.index, due + 1
    spent = time.process_time() - began
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        video.thread_type, video.codec_context.thread_count = "NONE", 1
        began = time.process_time()
        for _ in container.decode(video):
            pass
        decoding = time.process_time() - began
    pixels = frame.image.shape[0] * frame.image.shape[1]
    return last + 1, spent, decoding + due * (pixels / reading() + difference(frame.luma, MotionSpec().threshold))


def speed(names: Iterable[str]) -> list[Figure]:
    pictures, ours, limit = (sum(part) for part in zip(*(scan(DATA / name) for name in names), strict=True))
    return [
        Figure("decoding, luma and gate: pictures/s", pictures / ours),
        Figure("limit: decoding, reading at memory's speed, one difference: pictures/s", pictures / limit),
        Figure("times the limit's time", ours / limit),
    ]


def decisions(frames: list[Frame], anybody: list[bool]) -> tuple[list[bool], float]:
    """Which pictures the gate lets through, told of whom the detector then finds; its seconds of processor time."""
    watcher, looked, spent = gate(), [], 0.0
    for frame, someone in zip(frames, anybody, strict=True):
        began = time.process_time()
        decision = watcher.decide(frame.luma, frame.t)
        spent += time.process_time() - began
        looked.append(decision.detect)
        if decision.detect:
            watcher.showed(nobody=not someone, whole=True)
        if decision.detect and someone:
            watcher.found()
    return looked, spent


def against(python: str, names: Iterable[str]) -> list[Figure]:
    """Recall of pictures with somebody who walks, and pictures of the file per second of processor time."""
    ours, theirs, count, our_cpu, their_cpu = [], [], 0, 0.0, 0.0
    for name in names:
        frames = decoded(DATA / name)
        walks, anybody = walking(frames)
        looked, _ = decisions(frames, anybody)
        told, cpu = peer(python, DATA / name, [frame.t - frames[0].t for frame in frames])
        ours += [look for look, walk in zip(looked, walks, strict=True) if walk]
        theirs += [one for one, walk in zip(told, walks, strict=True) if walk]
        pictures, own, _ = scan(DATA / name)
        count, our_cpu, their_cpu = count + pictures, our_cpu + own, their_cpu + cpu
    return [
        Figure("gate: recall of walking people", sum(ours) / len(ours)),
        Figure("dvr-scan: recall of walking people", sum(theirs) / len(theirs)),
        Figure("gate: pictures/s", count / our_cpu),
        Figure("dvr-scan: pictures/s", count / their_cpu),
        at_least("gate / dvr-scan: pictures/s", their_cpu / our_cpu, 1.0),
        at_least("gate / dvr-scan: recall", sum(ours) / max(sum(theirs), 1), 1.0),
    ]


def people(names: Iterable[str]) -> list[Figure]:
    figures, asked, seen, longest, spent, pictures, looks = [], 0, 0, 0.0, 0.0, 0, 0
    for name in names:
        frames = decoded(DATA / name)
        walks, anybody = walking(frames)
        looked, cost = decisions(frames, anybody)
        spent, last = spent + cost, frames[0].t
        for frame, someone, look in zip(frames, anybody, looked, strict=True):
            last = frame.t if look or not someone else last
            longest = max(longest, frame.t - last)
        walked = [look for look, walk in zip(looked, walks, strict=True) if walk]
        asked, seen = asked + len(walked), seen + sum(walked)
        pictures, looks = pictures + len(frames), looks + sum(looked)
        if walked:
            figures.append(Figure(f"{name}: recall of walking people", sum(walked) / len(walked)))
    return [
        *figures,
        at_least("pictures with somebody who walks: recall", seen / asked, 0.995),
        Figure("pictures with somebody who walks", float(asked)),
        Figure("share of all pictures looked at", looks / pictures),
        at_most("somebody there: longest time unlooked at, s", longest, MotionSpec().refresh_s + 1 / FPS),
        Figure("gate: ms/picture", spent / pictures * 1000),
        Figure("limit: one difference, ms/picture", difference(frames[0].luma, MotionSpec().threshold) * 1000),
    ]


@cache
def measure() -> Outcome:
    """Figures of the gate; against dvr-scan where JAGA_DVR_SCAN_PYTHON names a Python that has it."""
    cv2.setNumThreads(1)
    stills = [still(name) for name in SCENES]
    figures = [*weather(stills), large(stills), *people(PEOPLE), *speed(PEOPLE)]
    python = os.environ.get(PEER)
    figures += against(python, PEOPLE) if python else [Figure("dvr-scan", f"not measured: {PEER} is not set")]
    return Outcome("motion_gate", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
