"""`python -m benchmarks`: every measurement, one table after the other, and which bars were missed."""

import sys
import time

from benchmarks import (
    detector_accuracy,
    intrusion_motorway,
    line_crossings,
    loitering,
    robustness,
    throughput,
    zone_counts,
)
from benchmarks.data import DATA
from benchmarks.report import table

COMMANDS = (detector_accuracy, zone_counts, intrusion_motorway, loitering, line_crossings, robustness, throughput)


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
    print("every bar reached" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
