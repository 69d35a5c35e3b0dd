"""Whose turn it is: who has longest been without, one thread at a time each, and nothing is forgotten."""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from edge_agent.fair_queue import FairQueue
from tests.brokers import wait_until

T = TypeVar("T")


def queue_of(names: Iterable[T]) -> FairQueue[T]:
    queue: FairQueue[T] = FairQueue()
    for name in names:
        queue.add(name)
    return queue


def test_in_the_order_of_their_news_each_once() -> None:
    queue = queue_of("abc")
    for name in "bacba":
        queue.call(name)
    assert [queue.next() for _ in range(3)] == ["b", "a", "c"]


def test_news_during_a_turn_is_one_more_turn_behind_all_others() -> None:
    queue = queue_of("ab")
    queue.call("a")
    assert queue.next() == "a"
    queue.call("a")
    queue.call("a")
    queue.call("b")
    queue.done("a")
    assert [queue.next(), queue.next()] == ["b", "a"]
    queue.done("a")
    queue.close()
    assert queue.next() is None


def test_who_has_longest_had_no_turn_that_counted_comes_first() -> None:
    queue = queue_of("abc")
    for counts in (True, False):
        for name in "cab":
            queue.call(name)
            assert queue.next() == name
            queue.done(name, counts and name != "b")
    for name in "abc":
        queue.call(name)
    assert [queue.next() for _ in range(3)] == ["b", "c", "a"]


def test_who_is_not_added_or_removed_has_no_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.call("stranger")
    queue.add("a")
    queue.add("b")
    queue.call("a")
    queue.call("b")
    queue.remove("a")
    queue.call("a")
    assert queue.next() == "b"


def test_who_is_removed_during_its_turn_is_gone_when_it_is_over() -> None:
    queue = queue_of("a")
    queue.call("a")
    assert queue.next() == "a"
    queue.call("a")
    removing = threading.Thread(target=queue.remove, args=("a",))
    removing.start()
    assert removing.is_alive()
    queue.done("a")
    removing.join(10)
    assert not removing.is_alive()
    queue.add("b")
    queue.call("b")
    assert queue.next() == "b"


def test_news_reaches_an_idle_thread_while_another_waits_for_the_end_of_a_turn() -> None:
    queue = queue_of("ab")
    queue.call("a")
    assert queue.next() == "a"
    removing = threading.Thread(target=queue.remove, args=("a",), daemon=True)
    removing.start()
    wait_until(lambda: queue._ended._waiters)  # type: ignore[attr-defined]  # nothing else tells who waits
    got: list[str | None] = []
    idle = threading.Thread(target=lambda: got.append(queue.next()), daemon=True)
    idle.start()
    wait_until(lambda: queue._news._waiters)  # type: ignore[attr-defined]
    queue.call("b")
    idle.join(10)
    assert got == ["b"]
    queue.done("a")
    removing.join(10)
    assert not removing.is_alive()


def test_many_threads_serve_all_and_nobody_is_served_twice_at_once() -> None:
    calls, names = 400, range(7)
    queue = queue_of(names)
    inside: Counter[int] = Counter()
    served: Counter[int] = Counter()
    clashes: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (name := queue.next()) is not None:
            with lock:
                inside[name] += 1
                clashes.extend([name] if inside[name] > 1 else [])
            with lock:
                inside[name] -= 1
                served[name] += 1
            queue.done(name)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for n in range(calls):
        queue.call(n % len(names))
    for name in names:
        queue.remove(name)
    queue.close()
    for worker in workers:
        worker.join(10)
    assert clashes == []
    assert sum(served.values()) <= calls
