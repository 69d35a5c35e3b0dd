"""What is usual: learned in a second, not where somebody stands, under any light, until the view is another one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.background import Background, Look, light
from edge_agent.core.change import traits
from edge_agent.core.changes import put_score
from edge_agent.core.tracks import Figure, View
from tests.scenes import T0, every
from tests.yards import ASPECT, HEIGHT, WIDTH, Told, ground, somebody, thing, window

BAG = (0.5, 0.62, 0.56, 0.72)
GROUND = ground()
WITH_BAG = thing(GROUND, BAG)


def look(
    background: Background, t: float, shown: NDArray[np.float32], figures: tuple[Figure, ...] = ()
) -> tuple[Look, bool]:
    picture = Told(np.asarray(np.clip(shown, 0, 255), np.uint8), T0 + t)
    found, fresh = background.look(View(T0 + t, figures, ASPECT, picture=picture))
    assert found is not None
    return found, fresh


def learned() -> Background:
    background = Background()
    for t in every(2, 0, 4):
        look(background, t, GROUND)
    return background


def test_the_same_picture_is_looked_at_once_and_not_every_picture() -> None:
    background = Background()
    first, fresh = look(background, 0.0, GROUND)
    assert fresh
    assert look(background, 0.0, GROUND) == (first, True)
    assert look(background, 0.2, GROUND) == (first, False)
    assert look(background, 0.5, GROUND)[1]


def test_what_is_put_there_differs_and_is_not_learned() -> None:
    background = learned()
    for t in every(2, 4.5, 60):
        found, _ = look(background, t, WITH_BAG)
    assert found.differs[window(BAG)].mean() > 0.9
    assert found.lasting(50.0)[window(BAG)].mean() > 0.9
    outside = found.differs.copy()
    outside[window(BAG)] = False
    assert not outside.any()


def test_where_somebody_stands_nothing_differs_and_nothing_is_learned() -> None:
    background = learned()
    who = (somebody(1, (0.53, 0.75), 0.5),)
    for t in every(2, 4.5, 20):
        found, _ = look(background, t, WITH_BAG, who)
    assert not found.differs.any()
    found, _ = look(background, 20.5, WITH_BAG)
    assert found.differs[window(BAG)].mean() > 0.9


def test_what_is_accepted_is_usual_and_what_was_stays_known() -> None:
    background = learned()
    for t in every(2, 4.5, 8):
        look(background, t, WITH_BAG)
    part = window(BAG)
    background.accept(part, np.ones((part[0].stop - part[0].start, part[1].stop - part[1].start), np.bool_))
    assert not look(background, 8.5, WITH_BAG)[0].differs.any()
    assert not look(background, 9.0, GROUND)[0].differs.any()
    assert look(background, 9.5, thing(GROUND, BAG, 230.0))[0].differs[part].mean() > 0.9


def test_a_watched_zone_takes_nothing_but_light() -> None:
    background = Background()
    background.watch(((0.4, 0.5), (0.7, 0.5), (0.7, 0.8), (0.4, 0.8)))
    for t in every(2, 0, 4):
        look(background, t, GROUND)
    for t in every(2, 4.5, 8):
        look(background, t, WITH_BAG)
    whole, everywhere = (slice(0, HEIGHT), slice(0, WIDTH)), np.ones((HEIGHT, WIDTH), np.bool_)
    background.accept(whole, everywhere)
    assert look(background, 8.5, WITH_BAG)[0].differs[window(BAG)].mean() > 0.9
    background.accept(whole, everywhere, light=everywhere)
    assert not look(background, 9.0, WITH_BAG)[0].differs.any()


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0.0), (1.4, 0.0), (0.8, 30.0), (1.0, -40.0)])
def test_the_light_of_the_whole_picture_is_no_difference(gain: float, offset: float) -> None:
    background = learned()
    found, _ = look(background, 4.5, gain * WITH_BAG + offset)
    assert found.serial == 1
    assert found.differs[window(BAG)].mean() > 0.7
    outside = found.differs.copy()
    outside[window(BAG)] = False
    assert outside.mean() < 0.001


@pytest.mark.parametrize("fade_s", [0.01, 2.0])
def test_after_lamps_were_off_what_was_usual_is_usual_again(fade_s: float) -> None:
    background = learned()
    across = np.linspace(0, 1, GROUND.shape[1], dtype=np.float32)
    dark = np.rint((0.1 + 0.25 * across**2) * WITH_BAG)
    for t in every(2, 4.5, 30):
        off = float(np.interp(t, [12, 12 + fade_s, 18, 18 + fade_s], [0, 1, 1, 0]))
        found, _ = look(background, t, (1 - off) * WITH_BAG + off * dark)
        if t == 21.0:
            assert found.lasting(14.0)[window(BAG)].mean() > 0.9
    assert np.abs(found.usual - GROUND).mean() < 1.5
    outside = found.differs.copy()
    outside[window(BAG)] = False
    assert found.differs[window(BAG)].mean() > 0.9
    assert not outside.any()


def test_in_a_light_that_stays_another_what_was_usual_is_forgotten() -> None:
    background = learned()
    for t in every(1, 5, 1215):
        found, _ = look(background, t, 0.5 * WITH_BAG)
    found, _ = look(background, 1216, WITH_BAG)
    assert not found.differs.any()


def test_another_view_is_learned_anew() -> None:
    background = learned()
    found, _ = look(background, 4.5, np.roll(GROUND, 50, axis=1))
    assert found.serial == 2
    assert not found.differs.any()
    for t in every(2, 5, 8):
        found, _ = look(background, t, np.roll(GROUND, 50, axis=1))
    assert found.serial == 2


def test_light_is_fitted_without_what_was_put_there() -> None:
    x = GROUND.ravel()[::7]
    y = 0.7 * x + 12
    y[: x.size // 4] = 250
    gain, offset = light(x.astype(np.float32), y.astype(np.float32))
    assert gain == pytest.approx(0.7, abs=0.02)
    assert offset == pytest.approx(12, abs=2)


def test_to_swap_the_pictures_is_to_swap_put_and_taken() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[window(BAG)] = True
    everywhere = np.ones_like(mask)
    now, was = (np.asarray(np.clip(p, 0, 255), np.uint8) for p in (WITH_BAG, GROUND))
    put, taken = traits(now, was, mask, everywhere), traits(was, now, mask, everywhere)
    assert put_score(put) > 0.3
    assert put_score(taken) == pytest.approx(-put_score(put), abs=0.02)
    shaded = np.asarray(np.where(mask, GROUND * 0.6, GROUND), np.uint8)
    assert traits(shaded, was, mask, everywhere).alike > 0.7
    assert put.alike < 0.3


def test_a_view_in_black_and_white_stays_the_same_view() -> None:
    """Two edges of full contrast, multiplied, are more than sixteen bits hold."""
    stripes = np.tile(np.where(np.arange(WIDTH) // 8 % 2, 255.0, 0.0).astype(np.float32), (HEIGHT, 1))
    background = Background()
    assert {look(background, t, stripes)[0].serial for t in every(2, 0, 5)} == {1}
