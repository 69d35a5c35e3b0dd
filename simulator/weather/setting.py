"""What every overlay is given and made of: its setting, its picture arithmetic, its chance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.tamper import STRENGTHS, Strength
from simulator.tamper import Image as Image

Act = Callable[[Image, float], Image]
"""The picture (BGR, height, width, 3) and the seconds since the overlay begins (below 0: not yet) → the picture as the
camera would show it, a new array. Called in order of time."""
Plane = NDArray[np.float32]
T = TypeVar("T")
GRAINS = 6


@dataclass(frozen=True, slots=True)
class Setting:
    """Size of the pictures in pixels, frames a second, how strong, and the seed that all chance derives from."""

    height: int
    width: int
    fps: float
    strength: Strength
    seed: int

    def of(self, weak: T, medium: T, strong: T) -> T:
        """The value for this strength."""
        return (weak, medium, strong)[STRENGTHS.index(self.strength)]

    def chance(self) -> np.random.Generator:
        """What stays as it is for the whole overlay."""
        return np.random.default_rng(self.seed)

    def chance_at(self, t: float) -> np.random.Generator:
        """What is new in each picture; the same at the same time, at whatever frame rate."""
        return np.random.default_rng((self.seed, round((t + 1e6) * 1000)))


def picture(values: Plane) -> Image:
    """Rounded to grey levels, 0..255."""
    return np.asarray(cv2.add(values, 0.0, dtype=cv2.CV_8U), np.uint8)


def mixed(image: Image, level: float, share: Plane) -> Image:
    """`share` (h, w; 0..1) of a plain grey `level`, the rest of `image`."""
    plain = np.full_like(image, round(level))
    return np.asarray(cv2.blendLinear(image, plain, 1.0 - share, share), np.uint8)


def ramp(t: float, seconds: float) -> float:
    """0 before 0, 1 after `seconds`, smooth between."""
    x = min(max(t / seconds, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def bell(setting: Setting, x: float, y: float, radius_x: float, radius_y: float) -> Plane:
    """(h, w): a Gaussian bell of height 1 around (x, y); all in pixels."""
    across = np.exp(-(((np.arange(setting.width) - x) / radius_x) ** 2))
    down = np.exp(-(((np.arange(setting.height) - y) / radius_y) ** 2))
    return np.asarray(np.outer(down, across), np.float32)


def clouds(setting: Setting, rng: np.random.Generator, cells: int) -> Plane:
    """(h, w): smooth noise of about unit spread, `cells` patches across."""
    rows = max(2, round(cells * setting.height / setting.width))
    coarse = rng.standard_normal((rows, cells)).astype(np.float32)
    grown = cv2.resize(coarse, (setting.width, setting.height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown, np.float32)


class Grain:
    """The sensor's noise: some fields of it, each time another one at another offset."""

    def __init__(self, setting: Setting, sigma: float) -> None:
        self._setting = setting
        shape = GRAINS, setting.height, setting.width
        self._fields = np.float32(sigma) * setting.chance().standard_normal(shape, np.float32)

    def at(self, t: float) -> Plane:
        """(h, w), grey levels."""
        rng = self._setting.chance_at(t)
        field = self._fields[int(rng.integers(GRAINS))].ravel()
        moved = np.roll(field, int(rng.integers(field.size)))
        return np.asarray(moved.reshape(self._setting.height, self._setting.width), np.float32)
