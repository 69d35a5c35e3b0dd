"""The agent's end of the forking process, where that answers late, never, or with more than there is room for."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from edge_agent.adapters.source_fork_client import ForkClient

HANDLES = (0, 1, 2, 0)


class ClientOfSockets(ForkClient):
    """One socket after the other instead of processes."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pairs = [socket.socketpair() for _ in range(count)]
        self._next = iter(self.pairs)

    def _start(self) -> socket.socket:
        self._socket = next(self._next)[0]
        self._socket.settimeout(0.1)
        return self._socket


@pytest.fixture
def client() -> Iterator[ClientOfSockets]:
    made = ClientOfSockets(3)
    yield made
    for pair in made.pairs:
        for one in pair:
            one.close()


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(client: ClientOfSockets) -> None:
    dead, late, third = (theirs for _, theirs in client.pairs)
    dead.close()
    with pytest.raises(TimeoutError):
        client.fork(*HANDLES)
    assert late.recv(1), "the second was asked"
    with pytest.raises(BrokenPipeError):
        late.send(str(-errno.EAGAIN).encode())
    third.send(str(-errno.ENOMEM).encode())
    with pytest.raises(OSError, match=os.strerror(errno.ENOMEM)):
        client.fork(*HANDLES)


def test_a_child_whose_handles_find_no_room_is_an_error_that_leaves_nothing_open(client: ClientOfSockets) -> None:
    theirs = client.pairs[0][1]
    ours, other = os.pipe()
    socket.send_fds(theirs, [b"1234"], [other])
    os.close(other)
    with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        client.fork(*HANDLES)
    theirs.setblocking(False)
    assert theirs.recv(1), "asked; what came with it is closed by not being taken"
    assert os.read(ours, 1) == b"", "the one handle that came is closed"
    os.close(ours)
