"""`jaga analyze` as the measurements call it: the command itself, in a process of its own."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from benchmarks.data import CONFIGS
from contract.events import Event
from edge_agent.offline import DEFAULT_START

JAGA = (sys.executable, "-m", "jaga")
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """code: exit code. events: in order. said: what the command wrote to standard error."""

    code: int
    events: tuple[Event, ...]
    said: str


def analyze(videos: Sequence[Path], config: Path, *options: str) -> Run:
    """Runs the command once; `options` are added to it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "events.jsonl"
        command = [*JAGA, "analyze", *map(str, videos), "--config", str(config), "--out", str(out), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        lines = out.read_bytes().splitlines() if out.exists() else []
    return Run(done.returncode, tuple(msgspec.json.decode(line, type=Event) for line in lines), done.stderr)


@cache
def measured(video: Path, config: str) -> tuple[Event, ...]:
    """The events of `video` under configs/measure/`config`, computed once a process.

    Raises RuntimeError with what the command said where it failed.
    """
    run = analyze([video], CONFIGS / config)
    if run.code != 0:
        raise RuntimeError(f"jaga analyze ended with {run.code}: {run.said}")
    return run.events


def seconds(at: float) -> float:
    """Seconds since the epoch → seconds since the video's first picture."""
    return at - DEFAULT_START.timestamp()
