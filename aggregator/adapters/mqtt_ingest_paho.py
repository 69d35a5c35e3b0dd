"""Messages from the broker through paho-mqtt: a persistent session, QoS 1, acknowledged by hand after the commit.

MQTT 5 is preferred; with version "auto", a broker that does not speak it is spoken to in 3.1.1. The network thread only
hands messages on. Acknowledgements carry the connection they belong to: packet ids are only valid within one, so a
message that was stored after the connection broke is not acknowledged but comes again, and is then a duplicate.
"""

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from time import time
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from aggregator.adapters.mqtt_fast import FastClient
from aggregator.core.errors import BrokerError
from aggregator.core.ports import Message, MqttSpec
from contract.errors import ConfigError
from contract.hung_up import hung_up
from contract.topics import AGGREGATOR_FILTERS

log = structlog.get_logger()
TRIES_OF_5 = 2
"""How often a broker may hang up on an MQTT 5 CONNECT before 3.1.1 is tried."""
MAX_PAUSE_S = 10
"""Between two attempts at a broker that is away: one aggregator's attempts cost it nothing, and until it is back nobody
sees what happens."""
_UNSUPPORTED = "Unsupported protocol version"


def trusting(authority: str) -> ssl.SSLContext:
    """Raises ConfigError where the file holds no certificate."""
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConfigError("aggregator.tls_ca_unusable", path=authority, detail=detail) from error


class PahoIngest:
    """See aggregator.core.ports.Ingest."""

    def __init__(self, spec: MqttSpec, on_refused: Callable[[BrokerError], None] = lambda _error: None) -> None:
        self._spec = spec
        self._on_refused = on_refused
        self._five = spec.version != "3.1.1"
        self._lock = threading.Lock()
        self._connection = 0
        self._up = False
        self._subscribed = False
        self._hung_up = 0
        self._spoken = False
        """Whether a broker has answered in the version that is spoken now: then a hang-up has another reason."""
        self._answered = False
        """Whether this connection was accepted, or refused, which has been told."""
        self._closing = False
        self._sink: Callable[[Message], None] = lambda _message: None
        self._full: Callable[[], bool] = lambda: False
        self._client: FastClient | None = None

    @property
    def connected(self) -> bool:
        """Connected and subscribed: what agents send from now on comes here."""
        return self._up and self._subscribed

    def start(self, sink: Callable[[Message], None], full: Callable[[], bool] = lambda: False) -> None:
        self._sink, self._full = sink, full
        self._open()

    def acknowledge(self, messages: Iterable[Message]) -> None:
        with self._lock:
            if self._client is None or not self._up:
                return
            tokens: Iterable[Any] = (message.token for message in messages if message.token is not None)
            self._client.acknowledge(mid for connection, mid in tokens if connection == self._connection)

    def publish(self, topic: str, payload: bytes, expires_s: int) -> None:
        properties = None
        if self._five:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expires_s
        with self._lock:
            if self._client is not None and self._up:
                self._client.publish(topic, payload, qos=1, properties=properties)

    def redeliver(self) -> None:
        client = self._client
        if client is not None and self._up:
            with self._lock:
                self._connection += 1
            with contextlib.suppress(OSError):
                sock: Any = client.socket()
                if sock is not None:
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Leaves the session with the broker, so that it keeps what comes meanwhile."""
        self._closing = True
        self._stop(self._client)

    def _open(self) -> None:
        spec = self._spec
        protocol = MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311
        client = FastClient(
            CallbackAPIVersion.VERSION2,
            client_id=spec.client_id,
            clean_session=None if self._five else False,
            protocol=protocol,
            manual_ack=True,
        )
        if spec.username is not None:
            client.username_pw_set(spec.username, spec.password)
        if spec.tls_ca is not None:
            client.tls_set_context(trusting(spec.tls_ca))
        client.reconnect_delay_set(min_delay=1, max_delay=MAX_PAUSE_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.take, client.full = partial(self._take, client), self._full
        client.on_subscribe = self._on_subscribe
        self._client = client
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = spec.session_s
            properties.ReceiveMaximum = spec.in_flight
            client.connect_async(spec.host, spec.port, spec.keepalive_s, clean_start=False, properties=properties)
        else:
            client.connect_async(spec.host, spec.port, spec.keepalive_s)
        client.loop_start()

    def _stop(self, client: paho.Client | None) -> None:
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if client is not self._client:
            return
        self._answered = True
        if reason.is_failure:
            self._refused(reason)
            return
        with self._lock:
            self._connection += 1
            self._up = True
        self._hung_up, self._spoken = 0, True
        log.info(
            "broker_connected", host=self._spec.host, mqtt="5" if self._five else "3.1.1", session=flags.session_present
        )
        client.subscribe([(topic, 1) for topic in AGGREGATOR_FILTERS])

    def _refused(self, reason: ReasonCode) -> None:
        if self._five and self._spec.version == "auto" and reason.getName() == _UNSUPPORTED:
            self._hung_up = TRIES_OF_5
            return
        self._spoken = True
        log.error("broker_refused", host=self._spec.host, reason=str(reason))
        self._on_refused(
            BrokerError("aggregator.broker_refused", host=self._spec.host, port=self._spec.port, detail=str(reason))
        )

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        # paho tells no reason, but calls from where it caught it.
        reason = sys.exception()
        detail = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None) or str(reason or "")
        log.warning("broker_unreachable", host=self._spec.host, port=self._spec.port, reason=detail)

    def _on_disconnect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if client is not self._client:
            return
        with self._lock:
            was_up, self._up, self._subscribed = self._up, False, False
            self._connection += 1
        if self._closing:
            return
        answered, self._answered = self._answered, False
        if was_up or not answered:
            spec, told = self._spec, hung_up(str(reason), was_up)
            log.warning("broker_lost", host=spec.host, port=spec.port, client_id=spec.client_id, reason=told)
        if self._spoken or self._spec.version != "auto":
            return
        self._hung_up += 1
        if self._hung_up >= TRIES_OF_5:
            self._five, self._hung_up = not self._five, 0
            log.info("other_mqtt_version", host=self._spec.host, mqtt="5" if self._five else "3.1.1")
            # A client cannot be stopped from its own network thread.
            threading.Thread(target=self._reopen, args=(client,), name="mqtt-reopen", daemon=True).start()

    def _reopen(self, old: paho.Client) -> None:
        self._stop(old)
        if not self._closing:
            self._open()

    def _on_subscribe(
        self, client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        if client is not self._client:
            return
        with self._lock:
            self._subscribed = self._up and not any(reason.is_failure for reason in reasons)
        for topic, reason in zip(AGGREGATOR_FILTERS, reasons, strict=False):
            if reason.is_failure:
                log.error("subscription_refused", filter=topic, reason=str(reason))
                self._on_refused(
                    BrokerError(
                        "aggregator.subscription_refused", filter=topic, host=self._spec.host, detail=str(reason)
                    )
                )

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._take(client, message.topic, bytes(message.payload), message.mid if message.qos else 0)

    def _take(self, client: paho.Client, topic: str, payload: bytes, mid: int) -> None:
        if client is self._client:
            self._sink(Message(topic, payload, time(), (self._connection, mid) if mid else None))
