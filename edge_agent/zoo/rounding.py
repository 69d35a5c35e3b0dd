"""Which 8-bit integers stand best for a convolution's inputs and weights. Arithmetic only.

Weights are rounded one input after the other, and what rounding took is made up for by those not yet rounded: GPTQ
(Frantar et al. 2022, arXiv:2210.17323), after a least-squares fit to inputs that are rounded too. What is left of the
mean goes into the bias (Nagel et al. 2019, arXiv:1906.04721).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

CODES = 255
"""The largest 8-bit code of a tensor."""
MOST = 127
"""Of a weight's code, either way."""
HEIGHTS = np.geomspace(0.08, 1.0, 48)
"""Shares of the largest value that are tried as the end of the scale."""
SHARES = np.linspace(0.6, 1.0, 21)
"""The same of a channel's largest weight."""
DAMPING = 0.01
"""Added to the inputs' variances, as a share of their mean: what few pictures say is not believed wholly."""
BLOCK = 128
"""Columns whose errors are passed on at once."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Code c of 0..255 stands for (c - zero) * step."""

    step: float
    zero: int

    def rounded(self, values: Floats) -> Floats:
        """Each value as its code stands for it."""
        codes = np.clip(np.round(values / np.float32(self.step)) + self.zero, 0, CODES) - self.zero
        return np.asarray(codes * np.float32(self.step), np.float32)


def best_scale(values: Floats) -> Scale:
    """The scale with the least mean squared error over `values`; from their least value, to where larger ones may well
    be cut off. 0 has a code: convolutions pad with it."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1e-6)
    scales = []
    for share in HEIGHTS:
        step = float(np.float32((high * share - low) / CODES))
        scales.append(Scale(step, int(np.clip(round(-low / step), 0, CODES))))
    errors = [float(np.square(scale.rounded(values) - values).mean(dtype=np.float64)) for scale in scales]
    return scales[int(np.argmin(errors))]


class Moments:
    """What a convolution reads, as it is and rounded: sums over patches of `size` numbers."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self.exact = np.zeros(size)
        self.rounded = np.zeros(size)
        self.within = np.zeros((size, size))
        self.across = np.zeros((size, size))

    def add(self, exact: Floats, rounded: Floats) -> None:
        """Patches (n, size), in the order of the weights."""
        self.count += len(exact)
        self.exact += exact.sum(axis=0, dtype=np.float64)
        self.rounded += rounded.sum(axis=0, dtype=np.float64)
        self.within += rounded.T @ rounded
        self.across += exact.T @ rounded

    def centred(self) -> tuple[Doubles, Doubles]:
        """Covariance (size, size) of the rounded inputs, and of the exact (rows) with the rounded."""
        exact, rounded = self.exact / self.count, self.rounded / self.count
        return (
            self.within / self.count - np.outer(rounded, rounded),
            self.across / self.count - np.outer(exact, rounded),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """codes: int8, shaped like the weights. steps: (channels out,), what a code stands for. bias: (channels out,), to
    be added."""

    codes: NDArray[np.int8]
    steps: Floats
    bias: Floats


def round_weights(weights: Floats, moments: Moments) -> Rounded:
    """weights: (channels out, channels in, rows, columns) of a convolution that reads what `moments` saw."""
    plain = weights.reshape(len(weights), -1).astype(np.float64)
    within, across = moments.centred()
    damping = DAMPING * float(np.diag(within).mean()) + 1e-9
    diagonal = np.diag_indices(len(within))
    within[diagonal] += damping
    across[diagonal] += damping  # pulls the fit towards the weights as they are, not towards nothing
    fitted: Doubles = np.asarray(np.linalg.solve(within, (plain @ across).T).T, np.float64)
    steps = _steps(fitted)
    upper: Doubles = np.asarray(np.linalg.cholesky(np.linalg.inv(within)).T, np.float64)
    codes = _pass_on(fitted, steps, upper)
    missing = plain @ moments.exact - (codes * steps[:, None]) @ moments.rounded
    return Rounded(
        codes.reshape(weights.shape).astype(np.int8),
        steps.astype(np.float32),
        (missing / moments.count).astype(np.float32),
    )


def _steps(rows: Doubles) -> Doubles:
    """The step of each row with the least squared error."""
    largest = np.maximum(np.abs(rows).max(axis=1), 1e-9)
    tried = np.array([np.float32(largest * share / MOST) for share in SHARES], np.float64)
    errors = [np.square(_codes(rows, steps[:, None]) * steps[:, None] - rows).sum(axis=1) for steps in tried]
    best: Doubles = tried[np.argmin(errors, axis=0), np.arange(len(rows))]
    return best


def _codes(values: Doubles, steps: Doubles) -> Doubles:
    codes: Doubles = np.clip(np.round(values / steps), -MOST, MOST)
    return codes


def _pass_on(rows: Doubles, steps: Doubles, upper: Doubles) -> Doubles:
    """Codes of `rows`, column by column; `upper` is the Cholesky factor of the inverse covariance, which says how the
    later columns make up for an earlier one. In blocks, so that most of it is products of matrices."""
    left, codes = rows.copy(), np.zeros_like(rows)
    for begin in range(0, rows.shape[1], BLOCK):
        end = min(begin + BLOCK, rows.shape[1])
        errors = np.zeros((len(rows), end - begin))
        for column in range(begin, end):
            codes[:, column] = _codes(left[:, column], steps)
            error = (left[:, column] - codes[:, column] * steps) / upper[column, column]
            errors[:, column - begin] = error
            left[:, column:end] -= np.outer(error, upper[column, column:end])
        left[:, end:] -= errors @ upper[begin:end, end:]
    return codes
