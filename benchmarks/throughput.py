"""Frames per second of `jaga analyze` against ultralytics `YOLO.track()`: same clip, same machine, turn by turn.

Both look at all 795 frames of PETS09-S2L1 at 640x480 with YOLOv8n and ByteTrack; Jaga also runs its motion gate, rules
and events. Rates leave out loading the network; whole commands are given too. Needs JAGA_ULTRALYTICS_PYTHON: a Python
with ultralytics (and lap), which Jaga itself never needs.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

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
    """frames: looked at by the detector. rate: frames per second, network loaded. whole: seconds of the command."""

    frames: int
    rate: float
    whole: float
    note: str = ""


def jaga() -> Timing:
    """Raises RuntimeError where the command fails or does not say what it did."""
    began = time.monotonic()
    run = analyze([PETS], CONFIGS / "pets.toml")
    whole = time.monotonic() - began
    said = re.search(r": (\d+) \D+\((\d+) .*?([\d.]+) \S+/\S+\)", run.said)
    if run.code != 0 or said is None:
        raise RuntimeError(run.said)
    return Timing(int(said[2]), float(said[3]), whole)


def ultralytics(python: str, weights: Path) -> Timing:
    """Raises RuntimeError where it fails."""
    began = time.monotonic()
    script = Path(__file__).with_name("ultralytics_track.py")
    arguments = [python, str(script), str(weights), str(PETS), str(IMGSZ)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    told = json.loads(done.stdout.splitlines()[-1])
    return Timing(told["frames"], told["frames"] / told["seconds"], time.monotonic() - began, told["versions"])


def measure() -> Outcome:
    """Rates of each round, their medians and the ratio."""
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
    figures.append(equal("jaga: frames looked at", ours[-1].frames, FRAMES))
    figures.append(Figure("jaga: frames/s, median", statistics.median(one.rate for one in ours)))
    figures.append(Figure("jaga: whole command, s, median", statistics.median(one.whole for one in ours)))
    if not theirs:
        figures.append(Figure("ultralytics", f"not measured: {PYTHON} is not set"))
        return Outcome("throughput", tuple(figures))
    figures.append(equal("ultralytics: frames looked at", theirs[-1].frames, FRAMES))
    figures.append(Figure("ultralytics: frames/s, median", statistics.median(one.rate for one in theirs)))
    figures.append(Figure("ultralytics: whole command, s, median", statistics.median(one.whole for one in theirs)))
    ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
    wholes = [b.whole / a.whole for a, b in zip(ours, theirs, strict=True)]
    figures.append(Figure("jaga / ultralytics, frames/s, median of rounds", statistics.median(ratios)))
    figures.append(Figure("jaga / ultralytics, whole command, median of rounds", statistics.median(wholes)))
    figures.append(Figure("ultralytics", theirs[-1].note))
    return Outcome("throughput", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
