"""A mosquitto of its own for a measurement, set up as in deploy/: no Nagle, a large window, no limit on queues."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

BINARY = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
_CONFIG = """
listener {port} 127.0.0.1
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 0
persistence false
allow_anonymous true
{user}
"""


class Broker:
    """`with` starts and ends it. Raises RuntimeError where it does not answer."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._file = folder / "mosquitto.conf"
        self._file.write_text(_CONFIG.format(port=self.port, user="user root" if os.geteuid() == 0 else ""))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([BINARY, "-c", str(self._file)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise RuntimeError("mosquitto does not answer")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
