"""Which MQTT version the aggregator speaks, against a broker that hangs up, or refuses for another reason."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aggregator.adapters.mqtt_ingest_paho import PahoIngest
from aggregator.core.ports import MqttSpec
from contract.topics import AGGREGATOR_FILTERS
from tests.brokers import wait_until

ACCEPTED_5, REFUSED_5 = b"\x20\x03\x00\x00\x00", b"\x20\x03\x00\x87\x00"
ACCEPTED_4 = b"\x20\x02\x00\x00"
SUBSCRIBE = 0x82


def granted(packet: bytes, level: int) -> bytes:
    """The SUBACK to `packet`: QoS 1 for each filter."""
    length = 1 if packet[1] < 128 else 2
    rest = packet[1 + length : 3 + length] + (b"\0" if level == 5 else b"") + b"\1" * len(AGGREGATOR_FILTERS)
    return bytes((0x90, len(rest))) + rest


class Fickle:
    """Answers the first connections as told (None: hangs up), the rest like the last. levels: 5, or 4 for 3.1.1."""

    def __init__(self, *answers: bytes | None) -> None:
        self.levels: list[int] = []
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client:
                    hello = client.recv(4096)
                    answer = self._answers[min(len(self.levels), len(self._answers) - 1)]
                    self.levels.append(hello[hello.index(b"MQTT") + 4])
                    if answer is None:
                        continue
                    client.sendall(answer)
                    while packet := client.recv(4096):
                        if packet[0] == SUBSCRIBE:
                            client.sendall(granted(packet, self.levels[-1]))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def ingest(broker: Fickle) -> Iterator[PahoIngest]:
    one = PahoIngest(MqttSpec(port=broker.port))
    one.start(lambda _message: None)
    try:
        yield one
    finally:
        one.close()
        broker.close()


def test_a_broker_that_only_hung_up_while_it_started_is_spoken_to_in_5_again() -> None:
    """A proxy before a broker that is not up yet accepts and hangs up, whatever version is spoken."""
    broker = Fickle(None, None, None, None, ACCEPTED_5)
    with ingest(broker) as one:
        wait_until(lambda: one.connected, 20, "connected")
        assert broker.levels == [5, 5, 4, 4, 5]


def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1() -> None:
    broker = Fickle(None, None, ACCEPTED_4)
    with ingest(broker) as one:
        wait_until(lambda: one.connected, 20, "connected")
        assert broker.levels == [5, 5, 4]


@pytest.mark.logs_errors
def test_a_wrong_password_is_no_reason_for_another_version() -> None:
    broker = Fickle(REFUSED_5)
    with ingest(broker) as one:
        wait_until(lambda: len(broker.levels) == 4, 20, "four attempts")
        assert broker.levels == [5, 5, 5, 5]
        assert not one.connected
