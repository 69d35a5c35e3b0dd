"""SYNTHETIC: what is said of weather, insects, lamps, trees and coding laid over standing cameras, with every rule on?

simulator.weather lays each kind in three strengths over ten clips whose camera stands still (CLEAN_S without, then
OVERLAY_S with it; short clips run to and fro), through the pipeline of `jaga analyze` with default parameters. The
rules that count people as such are left out, all others join by themselves; camera health is on as always. An event
that the untouched clip gives as well (same kind, within SLACK_S of the same time) is true, whatever else is told is
false.

Unless --detector is given, the detector is not asked about the overlaid pictures: what it saw in the untouched ones is
used again. That is right for what is only added to a scene, kind to what hides people, and says nothing of what a
detector takes an overlay for; with --detector it is asked (about ten times as long).

The whole matrix with --detector is hours of one core: --jobs shares it out, and with --keep what is in a file is not
run again, so it may be run in pieces and on several machines, whose files are put together by `cat`. --sample draws
some of it, --seed other weather on which nothing was looked at, --fps another rate; two more clips join where --clip
names them.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from itertools import chain, cycle, islice
from multiprocessing import get_context
from pathlib import Path
from random import Random

import cv2
import msgspec
import numpy as np

from benchmarks.camera_health import decoded
from benchmarks.data import DATA
from benchmarks.report import Figure, Outcome, at_most, tell
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.config import parse
from edge_agent.config_sections import EdgeConfig
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.ports import Detector
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import DetectorSpec, TrackerSpec, for_tracking
from edge_agent.core.types import Detections, Frame, Image
from edge_agent.zoo.trained import trained
from simulator.weather import KINDS, STRENGTHS, Strength, weathered

CLIPS = (
    "abandoned/aboda_indoor_backpack.mp4",
    "abandoned/aboda_video4.avi",
    "accident/cctv_junction_crash.mp4",
    "accident/cctv_suv_motorcycle.mp4",
    "loiter_like/people_gathering.mp4",
    "pets09_s2l1/vtest.avi",
    "traffic/motorway_pedestrian_alarm.avi",
    "traffic/multilane_buses.mp4",
    "traffic/thai_junction.mp4",
    "ucsd_ped1/train/Train001.mp4",
)
OTHERS = ("loiter_like/people_stairs.mp4", "ucsd_ped1/train/Train019.mp4")
"""Only where `--clip` names them: the rules were mended on the ten above."""
SEEDS = {name: number for number, name in enumerate(CLIPS + OTHERS)}
QUICK = ("abandoned/aboda_video4.avi", "pets09_s2l1/vtest.avi", "traffic/thai_junction.mp4")
SHOWN_S = {"accident/cctv_junction_crash.mp4": (0.6, 60.0), "traffic/thai_junction.mp4": (0.0, 28.0)}
"""What of a clip is one scene, in seconds: the one begins with a cross-fade, the other ends with a cut."""
FPS = 5.0
"""Pictures a second, unless told otherwise."""
CLEAN_S, OVERLAY_S = 10.0, 30.0
SLACK_S = 3.0
T0 = 1_767_225_600.0
ABOUT_PEOPLE = ("intrusion", "line_crossing", "loitering", "crowd")
"""What they tell is the scene's own truth; an overlay only hides people from them."""
CAMERA = "camera"
"""Stands for the rules about the camera itself where kinds are named."""
AT_ONCE = 9
"""Trials on one clip that a process of several runs together: they share the untouched clip."""
HEAD = '[agent]\nsite = "bench"\nid = "bench"\n[[camera]]\nid = "cam"\nsource = "-"\n'
PLACES = """
[[camera.zone]]
id = "all"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
[[camera.line]]
id = "across"
start = [0.0, 0.5]
end = [1.0, 0.5]
"""


Part = tuple[str, Strength, str]
"""Overlay, strength, clip."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. kinds: of events, CAMERA for those of the camera; empty: all. detector: whether it is asked about
    the overlaid pictures. seed: of all weather, added to each clip's own. fps: pictures a second."""

    parts: tuple[Part, ...] = tuple((kind, how, name) for name in CLIPS for kind in KINDS for how in STRENGTHS)
    kinds: tuple[str, ...] = ()
    detector: bool = False
    seed: int = 0
    fps: float = FPS


@dataclass(frozen=True, slots=True)
class Episode:
    """Told once; seconds since the overlay's begin (below 0: in the untouched part). ends: of what still ran at the
    end, then. told: when it was reported."""

    kind: str
    begins: float
    ends: float
    told: float
    measures: tuple[str, ...]

    def like(self, other: "Episode") -> bool:
        """Of the same kind and, to SLACK_S, at the same time."""
        return self.kind == other.kind and self.begins <= other.ends + SLACK_S and other.begins <= self.ends + SLACK_S


@dataclass(frozen=True, slots=True)
class Trial:
    """One overlay on one clip and what was told of it that the untouched clip does not give."""

    overlay: str
    strength: Strength
    clip: str
    false: tuple[Episode, ...]
    seed: int = 0
    fps: float = FPS

    @property
    def part(self) -> Part:
        return self.overlay, self.strength, self.clip


def false_ones(told: Sequence[Episode], true: Sequence[Episode]) -> tuple[Episode, ...]:
    return tuple(episode for episode in told if not any(episode.like(other) for other in true))


def episodes(events: Sequence[Event], begin: float) -> list[Episode]:
    """In the order they were told; times relative to `begin` (seconds since the epoch)."""
    ends = {event.data.episode: event for event in events if event.data.phase == "end"}
    found = []
    for event in events:
        if event.data.phase != "begin":
            continue
        last = ends.get(event.data.episode, event).data
        held = [m.value for m in event.data.why.measures if m.name == "held"]
        began = event.data.started.timestamp()
        measures = tuple(
            f"{m.name} {m.value:g}" + ("" if m.threshold is None else f" ({m.threshold:g})")
            for m in event.data.why.measures
        )
        ended = (last.ended or last.started).timestamp()
        found.append(
            Episode(str(event.data.kind), began - begin, ended - begin, began + sum(held[:1]) - begin, measures)
        )
    return found


def config(kinds: Sequence[str], fps: float = FPS) -> EdgeConfig:
    """One camera with every rule that is not about people (or those of `kinds`), each with its defaults."""
    lines = [f"fps = {fps}", PLACES]
    for kind, entry in RULES.items():
        if kind in ABOUT_PEOPLE or (kinds and kind not in kinds):
            continue
        needed = {
            item.name for item in fields(entry.spec) if item.default is MISSING and item.default_factory is MISSING
        }
        lines.append(f'[[camera.rule]]\nkind = "{kind}"')
        lines += ['zone = "all"'] if "zone" in needed else []
        lines += ['line = "across"'] if "line" in needed else []
    return parse(HEAD + "\n".join(lines), Path("overlays.toml"))


@cache
def detector() -> Detector:
    """Of this process, on one thread: the features that `brawl` looks at included, which nothing remembers."""
    spec, _ = for_tracking(DetectorSpec(threads=1, precision="f32"), TrackerSpec())
    return open_detector(spec)


class Clip:
    """A clip's pictures, `fps` a second, and what the detector saw in them, asked once each."""

    def __init__(self, name: str, fps: float = FPS) -> None:
        self.name, self.fps = name, fps
        begin, end = SHOWN_S.get(name, (0.0, float("inf")))
        self.pictures = [frame.image for frame in decoded(DATA / name, fps) if begin <= frame.t - T0 < end]
        self._seen: dict[int, Detections] = {}

    def order(self) -> list[int]:
        """Which picture is shown when, to and fro."""
        there_and_back = cycle(chain(range(len(self.pictures)), range(len(self.pictures) - 2, 0, -1)))
        return list(islice(there_and_back, round((CLEAN_S + OVERLAY_S) * self.fps)))

    def seen(self, index: int) -> Detections:
        if index not in self._seen:
            self._seen[index] = detector().detect([self.pictures[index]])[0]
        return self._seen[index]


def told(clip: Clip, shown: Iterator[Image], plan: Plan) -> list[Episode]:
    """What the pipeline says of these pictures, the episodes that run at the end included."""
    settings = config(plan.kinds, plan.fps)
    camera = settings.cameras[0]
    pipeline = CameraPipeline(
        camera,
        Agent("bench", "bench", settings.config_hash),
        ByteTrack(settings.tracker),
        lambda t, salt: derived_uuid7(round(t * 1000), "bench", salt),
        "-",
        pictures=CvPictures(),
        trained=trained(),
    )
    clock, events, last = Clock(offset_ms=0.0, synchronised=True), list[Event](), T0
    for n, (index, image) in enumerate(zip(clip.order(), shown, strict=True)):
        frame = Frame(image, tiny_luma(image, 96), n, T0 + n / plan.fps)
        looks = pipeline.wants_detection(frame).detect and bool(camera.rules)
        asked = plan.detector and not np.array_equal(image, clip.pictures[index])
        detections = (detector().detect([image])[0] if asked else clip.seen(index)) if looks else None
        events += pipeline.step(frame, detections, clock).events
        last = frame.t
    found = episodes([*events, *pipeline.lost(last, clock)], T0 + CLEAN_S)
    return [one for one in found if CAMERA in plan.kinds or not plan.kinds or not one.kind.startswith(CAMERA)]


def trials(plan: Plan) -> Iterator[Trial]:
    """Each as soon as it is known; says what the untouched clips give on standard error."""
    for name in dict.fromkeys(name for _, _, name in plan.parts):
        print(f"clip: {name}", file=sys.stderr)
        clip = Clip(name, plan.fps)
        true = told(clip, (clip.pictures[i] for i in clip.order()), replace(plan, detector=False))
        for episode in true:
            print(f"untouched: {name}: {said(episode)}", file=sys.stderr)
        for overlay, strength, _ in [part for part in plan.parts if part[2] == name]:
            pictures = (clip.pictures[i] for i in clip.order())
            shown = weathered(pictures, overlay, strength, plan.fps, plan.seed + SEEDS[name], CLEAN_S)
            yield Trial(overlay, strength, name, false_ones(told(clip, shown, plan), true), plan.seed, plan.fps)


def shared_out(plan: Plan, jobs: int) -> Iterator[Trial]:
    """`trials` by so many processes, in no order."""
    if jobs == 1:
        yield from trials(plan)
        return
    by_clip = [[part for part in plan.parts if part[2] == name] for name in SEEDS]
    pieces = [
        replace(plan, parts=tuple(parts[first : first + AT_ONCE]))
        for parts in by_clip
        for first in range(0, len(parts), AT_ONCE)
    ]
    with get_context("spawn").Pool(jobs) as pool:
        for some in pool.imap_unordered(_piece, pieces):
            yield from some


def _piece(plan: Plan) -> list[Trial]:
    cv2.setNumThreads(1)
    return list(trials(plan))


def kept(file: Path | None) -> list[Trial]:
    """What earlier runs wrote there, a line each."""
    if file is None or not file.exists():
        return []
    lines = file.read_bytes().splitlines()
    trials = [msgspec.json.decode(line, type=Trial) for line in lines]
    return list({(trial.part, trial.seed, trial.fps): trial for trial in trials}.values())


def of_plan(plan: Plan, some: Sequence[Trial]) -> list[Trial]:
    asked = plan.seed, plan.fps
    return [trial for trial in some if trial.part in plan.parts and (trial.seed, trial.fps) == asked]


def said(episode: Episode) -> str:
    when = f"begins {episode.begins:.1f} s, told {episode.told:.1f} s, ends {episode.ends:.1f} s"
    return f"{episode.kind}: {when}; {', '.join(episode.measures)}"


@cache
def measure(plan: Plan = Plan(), jobs: int = 1, keep: Path | None = None) -> Outcome:
    """Prints each false event as it comes, then how many of each kind there were under each overlay. keep: a file of
    trials that are not run again, and to which the new ones are added."""
    cv2.setNumThreads(1)
    counts: Counter[tuple[str, str]] = Counter()
    by_strength: Counter[tuple[str, str]] = Counter()
    known = of_plan(plan, kept(keep))
    done = {trial.part for trial in known}
    new = shared_out(replace(plan, parts=tuple(part for part in plan.parts if part not in done)), jobs)
    run = 0
    for trial in chain(known, new):
        run += 1
        if keep is not None and run > len(known):
            with keep.open("ab") as lines:
                lines.write(msgspec.json.encode(trial) + b"\n")
        for episode in trial.false:
            counts[episode.kind, trial.overlay] += 1
            by_strength[episode.kind, trial.strength] += 1
            print(f"false: {trial.overlay} {trial.strength}: {trial.clip}: {said(episode)}", flush=True)
    figures = [at_most("synthetic overlays: false events", float(sum(counts.values())), 0)]
    figures += [
        Figure(f"{kind}: {overlay}", float(counts[kind, overlay]))
        for kind in sorted({kind for kind, _ in counts})
        for overlay in KINDS
        if counts[kind, overlay]
    ]
    figures += [Figure(f"{kind}, {strength}", float(n)) for (kind, strength), n in sorted(by_strength.items())]
    rules = [rule.kind for rule in config(plan.kinds).cameras[0].rules]
    faults = [CAMERA] if not plan.kinds or CAMERA in plan.kinds else []
    figures += [
        Figure("pictures a second", plan.fps),
        Figure("overlays x strengths x clips", float(run)),
        Figure("seconds under an overlay", run * OVERLAY_S),
        Figure("detections", "asked again" if plan.detector else "of the untouched pictures"),
        Figure("rules", ", ".join([*rules, *faults])),
    ]
    return Outcome("robustness_overlays", tuple(figures))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="each overlay at medium strength on three clips")
    parser.add_argument("--detector", action="store_true", help="ask the detector about the overlaid pictures")
    parser.add_argument("--overlay", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    parser.add_argument("--strength", nargs="+", choices=STRENGTHS)
    parser.add_argument("--clip", nargs="+", default=(), metavar="PART", help="only clips with this in their name")
    parser.add_argument("--kind", nargs="+", choices=(CAMERA, *RULES), default=(), help="only these kinds of events")
    parser.add_argument("--sample", type=int, metavar="N", help="so many trials of these, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other weather than that of the tables")
    parser.add_argument("--fps", type=float, default=FPS, metavar="N", help="pictures analysed a second")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that share the work")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE",
        help="do not run what is in there; add what is run; of one --kind and --detector",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser


def plan_of(options: argparse.Namespace) -> Plan:
    clips: tuple[str, ...] = CLIPS
    if options.clip:
        clips = tuple(name for name in SEEDS if any(part in name for part in options.clip))
    strengths: tuple[Strength, ...] = tuple(options.strength or (("medium",) if options.quick else STRENGTHS))
    if options.quick and not options.clip:
        clips = QUICK
    parts = [(overlay, strength, name) for name in clips for overlay in options.overlay for strength in strengths]
    if options.sample is not None:
        drawn = Random(options.seed).sample(range(len(parts)), min(options.sample, len(parts)))
        parts = [parts[n] for n in sorted(drawn)]
    return Plan(tuple(parts), tuple(options.kind), options.detector, options.seed, options.fps)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 without a false event, 1 with one, 2 without the data."""
    options = parser().parse_args(arguments)
    if not DATA.is_dir():
        print(f"no labelled footage at {DATA}: set JAGA_DATA")
        return 2
    began = time.monotonic()
    return tell(measure(plan_of(options), max(1, options.jobs), options.keep), began, options.json)


if __name__ == "__main__":
    sys.exit(main())
