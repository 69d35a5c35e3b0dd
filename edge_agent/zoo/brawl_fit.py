"""Training of the brawl rule's model, numpy only and without chance: the same clips give the same numbers.

Clips are labelled as a whole while a brawl is in one place of the picture: multiple-instance learning (Dietterich et
al. 1997; Andrews et al., NIPS 2002). A ridge logistic regression is fitted on what each clip shows anywhere, then
ROUNDS times on the TOP windows that the last fit found most like a brawl in each clip. This is done for each of the
network's two maps apart, motion with either, and the model is the mean of both, which errs less than one of all
channels. Clips of one source count together with the square root of their number, and both classes weigh the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.rules.brawl_features import MOTION, shown
from edge_agent.core.rules.brawl_model import TOP, BrawlModel, strongest

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

COARSE = 256
"""Channels of the coarse map, the first of a row; those of the fine one follow, then MOTION."""
Penalty = tuple[float, float]
PENALTY: Penalty = 0.05, 0.1
"""Weight of the data against the ridge (scikit-learn's C), for the coarse and the fine map."""
PENALTIES: tuple[Penalty, ...] = (0.01, 0.05), (0.02, 0.05), (0.02, 0.1), (0.05, 0.1), (0.05, 0.2)
LIFT = 0.8
"""Added to the log-odds: a mean of two says less than each. At the rule's default threshold, one of the 75 labelled
clips without a fight is then told, sources left out."""
INNER = 5
"""Nested cross-validation chooses among PENALTIES by INNER groups of the sources that are left."""
ROUNDS = 4
"""Refits on the windows that the last fit found most like a brawl."""
NEWTON = 25
"""Steps of Newton's method at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """windows: (windows, channels), each window's evidence as the mean over the clip. source: clips of one source never
    stand on both sides of a split. share: of the weight it would otherwise have."""

    name: str
    source: str
    fight: bool
    windows: Floats
    share: float = 1.0


def fit(clips: Sequence[Clip], penalty: Penalty = PENALTY, top: int = TOP, coarse: int = COARSE) -> BrawlModel:
    rows = np.concatenate([clip.windows for clip in clips]).astype(np.float64)
    mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0) + 1e-6
    bags = [np.nan_to_num((clip.windows - mean) / scale) for clip in clips]
    truth = np.array([clip.fight for clip in clips], np.float64)
    weight = weights_of(clips)
    deep = rows.shape[1] - len(MOTION)
    motion = np.arange(deep, rows.shape[1])
    coefficients, bias = np.zeros(rows.shape[1]), LIFT
    for channels, own in zip(np.split(np.arange(deep), [coarse]), penalty, strict=True):
        used = np.append(channels, motion)
        found, offset = _learned([bag[:, used] for bag in bags], truth, weight, own, top)
        coefficients[used] += found / len(penalty)
        bias += offset / len(penalty)
    small = [np.asarray(array, np.float32) for array in (mean, scale, coefficients)]
    quiet = np.array([bag[strongest(bag @ coefficients, top)].mean(axis=0) for bag in bags])[truth == 0].mean(axis=0)
    usual = np.append(quiet[:deep] @ coefficients[:deep], (quiet * scale + mean)[deep:])
    usual[1:] = [shown(name, value) for name, value in zip(MOTION, usual[1:], strict=True)]
    return BrawlModel(small[0], small[1], small[2], float(bias), np.asarray(usual, np.float32))


def _learned(
    bags: Sequence[Doubles], truth: Doubles, weight: Doubles, penalty: float, top: int
) -> tuple[Doubles, float]:
    """Coefficients and bias over the standardised windows of clips."""
    coefficients, bias = logistic(np.array([bag.max(axis=0) for bag in bags]), truth, weight, penalty)
    for _ in range(ROUNDS):
        chosen = np.array([bag[strongest(bag @ coefficients, top)].mean(axis=0) for bag in bags])
        coefficients, bias = logistic(chosen, truth, weight, penalty)
    return coefficients, bias


def score(model: BrawlModel, windows: Floats, top: int = TOP) -> float:
    """Log-odds of a whole clip."""
    odds = model.parts(windows).sum(axis=1)
    return float(odds[strongest(odds, top)].mean()) + model.bias


def weights_of(clips: Sequence[Clip]) -> Doubles:
    weight = np.array([clip.share for clip in clips])
    keys = [(clip.source, clip.fight) for clip in clips]
    for key in set(keys):
        same = np.array([other == key for other in keys])
        weight[same] /= np.sqrt(same.sum())
    for fight in (False, True):
        of_class = np.array([clip.fight == fight for clip in clips])
        weight[of_class] *= len(clips) / 2 / max(weight[of_class].sum(), 1e-9)
    return weight


def logistic(x: Doubles, y: Doubles, weight: Doubles, penalty: float) -> tuple[Doubles, float]:
    """Ridge logistic regression by Newton's method in the space that the rows span; the bias is not penalised.

    x: (clips, channels), more channels than clips are fine. Returns the coefficients and the bias.
    """
    left, singular, right = np.linalg.svd(x, full_matrices=False)
    z = np.hstack([left * singular, np.ones((len(x), 1))])
    ridge = np.eye(z.shape[1])
    ridge[-1, -1] = 1e-8
    theta = np.zeros(z.shape[1])
    for _ in range(NEWTON):
        p = 1.0 / (1.0 + np.exp(-(z @ theta)))
        slope = ridge @ theta + penalty * z.T @ (weight * (p - y))
        curve = ridge + penalty * (z.T * (weight * np.maximum(p * (1 - p), 1e-6))) @ z
        step = np.linalg.solve(curve, slope)
        theta -= step
        if np.abs(step).max() < 1e-6:
            break
    return right.T @ theta[:-1], float(theta[-1])


def leave_sources_out(
    clips: Sequence[Clip], more: Sequence[Clip] = (), *, nested: bool = False, coarse: int = COARSE
) -> Iterator[tuple[str, BrawlModel]]:
    """(source, model of all clips but those of this source), for each source of `clips`. more: further clips to learn
    from (mirrored ones, say), left out with their source alike. nested: the penalty is chosen without the source too.
    """
    for source in sorted({clip.source for clip in clips}):
        left = [clip for clip in clips if clip.source != source]
        beside = [clip for clip in more if clip.source != source]
        penalty = best_penalty(left, beside, coarse) if nested else PENALTY
        yield source, fit([*left, *beside], penalty, coarse=coarse)


def best_penalty(clips: Sequence[Clip], more: Sequence[Clip], coarse: int) -> Penalty:
    """Of PENALTIES, the one with the highest AUC over `clips`, groups of sources left out."""
    sources = sorted({clip.source for clip in clips})
    truth = np.array([clip.fight for clip in clips])
    areas = []
    for penalty in PENALTIES:
        scores = np.zeros(len(clips))
        for group in (sources[n::INNER] for n in range(INNER)):
            model = fit([clip for clip in (*clips, *more) if clip.source not in group], penalty, coarse=coarse)
            for n, clip in enumerate(clips):
                if clip.source in group:
                    scores[n] = score(model, clip.windows)
        areas.append(auc(truth, scores))
    return PENALTIES[int(np.argmax(areas))]


def auc(truth: NDArray[np.bool_], scores: Doubles) -> float:
    """Share of pairs (a fight, none) in the right order; equal scores count half (Mann and Whitney 1947)."""
    above = scores[truth][:, None] - scores[~truth][None]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def recall_at(truth: NDArray[np.bool_], scores: Doubles, false_positives: float) -> tuple[float, float]:
    """Share of the fights above the threshold that at most this share of the others passes; and that threshold."""
    others = np.sort(scores[~truth])[::-1]
    threshold = float(others[int(np.floor(false_positives * len(others) + 1e-9))])
    return float((scores[truth] > threshold).mean()), threshold


def written(model: BrawlModel, note: str) -> str:
    """The module edge_agent/core/rules/brawl_weights.py."""

    def block(values: Floats) -> str:
        words = [f"{value:.5g}" for value in values]
        lines, line = [], ""
        for word in words:
            if len(line) + len(word) + 1 > 116:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        return '"""\n' + "\n".join([*lines, line]) + '\n"""'

    return (
        f'"""Made by `python -m edge_agent.train_brawl`; do not edit. {note}\n"""\n\n'
        f"MEAN = {block(model.mean)}\nSCALE = {block(model.scale)}\nWEIGHTS = {block(model.weights)}\n"
        f"BIAS = {model.bias:.6g}\nUSUAL = ({', '.join(f'{value:.5g}' for value in model.usual)})\n"
    )
