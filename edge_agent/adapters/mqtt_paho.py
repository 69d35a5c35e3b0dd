"""One MQTT connection through paho: what happens on it is put into a queue, nothing is done in a callback.

A connection is made once and thrown away when it is lost; what was not acknowledged on it lies in the spool, not here.
"""

import contextlib
import queue
import select
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.errors import ConfigError, words
from contract.hung_up import hung_up

Version = Literal["5", "3.1.1"]
CONNECT_TIMEOUT_S = 10.0
REFUSED = 0x80
"""MQTT 5 reason codes from here on are refusals."""

HUNG_UP = select.POLLHUP | select.POLLERR | select.POLLNVAL
"""What select takes for ready in either direction: whoever then reads or writes meets the error."""


class Poll:
    """What paho asks of the module `select`, by poll: select(2) knows no handle from 1024 on, and each camera has half
    a dozen, so a large host's agent would never reach its broker again."""

    @staticmethod
    def select(
        readers: Sequence[socket.socket], writers: Sequence[socket.socket], _: object, timeout_s: float
    ) -> tuple[list[socket.socket], list[socket.socket], list[socket.socket]]:
        """Raises ValueError for one that is closed, as select does."""
        wanted: dict[int, int] = {}
        for sockets, mask in ((readers, select.POLLIN), (writers, select.POLLOUT)):
            for one in sockets:
                wanted[one.fileno()] = wanted.get(one.fileno(), 0) | mask
        poll = select.poll()
        for handle, mask in wanted.items():
            poll.register(handle, mask)
        ready = dict(poll.poll(timeout_s * 1000))

        def able(sockets: Sequence[socket.socket], mask: int) -> list[socket.socket]:
            return [one for one in sockets if ready.get(one.fileno(), 0) & (mask | HUNG_UP)]

        return able(readers, select.POLLIN), able(writers, select.POLLOUT), []


paho.select = Poll  # type: ignore[assignment, attr-defined]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where and how to connect; password: the secret itself, read just before."""

    host: str
    port: int
    client_id: str
    username: str | None
    password: str | None
    tls: bool
    tls_ca: Path | None
    keepalive_s: int
    session_expiry_s: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK came: `refused` is empty or says why. A refused connection is no connection."""

    refused: str
    wrong_version: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """PUBACK for message `mid`; `refused` is empty or the broker's reason."""

    mid: int
    refused: str


@dataclass(frozen=True, slots=True)
class Received:
    topic: str
    payload: bytes
    retained: bool


Happened = Connected | Disconnected | Acknowledged | Received


class Connection:
    """Opens in the constructor, which raises OSError if nobody answers; `happened` is then fed by paho's thread.

    All other methods are for one thread. QoS 1 unless said otherwise.
    """

    def __init__(self, broker: Broker, version: Version, will: tuple[str, bytes], happened: "queue.SimpleQueue[Any]"):
        five = version == "5"
        self._happened = happened
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if five else False,
            reconnect_on_failure=False,
        )
        client = self._client
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(broker.in_flight + 8)
        client.max_queued_messages_set(0)
        client.will_set(*will, qos=1, retain=True)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set_context(trusting(broker.tls_ca))
        self._attach()
        properties = None
        if five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = broker.session_expiry_s
        if five:
            client.connect(broker.host, broker.port, broker.keepalive_s, clean_start=False, properties=properties)
        else:
            client.connect(broker.host, broker.port, broker.keepalive_s)
        client.loop_start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """The message id whose acknowledgement will come."""
        return self._client.publish(topic, payload, qos, retain).mid

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)

    def close(self, *, politely: bool) -> None:
        """Politely: the broker is told, so it sends no last will."""
        if politely:
            self._client.disconnect()
        elif isinstance(opened := self._client.socket(), socket.socket):
            with contextlib.suppress(OSError):  # closed from the other side already
                opened.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _attach(self) -> None:
        happened, client = self._happened, self._client
        accepted = False

        def on_connect(_client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
            nonlocal accepted
            accepted = not code.is_failure
            wrong = code.is_failure and "protocol version" in str(code).lower()
            happened.put(Connected(str(code) if code.is_failure else "", wrong))

        def on_disconnect(_client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
            happened.put(Disconnected(hung_up(str(code), accepted)))

        def on_publish(_client: Any, _data: Any, mid: int, code: Any, _properties: Any) -> None:
            happened.put(Acknowledged(mid, str(code) if code.value >= REFUSED else ""))

        def on_message(_client: Any, _data: Any, message: Any) -> None:
            happened.put(Received(message.topic, bytes(message.payload), bool(message.retain)))

        def on_socket_open(_client: Any, _data: Any, opened: Any) -> None:
            # Without it each small message waits for the acknowledgement of the one before (Nagle).
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        client.on_connect = on_connect
        client.on_disconnect = on_disconnect
        client.on_publish = on_publish
        client.on_message = on_message
        client.on_socket_open = on_socket_open


def trusting(authority: Path | None) -> ssl.SSLContext:
    """Raises ConfigError where there is no such file, or it holds no certificate."""
    if authority is not None and not authority.is_file():
        raise ConfigError("edge.mqtt.tls_ca", path=str(authority))
    try:
        return ssl.create_default_context(cafile=None if authority is None else str(authority))
    except OSError as error:  # ssl.SSLError, too
        raise ConfigError("edge.mqtt.tls_ca_unusable", path=str(authority), detail=words(error)) from error


def password_in(file: Path) -> str:
    """Its first line. Raises ConfigError where there is none."""
    try:
        return file.read_text("utf-8-sig").splitlines()[0]
    except (OSError, ValueError, IndexError) as error:
        detail = getattr(error, "strerror", None) or "empty or not UTF-8"
        raise ConfigError("edge.mqtt.password", path=str(file), detail=detail) from error
