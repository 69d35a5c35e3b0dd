"""The fork server of decoding children: `python -m edge_agent.adapters.source_fork_server`, its socket on
standard input.

It has imported the decoder once, so a child is there at once and shares all that with its siblings, page by page. It
decodes nothing itself, and has one thread. To each message with four handles (a child's standard input, output and
error, and its memory) it answers with the child's number and two handles, or with an error's number, below 0. By the
first handle the child is signalled: it never means another process. The second tells how it ended, as subprocess does.
The server ends with the agent.
"""

import contextlib
import errno
import gc
import os
import selectors
import signal
import socket
import traceback
from typing import Never

from edge_agent.adapters import source_worker
from edge_agent.adapters.privacy_cv2 import one_thread

HANDLES = 4


def child(given: list[int], others: list[int]) -> Never:
    """The child's whole life. others: handles that are not its own."""
    code = 1
    try:
        for number, handle in enumerate(given[:3]):
            os.dup2(handle, number)
        for handle in (*given[:3], *others):
            os.close(handle)
        source_worker.main(given[3])
        code = 0
    except Exception:  # noqa: BLE001 - what ends it is its last word, as of any Python
        traceback.print_exc()
    finally:
        os._exit(code)


class ForkServer:
    """agent: its end of the socket is where requests come from."""

    def __init__(self, agent: socket.socket) -> None:
        self._agent = agent
        self._ready = selectors.DefaultSelector()
        self._ready.register(agent, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, int]] = {}
        """By the handle to signal it by: a child's number, and where its end is told."""

    def serve(self) -> None:
        """Until the agent is gone."""
        while True:
            for key, _ in self._ready.select():
                if key.fd in self._children:
                    self._reap(key.fd)
                elif not self._answer():
                    return

    def _reap(self, handle: int) -> None:
        pid, told = self._children.pop(handle)
        self._ready.unregister(handle)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):
            os.write(told, str(code).encode())
        os.close(told)
        os.close(handle)

    def _answer(self) -> bool:
        """False at the end of requests."""
        message, given, _, _ = socket.recv_fds(self._agent, 1, HANDLES)
        if not message:
            return False
        ends, told = os.pipe()
        pairs = (one for pair in self._children.items() for one in (pair[0], pair[1][1]))
        others = [self._agent.fileno(), self._ready.fileno(), ends, told, *pairs]
        try:
            pid = os.fork()
        except OSError as error:
            self._agent.send(str(-(error.errno or errno.EAGAIN)).encode())
            os.close(told)
        else:
            if pid == 0:
                child(given, others)
            handle = os.pidfd_open(pid)
            self._children[handle] = (pid, told)
            self._ready.register(handle, selectors.EVENT_READ)
            socket.send_fds(self._agent, [str(pid).encode()], [handle, ends])
        for one in (*given, ends):
            os.close(one)
        return True


def main() -> None:
    one_thread()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to the whole group, they are the agent's to handle
    gc.collect()
    gc.freeze()
    with contextlib.suppress(ConnectionError):
        ForkServer(socket.socket(fileno=os.dup(0))).serve()


if __name__ == "__main__":
    main()
