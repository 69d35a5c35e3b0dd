"""Whose turn it is: who has longest been without, one thread at a time each, and nothing is forgotten."""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from edge_agent.turns import Turns
from tests.brokers import wait_until

T = TypeVar("T")


def admitted(names: Iterable[T]) -> Turns[T]:
    turns: Turns[T] = Turns()
    for name in names:
        turns.admit(name)
    return turns


def test_in_the_order_of_their_news_each_once() -> None:
    turns = admitted("abc")
    for name in "bacba":
        turns.call(name)
    assert [turns.next() for _ in range(3)] == ["b", "a", "c"]


def test_news_during_a_turn_is_one_more_turn_behind_all_others() -> None:
    turns = admitted("ab")
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
    turns = admitted("abc")
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
    turns = admitted("a")
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


def test_news_reaches_an_idle_thread_while_another_waits_for_the_end_of_a_turn() -> None:
    turns = admitted("ab")
    turns.call("a")
    assert turns.next() == "a"
    dismissing = threading.Thread(target=turns.dismiss, args=("a",), daemon=True)
    dismissing.start()
    wait_until(lambda: turns._ended._waiters)  # type: ignore[attr-defined]  # nothing else tells who waits
    got: list[str | None] = []
    idle = threading.Thread(target=lambda: got.append(turns.next()), daemon=True)
    idle.start()
    wait_until(lambda: turns._news._waiters)  # type: ignore[attr-defined]
    turns.call("b")
    idle.join(10)
    assert got == ["b"]
    turns.done("a")
    dismissing.join(10)
    assert not dismissing.is_alive()


def test_many_threads_serve_all_and_nobody_is_served_twice_at_once() -> None:
    calls, names = 400, range(7)
    turns = admitted(names)
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
