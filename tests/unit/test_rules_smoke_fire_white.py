"""White things with something red beside them, which change as flames do and are none. Drawn; a rule that took what is
blown out and has a reddish rim for a flame told them (docs/design/decisions/rules.md)."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.burning import HEIGHT, WIDTH, Draw, X, Y, begins, findings, street
from tests.scenes import every

Drawn = NDArray[np.float32]
WHITE = np.float32(250)


def running_text(seed: int) -> Draw:
    """White letters with a red glow, which run over a dark board."""
    letters = np.zeros((24, 900), np.uint8)
    cv2.putText(letters, "PROMO 50% HARI INI * BUKA 24 JAM *", (4, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (1,), 2)
    sharp = letters.astype(np.float32)[..., None]
    glow = np.clip(2 * cv2.GaussianBlur(letters.astype(np.float32), (0, 0), 2), 0, 1)[..., None]
    lit = (20 * (1 - glow) + np.array((90, 60, 240), np.float32) * glow) * (1 - sharp) + WHITE * sharp
    wall, pace = street(seed), np.random.default_rng(seed).uniform(5, 60)

    def draw(t: float) -> Drawn:
        left = int(pace * t) % 400
        picture = wall.copy()
        picture[80:104, 90:230] = lit[:, left : left + 140]
        return picture

    return draw


def umbrellas(seed: int) -> Draw:
    """White and red ones, which go to and fro in front of each other."""
    rng = np.random.default_rng(seed)
    places = rng.uniform((60, 70), (260, 140), (14, 2))
    ways = 2 * rng.uniform(-10, 10, (14, 2)) * (1, 0.3)
    phases, ground = rng.uniform(0, 6, 14), street(seed)

    def draw(t: float) -> Drawn:
        picture = ground.copy()
        for n, (x, y) in enumerate(places + ways * np.sin(0.4 * t + phases)[:, None]):
            colour = WHITE if n % 2 else np.array((150, 150, 240), np.float32)
            picture[((X - x) / 10) ** 2 + ((Y - y) / 6) ** 2 < 1] = colour * np.float32(0.96 + 0.04 * np.sin(5 * t + n))
        return picture

    return draw


@pytest.mark.parametrize("seed", [1, 4, 5, 7])
@pytest.mark.parametrize("scene", [running_text, umbrellas])
def test_what_is_white_and_red_and_changes_is_no_fire(scene: Callable[[int], Draw], seed: int) -> None:
    draw = scene(seed)
    assert draw(0.0).shape == (HEIGHT, WIDTH, 3)
    assert not begins(findings(every(5, 0, 9), draw))
