"""Do hits survive, and does nothing false come, where another camera sends the same scene?

Each labelled clip once more as simulator.perturb changes it (mirrored, smaller, darker, recoded, at half the rate),
written to a file, through `jaga analyze` with default parameters. What is true of the clip stays true, so it is judged
by the same labels, against what is told of the clip as it is. Clips of fights are left out unless --clips names them
(`--clips fight_surv`), and most of Ped1, whose clips are all of one camera.

With --keep what is in a file is not run again, so a run may be broken off and go on, and be reported for other kinds.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np

from benchmarks.accuracy import CAMERA_KINDS, Told, kinds, run, tells
from benchmarks.data import DATA
from benchmarks.report import Figure, Outcome, at_most, tell
from benchmarks.truth import Clip, clips, truths
from edge_agent.adapters.pixels_av import Bgr
from simulator.perturb import PERTURBATIONS, Coding, Image, Perturbation

UNTOUCHED = "untouched"
FIGHTS, PED1 = "fight_surv/", "ucsd_ped1/"
SOME_OF_PED1 = ("test/Test001", "test/Test014", "train/Train001", "train/Train022")
QUICK = ("mirrored", "half", "h264")
AT_ONCE_S = 60.0
"""Seconds of video that one run of the command gets through in its time, however busy the machine is."""
CLOCK = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class Trial:
    """What was told of one clip under one perturbation, in seconds of the clip as it is."""

    perturbation: str
    clip: str
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """found: (clip, kind, number of the truth). false: what no label knows."""

    found: frozenset[tuple[str, str, int]]
    false: tuple[Told, ...]


def written(clip: Clip, perturbation: Perturbation, file: Path) -> Path:
    """`file`, in which the clip is as another camera sends it; presentation times are kept, from 0 on, and what a
    phone recorded on its side is turned upright, as the decoder of the agent does."""
    context, first, upright = None, None, Bgr()
    with av.open(str(clip.path)) as source, av.open(str(file), "w") as sink:
        for index, frame in enumerate(source.decode(video=0)):
            t = index / clip.fps if frame.time is None else frame.time
            first = t if first is None else first
            if t - first < perturbation.later_s or index % perturbation.every:
                continue
            image = perturbation.act(upright(frame), t - first)
            if context is None:
                context = _stream(sink, perturbation.coding, clip.fps / perturbation.every, image.shape)
            shown = _frame(image, context.pix_fmt)
            shown.pts, shown.time_base = round((t - first - perturbation.later_s) / CLOCK), CLOCK
            sink.mux(context.encode(shown))
        if context is not None:
            sink.mux(context.encode(None))
    return file


def _frame(image: Image, pix_fmt: str | None) -> av.VideoFrame:
    """FFmpeg's own conversion to limited range takes off two grey levels each time."""
    if pix_fmt != "yuv420p":
        return av.VideoFrame.from_ndarray(image, format="bgr24")
    return av.VideoFrame.from_ndarray(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8), pix_fmt)


def _stream(
    sink: av.container.OutputContainer, coding: Coding, fps: float, shape: tuple[int, ...]
) -> av.video.stream.VideoStream:
    options = {"threads": "1"}
    if coding.codec == "mjpeg":
        options |= {"qmin": str(coding.quality), "qmax": str(coding.quality)}
    elif coding.quality:
        options |= {"crf": str(coding.quality), "preset": "veryfast"}
    else:
        options |= {"qp": "0", "preset": "ultrafast"}
    stream = sink.add_stream(coding.codec, rate=Fraction(fps).limit_denominator(1001), options=options)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuvj420p" if coding.codec == "mjpeg" else "yuv420p"
    stream.codec_context.time_base = CLOCK
    return stream


def trials(name: str, chosen: Sequence[Clip]) -> list[Trial]:
    """One perturbation over some clips, in one run of `jaga analyze`."""
    if name == UNTOUCHED:
        told, later_s = run(chosen), 0.0
    else:
        perturbation = PERTURBATIONS[name]
        later_s = perturbation.later_s
        with tempfile.TemporaryDirectory() as folder:
            told = run(
                [
                    replace(clip, path=written(clip, perturbation, Path(folder) / f"{n:03d}.mp4"))
                    for n, clip in enumerate(chosen)
                ]
            )
    told = [replace(item, at_s=item.at_s + later_s) for item in told]
    return [Trial(name, clip.name, tuple(item for item in told if item.clip == clip.name)) for clip in chosen]


def batched(chosen: Sequence[Clip]) -> Iterator[list[Clip]]:
    batch: list[Clip] = []
    for clip in chosen:
        if batch and sum(one.seconds for one in batch) + clip.seconds > AT_ONCE_S:
            yield batch
            batch = []
        batch.append(clip)
    if batch:
        yield batch


def measured(names: Sequence[str], chosen: Sequence[Clip], jobs: int, keep: Path | None) -> list[Trial]:
    """keep: a file of trials that are not run again, and to which the new ones are added."""
    lines = keep.read_bytes().splitlines() if keep is not None and keep.exists() else []
    done = {(t.perturbation, t.clip): t for t in (msgspec.json.decode(line, type=Trial) for line in lines)}
    names = (UNTOUCHED, *names)
    parts = [
        (name, batch) for name in names for batch in batched([clip for clip in chosen if (name, clip.name) not in done])
    ]
    with ThreadPoolExecutor(jobs) as pool:
        # Whose results are asked for in order forgets those not begun where one fails or is interrupted.
        for part in pool.map(lambda part: trials(*part), parts):
            for trial in part:
                done[trial.perturbation, trial.clip] = trial
                if keep is not None:
                    with keep.open("ab") as sink:
                        sink.write(msgspec.json.encode(trial) + b"\n")
            print(f"{time.strftime('%X')} {trial.perturbation}: up to {trial.clip}", file=sys.stderr)
    return [done[name, clip.name] for name in names for clip in chosen]


def verdict(some: Sequence[Trial], asked: Sequence[str]) -> Verdict:
    """Of the kinds that are asked about."""
    found, false = set(), []
    for trial in some:
        told = [item for item in trial.told if item.kind in asked]
        true = [truth for truth in truths().get(trial.clip, ()) if truth.kind in asked]
        for number, truth in enumerate(true):
            if any(item.kind == truth.kind and tells(item, truth) for item in told):
                found.add((trial.clip, truth.kind, number))
        false += [item for item in told if not any(item.kind == t.kind and tells(item, t) for t in true)]
    return Verdict(frozenset(found), tuple(false))


def figures_of(some: Sequence[Trial], asked: Sequence[str]) -> Iterator[Figure]:
    """By perturbation, then by kind over all of them; names each loss and each false event on standard output."""
    names = list(dict.fromkeys(trial.perturbation for trial in some))
    verdicts = {name: verdict([t for t in some if t.perturbation == name], asked) for name in names}
    usual = verdicts[UNTOUCHED]
    kept: Counter[str] = Counter()
    false: Counter[str] = Counter()
    yield Figure(f"{UNTOUCHED}: found, false", f"{len(usual.found)}, {len(usual.false)}")
    for name in names[1:]:
        now = verdicts[name]
        for clip, kind, number in sorted(usual.found - now.found):
            print(f"lost: {name}: {kind}: {clip} (no. {number})")
        for clip, kind, number in sorted(now.found - usual.found):
            print(f"gained: {name}: {kind}: {clip} (no. {number})")
        for item in now.false:
            print(f"false: {name}: {item.kind}: {item.clip} at {item.at_s:.1f} s: {item.why}")
        kept.update(kind for _, kind, _ in now.found & usual.found)
        false.update(item.kind for item in now.false)
        words = f"{len(now.found & usual.found)} of {len(usual.found)}, {len(now.found - usual.found)}"
        yield Figure(f"{name}: found of those found untouched, others", words)
        yield Figure(f"{name}: false", float(len(now.false)))
    for kind in asked:
        true = (len(names) - 1) * sum(k == kind for _, k, _ in usual.found)
        if true or false[kind]:
            yield Figure(f"{kind}: found of those found untouched, false", f"{kept[kind]} of {true}, {false[kind]}")
    yield at_most("false events under all of them", float(sum(false.values())), 0)


def usual_clips() -> list[Clip]:
    return [
        clip
        for clip in clips()
        if not clip.name.startswith(FIGHTS)
        and (not clip.name.startswith(PED1) or any(part in clip.name for part in SOME_OF_PED1))
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 without a false event, 1 with one, 2 without the data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = (*kinds(), *CAMERA_KINDS)
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, only clips with something true")
    parser.add_argument("--perturbations", nargs="+", choices=tuple(PERTURBATIONS), help="only these")
    parser.add_argument("--kinds", nargs="+", choices=every, default=every, help="report these kinds of events only")
    parser.add_argument("--clips", nargs="+", metavar="PART", help="clips with this in their name, of all there are")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs of the command at a time")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="do not run what is in there; add what is run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        print(f"no labelled footage at {DATA}: set JAGA_DATA")
        return 2
    if options.clips:
        chosen = [clip for clip in clips() if any(part in clip.name for part in options.clips)]
    else:
        chosen = [clip for clip in usual_clips() if not options.quick or clip.name in truths()]
    names = options.perturbations or (QUICK if options.quick else tuple(PERTURBATIONS))
    began = time.monotonic()
    some = measured(names, chosen, max(1, options.jobs), options.keep)
    return tell(Outcome("perturbed", tuple(figures_of(some, options.kinds))), began, options.json)


if __name__ == "__main__":
    sys.exit(main())
