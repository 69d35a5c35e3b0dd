"""Trains the density network for dense crowds: `python -m edge_agent.zoo.train_density --data FOLDER [--out FILE]`.

FOLDER/crowd_counting holds pictures (NAME.jpg) with one head a line (NAME.txt: x y in pixels); every other picture and
video below FOLDER shows no dense crowd. Everything follows from the seed.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.crowd_count import DENSE_FROM
from edge_agent.core.crowd_density import LEAST_LOG, MOST_LOG, Density, arrays
from edge_agent.core.crowd_texture import CELL, FEATURES, Floats, texture
from edge_agent.core.picture import WIDE
from edge_agent.core.types import Image

CROWDS = "crowd_counting"
DENSE = 100
"""From so many heads on a picture counts as a dense crowd."""
VERSIONS, FEW_VERSIONS = 16, 2
"""How many crops are made of a picture with a dense crowd, of any other."""
NEAREST, FARTHEST = 0.45, 1.25
"""Width of a crop, in widths of the picture."""
KEPT = 0.1
"""Share of the cells that is kept of pictures without a dense crowd: there are many more of them."""
FRAMES = 3
"""Taken of each video."""
HIDDEN, STEPS, BATCH, RATE, NOISE, DECAY = 16, 1500, 512, 4e-3, 0.1, 1e-3
ENSEMBLE = 3
FOLDS = 10
COVERAGE = 0.8
WORST = 20
"""So many pictures without a crowd are printed, those that look most like one first."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """source: what must not be in training and test at once. image: BGR, at most 2 x WIDE wide. heads: (n, 2) pixels
    of it."""

    name: str
    source: str
    image: Image
    heads: NDArray[np.float64]

    @property
    def dense(self) -> bool:
        return len(self.heads) >= DENSE


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture as the network sees it: cells (rows, columns, FEATURES), heads (rows, columns) in each."""

    photo: Photo
    cells: Floats
    heads: Floats


def photos(folder: Path) -> Iterator[Photo]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        image = cv2.imread(str(path))
        if image is None:
            continue
        points = path.with_suffix(".txt")
        crowd = path.parent.name == CROWDS and points.is_file()
        heads = np.loadtxt(points, ndmin=2) if crowd else np.zeros((0, 2))
        name = str(path.relative_to(folder))
        yield _photo(name, name, np.asarray(image, np.uint8), heads)
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mp4", ".avi", ".mpg")):
        name = str(path.relative_to(folder))
        # Clips of one camera come in numbered series.
        source = str(path.parent.parent.relative_to(folder)) if path.parent.name in ("train", "test") else name
        for number, image in enumerate(_frames(path)):
            yield _photo(f"{name}#{number}", source, image, np.zeros((0, 2)))


def sample(photo: Photo) -> Sample:
    """The whole picture, WIDE pixels wide."""
    return _sample(photo, photo.image, photo.heads)


def versions(photo: Photo, rng: np.random.Generator) -> Iterator[Sample]:
    """Nearer and farther, mirrored or not, in colour or grey, darker, blurred, compressed. Farther is a part of the
    picture with its mirror images around it."""
    height, width = photo.image.shape[:2]
    wide = np.pad(photo.image, ((0, height), (0, width), (0, 0)), "symmetric")
    x, y = photo.heads.T
    every = np.concatenate([np.column_stack((u, v)) for u in (x, 2 * width - 1 - x) for v in (y, 2 * height - 1 - y)])
    for _ in range(VERSIONS if photo.dense else FEW_VERSIONS):
        share = float(np.exp(rng.uniform(np.log(NEAREST), np.log(FARTHEST))))
        w, h = int(width * share), int(height * share)
        left, top = int(rng.integers(0, 2 * width - w + 1)), int(rng.integers(0, 2 * height - h + 1))
        image = wide[top : top + h, left : left + w]
        heads = every - (left, top)
        if rng.random() < 0.5:
            image, heads = image[:, ::-1], heads * (-1, 1) + (w - 1, 0)
        yield _sample(photo, _worse(image, rng), heads)


def _worse(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.4:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    gain, lift = rng.uniform(0.5, 1.2), rng.uniform(-10, 15)
    changed: Image = np.clip(image * gain + lift, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        changed = np.asarray(cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.5, 1.4)), np.uint8)
    if rng.random() < 0.3:
        packed = cv2.imencode(".jpg", changed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))])[1]
        changed = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return changed


def _sample(photo: Photo, image: Image, heads: NDArray[np.float64]) -> Sample:
    height, width = image.shape[:2]
    size = (WIDE, max(CELL, round(height * WIDE / width)))
    method = cv2.INTER_AREA if width >= WIDE else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=method), np.uint8)
    cells = texture(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), small)
    rows, columns = cells.shape[:2]
    truth = np.zeros((rows * CELL, columns * CELL), np.float32)
    scaled = (heads * WIDE / width).astype(int)
    inside = (scaled >= 0).all(axis=1) & (scaled < (columns * CELL, rows * CELL)).all(axis=1)
    np.add.at(truth, (scaled[inside, 1], scaled[inside, 0]), 1.0)
    truth = np.asarray(cv2.GaussianBlur(truth, (0, 0), CELL / 4, borderType=cv2.BORDER_REFLECT), np.float32)
    return Sample(photo, cells, truth.reshape(rows, CELL, columns, CELL).sum(axis=(1, 3)))


def fit(samples: Iterable[Sample], count: int = ENSEMBLE, seed: int = 0) -> Density:
    """`count` networks by Adam (Kingma and Ba 2015) on the Poisson loss; factor is 1 until it is measured."""
    rng = np.random.default_rng(seed)
    x, y = _rows(samples, rng)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = (x - mean) / scale
    networks = [_network(x, y, np.random.default_rng([seed, n])) for n in range(count)]
    w1, b1, w2, b2 = (np.stack(parts) for parts in zip(*networks, strict=True))
    return Density(mean, scale, w1, b1, w2[..., 0], b2[..., 0], 1.0)


def _rows(samples: Iterable[Sample], rng: np.random.Generator) -> tuple[Floats, Floats]:
    cells, heads = [], []
    for one in samples:
        x, y = one.cells.reshape(-1, FEATURES), one.heads.ravel()
        kept = np.ones(len(y), bool) if one.photo.dense else rng.random(len(y)) < KEPT
        cells.append(x[kept])
        heads.append(y[kept])
    return np.concatenate(cells), np.concatenate(heads)


def _network(x: Floats, y: Floats, rng: np.random.Generator) -> list[Floats]:
    """[w1 (FEATURES, h), b1 (h,), w2 (h, 1), b2 (1,)]."""
    weights = [
        rng.normal(0, FEATURES**-0.5, (FEATURES, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        rng.normal(0, HIDDEN**-0.5, (HIDDEN, 1)).astype(np.float32),
        np.full(1, -3, np.float32),
    ]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, STEPS + 1):
        rows = rng.integers(0, len(x), BATCH)
        noisy = x[rows] + NOISE * rng.standard_normal((BATCH, FEATURES), dtype=np.float32)
        rate = RATE * (1 - step / (STEPS + 1))
        for n, gradient in enumerate(_gradients(weights, noisy, y[rows])):
            first[n] = 0.9 * first[n] + 0.1 * gradient
            second[n] = 0.999 * second[n] + 0.001 * gradient**2
            change = first[n] / (1 - 0.9**step) / (np.sqrt(second[n] / (1 - 0.999**step)) + 1e-8)
            shrink = DECAY * weights[n] if weights[n].ndim == 2 else 0
            weights[n] = (weights[n] - rate * (change + shrink)).astype(np.float32)
    return weights


def _gradients(weights: Sequence[Floats], x: Floats, y: Floats) -> Iterator[Floats]:
    """Of the mean of heads - y log(heads) over the batch."""
    w1, b1, w2, b2 = weights
    raw = x @ w1 + b1
    hidden = np.maximum(raw, 0)
    heads = np.exp(np.clip((hidden @ w2 + b2)[:, 0], LEAST_LOG, MOST_LOG))
    off = ((heads - y) / len(y))[:, None].astype(np.float32)
    back = (off @ w2.T) * (raw > 0)
    yield from (x.T @ back, back.sum(axis=0), hidden.T @ off, off.sum(axis=0))


def folds(everything: Sequence[Photo]) -> dict[str, int]:
    """Fold of each source: each dense picture in its own, the others dealt out by name."""
    dense = sorted({photo.source for photo in everything if photo.dense})
    others = sorted({photo.source for photo in everything} - set(dense))
    count = max(len(dense), 2)
    return {source: n % count for part in (dense, others) for n, source in enumerate(part)}


def held_out(everything: Sequence[Photo], made: Sequence[Sample], count: int = 1) -> dict[str, Floats]:
    """Heads in each cell of each whole picture, by name, from networks that saw nothing of its source."""
    fold = folds(everything)
    found: dict[str, Floats] = {}
    for number in sorted(set(fold.values())):
        density = fit((one for one in made if fold[one.photo.source] != number), count, number)
        for photo in everything:
            if fold[photo.source] == number:
                found[photo.name] = density.of(sample(photo).cells)
    return found


def made_of(everything: Iterable[Photo], seed: int = 0) -> list[Sample]:
    """What the networks learn from."""
    rng = np.random.default_rng(seed)
    return [one for photo in everything for one in (sample(photo), *versions(photo, rng))]


def factor_of(truth: Sequence[float], estimate: Sequence[float], coverage: float = COVERAGE) -> float:
    """Conformal prediction (Vovk et al. 2005) on |log(estimate / truth)| of the held-out dense pictures that are
    estimated at DENSE_FROM or more: those of which the estimate is ever told."""
    pairs = [(e, t) for e, t in zip(estimate, truth, strict=True) if e >= DENSE_FROM]
    if not pairs:
        raise ValueError("no held-out crowd is seen as one")
    off = np.sort([abs(log(e / t)) for e, t in pairs])
    place = min(len(off), int(np.ceil((len(off) + 1) * coverage)))
    return float(np.exp(off[place - 1]))


def _photo(name: str, source: str, image: Image, heads: NDArray[np.float64]) -> Photo:
    height, width = image.shape[:2]
    if width > 2 * WIDE:
        size = (2 * WIDE, round(height * 2 * WIDE / width))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        heads = heads * 2 * WIDE / width
    return Photo(name, source, image, heads)


def _frames(path: Path) -> list[Image]:
    """FRAMES of the video, evenly; none of what cannot be decoded."""
    try:
        with av.open(str(path)) as container:
            every = [frame for n, frame in enumerate(container.decode(video=0)) if n % 10 == 0]
        chosen = [every[int((n + 0.5) * len(every) / FRAMES)] for n in range(FRAMES)] if every else []
        return [frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False) for frame in chosen]
    except (av.error.FFmpegError, OSError):
        return []


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("models/density.npz"), metavar="FILE")
    options = parser.parse_args(arguments)
    everything = [photo for photo in photos(options.data) if "robustness" not in photo.name]
    made = made_of(everything)
    heads = held_out(everything, made)
    dense = [photo for photo in everything if photo.dense]
    estimates = [float(heads[photo.name].sum()) for photo in dense]
    factor = factor_of([len(photo.heads) for photo in dense], estimates)
    found = arrays(fit(made))
    np.savez(options.out, allow_pickle=False, **{**found, "factor": np.array([factor], np.float32)})
    for photo, estimate in zip(dense, estimates, strict=True):
        sys.stdout.write(
            json.dumps({"picture": photo.name, "heads": len(photo.heads), "held_out": round(estimate)}) + "\n"
        )
    others = {photo.name: float(heads[photo.name].sum()) for photo in everything if not len(photo.heads)}
    for name, estimate in sorted(others.items(), key=lambda item: -item[1])[:WORST]:
        sys.stdout.write(json.dumps({"picture": name, "heads": 0, "held_out": round(estimate)}) + "\n")
    sys.stdout.write(json.dumps({"factor": round(factor, 3), "coverage": COVERAGE, "pictures": len(everything)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
