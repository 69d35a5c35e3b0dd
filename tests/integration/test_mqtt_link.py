"""The link against a real broker: order, acknowledgement, last will, refusals, restarts, commands."""

import contextlib
import os
import queue
import resource
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from aggregator.adapters.mqtt_ingest_paho import PahoIngest
from aggregator.core.ports import MqttSpec
from contract import topics
from contract.codec import decode, encode
from contract.events import Event
from contract.ids import derived_uuid7
from contract.messages import Command, Health, Reply, Status
from edge_agent.adapters.mqtt_link import LinkOptions, MqttLink
from edge_agent.adapters.mqtt_paho import Broker
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.core.backoff import Backoff
from edge_agent.core.ports import Spool
from tests.brokers import Mosquitto, free_port, wait_until
from tests.fakes import MemorySpool
from tests.samples import NOW_MS, sample_event, sample_messages

pytestmark = pytest.mark.broker

SITE, AGENT = "manggarai", "edge-1"
BOOT = derived_uuid7(NOW_MS, "boot")


class Listener:
    """An independent subscriber that keeps everything it gets, with a persistent session."""

    def __init__(self, port: int) -> None:
        self.got: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.messages: list[Any] = []
        self.subscribed = False
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "listener", clean_session=False)
        self._client.on_message = lambda _c, _u, message: self.messages.append(message)
        self._client.on_connect = lambda client, *_: client.subscribe("jaga/#", qos=1)
        self._client.on_subscribe = self._subscribed
        self._client.reconnect_delay_set(0.1, 0.2)  # type: ignore[arg-type]
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(lambda: self.subscribed, what="subscribed")

    def _subscribed(self, *_: object) -> None:
        self.subscribed = True

    def of(self, topic: str) -> list[Any]:
        return [message for message in list(self.messages) if message.topic == topic]

    def events(self) -> list[Event]:
        return [decode(m.payload, Event) for m in list(self.messages) if m.topic.endswith("/event")]

    def statuses(self) -> list[str]:
        return [decode(message.payload, Status).state for message in self.of(topics.status(SITE, AGENT))]

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def options(port: int, protocol: str = "auto", **more: Any) -> LinkOptions:
    broker = Broker("127.0.0.1", port, f"jaga-{SITE}-{AGENT}", None, None, False, None, 20, 3600, 16)
    return LinkOptions(SITE, AGENT, "0.1.0", BOOT, broker, protocol, **more)  # type: ignore[arg-type]


def accept(command: Command) -> Reply:
    return Reply(id=command.id, ok=True, time=command.issued, result={"name": command.name})


@contextmanager
def linked(spool: Spool, chosen: LinkOptions) -> Iterator[MqttLink]:
    link = MqttLink(chosen, spool, "0123456789abcdef", accept, Backoff(0.05, 0.2))
    link.start()
    try:
        yield link
    finally:
        link.close(drain_s=1.0)


def numbered(number: int) -> Event:
    return msgspec.structs.replace(sample_event(), id=derived_uuid7(NOW_MS, "link", str(number)))


@pytest.mark.parametrize(("protocol", "spoken"), [("auto", "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_the_spool_is_published_in_order_and_emptied_by_acknowledgements(
    tmp_path: Path, protocol: str, spoken: str
) -> None:
    spool = SqliteSpool(tmp_path / "spool.sqlite", 100_000_000)
    for number in range(50):
        spool.append(numbered(number), {"a" * 64: b"jpeg"} if number % 10 == 0 else {})
    with Mosquitto(tmp_path / "broker") as broker:
        listener = Listener(broker.port)
        with linked(spool, options(broker.port, protocol)) as link:
            wait_until(lambda: spool.depth() == 0, what="spool drained")
            assert link.status().connected
            assert link.status().protocol == spoken
            spool.append(numbered(50), {})
            link.wake()
            wait_until(lambda: len(listener.events()) == 51)
            wait_until(lambda: spool.depth() == 0)
        assert [int(event.sequence) for event in listener.events()] == list(range(1, 52))
        assert len([m for m in listener.messages if "/evidence/" in m.topic]) == 5
        wait_until(lambda: listener.statuses() == ["online", "offline"])
        listener.close()
    spool.close()


def test_status_is_retained_and_the_last_will_speaks_for_a_killed_agent(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        first = Listener(broker.port)
        link = MqttLink(options(broker.port), MemorySpool(), "0123456789abcdef", accept, Backoff(0.05, 0.2))
        link.start()
        wait_until(lambda: first.statuses() == ["online"])
        link.set_config_hash("fedcba9876543210")
        wait_until(lambda: len(first.statuses()) == 2)
        newest = decode(first.of(topics.status(SITE, AGENT))[-1].payload, Status)
        assert (newest.state, newest.config_hash, newest.boot_id) == ("online", "fedcba9876543210", BOOT)
        first.close()
        usurper = paho.Client(CallbackAPIVersion.VERSION2, f"jaga-{SITE}-{AGENT}")
        usurper.connect("127.0.0.1", broker.port)  # the broker throws the agent out without a goodbye
        wait_until(lambda: not link.status().connected)
        wait_until(lambda: link.status().connected)
        link.close()
        usurper.disconnect()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_killed_broker_loses_and_reorders_nothing(tmp_path: Path, protocol: str) -> None:
    spool = SqliteSpool(tmp_path / "spool.sqlite", 100_000_000)
    with Mosquitto(tmp_path / "broker") as broker:
        with linked(spool, options(broker.port, protocol)) as link:
            wait_until(lambda: link.status().connected)
            for number in range(20):
                spool.append(numbered(number), {})
            link.wake()
            wait_until(lambda: spool.depth() == 0)
            listener = Listener(broker.port)
            broker.save()  # else the killed broker forgets who listens, and acknowledges what nobody gets
            broker.kill()
            wait_until(lambda: not link.status().connected)
            for number in range(20, 40):
                spool.append(numbered(number), {})
            broker.start()
            wait_until(lambda: link.status().connected)
            wait_until(lambda: spool.depth() == 0)
        wait_until(lambda: len(listener.events()) >= 20)
        assert [int(event.sequence) for event in listener.events()] == list(range(21, 41))
        listener.close()
    spool.close()


def test_what_waited_long_is_marked_and_keeps_its_id(tmp_path: Path) -> None:
    spool = MemorySpool()
    now = datetime.now(UTC).timestamp()
    spool.now = now - 60
    old = spool.append(numbered(1), {})
    spool.now = now
    fresh = spool.append(numbered(2), {})
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        with linked(spool, options(broker.port)):
            wait_until(lambda: spool.depth() == 0)
        wait_until(lambda: len(listener.events()) == 2)  # what the broker has acknowledged may be on its way yet
        first, second = listener.events()
        assert (first.id, first.data.delayed) == (old.id, True)
        assert msgspec.structs.replace(first.data, delayed=False) == old.data
        assert second == fresh
        listener.close()


def test_a_refused_connection_is_no_connection_and_says_why(tmp_path: Path) -> None:
    spool = MemorySpool()
    spool.append(numbered(1), {})
    with Mosquitto(tmp_path, auth="allow_anonymous false") as broker, linked(spool, options(broker.port)) as link:
        wait_until(lambda: "refused" in link.status().reason)
        assert "authori" in link.status().reason.lower()
        assert not link.status().connected
        assert spool.depth() == 1


@contextmanager
def hanging_up() -> Iterator[int]:
    """What takes connections, reads and says nothing: a port that wants TLS, to somebody who does not speak it."""

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_connection_that_ends_without_a_reason_says_what_may_be_behind_it(tmp_path: Path) -> None:
    with hanging_up() as port, capture_logs() as lines, linked(MemorySpool(), options(port)) as link:
        wait_until(lambda: "wants TLS" in link.status().reason)
        wait_until(lambda: any(line["event"] == "mqtt_retry" for line in lines))
    told = next(line for line in lines if line["event"] == "mqtt_retry")
    assert (told["host"], told["port"], told["client_id"]) == ("127.0.0.1", port, f"jaga-{SITE}-{AGENT}")
    assert "Unspecified" not in str(lines)
    with Mosquitto(tmp_path) as broker, linked(MemorySpool(), options(broker.port)) as link:
        wait_until(lambda: link.status().connected)
        broker.kill()
        wait_until(lambda: "the broker ended, the network broke" in link.status().reason)


def test_the_aggregator_says_too_what_may_be_behind_it() -> None:
    with hanging_up() as port, capture_logs() as lines:
        ingest = PahoIngest(MqttSpec(port=port, client_id="centre"))
        ingest.start(lambda _message: None)
        try:
            wait_until(lambda: any(line["event"] == "broker_lost" for line in lines))
        finally:
            ingest.close()
    told = next(line for line in lines if line["event"] == "broker_lost")
    assert (told["port"], told["client_id"], "wants TLS" in told["reason"]) == (port, "centre", True)


def test_nobody_there_and_a_missing_password_file_are_told(tmp_path: Path) -> None:
    port = free_port()
    with capture_logs() as lines, linked(MemorySpool(), options(port)) as link:
        wait_until(lambda: "refused" in link.status().reason.lower())
        wait_until(lambda: any(line["event"] == "mqtt_retry" for line in lines))
    told = next(line for line in lines if line["event"] == "mqtt_retry")
    assert (told["host"], told["port"]) == ("127.0.0.1", port)
    chosen = options(port)
    address = replace(chosen, broker=replace(chosen.broker, host="mqtt://edge:secret@broker.invalid"))
    with capture_logs() as lines, linked(MemorySpool(), address):
        wait_until(lambda: any(line["event"] == "mqtt_retry" for line in lines))
    assert "secret" not in str(lines)
    with linked(MemorySpool(), options(free_port(), password_file=tmp_path / "absent")) as link:
        wait_until(lambda: "absent" in link.status().reason)
    chosen = options(free_port())
    with linked(
        MemorySpool(), replace(chosen, broker=replace(chosen.broker, tls=True, tls_ca=tmp_path / "no.pem"))
    ) as link:
        wait_until(lambda: "no.pem" in link.status().reason)


class OldBroker:
    """Accepts MQTT 3.1.1 and hangs up on anything newer, as brokers from before MQTT 5 do."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.levels: list[int] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                hello = client.recv(4096)
                self.levels.append(hello[hello.index(b"MQTT") + 4])
                if self.levels[-1] > 4:
                    client.close()
                    continue
                client.sendall(b"\x20\x02\x00\x00")
                while client.recv(4096):
                    pass
                client.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def test_a_process_with_many_handles_reaches_its_broker_all_the_same(tmp_path: Path) -> None:
    """Each camera has half a dozen; select(2) knows none from 1024 on."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, before[1]), before[1]))
    held: list[int] = []
    spool = MemorySpool()
    spool.append(numbered(0), {})
    try:
        with Mosquitto(tmp_path) as broker:
            while not held or held[-1] < 1024:
                held.append(os.dup(0))
            with linked(spool, options(broker.port)) as link:
                wait_until(lambda: link.status().connected and spool.depth() == 0)
    finally:
        for handle in held:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_an_older_broker_is_spoken_to_in_3_1_1() -> None:
    broker = OldBroker()
    with linked(MemorySpool(), options(broker.port)) as link:
        wait_until(lambda: link.status().connected)
        assert link.status().protocol == "3.1.1"
    assert broker.levels == [5, 4]
    with linked(MemorySpool(), options(broker.port, "5")) as link:
        wait_until(lambda: "closed the connection" in link.status().reason)
        assert not link.status().connected
    broker.close()


def test_a_refused_publish_stays_in_the_spool(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic read jaga/#\ntopic write jaga/v1/+/+/status\n")
    spool = MemorySpool()
    spool.append(numbered(1), {})
    acl = f"acl_file {tmp_path / 'acl'}"
    with Mosquitto(tmp_path, extra=acl) as broker, linked(spool, options(broker.port, "5")) as link:
        wait_until(lambda: link.refused > 0)
        assert spool.depth() == 1


def test_health_goes_out_only_while_connected(tmp_path: Path) -> None:
    health = next(message for message in sample_messages().values() if isinstance(message, Health))
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        with linked(MemorySpool(), options(broker.port)) as link:
            wait_until(lambda: link.status().connected)
            link.health(health)
            wait_until(lambda: len(listener.of(topics.health(SITE, AGENT))) == 1)
        listener.close()


def test_commands_are_answered_once(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    live = Command(id=derived_uuid7(NOW_MS, "c1"), name="reload", issued=now, expires=now + timedelta(minutes=1))
    late = Command(id=derived_uuid7(NOW_MS, "c2"), name="reload", issued=now, expires=now - timedelta(minutes=1))
    bad_id = derived_uuid7(NOW_MS, "c3")
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        with linked(MemorySpool(), options(broker.port)) as link:
            wait_until(lambda: listener.statuses() == ["online"])
            place = topics.command(SITE, AGENT, "reload")
            listener.publish(place, b"nonsense")
            listener.publish(place, encode(live))
            listener.publish(place, encode(live))
            listener.publish(place, encode(late))
            listener.publish(place, b'{"id":"%s","name":"explode"}' % bad_id.encode())

            def replies(id_: str) -> list[Reply]:
                return [decode(m.payload, Reply) for m in listener.of(topics.reply(SITE, AGENT, id_))]

            wait_until(lambda: bool(replies(bad_id)))
            assert [reply.ok for reply in replies(live.id)] == [True]
            assert [(reply.ok, "expired" in reply.error) for reply in replies(late.id)] == [(False, True)]
            assert not replies(bad_id)[0].ok
            assert link.status().connected
        listener.close()
