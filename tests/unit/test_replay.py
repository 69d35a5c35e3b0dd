"""When an agent is asked again, and for what; what is known of its numbers."""

from itertools import pairwise

import pytest

from aggregator.core.replay import CAP_S, GRACE_S, Known, Replays
from aggregator.core.sequence import MAX_HOLES, Sequence, give_up, observe, settle
from contract.ranges import Ranges
from contract.replay import MAX_NUMBERS, MAX_RANGES

A, B = ("site", "a"), ("site", "b")


def hearing(*numbers: int) -> Sequence:
    state: Sequence | None = None
    for number in numbers:
        state = observe(state, number)
    assert state is not None
    return state


class Policy:
    """Steps the policy once a second; `asked` is what agent A was asked for, with the second."""

    def __init__(self, numbers: Sequence, told: int = 0) -> None:
        self.replays = Replays()
        self.numbers, self.told, self.reachable = numbers, told, True
        self.now = 1000.0
        self.asked: list[tuple[float, Ranges]] = []

    def run(self, seconds: float) -> "Policy":
        end = self.now + seconds
        while self.now < end:
            known = {A: Known(self.numbers, self.told, self.reachable)}
            asks = self.replays.step(self.now, known)
            self.asked += [(self.now - 1000.0, ask) for ask in asks.values()]
            self.now += 1.0
        return self


def test_nothing_is_asked_where_nothing_is_missing() -> None:
    assert Policy(hearing(5, 6, 7), told=7).run(100).asked == []
    assert Policy(hearing(5, 6, 7)).run(100).asked == []


def test_a_hole_is_asked_for_after_the_grace_and_again_with_growing_pauses() -> None:
    policy = Policy(hearing(1, 4, 8)).run(4000)
    times = [time for time, _ in policy.asked]
    assert {ask for _, ask in policy.asked} == {((2, 3), (5, 7))}
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert (times[0], pauses[:4]) == (GRACE_S, [10, 20, 40, 80])
    assert pauses == sorted(pauses)
    assert max(pauses) == CAP_S


def test_what_comes_within_the_grace_is_not_asked_for() -> None:
    policy = Policy(hearing(1, 3)).run(4)
    policy.numbers = observe(policy.numbers, 2)
    policy.numbers = observe(policy.numbers, 9)
    assert policy.run(4).asked == []
    assert policy.run(10).asked[0][1] == ((4, 8),)


def test_a_lost_tail_is_noticed_by_what_the_agent_says() -> None:
    assert Policy(hearing(1, 2), told=5).run(8).asked == [(GRACE_S, ((3, 5),))]


def test_an_agent_that_is_away_is_left_alone_and_has_its_grace_when_it_is_back() -> None:
    policy = Policy(hearing(1, 4))
    policy.reachable = False
    assert policy.run(100).asked == []
    policy.reachable = True
    assert policy.run(6).asked == [(104.0, ((2, 3),))]


def test_once_all_of_it_came_the_rest_follows_without_a_pause() -> None:
    policy = Policy(hearing(1), told=2500).run(6)
    assert policy.asked == [(5.0, ((2, 1 + MAX_NUMBERS),))]
    for number in range(2, 2 + MAX_NUMBERS):
        policy.numbers = observe(policy.numbers, number)
    policy.run(1)
    assert policy.asked[1:] == [(6.0, ((1002, 2001),))]
    policy.numbers = give_up(policy.numbers, ((1002, 2001),))
    policy.run(1)
    assert policy.asked[2:] == [(7.0, ((2002, 2500),))]


def test_what_never_comes_does_not_hold_up_the_rest() -> None:
    numbers = hearing(*range(1, 6 * MAX_RANGES, 2))
    first, second = (ask for _, ask in Policy(numbers).run(20).asked)
    assert len(first) == len(second) == MAX_RANGES
    assert first[-1] < second[0]


def test_agents_do_not_disturb_each_other() -> None:
    replays = Replays()
    known = {A: Known(hearing(1, 3), 0, True), B: Known(hearing(7, 9), 0, False)}
    replays.step(0, known)
    assert replays.step(6, known) == {A: ((2, 2),)}


def test_a_clock_that_is_set_back_does_not_stop_the_asking() -> None:
    policy = Policy(hearing(1, 3)).run(1)
    policy.now -= 100_000
    assert policy.run(5).asked


def test_what_is_gone_is_lost_until_it_comes_after_all() -> None:
    state = give_up(hearing(1, 5, 9), ((2, 3), (7, 7), (9, 12)))
    assert (state.last, state.holes, state.lost) == (12, ((4, 4), (6, 6), (8, 8)), ((2, 3), (7, 7), (10, 12)))
    assert (state.gaps, state.lost_for_good) == (3, 6)
    state = settle(observe(state, 7), 3)
    assert (state.lost, state.restarts) == (((2, 2), (10, 12)), 0)
    assert give_up(state, ()) is state


def test_numbers_that_begin_anew_lose_what_was_missing() -> None:
    state = observe(give_up(hearing(50, 60), ((51, 52),)), 3)
    assert (state.last, state.restarts, state.gaps, state.lost_for_good) == (3, 1, 0, 9)


def test_duplicates_fill_holes_and_begin_nothing() -> None:
    state = hearing(10, 13)
    assert settle(state, 4) is state
    assert settle(state, 12).holes == ((11, 11),)
    assert settle(state, 15).holes == ((11, 12), (14, 14))
    assert settle(None, 4) == Sequence(4)


@pytest.mark.parametrize("lost", [False, True])
def test_memory_is_bounded(lost: bool) -> None:
    state = Sequence(0)
    for number in range(2, 4 * MAX_HOLES, 2):
        state = observe(state, number)
        if lost:
            state = give_up(state, ((number - 1, number - 1),))
    total = 2 * MAX_HOLES - 1
    assert (state.gaps, state.lost_for_good) == ((0, total) if lost else (total, 0))
    assert len(state.holes) <= MAX_HOLES
    assert len(state.lost) <= MAX_HOLES
