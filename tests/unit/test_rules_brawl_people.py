"""Who was where lately, and who was close to whom."""

import numpy as np
import pytest

from edge_agent.core.rules.brawl_people import People
from edge_agent.core.types import Box

LEFT: Box = (0.1, 0.4, 0.2, 0.7)
"""Three tenths of the picture high."""
HERE, THERE = np.array([[0.0, 0.3, 0.3, 0.8]]), np.array([[0.6, 0.3, 0.9, 0.8]])


def seen(*looks: tuple[float, tuple[Box, ...]], aspect: float = 1.0) -> People:
    people = People(3.0)
    for t, boxes in looks:
        people.see(t, boxes, aspect)
    return people


@pytest.mark.parametrize(
    ("other", "close"),
    [
        ((0.15, 0.4, 0.25, 0.7), True),
        ((0.34, 0.4, 0.44, 0.7), True),  # 0.14 away, 0.15 are half a body height
        ((0.36, 0.4, 0.46, 0.7), False),
        ((0.2, 0.4, 0.25, 0.53), False),  # less than half as high
        ((0.2, 0.4, 0.25, 0.55), True),
    ],
)
def test_close_is_half_a_body_height_and_of_like_size(other: Box, close: bool) -> None:
    whole = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert seen((0.0, (LEFT, other))).pair(whole) is close
    assert seen((0.0, (other, LEFT))).pair(whole) is close


def test_a_wide_picture_lays_people_farther_apart() -> None:
    other = (0.3, 0.4, 0.4, 0.7)
    whole = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert seen((0.0, (LEFT, other))).pair(whole)
    assert not seen((0.0, (LEFT, other)), aspect=16 / 9).pair(whole)


def test_each_of_a_pair_has_a_part_in_the_places() -> None:
    people = seen((0.0, (LEFT, (0.22, 0.4, 0.32, 0.7))))
    assert people.pair(HERE)
    assert not people.pair(THERE)
    assert not people.pair(np.array([[0.0, 0.3, 0.21, 0.8]]))
    assert people.pair(np.array([[0.0, 0.3, 0.15, 0.8], [0.3, 0.3, 0.5, 0.8]]))


def test_who_was_seen_at_different_times_is_no_pair() -> None:
    assert not seen((0.0, (LEFT,)), (0.2, ((0.15, 0.4, 0.25, 0.7),))).pair(HERE)


def test_people_are_forgotten_after_the_span() -> None:
    people = seen((0.0, (LEFT, LEFT)))
    people.see(3.0, (), 1.0)
    assert people
    assert people.pair(HERE)
    people.see(3.1, (), 1.0)
    assert not people
    assert not people.pair(HERE)


def test_places_are_touched_by_whoever_was_there() -> None:
    places = np.concatenate([HERE, THERE])
    assert seen().touched(places).tolist() == [False, False]
    assert seen((0.0, (LEFT,))).touched(places).tolist() == [True, False]
    assert seen((0.0, (LEFT,)), (1.0, ((0.7, 0.4, 0.8, 0.6),))).touched(places).tolist() == [True, True]
