"""Hand-made traffic: vehicles as boxes on a picture twice as wide as high, and views of them for one rule alone."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.geometry import level
from edge_agent.core.picture import Flow
from edge_agent.core.rules.base import RuleStep
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Finding, Image
from tests.scenes import T0

ASPECT = 2.0
LENGTH = 0.1
"""Of a car here, in frame heights: a square box."""


def vehicle(number: int, x: float, y: float = 0.5, cls: str = "car", length: float = LENGTH) -> Figure:
    """x, y: where its foot is, in frame heights from the left and the top; 2 x 1 is the whole picture."""
    box = ((x - length / 2) / ASPECT, y - length, (x + length / 2) / ASPECT, y)
    foot = x / ASPECT, y
    return Figure(FigureId(number), cls, box, 0.8, foot, level(foot, ASPECT))


class Drawn:
    """A picture of which only its motion is known: everything has moved by `shift` pixels of 160, or nothing."""

    image: Image = np.zeros((90, 160, 3), np.uint8)

    def __init__(self, t: float, shift: float = 0.0, seed: int = 0) -> None:
        self.t = t
        self._shift = shift
        self._seed = seed

    def colour(self, width: int) -> Image:
        return self.image

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        return self.image[..., 0], self.image[..., 1], self.image[..., 2]

    def grey(self, width: int) -> Image:
        """Another view for another seed."""
        coarse: NDArray[np.uint8] = np.random.default_rng(self._seed).integers(0, 255, (9, 16), np.uint8)
        noise = np.random.default_rng(99).integers(0, 100, (90, 160)) / 100
        return np.asarray(np.kron(coarse, np.ones((10, 10))) * noise, np.uint8)

    def flow(self, width: int) -> Flow | None:
        field = np.zeros((width * 9 // 16, width, 2), np.float32)
        field[..., 0] = self._shift * width / 160
        return Flow(field, 0.2)


def play(
    rule: RuleStep,
    times: Iterable[float],
    seen: Callable[[float], Iterable[Figure]],
    picture: Callable[[float], Drawn] | None = None,
) -> list[tuple[float, Finding]]:
    """(seconds after T0, finding) of every step."""
    found: list[tuple[float, Finding]] = []
    for t in times:
        view = View(T0 + t, tuple(seen(t)), ASPECT, picture=picture(t) if picture else None)
        found += [(round(t, 3), finding) for finding in rule.step(view)]
    return found


def first(found: list[tuple[float, Finding]]) -> float | None:
    return found[0][0] if found else None
