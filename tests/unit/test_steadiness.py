"""Whether the camera stands still and shows the view it showed."""

import numpy as np

from edge_agent.core.picture import Flow
from edge_agent.core.steadiness import alike, layout, moving
from tests.traffic import Drawn


class Partly(Drawn):
    """The left `share` of the picture moves by 5 pixels of 160."""

    def __init__(self, share: float) -> None:
        super().__init__(0.0)
        self._share = share

    def flow(self, width: int) -> Flow | None:
        field = np.zeros((width * 9 // 16, width, 2), np.float32)
        field[:, : round(width * self._share)] = width / 32
        return Flow(field, 0.2)


def test_traffic_however_dense_is_no_move_of_the_camera() -> None:
    assert [moving(Partly(share)) for share in (0.0, 0.3, 0.7, 0.8)] == [False] * 4
    assert [moving(Partly(share)) for share in (0.9, 1.0)] == [True] * 2


def test_a_slow_drift_counts_and_noise_does_not() -> None:
    assert moving(Drawn(0.0, 0.5))
    assert not moving(Drawn(0.0, 0.2))
    assert not moving(None)


def test_views_are_told_apart_by_their_layout() -> None:
    first, again, other = (layout(Drawn(0.0, seed=seed)) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert alike(first, again) > 0.99
    assert alike(first, other) < 0.5


def test_nothing_to_see_has_no_layout() -> None:
    class Black(Drawn):
        def grey(self, width: int) -> np.ndarray:
            return np.zeros((90, 160), np.uint8)

    assert layout(Black(0.0)) is None
    assert layout(None) is None
