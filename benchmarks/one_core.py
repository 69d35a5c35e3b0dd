"""What the two headline measurements share: Jaga's loop over pictures, timed in its parts, and the obvious loop.

All run on one core, one after the other, and are compared by processor time, which other work on the machine disturbs
least. The obvious loop needs JAGA_ULTRALYTICS_PYTHON: a Python with ultralytics, lap and onnxruntime, which Jaga itself
never needs.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, cast

import numpy as np

from benchmarks.data import ROOT
from contract.events import Clock, Event
from edge_agent.adapters.detector_openvino import import_openvino
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.sheets_cv2 import look
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crop_planner import WHOLE_S, crop_planner_of
from edge_agent.core.crops import SIZES, whole
from edge_agent.core.events import Agent
from edge_agent.core.motion import Decision
from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.ports import Detector, Tracker
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Detections, Frame, Track
from edge_agent.zoo.manifest import manifest
from edge_agent.zoo.pull import pull
from edge_agent.zoo.trained import trained

PYTHON = "JAGA_ULTRALYTICS_PYTHON"
SIDE = 640
PEER_TIMEOUT_S = 3_600.0
FLOPS_PER_PIXEL = 8.7e9 / (640 * 640)
"""Of YOLOv8n, as its makers state them."""
CLOCK = Clock(offset_ms=0.0, synchronised=True)
Row = tuple[int, int, float, float, float, float, float]
"""Index of the picture, id, x1, y1, x2, y2 in pixels, score."""


@dataclass(slots=True)
class Parts:
    """Seconds of processor time by part, and how many pixels the network saw. look: from planning where to look until
    what was found lies in the frame. track: the tracker's share of rest."""

    decode: float = 0.0
    gate: float = 0.0
    look: float = 0.0
    rest: float = 0.0
    track: float = 0.0
    pixels: int = 0

    @property
    def whole(self) -> float:
        return self.decode + self.gate + self.look + self.rest

    def limit(self, flops: float) -> float:
        """Seconds if the network computed at the processor's peak and nothing else but decoding and gate cost time."""
        return self.decode + self.gate + self.pixels * FLOPS_PER_PIXEL / flops


@dataclass(slots=True)
class Seen:
    """What a loop came to. rows: its tracks. found: what the detector saw, by the picture's index."""

    cpu: float
    pictures: int
    looked: int
    rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    note: str = ""
    found: dict[int, Detections] = field(default_factory=dict)


class _Timed:
    """A Tracker that adds up its processor time."""

    def __init__(self, tracker: Tracker, parts: Parts) -> None:
        self._tracker = tracker
        self._parts = parts

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        began = time.process_time()
        tracks = self._tracker.update(detections, width, height, t)
        self._parts.track += time.process_time() - began
        return tracks


class Watcher:
    """One camera of `config` as an agent runs it, but for the decoder's process and the way to the broker. whole_s:
    rhythm of the whole picture. found: what the detector saw in the latest picture."""

    def __init__(self, config: EdgeConfig, camera: CameraSpec, detector: Detector, whole_s: float = WHOLE_S) -> None:
        tracks = ByteTrack(config.tracker)
        self.parts = Parts()
        self._detector = detector
        self._side = config.detector.imgsz
        agent = Agent(config.agent.site, config.agent.id, config.config_hash)
        self.pipeline = CameraPipeline(
            camera,
            agent,
            _Timed(tracks, self.parts),
            lambda t, salt: salt,
            detector.name,
            pictures=CvPictures(),
            trained=trained(),
            planner=crop_planner_of(camera, tracks, config.detector, config.tracker, whole_s),
        )
        self.looked = 0
        self.found: Detections | None = None

    def see(self, frame: Frame) -> tuple[Decision, Step]:
        parts, times = self.parts, [time.process_time()]
        decision = self.pipeline.wants_detection(frame)
        times.append(time.process_time())
        found = None
        if decision.detect:
            sheets = self.pipeline.sheets(frame)
            looks = look(self._detector, frame.image, sheets, self.pipeline.features)
            found = self.pipeline.placed(sheets, looks).found
            times.append(time.process_time())
            self.looked += 1
            whole_pixels = whole(frame.width, frame.height, self._side)[1]
            parts.pixels += whole_pixels if sheets is None else sheets.pixels
        else:
            times.append(times[-1])
        self.found = found
        step = self.pipeline.step(frame, found, CLOCK)
        times.append(time.process_time())
        gate, looking, rest = (later - earlier for earlier, later in pairwise(times))
        parts.gate, parts.look, parts.rest = parts.gate + gate, parts.look + looking, parts.rest + rest
        return decision, step


def timed(frames: Iterable[Frame], parts: Parts) -> Iterator[Frame]:
    """The frames; what it takes to get them counts as decoding."""
    began = time.process_time()
    for frame in frames:
        parts.decode += time.process_time() - began
        yield frame
        began = time.process_time()
    parts.decode += time.process_time() - began


def warm(detector: Detector, width: int, height: int) -> None:
    """All shapes that the network will see have been seen."""
    for features in (False, True):
        detector.detect([np.zeros((height, width, 3), np.uint8)], features=features)
    detector.detect([np.zeros((high, wide, 3), np.uint8) for wide, high in SIZES], exact=True)


def rows_of(index: int, frame: Frame, step: Step) -> list[Row]:
    width, height = frame.width, frame.height
    boxes = [(x1 * width, y1 * height, x2 * width, y2 * height) for x1, y1, x2, y2 in (t.box for t in step.tracks)]
    return [(index, int(track.id), *box, track.score) for track, box in zip(step.tracks, boxes, strict=True)]


def peers() -> dict[str, Path]:
    """The network's file for each way in which ultralytics runs here; none where its Python is not named."""
    if not os.environ.get(PYTHON):
        return {}
    entry = manifest().entry("yolov8n")
    return {"ultralytics (torch)": pull(entry), "ultralytics (ONNX Runtime)": ROOT / "models" / entry.onnx.file}


@contextmanager
def peer(weights: Path, video: Path, every: int) -> Iterator[Callable[[int], Seen]]:
    """`YOLO.track()` over every n-th picture, as many pictures of the video at a time as it is called with (0: all that
    are left). Calling it raises RuntimeError where it fails."""
    script = Path(__file__).with_name("ultralytics_track.py")
    arguments = [os.environ[PYTHON], str(script), str(weights), str(video), str(SIDE), str(every)]
    alone = os.environ | {"PYTHONPATH": ""}
    pipe = subprocess.PIPE
    with (
        TemporaryFile("w+") as log,
        subprocess.Popen(
            arguments, stdin=pipe, stdout=pipe, stderr=log, text=True, env=alone, cwd=script.parent
        ) as process,
    ):
        deadline = Timer(PEER_TIMEOUT_S, process.kill)
        deadline.start()

        def turn(pictures: int) -> Seen:
            asked, answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
            with suppress(BrokenPipeError):
                print(pictures, file=asked, flush=True)
            line = answers.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(log.read()[-2000:])
            told = json.loads(line)
            rows = [tuple(row) for row in told["tracks"]]
            return Seen(told["cpu"], told["decoded"], told["looked"], rows, [], told["versions"])

        try:
            yield turn
        finally:
            deadline.cancel()


def peak_of(detector: str) -> float:
    """`peak` of the fastest arithmetic that is in a detector's name."""
    return peak(next((one for one in ("int8", "bf16") if one in detector.split("/")[-1]), "f32"))


@cache
def peak(precision: str) -> float:
    """Operations a second of one core, by OpenVINO's product of two large matrices. precision: f32, bf16 or int8."""
    openvino = import_openvino()
    from openvino import opset13 as op

    size = 1024
    left = op.parameter([size, size], np.float32)
    right = op.constant(np.random.default_rng(0).random((size, size), np.float32))
    factors = [left, right]
    if precision == "int8":
        # Bytes, and signed ones.
        bounds = [[op.constant(np.float32(value)) for value in pair] for pair in ((0, 1), (-1, 1))]
        factors = [
            op.fake_quantize(one, *ends, *ends, levels)
            for one, ends, levels in zip(factors, bounds, (256, 255), strict=True)
        ]
    model = openvino.Model([op.matmul(*factors, False, False)], [left])
    options = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32", "INFERENCE_NUM_THREADS": 1}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    given = np.random.default_rng(1).random((size, size), np.float32)
    best = float("inf")
    for _ in range(12):
        began = time.process_time()
        request.infer([given], share_inputs=True)
        best = min(best, time.process_time() - began)
    return 2 * size**3 / best
