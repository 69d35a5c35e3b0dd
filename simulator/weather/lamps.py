"""Lamps of a town's night that are neither street nor car: police lights, fireworks, a screen of light-emitting diodes.
What they light is the scene itself; what blinds the lens lies over it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.weather.light import DUSK_COLOUR, NIGHT
from simulator.weather.setting import Act, Grain, Image, Plane, Setting, bell, clouds, picture

BLUE, RED = (np.array(colour, np.float32) for colour in ((1.0, 0.25, 0.1), (0.12, 0.1, 1.0)))
FLASHES_HZ, STROBES, STROBE_S = 2.0, 2, 0.06
"""Each side of the bar comes so often, in so many strobes of that length."""
BURST_S, FLASH_S, DRAG, FALL = 1.6, 0.25, 3.0, 0.12
"""A firework's sparks glow so long, its flash lights the ground so long; they are braked (per second) and fall (picture
widths a second, in the end)."""
EXPOSURE_S = 1 / 30
LONGEST_S = 120.0


def police_lights(setting: Setting) -> Act:
    """Cars stand by the road at night, blue and red lamps strobing on their roofs, an ambulance's among them."""
    rng = setting.chance()
    grain = Grain(setting, 3.0)
    bright, radius = setting.of(0.4, 0.8, 1.4), setting.of(0.008, 0.014, 0.024) * setting.width
    bars = []
    for _ in range(setting.of(1, 2, 3)):
        x, y = rng.uniform(0.15, 0.85) * setting.width, rng.uniform(0.3, 0.7) * setting.height
        pool = bright * bell(setting, x, y + 0.15 * setting.height, 0.35 * setting.width, 0.2 * setting.width)
        lamps = [_lamp(setting, x + side * 1.3 * radius, y, radius) for side in (-1, 1)]
        bars.append((pool[..., None], lamps, rng.uniform(0, 1), FLASHES_HZ * rng.uniform(0.8, 1.3)))

    def act(image: Image, t: float) -> Image:
        light = np.broadcast_to(np.float32(1.5 * NIGHT) * DUSK_COLOUR, image.shape).astype(np.float32)
        glare = np.zeros(image.shape, np.float32)
        for pool, lamps, phase, rate in bars if t >= 0 else ():
            for side, (lamp, colour) in enumerate(zip(lamps, (BLUE, RED), strict=True)):
                lit = np.float32(_strobed((phase + rate * t + 0.5 * side) % 1.0, rate))
                if lit:
                    light += lit * pool * colour
                    glare += lit * lamp * (0.25 + colour)
        return picture(image * light + glare + grain.at(t)[..., None])

    return act


def _strobed(phase: float, rate: float) -> float:
    """Share of the exposure that began at `phase` (0..1 of a period) at which this side is lit."""
    lit = 0.0
    for n in range(STROBES):
        begin, end = 2 * n * STROBE_S, (2 * n + 1) * STROBE_S
        lit += max(0.0, min(end, phase / rate + EXPOSURE_S) - max(begin, phase / rate))
    return lit / EXPOSURE_S


def _lamp(setting: Setting, x: float, y: float, radius: float) -> Plane:
    """(h, w, 1): a core that saturates, a halo and a streak across."""
    core, halo = bell(setting, x, y, radius, 0.7 * radius), bell(setting, x, y, 4 * radius, 4 * radius)
    streak = bell(setting, x, y, 8 * radius, max(1.0, 0.12 * radius))
    return np.asarray(320 * core + 60 * halo + 60 * streak, np.float32)[..., None]


@dataclass(frozen=True, slots=True, eq=False)
class _Burst:
    """At `at` seconds from (x, y), pixels: sparks that fly off with `speeds` (n, 2), pixels a second at first."""

    at: float
    x: float
    y: float
    speeds: NDArray[np.float64]
    colour: NDArray[np.float32]

    def places(self, age: float, fall: float) -> NDArray[np.float64]:
        """(n, 2)."""
        gone = (1 - np.exp(-DRAG * age)) / DRAG
        return np.asarray(self.speeds * gone + (self.x, self.y + fall * (age - gone)))


def fireworks(setting: Setting) -> Act:
    """New Year's night: bursts over the roofs, in colours, whose flashes light up the ground and whose smoke nobody
    sees."""
    rng = setting.chance()
    grain = Grain(setting, 3.0)
    often, reach, flash = setting.of(2.5, 1.2, 0.5), setting.of(0.08, 0.15, 0.25), setting.of(0.3, 0.6, 1.0)
    bursts, t = list[_Burst](), 0.0
    while t < LONGEST_S:
        t += rng.exponential(often)
        angle, swift = rng.uniform(0, 2 * np.pi, 70), np.sqrt(rng.uniform(0.1, 1, 70))
        speeds = DRAG * reach * setting.width * rng.uniform(0.6, 1.2) * swift
        colour = np.asarray(rng.dirichlet((0.6, 0.6, 0.9)), np.float32)
        place = rng.uniform(0.05, 0.95) * setting.width, rng.uniform(0.0, 0.4) * setting.height
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        bursts.append(_Burst(t, *place, speeds[:, None] * directions, colour / colour.max()))

    def act(image: Image, t: float) -> Image:
        light = np.float32(1.5 * NIGHT) * DUSK_COLOUR
        shine = np.zeros(image.shape, np.float32)
        for burst in bursts:
            if 0 <= t - burst.at < BURST_S:
                light = light + np.float32(flash * np.exp(-(t - burst.at) / FLASH_S)) * (0.3 + 0.7 * burst.colour)
                shine += _sparks(setting, burst, t - burst.at)[..., None] * (0.35 + burst.colour)
        return picture(image * light + shine + grain.at(t)[..., None])

    return act


def _sparks(setting: Setting, burst: _Burst, age: float) -> Plane:
    """(h, w), grey levels: short strokes and their glow."""
    layer = np.zeros((setting.height, setting.width), np.uint8)
    fall, level = FALL * setting.width, round(255 * (1 - age / BURST_S))
    now, before = (np.round(8 * burst.places(max(t, 0.0), fall)).astype(np.int32) for t in (age, age - 2 * EXPOSURE_S))
    thick = max(1, round(0.003 * setting.width))
    cv2.polylines(layer, list(np.stack([before, now], axis=1)), False, level, thick, cv2.LINE_AA, 3)
    glow = cv2.GaussianBlur(layer, (0, 0), 0.006 * setting.width)
    return np.asarray(cv2.add(layer, cv2.add(glow, glow)), np.float32)


def led_screen(setting: Setting) -> Act:
    """An advertising screen over the road at night: coloured pictures that move, cuts between them, and their light on
    the ground. Until it begins it shows one picture."""
    rng = setting.chance()
    grain = Grain(setting, 3.0)
    width, bright = round(setting.of(0.14, 0.22, 0.32) * setting.width), setting.of(0.25, 0.5, 0.9)
    height = min(round(0.6 * width), setting.height // 2)
    left = int(rng.integers(0, setting.width - width))
    top = int(rng.integers(0, max(1, setting.height // 2 - height)))
    wide = Setting(height, 3 * width, setting.fps, setting.strength, setting.seed)
    cuts = np.cumsum(rng.uniform(0.8, 4.0, 200))
    shows = [
        picture(np.stack([128 + 110 * clouds(wide, rng, int(rng.integers(5, 16))) for _ in range(3)], axis=2))
        for _ in range(6)
    ]
    pace = rng.uniform(-0.4, 0.4, 6) * width
    middle = left + width / 2, 0.75 * setting.height
    pool = bright * bell(setting, *middle, 1.5 * width, 0.9 * width)[..., None]

    def act(image: Image, t: float) -> Image:
        n = int(np.searchsorted(cuts, max(t, 0.0)))
        begin = round(width + float(pace[n % 6] * (max(t, 0.0) - (cuts[n - 1] if n else 0.0)))) % (2 * width)
        shown = shows[n % 6][:, begin : begin + width]
        tint = np.float32(2 / 255) * shown.mean(axis=(0, 1)).astype(np.float32)
        night = image * (np.float32(1.5 * NIGHT) * DUSK_COLOUR + pool * tint)
        night[top : top + height, left : left + width] = shown
        return picture(night + grain.at(t)[..., None])

    return act
