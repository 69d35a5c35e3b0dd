"""SYNTHETIC: what burns, smokes or shines, laid over a scene: cut out of stills and set in motion, or drawn.

Flames rise (RISE of their height a second) through two layers of noise, swing most at their tips, and puff at
1.5 / sqrt(diameter in metres) Hz (Cetegen and Ahmed 1993, here of one metre). Seeded; pictures are BGR, 0..255.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

LOOKS = 64
"""Bursts of a welder's arc, of a fifth of a second each, until they begin again."""
RISE, PUFF_HZ, PUFF = 1.5, 1.5, 0.15
SWING = 0.06
"""Displacement of a flame's tip, of its height (standard deviation)."""
AMBER, RED, BLUE = (40.0, 150.0, 255.0), (60.0, 40.0, 255.0), (255.0, 60.0, 40.0)
WARM, ARC = (170.0, 215.0, 255.0), (255.0, 220.0, 190.0)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something cut out: colour (h, w, 3) and how much of it covers what is behind (h, w), 0..1."""

    colour: Plane
    cover: Plane


Act = Callable[[Plane, float], Plane]
"""What a scene (h, w, 3) shows with it, some seconds after its onset."""


def noise(rng: np.random.Generator, shape: tuple[int, int], grain: int) -> Plane:
    """(h, w), smooth, of standard deviation 1; `grain` pixels from one value to the next."""
    high, wide = (max(side // grain, 1) + 2 for side in shape)
    field = cv2.resize(rng.normal(size=(high, wide)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), np.float32)


def rising(seed: int, shape: tuple[int, int], grain: int) -> Callable[[float], Plane]:
    """Noise that rises: what it shows once it has come so many heights; two layers, one half as fast as the other."""
    rng = np.random.default_rng(seed)
    layers = [noise(rng, (shape[0] * 12, shape[1]), part) for part in (grain, max(grain // 2, 2))]

    def at(way: float) -> Plane:
        rows = [
            layer.take(np.arange(shape[0]) + round(way * shape[0] * pace), axis=0, mode="wrap")
            for layer, pace in zip(layers, (1, 0.5), strict=True)
        ]
        return np.asarray(sum(rows) / 2**0.5, np.float32)

    return at


def waved(thing: Thing, seed: int) -> Callable[[float], Thing]:
    """`thing`, as it would burn, after so many seconds."""
    shape = high, wide = thing.cover.shape
    across, up = (rising(seed + n, shape, max(high // 4, 4)) for n in (0, 1))
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    free = (high - y) / high

    def at(t: float) -> Thing:
        tall = 1 + PUFF * np.sin(2 * np.pi * PUFF_HZ * t + phase)
        here = x + SWING * high * free * across(RISE * t)
        there = (high - (high - y) / tall + SWING * high * free * up(RISE * t)).astype(np.float32)
        moved = [cv2.remap(plane, here, there, cv2.INTER_LINEAR) for plane in (thing.colour, thing.cover)]
        return Thing(*moved)

    return at


def laid(scene: Plane, thing: Thing, x: float, y: float) -> Plane:
    """`thing` with the middle of its foot at (x, y), in pixels; what reaches beyond the picture is left out."""
    high, wide = thing.cover.shape
    left, top = round(x - wide / 2), round(y - high)
    rows = slice(max(top, 0), max(min(top + high, scene.shape[0]), 0))
    cols = slice(max(left, 0), max(min(left + wide, scene.shape[1]), 0))
    out = scene.copy()
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return out
    own = np.s_[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
    cover = thing.cover[own][..., None]
    out[rows, cols] = out[rows, cols] * (1 - cover) + thing.colour[own] * cover
    return out


def cut(image: Image, box: Box, high: int, aspect: float = 1.0) -> Thing:
    """What is brighter than its surroundings in this unit box, `high` pixels high."""
    rows, cols = image.shape[:2]
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(box, (cols, rows, cols, rows), strict=True))
    wide = max(round(high * (x2 - x1) / (y2 - y1) * aspect), 4)
    part = cv2.resize(image[y1:y2, x1:x2], (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    bright = part.max(axis=2)
    top = float(np.percentile(bright, 99))
    own = np.maximum(bright / top, 0.55 + (part[..., 2] - part[..., 1]) / 200)
    cover = cv2.GaussianBlur(np.clip((own - 0.65) / 0.2, 0, 1), (0, 0), 0.7)
    fringe = np.minimum(*np.meshgrid(*(np.minimum(np.arange(n) + 1, n - np.arange(n)) for n in (wide, high))))
    return Thing(part, np.asarray(cover * np.clip(fringe / (0.1 * min(high, wide)), 0, 1), np.float32))


def burning(thing: Thing, seed: int, x: float, y: float) -> Act:
    flame = waved(thing, seed)
    return lambda scene, t: laid(scene, flame(t), x, y)


def smoking(image: Image, box: Box, seed: int, opacity: float, scene: Plane) -> Act:
    """The still's patch as a cloud that grows to a third of the scene's width within three seconds."""
    high, wide = scene.shape[:2]
    rows, cols = image.shape[:2]
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(box, (cols, rows, cols, rows), strict=True))
    patch = cv2.GaussianBlur(cv2.resize(image[y1:y2, x1:x2], (wide, high)), (0, 0), 8).astype(np.float32)
    density = rising(seed, (high, wide), wide // 10)
    rng = np.random.default_rng(seed)
    foot_x, foot_y = rng.uniform(0.3, 0.7) * wide, rng.uniform(0.6, 0.9) * high
    y, x = np.mgrid[:high, :wide].astype(np.float32)

    def act(scene: Plane, t: float) -> Plane:
        size = wide / 3 * min(t / 3, 1.0) + 4
        far = ((x - foot_x) / (size / 2)) ** 2 + ((y - foot_y + size / 2) / (size / 1.4)) ** 2
        thick = density(0.35 * t)
        cloud = np.clip(1.3 - far + 0.35 * thick, 0, 1)[..., None]
        lit = patch * (1 + 0.12 * thick)[..., None]
        return np.asarray(scene * (1 - opacity * cloud) + lit * opacity * cloud, np.float32)

    return act


def lamp(halo: tuple[float, float, float], size: int) -> Thing:
    """A white disc, and its glow of this colour (BGR)."""
    y, x = np.mgrid[: 4 * size, : 4 * size].astype(np.float32) - 2 * size
    far = np.hypot(x, y) / size
    white = np.clip(2.5 - 2.5 * far, 0, 1)[..., None]
    colour = 255 * white + np.asarray(halo, np.float32) * (1 - white)
    return Thing(np.asarray(colour, np.float32), np.asarray(np.exp(-(far**2) / 0.8), np.float32))


def passing(thing: Thing, y: float) -> Act:
    return lambda scene, t: laid(scene, thing, (0.1 + 0.15 * t) * scene.shape[1], y)


def lights(size: int, x: float, y: float, seed: int) -> Iterator[tuple[str, str, Act]]:
    warm, red, amber, blue = (lamp(halo, size) for halo in (WARM, RED, AMBER, BLUE))
    bursts = np.random.default_rng(seed).uniform(0.2, 1.2, LOOKS)
    arc = [waved(lamp(ARC, max(round(size * burst), 2)), seed) for burst in bursts]
    tall = Thing(*(cv2.resize(plane, None, fx=0.5, fy=2) for plane in (red.colour, red.cover)))
    yield "lights", "lamp switched on", lambda scene, t: laid(scene, warm, x, y)
    yield "lights", "brake light", lambda scene, t: laid(scene, red, x, y)
    yield "lights", "flasher", lambda scene, t: laid(scene, amber, x, y) if t * 1.5 % 1 < 0.5 else scene
    yield "lights", "police", lambda scene, t: laid(scene, red if t * 2 % 1 < 0.5 else blue, x, y)
    yield "lights", "headlights", passing(warm, y)
    yield "lights", "brake lights passing", passing(red, y)
    yield "lights", "welder", lambda scene, t: laid(scene, arc[round(t * 5) % LOOKS](t), x, y)
    yield "red light on running water", "", burning(tall, seed, x, y)
