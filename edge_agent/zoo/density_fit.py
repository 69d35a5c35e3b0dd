"""Fitting of the density network for crowds, numpy only; everything follows from the seed.

It learns, and is asked, only where nobody was detected: who is detected is counted by the detector.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.crowd_density import LEAST_LOG, MOST_LOG, Beside, Density, Floats, beside, size_of, uncovered
from edge_agent.core.types import Box, FeatureMap

DENSE = 100
"""From so many heads on a picture counts as a dense crowd."""
KEPT, KEPT_SPARSE, KEPT_OTHER = 0.5, 0.4, 0.12
"""Share of the cells that is kept of pictures of dense crowds, of few heads, and of others: there are many more of
those."""
PARTS = 48
"""Principal components of the channels that are learned from: hundreds of channels and few pictures."""
HIDDEN, STEPS, BATCH, RATE, NOISE, DECAY = 16, 1500, 512, 4e-3, 0.1, 1e-3
"""Hidden units; steps, cells a step and first learning rate of Adam; standard deviation of the noise added to the
components; weight decay."""
ENSEMBLE = 2
"""Networks whose answers are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture as the detector's network sees it. source: what must not be in training and test at once. count: heads
    on the picture. boxes: of the people detected, in unit coordinates. heads: in each cell of the fine map
    (rows, columns), without those in a box. whole: neither a crop nor degraded."""

    name: str
    source: str
    maps: FeatureMap
    count: int
    boxes: tuple[Box, ...]
    heads: Floats
    whole: bool

    @property
    def detected(self) -> int:
        return len(self.boxes)

    @property
    def dense(self) -> bool:
        return self.count >= DENSE


def fit(samples: Iterable[Sample], seed: int = 0) -> Density:
    """ENSEMBLE networks by Adam (Kingma and Ba 2015) on the Poisson loss."""
    rng = np.random.default_rng(seed)
    fine, x, y = _rows(samples, rng)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    x = (x - mean) / scale
    spread, axes = np.linalg.eigh(x.T @ x / np.float32(len(x)))
    into = (axes[:, : -PARTS - 1 : -1] / np.sqrt(spread[: -PARTS - 1 : -1])).astype(np.float32)
    x = x @ into
    networks = [_network(x, y, np.random.default_rng([seed, n])) for n in range(ENSEMBLE)]
    w1, b1, w2, b2 = (np.stack(parts) for parts in zip(*networks, strict=True))
    plain = into @ w1 / scale[:, None]
    weights = np.ascontiguousarray(plain.transpose(0, 2, 1), np.float32)
    return Density(weights[..., :fine], weights[..., fine:], b1 - mean @ plain, w2[..., 0], b2[..., 0])


def _rows(samples: Iterable[Sample], rng: np.random.Generator) -> tuple[int, Floats, Floats]:
    """Channels of the fine map, cells (n, channels of both), heads (n,)."""
    cells, heads, fine = [], [], 0
    for one in samples:
        fine = len(one.maps.fine)
        share = KEPT if one.dense else KEPT_SPARSE if one.count else KEPT_OTHER
        row, column = np.nonzero((rng.random(one.heads.shape) < share) & uncovered(one.maps, one.boxes))
        both = one.maps.fine[:, row, column], one.maps.values[:, row // 2, column // 2]
        cells.append(np.concatenate(both).T.astype(np.float32))
        heads.append(one.heads[row, column])
    return fine, np.concatenate(cells), np.concatenate(heads)


def _network(x: Floats, y: Floats, rng: np.random.Generator) -> list[Floats]:
    """[w1 (PARTS, h), b1 (h,), w2 (h, 1), b2 (1,)]."""
    weights = [
        rng.normal(0, PARTS**-0.5, (PARTS, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        rng.normal(0, HIDDEN**-0.5, (HIDDEN, 1)).astype(np.float32),
        np.full(1, -3, np.float32),
    ]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, STEPS + 1):
        rows = rng.integers(0, len(x), BATCH)
        noisy = x[rows] + NOISE * rng.standard_normal((BATCH, PARTS), dtype=np.float32)
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


def folds(samples: Sequence[Sample]) -> dict[str, int]:
    """Fold of each source: each dense picture in its own, the others dealt out by name."""
    dense = sorted({one.source for one in samples if one.whole and one.dense})
    others = sorted({one.source for one in samples} - set(dense))
    count = max(len(dense), 2)
    return {source: n % count for part in (dense, others) for n, source in enumerate(part)}


def held_out(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Beside]]:
    """Each picture and crop with what the maps show beside the people detected, by networks that saw nothing of its
    source."""
    fold = folds(samples)
    for number in sorted(set(fold.values())):
        density = fit((one for one in samples if fold[one.source] != number), seed=number)
        for one in samples:
            if fold[one.source] == number:
                yield one, in_picture(density, one)


def in_picture(density: Density, one: Sample) -> Beside:
    """What its maps show in the whole picture."""
    heads = density.heads(one.maps)
    assert heads is not None
    return beside(heads, one.maps, one.boxes, size_of(one.boxes) if one.boxes else None)
