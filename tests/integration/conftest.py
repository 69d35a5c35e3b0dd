"""What several files of whole agents need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents import World
from tests.brokers import Mosquitto


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Mosquitto(tmp_path / "broker") as broker:
        made = World(tmp_path, broker)
        yield made
        made.listener.close()
