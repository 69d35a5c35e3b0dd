"""Whether a camera can be trusted hangs neither on the frame rate nor on a gap in the stream."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.types import Image
from tests.cameras import begins, told, view
from tests.scenes import every

CLEAN, TAMPERED = 12.0, 13.0
"""Eight looks, by which noise is known, come in the former at any of these rates and with any of these gaps."""
KINDS = ("camera_covered", "camera_defocused", "camera_moved", "camera_frozen")
rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 12.5, 15.0])
gaps = st.one_of(st.none(), st.tuples(st.floats(2.0, 7.0), st.floats(0.5, 4.0)))
HELD = view(CLEAN)


def picture(kind: str | None, t: float) -> Image:
    if kind is None or t < CLEAN:
        return view(t)
    if kind == "camera_covered":
        noise = np.random.default_rng(round(t * 1000)).normal(60, 2, HELD.shape)
        return np.asarray(np.clip(noise, 0, 255), np.uint8)
    if kind == "camera_defocused":
        return np.asarray(cv2.GaussianBlur(view(t), (0, 0), 2.5), np.uint8)
    return view(t, x=240, y=140) if kind == "camera_moved" else HELD


def times(rate: float, gap: tuple[float, float] | None) -> list[float]:
    every_one = every(rate, 0, CLEAN + TAMPERED)
    return [t for t in every_one if gap is None or not gap[0] <= t < gap[0] + gap[1]]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(rate=rates, gap=gaps)
def test_the_fault_is_told_once_at_any_rate(kind: str, rate: float, gap: tuple[float, float] | None) -> None:
    assert begins(told(times(rate, gap), lambda t: picture(kind, t))) == [kind]


@settings(max_examples=8, deadline=None)
@given(rate=rates, gap=gaps)
def test_a_sound_camera_stays_silent(rate: float, gap: tuple[float, float] | None) -> None:
    assert told(times(rate, gap), lambda t: picture(None, t)) == []


@settings(max_examples=4, deadline=None)
@given(rate=rates)
def test_the_same_pictures_give_the_same_events(rate: float) -> None:
    def run() -> object:
        return told(times(rate, None), lambda t: picture("camera_moved", t))

    assert run() == run()
