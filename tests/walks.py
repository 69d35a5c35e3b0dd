"""A walkway for rules that learn: people who come and go at a walking pace, and whoever else a test sends along."""

import random
from collections.abc import Callable, Iterable, Iterator

from edge_agent.core.geometry import level
from edge_agent.core.tracks import Figure, FigureId, View
from tests.scenes import T0

ASPECT = 16 / 9
Extra = Callable[[float], Iterable[Figure]]


def figure(
    number: int, foot: tuple[float, float], height: float = 0.2, cls: str = "person", wide: float = 0.4
) -> Figure:
    """`wide`: width over height as it looks."""
    x, y = foot
    half = wide * height / ASPECT / 2
    return Figure(FigureId(number), cls, (x - half, y - height, x + half, y), 0.8, foot, level(foot, ASPECT))


class Walkway:
    """Somebody enters every `every_s` seconds at the left or right, at a height and pace of his own; times from 0."""

    def __init__(self, seed: int = 0, every_s: float = 2.0, length_s: float = 1000.0) -> None:
        rng = random.Random(seed)
        self._walks = []
        for number in range(int(length_s / every_s)):
            speed = rng.gauss(0.15, 0.02) * rng.choice((-1, 1))
            self._walks.append(
                (number * every_s, speed, rng.uniform(0.5, 0.7), rng.gauss(0.2, 0.01), rng.gauss(0.4, 0.03))
            )

    def at(self, t: float) -> Iterator[Figure]:
        for number, (start, speed, y, height, wide) in enumerate(self._walks):
            way = (t - start) * speed / ASPECT
            if t >= start and abs(way) <= 0.9:
                yield figure(number + 1, (0.05 + way if speed > 0 else 0.95 + way, y), height, wide=wide)

    def view(self, t: float, extra: Iterable[Figure] = ()) -> View:
        return View(T0 + t, (*self.at(t), *extra), ASPECT)


def passing(number: int, start: float, speed: float, **looks: object) -> Extra:
    """Somebody who enters at the left at `start` and crosses at `speed` frame heights a second."""

    def at(t: float) -> Iterator[Figure]:
        way = (t - start) * speed / ASPECT
        if 0 <= way <= 0.9:
            yield figure(number, (0.05 + way, 0.6), **looks)  # type: ignore[arg-type]

    return at
