"""What decoding by need saves: processor time per second of video at 1080p, 720p and 360p, against decoding everything.

Streams are encoded here from a recorded clip (H.264, CODED_FPS pictures a second, a camera's bit rates): a still part
(one picture with a sensor's noise) and a part that moves and whose motion begins within a group of pictures. TIMELINE_S
seconds are played from them packet by packet, with one burst of motion of 1, 10 or 50 percent, through what a live
camera goes through: edge_agent.adapters.source_selective, thinning to FPS, BGR, luma, motion gate, rest. Both policies
pay for the same pictures; the peer decodes every packet, as any loop over a decoder does. The clock is the stream's.

Delay: of stream time, from the first packet that shows motion to the first picture delivered that does.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.data import PETS
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from edge_agent.adapters.pixels_av import Bgr, Luma
from edge_agent.adapters.source_decode import FrameSampler
from edge_agent.adapters.source_selective import DecodeControl, SelectiveDecoder
from edge_agent.adapters.source_wire import LUMA_WIDTH
from edge_agent.core.decode_policy import DecodePolicy, DecodeTarget
from edge_agent.core.motion import MotionGate
from edge_agent.core.rest import RestGate
from edge_agent.core.spec import MotionSpec
from edge_agent.core.types import Image

CODED_FPS, FPS = 25, 5.0
SIZES = {"1080p": (1920, 1080, 4_000_000), "720p": (1280, 720, 2_000_000), "360p": (640, 360, 700_000)}
PART_S = 10
LEAD = 10
"""Still pictures at the begin of the part that moves: its motion begins within a group of pictures."""
TIMELINE_S = 60
ACTIVITY = (0.01, 0.1, 0.5)
REST_S, GLANCE_S = 2.0, 4.0
QUALITY = 23
KNOWN_ROUNDS = 3
"""Timelines before the one that counts, of a stream whose packets have to show first that they foretell motion."""


@dataclass(frozen=True, slots=True)
class Stream:
    """still, moving: packets of PART_S seconds each, that begin with a keyframe. context: opens a decoder for them."""

    name: str
    extradata: bytes
    still: tuple[Any, ...]
    moving: tuple[Any, ...]

    def context(self) -> Any:
        made: Any = av.CodecContext.create("h264", "r")
        made.extradata = self.extradata
        made.thread_type, made.thread_count = "NONE", 1
        return made


@dataclass(frozen=True, slots=True)
class Cost:
    """cpu: seconds of processor time for each second of video. delay: seconds, see above. looked: how many pictures a
    second of it the gate lets through to the detector."""

    cpu: float
    delay: float
    skipped: int
    looked: float


def encode(
    images: list[Image],
    name: str,
    size: tuple[int, int, int],
    gop_s: int,
    bframes: int,
    out: Path,
    quality: int | None = None,
) -> Path:
    """quality: x264's constant rate factor, with twice the bit rate as its limit; None: to the bit rate."""
    width, height, rate = size
    path = out / f"{name}.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=CODED_FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", rate
        if quality is not None:
            stream.bit_rate = 0
        gop = gop_s * CODED_FPS
        told = f"bframes={bframes}:b-adapt=0:b-pyramid=none:scenecut=0:keyint={gop}:min-keyint={gop}"
        if quality is not None:
            told += f":crf={quality}:vbv-maxrate={2 * rate // 1000}:vbv-bufsize={2 * rate // 1000}"
        stream.options = {"preset": "superfast", "x264-params": told}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(width, height, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, CODED_FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def packets(path: Path) -> tuple[bytes, tuple[Any, ...]]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return bytes(video.codec_context.extradata or b""), tuple(p for p in container.demux(video) if p.size)


def mux(like: Path, chosen: Iterable[Any], path: Path) -> Path:
    """These packets one after the other, as a video coded like that one."""
    with av.open(str(like)) as template, av.open(str(path), "w") as container:
        out: Any = container.add_stream_from_template(template.streams.video[0])
        for number, packet in enumerate(chosen):
            copy: Any = av.Packet(bytes(packet))
            copy.time_base, copy.stream, copy.is_keyframe = Fraction(1, CODED_FPS), out, packet.is_keyframe
            copy.pts = copy.dts = number
            container.mux(copy)
    return path


def sensor(shape: tuple[int, ...]) -> Callable[[NDArray[Any]], Image]:
    """Adds a sensor's noise to pictures of that shape, to each another."""
    chance = np.random.default_rng(2)
    grain = chance.standard_normal(shape, np.float32)

    def noisy(picture: NDArray[Any]) -> Image:
        shift = (int(chance.integers(shape[0])), int(chance.integers(shape[1])))
        return np.asarray(np.clip(np.rint(picture + np.roll(grain, shift, (0, 1))), 0, 255), np.uint8)

    return noisy


@cache
def recorded() -> tuple[list[Image], list[Image]]:
    """The pictures of a still and of a moving part."""
    with av.open(str(PETS)) as container:
        frames = islice(container.decode(video=0), PART_S * CODED_FPS)
        moving = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in frames]
    noisy = sensor(moving[0].shape)
    still = [noisy(moving[0]) for _ in moving]
    return still, [*still[:LEAD], *moving[: len(moving) - LEAD]]


def stream_of(
    name: str, size: tuple[int, int, int], gop_s: int, bframes: int, out: Path, quality: int | None = None
) -> Stream:
    still, moving = recorded()
    head, quiet = packets(encode(still, "still", size, gop_s, bframes, out, quality))
    _, busy = packets(encode(moving, "moving", size, gop_s, bframes, out, quality))
    return Stream(name, head, quiet, busy)


def timeline(stream: Stream, activity: float) -> Iterator[tuple[Any, bool]]:
    """Packets, and whether each is of the moving part; the burst comes in the middle, at the begin of a group."""
    total, burst = TIMELINE_S * CODED_FPS, round(activity * TIMELINE_S * CODED_FPS)
    before = (total - burst) // 2 // len(stream.still) * len(stream.still)
    for packet in islice(cycle(stream.still), before):
        yield packet, False
    for number, packet in zip(range(burst), cycle(stream.moving), strict=False):
        yield packet, number >= LEAD
    for packet in islice(cycle(stream.still), total - burst - before):
        yield packet, False


def play(stream: Stream, policy: DecodePolicy, activity: float, known: int = 0) -> Cost:
    """known: so many times the timeline was played before."""
    now = [0.0]
    context, control, sampler = stream.context(), DecodeControl(policy, DecodeTarget(FPS)), FrameSampler(FPS, early=0.5)
    step = 1 / CODED_FPS
    decoder = SelectiveDecoder(
        context, control, lambda within: sampler.would_take(now[0] + within), step, lambda: now[0]
    )
    gate, rest, luma, bgr = MotionGate(MotionSpec()), RestGate(), Luma(LUMA_WIDTH), Bgr()
    first: float | None = None
    delay = 0.0
    spent = 0.0
    looked = 0
    for number, (packet, moves) in enumerate(chain.from_iterable(timeline(stream, activity) for _ in range(known + 1))):
        if number == known * TIMELINE_S * CODED_FPS:
            first, delay, spent, looked = None, 0.0, 0.0, 0
        now[0] = number * step
        first = now[0] if moves and first is None else first
        began = time.process_time()
        for frame in decoder.feed(packet, step) or ():
            if not sampler.take(now[0]):
                continue
            bgr(frame)
            decision = gate.decide(luma(frame), now[0])
            looked += decision.detect
            if decision.detect:
                gate.showed(nobody=not moves, whole=True)
            if moves and decision.detect:
                gate.found()  # those who walk there are people, and followed
            control.target = DecodeTarget(FPS, REST_S if rest.step(now[0], decision, moves) else 0.0, GLANCE_S)
            if first is not None and not delay:
                delay = now[0] - first + step
        spent += time.process_time() - began
    return Cost(spent / TIMELINE_S, delay, control.skipped, looked / TIMELINE_S)


def speed(stream: Stream, skip: str) -> float:
    """Pictures received a second of processor time, of the part that moves."""
    context = stream.context()
    context.skip_frame = skip
    began = time.process_time()
    for packet in stream.moving:
        context.decode(packet)
    context.decode(None)
    return len(stream.moving) / (time.process_time() - began)


def figures_of(stream: Stream, *, rests: bool, known: int = 0) -> list[Figure]:
    figures = [
        Figure(f"{stream.name}: {skip}, pictures received/s", speed(stream, skip))
        for skip in ("DEFAULT", "NONREF", "NONKEY")
    ]
    for activity in ACTIVITY:
        peer, ours = play(stream, "all", activity), play(stream, "auto", activity, known)
        at = f"{stream.name}, {activity:.0%} active"
        ratio = peer.cpu / ours.cpu
        figures += [
            Figure(f"{at}: decode everything, ms/s", peer.cpu * 1000),
            Figure(f"{at}: by need, ms/s", ours.cpu * 1000),
            at_least(f"{at}: ratio", ratio, 2.0)
            if rests and activity == ACTIVITY[0]
            else Figure(f"{at}: ratio", ratio),
        ]
        if activity == ACTIVITY[1]:
            figures.append(at_most(f"{at}: delay of the first picture that shows motion, s", ours.delay, 1.0))
    return figures


@cache
def measure() -> Outcome:
    """Processor time by policy, size, keyframe interval and activity, and how late a camera that rested is."""
    cv2.setNumThreads(1)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            stream = stream_of(f"{name}, keyframes 1 s", size, 1, 0, Path(folder))
            figures += figures_of(stream, rests=True)
        stream = stream_of("720p, keyframes 1 s, B-frames", SIZES["720p"], 1, 2, Path(folder))
        figures += figures_of(stream, rests=True)
        for name in ("720p", "360p"):
            stream = stream_of(f"{name}, keyframes 1 s, to a quality", SIZES[name], 1, 0, Path(folder), QUALITY)
            figures += figures_of(stream, rests=True, known=KNOWN_ROUNDS)
        stream = stream_of("720p, keyframes 10 s", SIZES["720p"], 10, 0, Path(folder))
        figures += figures_of(stream, rests=False)
    return Outcome("decode", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
