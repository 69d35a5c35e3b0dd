"""How rare a number is, from how often such numbers have been seen.

A histogram in seconds of watching; beyond its 95% quantile the tail is taken as exponential with the mean excess seen
there (peaks over threshold with shape 0: Pickands 1975; Coles, An Introduction to Statistical Modeling of Extreme
Values, section 4.2). So what has never been seen still has a finite, ordered rarity.
"""

from math import log10

import numpy as np
from numpy.typing import NDArray

BINS, WIDTH = 96, 0.25
TAIL = 0.05
LEAST_MASS_S = 20.0
LOG10_E = 0.4342944819
FULL_S = 500_000.0
"""Of what is known no more than so many seconds count: then the older ones fade."""

_CENTRES = (np.arange(BINS) + 0.5) * WIDTH


class Rarity:
    """Of numbers >= 0, `channels` kinds of them; a number above BINS * WIDTH counts as that.

    floors: per channel, the least mean excess: keeps a channel that never varied from calling everything impossible.
    ripening: the numbers get better while they are learned, so half of what was seen counts, the later more.
    """

    def __init__(self, floors: tuple[float, ...], *, ripening: bool = False) -> None:
        self._ripening = ripening
        self._floors = np.array(floors, np.float64)
        self.seconds = np.zeros((len(floors), BINS), np.float64)
        self.total = np.zeros(len(floors), np.float64)
        self._fits: tuple[NDArray[np.float64], ...] | None = None

    def learn(self, values: NDArray[np.float64], seconds: NDArray[np.float64]) -> None:
        """values, seconds: (n, channels); a value with 0 seconds is not looked at."""
        added = seconds.sum(0)
        self.total += added
        fading = added / np.clip(self.total, 1e-9, FULL_S) * (self._ripening | (self.total > FULL_S))
        self.seconds *= (1.0 - fading).clip(0.0, 1.0)[:, None]
        at = np.minimum((np.fmax(values, 0.0) / WIDTH).astype(np.int64), BINS - 1)
        channels = np.broadcast_to(np.arange(values.shape[1]), values.shape)
        np.add.at(self.seconds, (channels, at), seconds)
        self._fits = None

    def surprise(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """-log10 of the share of time in which so high a number is seen; values (n, channels). 0 for a channel that has
        seen less than LEAST_MASS_S."""
        if self._fits is None:
            self._fits = self._fit()
        start, excess, above, known = self._fits
        values = np.minimum(values, BINS * WIDTH)
        place = (values / WIDTH).clip(0.0, BINS - 1e-9)
        index = place.astype(np.int64)
        at = index + (BINS + 1) * np.arange(values.shape[1])
        upper = above.take(at + 1)
        share = upper + (above.take(at) - upper) * (1.0 - (place - index))
        body = -np.log10(share.clip(TAIL, 1.0))
        beyond = -log10(TAIL) + (values - start) / excess * LOG10_E
        return np.asarray(np.where(values > start, np.maximum(beyond, body), body) * known, np.float64)

    def take(self, seconds: NDArray[np.generic] | None, total: NDArray[np.generic] | None) -> None:
        """Copies of another's `seconds` and `total`. Raises ValueError where they do not fit, and changes nothing."""
        for own, other in ((self.seconds, seconds), (self.total, total)):
            if other is None or other.shape != own.shape or other.dtype != own.dtype:
                raise ValueError("rarity: of another shape")
            numbers = np.asarray(other, np.float64)
            if not np.isfinite(numbers).all() or (numbers < 0).any():
                raise ValueError("rarity: no times")
        self.seconds, self.total = np.array(seconds, np.float64), np.array(total, np.float64)
        self._fits = None

    def _fit(self) -> tuple[NDArray[np.float64], ...]:
        """Where each tail starts, its mean excess; the share of time above each edge (channels, BINS + 1); 1 where it
        has been seen for long enough, else 0."""
        mass = self.seconds.sum(1)
        above = np.concatenate([self.seconds[:, ::-1].cumsum(1)[:, ::-1], np.zeros((len(mass), 1))], 1)
        above /= np.maximum(mass, 1e-9)[:, None]
        channels = np.arange(len(mass))
        last = BINS - np.argmax(above[:, ::-1] > TAIL, axis=1)
        last = np.where(mass > 0, last, 0)  # The last edge with more than TAIL above it.
        step = above[channels, last] - above[channels, np.minimum(last + 1, BINS)]
        start = (last + (above[channels, last] - TAIL) / np.where(step > 0, step, 1.0)) * WIDTH
        beyond = (_CENTRES - start[:, None]).clip(0.0)
        mean = (self.seconds * beyond).sum(1) / np.maximum(TAIL * mass, 1e-9)
        return start, np.maximum(self._floors, mean), above, (mass >= LEAST_MASS_S).astype(np.float64)
