"""Files that are written whole or not at all, and what a power cut leaves of them."""

import subprocess
import sys
import threading
from pathlib import Path

from edge_agent.whole_file import replacing, sweep

WRITER = """
import sys
from pathlib import Path
from edge_agent.whole_file import replacing
with replacing(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    print("writing", flush=True)
    sys.stdin.read()
    stream.write(b" and half")
"""


def writer(path: Path) -> "subprocess.Popen[str]":
    """A process that has written half of `path` and waits."""
    command = [sys.executable, "-c", WRITER, str(path)]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "writing\n"
    return running


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in ("gate.npz", "notes.part", ".hidden"):
        (tmp_path / name).write_bytes(b"kept")
    killed = writer(tmp_path / "gate.npz")
    killed.kill()
    killed.wait()
    left = [name for name in names(tmp_path) if name.startswith(".gate.npz.")]
    assert len(left) == 1
    sweep(tmp_path)
    assert names(tmp_path) == [".hidden", "gate.npz", "notes.part"]
    assert (tmp_path / "gate.npz").read_bytes() == b"kept"


def test_what_a_live_process_writes_is_left_alone(tmp_path: Path) -> None:
    live = writer(tmp_path / "gate.npz")
    sweep(tmp_path)
    live.communicate("")
    assert live.returncode == 0
    assert names(tmp_path) == ["gate.npz"]
    assert (tmp_path / "gate.npz").read_bytes() == b"half and half"


def test_what_this_process_writes_is_left_alone_too(tmp_path: Path) -> None:
    with replacing(tmp_path / "gate.npz") as stream:
        sweep(tmp_path)
        stream.write(b"all")
    assert names(tmp_path) == ["gate.npz"]


def test_two_who_write_one_file_under_one_process_id_write_it_one_after_the_other(tmp_path: Path) -> None:
    """Containers that share a folder have the same ids, and each ends with a whole file."""
    path = tmp_path / "model.onnx"
    half, go_on = threading.Event(), threading.Event()

    def second() -> None:
        with replacing(path) as stream:
            stream.write(b"sec")
            stream.flush()
            half.set()
            assert go_on.wait(10)
            stream.write(b"ond")

    other = threading.Thread(target=second)
    with replacing(path) as stream:
        stream.write(b"fi")
        stream.flush()
        other.start()
        assert not half.wait(0.3)
        stream.write(b"rst")
    assert half.wait(10)
    assert path.read_bytes() == b"first"
    go_on.set()
    other.join(10)
    assert names(tmp_path) == ["model.onnx"]
    assert path.read_bytes() == b"second"


def test_a_folder_that_is_not_there_yet_has_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(tmp_path / "memory")
    assert names(tmp_path) == []
