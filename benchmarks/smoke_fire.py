"""Smoke and fire: is every clip that burns found and soon, is nothing said of all others, and how near is a mistake?

Clips run through the pipeline of `jaga analyze` with default parameters and nothing but `kind = "smoke_fire"`. Margins:
each parameter of the rule is moved up and down until a figure changes. Stills have no flicker and no drift: they are
asked only whether what burns has the colour and the gradation that a flame must have (half of the rule).
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.data import DATA
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.truth import Clip, Truth, clips, truths
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.source_av import open_source
from edge_agent.core.overlap import pair_iou
from edge_agent.core.picture import SMALL, WIDE
from edge_agent.core.rules import flames
from edge_agent.core.rules.cells import bounds, regions, spread
from edge_agent.core.rules.smoke_fire import SmokeFire, SmokeFireRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import CameraSpec
from edge_agent.core.tracks import View
from edge_agent.core.types import Box, Frame
from edge_agent.offline import DEFAULT_START

KIND = "smoke_fire"
LIMIT_S = 5.0
COST_CLIP = "traffic/thai_junction.mp4"
COST_MS = 0.7
STILLS = DATA / "fire_images"
FIRE, SMOKE = 0, 2
"""Classes of the stills' labels."""
FACTORS = (0.5, 0.7, 1.4, 2.0)
NEAR = ("neg_candle", "neg_forest_walk", "traffic/", "tamper/")
"""The other clips that the margins are measured on, beside those that burn: the ones with most to mistake."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said of a clip: seconds at which an operator learns of an episode; the largest score."""

    told: tuple[float, ...]
    score: float


def listen(clip: Clip, keys: str = "") -> Heard:
    """One clip under the rule with these keys (TOML lines)."""
    (result,) = replay([clip.path], f'[[camera.rule]]\nkind = "{KIND}"\n{keys}')
    told = [
        event.data.started.timestamp() + next(m.value for m in event.data.why.measures if m.name == "held")
        for event in result.events
        if event.data.phase == "begin" and event.data.kind == KIND
    ]
    scores = [score for _, by_rule in result.scores for score in by_rule.values()]
    return Heard(tuple(t - DEFAULT_START.timestamp() for t in told), max(scores, default=0.0))


def burns(clip: Clip) -> Truth | None:
    return next((truth for truth in truths().get(clip.name, ()) if truth.kind == KIND), None)


def verdict(heard: Heard, truth: Truth | None) -> tuple[float | None, int]:
    """(seconds from the onset to the first true report, or None; how many reports are false)."""
    if truth is None:
        return None, len(heard.told)
    true = [t for t in heard.told if truth.begin_s - truth.slack_s <= t <= truth.end_s + LIMIT_S]
    return (true[0] - truth.begin_s if true else None), len(heard.told) - len(true)


def in_time(delay: float | None, truth: Truth) -> bool:
    """Where the clip shows the onset: within LIMIT_S of it; else at any time."""
    return delay is not None and (delay <= LIMIT_S or not truth.onset)


def stills() -> Iterator[tuple[Path, list[tuple[int, Box]]]]:
    """(picture, its labels as (class, unit box)), by name."""
    for path in sorted((STILLS / "images").iterdir()):
        labels = []
        for line in (STILLS / "labels" / f"{path.stem}.txt").read_text("utf-8").splitlines():
            kind, x, y, w, h = map(float, line.split()[:5])
            labels.append((int(kind), (x - w / 2, y - h / 2, x + w / 2, y + h / 2)))
        yield path, labels


def glow(path: Path) -> Box | None:
    """The box of the largest region that looks like a flame: colour, size and gradation of the rule."""
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    picture = CvPictures().show(Frame(image, image[::8, ::8, 1], 0, 0.0), 0.0)
    height, width = picture.grey(WIDE).shape
    places = flames.glowing(picture)
    mask = np.zeros((height, width), np.bool_)
    mask.reshape(-1)[places] = True
    for region in regions(flames.cell_counts(places, height, width) > flames.PRESENT * flames.CELL**2, 1):
        there = np.zeros_like(mask)
        wide = np.repeat(np.repeat(spread(region), flames.CELL, axis=0), flames.CELL, axis=1)
        there[: wide.shape[0], : wide.shape[1]] = wide
        there &= mask
        green = picture.colour(WIDE)[..., 1][there]
        if there.sum() >= SmokeFireRule(id=KIND).flame_area * mask.size and green.std() >= flames.GRADATION:
            return bounds(region, flames.CELL, width, height)
    return None


def cost_ms(clip: Clip) -> tuple[float, float]:
    """Processor time a frame at 5 a second: the rule's own, and of the reduced pictures, which it shares with others.
    Medians of three runs."""
    frames = list(open_source(CameraSpec(id="c", source=str(clip.path), fps=5.0), realtime=False, start=0.0))
    runs = []
    for _ in range(3):
        pictures, step = CvPictures(), SmokeFire(SmokeFireRule(id=KIND), WHOLE)
        own = shared = 0.0
        for frame in frames:
            picture = pictures.show(frame, frame.t)
            began = time.process_time()
            picture.grey(SMALL), picture.grey(WIDE)
            reduced = time.process_time()
            step.step(View(frame.t, (), frame.width / frame.height, picture=picture))
            own, shared = own + time.process_time() - reduced, shared + reduced - began
        runs.append((own / len(frames) * 1000, shared / len(frames) * 1000))
    return sorted(runs)[1]


def margins(positives: Sequence[Clip], found: Sequence[str], others: Sequence[Clip]) -> list[Figure]:
    """How far each parameter can be moved, as a factor, before a clip found is missed or something false is told."""
    figures = []
    for name in ("smoke_area", "veil", "flame_area", "flicker"):
        usual, (low, high) = getattr(SmokeFireRule(id=KIND), name), SmokeFireRule.limits[name]
        good = []
        for factor in FACTORS:
            value = usual * factor
            if not (low or 0.0) <= value <= (high or value):
                continue
            missed, false = [], []
            for clip in (*positives, *others):
                truth = burns(clip)
                delay, wrong = verdict(listen(clip, f"{name} = {value:.6g}\n"), truth)
                missed += [clip.name] if truth and clip.name in found and not in_time(delay, truth) else []
                false += [clip.name] if wrong else []
            if missed or false:
                print(f"{name} x {factor:g}: missed {missed}, false {false}", file=sys.stderr)
            else:
                good.append(factor)
        below = min((f for f in good if f < 1 and all(g in good for g in FACTORS if f <= g < 1)), default=1.0)
        above = max((f for f in good if f > 1 and all(g in good for g in FACTORS if 1 < g <= f)), default=1.0)
        figures.append(Figure(f"margin: {name} {usual:g}, factors that change no figure", f"{below:g} .. {above:g}"))
    return figures


def appearance() -> list[Figure]:
    burning, hits, overlaps, smoking = 0, 0, [], 0
    for path, labels in stills():
        fires = [box for kind, box in labels if kind == FIRE]
        smoking += any(kind == SMOKE for kind, _ in labels)
        burning += bool(fires)
        box = glow(path) if fires else None
        if box is not None:
            hits += 1
            overlaps.append(max(pair_iou(box, fire) for fire in fires))
    return [
        Figure("stills: with fire", float(burning)),
        Figure("stills: fire looks like a flame, recall", hits / max(burning, 1)),
        Figure("stills: box IoU of those, median", float(np.median(overlaps)) if overlaps else float("nan")),
        Figure("stills: with smoke, not judged (smoke is a change)", float(smoking)),
    ]


def measure() -> Outcome:
    positives = [clip for clip in clips() if burns(clip)]
    figures, found, false, seconds, nearest = [], [], 0, 0.0, (0.0, "")
    for clip in clips():
        heard, truth = listen(clip), burns(clip)
        delay, wrong = verdict(heard, truth)
        false += wrong
        if wrong:
            print("false:", clip.name, heard.told, file=sys.stderr)
        if truth is None:
            seconds += clip.seconds
            nearest = max(nearest, (heard.score, clip.name))
            continue
        seconds += truth.begin_s
        if in_time(delay, truth):
            found.append(clip.name)
        words = "not found" if delay is None else f"{delay:.1f}"
        figures.append(Figure(f"{Path(clip.name).stem}: seconds to the report", words))
    others = [clip for clip in clips() if not burns(clip) and any(part in clip.name for part in NEAR)]
    own, shared = cost_ms(next(clip for clip in clips() if clip.name == COST_CLIP))
    return Outcome(
        KIND,
        (
            at_least("clips that burn, found in time, of 6", float(len(found)), len(positives)),
            *figures,
            at_most("false reports on all clips", float(false), 0),
            Figure("footage in which nothing burns, hours", seconds / 3600),
            Figure("largest score there (1 is reported)", f"{nearest[0]:.2f} ({nearest[1]})"),
            *margins(positives, found, others),
            *appearance(),
            at_most("cost, ms a frame", own, COST_MS),
            Figure("cost of the reduced pictures, shared with other rules, ms a frame", shared),
        ),
    )


if __name__ == "__main__":
    sys.exit(command(measure))
