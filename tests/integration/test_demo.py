"""`jaga demo` as a user has it: one command, cameras and incidents on the page, Ctrl-C, nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from jaga.ports import any_free
from simulator.scene_video import write
from simulator.scenes import demo_scenes
from tests.brokers import wait_until

START_S = 90.0


class Demo:
    """A running `jaga demo` in a process group of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int, said: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}/api/v1"
        self._said = said

    def said(self) -> str:
        return self._said.read_text()

    def get(self, path: str) -> Any:
        """The JSON answer, or None while nobody answers."""
        try:
            answer = httpx.get(f"{self.url}{path}", timeout=5)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def until(self, there: Callable[[], bool], patience_s: float) -> None:
        """Fails at once where the demo has ended."""

        def holds() -> bool:
            assert self.process.poll() is None, self.said()
            return there()

        wait_until(holds, patience_s, self.said)

    def online(self) -> set[str]:
        answer = self.get("/cameras")
        features = answer["features"] if answer else []
        return {item["properties"]["id"] for item in features if item["properties"]["state"] in ("online", "idle")}

    def until_nobody_is_left(self, patience_s: float = 20.0) -> None:
        """A process whose parent has just ended may still be on its way out."""
        wait_until(lambda: not self.members(), patience_s, self.members)

    def members(self) -> list[str]:
        """Command lines of the processes that are in its group now."""
        return group(self.process.pid)


def group(leader: int) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == leader and fields[0] != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def hears_hangups() -> None:
    """Also where the tests run under nohup, whose children ignore them."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Demo]:
    port = any_free()
    said = folder / "said.txt"
    environment = {**os.environ, "JAGA_LANG": "en", "TMPDIR": str(folder), "JAGA_LOG": "json"}
    with said.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jaga", "demo", "--port", str(port), "--broker-port", str(any_free()), *options],
            stdout=subprocess.DEVNULL,
            stderr=output,
            text=True,
            env=environment,
            start_new_session=True,
            preexec_fn=hears_hangups,
        )
        try:
            yield Demo(process, port, said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(30)


@pytest.mark.timeout(150)
def test_the_demo_shows_incidents_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        demo.until(lambda: len(demo.online()) >= 6, START_S)
        sites = {feature["properties"]["site"] for feature in demo.get("/cameras")["features"]}
        assert len(sites) == 3
        demo.until(lambda: bool(demo.get("/incidents")["items"]), 60)
        assert len(demo.members()) >= 6
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0
        demo.until_nobody_is_left()
    said = demo.said()
    assert "Traceback" not in said
    assert f"Open http://127.0.0.1:{demo.url.rpartition(':')[2].partition('/')[0]}/" in said
    assert not list(tmp_path.glob("jaga-demo-*")), "the temporary folder is still there"


@pytest.mark.timeout(150)
def test_own_videos_play_and_a_killed_demo_leaves_no_orphan(tmp_path: Path) -> None:
    """Killed outright, the demo takes its children along."""
    videos = tmp_path / "videos"
    for scene in demo_scenes():
        if scene.name in ("gerbang", "gudang"):
            made = write(scene, videos)
            made.truth.unlink()
    with running(tmp_path, "--video", str(videos)) as demo:
        demo.until(lambda: demo.online() == {"camera-1", "camera-2"}, START_S)
        demo.process.kill()
        demo.process.wait(30)
        demo.until_nobody_is_left()


def test_a_closed_terminal_ends_it_in_order_and_a_child_that_dies_is_named(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    scene = next(scene for scene in demo_scenes() if scene.name == "gerbang")
    write(scene, videos)
    with running(tmp_path, "--video", str(videos)) as demo:
        demo.until(lambda: bool(demo.online()), START_S)
        demo.process.send_signal(signal.SIGHUP)
        assert demo.process.wait(30) == 0, "a terminal that is closed ends it in order"
        demo.until_nobody_is_left()
        assert not list(tmp_path.glob("jaga-demo-*"))
    with running(tmp_path, "--video", str(videos)) as demo:
        demo.until(lambda: bool(demo.online()), START_S)
        agent = next(pid for pid in pids(demo.process.pid) if "edge run" in command_line(pid))
        os.kill(agent, signal.SIGKILL)
        assert demo.process.wait(30) == 1
        demo.until_nobody_is_left()
    assert "demo-1 ended by itself" in demo.said()
    assert "Traceback" not in demo.said()


def pids(parent: int) -> list[int]:
    """Direct children."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def test_a_port_the_user_chose_and_that_is_taken_is_a_sentence() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        for option in ("--port", "--broker-port"):
            done = subprocess.run(
                [sys.executable, "-m", "jaga", "demo", option, str(holder.getsockname()[1])],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env={**os.environ, "JAGA_LANG": "en"},
            )
            assert done.returncode == 2
            assert "in use" in done.stderr
            assert "Traceback" not in done.stderr
