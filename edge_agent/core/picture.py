"""What rules may see of a frame's pixels: reduced pictures and motion between two of them, made when first asked for
and then shared by all rules of the camera."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Frame, Image

SMALL, WIDE = 160, 320
"""The usual widths in pixels; rules that use the same one share the work."""
COARSE = 80
"""For the flow alone: one of WIDE is worked out no finer inside and then enlarged."""


def gap(a: Image, b: Image) -> Image:
    """How far two pictures are from each other at each pixel, in their eight bits."""
    return np.maximum(a, b) - np.minimum(a, b)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Dense motion since the picture before.

    field: (h, w, 2) float32, x right and y down, pixels of the reduced picture. dt: seconds between the two, > 0.
    """

    field: NDArray[np.float32]
    dt: float


class Picture(Protocol):
    """One frame, privacy masks already black. One thread; the arrays are shared: never write into them."""

    @property
    def image(self) -> Image:
        """As decoded: BGR (height, width, 3)."""
        ...

    @property
    def t(self) -> float: ...

    def colour(self, width: int) -> Image:
        """BGR (h, w, 3), reduced by area to `width` (as it is where it is no wider), the aspect kept."""
        ...

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        """Blue, green and red of `colour(width)`, each (h, w) as memory lies."""
        ...

    def grey(self, width: int) -> Image:
        """The luma (h, w) of `colour(width)`."""
        ...

    def flow(self, width: int) -> Flow | None:
        """Between the picture before and this one; None for the first, after a change of size, and where more than
        LONGEST_S lie between."""
        ...


LONGEST_S = 1.0


class Pictures(Protocol):
    """Pictures of one camera. One thread; `show` is called with each frame in order, and its result is good until the
    next but one call."""

    def show(self, frame: Frame, t: float) -> Picture: ...
