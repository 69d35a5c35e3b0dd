"""Stands between an RTSP client and its server and does to the stream what networks and cameras do.

It knows the framing of RTP over the control connection (RFC 2326, 10.12): "$", channel, length, packet.
"""

import contextlib
import random
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

HEADER_BYTES = 12
"""Of an RTP packet (RFC 3550, 5.1); its time lies in bytes 4 to 8."""
HOUR_TICKS = 90_000 * 3_600


class RtspProxy:
    """Forwards 127.0.0.1:port to the server's port. connections: when each came (monotonic).

    stalled: nothing goes on to the client, and connections stay open. garbage: so many of the next media packets get
    random contents. ahead: added to the times of media packets, in ticks.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections: list[float] = []
        self.stalled = threading.Event()
        self.garbage = self.spoiled = self.ahead = 0
        self._chance = random.Random(6)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._closing.set()
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(5)

    def hang_up(self) -> None:
        """Ends all connections now."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open = []

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(time.monotonic())
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            self._run(self._forward, client, server)
            self._run(self._media, server, client)

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with source, contextlib.suppress(OSError):
            while part := source.recv(65_536):
                target.sendall(part)
            target.shutdown(socket.SHUT_RDWR)

    def _media(self, server: socket.socket, client: socket.socket) -> None:
        """Answers go through as they are; packets are done something to."""
        with server, contextlib.suppress(OSError):
            held = bytearray()
            while part := server.recv(65_536):
                held += part
                while (size := _whole(held)) > 0:
                    out = bytes(held[:size])
                    del held[:size]
                    while self.stalled.is_set() and not self._closing.is_set():
                        self._closing.wait(0.02)
                    client.sendall(self._changed(out) if out[:1] == b"$" else out)
            client.shutdown(socket.SHUT_RDWR)

    def _changed(self, packet: bytes) -> bytes:
        if packet[1] != 0:
            return b"" if self.ahead else packet  # reports would tie the old times to the clock
        head, media, payload = packet[:4], bytearray(packet[4 : 4 + HEADER_BYTES]), packet[4 + HEADER_BYTES :]
        if self.ahead:
            (ticks,) = struct.unpack(">I", media[4:8])
            media[4:8] = struct.pack(">I", (ticks + self.ahead) % 2**32)
        if self.garbage > 0:
            self.garbage -= 1
            self.spoiled += 1
            payload = self._chance.randbytes(len(payload))
        return head + bytes(media) + payload


def _whole(held: bytearray) -> int:
    """How long the first message is, 0 while it is not all there. Answers have no body here but the description, whose
    length they tell."""
    if not held:
        return 0
    if held[:1] == b"$":
        size = 4 + int.from_bytes(held[2:4], "big") if len(held) >= 4 else 1 << 30
        return size if len(held) >= size else 0
    end = held.find(b"\r\n\r\n")
    if end < 0:
        return 0
    size = end + 4
    for line in bytes(held[:end]).split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            size += int(line.split(b":")[1])
    return size if len(held) >= size else 0
