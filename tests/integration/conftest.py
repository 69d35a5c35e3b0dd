"""What several files of whole agents and of the API need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents import World
from tests.brokers import Mosquitto
from tests.desks import Desk, desk
from tests.people import IN_DISTRICTS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Mosquitto(tmp_path / "broker") as broker:
        made = World(tmp_path, broker)
        yield made
        made.listener.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose users may be held to districts."""
    with desk(tmp_path, people_policy=IN_DISTRICTS) as running:
        yield running
