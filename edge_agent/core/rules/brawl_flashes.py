"""Whether what changes in a picture are things that light up for one look: insects and rain in an infrared lamp's
light, sparks, beams, lamps that flash.

What flies close to a lamp is brighter than all behind it, and gone at the next look. Who fights hides the ground and
bares it, and is as often darker as brighter than it: in labelled fights as much flashes as blinks (0.8 to 2.3 times, in
the middle 1.2), under insects and rain by night 2.7 to 8 times.
"""

from collections import deque

import numpy as np

from edge_agent.core.picture import gap
from edge_agent.core.types import Image

FAINT = 6
"""Grey levels: what differs by no more is noise."""


class Flashes:
    """Keeps the last two looks."""

    def __init__(self) -> None:
        self._looks: deque[Image] = deque(maxlen=2)

    def see(self, grey: Image) -> tuple[float, float]:
        """grey: (h, w), written over by nobody. Two means over the picture, grey levels: by how much more the look
        before was brighter than those on both its sides than it was darker, and by how much it differed from this one.
        Both 0 where they are not known yet."""
        if self._looks and self._looks[-1].shape != grey.shape:
            self._looks.clear()
        known = len(self._looks) == 2
        before, middle = self._looks if known else (grey, grey)
        self._looks.append(grey)
        if not known:
            return 0.0, 0.0
        high, low = np.maximum(before, grey), np.minimum(before, grey)
        lit = _plain(np.maximum(middle, high) - high) - _plain(low - np.minimum(middle, low))
        return lit, _plain(gap(middle, grey))

    def forget(self) -> None:
        self._looks.clear()


def _plain(levels: Image) -> float:
    """Mean of what is more than FAINT; the rest counts as 0."""
    return int((levels * (levels > FAINT)).sum(dtype=np.uint32)) / levels.size
