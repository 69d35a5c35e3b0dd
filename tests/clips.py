"""Small videos that tests render for themselves."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def counting_frames(count: int, width: int = 160, height: int = 120) -> list[Image]:
    """Frames whose grey level tells their number: 10 + 4 * (number modulo 60)."""
    return [np.full((height, width, 3), 10 + 4 * (number % 60), np.uint8) for number in range(count)]


def number_of(image: Image) -> int:
    """The number of a frame of `counting_frames`, modulo 60, read back after lossy coding."""
    return round((float(image.mean()) - 8.2) / 4)


def write_clip(
    path: Path, frames: Iterable[Image], fps: int = 10, codec: str = "mpeg4", gop: int = 12, pix_fmt: str = "yuv420p"
) -> Path:
    """`frames` (BGR) as a video whose container follows from the suffix."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=fps)
                stream.width, stream.height = frame.shape[1], frame.shape[0]
                stream.pix_fmt = pix_fmt
                stream.gop_size = gop
                stream.bit_rate = 2_000_000
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        if stream is not None:
            container.mux(stream.encode(None))
    return path


def jpeg(image: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1])
