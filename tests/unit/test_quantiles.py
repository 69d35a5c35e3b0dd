"""Medians and quantiles are numpy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.quantiles import median, quantile

few = st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.5, -3.0, 7.25]), min_size=1, max_size=40)


@given(few, st.floats(0, 1))
def test_as_numpys_however_many_are_equal(values: list[float], share: float) -> None:
    numbers = np.array(values, np.float32)
    assert median(numbers) == float(np.median(numbers))
    assert quantile(numbers, share) == pytest.approx(float(np.quantile(numbers.astype(np.float64), share)))


def test_any_shape_is_one_row() -> None:
    assert median(np.arange(6.0).reshape(2, 3)) == 2.5
    assert quantile(np.arange(5.0).reshape(5, 1), 1.0) == 4.0
