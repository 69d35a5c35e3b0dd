"""Rain and fog: what the air between the camera and the scene does.

Rain after Garg and Nayar (Vision and Rain, IJCV 2007): drops spread evenly through the space before the lens, each a
streak as long as it falls during the exposure, so that near ones are long, broad and out of focus and far ones a veil.
Fog after Koschmieder: what is seen at distance d keeps exp(-beta d) of its contrast and gains the airlight.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from simulator.weather.light import infrared
from simulator.weather.setting import Act, Image, Plane, Setting, clouds, mixed, ramp

FOCAL = 0.8
"""Focal length as a share of the picture's width: some 64 degrees across."""
FALL_M_S, DROP_M = 8.0, 0.002
DAY_EXPOSURE_S, NIGHT_EXPOSURE_S = 1 / 60, 1 / 30
NEAREST_M, DAY_FARTHEST_M, NIGHT_FARTHEST_M = 0.4, 15.0, 6.0
BLURRED_M = 1.2
"""Nearer than this a drop is out of focus."""
SETS_IN_S = 3.0
FOG_GROWS_S = 25.0


def rain(setting: Setting) -> Act:
    """By day: faint, bright streaks, a veil and, from medium on, drops on the dome."""
    return _rain(setting, night=False)


def rain_night(setting: Setting) -> Act:
    """By the camera's own infrared lamp: near drops shine, far ones are not seen."""
    return _rain(setting, night=True)


def _rain(setting: Setting, night: bool) -> Act:
    rng = setting.chance()
    wind = rng.uniform(-0.35, 0.35)
    count = setting.of(150, 450, 1100)
    opacity = setting.of(0.4, 0.6, 0.85)
    veil = 0.0 if night else setting.of(0.05, 0.12, 0.22)
    drops = [_DomeDrop.some(setting, rng) for _ in range(setting.of(0, 4, 10))]
    base = infrared(setting) if night else (lambda image, _t: image)

    def act(image: Image, t: float) -> Image:
        image = base(image, t)
        if t < 0:
            return image.copy()
        amount = ramp(t, SETS_IN_S)
        light = 245.0 if night else min(240.0, max(float(image.mean()) * 1.5, 150.0))
        streaks = _streaks(setting, t, round(count * amount), wind + 0.08 * np.sin(0.9 * t), night)
        wet = mixed(image, light, veil * amount + (1 - veil * amount) * opacity * streaks)
        for drop in drops:
            drop.bend(wet, t)
        return wet

    return act


def _streaks(setting: Setting, t: float, count: int, wind: float, night: bool) -> Plane:
    """(h, w), 0..1: how much of the exposure each pixel saw a drop. wind: metres across for each metre of fall."""
    rng = setting.chance_at(t)
    height, width = setting.height, setting.width
    far, exposure = (NIGHT_FARTHEST_M, NIGHT_EXPOSURE_S) if night else (DAY_FARTHEST_M, DAY_EXPOSURE_S)
    z = far * rng.random(count) ** (1 / 3)
    z = np.maximum(z, NEAREST_M)
    per_metre = FOCAL * width / z
    length = per_metre * FALL_M_S * exposure * rng.uniform(0.7, 1.1, count)
    slant = wind + rng.normal(0, 0.03, count)
    x, y = rng.uniform(-0.1, 1.1, count) * width, rng.uniform(-0.2, 1.0, count) * height
    broad = per_metre * DROP_M
    # A streak narrower than a pixel lights it in proportion; the lamp's light falls with the square of the distance.
    bright = np.clip(1.5 * broad, 0.45, 1.0) * (np.clip((2.0 / z) ** 2, 0.1, 1.0) if night else 1.0)
    layers = np.zeros((2, height, width), np.uint8)
    begins = np.stack([x, y], axis=1).astype(int).tolist()
    ends = np.stack([x + slant * length, y + length], axis=1).astype(int).tolist()
    thick = np.maximum(1, np.round(broad * np.where(z < BLURRED_M, 2.0, 1.0))).astype(int).tolist()
    for i, (level, near) in enumerate(zip((255 * bright).astype(int).tolist(), (z < BLURRED_M).tolist(), strict=True)):
        cv2.line(layers[int(near)], begins[i], ends[i], level, thick[i], cv2.LINE_AA)
    blurred = cv2.GaussianBlur(layers[1], (0, 0), max(0.8, 0.004 * width))
    return np.asarray(np.maximum(layers[0], blurred), np.float32) / np.float32(255)


@dataclass(frozen=True, slots=True)
class _DomeDrop:
    """A drop that hangs on the dome: a small lens that shows its surroundings upside down and blurred, and now and then
    slides. Pixels; `lands` and `slides` in seconds."""

    x: int
    y: int
    radius: int
    lands: float
    slides: float

    @staticmethod
    def some(setting: Setting, rng: np.random.Generator) -> "_DomeDrop":
        radius = max(3, round(setting.width * rng.uniform(0.012, 0.035)))
        x, y = (int(v) for v in rng.uniform(0.05, 0.95, 2) * (setting.width, setting.height))
        return _DomeDrop(x, y, radius, rng.uniform(0, 12), rng.uniform(8, 25))

    def bend(self, wet: Image, t: float) -> None:
        """Into `wet`, in place."""
        if t < self.lands:
            return
        height, width = wet.shape[:2]
        y = self.y + round(max(0.0, t - self.slides) * 0.12 * height)
        r = self.radius
        if not (r <= y < height - r and r <= self.x < width - r):
            return
        wide = wet[max(0, y - 3 * r) : y + 3 * r, max(0, self.x - 3 * r) : self.x + 3 * r]
        seen = cv2.GaussianBlur(cv2.resize(np.ascontiguousarray(wide[::-1, ::-1]), (2 * r, 2 * r)), (0, 0), 0.25 * r)
        span = np.arange(2 * r) - r + 0.5
        away = np.hypot(span[:, None], span[None, :]) / r
        alpha = np.clip((1.0 - away) * 3, 0, 0.9)[..., None]
        shade = 1.0 + 0.25 * (span[:, None, None] / r)
        part = wet[y - r : y + r, self.x - r : self.x + r]
        part[:] = np.clip(part * (1 - alpha) + seen * shade * alpha, 0, 255)


def fog(setting: Setting) -> Act:
    """The same at every distance, as before a wall or a square seen from above; it drifts in patches."""
    return _fog(setting, np.ones((setting.height, 1), np.float32), setting.of(0.75, 0.5, 0.3))


def fog_depth(setting: Setting) -> Act:
    """Thicker towards the horizon of flat ground; what is named is the contrast left in the picture's middle."""
    horizon = setting.chance().uniform(-0.3, 0.05)
    down = (np.arange(setting.height) + 0.5) / setting.height
    distance = 1.0 / np.maximum((down - horizon) / (1 - horizon), 0.06)
    middle = 1.0 / ((0.5 - horizon) / (1 - horizon))
    return _fog(setting, (distance / middle).astype(np.float32)[:, None], setting.of(0.75, 0.5, 0.3))


def _fog(setting: Setting, distance: Plane, kept: float) -> Act:
    """distance: (h, 1), 1 where `kept` of the contrast is left in the end."""
    patches = clouds(setting, setting.chance(), 5)
    air: list[float] = []

    def act(image: Image, t: float) -> Image:
        if t < 0:
            return image.copy()
        if not air:
            air.append(min(225.0, max(120.0, float(np.percentile(image, 90)))))
        drift = np.roll(patches, round(0.01 * setting.width * t), axis=1)
        beta = -float(np.log(kept)) * ramp(t, FOG_GROWS_S) * (1 + 0.15 * drift)
        left = np.exp(-np.maximum(beta, 0) * distance)
        return mixed(image, air[0], np.asarray(1 - left, np.float32))

    return act
