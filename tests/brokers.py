"""A real mosquitto for tests: started on a free port, killed and restarted at will."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

BINARY = shutil.which("mosquitto") or "/usr/sbin/mosquitto"

CONFIG = """
listener {port} 127.0.0.1
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 0
persistence {persistence}
persistence_location {folder}/
autosave_interval 1
{auth}
{user}
{extra}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0, what: str | Callable[[], object] = "") -> None:
    """Returns once `condition` holds; fails the test where it does not in time, and says `what`, asked only then."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what() if callable(what) else what or condition}")
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Whether anybody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """A broker in `folder`. `stop` is SIGTERM (it saves its sessions), `kill` SIGKILL; `start` keeps its port.

    auth: lines that replace `allow_anonymous true`; extra: further lines of its config.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, persistence: bool = True, auth: str = "", extra: str = ""
    ) -> None:
        self.port = port or free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            CONFIG.format(
                port=self.port,
                folder=folder,
                persistence=str(persistence).lower(),
                auth=auth or "allow_anonymous true",
                extra=extra,
                user="user root" if os.geteuid() == 0 else "",  # else it drops to a user who cannot read the folder
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        log = (self.folder / "mosquitto.log").open("ab")
        command = [BINARY, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        wait_until(self.answers, 10, (self.folder / "mosquitto.log").read_text)
        return self

    def answers(self) -> bool:
        return answers(self.port)

    def save(self) -> None:
        """Writes sessions and their queues to disk now, as it otherwise does every second."""
        file = self.folder / "mosquitto.db"
        before = file.stat().st_mtime_ns if file.exists() else 0
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        wait_until(lambda: file.exists() and file.stat().st_mtime_ns > before, 10, "mosquitto has saved")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self.start()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()
