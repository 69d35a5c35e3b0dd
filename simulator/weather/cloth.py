"""What hangs or stretches before the camera and is moved by the wind: a flag, a spider's threads."""

from math import pi, sin

import cv2
import numpy as np

from simulator.weather.light import infrared
from simulator.weather.setting import Act, Image, Plane, Setting, picture, ramp

GUST_S = 2.0
RED, WHITE = (np.array(colour, np.float32) for colour in ((40.0, 30.0, 205.0), (235.0, 235.0, 235.0)))
"""BGR of Indonesia's flag."""


def flag(setting: Setting) -> Act:
    """Red over white on a pole, by day; it hangs still, then the wind comes."""
    rng = setting.chance()
    wide = round(setting.of(0.1, 0.17, 0.28) * setting.width)
    high = min(round(0.66 * wide), setting.height // 2)
    left = rng.uniform(0.05, 0.9) * (setting.width - wide)
    top = rng.uniform(0.1, 0.6) * (setting.height - high)
    phases, lengths = rng.uniform(0, 2 * pi, 2), rng.uniform(0.5, 0.9, 2)
    columns, rows = np.meshgrid(np.arange(setting.width, dtype=np.float32), np.arange(setting.height, dtype=np.float32))
    along = (columns - np.float32(left)) / wide

    def act(image: Image, t: float) -> Image:
        blow = 0.12 * ramp(t, GUST_S) * (0.8 + 0.2 * sin(0.8 * t + phases[0]))
        slow, quick = (2 * pi * (along / length - rate * t) for length, rate in zip(lengths, (1.1, 2.3), strict=True))
        wave = np.sin(slow + phases[0]) + 0.4 * np.sin(quick + phases[1])
        down = (rows - top) / high - np.float32(blow) * np.clip(along, 0, 1) * wave
        there = ((along >= 0) & (along < 1) & (down >= 0) & (down < 1)).astype(np.float32)
        shade = (1 + np.float32(2.5 * blow) * np.clip(along, 0, 1) * np.cos(slow + phases[0]))[..., None]
        light = float(np.clip(image.mean() / 120.0, 0.3, 1.1))
        cloth = picture(np.where(down[..., None] < 0.5, RED, WHITE) * shade * light)
        soft = cv2.GaussianBlur(there, (0, 0), 0.8)
        return np.asarray(cv2.blendLinear(image, cloth, 1 - soft, soft), np.uint8)

    return act


def spider_threads(setting: Setting) -> Act:
    """By infrared: threads across the lens, bright and out of focus, on one of which its spider comes and goes. Without
    wind until it begins."""
    rng = setting.chance()
    base = infrared(setting)
    size = np.array([setting.width, setting.height])
    spans = [rng.uniform((-0.1, -0.2, 0.6, 0.2), (0.4, 0.6, 1.1, 1.2)) for _ in range(setting.of(2, 4, 8))]
    sags, rates, phases = (rng.uniform(low, high, len(spans)) for low, high in ((0.02, 0.1), (0.3, 1.4), (0, 2 * pi)))
    swing, level = setting.of(0.01, 0.025, 0.05), setting.of(90, 150, 220)
    broad = max(1, round(0.004 * setting.width))
    body = setting.of(0.012, 0.022, 0.035) * setting.width

    def act(image: Image, t: float) -> Image:
        layer = np.zeros(image.shape[:2], np.uint8)
        blow, s = swing * ramp(t, GUST_S), np.linspace(0, 1, 24)[:, None]
        for n, (span, sag, rate, phase) in enumerate(zip(spans, sags, rates, phases, strict=True)):
            sway = sag + blow * sin(2 * pi * rate * max(t, 0.0) + phase)
            way = ((1 - s) * span[:2] + s * span[2:] + 4 * s * (1 - s) * (0.3 * sway, sway)) * size
            cv2.polylines(layer, [np.round(8 * way).astype(np.int32)], False, level, broad, cv2.LINE_AA, 3)
            if n == 0 and t >= 0:
                place = way[round(11.5 + 11 * sin(0.35 * t + phase))]
                cv2.circle(layer, (round(float(place[0])), round(float(place[1]))), round(body), 255, -1)
        lit: Plane = cv2.GaussianBlur(layer, (0, 0), 0.004 * setting.width).astype(np.float32)
        return picture(base(image, t) + lit[..., None])

    return act
