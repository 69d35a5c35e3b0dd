"""What a measurement may use of the processors, and that the next one has them all again."""

import os

import pytest

from benchmarks.cores import cores


def test_so_many_cores_meanwhile_and_all_again_after_a_fault() -> None:
    before = os.sched_getaffinity(0)

    @cores(1)
    def measure() -> None:
        assert len(os.sched_getaffinity(0)) == 1
        raise RuntimeError("measure")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="measure"):
            measure()
        assert os.sched_getaffinity(0) == before


def test_no_more_than_there_are() -> None:
    before = os.sched_getaffinity(0)
    with cores(len(before) + 1):
        assert os.sched_getaffinity(0) == before
