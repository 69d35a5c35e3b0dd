"""Every config that lies in configs/ can be used as it is."""

import tomllib
from pathlib import Path

import pytest

from aggregator import config as aggregator_config
from edge_agent import config as edge_config
from tests.data import ROOT

FILES = sorted((ROOT / "configs").rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_loads(path: Path) -> None:
    document = tomllib.loads(path.read_text("utf-8"))
    if "aggregator" in document:
        assert aggregator_config.load(path).http.host == "127.0.0.1"
    else:
        config = edge_config.load(path)
        assert config.cameras
        assert all(camera.rules for camera in config.cameras) or "measure" in path.parts


def test_there_is_one_for_each_side() -> None:
    assert {"edge.toml", "aggregator.toml"} <= {path.name for path in FILES}
