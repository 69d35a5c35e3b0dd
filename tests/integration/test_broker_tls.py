"""Both ends over TLS with real certificates: the right ones connect, the wrong ones say what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from aggregator.adapters.mqtt_ingest_paho import PahoIngest
from aggregator.core.ports import MqttSpec
from contract.errors import ConfigError
from edge_agent.adapters.mqtt_link import MqttLink
from tests import certificates
from tests.brokers import Mosquitto, free_port, wait_until
from tests.fakes import MemorySpool
from tests.integration.test_mqtt_link import linked, options

pytestmark = pytest.mark.broker


class Rig(NamedTuple):
    """port: of a listener with a certificate for 127.0.0.1. misnamed: with one for another host. plain: without TLS."""

    port: int
    misnamed: int
    plain: int
    authority: Path
    stranger: Path


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = certificates.authority(folder, "ours"), certificates.authority(folder, "stranger")
    listeners, ports = "", []
    for host in ("127.0.0.1", "other.example"):
        certificate, key = certificates.server(folder, authority, host)
        ports.append(free_port())
        listeners += f"listener {ports[-1]} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n"
    with Mosquitto(folder / "broker", extra=listeners) as broker:
        yield Rig(ports[0], ports[1], broker.port, authority, stranger)


@contextmanager
def agent(port: int, authority: Path) -> Iterator[MqttLink]:
    chosen = options(port)
    with linked(MemorySpool(), replace(chosen, broker=replace(chosen.broker, tls=True, tls_ca=authority))) as link:
        yield link


@contextmanager
def aggregator(port: int, authority: Path) -> Iterator[PahoIngest]:
    ingest = PahoIngest(MqttSpec(port=port, tls_ca=str(authority)))
    ingest.start(lambda _message: None)
    try:
        yield ingest
    finally:
        ingest.close()


def test_the_right_certificate_connects_both(rig: Rig) -> None:
    with agent(rig.port, rig.authority) as link, aggregator(rig.port, rig.authority) as ingest:
        wait_until(lambda: link.status().connected and ingest.connected, what="both are connected")


@pytest.mark.parametrize(("wrong", "said"), [("stranger", "issuer certificate"), ("misnamed", "127.0.0.1")])
def test_a_wrong_certificate_is_named_by_both(rig: Rig, wrong: str, said: str) -> None:
    port = rig.misnamed if wrong == "misnamed" else rig.port
    authority = rig.stranger if wrong == "stranger" else rig.authority
    with capture_logs() as logs, agent(port, authority) as link, aggregator(port, authority) as ingest:
        wait_until(lambda: said in link.status().reason, what=said)
        wait_until(lambda: any(said in log.get("reason", "") for log in logs if log["event"] == "broker_unreachable"))
        assert not link.status().connected
        assert not ingest.connected


def test_a_listener_without_tls_is_told_by_both(rig: Rig) -> None:
    with capture_logs() as logs, agent(rig.plain, rig.authority) as link, aggregator(rig.plain, rig.authority):
        wait_until(lambda: link.status().reason not in ("", "not connected yet"))
        wait_until(lambda: any(log.get("reason") for log in logs if log["event"] == "broker_unreachable"))
        assert not link.status().connected


def test_an_authority_that_is_none_is_named(rig: Rig, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"nonsense\.pem"), aggregator(rig.port, nonsense):
        pass
    with agent(rig.port, nonsense) as link:
        wait_until(lambda: "nonsense.pem" in link.status().reason, what=link.status().reason)
