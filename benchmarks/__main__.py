"""`python -m benchmarks`: every measurement, one table after the other, and which bars were missed."""

import sys
import time

from benchmarks import (
    busy_clip,
    camera_sizes,
    cameras_per_core,
    clients,
    decode,
    detector_accuracy,
    detector_speed,
    far_people,
    motion_gate,
    page_load,
    robustness,
    robustness_overlays,
    scene_detection,
    themes,
    tracking,
    true_tracks,
    true_traffic,
    zone_counts,
)
from benchmarks.data import DATA
from benchmarks.report import table

COMMANDS = (
    *themes.MODULES,
    detector_accuracy,
    detector_speed,
    zone_counts,
    robustness,
    robustness_overlays,
    scene_detection,
    busy_clip,
    far_people,
    cameras_per_core,
    camera_sizes,
    tracking,
    motion_gate,
    decode,
    clients,
    page_load,
)
"""Each measures and gives an Outcome."""
REFERENCES = (true_tracks, true_traffic)
"""Each compares with a naive reference and prints JSON lines of its own."""


def main() -> int:
    """0 when every bar is reached, 1 when one is not, 2 without the data."""
    if not DATA.is_dir():
        print(f"no labelled footage at {DATA}: set JAGA_DATA")
        return 2
    missed: list[str] = []
    for module in COMMANDS:
        began = time.monotonic()
        outcome = module.measure()
        print(table(outcome), f"({time.monotonic() - began:.1f} s)\n", sep="\n", flush=True)
        missed += [f"{outcome.command}: {figure.name}" for figure in outcome.figures if figure.ok is False]
    for reference in REFERENCES:
        print(f"== {reference.__name__.rpartition('.')[2]}", flush=True)
        if reference.main() != 0:
            missed.append(reference.__name__.rpartition(".")[2])
    print("every bar reached" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
