"""A frame that travels as its planes becomes the very picture that it would have become where it was decoded."""

import os
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest

from edge_agent.adapters.pixels_av import SPARE, Bgr, Luma, Planes, joined
from edge_agent.adapters.source_process import FrameReader
from edge_agent.adapters.source_wire import Request
from edge_agent.adapters.source_worker import FrameSlots, FrameWriter
from edge_agent.core.types import Image

UNSPECIFIED, BT709, BT601 = 2, 1, 6
LIMITED, FULL = 1, 2


def decoded(width: int, height: int, coded: str = "yuv420p", matrix: int = UNSPECIFIED, values: int = 0) -> Any:
    rng = np.random.default_rng(width + height)
    frame: Any = av.VideoFrame(width, height, coded)
    for plane in frame.planes:
        plane.update(rng.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    frame.colorspace, frame.color_range = matrix, values
    return frame


def handed_over(planes: Planes, width: int, height: int) -> Image:
    flat = [part.reshape(-1) for part in planes.parts]
    whole = np.concatenate([*flat, np.zeros(SPARE, np.uint8)])[:-SPARE]
    return Bgr()(joined(whole, width, height, planes.colours))


@pytest.mark.parametrize("size", [(1920, 1080), (704, 576), (718, 480), (354, 288), (16, 12), (2, 4)])
@pytest.mark.parametrize("coded", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize(("matrix", "values"), [(UNSPECIFIED, 0), (BT709, LIMITED), (BT709, FULL), (BT601, FULL)])
def test_planes_give_the_same_picture(size: tuple[int, int], coded: str, matrix: int, values: int) -> None:
    frame = decoded(*size, coded, matrix, values)
    planes = Planes.of(frame)
    assert planes is not None
    usual = frame.to_ndarray(format="bgr24")
    for picture in (handed_over(planes, *size), Bgr()(frame)):
        assert np.array_equal(picture, usual)
        assert picture.flags.c_contiguous


def test_the_colours_matter() -> None:
    pictures = [
        handed_over(planes, 64, 48)
        for matrix, values in ((BT601, LIMITED), (BT709, LIMITED), (BT709, FULL))
        if (planes := Planes.of(decoded(64, 48, "yuv420p", matrix, values))) is not None
    ]
    assert len(pictures) == 3
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


@pytest.mark.parametrize("matrix", [3, 8, 10, 14, 99])
@pytest.mark.parametrize("coded", ["yuv420p", "yuv422p", "gray"])
def test_a_matrix_that_nobody_knows_is_as_good_as_none(matrix: int, coded: str) -> None:
    odd, plain = (decoded(64, 48, coded, number) for number in (matrix, UNSPECIFIED))
    luma, usual = Luma(16)(odd), Luma(16)(plain)
    assert np.array_equal(luma, usual)
    assert np.array_equal(Bgr()(odd), Bgr()(plain))
    assert np.array_equal(Bgr()(decoded(64, 48, coded, matrix)), Bgr()(plain)), "also where there are masks"


@pytest.mark.parametrize(("width", "height", "coded"), [(641, 480, "yuv420p"), (640, 482, "yuv420p"), (64, 48, "gray")])
def test_other_frames_have_none(width: int, height: int, coded: str) -> None:
    assert Planes.of(decoded(width, height, coded)) is None


@pytest.fixture
def memory() -> Iterator[int]:
    made = os.memfd_create("test-frames")
    yield made
    os.close(made)


def test_what_has_masks_leaves_as_a_painted_picture_only(memory: int) -> None:
    masks = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
    message = FrameWriter(Request("-", realtime=True, masks=masks), FrameSlots(memory, 1))(decoded(64, 48), None)
    assert "colours" not in message
    image, luma = FrameReader(memory).picture(message)
    assert image.shape == (48, 64, 3)
    assert not image.any()
    assert not luma.any()
    assert not any(os.pread(memory, message["size"], 0)), "nothing else lies there"


@pytest.mark.parametrize("coded", ["yuv420p", "yuvj420p", "gray", "yuv444p"])
def test_what_has_none_arrives_as_it_was_decoded(memory: int, coded: str) -> None:
    frame, luma = decoded(64, 48, coded, BT709), np.full((9, 12), 7, np.uint8)
    message = FrameWriter(Request("-", realtime=True), FrameSlots(memory, 1))(frame, luma)
    assert ("colours" in message) == coded.endswith("420p")
    image, arrived = FrameReader(memory).picture(message)
    assert np.array_equal(image, frame.to_ndarray(format="bgr24"))
    assert np.array_equal(arrived, luma)


def test_a_stream_that_changes_on_its_way_arrives_as_it_was_decoded(memory: int) -> None:
    """Sizes, kinds and colours come and go; what is kept of one must not show in the next."""
    slots = FrameSlots(memory, 2)
    shown, window, held = FrameWriter(Request("-", realtime=True), slots), FrameReader(memory), []
    large, small = (640, 480), (64, 48)
    for size, coded, matrix, values in (
        (small, "yuv420p", BT601, LIMITED),
        (large, "yuv420p", BT601, LIMITED),
        (small, "yuv420p", BT709, LIMITED),
        (small, "yuv420p", BT709, FULL),
        (small, "yuvj420p", UNSPECIFIED, 0),
        (small, "yuv422p", BT709, FULL),
        ((65, 49), "yuv420p", BT709, LIMITED),
        (large, "yuv420p10le", BT601, LIMITED),
        (small, "yuv420p", BT601, LIMITED),
    ):
        frame = decoded(*size, coded, matrix, values)
        message = shown(frame, np.zeros((3, 4), np.uint8))
        held.append((window.picture(message)[0], frame.to_ndarray(format="bgr24")))
        slots.give_back(message["slot"])
    for image, usual in held:
        assert np.array_equal(image, usual), "nor does what comes later write over it"
