"""`jaga aggregator`: exit codes and sentences, and brokers that do not speak MQTT 5."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from aggregator.folder import check_folder
from contract.errors import ConfigError
from contract.kinds import Kind
from jaga.demo_broker import broker as demo_broker
from tests.brokers import Mosquitto, free_port, wait_until
from tests.desks import Aggregator
from tests.e2e.feed import Events, Publisher, places


def jaga(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jaga", "aggregator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_check_says_that_a_config_can_be_used(tmp_path: Path) -> None:
    done = jaga("check", "--config", str(Aggregator(tmp_path, 1883).config))
    assert (done.returncode, done.stdout) == (0, "")
    assert "0 cameras, broker 127.0.0.1:1883" in done.stderr


@pytest.mark.parametrize("folder", ["file/data", "/sys"])
def test_check_finds_a_data_folder_that_cannot_be_written(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("no folder")
    config = tmp_path / "aggregator.toml"
    config.write_text(f'[aggregator]\ndata_dir = "{folder}"\n')
    done = jaga("check", "--config", str(config))
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path / folder) in done.stderr
    assert "cannot be created or written to by" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "matters"), [("jaga.sqlite-wal", True), ("jaga.sqlite.of-may", False)])
def test_check_looks_at_the_files_that_are_written_and_at_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, matters: bool
) -> None:
    (tmp_path / name).touch()
    monkeypatch.setattr("os.access", lambda path, _mode: Path(path).name != name)  # root may write everywhere
    with pytest.raises(ConfigError, match=f"{name}: Permission denied") if matters else nullcontext():
        assert check_folder(tmp_path) is None


def test_check_tells_that_the_data_folder_is_to_be_made_and_makes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "aggregator.toml"
    config.write_text('[aggregator]\ndata_dir = "new/data"\n')
    done = jaga("check", "--config", str(config))
    assert done.returncode == 0
    assert f"{tmp_path / 'new/data'}: the data folder is not there yet" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["aggregator.toml"]


def test_check_tells_of_a_data_folder_that_somebody_else_has_to_make(tmp_path: Path) -> None:
    """As the systemd service does: the documented way checks before the service has run once."""
    config = tmp_path / "aggregator.toml"
    config.write_text('[aggregator]\ndata_dir = "/sys/jaga"\n')
    done = jaga("check", "--config", str(config))
    assert done.returncode == 0
    assert "/sys/jaga: the data folder is not there yet, and this user may not make it" in done.stderr


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('places = "other"', "JSON is malformed"),
        ('cameras = "other"', "JSON is malformed"),
        ('[mqtt]\ntls_ca = "other"', "no certificate or crl found"),
    ],
)
def test_check_reads_the_files_that_a_config_names(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "other").write_text("nonsense")
    config = tmp_path / "aggregator.toml"
    config.write_text(f'[aggregator]\ndata_dir = "data"\n{setting}')
    for command in ("check", "run"):
        done = jaga(command, "--config", str(config))
        assert done.returncode == 2, command
        assert str(tmp_path / "other") in done.stderr
        assert told in done.stderr
        assert "Traceback" not in done.stderr


def test_a_wrong_config_is_exit_code_2(tmp_path: Path) -> None:
    config = tmp_path / "aggregator.toml"
    config.write_text('[aggregator]\ndata_dir = "x"\n[http]\nport = "many"\n')
    for command in ("check", "run"):
        done = jaga(command, "--config", str(config))
        assert done.returncode == 2
        assert f'{config}: http.port = "many"' in done.stderr
        assert "Traceback" not in done.stderr


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", one.port))
        taken.listen()
        done = jaga("run", "--config", str(one.config))
    assert done.returncode == 1
    assert f"127.0.0.1:{one.port} is used by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_aggregators_do_not_share_a_store(tmp_path: Path) -> None:
    one = Aggregator(tmp_path, 1)
    try:
        one.start(connected=False)
        done = jaga("run", "--config", str(one.config))
        assert done.returncode == 1
        assert "another aggregator is using this data folder" in done.stderr
    finally:
        one.kill()


@pytest.mark.broker
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_wrong_password_is_said_and_nothing_else_and_the_api_stays_up(tmp_path: Path, version: str) -> None:
    closed = "allow_anonymous false\npassword_file " + str(tmp_path / "passwords")
    (tmp_path / "passwords").write_text("")
    with Mosquitto(tmp_path / "broker", auth=closed) as broker:
        one = Aggregator(tmp_path / "agg", broker.port, version=version)
        try:
            one.start(connected=False)
            wait_until(lambda: one.log.read_text().count("broker_refused") == 2, 10, "the refusal is logged")
            assert "broker_lost" not in one.log.read_text()
            assert one.get("/healthz")["broker"] is False
        finally:
            one.kill()


@pytest.fixture
def embedded() -> Iterator[int]:
    """The demo's broker, which speaks 3.1.1 only."""
    port = free_port()
    with demo_broker(port):
        yield port


def test_auto_finds_out_that_a_broker_has_no_mqtt_5(tmp_path: Path, embedded: int) -> None:
    with Aggregator(tmp_path, embedded) as one:
        publisher = Publisher("127.0.0.1", embedded)
        now = datetime.now(UTC)
        publisher.event(Events().make(places(1, Random(1))[0], Kind.BRAWL, "begin", now, now))
        publisher.wait()
        wait_until(lambda: len(one.get("/api/v1/incidents")["items"]) == 1, 10, "the event has come")
        assert "3.1.1" in one.log.read_text()
        publisher.close()
