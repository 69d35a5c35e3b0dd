"""The brawl rule's own model: a linear one over a window's evidence, so that each reason is a plain sum of its parts.

Its numbers are made by `python -m edge_agent.train_brawl` (models/brawl.md) and lie in brawl_weights.py: a few hundred
constants that belong to one detector and change only together with the features above, so they are code and not a file
that the core would have to be handed.
"""

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.rules import brawl_weights
from edge_agent.core.rules.brawl_features import MOTION, Floats

PARTS = ("appearance", *MOTION)
"""What a window's log-odds are the sum of, beside the bias."""
TOP = 4
"""The log-odds of a picture are the mean of so many windows with the highest."""


@dataclass(frozen=True, slots=True, eq=False)
class BrawlModel:
    """mean, scale, weights: (channels,) of a row of Evidence, standardised by mean and scale. usual: (len(PARTS),),
    what each part is where nothing happens: the log-odds of `appearance`, the channel's own value for the others."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: float
    usual: Floats

    @property
    def channels(self) -> int:
        return len(self.weights)

    def parts(self, rows: Floats) -> Floats:
        """(windows, channels) → (windows, len(PARTS)), the log-odds of each part; what is not known says nothing."""
        deep, each = len(self.weights) - len(MOTION), self.weights / self.scale
        appearance = rows[:, :deep] @ each[:deep] - self.mean[:deep] @ each[:deep]
        motion = (rows[:, deep:] - self.mean[deep:]) * each[deep:]
        if np.isnan(appearance.sum() + motion.sum()):
            known = np.nan_to_num((rows - self.mean) * each)
            appearance, motion = known[:, :deep].sum(axis=1), known[:, deep:]
        return np.concatenate([appearance[:, None], motion], axis=1, dtype=np.float32)


def strongest(log_odds: NDArray[np.floating], top: int = TOP) -> NDArray[np.intp]:
    """Indices of the highest, best first, equal ones in their order."""
    return np.argsort(-log_odds, kind="stable")[:top]


def probability(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(log_odds, -50.0), 50.0)))


def shipped() -> BrawlModel:
    """The trained model."""
    mean, scale, weights = (
        np.array(text.split(), np.float32) for text in (brawl_weights.MEAN, brawl_weights.SCALE, brawl_weights.WEIGHTS)
    )
    return BrawlModel(mean, scale, weights, brawl_weights.BIAS, np.array(brawl_weights.USUAL, np.float32))
