"""Trees in the wind: branches that hang into the picture, and their shadows on the ground. They hang there, still, and
then the wind comes."""

from math import pi, sin

import cv2
import numpy as np

from simulator.weather.setting import Act, Image, Plane, Setting, clouds, picture, ramp

GUST_S = 2.0
SHADE = 0.4


def trees(setting: Setting) -> Act:
    """From an upper corner: leaves that sway with gusts, farther out more, and flutter; the shadow sways with them."""
    rng = setting.chance()
    left = bool(rng.random() < 0.5)
    reach = setting.of(0.3, 0.4, 0.52)
    alpha, colour = _foliage(setting, rng, reach, left)
    swing = setting.of(0.005, 0.014, 0.03) * setting.width
    flutter = 2 * clouds(setting, rng, 25)
    columns, rows = np.meshgrid(np.arange(setting.width, dtype=np.float32), np.arange(setting.height, dtype=np.float32))
    out = np.hypot((columns if left else setting.width - columns), rows) / np.float32(reach * setting.width)
    shadow = _shadow(setting, alpha)
    phases = rng.uniform(0, 2 * np.pi, 3)

    def act(image: Image, t: float) -> Image:
        blow = swing * ramp(t, GUST_S)
        gust = 0.6 + 0.4 * sin(0.7 * t + phases[0])
        sway = gust * (sin(2 * pi * 0.4 * t + phases[1]) + 0.4 * sin(2 * pi * 0.95 * t + phases[2]))
        shaken = np.float32(0.2) * np.sin(np.float32(2 * pi * 1.7 * t) + flutter)
        x, y = (
            columns - np.float32(blow) * (out * np.float32(sway) + shaken),
            rows - np.float32(0.4 * blow * sway) * out,
        )
        leaves = cv2.remap(alpha, x, y, cv2.INTER_LINEAR)
        painted = cv2.remap(colour, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        moved = np.array([[1, 0, 1.5 * blow * sway], [0, 1, 0]], np.float32)
        shade = cv2.warpAffine(shadow, moved, (setting.width, setting.height))
        light = float(np.clip(image.mean() / 110.0, 0.3, 1.2))
        ground = picture(image * (1 - np.float32(SHADE) * shade)[..., None])
        return np.asarray(cv2.blendLinear(ground, picture(painted * np.float32(light)), 1 - leaves, leaves), np.uint8)

    return act


def _foliage(setting: Setting, rng: np.random.Generator, reach: float, left: bool) -> tuple[Plane, Image]:
    """Alpha (h, w) and colour (h, w, 3) of twigs with leaves, to about `reach` of the width from an upper corner."""
    height, width = setting.height, setting.width
    alpha = np.zeros((height, width), np.uint8)
    colour = np.full((height, width, 3), (30, 60, 40), np.uint8)
    for _ in range(round(40 * reach / 0.3)):
        angle, length = rng.uniform(0.05, 1.45), rng.uniform(0.4, 1.0) * reach * width
        for step in np.linspace(0.15, 1, 22):
            spread = 0.05 * width
            x = length * step * np.cos(angle) + rng.normal(0, spread * step)
            y = length * step * np.sin(angle) * 0.8 + rng.normal(0, spread * step)
            place = round(x if left else width - x), round(y)
            shade = rng.uniform(0.4, 1.3)
            leaf = tuple(float(v) for v in shade * np.array([35, 95, 60]))
            axes = max(1, round(0.008 * width * rng.uniform(0.6, 1.3))), max(1, round(0.0035 * width))
            tilt = float(rng.uniform(0, 180))
            cv2.ellipse(alpha, place, axes, tilt, 0, 360, 255, -1, cv2.LINE_AA)
            cv2.ellipse(colour, place, axes, tilt, 0, 360, leaf, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.0012 * width + 0.2).astype(np.float32) / 255
    return soft, colour


def _shadow(setting: Setting, alpha: Plane) -> Plane:
    """The foliage's shadow, blurred, lower down and nearer the middle."""
    left, right = np.split(alpha, [setting.width // 2], axis=1)
    across = (0.2 if left.sum() > right.sum() else -0.2) * setting.width
    matrix = np.array([[1.0, 0.2, across], [0.0, 0.8, 0.5 * setting.height]], np.float32)
    moved = cv2.warpAffine(alpha, matrix, (setting.width, setting.height), borderMode=cv2.BORDER_REFLECT)
    moved[: round(0.45 * setting.height)] = 0
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.006 * setting.width), np.float32)
