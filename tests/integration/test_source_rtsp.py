"""RTSP against a real server: pictures come, a server that dies is waited for, masks hold, and no password shows."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_wire import Request
from edge_agent.core.backoff import Backoff
from edge_agent.core.types import Frame
from tests.brokers import free_port, wait_until
from tests.clips import counting_frames, write_clip

pytestmark = pytest.mark.rtsp
SCRIPT = Path(__file__).parents[1] / "rtsp_server.py"


class RtspServer:
    """GStreamer's, with Debian's Python, serving `clip` as rtsp://127.0.0.1:{port}/stream."""

    def __init__(self, clip: Path) -> None:
        self.port = free_port()
        self.clip = clip
        self.url = f"rtsp://guard:hunter2@127.0.0.1:{self.port}/stream"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(["/usr/bin/python3", str(SCRIPT), str(self.port), str(self.clip)])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of H.264 whose frames tell their number by their grey."""
    path = tmp_path_factory.mktemp("rtsp") / "clip.mp4"
    return write_clip(path, counting_frames(600), fps=10, codec="libx264", gop=10)


@pytest.fixture
def live(clip: Path) -> Iterator[tuple[RtspServer, LiveSource]]:
    """A server and a source that watches it, whose left half is masked."""
    mask = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    with RtspServer(clip) as server:
        request = Request(server.url, realtime=True, fps=0.0, loop=False, timeout_s=3.0, masks=mask)
        with LiveSource("gate", request, stall_s=3.0, backoff=Backoff(0.05, 0.5)) as source:
            source.start()
            yield server, source


def frame_of(source: LiveSource, timeout_s: float = 30.0) -> Frame:
    got: list[Frame] = []

    def taken() -> bool:
        frame = source.latest()
        got.extend([frame] if frame is not None else [])
        return bool(got)

    wait_until(taken, timeout_s, f"a picture; {source.status()}")
    return got[0]


def test_pictures_come_with_masks_already_black(live: tuple[RtspServer, LiveSource]) -> None:
    _, source = live
    frame = frame_of(source)
    assert frame.image.shape == (120, 160, 3)
    assert frame.image[:, :76].max() == 0
    assert frame.image[:, 84:].min() > 5
    wait_until(lambda: source.status().state == "online" and source.status().fps_in > 5, 15, f"{source.status()}")


def test_a_dead_server_is_waited_for_and_its_password_never_shows(live: tuple[RtspServer, LiveSource]) -> None:
    server, source = live
    before = frame_of(source).index
    server.kill()
    wait_until(lambda: source.status().state in ("reconnecting", "stalled"), 15, "the loss is noticed")
    assert "hunter2" not in source.status().reason
    while source.latest() is not None:
        pass
    server.start()
    after = frame_of(source)
    assert after.index > before
    wait_until(lambda: source.status().state == "online", 10, "online again")
