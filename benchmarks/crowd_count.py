"""How many people are on a picture, sparse or dense: the detector alone, with all that its maps show beside, what is
told of that, and the interval.

Stills: the networks never saw the picture they are asked about, nor a crop of it (dense pictures one by one, the other
sources in ten parts), and the interval's factor is that of the other pictures. Crops of the stills, darkened, blurred
and compressed by chance, are judged likewise, and so are three places where people walk with room between them. Real
clips: none shows a dense crowd, so the `crowd` rule at a count that no detector reaches must say nothing (the shipped
networks have seen a frame of each of these clips; the held-out figure is that of those frames).
"""

import sys
import time
from collections.abc import Sequence
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from benchmarks.crowd_rush import clips
from benchmarks.data import DATA, PETS, frames, pets_truth
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.crowd_count import FACTOR, SEEN, Count, count_of
from edge_agent.core.crowd_density import Beside, arrays, density_of
from edge_agent.core.spec import DetectorSpec, TrackerSpec, for_tracking
from edge_agent.core.types import FeatureMap
from edge_agent.train_density import Looker, Photo, photos, samples_of
from edge_agent.zoo.density_fit import Sample, fit, held_out, in_picture
from edge_agent.zoo.trained import trained

RULE = 'fps = 1\n[[camera.rule]]\nkind = "crowd"\ncount = 100\n'
COVERAGE, BETTER, COST_MS = 0.8, 0.7, 5.0
SIZES = ((1, 30), (30, 100), (100, 250), (250, 2000))
"""Heads on a crop, from and below."""

AT_EDGE = 0.01
"""Of the picture's height: a box that begins above is cut off by its edge."""
WALKWAY_FACTOR = 1.5
PED1 = {
    "train/Train001": 17,
    "train/Train007": 6,
    "train/Train013": 6,
    "train/Train019": 4,
    "train/Train025": 10,
    "train/Train031": 16,
    "test/Test001": 27,
    "test/Test004": 28,
    "test/Test008": 29,
    "test/Test018": 27,
    "test/Test022": 10,
    "test/Test032": 11,
}
"""People on the picture in the middle of clips of UCSD Ped1, counted by eye, give or take two of 20 and more."""
MOT17 = {f"tracking/MOT17-mini/MOT17-02-FRCNN/img1/{n:06}.jpg": 22 for n in range(1, 5)}
"""By the official boxes of pedestrians."""

Numbers = NDArray[np.float64]
Held = Sequence[tuple[Sample, Beside]]


def errors(name: str, found: Sequence[float] | Numbers, truth: Numbers) -> list[Figure]:
    off = np.asarray(found, np.float64) - truth
    return [
        Figure(f"{name}: mean absolute error", float(np.abs(off).mean())),
        Figure(f"{name}: root mean square error", float(np.sqrt((off**2).mean()))),
        Figure(f"{name}: mean relative error", float((np.abs(off) / truth).mean())),
    ]


def factor_of(truth: Sequence[float], counts: Sequence[Count], coverage: float = COVERAGE) -> float:
    """Conformal prediction (Vovk et al. 2005) on |log(told / true)| of the held-out pictures of which rather the maps
    are told, whether they show a dense crowd or not. Raises ValueError where they are too few for any factor."""
    off = np.sort([abs(log(count.heads / true)) for count, true in zip(counts, truth, strict=True) if count.dense])
    place = ceil((len(off) + 1) * coverage)
    if place > len(off):
        raise ValueError(f"{len(off)} held-out crowds seen as such are too few for a coverage of {coverage:g}")
    return float(np.exp(off[place - 1]))


def told(one: Sample, shown: Beside, factor: float = FACTOR) -> Count:
    """Of a picture by itself: whoever is detected is detected lately."""
    return count_of(one.detected, shown, one.detected >= SEEN, factor)


def stills(held: Held) -> list[Figure]:
    crowds = [(one, shown) for one, shown in held if one.whole and one.count]
    truth = np.array([one.count for one, _ in crowds], np.float64)
    dense = np.array([one.dense for one, _ in crowds])
    one_by_one = np.array([one.detected for one, _ in crowds])
    every = one_by_one + np.array([shown.heads for _, shown in crowds])
    first = [told(*crowd) for crowd in crowds]
    counts = [
        told(*crowd, factor_of(np.delete(truth, n).tolist(), first[:n] + first[n + 1 :]))
        for n, crowd in enumerate(crowds)
    ]
    both = np.array([count.heads for count in counts])
    inside = np.array([c.low <= t <= c.high for c, t in zip(counts, truth, strict=True)])
    wide = np.array([c.high / max(c.low, 1.0) for c in counts])
    figures: list[Figure] = []
    for where, mask in (("dense", dense), ("all", np.ones(len(dense), bool)), ("sparse", ~dense)):
        for name, found in (("detector", one_by_one), ("all that the maps add", every), ("both, as told", both)):
            figures += errors(f"{where}, {name}", found[mask], truth[mask])
        figures.append(Figure(f"{where}: true count in the interval", float(inside[mask].mean())))
        figures.append(Figure(f"{where}: upper over lower end, median", float(np.median(wide[mask]))))
    better = float(np.abs(both - truth)[dense].mean() / np.abs(one_by_one - truth)[dense].mean())
    return [
        *figures,
        at_most("dense: error of both against the detector's", better, BETTER),
        at_least("all: coverage of the interval", float(inside.mean()), COVERAGE),
        Figure("dense pictures told as dense", float(sum(c.dense for c, d in zip(counts, dense, strict=True) if d))),
        Figure(
            "sparse pictures told as dense", float(sum(c.dense for c, d in zip(counts, dense, strict=True) if not d))
        ),
        at_most("factor of the interval where the maps count", factor_of(truth.tolist(), first), FACTOR),
        *others(held),
    ]


def others(held: Held) -> list[Figure]:
    """Of pictures without a crowd; nobody has counted the people there, and some show a dozen or two."""
    some = [(one, shown) for one, shown in held if one.whole and not one.count]
    added = np.array([told(*pair).heads - pair[0].detected for pair in some])
    return [
        Figure("pictures without a crowd", float(len(some))),
        Figure("of them, most heads by the maps beside the people detected", max(shown.heads for _, shown in some)),
        Figure("of them, most that the count is above the detector's", float(added.max())),
        Figure("of them, told ten more than are detected, or above", float((added >= 10).sum())),
    ]


def holds_with_beheaded(some: Held, counts: Sequence[tuple[Count, int]]) -> float:
    """Share of crops whose interval holds the heads on it, or as many more as people detected at its upper edge may
    have lost their heads to the cut: they are there, but have no point."""
    cut = [sum(top <= AT_EDGE for _, top, _, _ in one.boxes) for one, _ in some]
    return float(np.mean([c.low <= t + more and t <= c.high for (c, t), more in zip(counts, cut, strict=True)]))


def walkways(samples: Sequence[Sample], held: Held) -> list[Figure]:
    """Small people with room between them, seen from above, by networks that saw nothing of the place."""
    ped1 = {f"ucsd_ped1/{name}.mp4": people for name, people in PED1.items()}
    whole = {one.name: (one, shown) for one, shown in held if one.whole}
    pets = density_of(arrays(fit(one for one in samples if one.source != str(PETS.relative_to(DATA)))))
    looker, truth = Looker(), pets_truth()
    looks = {
        n: next(looker.samples(Photo(str(n), "", image, None), np.random.default_rng(0)))
        for n, image in frames(PETS, truth).items()
    }
    places = {
        "UCSD Ped1": [(told(*whole[name]), people) for name, people in ped1.items()],
        "MOT17-02": [(told(*whole[name]), people) for name, people in MOT17.items()],
        "PETS": [(told(look, in_picture(pets, look)), int((~truth[n].ignored).sum())) for n, look in looks.items()],
    }
    figures = []
    for place, counts in places.items():
        off = np.array([count.heads / true for count, true in counts])
        near = float(((off <= WALKWAY_FACTOR) & (off >= 1 / WALKWAY_FACTOR)).mean())
        held_in = float(np.mean([count.low <= true <= count.high for count, true in counts]))
        name = f"{place}, {len(counts)} pictures"
        figures += [
            Figure(f"{name}: told over true, least", float(off.min())),
            Figure(f"{name}: told over true, median", float(np.median(off))),
            Figure(f"{name}: told over true, most", float(off.max())),
            Figure(f"{name}: within a factor of {WALKWAY_FACTOR:g}", near),
            at_least(f"{name}: true count in the interval", held_in, COVERAGE),
            Figure(f"{name}: upper over lower end, median", float(np.median([c.high / c.low for c, _ in counts]))),
        ]
    return figures


def crops(held: Held) -> list[Figure]:
    """Of crops on which enough people are detected for the maps to be believed."""
    figures = []
    for least, below in SIZES:
        some = [(one, shown) for one, shown in held if not one.whole and least <= one.count < below]
        some = [(one, shown) for one, shown in some if one.detected >= SEEN]
        counts = [(told(one, shown), one.count) for one, shown in some]
        low, middle, high = np.percentile([c.heads / t for c, t in counts], (25, 50, 75))
        name = f"{len(some)} crops of {least} to {below - 1} heads"
        figures += [
            Figure(f"{name}: told over true, lower quartile", float(low)),
            Figure(f"{name}: median of told over true", float(middle)),
            Figure(f"{name}: told over true, upper quartile", float(high)),
            Figure(f"{name}: true count in the interval", float(np.mean([c.low <= t <= c.high for c, t in counts]))),
            Figure(f"{name}: the same, whom the upper edge beheads counted or not", holds_with_beheaded(some, counts)),
            Figure(f"{name}: upper over lower end, median", float(np.median([c.high / c.low for c, _ in counts]))),
        ]
    return figures


def footage() -> list[Figure]:
    """At one picture a second, as often as the maps are looked at."""
    alarms = 0
    spec, _ = for_tracking(DetectorSpec(), TrackerSpec())
    detector = open_detector(spec)
    for path in clips():
        (result,) = replay([path], RULE, detector=detector)
        begun = sum(event.data.phase == "begin" and event.data.kind == "crowd" for event in result.events)
        if begun:
            print("a dense crowd is told on", path.relative_to(DATA), file=sys.stderr)
        alarms += begun
    return [at_most("real clips: dense crowds told", float(alarms), 0), Figure("real clips", float(len(clips())))]


def cost_ms() -> float:
    """Milliseconds of one look at the maps of 640 x 384, with 30 people detected."""
    density = density_of(trained()["density"])
    rng = np.random.default_rng(1)
    coarse, fine = density.coarse.shape[2], density.fine.shape[2]
    values, finer = (rng.random(shape, np.float32) for shape in ((coarse, 12, 20), (fine, 24, 40)))
    maps = FeatureMap(values, finer, 0.0, 0.0, 1 / 20, 1 / 12)
    boxes = tuple((x, y, x + 0.05, y + 0.2) for x, y in rng.random((30, 2)).tolist())
    one = Sample("", "", maps, 0, boxes, finer[0], whole=True)
    in_picture(density, one)
    began = time.process_time()
    for _ in range(50):
        in_picture(density, one)
    return (time.process_time() - began) / 50 * 1000


def measure() -> Outcome:
    samples = samples_of(photo for photo in photos(DATA) if "robustness" not in photo.name)
    held = list(held_out(samples))
    cost = at_most("cost of a look (one a second), ms", cost_ms(), COST_MS)
    return Outcome("crowd_count", (*stills(held), *crops(held), *walkways(samples, held), *footage(), cost))


if __name__ == "__main__":
    sys.exit(command(measure))
