"""The agent's end of the wire: publishes the spool in order, forgets what the broker acknowledged, answers commands.

One thread of its own does everything; others only hand it work. It reconnects for ever. What was in flight when a
connection was lost is published again with the same event id, so the reader sees it at least once.
"""

import queue
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from contract import topics
from contract.codec import decode, encode
from contract.errors import CodecError, JagaError, words
from contract.events import Event, Uuid7
from contract.messages import Command, Health, Reply, Status, refusal
from edge_agent.adapters.mqtt_paho import (
    CONNECT_TIMEOUT_S,
    Acknowledged,
    Broker,
    Connected,
    Connection,
    Disconnected,
    Happened,
    Received,
    Version,
    password_in,
)
from edge_agent.core.backoff import Backoff
from edge_agent.core.errors import CommandRefused, SpoolError
from edge_agent.core.ports import Spool, Spooled

log = structlog.get_logger()

STABLE_S = 5.0
"""A connection that was lost sooner counts as a failed attempt (two agents of one name throw each other out)."""

REFUSED_RETRY_S = 30.0
"""So long after the broker turned a message down, everything that waits is tried again."""
WAIT_S = 0.5
"""The longest pause between two looks at the spool and at whether the link is to close."""
REMEMBERED_COMMANDS = 256
"""Ids of the latest commands: MQTT delivers at least once, and none is done twice."""


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Who the agent is, and the broker. delayed_after_s: an event that waited longer is marked `delayed`.

    password_file: read at each attempt, so that it can be changed while the agent runs.
    """

    site: str
    agent: str
    version: str
    boot_id: str
    broker: Broker
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    password_file: Path | None = None
    delayed_after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class LinkStatus:
    connected: bool
    reason: str
    protocol: Version | None


class MqttLink:
    """Publishes `spool` until closed. handle: answers a command, in the link's thread, or later. refused: publishes
    that the broker turned down; they stay in the spool and are tried again.

    `wake`, `health`, `status`, `set_config_hash` and `close` are for any thread.
    """

    def __init__(
        self,
        options: LinkOptions,
        spool: Spool,
        config_hash: str,
        handle: Callable[[Command], Reply | Future[Reply]],
        backoff: Backoff | None = None,
    ) -> None:
        self._options = options
        self._spool = spool
        self._config_hash = config_hash
        self._handle = handle
        self._backoff = backoff or Backoff(first_s=0.25, cap_s=15.0)
        self._queue: queue.SimpleQueue[Happened | Health | Status | None] = queue.SimpleQueue()
        self._in_flight: dict[int, int] = {}
        self._last_key = 0
        self._retry_at: float | None = None
        self._done: OrderedDict[str, None] = OrderedDict()
        self._late: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._protocol: Version = "3.1.1" if options.protocol == "3.1.1" else "5"
        self._status = LinkStatus(False, "not connected yet", None)
        self._closing = threading.Event()
        self._drain_until = 0.0
        self._up_since: float | None = None
        self._proven = False
        self._unnoted = False
        self.refused = 0
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the spool."""
        self._queue.put(None)

    def rewind(self) -> None:
        """Messages that were acknowledged wait again. Only in the link's thread, that is in `handle`."""
        self._last_key = 0

    def health(self, health: Health) -> None:
        """Published at QoS 0 if there is a connection, forgotten otherwise."""
        if self._status.connected:
            self._queue.put(health)

    def set_config_hash(self, config_hash: str) -> None:
        """Tells the new hash in a fresh online status."""
        self._config_hash = config_hash
        self._queue.put(self._status_message("online"))

    def status(self) -> LinkStatus:
        return self._status

    def close(self, drain_s: float = 3.0) -> None:
        """Publishes what is spooled for at most `drain_s`, says offline and leaves."""
        self._drain_until = time.monotonic() + drain_s
        self._closing.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        attempt = -1
        while not self._closing.is_set():
            self._up_since = None
            try:
                self._connected_life()
            except JagaError as error:
                self._down(str(error))
            except OSError as error:
                self._down(words(error))
            except Exception as error:  # whatever it is, the link goes on: events wait in the spool meanwhile
                log.exception("mqtt_link_failed")
                self._down(type(error).__name__)
            if self._closing.is_set():
                break
            attempt = 0 if self._was_stable() else attempt + 1
            pause = self._backoff.delay(min(attempt, 10), random.random())
            broker = self._options.broker
            log.warning(
                "mqtt_retry",
                host=broker.host.rpartition("@")[2],  # somebody may have given an address with a password
                port=broker.port,
                username=broker.username,
                client_id=broker.client_id,
                reason=self._status.reason,
                protocol=self._protocol,
                pause_s=round(pause, 2),
            )
            self._closing.wait(pause)

    def _was_stable(self) -> bool:
        return self._up_since is not None and time.monotonic() - self._up_since > STABLE_S

    def _connected_life(self) -> None:
        """One connection from its opening to its loss. Raises OSError or ConfigError where it cannot be opened."""
        options = self._options
        self._queue = queue.SimpleQueue()
        will = topics.status(options.site, options.agent), encode(self._status_message("offline"))
        connection = Connection(self._broker(), self._protocol, will, self._queue)
        try:
            if not self._accepted():
                return
            self._up_since, self._proven = time.monotonic(), True
            self._status = LinkStatus(True, "", self._protocol)
            self._in_flight.clear()
            self._last_key, self._retry_at = 0, None
            log.info("mqtt_connected", host=options.broker.host, port=options.broker.port, protocol=self._protocol)
            connection.subscribe(topics.commands(options.site, options.agent))
            self._publish_status(connection, "online")
            self._serve(connection)
        finally:
            connection.close(politely=self._closing.is_set() and self._status.connected)
            if self._closing.is_set():
                self._status = LinkStatus(False, "closed", None)

    def _broker(self) -> Broker:
        broker, file = self._options.broker, self._options.password_file
        return broker if file is None else replace(broker, password=password_in(file))

    def _accepted(self) -> bool:
        """Waits for CONNACK; a refusal or its absence may be the protocol's fault, then the other one is next."""
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        other_version = True
        while (left := deadline - time.monotonic()) > 0 and not self._closing.is_set():
            try:
                happened = self._queue.get(timeout=min(left, WAIT_S))
            except queue.Empty:
                continue
            if isinstance(happened, Connected) and not happened.refused:
                return True
            if isinstance(happened, Connected):
                self._down(f"the broker refused: {happened.refused}")
                other_version = happened.wrong_version
                break
            if isinstance(happened, Disconnected):
                self._down(f"the broker closed the connection: {happened.reason}")
                break
        else:
            self._down("the broker did not answer")
        if other_version and not self._proven and self._options.protocol == "auto":
            self._protocol = "3.1.1" if self._protocol == "5" else "5"
        return False

    def _serve(self, connection: Connection) -> None:
        """Until the connection is lost or the link is closed and drained."""
        acknowledged: list[int] = []
        self._fill(connection)
        while True:
            try:
                happened = self._queue.get(timeout=WAIT_S)
            except queue.Empty:
                happened = None
            while happened is not None:
                if isinstance(happened, Disconnected):
                    self._forget(acknowledged)
                    self._down(f"connection lost: {happened.reason}")
                    return
                self._react(connection, happened, acknowledged)
                happened = None if self._queue.empty() else self._queue.get()
            self._forget(acknowledged)
            while not self._late.empty():
                self._publish_reply(connection, self._late.get())
            if self._retry_at is not None and time.monotonic() > self._retry_at:
                self._last_key, self._retry_at = 0, None
            self._fill(connection)
            if self._closing.is_set() and (not self._in_flight or time.monotonic() > self._drain_until):
                self._farewell(connection)
                return

    def _forget(self, acknowledged: list[int]) -> None:
        """Notes what the broker has. A disk that refuses that is no reason to break the connection: it is tried again,
        and what is not noted is published once more after the next connection."""
        try:
            self._spool.acknowledge(acknowledged)
        except SpoolError as error:
            if not self._unnoted:
                log.warning("spool_refused", waiting=len(acknowledged), reason=str(error))
            self._unnoted = True
        else:
            acknowledged.clear()
            self._unnoted = False

    def _react(self, connection: Connection, happened: Happened | Health | Status, acknowledged: list[int]) -> None:
        match happened:
            case Acknowledged(mid, refused):
                key = self._in_flight.pop(mid, None)
                if key is None:
                    return
                if refused:
                    self.refused += 1
                    log.warning("mqtt_publish_refused", reason=refused, key=key)
                    self._retry_at = time.monotonic() + REFUSED_RETRY_S
                else:
                    acknowledged.append(key)
            case Received():
                self._command(connection, happened)
            case Health():
                self._publish_health(connection, happened)
            case Status():
                self._publish_status(connection, "online")

    def _fill(self, connection: Connection) -> None:
        """Keeps the window full, oldest first."""
        room = self._options.broker.in_flight - len(self._in_flight)
        if room <= 0:
            return
        flying = set(self._in_flight.values())
        for message in self._spool.pending(room, after=self._last_key):
            self._last_key = message.key
            if message.key not in flying:
                mid = connection.publish(message.topic, self._payload(message))
                self._in_flight[mid] = message.key

    def _payload(self, message: Spooled) -> bytes:
        """The bytes to send: an event that waited long is marked; its id and all else stay."""
        if time.time() - message.stored <= self._options.delayed_after_s or not message.topic.endswith("/event"):
            return message.payload
        event = decode(message.payload, Event)
        data = msgspec.structs.replace(event.data, delayed=True)
        return encode(msgspec.structs.replace(event, data=data))

    def _command(self, connection: Connection, received: Received) -> None:
        if received.retained:
            log.warning("mqtt_command_retained", topic=received.topic)
            return
        reply = self._answer(received)
        if isinstance(reply, Future):
            reply.add_done_callback(self._answered)
        elif reply is not None:
            self._publish_reply(connection, reply)

    def _answered(self, later: Future[Reply]) -> None:
        """In whatever thread has the answer. It waits for the next connection where there is none."""
        if (error := later.exception()) is not None:
            log.error("mqtt_command_failed", exc_info=error)
            return
        self._late.put(later.result())
        self.wake()

    def _publish_reply(self, connection: Connection, reply: Reply) -> None:
        try:
            payload = encode(reply)
        except CodecError as error:
            # A picture that is too large for a message, for example: the asker is told, the link goes on.
            log.warning("mqtt_reply_unsendable", id=reply.id, error=str(error))
            payload = encode(refusal(reply.id, error, reply.time))
        connection.publish(topics.reply(self._options.site, self._options.agent, reply.id), payload)

    def _answer(self, received: Received) -> Reply | Future[Reply] | None:
        """None where there is nobody to answer to: no id, or done before (QoS 1 delivers twice at times)."""
        now = datetime.now(UTC)
        try:
            command = decode(received.payload, Command)
        except CodecError as error:
            log.warning("mqtt_command_refused", topic=received.topic, error=str(error))
            id_ = _id_of(received.payload)
            return None if id_ is None else refusal(id_, error, now)
        if command.id in self._done:
            return None
        self._done[command.id] = None
        while len(self._done) > REMEMBERED_COMMANDS:
            self._done.popitem(last=False)
        if command.expires < now:
            return refusal(command.id, CommandRefused("edge.command.expired", time=command.expires.isoformat()), now)
        if received.topic != topics.command(self._options.site, self._options.agent, command.name):
            return Reply(id=command.id, ok=False, time=now, error=f"{command.name} came on {received.topic}")
        return self._handle(command)

    def _farewell(self, connection: Connection) -> None:
        mid = self._publish_status(connection, "offline")
        deadline = time.monotonic() + 2.0
        while (left := deadline - time.monotonic()) > 0:
            try:
                happened = self._queue.get(timeout=left)
            except queue.Empty:
                return
            if isinstance(happened, Disconnected) or (isinstance(happened, Acknowledged) and happened.mid == mid):
                return

    def _publish_health(self, connection: Connection, health: Health) -> None:
        try:
            payload = encode(health)
        except CodecError as error:
            log.warning("mqtt_health_unsendable", error=str(error))
            return
        connection.publish(topics.health(self._options.site, self._options.agent), payload, qos=0)

    def _publish_status(self, connection: Connection, state: Literal["online", "offline"]) -> int:
        topic = topics.status(self._options.site, self._options.agent)
        return connection.publish(topic, encode(self._status_message(state)), retain=True)

    def _status_message(self, state: Literal["online", "offline"]) -> Status:
        return Status(
            state=state,
            time=datetime.now(UTC),
            version=self._options.version,
            boot_id=self._options.boot_id,
            config_hash=self._config_hash,
        )

    def _down(self, reason: str) -> None:
        self._status = LinkStatus(False, reason, None)


class _Id(msgspec.Struct):
    id: Uuid7


def _id_of(payload: bytes) -> str | None:
    """The id of a command that is wrong otherwise."""
    try:
        return msgspec.json.decode(payload, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
