"""The scorer of benchmarks.camera_health, and the synthetic tampering it scores on."""

import numpy as np
import pytest

from benchmarks.camera_health import Trial, moves_found, recall
from simulator.tamper import KINDS, STRENGTHS, Kind, Strength, tampered


def test_only_the_right_kind_in_time_counts() -> None:
    right = Trial("cover", "weak", "a", {"camera_covered": 9.9})
    late = Trial("cover", "weak", "a", {"camera_covered": 10.1})
    early = Trial("cover", "weak", "a", {"camera_covered": -0.1})
    other = Trial("cover", "weak", "a", {"camera_moved": 1.0})
    assert [trial.delay() for trial in (right, late, early, other)] == [9.9, None, None, None]
    assert [trial.others() for trial in (right, other)] == [(), ("camera_moved",)]
    assert recall([right, late, early, other]) == 0.25
    assert recall([]) == 0.0


def test_moves_are_matched_by_time() -> None:
    moves = [(10.0, 11.0), (20.0, 22.0)]
    assert moves_found([12.0, 23.0], moves) == (2, 0)
    assert moves_found([9.0, 23.0, 30.0], moves) == (1, 2)
    assert moves_found([], moves) == (0, 0)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_tampering_begins_when_told_and_is_seeded(kind: Kind, strength: Strength) -> None:
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 255, (90, 160, 3), np.uint8) for _ in range(6)]
    kept = [frame.copy() for frame in frames]
    one = list(tampered(frames, kind, strength, 3, seed=1))
    two = list(tampered(frames, kind, strength, 3, seed=1))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(frames, kept, strict=True))
    assert [np.array_equal(a, b) for a, b in zip(one, frames, strict=True)] == [True] * 3 + [False] * 3
