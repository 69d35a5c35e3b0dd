"""What one camera costs, by the size of its pictures: milliseconds of processor time a second of video, part by part.

A still stretch, and one in which people walk all the time (PETS09-S2L1, coded as benchmarks.cameras_per_core does, to a
bit rate), each with one intrusion rule, which rests where nothing moves, and with every rule, of which some look at
pixels and never rest. Decoded as a live camera is and handed over through shared memory; the network in its fastest
arithmetic here, though a camera with a brawl rule takes float32 unless told otherwise. Clip: the picture that each look
leaves for clips of events. Limit: decode, gate, and the network's arithmetic at the core's peak, nothing else.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path

import cv2

from benchmarks.cameras_per_core import recorded
from benchmarks.cores import cores
from benchmarks.data import CONFIGS
from benchmarks.decode import CODED_FPS, FPS, SIZES, Stream, encode, packets
from benchmarks.one_core import Watcher, peak_of, warm
from benchmarks.report import Figure, Outcome, command
from benchmarks.rule_cost import LINE, ZONE, rule_of
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.evidence_jpeg import snapshot
from edge_agent.adapters.pixels_av import Luma
from edge_agent.adapters.source_decode import FrameSampler
from edge_agent.adapters.source_process import FrameReader
from edge_agent.adapters.source_selective import DecodeControl, SelectiveDecoder
from edge_agent.adapters.source_wire import LIVE_SLOTS, LUMA_WIDTH, Request
from edge_agent.adapters.source_worker import FrameSlots, FrameWriter
from edge_agent.config import load
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.decode_policy import DecodeTarget
from edge_agent.core.ports import Detector
from edge_agent.core.rest import RestGate, glance_s, rest_s
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame, Image
from edge_agent.runtime_evidence import CLIP_QUALITY, CLIP_SIDE

SIZED = {"1080p": SIZES["1080p"], "720p": SIZES["720p"], "4CIF": (704, 576, 1_000_000), "360p": SIZES["360p"]}
KINDS = {"intrusion": ("intrusion",), "all rules": tuple(RULES)}
SECONDS = {"still": 20, "people": 10}


@dataclass(slots=True)
class Spent:
    """Seconds of processor time by part."""

    parts: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.parts[part] = self.parts.get(part, 0.0) + time.process_time() - began


class HandOver:
    """The way of a frame from a decoding child to the agent, both ends in this process."""

    def __init__(self, memory: int) -> None:
        self._luma, self._reader = Luma(LUMA_WIDTH), FrameReader(memory)
        self._slots = FrameSlots(memory, LIVE_SLOTS)
        self._writer = FrameWriter(Request("-", realtime=True), self._slots)

    def __call__(self, decoded: object, index: int, t: float) -> Frame:
        message = self._writer(decoded, self._luma(decoded))
        image, luma = self._reader.picture(message)
        self._slots.give_back(message["slot"])
        return Frame(image, luma, index, t)


def stream_of(name: str, images: list[Image], coded: tuple[int, int, int], folder: Path) -> Stream:
    """It lies in `still`."""
    head, found = packets(encode(images, name, coded, 1, 0, folder))
    return Stream(name, head, found, ())


def cost(
    stream: Stream,
    seconds: int,
    camera: CameraSpec,
    config: EdgeConfig,
    detector: Detector,
    pass_on: HandOver,
    flops: float,
) -> tuple[dict[str, float], float]:
    """Milliseconds of processor time a second, by part; and their limit. flops: a second, at the core's peak."""
    now, spent = [0.0], Spent()
    context, control, sampler = (
        stream.context(),
        DecodeControl(camera.decode, DecodeTarget(FPS)),
        FrameSampler(FPS, early=0.5),
    )
    step = 1 / CODED_FPS
    decoder = SelectiveDecoder(
        context, control, lambda within: sampler.would_take(now[0] + within), step, lambda: now[0]
    )
    watcher, rest = Watcher(config, camera, detector), RestGate()
    longest, glances = rest_s(camera.rules, camera.keyframe_s), glance_s(camera.rules, camera.glance_s)
    for number, packet in zip(range(seconds * CODED_FPS), cycle(stream.still), strict=False):
        now[0] = number * step
        with spent.on("decode"):
            decoded = decoder.feed(packet, step) or []
        for one in decoded:
            if not sampler.take(now[0]):
                continue
            with spent.on("hand-over"):
                frame = pass_on(one, number, now[0])
            decision, seen = watcher.see(frame)
            if decision.detect:
                with spent.on("clip"):
                    people = [track.box for track in seen.tracks]
                    snapshot(frame.image, people, max_side=CLIP_SIDE, quality=CLIP_QUALITY, quick=True)
            resting = rest.step(frame.t, decision, watcher.pipeline.follows(seen.tracks))
            control.target = DecodeTarget(FPS, longest if resting else 0.0, glances)
    spent.parts |= {part: getattr(watcher.parts, part) for part in ("gate", "look", "rest")}
    limit = spent.parts["decode"] + watcher.parts.limit(flops)
    return {part: value / seconds * 1e3 for part, value in spent.parts.items()}, limit / seconds * 1e3


def figures_of(
    size: str, streams: dict[str, Stream], config: EdgeConfig, detector: Detector, flops: float
) -> Iterator[Figure]:
    for name, kinds in KINDS.items():
        rules = tuple(rule_of(kind) for kind in kinds)
        camera = CameraSpec("camera", "-", fps=FPS, zones=(ZONE,), lines=(LINE,), rules=rules, crops="auto")
        for activity, stream in streams.items():
            with ExitStack() as stack:
                memory = os.memfd_create("jaga-bench")
                stack.callback(os.close, memory)
                parts, limit = cost(stream, SECONDS[activity], camera, config, detector, HandOver(memory), flops)
            at = f"{size}, {name}, {activity}"
            yield from (Figure(f"{at}: {part}, ms a second of video", value) for part, value in parts.items())
            yield Figure(f"{at}: cameras a core", 1e3 / sum(parts.values()))
            yield Figure(f"{at}: limit, cameras a core", 1e3 / limit)


@cores(1)
def measure() -> Outcome:
    """Each size, with one rule and with all of them, still and with people."""
    cv2.setNumThreads(1)
    config = load(CONFIGS / "pets.toml")
    config = replace(config, detector=replace(config.detector, precision="auto", threads=1))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, closing(open_detector(config.detector)) as detector:
        flops = peak_of(detector.name)
        pictures = dict(zip(SECONDS, recorded(), strict=True))
        for size, coded in SIZED.items():
            streams = {
                activity: stream_of(activity, images, coded, Path(name)) for activity, images in pictures.items()
            }
            warm(detector, *coded[:2])
            figures += figures_of(size, streams, config, detector, flops)
    return Outcome("camera_sizes", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
