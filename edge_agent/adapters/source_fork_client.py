"""The agent's end of source_fork_server: decoding children that are there at once and share what they have imported.

The server is started with the first child, and anew where it has died; the children of one that died live on.
"""

import contextlib
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading

FORK_S = 30.0
"""So long may a child take to come; the server has to start first, maybe."""


class ForkedChild:
    """A child. pid: for people; it may be another's by now."""

    def __init__(self, pid: int, handle: int, told: int) -> None:
        self.pid = pid
        self._handle = handle
        self._told = told
        self._code: int | None = None

    def kill(self) -> None:
        """Ends it now; nothing where it has ended. Any thread, until `close`."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def wait(self) -> int | None:
        """Once it has ended: its exit status, or the negative number of the signal; None where the server died with
        that knowledge."""
        ended = select.poll()
        ended.register(self._handle, select.POLLIN)
        ended.poll()
        with contextlib.suppress(ValueError):
            self._code = int(os.read(self._told, 16)) if self._code is None else self._code
        return self._code

    def close(self) -> None:
        os.close(self._handle)
        os.close(self._told)


class ForkClient:
    """Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def fork(self, stdin: int, stdout: int, stderr: int, memory: int) -> ForkedChild:
        """A new child with these handles, of which the caller keeps his own. Raises OSError if there can be none."""
        handles = [stdin, stdout, stderr, memory]
        with self._lock:
            try:
                number, given = self._ask(handles)
            except TimeoutError:
                raise  # a child may have these handles after all: they are good for no other
            except OSError:
                number, given = self._ask(handles)
        if number < 0:
            raise OSError(-number, os.strerror(-number))
        if len(given) < 2:  # what this process has no room for is left out
            for handle in given:
                os.close(handle)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return ForkedChild(number, *given)

    def _ask(self, handles: list[int]) -> tuple[int, list[int]]:
        """Of a server that fails nobody asks again: an answer that comes late would be taken for the next one's."""
        try:
            server = self._socket or self._start()
            socket.send_fds(server, [b"\0"], handles)
            message, given, _, _ = socket.recv_fds(server, 32, 2)
            if not message:
                raise ConnectionResetError(errno.ECONNRESET, "the forking process has ended")
        except OSError:
            self._end()
            raise
        return int(message), given

    def _start(self) -> socket.socket:
        self._end()
        ours, theirs = socket.socketpair()
        ours.settimeout(FORK_S)
        # Of several threads only one is forked.
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            command = [sys.executable, "-m", "edge_agent.adapters.source_fork_server"]
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), env=env)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._socket = ours
        return ours

    def _end(self) -> None:
        """The server is of no more use."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


FORK_CLIENT = ForkClient()
"""One for this process; it ends with it."""
