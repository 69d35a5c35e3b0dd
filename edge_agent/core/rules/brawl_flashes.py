"""What light does to a picture from look to look: things that light up for one look (insects and rain in an infrared
lamp's light, sparks, beams), and light that comes and goes for all of it (fireworks, police lights, lightning).

What flies close to a lamp is brighter than all behind it, and gone at the next look. Who fights hides the ground and
bares it, and is as often darker as brighter than it: of all change in labelled fights 0.13 at most is more lit than
darkened for one look, under insects and rain by night 0.17 to 0.35. And what is brighter here is darker there: of all
change in fights that are told 0.26 at most goes one way, under flashing lamps 0.45 to 0.95.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from edge_agent.core.types import Image

FAINT = 6
"""Grey levels: what differs by no more is noise."""


class Flash(NamedTuple):
    """Means over the picture, grey levels, of one look and the one before; all 0 where they are not known. lit: by how
    much more the look before was brighter than those on both its sides than it was darker. common: by how much the two
    differ in one direction. change: by how much they differ."""

    lit: float = 0.0
    common: float = 0.0
    change: float = 0.0


NOTHING = Flash()


class Flashes:
    """Keeps the last two looks."""

    def __init__(self) -> None:
        self._looks: deque[Image] = deque(maxlen=2)

    def see(self, grey: Image) -> Flash:
        """grey: (h, w), written over by nobody."""
        if self._looks and self._looks[-1].shape != grey.shape:
            self._looks.clear()
        known = len(self._looks) == 2
        before, middle = self._looks if known else (grey, grey)
        self._looks.append(grey)
        if not known:
            return NOTHING
        high, low = np.maximum(before, grey), np.minimum(before, grey)
        lit = _plain(np.maximum(middle, high) - high) - _plain(low - np.minimum(middle, low))
        up, down = _plain(np.maximum(middle, grey) - middle), _plain(middle - np.minimum(middle, grey))
        return Flash(lit, abs(up - down), up + down)

    def forget(self) -> None:
        self._looks.clear()


def _plain(levels: Image) -> float:
    """Mean of what is more than FAINT; the rest counts as 0."""
    return int((levels * (levels > FAINT)).sum(dtype=np.uint32)) / levels.size
