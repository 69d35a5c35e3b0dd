"""Live sources: latest picture first, stalls, hang-ups, dead decoders, and no password anywhere."""

import errno
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from unittest.mock import Mock

import psutil
import pytest

from contract.sentence import english, sentence
from edge_agent.adapters import source_fork_client, source_live, source_process
from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_wire import Message, Request, redact
from edge_agent.core.backoff import Backoff
from edge_agent.core.types import Frame, Image
from tests.brokers import free_port, wait_until
from tests.clips import counting_frames, number_of, write_clip
from tests.data import ROOT
from tests.servers import MjpegCamera, MuteServer

FAST = Backoff(0.05, 0.2)


@contextmanager
def watching(source: str, stall_s: float = 5.0, fps: float = 0.0, loop: bool = False) -> Iterator[LiveSource]:
    request = Request(source, realtime=True, fps=fps, loop=loop, timeout_s=stall_s)
    live = LiveSource("cam", request, stall_s=stall_s, backoff=FAST)
    live.start()
    try:
        yield live
    finally:
        live.close()
    assert live.over


def next_frame(live: LiveSource, timeout_s: float = 10.0) -> Frame:
    got: list[Frame] = []

    def taken() -> bool:
        frame = live.latest()
        got.extend([frame] if frame is not None else [])
        return bool(got)

    wait_until(taken, timeout_s, lambda: f"a picture; {live.status()}")
    return got[0]


def test_the_latest_picture_wins_and_what_nobody_took_is_counted() -> None:
    with MjpegCamera(fps=50) as camera, watching(camera.url) as live:
        first = next_frame(live)
        before = live.status().dropped
        wait_until(lambda: live.status().dropped >= before + 10)
        second = next_frame(live)
        assert second.index >= first.index + 10
        assert time.time() - second.t < 0.5
        assert abs(number_of(second.image) - second.index % 50) <= 1
        assert live.status().state == "online"
        wait_until(lambda: 20 < live.status().fps_in < 70, what=lambda: f"the camera's rate; {live.status()}")


def test_fps_limits_what_is_delivered_not_what_is_counted() -> None:
    with MjpegCamera(fps=50) as camera, watching(camera.url, fps=5) as live:
        frames = [next_frame(live) for _ in range(8)]
        gaps = [b.t - a.t for a, b in pairwise(frames)]
        assert min(gaps) > 0.1
        assert median(gaps) < 0.4  # one stall of a busy machine says nothing about the rate
        assert all(b.index - a.index > 4 for a, b in pairwise(frames))


def test_a_stream_that_falls_silent_is_stalled_and_comes_back_by_itself() -> None:
    with MjpegCamera() as camera, watching(camera.url, stall_s=1.0) as live:
        before = next_frame(live)
        camera.silent.set()
        wait_until(lambda: live.status().state in ("stalled", "reconnecting"), 6)
        assert english(live.status().why) == live.status().reason != ""
        assert (live.status().last_frame_age_s or 0) >= 0.9
        camera.silent.clear()
        wait_until(lambda: live.status().state == "online", 10)
        assert next_frame(live).index > before.index
        assert live.status().restarts >= 1


def test_a_camera_that_hangs_up_or_refuses_is_asked_again() -> None:
    with MjpegCamera() as camera, watching(camera.url) as live:
        next_frame(live)
        camera.refuse = 503
        camera.hang_up.set()
        wait_until(lambda: live.status().state == "reconnecting")
        wait_until(lambda: len(camera.paths) >= 4)
        assert not live.over
        camera.refuse = 0
        camera.hang_up.clear()
        wait_until(lambda: live.status().state == "online")
        assert live.status().reason == ""


def test_an_rtsp_camera_that_never_answers_is_given_up_and_tried_again() -> None:
    with MuteServer() as server, watching(f"rtsp://user:secret@127.0.0.1:{server.port}/live", stall_s=0.5) as live:
        wait_until(lambda: live.status().restarts >= 2, 15)
        status = live.status()
        assert status.state in ("reconnecting", "stalled")
        assert status.why is not None
        assert status.why.key in ("camera.timed_out", "camera.no_picture", "camera.invalid")
        assert "secret" not in status.reason


def test_an_address_where_nothing_answers_is_a_sentence() -> None:
    with watching(f"rtsp://user:secret@127.0.0.1:{free_port()}/live") as live:
        wait_until(lambda: live.status().state == "reconnecting", 15)
        assert live.status().why == sentence("camera.connection_refused")


def test_a_picture_that_nobody_took_in_time_is_dropped() -> None:
    with MjpegCamera(fps=20) as camera, watching(camera.url) as live:
        next_frame(live)
        dropped, taken = live.status().dropped, []

        def let_go() -> bool:
            taken.append(live.latest(within_s=-1.0))
            return live.status().dropped > dropped

        wait_until(let_go)
        assert taken == [None] * len(taken)
        next_frame(live)


def test_a_dead_decoder_is_replaced(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(50))
    with watching(str(clip), loop=True) as live:
        before = next_frame(live)
        pid = live.child_pid
        assert pid is not None
        os.kill(pid, signal.SIGSEGV)
        wait_until(lambda: live.status().restarts == 1)
        after = next_frame(live)
        assert after.index > before.index
        assert live.child_pid != pid
        assert live.status().state == "online"


def test_decoders_outlive_the_process_that_forked_them_and_new_ones_come(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(50))
    with watching(str(clip), loop=True) as live:
        next_frame(live)
        assert live.child_pid is not None
        fork_server = psutil.Process(live.child_pid).parent()
        assert fork_server is not None
        fork_server.kill()
        next_frame(live)
        assert live.status().restarts == 0
        os.kill(live.child_pid, signal.SIGKILL)
        wait_until(lambda: live.status().restarts == 1)
        next_frame(live)
        assert live.status().state == "online"


def test_a_looping_recording_appears_live(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(10), fps=20)
    with watching(str(clip), loop=True) as live:
        began = time.time()
        frames = []
        for frame in live:
            frames.append(frame)
            if len(frames) == 30:
                break
        assert all(a.t < b.t for a, b in pairwise(frames))
        assert all(a.index < b.index for a, b in pairwise(frames))
        assert 1.0 < frames[-1].t - began < 6.0  # 30 pictures at 20 a second, the child's start included
        numbers = [number_of(frame.image) for frame in frames]
        assert sum(b < a for a, b in pairwise(numbers)) >= 2


def test_a_recording_without_loop_ends_once(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(10), fps=20)
    with watching(str(clip)) as live:
        frames = list(live)
        assert frames[-1].index == 9
        assert live.over
        assert live.status().state == "idle"


def test_an_unreadable_file_is_failed_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "later.mp4"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with watching(str(path)) as live:
        wait_until(lambda: live.status().state == "failed")
        assert "Invalid data" in live.status().reason
        write_clip(path, counting_frames(30))
        next_frame(live)  # it works again by itself


def test_no_child_outlives_a_killed_agent(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(30))
    script = (
        "import sys, time\n"
        "from edge_agent.adapters.source_live import LiveSource\n"
        "from edge_agent.adapters.source_wire import Request\n"
        "live = LiveSource('c', Request(sys.argv[1], realtime=True, loop=True), stall_s=5)\n"
        "live.start()\n"
        "next(iter(live))\n"
        "print(live.child_pid, file=sys.stderr, flush=True)\n"
        "time.sleep(60)\n"
    )
    agent = subprocess.Popen([sys.executable, "-c", script, str(clip)], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert agent.stderr is not None
    child = int(agent.stderr.readline())
    assert psutil.pid_exists(child)
    agent.kill()
    agent.wait()
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("rtsp://admin:pa55@10.0.0.2:554/live", "rtsp://***@10.0.0.2:554/live"),
        ("rtsp://admin:p@ss@word@cam/1", "rtsp://***@cam/1"),
        ("http://cam/video?user=admin&pwd=pa55&w=640", "http://cam/video?user=***&pwd=***&w=640"),
        ("error opening 'https://a:b@h/x?token=t1'", "error opening 'https://***@h/x?token=***'"),
        ("rtsp://cam/1", "rtsp://cam/1"),
        ("/videos/me@home.mp4", "/videos/me@home.mp4"),
    ],
)
def test_credentials_are_never_shown(written: str, shown: str) -> None:
    assert redact(written) == shown


def test_what_a_dying_decoder_says_last_shows_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "Traceback (most recent call last):\nValueError: rtsp://admin:pa55@cam/1"
    dead = Mock(next=Mock(side_effect=source_process.ChildDied("exit status 1", words)))
    monkeypatch.setattr(source_live, "Child", lambda _: dead)
    with watching("rtsp://admin:pa55@cam/1") as live:
        wait_until(lambda: live.status().state == "reconnecting")
        detail = "exit status 1 ValueError: rtsp://***@cam/1"
        assert live.status().why == sentence("camera.decoder_died", detail=detail)


def test_backoff_doubles_up_to_its_cap_within_its_jitter() -> None:
    backoff = Backoff(first_s=1.0, cap_s=10.0)
    assert [backoff.delay(attempt, 1.0) for attempt in range(6)] == [1, 2, 4, 8, 10, 10]
    assert backoff.delay(3, 0.0) == 4
    assert backoff.delay(10_000, 0.5) == 7.5


def test_a_decoder_that_cannot_be_started_is_tried_again_and_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(20), fps=10)
    tried = 0

    def refused(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    gc.collect()
    before = psutil.Process().num_fds()
    with monkeypatch.context() as patched:
        patched.setattr(source_fork_client.FORK_CLIENT, "fork", refused)
        with watching(str(clip)) as live:
            wait_until(lambda: tried >= 5 and live.status().state == "reconnecting", 20, "five attempts")
            assert "cannot be started" in live.status().reason
    assert psutil.Process().num_fds() <= before


@pytest.mark.logs_errors
def test_what_nobody_foresaw_costs_a_restart_and_not_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(20), fps=10)
    real = source_process.Child.picture
    broken = iter([True])

    def picture(child: source_process.Child, message: Message) -> tuple[Image, Image]:
        if next(broken, False):
            raise ValueError("a message nobody understands")
        return real(child, message)

    monkeypatch.setattr(source_process.Child, "picture", picture)
    with watching(str(clip), loop=True) as live:
        next_frame(live)
        assert live.status().restarts == 1
