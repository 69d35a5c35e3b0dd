"""PyAV: files, RTSP, HTTP, webcams and folders of pictures, as one stream of pictures with times.

Runs in the decoding child (or in this process where isolation is not wanted) and knows nothing of either.
"""

import errno
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.logging

from contract.errors import JagaError
from edge_agent.adapters.pixels_av import Luma, Square
from edge_agent.adapters.source_selective import DecodeControl, SelectiveDecoder
from edge_agent.adapters.source_wire import Request
from edge_agent.core.types import Image

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
MAX_BROKEN = 100
"""So many broken reads in a row and a recording counts as over."""

MOST_RATE = 240
"""Pictures a second; what claims more does not know its rate."""

MAX_LAG_S = 1.0
"""A recording played in real time that falls behind by more goes on from where it is, instead of racing."""

_EPOCH_MS = re.compile(r"^1[0-9]{12}$")
_STAMP = re.compile(
    r"^(?P<date>20\d{2}-?\d{2}-?\d{2})[T_ -]?(?P<time>\d{2}[-:]?\d{2}[-:]?\d{2})(?:[._-](?P<part>\d{1,6}))?Z?$"
)


class OpenError(JagaError):
    """A source that cannot be opened or holds no picture (catalogue keys camera.*); it names no address."""


class RefusedError(OpenError):
    """The camera wants another user name or password."""


class ReadError(JagaError):
    """A stream that broke off (catalogue keys camera.*)."""


@dataclass(slots=True)
class Decoded:
    """A frame that is due, or None where it only counts, and its tiny luma, where no masks are to be painted first.
    t: seconds; corrupt: packets given up so far."""

    frame: Any | None
    luma: Image | None
    index: int
    t: float
    corrupt: int


class FrameSampler:
    """Thins pictures out to a rate on a fixed grid of times, so that the same input gives the same choice.

    early: the share of a step by which a picture may come before its time: recorded times are rounded to the
    container's ticks, live pictures arrive unevenly. spread: 0..1, how much of a step that became longer is waited for
    the first time: cameras that are all slowed down at once shall not bring their pictures all at once for ever.
    """

    def __init__(self, fps: float, early: float = 0.1, spread: Callable[[], float] = lambda: 1.0) -> None:
        self._share = early
        self._spread = spread
        self._next: float | None = None
        self._fps, self._step, self._early = -1.0, 0.0, 0.0
        self.set_rate(fps)

    def set_rate(self, fps: float) -> None:
        """Another rate from now on; 0: everything."""
        if fps == self._fps:
            return
        step = 1 / fps if fps > 0 else 0.0
        if self._next is not None:
            longer = step - self._step
            self._next += longer * self._spread() if longer > 0 else longer
        self._fps, self._step, self._early = fps, step, self._share * step

    def would_take(self, t: float) -> bool:
        """Whether a picture of `t` would be delivered; it may still not come."""
        return not self._step or self._next is None or not (self._next - 10 * self._step < t < self._next - self._early)

    def take(self, t: float) -> bool:
        """Whether a picture of `t` is delivered; it counts as that."""
        if not self._step:
            return True
        if not self.would_take(t):
            return False
        following = t + self._step if self._next is None else self._next + self._step
        self._next = following if t < following <= t + 2 * self._step else t + self._step
        return True


def decode(request: Request, control: DecodeControl | None = None) -> Iterator[Decoded]:
    """Every picture of the source in order. Raises OpenError or ReadError. control: how a live stream is decoded, from
    picture to picture."""
    av.logging.set_level(None)
    sampler = FrameSampler(request.fps, 0.5, random.random) if request.realtime else FrameSampler(request.fps)
    control = control if request.realtime else None

    def opened() -> "_Folder | _Stream":
        return _Folder(request) if Path(request.source).is_dir() else _Stream(request, sampler, control)

    yield from _timed(request, opened, sampler, control)


def _timed(
    request: Request, opened: "Callable[[], _Folder | _Stream]", sampler: FrameSampler, control: DecodeControl | None
) -> Iterator[Decoded]:
    """Gives pictures their times, waits for them where a recording plays in real time, thins them out."""
    index, base = 0, 0.0
    began: float | None = None
    tiny = None if request.masks else Luma(request.luma_width)
    while True:
        source = opened()
        last, count = 0.0, 0
        for pts, frame in source:
            count += 1
            last = base + pts
            if control is not None:
                sampler.set_rate(control.target.fps)
            if not request.realtime:
                t = request.start + last
            else:
                if source.paced:
                    began, slept = _wait(began, last)
                    source.slept += slept
                t = time.time()
            shown = source.square(frame) if frame is not None and sampler.take(t) else None
            luma = tiny(shown) if shown is not None and tiny is not None else None
            yield Decoded(shown, luma, index, t, source.corrupt)
            index += 1
        if count == 0:
            raise OpenError("camera.nothing_decodable")
        if not (request.loop and request.realtime and source.paced):
            return
        base = last + source.interval


def _wait(began: float | None, pts: float) -> tuple[float, float]:
    """Sleeps until `pts` is due on the monotonic clock. The time at which pts 0 was (or would have been) due, and how
    many seconds it slept."""
    now = time.monotonic()
    if began is None or now - (began + pts) > MAX_LAG_S:
        return now - pts, 0.0
    pause = max(0.0, began + pts - now)
    if pause:
        time.sleep(pause)
    return began, pause


class _Stream:
    """The main video stream of a file, address or device; iterates (seconds since its first picture, frame), the frame
    None where it was left undecoded. slept: seconds that whoever iterates waited for times to come, since the last
    packet."""

    def __init__(self, request: Request, sampler: FrameSampler, control: DecodeControl | None) -> None:
        self.corrupt = 0
        self.slept = 0.0
        self._live = request.realtime and "://" in request.source
        try:
            self._container = _open(request)
            # Of several a file says which one is meant; a cover picture is none.
            found = self._container.streams.best("video")
            if found is None:
                raise OpenError("camera.no_video")
            self._stream: Any = found
        except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError) as error:
            raise RefusedError("camera.refused" if "@" in request.source else "camera.no_login") from error
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise _told(error, OpenError, "://" in request.source) from error
        if request.realtime:
            # Frame threads hold pictures back, and slice threads of FFmpeg 8.1 lose slices of H.264 over RTSP (half the
            # picture stays green). A camera has a process of its own; one thread is enough.
            self._stream.thread_type = "NONE"
            self._stream.codec_context.thread_count = 1
        else:
            self._stream.thread_type = "AUTO"
        # AVI counts packets and knows no presentation times: with B-frames they would jump to and fro.
        self._orderly = self._container.format.name == "avi"
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.interval = float(1 / rate) if rate and rate <= MOST_RATE else 1 / request.image_rate
        # A bare stream (.h264, .hevc) has no times; its average rate is the demuxer's default, the codec's own is true.
        coded = self._stream.guessed_rate
        self._untimed = float(1 / coded) if coded and coded <= MOST_RATE else self.interval
        # An RTSP server keeps time itself, also where it tells how long a recording is.
        ends = self._container.duration is not None or "hls" in self._container.format.name
        self.paced = request.realtime and ends and self._container.format.name != "rtsp"
        self.square = Square(self._stream)
        self._selective: SelectiveDecoder | None = None
        if control is not None:
            context, ahead = self._stream.codec_context, self.interval if self.paced else 0.0
            self._selective = SelectiveDecoder(
                context, control, lambda within: sampler.would_take(time.time() + ahead + within), self.interval
            )

    def __iter__(self) -> Iterator[tuple[float, Any]]:
        first: float | None = None
        last = -self._untimed
        try:
            for frame in self._frames():
                if isinstance(frame, av.Packet):
                    at = self._seconds(frame)
                    first = at if first is None else first
                    yield at - first if at is not None and first is not None else last + self.interval, None
                    continue
                self.corrupt += frame.is_corrupt
                pts = self._seconds(frame)
                first = pts if first is None else first
                at = last + self._untimed if pts is None or first is None else pts - first
                if at <= last:
                    # Times that go back or stand still (a splice, a broken muxer): carry on from the last one.
                    first, at = (pts - last - self.interval if pts is not None else first), last + self.interval
                last = at
                yield at, frame
        finally:
            self._container.close()

    def _seconds(self, item: Any) -> float | None:
        ticks = item.dts if self._orderly else item.pts
        return float(ticks * item.time_base) if ticks is not None and item.time_base else None

    def _frames(self) -> Iterator[Any]:
        """Frames, and packets that were left undecoded."""
        broken = 0
        while broken < MAX_BROKEN:
            asked = time.monotonic()
            try:
                for packet in self._container.demux(self._stream):
                    waited, self.slept = time.monotonic() - asked + self.slept, 0.0
                    try:
                        frames = packet.decode() if self._selective is None else self._selective.feed(packet, waited)
                    except av.error.InvalidDataError:
                        self.corrupt += 1
                        continue
                    broken = 0
                    yield from (packet,) if frames is None else frames
                    asked = time.monotonic()
                return
            except av.error.InvalidDataError:
                self.corrupt += 1
                broken += 1
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError) as error:
                if self._live:
                    raise _told(error, ReadError) from error
                self.corrupt += 1
                broken += 1


class _Folder:
    """Pictures of a folder by name. Where every name is a time (20260131T120000.250, 1769860800250) it is theirs,
    otherwise they come at `image_rate`. Pictures that cannot be read are counted and left out."""

    def __init__(self, request: Request) -> None:
        self.corrupt = 0
        self.slept = 0.0
        self.paced = request.realtime
        self.interval = 1 / request.image_rate
        self.square = Square(None)
        try:
            files = [path for path in Path(request.source).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
        except OSError as error:
            raise _told(error, OpenError) from error
        self._files = sorted(files, key=lambda path: path.name)
        if not self._files:
            raise OpenError("camera.empty_folder", suffixes=", ".join(sorted(IMAGE_SUFFIXES)))
        times = [time_of_name(path.stem) for path in self._files]
        known = [at for at in times if at is not None]
        rising = len(known) == len(times) and all(a < b for a, b in pairwise(known))
        self._times = [at - known[0] for at in known] if rising else [i * self.interval for i in range(len(times))]

    def __iter__(self) -> Iterator[tuple[float, Any]]:
        for at, path in zip(self._times, self._files, strict=True):
            try:
                with av.open(f"file:{path}") as container:
                    frame = next(container.decode(video=0), None)
            except (av.error.FFmpegError, OSError):
                frame = None
            if frame is None:
                self.corrupt += 1
                continue
            yield at, frame


def time_of_name(stem: str) -> float | None:
    """The time (seconds since the epoch) that a picture's name says, stamps read as UTC; None where it says none."""
    if _EPOCH_MS.match(stem):
        return int(stem) / 1000
    found = _STAMP.match(stem)
    if found is None:
        return None
    digits = re.sub(r"\D", "", found["date"] + found["time"])
    try:
        at = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return at.timestamp() + float(f"0.{found['part'] or 0}")


def _open(request: Request) -> Any:
    source = request.source
    timeout = (request.timeout_s, request.timeout_s)
    if source.startswith("webcam:"):
        source = f"/dev/video{source.removeprefix('webcam:')}"
    if source.startswith("/dev/"):
        return av.open(source, format="v4l2", timeout=timeout)
    if "://" not in source:
        if not Path(source).exists():
            raise OpenError("camera.no_file")
        return av.open(f"file:{source}")
    options = dict[str, str]()
    if source.lower().startswith(("rtsp:", "rtsps:")):
        # Twenty pictures to find out their rate are two seconds without sight after each reconnect.
        options = {"rtsp_transport": request.transport, "fpsprobesize": "0"}
    return av.open(source, timeout=timeout, options=options)


_BY_NUMBER = {
    errno.ECONNREFUSED: "camera.connection_refused",
    errno.ETIMEDOUT: "camera.timed_out",
    errno.EHOSTUNREACH: "camera.unreachable",
    errno.ENETUNREACH: "camera.unreachable",
    errno.ECONNRESET: "camera.reset",
}


def _told(error: Exception, kind: type[OpenError | ReadError], live: bool = False) -> OpenError | ReadError:
    """What happens often is a sentence; the rest is in the library's own words, without the address that libav appends
    to them. live: it happened at an address of the network."""
    if isinstance(error, av.error.ExitError):  # what libav calls it where our time-out ended a wait
        return kind("camera.timed_out")
    if isinstance(error, av.error.HTTPNotFoundError):
        return kind("camera.no_such_stream")
    if isinstance(error, av.error.InvalidDataError):
        return kind("camera.invalid")
    if isinstance(error, av.error.ProtocolNotFoundError):
        return kind("camera.no_such_protocol")
    number = getattr(error, "errno", None) or 0
    if number in (errno.EIO, errno.EINVAL) and kind is OpenError and live:  # all that libav says of a host's wrong name
        return kind("camera.no_such_host")
    key = _BY_NUMBER.get(number)
    if key is not None:
        return kind(key)
    return kind("camera.words", words=getattr(error, "strerror", None) or type(error).__name__)
