"""An MP4 written picture by picture through PyAV: H.264 where libx264 is there, else MPEG-4."""

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.codec
import av.error
import numpy as np

from edge_agent.core.errors import OutputError
from edge_agent.core.types import Image

TICKS = 1000
"""Time base: milliseconds, so that pictures keep their own times."""

PART = ".part"
"""Ends the name of a file that is not complete."""

CODECS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"crf": "23", "preset": "veryfast"}),
    ("mpeg4", {"q": "5"}),
)


class VideoWriter:
    """The file appears under its name when it is complete. One thread. OutputError where it cannot be written."""

    def __init__(self, path: Path, fps: float) -> None:
        """fps: about how many pictures a second will come; their own times decide."""
        self._path = path
        self._part = path.with_name(f".{path.name}{PART}")
        self._fps = fps
        self._size = (0, 0)
        self._first: float | None = None
        self._last = -1
        self._broken = False
        """Whether a write was refused (a full disk): libav crashes the process where one that failed goes on."""
        try:
            self._container = av.open(str(self._part), "w", format="mp4")
        except (av.error.FFmpegError, OSError) as error:
            raise self._error(error) from error
        self._stream: av.VideoStream | None = None

    def write(self, image: Image, t: float) -> None:
        """image: BGR; a picture of another size than the first is cut or padded to it. t: seconds, never going back."""
        try:
            if self._stream is None:
                self._open(image)
            self._first = t if self._first is None else self._first
            frame = av.VideoFrame.from_ndarray(self._fit(image), format="bgr24")
            frame.time_base = Fraction(1, TICKS)
            self._last = frame.pts = max(round((t - self._first) * TICKS), self._last + 1)
            self._encode(frame)
        except (av.error.FFmpegError, OSError) as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Completes the file, also after an error elsewhere: what was drawn until then is of use. Without a picture
        there is no file, nor after one that could not be written."""
        try:
            if self._stream is not None and not self._broken:
                self._encode(None)
            self._container.close()
            if self._stream is not None and not self._broken:
                self._part.replace(self._path)
        except (av.error.FFmpegError, OSError) as fault:
            raise self._error(fault) from fault
        finally:
            with contextlib.suppress(OSError):
                self._part.unlink(missing_ok=True)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        """frame None: what the encoder still holds."""
        assert self._stream is not None
        self._broken = True
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        self._broken = False

    def _open(self, image: Image) -> None:
        name, options = next((name, options) for name, options in CODECS if name in av.codec.codecs_available)
        height, width = image.shape[:2]
        self._size = (width + width % 2, height + height % 2)
        stream = self._container.add_stream(name, rate=Fraction(self._fps).limit_denominator(1000), options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream = stream

    def _fit(self, image: Image) -> Image:
        width, height = self._size
        if image.shape[:2] == (height, width):
            return image
        fitted = np.zeros((height, width, 3), np.uint8)
        part = image[:height, :width]
        fitted[: part.shape[0], : part.shape[1]] = part
        return fitted

    def _error(self, error: Exception) -> OutputError:
        detail = getattr(error, "strerror", None) or str(error)
        return OutputError("analyze.cannot_write", file=str(self._path), detail=detail)
