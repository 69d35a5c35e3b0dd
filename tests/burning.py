"""Drawn pictures of what burns and of what only looks like it; each a function of time alone, so that any frame rate
sees the same. Seeded; nothing here is footage."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.core.lifecycle import Lifecycle
from edge_agent.core.rules.smoke_fire import SmokeFire, SmokeFireRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Finding, Frame, Image, Point
from tests.scenes import T0

WIDTH, HEIGHT = 320, 180
Draw = Callable[[float], NDArray[np.float32]]
RULE = SmokeFireRule(id="smoke-fire")
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)


def street(seed: int = 0, level: float = 95.0) -> NDArray[np.float32]:
    """A grey scene with detail everywhere: (HEIGHT, WIDTH, 3), BGR 0..255."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 18, (HEIGHT // 10, WIDTH // 10)).repeat(10, 0).repeat(10, 1)
    fine = rng.normal(0, 16, (HEIGHT // 2, WIDTH // 2)).repeat(2, 0).repeat(2, 1)
    return np.repeat((level + coarse + fine)[..., None], 3, axis=2).astype(np.float32)


def blend(picture: NDArray[np.float32], colour: Sequence[float], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """`colour` (BGR) laid over the picture, `alpha` (HEIGHT, WIDTH) 0..1."""
    return picture + alpha[..., None] * (np.array(colour, np.float32) - picture)


def flames(t: float, at: Point = (160, 120), size: float = 14.0, seed: int = 3) -> NDArray[np.float32]:
    """Height of the fire above each pixel, 1 at its foot and 0 at its outline, negative outside."""
    rng = np.random.default_rng(seed)
    outline = np.zeros(WIDTH, np.float32)
    for _ in range(6):
        rate, phase, wave = rng.uniform(1.3, 4.3), rng.uniform(0, 6.28), rng.uniform(0.1, 0.6)
        outline += np.sin(6.2832 * rate * t + phase + wave * np.arange(WIDTH)).astype(np.float32)
    x, y = at
    high = size * (1.5 + 0.45 * outline) * np.maximum(1.0 - (np.arange(WIDTH) - x) ** 2 / size**2, 0.0)
    level = 1.0 - (y - Y) / np.maximum(high, 1e-3)
    return np.where((y >= Y) & (high > 0.5), level, -1.0).astype(np.float32)


def with_fire(
    picture: NDArray[np.float32], t: float, at: Point = (160, 120), size: float = 14.0
) -> NDArray[np.float32]:
    """Yellow at its foot, red at its tips."""
    level = flames(t, at, size)
    burning = level > 0
    result = picture.copy()
    result[burning] = np.stack((40 + 50 * level, 90 + 140 * level, 225 + 25 * level), axis=-1)[burning]
    return result


def with_smoke(
    picture: NDArray[np.float32], t: float, source: Point = (160, 150), grey: float = 175.0, seed: int = 5
) -> NDArray[np.float32]:
    """Puffs that rise from the source, grow and thin out; the first at t = 0."""
    result = picture
    for number in range(max(0, int(t / 0.2) - 20), int(max(t, 0.0) / 0.2) + 1):
        rng = np.random.default_rng(seed * 1000 + number)
        age = t - number * 0.2
        if age < 0:
            continue
        wide = 7 + 6 * age
        x = source[0] + rng.normal(0, 8) + rng.normal(4, 8) * age
        y = source[1] - 22 * age + rng.normal(0, 6)
        puff = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * wide * wide)) * 0.75 * np.exp(-age / 3)
        shade = grey + rng.normal(0, 35)
        result = blend(result, (shade, shade, shade), puff.astype(np.float32))
    return result


def image(picture: NDArray[np.float32], t: float, noise: float = 1.0) -> Image:
    """With the camera's noise."""
    rng = np.random.default_rng(int(t * 1000) % 2**31)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def findings(
    times: Iterable[float],
    draw: Draw,
    rule: SmokeFireRule = RULE,
    *,
    polygon: tuple[Point, ...] = WHOLE,
    figures: Callable[[float], tuple[Figure, ...]] = lambda t: (),
) -> list[tuple[float, tuple[Finding, ...]]]:
    """(seconds after T0, what the rule says), for each time."""
    pictures, step = CvPictures(), SmokeFire(rule, polygon)
    said = []
    for number, t in enumerate(times):
        pixels = image(draw(t), t)
        picture = pictures.show(Frame(pixels, pixels[::4, ::4, 1], number, T0 + t), T0 + t)
        said.append((t, step.step(View(T0 + t, figures(t), WIDTH / HEIGHT, picture=picture))))
    return said


def begins(said: Iterable[tuple[float, tuple[Finding, ...]]], rule: SmokeFireRule = RULE) -> list[float]:
    """When, in seconds after T0, an operator would be told of an episode."""
    lifecycle, told = Lifecycle(rule.episodes), []
    for t, found in said:
        changes, _ = lifecycle.step(T0 + t, found)
        told += [t for change in changes if change.phase == "begin"]
    return told
