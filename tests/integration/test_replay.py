"""A broker that forgets what it had acknowledged: the aggregator asks, the agent sends again, all is there once.

The agent is its real spool and link, with events that no camera saw; broker and aggregator are real processes.
"""

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from contract.ids import derived_uuid7
from contract.messages import Command, Health, HostHealth, Reply
from contract.replay import read_args
from edge_agent.adapters.mqtt_link import MqttLink
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.core.backoff import Backoff
from tests.brokers import Mosquitto, wait_until
from tests.desks import Aggregator
from tests.integration.test_deploy_broker import acl_module, edge_config
from tests.integration.test_mqtt_link import AGENT, SITE, options
from tests.samples import sample_event

pytestmark = pytest.mark.broker
SHA256 = "1d2f70a4b10c19c1d1b6e7b4c0e3b41a6f9f3a7f5df7d0b6f8d6e3f4c2b1a09e"
JPEG = b"\xff\xd8\xff picture"


class Agent:
    """Spool and link of a running agent, which reports ten times a second."""

    def __init__(self, folder: Path, port: int, user: str | None = None, keep_s: float = 3600.0) -> None:
        self.spool = SqliteSpool(folder / "spool.sqlite", 100_000_000, keep_s)
        chosen = options(port)
        chosen = replace(chosen, broker=replace(chosen.broker, username=user, password=user))
        self.link = MqttLink(chosen, self.spool, "0123456789abcdef", self._handle, Backoff(0.05, 0.2))
        self.replays: list[int] = []
        self._made = 0
        self._closing = threading.Event()
        self._reporter = threading.Thread(target=self._report, daemon=True)
        self.link.start()
        self._reporter.start()
        wait_until(lambda: self.link.status().connected, what=self.link.status().reason)

    def see(self, count: int) -> None:
        """Makes events and waits until the broker has acknowledged all of them."""
        for _ in range(count):
            self._made += 1
            now = datetime.now(UTC)
            made = sample_event()
            data = msgspec.structs.replace(made.data, started=now, episode=derived_uuid7(0, "e", str(self._made)))
            event = msgspec.structs.replace(made, id=derived_uuid7(0, "r", str(self._made)), time=now, data=data)
            self.spool.append(event, {SHA256: JPEG} if self._made % 2 else {})
        self.link.wake()
        wait_until(lambda: self.spool.depth() == 0, what="everything acknowledged")

    def close(self) -> None:
        self._closing.set()
        self._reporter.join()
        self.link.close()
        self.spool.close()

    def _handle(self, command: Command) -> Reply:
        queued, gone = self.spool.replay(read_args(command.args))
        self.replays.append(queued)
        self.link.rewind()
        result = {"queued": queued, "gone": gone}
        return Reply(id=command.id, ok=True, time=datetime.now(UTC), result=result)

    def _report(self) -> None:
        while not self._closing.wait(0.1):
            last = self.spool.last_sequence()
            depth = self.spool.depth()
            host = HostHealth(cpu=0, memory=0, disk=0, spool_depth=depth, last_sequence=last)
            self.link.health(Health(time=datetime.now(UTC), interval_s=0.1, cameras=(), host=host))


@contextmanager
def agent_at(folder: Path, port: int, user: str | None = None, keep_s: float = 3600.0) -> Iterator[Agent]:
    folder.mkdir(exist_ok=True)
    agent = Agent(folder, port, user, keep_s)
    try:
        yield agent
    finally:
        agent.close()


def stored(folder: Path) -> list[int]:
    """Numbers in the aggregator's store, twice where stored twice."""
    with closing(sqlite3.connect(f"file:{folder}/data/jaga.sqlite?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("SELECT sequence FROM events ORDER BY sequence")]


def wait_for(aggregator: Aggregator, folder: Path, count: int) -> None:
    wanted = list(range(1, count + 1))
    wait_until(lambda: stored(folder) == wanted, 30, lambda: f"{count} events; {aggregator.log.read_text()[-2000:]}")


def passwords(folder: Path) -> Path:
    """Everybody's password is the own name."""
    file = folder / "passwords"
    file.write_text(f"{AGENT}:{AGENT}\naggregator:aggregator\n")
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, timeout=30)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_a_killed_broker_forgot_comes_after_all(tmp_path: Path, version: str) -> None:
    """Aggregator away, events acknowledged by a broker that keeps nothing on disk and is killed."""
    home = tmp_path / "agg"
    with (
        Mosquitto(tmp_path / "broker", persistence=False) as broker,
        Aggregator(home, broker.port, version=version) as aggregator,
        agent_at(tmp_path / "edge", broker.port) as agent,
    ):
        agent.see(3)
        wait_for(aggregator, home, 3)
        aggregator.kill()
        agent.see(40)
        broker.kill()
        wait_until(lambda: not agent.link.status().connected)
        broker.start()
        wait_until(lambda: agent.link.status().connected)
        aggregator.start()
        wait_for(aggregator, home, 43)
        assert sum(agent.replays) == 40
        agent.see(2)
        wait_for(aggregator, home, 45)
        assert aggregator.metric("jaga_sequence_missing") == 0
        assert aggregator.metric("jaga_events_lost") == 0
        (incident,) = {one["id"] for one in aggregator.get("/api/v1/incidents?limit=1000")["items"]}
        # The last ones wait for others that may have happened before them.
        wait_until(lambda: len(aggregator.get(f"/api/v1/incidents/{incident}")["events"]) == 45)
        detail = aggregator.get(f"/api/v1/incidents/{incident}")
        assert all(len(item["event"]["data"]["evidence"]) for item in detail["events"])
        assert len(agent.replays) <= 2


def test_a_hole_before_newer_events_is_filled(tmp_path: Path) -> None:
    """The broker comes back and new events pass before anybody notices."""
    home = tmp_path / "agg"
    with (
        Mosquitto(tmp_path / "broker", persistence=False) as broker,
        Aggregator(home, broker.port) as aggregator,
        agent_at(tmp_path / "edge", broker.port) as agent,
    ):
        agent.see(1)
        wait_for(aggregator, home, 1)
        aggregator.kill()
        agent.see(5)
        broker.restart()
        aggregator.start()
        wait_until(lambda: agent.link.status().connected)
        agent.see(5)
        wait_until(lambda: stored(home)[-1] == 11, 10, "the newer ones")
        assert aggregator.metric("jaga_sequence_missing") == 5
        wait_for(aggregator, home, 11)
        assert aggregator.metric("jaga_sequence_missing") == 0


def test_what_the_agent_no_longer_has_is_lost_and_told(tmp_path: Path) -> None:
    home = tmp_path / "agg"
    with (
        Mosquitto(tmp_path / "broker", persistence=False) as broker,
        Aggregator(home, broker.port) as aggregator,
        agent_at(tmp_path / "edge", broker.port, keep_s=0) as agent,
    ):
        agent.see(1)
        wait_for(aggregator, home, 1)
        aggregator.kill()
        agent.see(4)
        broker.restart()
        aggregator.start()
        lost = f'jaga_events_lost{{agent="{AGENT}",site="{SITE}"}}'
        wait_until(lambda: aggregator.metric(lost) == 4, 30, aggregator.log.read_text)
        assert aggregator.metric("jaga_sequence_missing") == 0
        assert agent.replays == [0]
        aggregator.kill()
        aggregator.start()
        assert aggregator.metric(lost) == 4
        agent.see(1)
        wait_until(lambda: stored(home) == [1, 6], 10)


def test_a_store_brought_back_from_a_backup_catches_up(tmp_path: Path) -> None:
    home, backup = tmp_path / "agg", tmp_path / "backup.sqlite"
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Aggregator(home, broker.port) as aggregator,
        agent_at(tmp_path / "edge", broker.port) as agent,
    ):
        agent.see(2)
        wait_for(aggregator, home, 2)
        with closing(sqlite3.connect(home / "data/jaga.sqlite")) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        agent.see(6)
        wait_for(aggregator, home, 8)
        aggregator.stop()
        for file in (home / "data").glob("jaga.sqlite*"):
            file.unlink()
        backup.rename(home / "data/jaga.sqlite")
        aggregator.start()
        wait_for(aggregator, home, 8)
        assert sum(agent.replays) == 6


def test_it_works_under_the_shipped_access_list(tmp_path: Path) -> None:
    """The aggregator may command, the agent may answer and send again; with names and passwords."""
    home, module = tmp_path / "agg", acl_module()
    config = edge_config(tmp_path, AGENT, [sample_event().data.camera])
    config.write_text(config.read_text().replace('site = "kota"', f'site = "{SITE}"'))
    (tmp_path / "acl").write_text(module.acl([module.load(config)], "aggregator"))
    auth = f"allow_anonymous false\npassword_file {passwords(tmp_path)}\nacl_file {tmp_path}/acl"
    (tmp_path / "secret").write_text("aggregator\n")
    with Mosquitto(tmp_path / "broker", persistence=False, auth=auth) as broker:
        login = f'username = "aggregator"\npassword_file = "{tmp_path}/secret"'
        with (
            Aggregator(home, broker.port, more=login) as aggregator,
            agent_at(tmp_path / "edge", broker.port, user=AGENT) as agent,
        ):
            agent.see(2)
            wait_for(aggregator, home, 2)
            aggregator.kill()
            agent.see(3)
            broker.restart()
            aggregator.start()
            wait_for(aggregator, home, 5)
