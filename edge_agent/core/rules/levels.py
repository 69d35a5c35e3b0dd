"""What black and white are to a camera.

Thresholds in grey levels are meant for one that uses all of 0..255. Many do not: haze, a dirty dome, an analogue line
or limited range shown as full (16..235) lift the black and dim the white, and all that changes, changes by less.
"""

from dataclasses import dataclass

from edge_agent.core.types import Image

LEAST = 0.75
"""Contrast below which less is not believed: there the picture is dull (fog, night), not the camera. With 0.6, red
lights of a street that showed nothing brighter than 150 were a fire."""


@dataclass(frozen=True, slots=True)
class Levels:
    """black: the darkest grey level of the camera. contrast: from there to its brightest, as a share of 0..255."""

    black: int = 0
    contrast: float = 1.0

    def at(self, level: float) -> float:
        """Where a camera of full range shows this level, this one shows the result."""
        return self.black + self.contrast * level


FULL = Levels()


class LevelMemory:
    """The least and the greatest value that any channel of a camera has shown. It never forgets: a lamp that was once
    white tells what white is, also while it is off. A spoilt picture or a privacy mask only brings it nearer to FULL.
    """

    def __init__(self) -> None:
        self._least, self._most = 255, 0

    def look(self, colour: Image) -> Levels:
        """colour: BGR (h, w, 3), reduced, so that a pixel's noise does not count."""
        if self._least > 0:
            self._least = min(self._least, int(colour.min()))
        if self._most < 255:
            self._most = max(self._most, int(colour.max()))
        return Levels(self._least, max((self._most - self._least) / 255.0, LEAST))
