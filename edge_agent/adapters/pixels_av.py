"""From decoded frames to pixels, by swscale: pictures, their tiny luma, and frames as they travel between processes.

Each scaler is kept, and has one thread: what a frame converts itself with is made anew, with a thread a processor, and
takes 0.1 ms more.
"""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from edge_agent.core.types import Image

PLANAR = {"yuv420p", "yuvj420p"}
MATRICES, UNSPECIFIED = {0, 1, 2, 4, 5, 6, 7, 9}, 2
"""Of those that FFmpeg numbers (AVCOL_SPC), the matrices that swscale knows. It refuses a frame with any other, such as
those the standard has reserved; a camera that tells nonsense is better seen as one that tells nothing."""
FULL_RANGE = 2
"""As FFmpeg numbers the range of a frame's values (AVCOL_RANGE_JPEG)."""
NEARLY, FARTHEST = 1.25, 4.0
"""How many times longer than wide, or wider than long, a pixel may be. Up to NEARLY people are found nearly as well as
in square ones (docs/design/decisions/video.md); what claims more than FARTHEST is nonsense."""
SPARE = 64
"""Bytes that may be read, and are not used, behind planes: swscale works by vectors."""
PADDING = 1 << 20
"""Bytes; more than a picture's rows are padded by."""


class Bgr:
    """The pictures of decoded frames, BGR (height, width, 3), upright. One thread."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()
        self._largest = 0

    def __call__(self, frame: Any) -> Image:
        self._reuse(3 * frame.width * frame.height)
        picture = self._scaler.reformat(_known(frame), format="bgr24", threads=1)
        # Rows that FFmpeg has padded come with their padding between them.
        return _upright(np.ascontiguousarray(picture.to_ndarray(), np.uint8), frame)

    def _reuse(self, size: int) -> None:
        """glibc maps an aligned block of that size anew each time and gives it back at once, and at 1080p the first
        touch of its pages takes twice as long as the conversion. Blocks smaller than the largest plain one that was
        freed are kept (mallopt(3), M_MMAP_THRESHOLD): so one is."""
        if size > self._largest:
            self._largest = size
            np.empty(size + PADDING, np.uint8)


class Square:
    """Frames of a stream whose pixels are not square, with as many more columns or rows as make them so: recorders send
    352x576 or 704x288 of a picture of 4:3. Nearly square ones stay as they are, and so do turned ones. One thread.

    stream: as PyAV has it; None: nothing tells of pixels' shapes. Where the size changes on the way, the coded stream
    says of what shape they are then.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._size: tuple[int, int] | None = None
        self._target: tuple[int, int] | None = None
        self._scaler = VideoReformatter()

    def __call__(self, frame: Any) -> Any:
        size = frame.width, frame.height
        if size != self._size and self._stream is not None:
            teller = self._stream if self._size is None else self._stream.codec_context
            self._size, self._target = size, _squared(*size, float(teller.sample_aspect_ratio or 1))
        if self._target is None or frame.rotation:
            return frame
        width, height = self._target
        return self._scaler.reformat(_known(frame), width=width, height=height, threads=1)


def _squared(width: int, height: int, shape: float) -> tuple[int, int] | None:
    """The size with square pixels; None where they are so, nearly. shape: of a pixel, its width over its height."""
    if not NEARLY < max(shape, 1 / shape) <= FARTHEST:
        return None
    if shape > 1:
        return max(4, 4 * round(width * shape / 4)), height
    return width, max(4, 4 * round(height / shape / 4))


class Luma:
    """The tiny luma of decoded frames, `width` wide, each pixel the mean of its area, without the way over BGR: a tenth
    of the time. One thread."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._scaler = VideoReformatter()

    def __call__(self, frame: Any) -> Image:
        across = round(frame.rotation / 90) % 2 == 1
        wide, high = (frame.height, frame.width) if across else (frame.width, frame.height)
        width, height = self._width, max(1, round(high * self._width / wide))
        width, height = (height, width) if across else (width, height)
        tiny = self._scaler.reformat(
            _known(frame), width=width, height=height, format="gray", interpolation="AREA", threads=1
        )
        return _upright(np.asarray(tiny.to_ndarray(), np.uint8), frame)


def _known(frame: Any) -> Any:
    if frame.colorspace not in MATRICES:
        frame.colorspace = UNSPECIFIED
    return frame


def _upright(image: Image, frame: Any) -> Image:
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


@dataclass(frozen=True, slots=True)
class Planes:
    """A frame as most cameras code it: its luma, (height, width), and both chromas of half of that, half the bytes of
    its picture. The picture that is made of them elsewhere is the same to the last digit.

    colours: what the picture depends on besides, the matrix and the range as FFmpeg numbers them.
    """

    parts: tuple[Image, Image, Image]
    colours: tuple[int, int]

    @staticmethod
    def of(frame: Any) -> "Planes | None":
        """The planes of a decoded frame, without a copy; None where it is of another kind, lies on its side, or has a
        size that PyAV cannot put together again."""
        usual = frame.format.name in PLANAR and not frame.interlaced_frame and not frame.rotation
        if not usual or frame.width % 2 or frame.height % 4:
            return None
        luma, blue, red = (
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            for plane in frame.planes
        )
        full = frame.format.name == "yuvj420p"
        return Planes((luma, blue, red), (int(frame.colorspace), FULL_RANGE if full else int(frame.color_range)))


def joined(planes: Image, width: int, height: int, colours: tuple[int, int]) -> Any:
    """A frame over `planes`, (3/2 height x width,), one after the other with SPARE bytes behind them, without a copy:
    nobody may write there before it is done with."""
    frame: Any = av.VideoFrame.from_numpy_buffer(planes.reshape(height * 3 // 2, width), "yuv420p")
    frame.colorspace, frame.color_range = colours
    return frame
