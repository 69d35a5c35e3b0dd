"""Things put down and taken away, exits blocked, water over a mark and other light, laid over any pictures: synthetic.

Each is a function of picture, time and seed, so the same seed gives the same bytes. What is made here tests logic; it
is no measurement of the world, and reports must say so. Boxes are in unit coordinates, times in seconds from the first
picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]
Box = tuple[float, float, float, float]
Act = Callable[[Image, float], Image]
Light = Literal["gain", "switch", "patch", "cloud"]
LIGHTS: tuple[Light, ...] = ("gain", "switch", "patch", "cloud")

LEVELS = 12
"""Grey levels in which a painted thing's texture varies."""
SHADE = 0.3
"""How much a thing darkens the ground beside it."""
WAVE_S = 1.7
"""Period of the ripples."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A thing of its own colour and texture in `box` from `begin` to `end`."""

    box: Box
    begin: float
    seed: int
    end: float = float("inf")

    def act(self, frame: Image, t: float) -> Image:
        """The picture at `t`; the same array where nothing is there."""
        if not self.begin <= t < self.end:
            return frame
        height, width = frame.shape[:2]
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(self.box, (width, height, width, height), strict=True))
        wide, high = max(x2 - x1, 3), max(y2 - y1, 3)
        rng = np.random.default_rng(self.seed)
        thing, alpha = _thing(wide, high, rng)
        # Only the part around the thing is touched: the rest of the picture costs one copy.
        top, left = max(0, y1 - high), max(0, x1 - wide)
        bottom, right = min(height, y1 + 2 * high), min(width, x1 + 2 * wide)
        if bottom <= top or right <= left:
            return frame
        made = frame.copy()
        part = made[top:bottom, left:right].astype(np.float32)
        _shadow(part, x1 - left, y1 + high - top, wide, high)
        own = (
            slice(max(0, y1) - top, min(height, y1 + high) - top),
            slice(max(0, x1) - left, min(width, x1 + wide) - left),
        )
        seen = (
            slice(max(0, -y1), max(0, -y1) + part[own].shape[0]),
            slice(max(0, -x1), max(0, -x1) + part[own].shape[1]),
        )
        light = min(max(float(part[own].mean()) / 128, 0.4), 1.3) if part[own].size else 1.0
        cover = alpha[seen][..., None]
        part[own] = part[own] * (1 - cover) + thing[seen] * light * cover
        made[top:bottom, left:right] = _image(part)
        return made


@dataclass(frozen=True, slots=True)
class Gauge:
    """A board with black and white marks in `box`, there from the first picture on."""

    box: Box
    marks: int = 8

    def act(self, frame: Image, t: float) -> Image:
        height, width = frame.shape[:2]
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(self.box, (width, height, width, height), strict=True))
        made = frame.copy()
        cv2.rectangle(made, (x1, y1), (x2, y2), (215, 220, 220), -1)
        for mark in range(self.marks):
            y = y1 + (y2 - y1) * mark // self.marks
            end = x1 + (x2 - x1) * (3 if mark % 2 else 2) // 4
            cv2.rectangle(made, (x1, y), (end, y + max(1, (y2 - y1) // (3 * self.marks))), (25, 25, 30), -1)
        return made


@dataclass(frozen=True, slots=True)
class Water:
    """Brown water over everything below a level that rises from `bottom` to `top` (unit, from above) between `begin`
    and `begin + rise_s`."""

    bottom: float
    top: float
    begin: float
    rise_s: float
    seed: int

    def act(self, frame: Image, t: float) -> Image:
        done = min(max((t - self.begin) / self.rise_s, 0.0), 1.0)
        height, width = frame.shape[:2]
        level = round((self.bottom + (self.top - self.bottom) * done) * height)
        if t < self.begin or level >= height:
            return frame
        rng = np.random.default_rng(self.seed)
        phase = rng.uniform(0, 2 * np.pi, 3)
        made = frame.copy()
        depth = height - level
        mirror = frame[max(0, level - depth) : level][::-1].astype(np.float32)
        mirror = cv2.resize(mirror, (width, depth)) if mirror.size else np.full((depth, width, 3), 90, np.float32)
        mirror = cv2.GaussianBlur(mirror, (0, 0), width / 60)
        y, x = np.mgrid[0:depth, 0:width].astype(np.float32)
        wave = sum(
            np.sin(2 * np.pi * (x / (width / k) + y * (k + 3) / height * 2 + t / WAVE_S * (0.6 + 0.3 * i)) + phase[i])
            for i, k in enumerate((5, 9, 16))
        )
        mud = np.array([70, 95, 115], np.float32) * (0.7 + 0.3 * float(frame.mean()) / 128)
        made[level:] = _image(0.7 * mud + 0.3 * mirror + 4 * np.asarray(wave, np.float32)[..., None])
        return made


@dataclass(frozen=True, slots=True)
class Lit:
    """Another light from `begin` on: gain, the whole picture darker and flatter over 2 s (an exposure, dusk); switch,
    at once; patch, a lamp on a part of the ground; cloud, a soft shadow that comes, stays and covers a third."""

    kind: Light
    begin: float
    seed: int

    def act(self, frame: Image, t: float) -> Image:
        if t < self.begin:
            return frame
        rng = np.random.default_rng(self.seed)
        made = frame.astype(np.float32)
        if self.kind in ("gain", "switch"):
            done = min((t - self.begin) / 2.0, 1.0) if self.kind == "gain" else 1.0
            gain, offset = rng.uniform(0.55, 0.75), rng.uniform(-10, 15)
            return _image(made * (1 + (gain - 1) * done) + offset * done)
        height, width = frame.shape[:2]
        x, y = rng.uniform(0.25, 0.75) * width, rng.uniform(0.4, 0.8) * height
        across, down = np.arange(width) - x, (np.arange(height) - y)[:, None]
        if self.kind == "patch":
            radius = rng.uniform(0.06, 0.14) * width
            bell = np.clip(1.6 - np.hypot(across, 1.6 * down) / radius, 0, 1)
            return _image(made * (1 + 0.5 * bell[..., None]))
        radius = 0.35 * width
        bell = np.clip(2.0 - np.hypot(across, down) / radius, 0, 1) * min((t - self.begin) / 3.0, 1.0)
        return _image(made * (1 - 0.4 * bell[..., None]))


def _thing(wide: int, high: int, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Its picture, BGR (high, wide, 3), and how much it covers (high, wide), with soft rounded corners."""
    colour = rng.uniform(15, 90, 3) if rng.random() < 0.6 else rng.uniform(120, 230, 3)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (high, wide)).astype(np.float32), (0, 0), max(1.0, wide / 12))
    texture *= LEVELS / max(float(texture.std()), 1e-3)
    shade = np.linspace(1.15, 0.8, high, dtype=np.float32)[:, None]
    thing = (colour.astype(np.float32) + texture[..., None]) * shade[..., None]
    band = slice(high // 3, max(high // 3 + 1, high // 2))
    thing[band] *= 0.6
    thing[:, wide // 2 : wide // 2 + max(1, wide // 14)] *= 1.4
    solid = np.zeros((high, wide), np.uint8)
    corner = max(1, min(wide, high) // 5)
    cv2.rectangle(solid, (corner, 0), (wide - 1 - corner, high - 1), 255, -1)
    cv2.rectangle(solid, (0, corner), (wide - 1, high - 1 - corner // 2), 255, -1)
    soft = cv2.GaussianBlur(solid, (0, 0), 0.6).astype(np.float32) / 255
    return np.asarray(thing, np.float32), np.asarray(soft, np.float32)


def _shadow(made: Plane, left: int, bottom: int, wide: int, high: int) -> None:
    """A soft shadow of contact along the lower edge, drawn into `made`."""
    height, width = made.shape[:2]
    y, x = np.mgrid[0:height, 0:width][:, max(0, bottom - high // 3) : bottom + high // 4]
    away = ((x - left - wide / 2) / (0.5 * wide)) ** 2 + ((y - bottom) / (0.2 * high + 1)) ** 2
    part = made[max(0, bottom - high // 3) : bottom + high // 4]
    part *= (1 - SHADE * np.exp(-away))[..., None].astype(np.float32)


def _image(picture: NDArray[np.generic]) -> Image:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)
