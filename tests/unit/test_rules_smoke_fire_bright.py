"""White and red side by side, in one place, with another outline at each look, and no fire: a town's lamps, signs and
flags. Drawn."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.burning import HEIGHT, WIDTH, Draw, X, Y, begins, blend, findings, street
from tests.scenes import every

Drawn = NDArray[np.float32]
WHITE, RED, ORANGE, WARM = (252.0, 252.0, 252.0), (60.0, 50.0, 245.0), (60.0, 150.0, 250.0), (200.0, 230.0, 255.0)
TEXT = "DISKON 50% HARI INI "


def lit(scene: Drawn, colour: Sequence[float], core: Drawn, glow: Drawn) -> Drawn:
    """White in its core, of this colour around; both 0..1."""
    return blend(blend(scene, colour, np.clip(glow, 0, 1)), WHITE, np.clip(core, 0, 1))


def running_text(rng: np.random.Generator) -> Draw:
    """Letters of red diodes that the camera blows out, running through a frame at a fifth of their height and more."""
    x, y, pace = int(rng.uniform(40, 180)), int(rng.uniform(50, 130)), rng.uniform(15, 60)
    letters = np.zeros((24, 900), np.uint8)
    cv2.putText(letters, 3 * TEXT, (0, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.75, 255, 3)
    night = street(1, 40.0)

    def draw(t: float) -> Drawn:
        sign = np.zeros((HEIGHT, WIDTH), np.float32)
        sign[y : y + 24, x : x + 90] = letters[:, int(pace * t) :][:, :90] / 255
        return lit(night, RED, cv2.GaussianBlur(sign, (0, 0), 0.6), 2 * cv2.GaussianBlur(sign, (0, 0), 1.6))

    return draw


def flag(rng: np.random.Generator) -> Draw:
    """Red above white, in the sun, waving."""
    x, y, high, phase = rng.uniform(60, 240), rng.uniform(40, 120), rng.uniform(12, 24), rng.uniform(0, 6.28, 3)
    day = street(2, 110.0)

    def draw(t: float) -> Drawn:
        free = np.clip((X - x) / (1.5 * high), 0, 1)
        wave = 0.12 * np.sin(8.2 * t - 0.35 * X + phase[0]) + 0.1 * np.sin(13.2 * t - 0.2 * X + phase[1])
        down = (Y - y) / high - wave * free
        along = (X - x) / (high * (1.5 - 0.2 * abs(np.sin(3 * t + phase[2]))))
        cloth = (along >= 0) & (along < 1) & (down >= 0) & (down < 1)
        shown = day.copy()
        shown[cloth & (down < 0.5)] = (40, 40, 225)
        shown[cloth & (down >= 0.5)] = 250
        return np.asarray(cv2.GaussianBlur(shown, (0, 0), 0.6), np.float32)

    return draw


def queue(rng: np.random.Generator) -> Draw:
    """Headlights between tail lamps that brake by turns, creeping to and fro."""
    y, phase = rng.uniform(60, 130), rng.uniform(0, 6.28, (10, 2))
    night = street(3, 40.0)

    def draw(t: float) -> Drawn:
        shown = night
        for n, (creep, brake) in enumerate(phase):
            x, low = 15 + 32 * n + 5 * np.sin(0.4 * t + creep), y + 12 * (n % 3)
            size = 2.5 if np.sin(1.5 * t + brake) > -0.2 else 1.0
            for colour, radius, far in (
                (WARM, 2.5, np.hypot(X - x, Y - low)),
                (RED, size, np.hypot(X - x - 9, Y - low - 4)),
            ):
                shown = lit(shown, colour, 3 - 3 * far / radius, 1.8 - far / radius)
        return shown

    return draw


def advertisement(rng: np.random.Generator) -> Draw:
    """A screen whose red and white shapes dissolve into others, twice a second."""
    x, y = int(rng.uniform(20, 250)), int(rng.uniform(20, 140))
    shapes = [cv2.resize(rng.normal(size=(4, 6)), (50, 30), interpolation=cv2.INTER_CUBIC) for _ in range(24)]
    night = street(4, 40.0)

    def draw(t: float) -> Drawn:
        number, share = int(2 * t), 2 * t % 1
        now = (1 - share) * shapes[number] + share * shapes[number + 1]
        screen = np.full((30, 50, 3), (30, 20, 30), np.float32)
        screen[now > 0], screen[now > 0.35] = (70, 60, 245), 250
        shown = night.copy()
        shown[y : y + 30, x : x + 50] = screen
        return shown

    return draw


def mirrored_sign(rng: np.random.Generator) -> Draw:
    """The light of a red sign on running water, blown out in its middle."""
    x, y, wide, phase = rng.uniform(60, 260), rng.uniform(60, 130), rng.uniform(3, 7), rng.uniform(0, 6.28, 2)
    night = street(5, 40.0)

    def draw(t: float) -> Drawn:
        middle = x + 3 * np.sin(0.4 * Y - 7.5 * t + phase[0]) + 2 * np.sin(0.9 * Y + 12 * t)
        ripples = 0.6 + 0.7 * np.sin(0.6 * Y - 9.4 * t + phase[1]) + 0.4 * np.sin(1.3 * Y + 14.5 * t)
        light = np.exp(-(((X - middle) / wide) ** 2)) * (abs(Y - y - 20) < 20) * np.clip(ripples, 0, 1.6)
        return lit(night, RED, 2.5 * light - 1.2, 1.6 * light)

    return draw


def sun_in_leaves(rng: np.random.Generator) -> Draw:
    """A low sun through leaves that move before it."""
    x, y, wide, phase = rng.uniform(60, 260), rng.uniform(60, 140), rng.uniform(9, 27), rng.uniform(0, 6.28, (6, 2))
    wood = blend(street(6, 110.0), (40.0, 70.0, 50.0), np.full((HEIGHT, WIDTH), 0.7, np.float32))

    def draw(t: float) -> Drawn:
        leaves = np.zeros((HEIGHT, WIDTH), np.float32)
        for k, (own, sway) in enumerate(phase):
            along = X * np.cos(1.1 * k) + Y * np.sin(1.1 * k)
            swings = 2 * np.sin(6.28 * (0.3 + 0.25 * k) * t + sway)
            leaves += np.sin(0.25 * (1 + 0.2 * k) * along + own + swings).astype(np.float32)
        sun = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * wide**2)) * np.clip(0.6 * leaves + 0.8, 0, 1)
        return lit(wood, ORANGE, 4 * sun - 1.2, 3 * sun)

    return draw


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("scene", [running_text, flag, queue, advertisement, mirrored_sign, sun_in_leaves])
def test_what_is_white_and_red_and_restless_is_no_fire(scene: Callable[[np.random.Generator], Draw], seed: int) -> None:
    draw = scene(np.random.default_rng(seed))
    assert not begins(findings(every(5, 0, 5), draw))
