"""A grey picture for rules about pixels: a yard with texture, things in it, people as figures that hide it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.picture import Flow
from edge_agent.core.rules.base import RuleStep
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box, Finding, Image
from tests.scenes import T0

HEIGHT, WIDTH = 180, 320
ASPECT = WIDTH / HEIGHT


@dataclass(frozen=True, eq=False)
class Told:
    """A Picture port that shows one grey picture at every width."""

    shown: Image
    t: float

    @property
    def image(self) -> Image:
        return self.colour(WIDTH)

    def colour(self, width: int) -> Image:
        return np.repeat(self.shown[..., None], 3, axis=2)

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        return self.shown, self.shown, self.shown

    def grey(self, width: int) -> Image:
        return self.shown

    def flow(self, width: int) -> Flow | None:
        return None


def ground(seed: int = 0) -> NDArray[np.float32]:
    """Slabs of several greys with fine grain, about 60 to 190."""
    rng = np.random.default_rng(seed)
    slabs = np.repeat(np.repeat(rng.uniform(90, 160, (9, 16)), 20, axis=0), 20, axis=1)
    return np.asarray(slabs + rng.normal(0, 6, (HEIGHT, WIDTH)), np.float32)


def window(box: Box) -> tuple[slice, slice]:
    x1, y1, x2, y2 = box
    return slice(round(y1 * HEIGHT), round(y2 * HEIGHT)), slice(round(x1 * WIDTH), round(x2 * WIDTH))


def thing(picture: NDArray[np.float32], box: Box, grey: float = 40.0, seed: int = 1) -> NDArray[np.float32]:
    """The picture with a thing of its own grey and grain in the box."""
    made = picture.copy()
    part = made[window(box)]
    part[:] = grey + np.random.default_rng(seed).normal(0, 10, part.shape)
    return made


def somebody(number: int, foot: tuple[float, float], height: float = 0.4, cls: str = "person") -> Figure:
    x, y = foot
    half = 0.18 * height / ASPECT
    box = (x - half, y - height, x + half, y)
    return Figure(FigureId(number), cls, box, 0.8, foot, (x * ASPECT, y))


@dataclass
class Yard:
    """Plays pictures and figures to rules, with the noise of a sensor; keeps (seconds, findings of the first rule)."""

    rules: tuple[RuleStep, ...]
    noise: float = 1.5
    said: list[tuple[float, tuple[Finding, ...]]] = field(default_factory=list)

    def play(
        self,
        times: Iterable[float],
        shown: Callable[[float], NDArray[np.float32]],
        people: Callable[[float], tuple[Figure, ...]] = lambda t: (),
    ) -> "Yard":
        for t in times:
            rng = np.random.default_rng(round(t * 1000) + 7)
            clean = shown(t)
            noisy = clean + rng.normal(0, self.noise, clean.shape)
            picture = Told(np.asarray(np.clip(noisy, 0, 255), np.uint8), T0 + t)
            view = View(T0 + t, people(t), ASPECT, picture=picture)
            told = [rule.step(view) for rule in self.rules]
            msgspec.json.encode(told)  # refuses a number of numpy's, which no event may hold
            self.said.append((t, told[0]))
        return self

    @property
    def first(self) -> float | None:
        """When the first rule first found something."""
        return next((t for t, findings in self.said if findings), None)

    @property
    def last(self) -> tuple[Finding, ...]:
        return self.said[-1][1]
