"""Light: night, lamps that flicker, the switch to infrared, headlights. What a lamp lights is the scene itself: the
picture by day times the light that falls on it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import cv2
import numpy as np

from simulator.weather.setting import Act, Grain, Image, Plane, Setting, bell, clouds, picture, ramp

INFRARED = np.array([[0.15, 0.4, 0.45]], np.float32)
"""Of blue, green and red: what a sensor without its infrared filter makes of them."""
LEAVES = 0.6
"""And of what is greener than red and blue: leaves shine in infrared."""
SWITCH_S, BACK_S = 6.0, 18.0
DARK_S, SETTLE_S = 0.25, 0.3
"""The filter moves, the picture is dark; then the gain finds its level."""
LONG = 120.0
"""Seconds for which clouds are drawn."""
NIGHT = 0.16
"""Light of the night, against that of the day."""
DUSK_COLOUR = np.array([1.15, 1.0, 0.85], np.float32)


def infrared(setting: Setting, gain: float = 0.7, noise: float = 4.0) -> Act:
    """The picture by the camera's own infrared lamp: grey, bright in the middle, with noise."""
    grain = Grain(setting, noise)
    pool = 0.25 + 0.75 * bell(setting, setting.width / 2, setting.height / 2, 0.55 * setting.width, 0.6 * setting.width)

    def act(image: Image, t: float) -> Image:
        blue, green, red = cv2.split(image)
        leaves = cv2.subtract(green, cv2.max(blue, red))
        grey = cv2.addWeighted(cv2.transform(image, INFRARED), 1.0, leaves, LEAVES, 0.0)
        return np.asarray(cv2.cvtColor(picture(grey * pool * gain + grain.at(t)), cv2.COLOR_GRAY2BGR), np.uint8)

    return act


def ir_switch(setting: Setting) -> Act:
    """Day, after SWITCH_S infrared, after BACK_S day again; each time within a second: a dark blink, then
    a gain that overshoots."""
    return _switched(setting, (SWITCH_S, BACK_S))


def ir_hunting(setting: Setting) -> Act:
    """At dusk the camera's own lamp makes it take the night for day and switch back, every few seconds."""
    often = setting.of((4.0, 7.0), (2.5, 5.0), (1.2, 3.0))
    return _switched(setting, np.cumsum(setting.chance().uniform(*often, 100)).tolist())


def _switched(setting: Setting, times: Sequence[float]) -> Act:
    """times: seconds at which the filter moves, to infrared at the first."""
    night = infrared(setting, setting.of(0.9, 0.7, 0.5), setting.of(2.0, 4.0, 7.0))
    over = setting.of(0.3, 0.7, 1.3)

    def act(image: Image, t: float) -> Image:
        moved = bisect_right(times, t)
        if moved == 0:
            return image.copy()
        since, dark = t - times[moved - 1], moved % 2 == 1
        shown = night(image, t) if dark else image
        gain = 0.2 if since < DARK_S else 1.0 + over * exp(-(since - DARK_S) / SETTLE_S)
        tint = np.ones(3, np.float32)
        if not dark:
            tint += exp(-since / 0.4) * np.array([0.1, -0.15, 0.2], np.float32)
        return picture(shown * (gain * tint))

    return act


def cloud_shadow(setting: Setting) -> Act:
    """The sun through torn clouds: shadows with soft edges move over the ground."""
    rng = setting.chance()
    dark, pace = setting.of(0.25, 0.4, 0.55), rng.uniform(0.03, 0.12) * setting.width
    sky = clouds(
        Setting(setting.height, round(LONG * pace) + 2 * setting.width, setting.fps, setting.strength, 0), rng, 30
    )

    def act(image: Image, t: float) -> Image:
        begin = min(round(pace * max(t, 0.0)), sky.shape[1] - setting.width)
        shade = 1 / (1 + np.exp(-5 * sky[:, begin : begin + setting.width]))
        light = np.asarray(1 - dark * ramp(t, 2.0) * shade, np.float32)
        return picture(image * light[..., None])

    return act


def flicker_mains(setting: Setting) -> Act:
    """Discharge lamps on 50 Hz against the camera's frame rate: the whole picture beats, and a rolling shutter
    shows bands that wander."""
    rng = setting.chance()
    beat, bands = rng.uniform(0.4, 2.2), rng.uniform(0.7, 2.0)
    swing = setting.of(0.05, 0.14, 0.3)
    rows = np.arange(setting.height, dtype=np.float32)[:, None, None] / setting.height
    colour = np.array([1.0, 0.9, 0.8], np.float32)

    def act(image: Image, t: float) -> Image:
        if t < 0:
            return image.copy()
        wave = 0.5 * np.sin(2 * np.pi * beat * t) + 0.5 * np.sin(2 * np.pi * (0.83 * beat * t + bands * rows))
        return picture(image * (1 + swing * wave * colour).astype(np.float32))

    return act


def flicker_lamp(setting: Setting) -> Act:
    """A street lamp at night that fails: on, off, half lit, without a rhythm."""
    rng = setting.chance()
    x, y = rng.uniform(0.25, 0.75) * setting.width, rng.uniform(0.45, 0.75) * setting.height
    radius = setting.of(0.12, 0.22, 0.38) * setting.width
    pool = setting.of(0.45, 0.7, 1.0) * bell(setting, x, y, radius, 0.6 * radius)[..., None]
    bulb = 255 * bell(setting, x, 0.08 * setting.height, 0.015 * setting.width, 0.015 * setting.width)[..., None]
    grain = Grain(setting, 3.0)
    lengths = rng.exponential(np.tile([0.7, 0.35], 200)) + 0.08
    ends, levels = np.cumsum(lengths), np.tile([1.0, 0.0], 200) + rng.uniform(0, 0.3, 400) * np.tile([-1, 1], 200)

    def act(image: Image, t: float) -> Image:
        lit = 1.0 if t < 0 else float(levels[min(int(np.searchsorted(ends, t)), 399)])
        return picture(image * (NIGHT * 1.5 * DUSK_COLOUR + lit * pool) + lit * bulb + grain.at(t)[..., None])

    return act


@dataclass(frozen=True, slots=True)
class _Car:
    """Comes at `at` seconds. Towards the camera from far to near between the two columns (shares of the width), or,
    `turning`, somewhere outside, so that only its beam sweeps over the ground."""

    at: float
    begin: float
    end: float
    turning: bool
    lasts: float

    def place(self, t: float) -> tuple[float, float, float] | None:
        """(x, y, size): shares of width and height, and 0..1 how near; None while it is not there."""
        along = (t - self.at) / self.lasts
        if not 0 <= along < 1:
            return None
        if self.turning:
            return self.begin + (self.end - self.begin) * along, 0.65, 0.6
        near = 0.08 / (1.08 - along)
        return self.begin + (self.end - self.begin) * near, 0.22 + 0.9 * near, near


def _cars(rng: np.random.Generator) -> list[_Car]:
    found, t = [], 0.5
    while t < 120:
        turning = bool(rng.random() < 0.4)
        ends = rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.9)
        if turning:
            ends = (-0.3, 1.3) if rng.random() < 0.5 else (1.3, -0.3)
        found.append(_Car(t, *ends, turning, rng.uniform(1.5, 3.0) if turning else rng.uniform(3.0, 6.0)))
        t += rng.uniform(2.5, 6.0)
    return found


def headlights_night(setting: Setting) -> Act:
    """Cars come towards the camera or turn outside of the picture: pools of light run over the ground, lamps dazzle."""
    cars = _cars(setting.chance())
    bright, top, radius = setting.of(0.4, 0.8, 1.3), setting.of(120.0, 220.0, 330.0), setting.of(0.02, 0.04, 0.07)
    grain = Grain(setting, 3.0)
    warm = np.array([0.85, 0.95, 1.0], np.float32)

    def act(image: Image, t: float) -> Image:
        light = np.full((setting.height, setting.width), NIGHT, np.float32)
        glare = np.zeros((setting.height, setting.width), np.float32)
        for x, y, near, turning in _there(cars, t):
            reach = (0.06 + 0.25 * near) * setting.width
            below = y * setting.height + (0.0 if turning else reach * 0.8)
            light += bright * bell(setting, x * setting.width, below, reach * (1.5 if turning else 1.0), 0.6 * reach)
            if not turning:
                glare += _lamps(setting, x, y, near, top, radius)
        dark = image * light[..., None] * DUSK_COLOUR
        return picture(dark + glare[..., None] * warm + grain.at(t)[..., None])

    return act


def headlights_day(setting: Setting) -> Act:
    """Lamps, and the sun in a windscreen for a moment; no light on the ground."""
    rng = setting.chance()
    cars = _cars(rng)
    top, radius = setting.of(90.0, 180.0, 280.0), setting.of(0.012, 0.022, 0.04)
    glint = setting.of(0.0, 0.06, 0.14)

    def act(image: Image, t: float) -> Image:
        glare = np.zeros((setting.height, setting.width), np.float32)
        for x, y, near, turning in _there(cars, t):
            if not turning:
                glare += _lamps(setting, x, y, near, top, radius)
            elif glint and 0.45 < x < 0.6:
                size = glint * setting.width
                glare += 1.5 * top * bell(setting, x * setting.width, y * setting.height, size, 0.7 * size)
        return picture(image + glare[..., None])

    return act


def _there(cars: Sequence[_Car], t: float) -> list[tuple[float, float, float, bool]]:
    return [(*place, car.turning) for car in cars if (place := car.place(t)) is not None]


def _lamps(setting: Setting, x: float, y: float, near: float, top: float, radius: float) -> Plane:
    """Two lamps with a wide halo and a streak across, as a lens makes it of light that blinds it."""
    apart = (0.01 + 0.1 * near) * setting.width
    size = radius * (0.3 + 0.7 * near) * setting.width
    total = np.zeros((setting.height, setting.width), np.float32)
    for side in (-1, 1):
        at = x * setting.width + side * apart, y * setting.height
        total += top * bell(setting, *at, size, size)
        total += 0.35 * top * bell(setting, *at, 3 * size, 3 * size)
        total += 0.5 * top * bell(setting, *at, 6 * size, max(1.0, 0.15 * size))
    return total
