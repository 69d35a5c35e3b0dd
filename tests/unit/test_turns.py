"""Whose turn it is: who has longest been without, one thread at a time each, and nothing is forgotten."""

import threading
from collections import Counter

from edge_agent.turns import Turns


def test_in_the_order_of_their_news_each_once() -> None:
    turns: Turns[str] = Turns()
    for name in "abc":
        turns.admit(name)
    for name in "bacba":
        turns.call(name)
    assert [turns.next() for _ in range(3)] == ["b", "a", "c"]


def test_news_during_a_turn_is_one_more_turn_behind_all_others() -> None:
    turns: Turns[str] = Turns()
    turns.admit("a")
    turns.admit("b")
    turns.call("a")
    assert turns.next() == "a"
    turns.call("a")
    turns.call("a")
    turns.call("b")
    turns.done("a")
    assert [turns.next(), turns.next()] == ["b", "a"]
    turns.done("a")
    turns.close()
    assert turns.next() is None


def test_who_has_longest_had_no_turn_that_counted_comes_first() -> None:
    turns: Turns[str] = Turns()
    for name in "abc":
        turns.admit(name)
    for counts in (True, False):
        for name in "cab":
            turns.call(name)
            assert turns.next() == name
            turns.done(name, counts and name != "b")
    for name in "abc":
        turns.call(name)
    assert [turns.next() for _ in range(3)] == ["b", "c", "a"]


def test_who_is_not_admitted_or_dismissed_has_no_turn() -> None:
    turns: Turns[str] = Turns()
    turns.call("stranger")
    turns.admit("a")
    turns.admit("b")
    turns.call("a")
    turns.call("b")
    turns.dismiss("a")
    turns.call("a")
    assert turns.next() == "b"


def test_who_is_dismissed_during_its_turn_is_gone_when_it_is_over() -> None:
    turns: Turns[str] = Turns()
    turns.admit("a")
    turns.call("a")
    assert turns.next() == "a"
    turns.call("a")
    dismissing = threading.Thread(target=turns.dismiss, args=("a",))
    dismissing.start()
    assert dismissing.is_alive()
    turns.done("a")
    dismissing.join(10)
    assert not dismissing.is_alive()
    turns.admit("b")
    turns.call("b")
    assert turns.next() == "b"


def test_many_threads_serve_all_and_nobody_is_served_twice_at_once() -> None:
    turns: Turns[int] = Turns()
    calls, names = 400, range(7)
    inside: Counter[int] = Counter()
    served: Counter[int] = Counter()
    clashes: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (name := turns.next()) is not None:
            with lock:
                inside[name] += 1
                clashes.extend([name] if inside[name] > 1 else [])
            with lock:
                inside[name] -= 1
                served[name] += 1
            turns.done(name)

    for name in names:
        turns.admit(name)
    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for n in range(calls):
        turns.call(n % len(names))
    for name in names:
        turns.dismiss(name)
    turns.close()
    for worker in workers:
        worker.join(10)
    assert clashes == []
    assert sum(served.values()) <= calls
