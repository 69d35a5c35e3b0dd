"""The demo's parts: configs the real loaders accept, ports, places of the user's own video, children that end."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator import config as aggregator_config
from contract.errors import ConfigError, JagaError
from edge_agent import config as edge_config
from jaga import demo, demo_config, ports
from jaga.demo_places import DemoAgent, own, rendered
from jaga.processes import ChildEnded, Processes, last_line
from simulator.scenes import demo_scenes
from tests.brokers import wait_until


@pytest.fixture
def places() -> tuple[DemoAgent, ...]:
    return rendered({scene.name: Path(f"/videos/{scene.name}.mp4") for scene in demo_scenes()}, 3.0)


def test_six_cameras_at_three_places_at_least(places: tuple[DemoAgent, ...]) -> None:
    assert len({agent.site for agent in places}) >= 3
    cameras = [camera for agent in places for camera in agent.cameras]
    assert len({camera.id for camera in cameras}) == len(cameras) >= 6


def test_the_real_loader_accepts_every_edge_config(places: tuple[DemoAgent, ...], tmp_path: Path) -> None:
    for agent in places:
        path = tmp_path / f"{agent.id}.toml"
        path.write_text(demo_config.edge_toml(agent, tmp_path / "data", 1883, 1), "utf-8")
        loaded = edge_config.load(path)
        assert loaded.agent.site == agent.site
        assert [(camera.id, camera.source, camera.loop) for camera in loaded.cameras] == [
            (camera.id, camera.source, True) for camera in agent.cameras
        ]
        assert all(camera.rules and camera.location for camera in loaded.cameras)
        assert loaded.mqtt is not None
        assert loaded.mqtt.port == 1883


def test_the_real_loader_accepts_the_aggregator_config(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(demo_config.aggregator_toml(tmp_path / "store", 18_830, 18_080), "utf-8")
    loaded = aggregator_config.load(path)
    assert (loaded.http.port, loaded.mqtt.port, loaded.data_dir) == (18_080, 18_830, tmp_path / "store")
    assert loaded.http.host == loaded.mqtt.host == "127.0.0.1"


def test_own_file_plays_over_and_over(tmp_path: Path) -> None:
    file = tmp_path / 'gate "north" \\ é.mp4'
    file.write_bytes(b"")
    (agent,) = own(str(file))
    (camera,) = agent.cameras
    assert (camera.source, camera.loop) == (str(file), True)
    config = tmp_path / "edge.toml"
    config.write_text(demo_config.edge_toml(agent, tmp_path, 1883, 1), "utf-8")
    (read,) = edge_config.load(config).cameras
    assert (read.source, read.name) == (str(file), file.stem)
    assert {rule.kind for rule in read.rules} == {"intrusion", "loitering", "crowd"}


def test_own_folder_is_a_camera_per_video(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.AVI", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (agent,) = own(str(tmp_path))
    assert [Path(camera.source).name for camera in agent.cameras] == ["a.AVI", "b.mp4"]


def test_own_folder_of_pictures_is_one_camera(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    (agent,) = own(str(tmp_path))
    assert [camera.source for camera in agent.cameras] == [str(tmp_path)]


@pytest.mark.parametrize(
    ("video", "source"),
    [
        ("rtsp://user:secret@192.0.2.7/main?x=1", "rtsp://user:secret@192.0.2.7/main?x=1"),
        ("http://192.0.2.7/cam.mjpg", "http://192.0.2.7/cam.mjpg"),
        ("webcam", "webcam:0"),
        ("webcam:2", "webcam:2"),
        ("1", "webcam:1"),
    ],
)
def test_own_stream_does_not_loop_and_shows_no_password(video: str, source: str) -> None:
    (agent,) = own(video)
    (camera,) = agent.cameras
    assert (camera.source, camera.loop) == (source, False)
    assert "secret" not in camera.name


def test_own_video_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        own(str(tmp_path / "nothing.mp4"))
    with pytest.raises(ConfigError, match="no video or picture"):
        own(str(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        own("x" * 300 + ".mp4")
    for number in range(17):
        (tmp_path / f"{number}.mp4").write_bytes(b"")
    with pytest.raises(ConfigError, match="17 videos"):
        own(str(tmp_path))


def test_a_taken_port_moves_or_is_refused() -> None:
    with socket.socket() as holder:
        holder.bind((ports.LOOPBACK, 0))
        holder.listen()
        taken = int(holder.getsockname()[1])
        moves: list[tuple[int, int]] = []
        chosen = ports.choose("--port", None, taken, lambda old, new: moves.append((old, new)))
        assert moves == [(taken, chosen)]
        assert ports.is_free(chosen)
        with pytest.raises(ConfigError, match="in use"):
            ports.choose("--port", taken, 8080, lambda old, new: None)
    with pytest.raises(ConfigError, match="not a port"):
        ports.choose("--port", 70_000, 8080, lambda old, new: None)


def test_a_child_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as children:
        child = children.start("broken", [sys.executable, "-c", "print('first'); raise SystemExit('no camera here')"])
        child.process.wait(30)
        with pytest.raises(ChildEnded, match=r"broken ended by itself \(code 1\): no camera here"):
            children.check()


def test_stopping_ends_the_stubborn_too(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(600)"
    children = Processes(tmp_path)
    child = children.start("stubborn", [sys.executable, "-c", stubborn])
    wait_until(lambda: last_line(child.log) == "up", 30, "it ignores SIGTERM")
    children.stop(patience_s=0.2)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from jaga.processes import Processes\n"
        "child = Processes(Path(sys.argv[1])).start('c', [sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(30)
    parent.stdout.close()
    wait_until(lambda: not alive(child), 30, "the child ends with its parent")


def alive(pid: int) -> bool:
    """Running, and no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_temporary_folder_goes_and_the_users_stays(tmp_path: Path) -> None:
    with demo.folder(None) as path:
        (path / "x").write_text("x")
    assert not path.exists()
    with demo.folder(tmp_path / "kept") as kept:
        (kept / "x").write_text("x")
    assert (kept / "x").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(JagaError, match="cannot be made"), demo.folder(tmp_path / "file" / "below"):
        pass


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(JagaError, match="XDG_CACHE_HOME"):
        demo.scenes(1)


def test_detectors_leave_half_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, threads in ((2, 1), (8, 1), (32, 5)):
        monkeypatch.setattr(os, "cpu_count", lambda cpus=cpus: cpus)
        assert demo.detector_threads(3) == threads


def test_an_interrupt_while_something_is_finalised_is_not_lost() -> None:
    """In a process of its own: who signals itself in the process of the tests takes them all along when it ends."""
    script = (
        "import faulthandler, signal; from jaga import demo\n"
        "faulthandler.enable()\n"
        "class Finalised:\n"
        "    def __del__(self): signal.raise_signal(signal.SIGHUP)\n"
        "signal.signal(signal.SIGHUP, demo._interrupt)\n"
        "thing = Finalised()\n"
        "del thing\n"  # Python prints the KeyboardInterrupt and goes on
        "print('went on', flush=True)\n"
        "try: demo.pause()\n"
        "except KeyboardInterrupt: print('not lost', flush=True)\n"
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (child.returncode, child.stdout.split("\n")[:2]) == (0, ["went on", "not lost"]), child.stderr
