"""paho's client with two shortcuts for a flood of messages, reading many at once and acknowledging many at once; and it
stops reading where nobody keeps up.

paho reads each packet with three calls of recv() and one of select(), makes an object of it, and writes each
acknowledgement by itself. Here the socket reads ahead, whole PUBLISH packets of QoS 0 and 1 are taken out of what was
read in one loop, and acknowledgements leave as one write. Everything else (connecting, sessions, pings, other packets,
halves of packets) is paho's, to which the bytes are handed as they came. MQTT 5.0, sections 2.1, 3.3 and 3.4; 3.1.1 is
the same without properties. Private names of paho that this leans on: `_create_socket`, `_packet_read`, `_in_packet`,
`_packet_queue`, `_last_bytes_received`; the requirements name its version, and the tests hold it to paho's ways.
"""

import socket
import ssl
from collections.abc import Callable, Iterable
from time import monotonic, sleep
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

READ_AHEAD = 262_144
HOLD_S = 0.05
"""So long nothing is read where no more fits; between two such pauses acknowledgements and pings leave."""
_PUBLISH, _PUBACK = 0x30, 0x40
_QOS_2 = 0x04

Take = Callable[[str, bytes, int], None]
"""(topic, payload, packet id; 0 for QoS 0) of one message. Must not wait."""


class ReadAhead:
    """A non-blocking socket that reads more than it is asked for. paho asks `pending` before it waits in select()."""

    def __init__(self, sock: socket.socket | ssl.SSLSocket) -> None:
        self._sock = sock
        self.buffer = bytearray()

    def fill(self) -> bool:
        """Reads what is there; False where nothing is. Raises what recv() raises, and BlockingIOError."""
        data = self._sock.recv(READ_AHEAD)
        self.buffer += data
        return bool(data)

    def recv(self, size: int) -> bytes:
        if not self.buffer and not self.fill():
            return b""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def pending(self) -> int:
        """Also what TLS has decrypted already."""
        return len(self.buffer) + (self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0)

    def fileno(self) -> int:
        return self._sock.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def publishes(buffer: bytearray, five: bool, take: Take) -> int:
    """Hands over the whole PUBLISH packets of QoS 0 and 1 at the buffer's beginning, and says how many bytes they were.

    Stops before the first packet that is anything else, not whole, or not to be understood: paho's to deal with.
    """
    view = bytes(buffer)
    at, size = 0, len(view)
    while at + 2 <= size:
        head = view[at]
        if head & 0xF0 != _PUBLISH or head & _QOS_2:
            break
        length, start = view[at + 1], at + 2
        if length >= 0x80:
            length, start = _varint(view, at + 1)
        end = start + length
        if start == 0 or end > size:
            break
        topic_end = start + 2 + (view[start] << 8 | view[start + 1]) if length >= 2 else end + 1
        body, mid = topic_end, 0
        if head & 0x06:
            body += 2
            mid = view[topic_end] << 8 | view[topic_end + 1] if body <= end else 0
        if five and body < end:
            if view[body] == 0:
                body += 1
            else:
                properties, begin = _varint(view, body)
                body = begin + properties if begin else end + 1
        if body > end or (head & 0x06 and mid == 0) or (five and body == topic_end) or topic_end == start + 2:
            break
        try:
            topic = view[start + 2 : topic_end].decode()
        except UnicodeDecodeError:
            break
        take(topic, view[body:end], mid)
        at = end
    return at


def _varint(view: bytes, at: int) -> tuple[int, int]:
    """(value, where it ends) of a variable byte integer; (0, 0) where it is not whole or too long."""
    if at + 1 < len(view) and view[at + 1] < 0x80 <= view[at]:  # of two bytes, as nearly every event's
        return view[at] & 0x7F | view[at + 1] << 7, at + 2
    value, shift = 0, 0
    for place in range(at, min(at + 4, len(view))):
        byte = view[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    return 0, 0


class FastClient(paho.Client):
    """take: gets every message that the shortcut reads; what paho reads itself still goes to `on_message`.
    full: whether what comes next has to wait, in the network's buffers and then with the broker."""

    take: Take
    full: Callable[[], bool]

    def _create_socket(self) -> Any:
        return ReadAhead(super()._create_socket())  # type: ignore[arg-type]

    def _packet_read(self) -> MQTTErrorCode:
        if self.full() and self.is_connected():
            sleep(HOLD_S)
            self._heard()  # the broker is not silent, it is not listened to
            return MQTTErrorCode.MQTT_ERR_AGAIN
        sock: Any = self._sock
        if not isinstance(sock, ReadAhead) or self._in_packet["command"] != 0:
            return super()._packet_read()
        try:
            if not sock.fill():
                return super()._packet_read()  # closed: it reads the same, and knows what to do
        except (BlockingIOError, ssl.SSLWantReadError):
            if not sock.buffer:
                return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return super()._packet_read()
        taken = publishes(sock.buffer, self._protocol == MQTTProtocolVersion.MQTTv5, self.take)
        if not taken:
            return super()._packet_read()
        del sock.buffer[:taken]
        self._heard()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _heard(self) -> None:
        with self._msgtime_mutex:
            self._last_bytes_received = monotonic()

    def acknowledge(self, mids: Iterable[int]) -> None:
        """PUBACK for each, in order, as one write. From any thread."""
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        if packets:
            self._packet_queue(_PUBACK, packets, 0, 0)
