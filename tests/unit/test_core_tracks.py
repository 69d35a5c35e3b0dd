"""Track memory: mending of id switches by place and time, and who still stands there when nothing moves."""

import pytest

from edge_agent.core.tracks import FORGET_S, TrackMemory
from edge_agent.core.types import Track
from tests.scenes import person


def names(memory: TrackMemory, t: float, *tracks: Track) -> list[int]:
    """The figures' ids, left to right."""
    return [int(figure.id) for figure in sorted(memory.look(tracks, t, 1.0).figures, key=lambda figure: figure.foot)]


def test_a_track_keeps_its_figure() -> None:
    memory = TrackMemory()
    assert names(memory, 0.0, person(7, (0.2, 0.5)), person(9, (0.8, 0.5))) == [1, 2]
    assert names(memory, 0.2, person(9, (0.8, 0.5)), person(7, (0.22, 0.5))) == [1, 2]


def test_a_new_track_where_another_vanished_continues_it() -> None:
    memory = TrackMemory()
    first = names(memory, 0.0, person(1, (0.5, 0.5)))
    names(memory, 0.5)
    assert names(memory, 1.0, person(2, (0.55, 0.5))) == first
    assert names(memory, 1.2, person(2, (0.56, 0.5))) == first


@pytest.mark.parametrize(
    ("t", "again"),
    [
        (2.5, person(2, (0.5, 0.5))),
        (1.0, person(2, (0.9, 0.5))),
        (1.0, person(2, (0.5, 0.5), cls="car")),
        (1.0, person(2, (0.5, 0.5), height=0.5)),
        (1.0, person(2, (0.5, 0.5), height=0.0)),
    ],
    ids=["too late", "too far", "another class", "another size", "no height"],
)
def test_what_cannot_be_the_same_is_somebody_else(t: float, again: Track) -> None:
    memory = TrackMemory(heal_s=2.0)
    assert names(memory, 0.0, person(1, (0.5, 0.5))) == [1]
    assert names(memory, t, again) == [2]


def test_somebody_who_is_still_in_sight_is_not_continued_by_another() -> None:
    memory = TrackMemory()
    names(memory, 0.0, person(1, (0.5, 0.5)))
    assert names(memory, 0.2, person(1, (0.5, 0.5)), person(2, (0.52, 0.5))) == [1, 2]


def test_two_switches_at_once_are_mended_nearest_first() -> None:
    memory = TrackMemory()
    names(memory, 0.0, person(1, (0.40, 0.5)), person(2, (0.50, 0.5)))
    assert names(memory, 0.5, person(3, (0.42, 0.5)), person(4, (0.51, 0.5))) == [1, 2]


def test_the_old_track_that_comes_back_after_being_continued_is_new() -> None:
    memory = TrackMemory()
    names(memory, 0.0, person(1, (0.5, 0.5)))
    names(memory, 0.4, person(2, (0.5, 0.5)))
    assert names(memory, 0.6, person(2, (0.5, 0.5)), person(1, (0.6, 0.5))) == [1, 2]


def test_with_no_time_to_heal_ids_are_taken_as_they_are() -> None:
    memory = TrackMemory(heal_s=0.0)
    names(memory, 0.0, person(1, (0.5, 0.5)))
    assert names(memory, 0.1, person(2, (0.5, 0.5))) == [2]


def test_a_walker_is_expected_where_the_walk_leads() -> None:
    memory = TrackMemory()
    for n in range(10):
        names(memory, n / 5, person(1, (0.2 + 0.02 * n, 0.5)))
    assert names(memory, 3.2, person(2, (0.52, 0.5))) == [1], "0.7 body heights further on"
    memory = TrackMemory()
    for n in range(10):
        names(memory, n / 5, person(1, (0.2 + 0.02 * n, 0.5)))
    assert names(memory, 3.2, person(2, (0.24, 0.5))) == [2], "as far back"


def test_holding_keeps_everyone_of_the_last_look_and_their_clocks() -> None:
    memory = TrackMemory(heal_s=2.0)
    names(memory, 0.0, person(1, (0.5, 0.5)))
    for t in (1.0, 2.0, 3.0, 4.0):
        held = memory.hold(t)
        assert held.held
        assert [figure.foot for figure in held.figures] == [pytest.approx((0.5, 0.5))]
    assert names(memory, 5.0, person(2, (0.5, 0.5))) == [1], "standing still for 4 s is no gap"


def test_holding_forgives_a_detector_that_just_missed_someone_but_not_someone_long_gone() -> None:
    memory = TrackMemory()
    names(memory, 0.0, person(1, (0.2, 0.5)), person(2, (0.8, 0.5)))
    names(memory, 1.5, person(1, (0.2, 0.5)))
    names(memory, 2.0)
    assert [int(figure.id) for figure in memory.hold(2.2).figures] == [1]


def test_memory_is_bounded() -> None:
    memory = TrackMemory()
    for n in range(500):
        memory.look([person(n, (0.5, 0.5))], n * 10.0, 1.0)
    assert len(memory._last) <= FORGET_S / 10 + 1
    assert len(memory._names) == len(memory._last)


def test_who_stands_in_a_place_goes_by_the_foot_within_the_frame_whoever_asks_first() -> None:
    tracks = person(1, (0.2, 0.5)), person(2, (0.4, 1.02)), person(3, (0.8, 0.5))
    view = TrackMemory().look(tracks, 0.0, 1.0)
    left, below, right = sorted(view.figures, key=lambda figure: figure.foot)
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    other = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    assert view.there([below], half) == [below]
    assert view.there([right, below, left], half) == [below, left]
    assert view.there([right, below, left], other) == [right]
