"""When the next look is due, whatever the camera's own rate."""

from itertools import pairwise

import pytest

from edge_agent.adapters.source_decode import FrameSampler
from edge_agent.core.timing import Rhythm, due


def looks(times: list[float], every: float = 0.2) -> list[float]:
    rhythm = Rhythm()
    return [t for t in times if rhythm.due(t, every)]


@pytest.mark.parametrize("rate", [10, 12, 12.5, 14.985, 15, 20, 23.976, 25, 29.97, 30, 50, 60])
def test_each_picture_that_is_thinned_out_to_five_a_second_is_looked_at(rate: float) -> None:
    sampler, pictures = FrameSampler(5.0), [1.8e9 + n / rate for n in range(round(20 * rate))]
    shown = [t for t in pictures if sampler.take(t)]
    assert len(shown) == pytest.approx(100, abs=2)
    assert looks(shown) == shown
    looked = shown[:1]
    for t in shown:
        if due(t - looked[-1], 0.2):
            looked.append(t)
    assert looked == shown


@pytest.mark.parametrize("rate", [10, 12, 12.5, 14.985, 15, 20, 23.976, 25, 29.97, 30, 50, 60])
def test_of_all_pictures_five_a_second_are(rate: float) -> None:
    seen = looks([1.8e9 + n / rate for n in range(round(20 * rate))])
    assert len(seen) == pytest.approx(100, abs=2)
    assert min(b - a for a, b in pairwise(seen)) > 0.1 - 1e-5


def test_of_ten_a_second_every_other_one_is() -> None:
    assert looks([n / 10 for n in range(101)]) == [n / 5 for n in range(51)]


def test_of_two_a_second_all_are() -> None:
    assert len(looks([n / 2 for n in range(40)])) == 40


def test_after_a_gap_the_rhythm_begins_anew() -> None:
    assert looks([0.0, 0.2, 10.03, 10.13, 10.23]) == [0.0, 0.2, 10.03, 10.23]
