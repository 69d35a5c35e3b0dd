"""Things from look to look: regions that run together, and more than a hand puts down at once."""

import numpy as np

from edge_agent.core.background import Background, Look
from edge_agent.core.change import Traits
from edge_agent.core.changes import Lasting
from edge_agent.core.things import TOGETHER, Things
from edge_agent.core.tracks import View
from edge_agent.core.types import Box
from tests.scenes import T0
from tests.yards import ASPECT, HEIGHT, WIDTH, Told, ground, thing, window

ONE, TWO = (0.4, 0.6, 0.45, 0.7), (0.46, 0.6, 0.51, 0.7)
BOTH = thing(thing(ground(), ONE), TWO, 60.0, 2)
TRAITS = Traits(outline=3.0, foreign=0.5, alike=0.0, sharp=0.4, step=50.0)


def look(t: float) -> Look:
    """At the yard with both, after it was known without."""
    background, found = Background(), None
    for at, shown in ((0.0, ground()), (1.0, ground()), (2.0, ground()), (t, BOTH)):
        picture = Told(np.asarray(np.clip(shown, 0, 255), np.uint8), T0 + at)
        found, _ = background.look(View(T0 + at, (), ASPECT, picture=picture))
    assert found is not None
    return found


def region(box: Box, since: float) -> Lasting:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[window(box)] = True
    return Lasting((slice(0, HEIGHT), slice(0, WIDTH)), mask, box, "put", TRAITS, T0 + since)


def test_two_things_whose_regions_run_together_stay_two() -> None:
    things = Things()
    things.step(look(6), [region(ONE, 0), region(TWO, 3)])
    merged = region((ONE[0], ONE[1], TWO[2], TWO[3]), 0)
    for t in (7, 8, 20):
        assert [known.box for known in things.step(look(t), [merged])] == [ONE, TWO]


def test_what_was_seen_in_parts_at_first_is_one() -> None:
    things = Things()
    assert len(things.step(look(6), [region(ONE, 2), region(TWO, 3)])) == 2
    whole = (ONE[0], ONE[1], TWO[2], TWO[3])
    for t in (7, 8, 20):
        (known,) = things.step(look(t), [region(whole, 2)])
        assert (known.box, known.born) == (whole, T0 + 2)


def test_too_much_at_once_is_nothing() -> None:
    boxes = [(0.1 * n, 0.5, 0.1 * n + 0.05, 0.6) for n in range(1, TOGETHER + 1)]
    assert Things().step(look(6), [region(box, 1.0) for box in boxes]) == []
    assert len(Things().step(look(6), [region(box, 1.0) for box in boxes[1:]])) == TOGETHER - 1
