"""All clips but fights and Ped1, whether they show something or not, at 2 to 15 analysed pictures a second: what is
found, when, and what is told that is not so. Bar: nothing false at any rate.

The rule `brawl` is left out: the detector's maps that it looks at are not remembered.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from benchmarks.accuracy import Told, kinds, tells, told_of
from benchmarks.data import DATA
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_most, tell
from benchmarks.truth import Clip, clips, truths

RATES = (2.0, 3.0, 5.0, 7.0, 10.0, 15.0)
LEFT_OUT = ("fight_surv/", "ucsd_ped1/")


def told(clip: Clip, rate: float) -> list[Told]:
    rules = "".join(f'[[camera.rule]]\nkind = "{kind}"\n' for kind in kinds() if kind != "brawl")
    events = replay([clip.path], f"fps = {rate}\n{rules}")[0].events
    return told_of([replace(event, data=replace(event.data, camera="c0")) for event in events], [clip])


def figures(chosen: Sequence[Clip]) -> Iterator[Figure]:
    """For each clip and rate: seconds from the onset to what is told of each truth; names each false event on standard
    output."""
    false = 0
    for clip in chosen:
        true = truths().get(clip.name, ())
        for rate in RATES:
            said = told(clip, rate)
            for truth in true:
                right = [item.at_s for item in said if item.kind == truth.kind and tells(item, truth)]
                shown = f"{min(right) - truth.begin_s:.1f}" if right else "-"
                yield Figure(f"{clip.name}: {truth.kind} from {truth.begin_s:.1f} s, at {rate:g} a second", shown)
            for item in said:
                if not any(item.kind == truth.kind and tells(item, truth) for truth in true):
                    print(f"false: {clip.name}, {rate:g} a second: {item.kind} at {item.at_s:.1f} s: {item.why}")
                    false += 1
    yield at_most("false events at all rates", float(false), 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 without a false event, 1 with one, 2 without the data or a clip of that name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", metavar="PART", default=[""], help="only clips with this in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        print(f"no labelled footage at {DATA}: set JAGA_DATA")
        return 2
    began = time.monotonic()
    chosen = [c for c in clips() if not c.name.startswith(LEFT_OUT) and any(part in c.name for part in options.clips)]
    if not chosen:
        parser.error("no such clip")
    return tell(Outcome("rates", tuple(figures(chosen))), began, options.json)


if __name__ == "__main__":
    sys.exit(main())
