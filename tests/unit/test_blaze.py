"""What is laid over a scene to burn in it: a function of time and seed, and nothing beyond its place."""

from itertools import pairwise

import numpy as np
import pytest

from simulator.blaze import Thing, burning, cut, laid, lights, waved

SCENE = np.full((90, 160, 3), 100.0, np.float32)
FLAME = Thing(np.full((30, 20, 3), 250.0, np.float32), np.pad(np.ones((26, 12), np.float32), ((4, 0), (4, 4))))


@pytest.mark.parametrize(("x", "y", "seen"), [(80, 60, 600), (0, 60, 300), (80, 10, 200), (80, 110, 200), (-50, 60, 0)])
def test_what_reaches_beyond_the_picture_is_left_out(x: float, y: float, seen: int) -> None:
    full = Thing(FLAME.colour, np.ones((30, 20), np.float32))
    assert int((laid(SCENE, full, x, y) == 250).all(axis=2).sum()) == seen
    assert (SCENE == 100).all()


def test_a_flame_has_another_shape_at_each_look_and_stands_on_its_foot() -> None:
    act = burning(FLAME, 1, 80.0, 60.0)
    shown = [act(SCENE, t) > 175 for t in (0.0, 0.2, 0.4)]
    assert all((a != b).any() for a, b in pairwise(shown))
    assert not any(one[60:].any() for one in shown)
    assert all(one[58:60].any() for one in shown)
    assert np.array_equal(act(SCENE, 0.2), burning(FLAME, 1, 80.0, 60.0)(SCENE, 0.2))
    assert not np.array_equal(waved(FLAME, 2)(0.2).cover, waved(FLAME, 1)(0.2).cover)


def test_cut_out_is_what_is_brighter_or_redder_than_around_it() -> None:
    image = np.full((100, 100, 3), 60, np.uint8)
    image[40:60, 40:60] = 250
    image[40:60, 60:64] = (120, 100, 230)
    thing = cut(image, (0.2, 0.2, 0.8, 0.8), 60)
    assert thing.cover.shape == (60, 60)
    assert thing.cover[25:35, 25:42].min() > 0.9
    assert thing.cover[:15].max() == 0
    assert thing.cover[:, :15].max() == 0


def test_a_flasher_goes_out_and_a_lamp_does_not() -> None:
    acts = {name: act for _, name, act in lights(4, 80.0, 60.0, 0)}
    lit = {name: [bool((act(SCENE, t) != SCENE).any()) for t in np.arange(0, 2, 0.2)] for name, act in acts.items()}
    assert all(lit["lamp switched on"])
    assert 0 < sum(lit["flasher"]) < 10
