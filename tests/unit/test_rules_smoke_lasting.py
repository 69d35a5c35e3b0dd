"""Smoke that hangs there from the first picture on, and what else never rests: cloth, water, lamps, shadows. Drawn."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.rules.smoke_lasting import LONG_S, LastingMemory
from tests.burning import HEIGHT, WIDTH, Draw, X, Y, begins, findings, street, with_smoke
from tests.scenes import every

Drawn = NDArray[np.float32]
STREET = street(1)
BARE = np.full((HEIGHT, WIDTH), 50, np.float32)


def waves(seed: int, lengths: tuple[float, float], rate: float) -> Callable[[float], Drawn]:
    """(HEIGHT, WIDTH) of deviation 1: waves of such lengths (pixels), that pass a place about `rate` times a second."""
    rng = np.random.default_rng(seed)
    parts = [
        (rng.uniform(*lengths), rng.normal(0, 0.6), rate * rng.uniform(0.5, 1.6), rng.uniform(0, 6.28))
        for _ in range(7)
    ]

    def at(t: float) -> Drawn:
        rows = [
            np.sin(6.2832 * ((X * np.cos(way) + Y * np.sin(way)) / long - often * t) + phase)
            for long, way, often, phase in parts
        ]
        return np.asarray(sum(rows) / (len(rows) / 2) ** 0.5, np.float32)

    return at


def grey(level: Drawn) -> Drawn:
    return np.repeat(level[..., None], 3, axis=2)


def cloth(t: float) -> Drawn:
    """A pale sheet in the wind, its folds shaded."""
    sheet = (abs(X - 180) < 60) & (abs(Y - 90) < 35)
    return np.where(sheet[..., None], grey(170 + 18 * waves(0, (20, 70), 0.8)(t)), STREET)


def water(t: float) -> Drawn:
    """A canal with a swell, over half of the picture."""
    return np.where((Y > 80)[..., None], grey(105 + 14 * waves(1, (25, 90), 0.7)(t)), STREET)


def screen_glow(t: float) -> Drawn:
    """A bare wall that a television lights."""
    light = np.random.default_rng(2).uniform(0.1, 1.0, 400)[int(t / 0.2 + 1e-6)]
    glow = np.exp(-(((X - 140) / 60) ** 2) - ((Y - 80) / 40) ** 2)
    return grey(BARE + np.float32(110 * light) * glow)


def headlights(t: float) -> Drawn:
    """On a wet road at night, one pair after the other, some closer behind and brighter than others."""
    rng = np.random.default_rng(7)
    night = BARE
    for start, bright in zip(np.cumsum(rng.uniform(0.4, 1.3, 60)) - 4, rng.uniform(60, 150, 60), strict=True):
        x = 120 * (t - start)
        night = night + np.float32(bright) * np.exp(-(((X - x) / 24) ** 2) - ((Y - 110) / 16) ** 2)
    return grey(night)


def leaves(t: float) -> Drawn:
    """Shadows of a tree on bare ground, in a fitful wind."""
    rng = np.random.default_rng(3)
    shade = cv2.resize(rng.normal(size=(30, 50)).astype(np.float32), (WIDTH + 80, HEIGHT + 80))
    here, there = waves(4, (150, 300), 0.25)(t), waves(5, (150, 300), 0.25)(t)
    dark = cv2.remap(shade, X + 40 + 9 * here, Y + 40 + 6 * there, cv2.INTER_LINEAR)
    under = np.clip(1.6 - np.hypot((X - 160) / 110, (Y - 110) / 60), 0, 1)
    return grey(np.asarray(150 * (1 - 0.5 * under / (1 + np.exp(-9 * dark))), np.float32))


def smoke(t: float) -> Drawn:
    return with_smoke(STREET, t + 8.0, (160, 160), 185.0)


@pytest.mark.parametrize("fps", [5, 10, 15])
def test_smoke_that_was_there_from_the_first_picture_on_is_told(fps: float) -> None:
    said = findings(every(fps, 0, 15), smoke)
    assert [begin >= LONG_S for begin in begins(said)] == [True]
    finding = next(found[0] for _, found in said if found)
    assert [subject.cls for subject in finding.subjects] == ["smoke"]
    assert finding.subjects[0].boxes[0][1] < 120 / HEIGHT
    assert [measure.name for measure in finding.measures] == ["smoke_area"]


@pytest.mark.parametrize("fps", [2, 3])
def test_nothing_is_told_where_looks_are_too_far_apart(fps: float) -> None:
    """As far as torn clouds' shadows change each part on its own, too."""
    assert begins(findings(every(fps, 0, 15), smoke)) == []


def test_looks_are_kept_no_longer_than_it_lasts() -> None:
    """However many pictures a second there are, and after gaps that begin nothing anew."""
    for fps in (2, 5, 15):
        memory = LastingMemory(4)
        for n, t in enumerate(every(fps, 0, 60)):
            if n % 20 < 18:
                memory.add(t, np.ones((5, 6), np.bool_), np.zeros((20, 24), np.uint8), np.zeros((2, 5, 6), np.float32))
        assert t - memory._looks[1].t < LONG_S
        assert len(memory._looks) <= LONG_S * fps + 2


def test_another_shot_begins_anew() -> None:
    said = findings(every(5, 0, 18), lambda t: smoke(t) if t >= 4 else 255 - STREET)
    assert [begin >= 4 + LONG_S for begin in begins(said)] == [True]


@pytest.mark.parametrize("high", [HEIGHT - 4, HEIGHT + 2])
def test_a_picture_of_nearly_the_same_size_begins_anew(high: int) -> None:
    """As many cells, but not as many rows."""
    said = findings(every(5, 0, 28), lambda t: smoke(t) if t < 10 else cv2.resize(smoke(t), (WIDTH, high)))
    assert begins(said)[0] >= 10 + LONG_S


@pytest.mark.parametrize("draw", [cloth, water, screen_glow, headlights, leaves])
def test_what_never_rests_either_is_no_smoke(draw: Draw) -> None:
    assert begins(findings(every(5, 0, 16), draw)) == []
