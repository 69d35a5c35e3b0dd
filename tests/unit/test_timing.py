"""When the next look is due, whatever the camera's own rate."""

import pytest

from edge_agent.adapters.source_decode import Due
from edge_agent.core.timing import due


@pytest.mark.parametrize("rate", [10, 12, 12.5, 14.985, 15, 20, 23.976, 25, 29.97, 30, 50, 60])
def test_each_picture_that_is_thinned_out_to_five_a_second_is_looked_at(rate: float) -> None:
    chosen, pictures = Due(5.0), [1.8e9 + n / rate for n in range(round(20 * rate))]
    shown = [t for t in pictures if chosen(t)]
    assert len(shown) == pytest.approx(100, abs=2)
    looked = shown[:1]
    for t in shown:
        if due(t - looked[-1], 0.2):
            looked.append(t)
    assert looked == shown


def test_of_ten_a_second_every_other_one_is() -> None:
    looks = [0.0]
    for n in range(1, 101):
        if due(n / 10 - looks[-1], 0.2):
            looks.append(n / 10)
    assert len(looks) == 51
