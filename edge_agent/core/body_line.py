"""How high a body is at each row of one camera's picture, learned from the people it has seen.

On flat ground the height of a body whose foot is on row y is a + b y (a straight line that is 0 at the horizon), and b
is a body's height over the camera's (Hoiem et al. 2008, "Putting objects in perspective", IJCV, eq. 6).
"""

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.tracks import Figure

BANDS = 12
LEAST_LOOKS = 20
MEMORY = 50.0
"""Looks over which a band of rows averages, once it has as many."""
REFIT = 10
"""New looks after which the line is drawn anew."""
FOCAL = 1.4
"""Of a usual camera, in picture heights (a lens of 65 degrees on 16:9)."""
MOST_STRETCH = 3.0


class BodyLine:
    """Heights and rows in frame heights. Memory: two numbers a band."""

    def __init__(self) -> None:
        self._heights = np.zeros(BANDS)
        self._looks = np.zeros(BANDS)
        self._line: tuple[float, float] | None = None
        self._new = 0

    def learn(self, figures: list[Figure]) -> None:
        """Figures that touch the picture's edge do not show their height."""
        for figure in sorted(figures, key=lambda f: f.box):
            if figure.box[1] <= 0.005 or figure.box[3] >= 0.995:
                continue
            band = min(int(figure.foot[1] * BANDS), BANDS - 1)
            self._looks[band] += 1
            self._new += 1
            self._heights[band] += (figure.height - self._heights[band]) / min(self._looks[band], MEMORY)
        if self._new >= REFIT:
            self._line, self._new = self._fitted(), 0

    @property
    def known(self) -> bool:
        return self._line is not None

    def height(self, foot: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of bodies whose feet are on these rows; 0 at and above the horizon. Call it where the line is known."""
        assert self._line is not None
        a, b = self._line
        return np.maximum(a + b * foot, 0.0)

    def stretch(self, height: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as far as it looks somebody so high has moved who moved up or down the picture: 1 where that
        is not known."""
        if self._line is None:
            return np.ones_like(height)
        # z = f / h in bodies, so dz = f dh / h^2 = (f b / h) (dy / h).
        return np.clip(FOCAL * self._line[1] / np.maximum(height, 1e-6), 1.0, MOST_STRETCH)

    def _fitted(self) -> tuple[float, float] | None:
        if self._looks.sum() < LEAST_LOOKS:
            return None
        seen = self._looks > 0
        y, weight = ((np.arange(BANDS) + 0.5) / BANDS)[seen], np.minimum(self._looks[seen], MEMORY)
        middle, mean = np.average(y, weights=weight), np.average(self._heights[seen], weights=weight)
        spread = float(weight @ (y - middle) ** 2)
        slope = float(weight @ ((y - middle) * self._heights[seen])) / spread if spread > 1e-6 else 0.0
        slope = max(slope, 0.0)
        return float(mean - slope * middle), slope
