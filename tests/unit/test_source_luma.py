"""The tiny luma straight from a decoded frame is that of its BGR picture."""

from typing import Any

import av
import numpy as np
import pytest

from edge_agent.adapters.pixels_av import Bgr, Luma, Planes
from edge_agent.adapters.privacy_cv2 import tiny_luma


class Turned:
    """A decoded frame that says that it lies on its side."""

    def __init__(self, frame: Any, rotation: int) -> None:
        self._frame = frame
        self.rotation = rotation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frame, name)


def decoded(size: tuple[int, int], coded: str) -> Any:
    rng = np.random.default_rng(3)
    blocks = np.kron(rng.integers(0, 256, (8, 12, 3)), np.ones((-(-size[0] // 8), -(-size[1] // 12), 1)))
    return av.VideoFrame.from_ndarray(blocks[: size[0], : size[1]].astype(np.uint8), format="bgr24").reformat(
        format=coded
    )


@pytest.mark.parametrize("size", [(720, 1280), (360, 640), (579, 771), (90, 120)])
@pytest.mark.parametrize("coded", ["yuv420p", "yuvj420p", "yuv422p10le", "gray", "rgb24"])
def test_it_is_the_luma_of_the_picture(size: tuple[int, int], coded: str) -> None:
    frame = decoded(size, coded)
    luma, usual = Luma(96)(frame), tiny_luma(Bgr()(frame), 96)
    assert luma.shape == usual.shape
    apart = np.abs(luma.astype(int) - usual)
    assert apart.max() <= 6, apart.max()
    assert apart.mean() <= 2


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_it_is_turned_as_the_picture_is(rotation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = decoded((720, 1280), "yuv420p")
    turned: Any = Turned(frame, rotation)
    scaler, bgr = Luma(96), Bgr()
    for one in (scaler, bgr):
        monkeypatch.setattr(one, "_scaler", Upright())
    luma, usual = scaler(turned), tiny_luma(bgr(turned), 96)
    assert luma.shape == usual.shape
    assert np.abs(luma.astype(int) - usual).mean() <= 2
    assert Planes.of(turned) is None, "it is turned where it is decoded"


class Upright:
    """A scaler that takes a Turned for the frame it holds."""

    def reformat(self, turned: Turned, **how: Any) -> Any:
        return turned._frame.reformat(**how)
