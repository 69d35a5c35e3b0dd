"""Insects at the lens: too near to be sharp, large, and jerky. By day they are dark, by infrared they shine."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.weather.light import infrared
from simulator.weather.setting import Act, Image, Plane, Setting, picture

STEP_S = 0.01
LONGEST_S = 120.0
EXPOSURE_S = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """Where it is each STEP_S: (n, 2) in shares of the picture's width, and where it heads, in radians. comes: seconds
    until it is there."""

    places: NDArray[np.float64]
    heads: NDArray[np.float64]
    comes: float

    def at(self, t: float) -> int:
        return min(max(round((t - self.comes) / STEP_S), 0), len(self.heads) - 1)


def _path(rng: np.random.Generator, aspect: float, speed: float, turn: float, rests: float, comes: float) -> _Path:
    """A walk with random turns (radians a root second) that goes `speed` widths a second, rests that share of the time
    and comes back when it has left the picture by a tenth."""
    count = round(LONGEST_S / STEP_S)
    stretch = rng.exponential(0.8, count)
    marks = np.minimum((np.cumsum(stretch) / STEP_S).astype(int), count)
    pace = np.zeros(count)
    for begin, end, moving in zip(marks, marks[1:], rng.random(count) >= rests, strict=False):
        pace[begin:end] = speed * rng.uniform(0.5, 1.5) if moving else 0.0
        if end >= count:
            break
    pace[: marks[0]] = speed
    heads = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, turn * np.sqrt(STEP_S), count) * (pace > 0))
    steps = pace[:, None] * STEP_S * np.stack([np.cos(heads), np.sin(heads)], axis=1)
    low, high = np.array([-0.1, -0.1]), np.array([1.1, 1.0 / aspect + 0.1])
    free = np.cumsum(steps, axis=0) + low + rng.random(2) * (0.0, 1.0) * (high - low)
    # Reflected at the borders: a triangle wave of the free walk.
    span = high - low
    folded = np.abs((free - low) % (2 * span) - span)
    return _Path(low + span - folded, heads, comes)


def insects_crawling(setting: Setting) -> Act:
    """Walks over the dome in the daylight, stops, turns: a dark body with legs, out of focus."""
    rng = setting.chance()
    aspect = setting.width / setting.height
    paths = [_path(rng, aspect, 0.09, 1.2, 0.45, 1.5 * n) for n in range(setting.of(1, 2, 3))]
    size = setting.of(0.025, 0.05, 0.09) * setting.width
    body = _body(round(size))

    def act(image: Image, t: float) -> Image:
        shown = image.astype(np.float32)
        for path in paths:
            if t >= path.comes:
                i = path.at(t)
                _lay(shown, body, path.places[i] * setting.width, path.heads[i], 28.0)
        return picture(shown)

    return act


def insects_night(setting: Setting) -> Act:
    """Flies in the infrared lamp's light: bright, blurred strokes of curled paths; and moths that blind."""
    rng = setting.chance()
    aspect = setting.width / setting.height
    count, moths = setting.of(3, 9, 22), setting.of(0, 1, 2)
    small = [_path(rng, aspect, rng.uniform(0.4, 1.6), 7.0, 0.05, rng.uniform(0, 6)) for _ in range(count)]
    large = [_path(rng, aspect, 0.5, 5.0, 0.1, rng.uniform(1, 8)) for _ in range(moths)]
    broad = [max(1, round(v * setting.width)) for v in rng.uniform(0.003, 0.012, count)]
    base = infrared(setting)
    thick = max(3, round(setting.of(0.0, 0.035, 0.06) * setting.width))

    def act(image: Image, t: float) -> Image:
        night = base(image, t)
        if t < 0:
            return night
        strokes = np.zeros(night.shape[:2], np.uint8)
        for path, width in zip(small, broad, strict=True):
            _stroke(strokes, path, t, setting.width, width, 220)
        lit = cv2.GaussianBlur(strokes, (0, 0), 0.004 * setting.width)
        if large:
            # So blurred that a quarter of the size shows it all.
            quarter = np.zeros((setting.height // 4, setting.width // 4), np.uint8)
            for path in large:
                _stroke(quarter, path, t, setting.width // 4, max(1, thick // 4), 255)
            soft = cv2.GaussianBlur(quarter, (0, 0), 0.1 * thick)
            lit = cv2.add(lit, cv2.resize(soft, (setting.width, setting.height), interpolation=cv2.INTER_LINEAR))
        return np.asarray(cv2.add(night, cv2.cvtColor(lit, cv2.COLOR_GRAY2BGR)), np.uint8)

    return act


def _stroke(layer: Image, path: _Path, t: float, width: int, thick: int, level: int) -> None:
    """The way it went during the exposure."""
    if t < path.comes:
        return
    i = path.at(t)
    places = path.places[max(0, i - round(EXPOSURE_S / STEP_S)) : i + 1] * width
    cv2.polylines(layer, [np.round(places * 8).astype(np.int32)], False, level, thick, cv2.LINE_AA, 3)


def _body(size: int) -> Plane:
    """(n, n), 0..1: head to the right, three parts, six legs; blurred."""
    n = 4 * size + 1
    middle = 2 * size
    plane = np.zeros((n, n), np.uint8)
    for along, a, b in ((-0.55, 0.6, 0.36), (0.2, 0.3, 0.26), (0.65, 0.22, 0.22)):
        axes = max(1, round(a * size)), max(1, round(b * size))
        cv2.ellipse(plane, (middle + round(along * size), middle), axes, 0, 0, 360, 255, -1)
    for along, bend in ((-0.2, -0.7), (0.15, 0.1), (0.45, 0.8)):
        for side in (-1, 1):
            hip = middle + round(along * size), middle
            knee = middle + round((along + 0.5 * bend) * size), middle + side * round(0.7 * size)
            foot = middle + round((along + bend) * size), middle + side * round(1.3 * size)
            cv2.polylines(plane, [np.array([hip, knee, foot])], False, 230, max(1, size // 8), cv2.LINE_AA)
    blurred = cv2.GaussianBlur(plane, (0, 0), max(0.8, 0.14 * size))
    return np.asarray(blurred / 255.0, np.float32)


def _lay(shown: Plane, body: Plane, place: NDArray[np.float64], head: float, level: float) -> None:
    """The body at `place` (pixels), turned to where it heads, into `shown` in place."""
    n = body.shape[0]
    turned = cv2.warpAffine(body, cv2.getRotationMatrix2D((n // 2, n // 2), -np.degrees(head), 1.0), (n, n))
    x, y = int(place[0]) - n // 2, int(place[1]) - n // 2
    top, left = max(0, y), max(0, x)
    bottom, right = min(shown.shape[0], y + n), min(shown.shape[1], x + n)
    if top >= bottom or left >= right:
        return
    alpha = 0.95 * turned[top - y : bottom - y, left - x : right - x, None]
    part = shown[top:bottom, left:right]
    part[:] = part * (1 - alpha) + level * alpha
