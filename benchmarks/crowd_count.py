"""How many people are on a picture, sparse or dense: the detector alone, the texture alone, both, and the interval.

Stills: the texture's networks never saw the picture they are asked about (leave one out, the other sources in ten
parts). Real clips: none shows a dense crowd, so the `crowd` rule at a count that no detector reaches must say nothing
(the shipped networks have seen frames of these clips; the held-out figure is that of the sampled frames).
"""

import sys
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.crowd_rush import clips
from benchmarks.data import DATA
from benchmarks.replay import remembered, replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from edge_agent.core.crowd_count import DENSE_FROM, SEEN, count_of
from edge_agent.core.crowd_density import density_of
from edge_agent.core.crowd_texture import CELL
from edge_agent.core.picture import WIDE
from edge_agent.core.spec import DetectorSpec
from edge_agent.zoo.train_density import Photo, factor_of, held_out, made_of, photos
from edge_agent.zoo.trained import trained

FLOOR = 0.1
RULE = '[[camera.rule]]\nkind = "crowd"\ncount = 100\n'
COVERAGE, BETTER, COST_MS = 0.8, 0.7, 5.0

Numbers = NDArray[np.float64]


def errors(name: str, found: Sequence[float] | Numbers, truth: Numbers) -> list[Figure]:
    off = np.asarray(found, np.float64) - truth
    return [
        Figure(f"{name}: mean absolute error", float(np.abs(off).mean())),
        Figure(f"{name}: root mean square error", float(np.sqrt((off**2).mean()))),
        Figure(f"{name}: mean relative error", float((np.abs(off) / truth).mean())),
    ]


def people(photo: Photo, least: float) -> int:
    """Detected at `least` or more, on the picture the networks learn from."""
    (seen,) = remembered().detect([photo.image])
    return sum(
        seen.classes[label] == "person" for label, score in zip(seen.labels, seen.scores, strict=True) if score >= least
    )


def stills() -> list[Figure]:
    everything = [photo for photo in photos(DATA) if "robustness" not in photo.name]
    cells = held_out(everything, made_of(everything))
    heads = {name: float(found.sum()) for name, found in cells.items()}
    crowds = [photo for photo in everything if len(photo.heads)]
    truth = np.array([len(photo.heads) for photo in crowds], np.float64)
    dense = np.array([photo.dense for photo in crowds])
    texture = np.array([heads[photo.name] for photo in crowds])
    one_by_one = np.array([people(photo, DetectorSpec().confidence) for photo in crowds])
    weak = np.array([people(photo, FLOOR) for photo in crowds])
    factor = factor_of(truth[dense].tolist(), texture[dense].tolist())
    counts = [
        count_of(int(seen), float(t), factor, t >= DENSE_FROM and seen >= SEEN)
        for seen, t in zip(one_by_one, texture, strict=True)
    ]
    both = np.array([count.heads for count in counts])
    inside = np.array([c.low <= t <= c.high for c, t in zip(counts, truth, strict=True)])
    others = [heads[photo.name] for photo in everything if not len(photo.heads)]
    figures: list[Figure] = []
    for where, mask in (("dense", dense), ("all", np.ones(len(dense), bool)), ("sparse", ~dense)):
        for name, found in (("detector", one_by_one), ("detector floor", weak), ("texture", texture), ("both", both)):
            figures += errors(f"{where}, {name}", found[mask], truth[mask])
        figures.append(Figure(f"{where}: true count in the interval", float(inside[mask].mean())))
    better = float(np.abs(both - truth)[dense].mean() / np.abs(one_by_one - truth)[dense].mean())
    return [
        *figures,
        at_most("dense: error of both against the detector's", better, BETTER),
        at_least("all: coverage of the interval", float(inside.mean()), COVERAGE),
        Figure("dense pictures recognised", float(sum(c.dense for c, d in zip(counts, dense, strict=True) if d))),
        Figure(
            "sparse pictures taken for dense", float(sum(c.dense for c, d in zip(counts, dense, strict=True) if not d))
        ),
        Figure("factor of the interval of a dense crowd", factor),
        Figure("pictures without a crowd", float(len(others))),
        Figure("of them, texture of a crowd", float(sum(t >= DENSE_FROM for t in others))),
    ]


def footage() -> list[Figure]:
    told = 0
    for path in clips():
        (result,) = replay([path], RULE)
        begun = sum(event.data.phase == "begin" and event.data.kind == "crowd" for event in result.events)
        if begun:
            print("a dense crowd is told on", path.relative_to(DATA), file=sys.stderr)
        told += begun
    return [at_most("real clips: dense crowds told", float(told), 0), Figure("real clips", float(len(clips())))]


def cost_ms() -> float:
    """Milliseconds of one look at the texture of 640 x 360."""
    density = density_of(trained()["density"])
    image = np.random.default_rng(1).integers(0, 255, (11 * CELL + 4, WIDE, 3), np.uint8)
    density.heads(image[..., 0], image)
    began = time.process_time()
    for _ in range(50):
        density.heads(image[..., 0], image)
    return (time.process_time() - began) / 50 * 1000


def measure() -> Outcome:
    figures = [*stills(), *footage(), at_most("cost of a look (one a second), ms", cost_ms(), COST_MS)]
    return Outcome("crowd_count", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
