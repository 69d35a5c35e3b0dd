"""The demo's embedded MQTT broker: iotcore, a rumqttd in a wheel, on the loopback interface only."""

from collections.abc import Iterator
from contextlib import contextmanager

from iotcore import Broker

from contract.codec import MAX_PAYLOAD_BYTES
from contract.errors import JagaError
from jaga.ports import LOOPBACK
from jaga.processes import without_interrupts

MAX_PACKET_BYTES = 8 * MAX_PAYLOAD_BYTES
"""Room for a snapshot's JPEG; the broker's own default of 20 kB would cut the connection of who sends one."""


@contextmanager
def broker(port: int) -> Iterator[Broker]:
    """A running broker; ended on the way out. Raises JagaError where it does not come up."""
    server = Broker(port=port, listen=LOOPBACK, max_payload_size=MAX_PACKET_BYTES, max_inflight_count=200)
    try:
        with without_interrupts():
            server.start()
    except (OSError, RuntimeError) as error:
        raise JagaError("demo.broker_failed", port=port, detail=error) from error
    try:
        yield server
    finally:
        server.stop()
