"""What the camera does by itself: gain and white balance that hunt, noise of a high gain, a mast that trembles, a clock
that it writes into its picture."""

from math import exp, pi, sin

import cv2
import numpy as np

from simulator.weather.light import DUSK_COLOUR, NIGHT
from simulator.weather.setting import Act, Grain, Image, Setting, picture, ramp

SETTLES_S = 1.2
BLOTCH = 8
"""Pixels: colour noise is that much coarser than the noise of brightness."""


def auto_gain(setting: Setting) -> Act:
    """Every few seconds the exposure jumps and finds its level in a swing, while the white balance drifts."""
    rng = setting.chance()
    jumps = np.cumsum(rng.uniform(2.0, 7.0, 60))
    heights = setting.of(0.12, 0.3, 0.55) * rng.uniform(0.5, 1.0, 60) * rng.choice((-1, 1), 60)
    drift, period = setting.of(0.04, 0.08, 0.15), rng.uniform(8.0, 20.0)
    ringing = rng.uniform(1.0, 2.5)

    def act(image: Image, t: float) -> Image:
        if t < 0:
            return image.copy()
        n = int(np.searchsorted(jumps, t))
        since = t - float(jumps[n - 1]) if n else 1e3
        gain = 1 + heights[n - 1] * exp(-since / SETTLES_S) * np.cos(ringing * since)
        warm = drift * sin(2 * pi * t / period)
        return picture(image * (np.float32(gain) * np.array([1 - warm, 1.0, 1 + warm], np.float32)))

    return act


def gain_noise(setting: Setting) -> Act:
    """A dark night without a lamp: the gain goes up, and with it grains and blotches of colour."""
    sigma = setting.of(6.0, 12.0, 22.0)
    little, much = Grain(setting, 3.0), Grain(setting, sigma)
    high, wide = setting.height // BLOTCH + 1, setting.width // BLOTCH + 1
    gain = setting.of(1.5, 2.2, 3.0)

    def act(image: Image, t: float) -> Image:
        rises = ramp(t, 2.0)
        dark = image * (np.float32(NIGHT * (1 + (gain - 1) * rises)) * DUSK_COLOUR) + 6
        coarse = setting.chance_at(t).normal(0, 0.5 * sigma * rises, (high, wide, 3)).astype(np.float32)
        blotches = cv2.resize(coarse, (setting.width, setting.height), interpolation=cv2.INTER_CUBIC)
        return picture(dark + blotches + ((1 - rises) * little.at(t) + rises * much.at(t))[..., None])

    return act


def mast(setting: Setting) -> Act:
    """A mast that trembles with gusts and passing lorries."""
    rng = setting.chance()
    reach = setting.of(0.001, 0.0025, 0.005) * setting.width
    rates, phases = rng.uniform((0.8, 2.5, 1.5), (1.8, 6.0, 4.0)), rng.uniform(0, 2 * pi, 4)

    def act(image: Image, t: float) -> Image:
        if t < 0:
            return image.copy()
        gust = reach * (0.55 + 0.45 * sin(0.9 * t + phases[3])) * ramp(t, 1.0)
        slow, quick, down = (sin(2 * pi * rate * t + phase) for rate, phase in zip(rates, phases, strict=False))
        moved = np.array([[1, 0, gust * (slow + 0.4 * quick)], [0, 1, 0.5 * gust * down]], np.float32)
        size = setting.width, setting.height
        return np.asarray(
            cv2.warpAffine(image, moved, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )

    return act


def clock(setting: Setting) -> Act:
    """Date and time on a dark strip; it stands still until it begins."""
    rng = setting.chance()
    wide = setting.of(0.3, 0.5, 0.8) * setting.width
    scale = wide / cv2.getTextSize("2026-01-01 00:00:00.00", cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][0]
    high, thick = round(26 * scale), max(1, round(2 * scale))
    left = int(rng.uniform(0, setting.width - wide))
    foot = high + 4 if rng.random() < 0.5 else setting.height - 6
    begins = float(rng.uniform(0, 80000))

    def act(image: Image, t: float) -> Image:
        now = begins + max(t, 0.0)
        text = f"2026-01-01 {int(now // 3600):02d}:{int(now // 60) % 60:02d}:{now % 60:05.2f}"
        shown = image.copy()
        cv2.rectangle(shown, (left, foot - high - 2), (round(left + wide), foot + 4), (20, 20, 20), -1)
        cv2.putText(shown, text, (left, foot), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), thick, cv2.LINE_AA)
        return shown

    return act
