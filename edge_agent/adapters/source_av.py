"""Pictures of one camera through PyAV, decoded in a child process: recordings in order, live streams latest first.

`open_source` is the one way in. A recording (`realtime=False`) delivers every due frame and waits for its consumer; a
live source never waits, never queues and never gives up (see source_live).
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from contract.sentence import Sentence
from edge_agent.adapters.pixels_av import Bgr
from edge_agent.adapters.privacy_cv2 import Masks, tiny_luma
from edge_agent.adapters.source_decode import OpenError, ReadError, decode
from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_process import Child, ChildDied
from edge_agent.adapters.source_wire import Request, redact, told
from edge_agent.core.errors import SourceError
from edge_agent.core.ports import FrameSource
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame

SILENCE_S = 60.0
"""A recording that gives nothing for so long while somebody waits has hung."""


def request_of(camera: CameraSpec, *, realtime: bool, start: float = 0.0) -> Request:
    return Request(
        source=camera.watched if realtime else camera.source,
        realtime=realtime,
        fps=camera.fps,
        masks=camera.masks,
        start=start,
        loop=camera.loop,
        image_rate=camera.image_rate,
        timeout_s=camera.stall_s,
        transport=camera.rtsp_transport,
        decode=camera.decode,
    )


def open_source(camera: CameraSpec, *, realtime: bool, start: float | None = None, isolate: bool = True) -> FrameSource:
    """The camera's pictures. Nothing is opened before the first frame is asked for.

    realtime: as they happen, at wall-clock times, reconnecting for ever; otherwise a recording whose first picture was
    taken at `start` (seconds since the epoch, default 0), each frame at start + its own time, thinned to camera.fps.
    isolate: decode in a child process; without it a recording is decoded in this thread (a crash is then everybody's).
    """
    if realtime:
        return LiveSource(camera.id, request_of(camera, realtime=True), stall_s=camera.stall_s)
    request = request_of(camera, realtime=False, start=start or 0.0)
    return IsolatedRecording(camera.id, request) if isolate else InlineRecording(camera.id, request)


class _Recording:
    """What both ways to read a recording share. corrupt: packets given up so far. frames: delivered or thinned out."""

    def __init__(self, camera: str, request: Request) -> None:
        self._camera = camera
        self._request = request
        self._closed = False
        self.corrupt = 0
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._closed = True

    def _error(self, key: str, detail: str | Sentence) -> SourceError:
        """A sentence is without secrets already."""
        shown, said = redact(self._request.source), redact(detail) if isinstance(detail, str) else detail
        return SourceError(f"edge.source.{key}", camera=self._camera, source=shown, detail=said)


class IsolatedRecording(_Recording):
    """Decoding overlaps with the consumer's work; the child is a few pictures ahead and then waits."""

    child_pid: int | None = None

    def __iter__(self) -> Iterator[Frame]:
        child = Child(self._request)
        self.child_pid = child.pid
        try:
            while not self._closed:
                message = child.next(SILENCE_S)
                if message is None:
                    raise self._error("silent", f"{SILENCE_S:g}")
                self.corrupt = message.get("corrupt", self.corrupt)
                self.frames = message.get("index", self.frames - 1) + 1
                match message["type"]:
                    case "frame":
                        image, luma = child.picture(message)
                        yield Frame(image=image, luma=luma, index=message["index"], t=message["t"])
                    case "error":
                        raise self._error("open" if message["stage"] == "open" else "broken", told(message))
                    case "end":
                        return
        except ChildDied as died:
            raise self._error("died", " ".join(filter(None, (died.how, died.stderr[-200:])))) from died
        finally:
            child.close()


class InlineRecording(_Recording):
    """The same pictures without a child process."""

    def __iter__(self) -> Iterator[Frame]:
        masks, bgr = Masks(self._request.masks), Bgr()
        try:
            for picture in decode(self._request):
                if self._closed:
                    return
                self.corrupt, self.frames = picture.corrupt, picture.index + 1
                if picture.frame is not None:
                    image, tiny = bgr(picture.frame), picture.luma
                    masks.apply(image)
                    luma = tiny_luma(image, self._request.luma_width) if tiny is None else tiny
                    yield Frame(image=image, luma=luma, index=picture.index, t=picture.t)
        except OpenError as error:
            raise self._error("open", str(error)) from error
        except ReadError as error:
            raise self._error("broken", str(error)) from error
