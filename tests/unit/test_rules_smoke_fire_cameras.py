"""Smoke and fire as cameras of other levels show them, and what has a flame's colour by chance."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.rules.flames import RAGGED, edges, travels
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


@pytest.mark.parametrize(
    ("deep", "inner", "told"),
    [
        pytest.param(40.0, 12.0, 1, id="all of it moves, as in a flame"),
        pytest.param(5.0, 0.0, 0, id="it only just has the colour"),
        pytest.param(40.0, 0.0, 0, id="only its outline is another one, as of sand behind who passes"),
    ],
)
def test_what_has_the_colour_is_a_flame_where_all_of_it_moves(deep: float, inner: float, told: int) -> None:
    """A coat in coarse blocks. deep: grey levels between those that glow and those that do not, which are others at
    each look; inner: by how much those that glow differ among themselves."""
    place = (abs(X - 160) < 40) & (abs(Y - 90) < 20)

    def coat(t: float) -> NDArray[np.float32]:
        rng = np.random.default_rng(round(t * 1000))
        shape = HEIGHT // 10, WIDTH // 10
        lit, bright = rng.uniform(0, 1, shape) > 0.5, rng.uniform(0, inner, shape)
        blocks = (lit * (deep + bright)).repeat(10, 0).repeat(10, 1)
        level = np.stack((0 * X + 20, 90 + 0.75 * (X - 160) + blocks, 197.5 + blocks), axis=-1)
        return np.where(place[..., None], level, BLACK_TO_WHITE).astype(np.float32)

    assert len(begins(findings(every(5, 0, 5), coat))) == told


@pytest.mark.parametrize("speed", [20.0, 30.0])
def test_what_is_on_its_way_through_sun_and_shade_is_no_flame(speed: float) -> None:
    """A painted vehicle in a low sun, under trees that do not move. speed: pixels a second."""
    rng = np.random.default_rng(4)
    paint = rng.uniform(0, 60, (HEIGHT // 5, WIDTH // 5)).repeat(5, 0).repeat(5, 1)
    shade = rng.uniform(0, 1, (HEIGHT // 6, WIDTH // 6 + 1)).repeat(6, 0).repeat(6, 1)[:, :WIDTH] < 0.35

    def vehicle(t: float) -> NDArray[np.float32]:
        middle = round(40 + speed * t)
        level = np.roll(paint, middle, axis=1)
        lit = np.stack((40 + 0 * level, 120 + level, 215 + level / 2), axis=-1) * np.where(shade, 0.6, 1.0)[..., None]
        body = (abs(X - middle) < 14) & (abs(Y - 90) < 15)
        return np.where(body[..., None], lit, BLACK_TO_WHITE).astype(np.float32)

    assert begins(findings(every(5, 0, 6), vehicle)) == []


def test_what_travels_goes_one_way_and_far() -> None:
    def shown(*columns: int) -> list[NDArray[np.bool_]]:
        return [(abs(X - x) < 10) & (abs(Y - 90) < 10) for x in columns]

    assert travels(shown(100, 106, 112, 118))
    assert not travels(shown(100, 102, 104, 106)), "not far"
    assert not travels(shown(100, 118, 100, 118)), "to and fro"
    assert not travels(shown(100))
    assert not travels([np.zeros_like(X, np.bool_)] * 3)


@pytest.mark.parametrize("side", [12, 40])
def test_a_body_has_less_edge_than_grains_have(side: int) -> None:
    whole = np.zeros((60, 60), np.bool_)
    whole[10 : 10 + side, 10 : 10 + side] = True
    shapes = np.stack((whole, whole & (X[:60, :60] % 2 == 0), np.zeros_like(whole)))
    found = edges(shapes, shapes.sum(axis=(1, 2), dtype=np.float64))
    assert found[0] == pytest.approx(1 / side)
    assert found[1] > RAGGED
    assert found[2] == 1.0


@pytest.mark.parametrize(("swing", "hz"), [(0.0, 1.0), (0.1, 0.5), (0.15, 0.5), (0.1, 0.8)])
def test_what_only_the_exposure_reshapes_is_no_flame(swing: float, hz: float) -> None:
    """A lit wall, from orange to yellow, of which more or less is red enough as the exposure swings; and a fire."""

    def exposed(picture: NDArray[np.float32], t: float) -> NDArray[np.float32]:
        return np.asarray(np.clip(picture * (1 + swing * np.sin(2 * np.pi * hz * t)), 0, 255), np.float32)

    light = (1.15 - np.hypot(X - 160, 1.3 * (Y - 95)) / 90)[..., None]
    hue = 0.35 + 0.5 * np.clip((X - 110) / 100, 0, 1)
    wall = light * 235 * np.stack((np.full_like(hue, 0.23), hue, np.ones_like(hue)), axis=-1)
    lit = np.where(light > 0.45, wall, street(1, 70.0))
    assert not begins(findings(every(5, 0, 6), lambda t: exposed(lit, t)))
    assert begins(findings(every(5, 0, 6), lambda t: exposed(with_fire(street(1), t), t)))
