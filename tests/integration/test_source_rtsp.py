"""RTSP against a real server, and through a proxy that does to it what networks and cameras do: pictures come, what
goes wrong is waited for and named, nothing leaks, masks hold, and no password shows."""

import gc
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import av
import psutil
import pytest

from edge_agent.adapters.source_av import request_of
from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_wire import Request
from edge_agent.core.backoff import Backoff
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame
from tests.brokers import free_port, wait_until
from tests.clips import counting_frames, write_clip
from tests.rtsp_proxy import HOUR_TICKS, RtspProxy

pytestmark = pytest.mark.rtsp
SCRIPT = Path(__file__).parents[1] / "rtsp_server.py"
FAST = Backoff(0.05, 0.5)


class RtspServer:
    """GStreamer's, with Debian's Python, serving `clip` as rtsp://127.0.0.1:{port}/stream."""

    def __init__(self, clip: Path, *login: str) -> None:
        self.port = free_port()
        self.clip = clip
        self.login = login
        self.url = f"rtsp://guard:hunter2@127.0.0.1:{self.port}/stream"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["/usr/bin/python3", str(SCRIPT), str(self.port), str(self.clip), *self.login]
        self._process = subprocess.Popen(command)

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


@pytest.fixture(scope="module")
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer(clip) as running:
        yield running


@contextmanager
def watching(
    url: str, *, stall_s: float = 3.0, transport: Literal["tcp", "udp"] = "tcp", refused_s: float = 60.0
) -> Iterator[LiveSource]:
    request = Request(url, realtime=True, timeout_s=stall_s, transport=transport)
    with LiveSource("gate", request, stall_s=stall_s, backoff=FAST, refused_s=refused_s) as source:
        source.start()
        yield source


@contextmanager
def proxied(server: RtspServer, stall_s: float = 3.0) -> Iterator[tuple[RtspProxy, LiveSource]]:
    """A source that sees the server through a proxy, and has seen its first picture."""
    with RtspProxy(server.port) as proxy, watching(f"rtsp://127.0.0.1:{proxy.port}/stream", stall_s=stall_s) as source:
        frame_of(source)
        yield proxy, source


@pytest.fixture
def live(clip: Path) -> Iterator[tuple[RtspServer, LiveSource]]:
    """A server and a source that watches it, whose left half is masked."""
    mask = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    with RtspServer(clip) as server:
        request = Request(server.url, realtime=True, fps=0.0, loop=False, timeout_s=3.0, masks=mask)
        with LiveSource("gate", request, stall_s=3.0, backoff=FAST) as source:
            source.start()
            yield server, source


def frame_of(source: LiveSource, timeout_s: float = 30.0) -> Frame:
    got: list[Frame] = []

    def taken() -> bool:
        frame = source.latest()
        got.extend([frame] if frame is not None else [])
        return bool(got)

    wait_until(taken, timeout_s, lambda: f"a picture; {source.status()}")
    return got[0]


def test_pictures_come_with_masks_already_black(live: tuple[RtspServer, LiveSource]) -> None:
    _, source = live
    frame = frame_of(source)
    assert frame.image.shape == (120, 160, 3)
    assert frame.image[:, :76].max() == 0
    assert frame.image[:, 84:].min() > 5
    wait_until(lambda: source.status().state == "online" and source.status().fps_in > 5, 15, source.status)


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


def test_a_camera_is_watched_by_its_substream(server: RtspServer, tmp_path: Path) -> None:
    """As a whole agent does it: the other stream is asked for nothing."""
    small = write_clip(tmp_path / "small.mp4", counting_frames(100, 96, 64), fps=10, codec="libx264", gop=10)
    with RtspServer(small) as sub, RtspProxy(server.port) as main:
        spec = CameraSpec("gate", f"rtsp://127.0.0.1:{main.port}/stream", fps=5.0, substream=sub.url)
        with LiveSource("gate", request_of(spec, realtime=True), stall_s=3.0, backoff=FAST) as source:
            source.start()
            assert frame_of(source).image.shape == (64, 96, 3)
        assert main.connections == []


def test_over_udp_too(server: RtspServer) -> None:
    with watching(server.url, transport="udp") as source:
        frames = [frame_of(source) for _ in range(5)]
        assert all(b.index > a.index for a, b in pairwise(frames))
        assert source.status().state == "online"


def test_a_wrong_password_is_named_and_tried_rarely(clip: Path) -> None:
    with RtspServer(clip, "guard", "right") as server, RtspProxy(server.port) as proxy:
        address = f"127.0.0.1:{proxy.port}/stream"
        with watching(f"rtsp://guard:right@{address}") as source:
            frame_of(source)
        before = len(proxy.connections)
        with watching(f"rtsp://guard:wr0ng@{address}", refused_s=1.5) as source:
            wait_until(lambda: source.status().state == "failed", 20, source.status)
            assert source.status().reason == "the camera refuses this user name or password"
            wait_until(lambda: source.status().restarts >= 2, 20)
            tried = proxy.connections[before:]
            assert all(b - a >= 1.4 for a, b in pairwise(tried))
            assert len(tried) <= 3
        with watching(f"rtsp://{address}") as source:
            wait_until(lambda: source.status().state == "failed", 20, source.status)
            assert source.status().reason.startswith("the camera asks for a user name and a password")


def test_a_stream_that_falls_silent_is_noticed_and_comes_back(server: RtspServer) -> None:
    with proxied(server, stall_s=1.0) as (proxy, source):
        proxy.stalled.set()
        wait_until(lambda: source.status().state in ("stalled", "reconnecting"), 15)
        assert source.status().reason
        proxy.stalled.clear()
        wait_until(lambda: source.status().state == "online", 20)
        frame_of(source)


def test_garbage_in_packets_is_survived(server: RtspServer) -> None:
    with proxied(server) as (proxy, source):
        proxy.garbage = 25
        wait_until(lambda: proxy.spoiled >= 25, 20)
        good: list[Frame] = []

        def right() -> bool:
            """Three pictures that each are one shade all over, as the clip's are."""
            frame = source.latest()
            if frame is not None:
                good.append(frame) if frame.image.std() < 2 else good.clear()
            return len(good) >= 3

        wait_until(right, 30, lambda: f"clean pictures again; {source.status()}")
        assert source.status().state == "online"


def test_a_jump_of_the_camera_s_time_moves_no_picture(server: RtspServer) -> None:
    with proxied(server) as (proxy, source):
        before = frame_of(source)
        proxy.ahead = HOUR_TICKS
        frames = [before, *(frame_of(source) for _ in range(4))]
        proxy.ahead = 0
        frames += [frame_of(source) for _ in range(4)]
        assert all(0 < b.t - a.t < 5 for a, b in pairwise(frames))
        assert all(abs(frame.t - time.time()) < 15 for frame in frames)
        assert source.status().restarts == 0, source.status()


def elementary(path: Path, sizes: tuple[tuple[int, int], ...], each: int) -> Path:
    """H.264 without a container that changes its size on the way, `each` pictures of each, 10 a second."""
    with path.open("wb") as out:
        for width, height in sizes:
            context: Any = av.CodecContext.create("libx264", "w")
            context.width, context.height, context.pix_fmt, context.framerate = width, height, "yuv420p", 10
            context.gop_size = 5
            context.options = {"tune": "zerolatency", "preset": "veryfast"}
            for image in counting_frames(each, width, height):
                for packet in context.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
                    out.write(bytes(packet))
            for packet in context.encode(None):
                out.write(bytes(packet))
    return path


def test_a_camera_that_changes_its_resolution(tmp_path: Path) -> None:
    clip = elementary(tmp_path / "sizes.h264", ((160, 120), (320, 240), (128, 96)), 15)
    seen: list[tuple[int, ...]] = []
    with RtspServer(clip) as server, watching(server.url) as source:

        def all_seen() -> bool:
            frame = source.latest()
            if frame is not None:
                seen.append(frame.image.shape[:2])
                assert frame.image.std() < 2
                assert frame.luma.shape == (72, 96)
            return {(120, 160), (240, 320), (96, 128)} <= set(seen)

        wait_until(all_seen, 30, lambda: f"{set(seen)} {source.status()}")


def test_thirty_reconnects_leave_nothing_behind(server: RtspServer) -> None:
    me = psutil.Process()

    def held() -> tuple[int, int, int]:
        gc.collect()
        return me.num_fds(), me.num_threads(), len(me.children(recursive=True))

    with proxied(server) as (proxy, source):
        wait_until(lambda: source.status().state == "online")
        before, memory = held(), me.memory_info().rss
        for number in range(30):
            seen = frame_of(source).index
            proxy.hang_up()
            wait_until(lambda: source.status().restarts > number, 20, source.status)  # noqa: B023
            assert frame_of(source).index > seen
        wait_until(lambda: source.status().state == "online")
        wait_until(
            lambda: all(a <= b + 1 for a, b in zip(held(), before, strict=True)), 10, lambda: f"{held()} {before}"
        )
        assert me.memory_info().rss - memory < 30e6
    wait_until(lambda: held()[2] == before[2] - 1)
