"""Files that break decoders beside a good one: each is an error of its own, the others go on, nothing dies."""

import re
import sys
from pathlib import Path

from benchmarks.data import CONFIGS, GATHERING, ROBUSTNESS
from benchmarks.report import Figure, Outcome, command, equal, holds
from benchmarks.runs import Run, analyze

UNREADABLE = ("lfs_pointer.avi", "pizero_vtest.avi")
DECODES = "crash_demo.avi"
"""Aborts the process inside OpenCV's reader; 51 frames through PyAV."""


def frames(run: Run, video: Path) -> int:
    """How many frames the command says it analysed of `video`; 0 where it names none."""
    found = re.search(rf"^{re.escape(video.name)}: (\d+) ", run.said, re.MULTILINE)
    return int(found[1]) if found else 0


def measure() -> Outcome:
    """One run over a good video between broken ones."""
    broken = [ROBUSTNESS / name for name in UNREADABLE]
    missing = ROBUSTNESS / "not_there.avi"
    run = analyze([broken[0], missing, GATHERING, ROBUSTNESS / DECODES, broken[1]], CONFIGS / "gathering.toml")
    decoded = frames(run, ROBUSTNESS / DECODES)
    errors = [line for line in run.said.splitlines() if line.startswith("jaga: ")]
    figures: list[Figure] = [
        equal("exit code", run.code, 1),
        equal("error lines", len(errors), 3),
        holds("traceback", str("Traceback" in run.said), "False", "Traceback" not in run.said),
        equal(f"{GATHERING.name}: frames", frames(run, GATHERING), 121),
        # 51 frames at 15 a second, thinned to the camera's 6.
        holds(f"{DECODES}: frames", str(decoded), "20 or 21", decoded in (20, 21)),
    ]
    for path in [*broken, missing]:
        named = sum(path.name in line for line in errors)
        figures.append(equal(f"{path.name}: named in an error", named, 1))
    return Outcome("robustness", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
