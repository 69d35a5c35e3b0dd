"""Smoke and fire as cameras of other levels show them, and what has a flame's colour by chance."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.rules.flames import RAGGED, edge
from edge_agent.core.rules.levels import FULL, LEAST, LevelMemory
from tests.burning import HEIGHT, WIDTH, X, Y, begins, findings, street, with_fire, with_smoke
from tests.scenes import every

STREET = street()
BLACK_TO_WHITE = STREET.copy()
BLACK_TO_WHITE[:4], BLACK_TO_WHITE[-4:] = 0.0, 255.0


@pytest.mark.parametrize("burning", [with_fire, with_smoke])
@pytest.mark.parametrize("contrast", [0.9, 0.7])
def test_a_pale_camera_tells_as_soon_as_another(
    burning: Callable[[NDArray[np.float32], float], NDArray[np.float32]], contrast: float
) -> None:
    """Which has black and white in view, as nearly every one has."""

    def draw(t: float) -> NDArray[np.float32]:
        return burning(BLACK_TO_WHITE, t - 1) if t >= 1 else BLACK_TO_WHITE

    def pale(t: float) -> NDArray[np.float32]:
        return np.asarray(100 * (1 - contrast) + contrast * draw(t), np.float32)

    (usual,) = begins(findings(every(5, 0, 8), draw))
    (begin,) = begins(findings(every(5, 0, 8), pale))
    assert begin == pytest.approx(usual, abs=0.41)


def test_the_levels_of_a_camera_are_those_it_has_shown() -> None:
    memory = LevelMemory()
    dull = np.full((4, 4, 3), 90, np.uint8)
    assert memory.look(dull).contrast == LEAST
    lit = dull.copy()
    lit[0, 0] = (40, 90, 240)
    found = memory.look(lit)
    assert found.black == 40
    assert found.contrast == pytest.approx(200 / 255)
    assert memory.look(dull) == found
    lit[0, 0] = (0, 90, 255)
    assert memory.look(lit) == FULL


def test_speckles_of_a_flames_colour_are_none() -> None:
    """Sand or leaves in the sun, of which other grains have it at each look."""
    place = (abs(X - 160) < 20) & (abs(Y - 90) < 10)

    def heap(t: float, grain: int) -> NDArray[np.float32]:
        rng = np.random.default_rng(round(t * 1000))
        grains = rng.uniform(0, 1, (HEIGHT // grain, WIDTH // grain)).repeat(grain, 0).repeat(grain, 1)
        level = np.stack((40 + 50 * grains, 90 + 140 * grains, 225 + 25 * grains), axis=-1)
        return np.where((place & (grains > 0.5))[..., None], level, STREET).astype(np.float32)

    assert begins(findings(every(5, 0, 5), lambda t: heap(t, 1))) == []
    assert len(begins(findings(every(5, 0, 5), lambda t: heap(t, 10)))) == 1


@pytest.mark.parametrize(("deep", "told"), [(5.0, 0), (40.0, 1)])
def test_what_only_just_has_the_colour_does_not_flicker(deep: float, told: int) -> None:
    """A coat in coarse blocks: whether they glow changes at each look, though they change by a few grey levels."""
    place = (abs(X - 160) < 40) & (abs(Y - 90) < 20)

    def coat(t: float) -> NDArray[np.float32]:
        rng = np.random.default_rng(round(t * 1000))
        blocks = deep * (rng.uniform(0, 1, (HEIGHT // 10, WIDTH // 10)) > 0.5).repeat(10, 0).repeat(10, 1)
        level = np.stack((0 * X + 20, 90 + 0.75 * (X - 160) + blocks, 197.5 + blocks), axis=-1)
        return np.where(place[..., None], level, BLACK_TO_WHITE).astype(np.float32)

    assert len(begins(findings(every(5, 0, 5), coat))) == told


@pytest.mark.parametrize("side", [12, 40])
def test_a_body_has_less_edge_than_grains_have(side: int) -> None:
    whole = np.zeros((60, 60), np.bool_)
    whole[10 : 10 + side, 10 : 10 + side] = True
    assert edge(whole) == pytest.approx(1 / side)
    assert edge(whole & (X[:60, :60] % 2 == 0)) > RAGGED
    assert edge(np.zeros_like(whole)) == 1.0
