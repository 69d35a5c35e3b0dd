"""Frames per second of `jaga analyze` against ultralytics `YOLO.track()`: same clip, same machine, turn by turn.

Both look at all 795 frames of PETS09-S2L1 at 640x480 with YOLOv8n and ByteTrack; Jaga also runs its motion gate, rules
and events. Rates leave out loading the network; whole commands are given too. Needs JAGA_ULTRALYTICS_PYTHON: a Python
with ultralytics (and lap), which Jaga itself never needs.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.data import CONFIGS, PETS
from benchmarks.report import Figure, Outcome, command, equal
from benchmarks.runs import TIMEOUT_S, analyze
from edge_agent.zoo.manifest import manifest
from edge_agent.zoo.pull import pull

PYTHON = "JAGA_ULTRALYTICS_PYTHON"
FRAMES = 795
ROUNDS = int(os.environ.get("JAGA_ROUNDS", "3"))
IMGSZ = 640


@dataclass(frozen=True, slots=True)
class Timing:
    """frames: looked at by the detector. rate: frames per second, network loaded. whole: seconds of the command; cpu:
    seconds of processor time it took, children included, which other work on the machine disturbs least."""

    frames: int
    rate: float
    whole: float
    cpu: float
    note: str = ""


class Meter:
    """Wall and processor time of the child processes that end while it is entered."""

    def __enter__(self) -> Self:
        self._began = time.monotonic(), _cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.whole, self.cpu = time.monotonic() - self._began[0], _cpu() - self._began[1]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def jaga() -> Timing:
    """Raises RuntimeError where the command fails or does not say what it did."""
    with Meter() as meter:
        run = analyze([PETS], CONFIGS / "pets.toml")
    said = re.search(r": (\d+) \D+\((\d+) .*?([\d.]+) \S+/\S+\)", run.said)
    if run.code != 0 or said is None:
        raise RuntimeError(run.said)
    return Timing(int(said[2]), float(said[3]), meter.whole, meter.cpu)


def ultralytics(python: str, weights: Path) -> Timing:
    """Raises RuntimeError where it fails."""
    script = Path(__file__).with_name("ultralytics_track.py")
    arguments = [python, str(script), str(weights), str(PETS), str(IMGSZ)]
    with Meter() as meter:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    told = json.loads(done.stdout.splitlines()[-1])
    return Timing(told["frames"], told["frames"] / told["seconds"], meter.whole, meter.cpu, told["versions"])


def measure() -> Outcome:
    """Rates of each round, medians over the rounds, and the median of the rounds' ratios."""
    python = os.environ.get(PYTHON)
    weights = pull(manifest().entry("yolov8n")) if python else None
    ours: list[Timing] = []
    theirs: list[Timing] = []
    figures: list[Figure] = []
    for number in range(1, ROUNDS + 1):
        ours.append(jaga())
        figures.append(Figure(f"round {number}: jaga, frames/s", ours[-1].rate))
        if python and weights:
            theirs.append(ultralytics(python, weights))
            figures.append(Figure(f"round {number}: ultralytics, frames/s", theirs[-1].rate))
    figures += summary("jaga", ours)
    if not theirs:
        figures.append(Figure("ultralytics", f"not measured: {PYTHON} is not set"))
        return Outcome("throughput", tuple(figures))
    figures += summary("ultralytics", theirs)
    pairs = list(zip(ours, theirs, strict=True))
    figures += [
        Figure("jaga / ultralytics: frames/s", statistics.median(a.rate / b.rate for a, b in pairs)),
        Figure("jaga / ultralytics: whole command, speed", statistics.median(b.whole / a.whole for a, b in pairs)),
        Figure("jaga / ultralytics: processor time", statistics.median(a.cpu / b.cpu for a, b in pairs)),
        Figure("ultralytics", theirs[-1].note),
    ]
    return Outcome("throughput", tuple(figures))


def summary(name: str, timings: Sequence[Timing]) -> list[Figure]:
    """Medians over the rounds."""
    return [
        equal(f"{name}: frames looked at", timings[-1].frames, FRAMES),
        Figure(f"{name}: frames/s", statistics.median(one.rate for one in timings)),
        Figure(f"{name}: whole command, s", statistics.median(one.whole for one in timings)),
        Figure(f"{name}: processor time, ms/frame", statistics.median(one.cpu / one.frames for one in timings) * 1000),
    ]


if __name__ == "__main__":
    sys.exit(command(measure))
