"""Which networks an agent has open, and when they are made ready."""

import threading
from collections.abc import Callable, Sequence

import pytest

from edge_agent import networks
from edge_agent.core.crops import SIZES
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections, Image
from edge_agent.networks import Networks

AUTO, EXACT = DetectorSpec(), DetectorSpec(precision="f32")
SMALL = frozenset({"sse4_2", "avx_vnni"})


class Fake:
    classes = ("person",)

    def __init__(self, spec: DetectorSpec) -> None:
        self.spec, self.name = spec, f"fake/{spec.precision}"
        self.sheets: list[tuple[int, int]] = []
        self.asked: Callable[[], None] = lambda: None
        self.closed = False

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        assert exact
        self.sheets += [(image.shape[1], image.shape[0]) for image in images]
        self.asked()
        return [Detections.none(self.classes) for _ in images]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Fake]:
    """What was opened, on a processor that multiplies integers."""
    opened: list[Fake] = []

    def opening(spec: DetectorSpec) -> Fake:
        opened.append(Fake(spec))
        return opened[-1]

    monkeypatch.setattr(networks, "open_detector", opening)
    monkeypatch.setattr(networks, "cpu_flags", lambda: SMALL)
    return opened


def test_one_for_each_precision_opened_when_it_is_first_asked_for_and_closed_when_nobody_does(made: list[Fake]) -> None:
    all_ = Networks()
    assert all_.of(AUTO) is all_.of(AUTO)
    assert [one.spec.precision for one in made] == ["int8"]
    all_.of(EXACT)
    assert all_.names == "fake/f32, fake/int8"
    all_.keep([AUTO])
    assert [one.closed for one in made] == [False, True]
    all_.of(EXACT)
    assert [one.spec.precision for one in made] == ["int8", "f32", "f32"]
    all_.close()
    assert all(one.closed for one in made)


def test_a_processor_without_a_choice_needs_only_one(made: list[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "cpu_flags", lambda: frozenset({"sse4_2"}))
    all_ = Networks()
    assert all_.of(AUTO) is all_.of(EXACT)
    all_.keep([EXACT])
    assert [one.closed for one in made] == [False]


def test_many_cameras_get_each_an_answer_of_its_own_processor(made: list[Fake]) -> None:
    Networks(many=True).of(AUTO)
    Networks(many=True).of(DetectorSpec(hint="latency"))
    Networks().of(AUTO)
    assert [one.spec.hint for one in made] == ["throughput", "latency", "auto"]


def test_it_is_made_ready_once_and_not_while_the_agent_stops(made: list[Fake]) -> None:
    all_ = Networks()
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = len(made[0].sheets) == 2

    all_.of(AUTO)
    made[0].asked = stop
    all_.prepare([AUTO], lambda: stopped)
    assert made[0].sheets == list(SIZES[:2])
    made[0].sheets.clear()
    stopped, made[0].asked = False, lambda: None
    for _ in range(2):
        all_.prepare([AUTO, AUTO], lambda: False)
    assert made[0].sheets == list(SIZES)


@pytest.mark.logs_errors
def test_one_that_cannot_be_made_ready_is_tried_again(made: list[Fake]) -> None:
    all_ = Networks()
    all_.of(AUTO)

    def broken() -> None:
        raise RuntimeError("out of memory")

    made[0].asked = broken
    all_.prepare([AUTO], lambda: False)
    made[0].sheets.clear()
    made[0].asked = lambda: None
    all_.prepare([AUTO], lambda: False)
    assert made[0].sheets == list(SIZES)


def test_who_makes_ready_at_the_same_time_waits_and_makes_nothing_twice(made: list[Fake]) -> None:
    all_ = Networks()
    all_.of(AUTO)
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(10)

    made[0].asked = wait
    threads = [threading.Thread(target=all_.prepare, args=([AUTO], lambda: False)) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    threads[1].join(0.2)
    assert threads[1].is_alive()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert made[0].sheets == list(SIZES)


def test_names_are_told_while_another_thread_opens_one(made: list[Fake]) -> None:
    all_ = Networks()

    class Slow(Fake):
        @property
        def name(self) -> str:
            all_.of(EXACT)
            return "slow"

        @name.setter
        def name(self, value: str) -> None:
            pass

    all_.of(AUTO)
    made[0].__class__ = Slow
    assert all_.names == "slow"


def test_what_is_given_looks_at_all_and_is_never_asked_for_nothing() -> None:
    given = Fake(AUTO)
    all_ = Networks(given)
    assert all_.of(EXACT) is all_.of(AUTO) is given
    all_.prepare([AUTO], lambda: False)
    all_.keep([])
    assert (given.sheets, given.closed, all_.names) == ([], False, "fake/auto")
    all_.close()
    assert given.closed
