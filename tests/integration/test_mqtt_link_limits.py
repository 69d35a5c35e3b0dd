"""A message that the contract does not allow is told or left out; the link goes on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from contract import topics
from contract.codec import MAX_PAYLOAD_BYTES, decode, encode
from contract.ids import derived_uuid7
from contract.messages import Command, Health, Reply
from edge_agent.adapters.mqtt_link import MqttLink
from edge_agent.core.backoff import Backoff
from tests.brokers import Mosquitto, wait_until
from tests.fakes import MemorySpool
from tests.integration.test_mqtt_link import AGENT, SITE, Listener, accept, options
from tests.samples import NOW_MS, sample_messages

pytestmark = pytest.mark.broker


def enormous(command: Command) -> Reply:
    return Reply(id=command.id, ok=True, time=command.issued, result={"jpeg": "x" * MAX_PAYLOAD_BYTES})


def test_brackets_without_end_do_not_end_the_link(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    command = Command(id=derived_uuid7(NOW_MS, "c"), name="reload", issued=now, expires=now + timedelta(minutes=1))
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        link = MqttLink(options(broker.port), MemorySpool(), "0123456789abcdef", accept, Backoff(0.05, 0.2))
        link.start()
        try:
            wait_until(lambda: link.status().connected, what="connected")
            for payload in (b"[" * 100_000, b'{"id":' * 40_000, encode(command)):
                listener.publish(topics.command(SITE, AGENT, "reload"), payload)
            wait_until(lambda: listener.of(topics.reply(SITE, AGENT, command.id)), what="replied")
            assert listener.statuses() == ["online"]
        finally:
            link.close(drain_s=1.0)
            listener.close()


def test_what_cannot_be_sent_does_not_end_the_link(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    command = Command(id=derived_uuid7(NOW_MS, "big"), name="snapshot", issued=now, expires=now + timedelta(minutes=1))
    health = sample_messages()["health"]
    assert isinstance(health, Health)
    impossible = msgspec.structs.replace(health, interval_s=float("nan"))
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        link = MqttLink(options(broker.port), MemorySpool(), "0123456789abcdef", enormous, Backoff(0.05, 0.2))
        link.start()
        try:
            wait_until(lambda: link.status().connected, what="connected")
            link.health(impossible)
            listener.publish(topics.command(SITE, AGENT, "snapshot"), encode(command))
            place = topics.reply(SITE, AGENT, command.id)
            wait_until(lambda: bool(listener.of(place)), what="replied")
            reply = decode(listener.of(place)[0].payload, Reply)
            assert not reply.ok
            assert str(MAX_PAYLOAD_BYTES) in reply.error
            link.health(health)
            wait_until(lambda: bool(listener.of(topics.health(SITE, AGENT))), what="health goes on")
            assert len(listener.of(topics.health(SITE, AGENT))) == 1
        finally:
            link.close(drain_s=1.0)
            listener.close()
