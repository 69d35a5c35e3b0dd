"""A message that the contract does not allow is told or left out; the link goes on."""

from collections.abc import Sequence
from concurrent.futures import Future
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
from edge_agent.core.errors import SpoolError
from tests.brokers import Mosquitto, wait_until
from tests.fakes import MemorySpool
from tests.integration.test_mqtt_link import AGENT, SITE, Listener, accept, linked, numbered, options
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
            wait_until(lambda: listener.statuses() == ["online"], what="subscribed to commands")
            for payload in (b"[" * 100_000, b'{"id":' * 40_000, encode(command)):
                listener.publish(topics.command(SITE, AGENT, "reload"), payload)
            wait_until(lambda: listener.of(topics.reply(SITE, AGENT, command.id)), what="replied")
            assert listener.statuses() == ["online"]
        finally:
            link.close(drain_s=1.0)
            listener.close()


class FullSpool(MemorySpool):
    """Refuses to note acknowledgements until there is room."""

    room = False

    def acknowledge(self, keys: Sequence[int]) -> None:
        if keys and not self.room:
            raise SpoolError("edge.spool.unusable", path="spool.sqlite", detail="database or disk is full")
        super().acknowledge(keys)


def test_a_full_disk_does_not_end_the_link_and_everything_still_goes_out(tmp_path: Path) -> None:
    spool = FullSpool()
    for number in range(40):  # more than may be under way at once
        spool.append(numbered(number), {})
    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        with linked(spool, options(broker.port)):
            wait_until(lambda: len(listener.events()) == 40, what="all are published")
            assert spool.depth() == 40
            spool.room = True
            wait_until(lambda: spool.depth() == 0, what="noted once there is room")
            wait_until(lambda: len(listener.events()) >= 40, what="on its way from the broker")
            assert listener.statuses() == ["online"]
            assert len(listener.events()) == 40
        listener.close()


@pytest.mark.logs_errors
def test_an_answer_that_takes_long_holds_up_nothing(tmp_path: Path) -> None:
    """A clip that has to be coded first: events, health and other commands go on, and the answer comes when it can."""
    now = datetime.now(UTC)
    slow, quick, broken = (
        Command(id=derived_uuid7(NOW_MS, name), name="snapshot", issued=now, expires=now + timedelta(minutes=1))
        for name in ("slow", "quick", "broken")
    )
    waiting: dict[str, Future[Reply]] = {slow.id: Future(), broken.id: Future()}
    spool = MemorySpool()

    def handle(command: Command) -> Reply | Future[Reply]:
        return waiting.get(command.id) or Reply(id=command.id, ok=True, time=now)

    with Mosquitto(tmp_path) as broker:
        listener = Listener(broker.port)
        link = MqttLink(options(broker.port), spool, "0123456789abcdef", handle, Backoff(0.05, 0.2))
        link.start()
        try:
            wait_until(lambda: listener.statuses() == ["online"], what="subscribed to commands")
            for command in (slow, broken, quick):
                listener.publish(topics.command(SITE, AGENT, "snapshot"), encode(command))
            wait_until(lambda: bool(listener.of(topics.reply(SITE, AGENT, quick.id))), what="the quick one")
            spool.append(numbered(1), {})
            link.wake()
            wait_until(lambda: len(listener.events()) == 1, what="the event")
            assert not listener.of(topics.reply(SITE, AGENT, slow.id))
            waiting[broken.id].set_exception(RuntimeError("nobody foresaw this"))
            waiting[slow.id].set_result(Reply(id=slow.id, ok=True, time=now, result={"late": True}))
            place = topics.reply(SITE, AGENT, slow.id)
            wait_until(lambda: bool(listener.of(place)), what="the slow one")
            assert decode(listener.of(place)[0].payload, Reply).result == {"late": True}
            assert link.status().connected
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
            wait_until(lambda: listener.statuses() == ["online"], what="subscribed to commands")
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
