"""What a reader copies out of the docs works: commands exist with their options, configs load."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator import config as aggregator_config
from contract.kinds import Kind
from edge_agent.config import parse
from tests.data import ROOT

FILES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs" / "guide").rglob("*.md")})
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REFERENCE = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
BASE = """
[agent]
site = "kota"
id = "edge-1"
[mqtt]
[[camera]]
id = "gate"
source = "rtsp://192.0.2.1/1"
"""
ZONE = """
[[camera.zone]]
id = "yard"
polygon = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.95]]
"""


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(body, id=f"{path.relative_to(ROOT)}-{number}")
        for path in FILES
        for number, (found, body) in enumerate(BLOCK.findall(path.read_text("utf-8")))
        if found == language
    ]


def options() -> dict[str, set[str]]:
    """command -> its options, as docs/reference/cli.md (kept current by a test) has them."""
    commands: dict[str, set[str]] = {}
    for heading, body in re.findall(r"^## (jaga .+?)\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL):
        commands[heading] = set(re.findall(r"`(--?[\w-]+)`", body))
    return commands


def invocations(text: str) -> list[str]:
    """Each call of jaga in a shell block, without comments, redirections and what comes after a pipe."""
    lines = [re.split(r"\s#|\s>|\s\|", line)[0] for line in text.replace("\\\n", " ").splitlines()]
    return [match[1] for line in lines if (match := re.search(r"^(?:.*[\s/])?(jaga\s.+)$", line))]


@pytest.mark.parametrize("body", blocks("sh"))
def test_commands_exist(body: str) -> None:
    known = options()
    assert len(known) > 8
    for call in invocations(body):
        words = call.split()
        if words[1].startswith("-"):
            continue
        command = max((name for name in known if call.startswith(name)), key=len, default=None)
        assert command, call
        unknown = {word for word in words if word.startswith("--")} - known[command]
        assert not unknown, call


def completed(body: str) -> str:
    """A fragment put where it belongs: keys, zones and rules of a camera into a sample one."""
    if "[agent]" in body:
        return body
    return BASE + body + ("" if "[[camera.zone]]" in body or "[[camera.line]]" in body else ZONE)


@pytest.mark.parametrize("body", blocks("toml"))
def test_configs_load(body: str) -> None:
    if "[aggregator]" in body:
        assert tomllib.loads(body)["aggregator"]["data_dir"]
        return
    raw = tomllib.loads(body)
    if raw.keys() <= {field.name for field in msgspec.structs.fields(aggregator_config._File)} - {"mqtt"}:
        msgspec.convert(raw | {"aggregator": {"data_dir": "data"}}, aggregator_config._File)
        return
    config = parse(completed(body), ROOT / "example.toml")
    assert all(rule.kind in set(Kind) for camera in config.cameras for rule in camera.rules)


def test_there_are_examples() -> None:
    assert len(blocks("sh")) > 10
    assert len(blocks("toml")) > 5


def test_the_check_sees_a_wrong_command() -> None:
    assert invocations("x\n/opt/jaga/bin/jaga edge run --config a.toml | tee log # run") == [
        "jaga edge run --config a.toml"
    ]
    with pytest.raises(AssertionError):
        test_commands_exist("jaga edge fly --config x")
    with pytest.raises(AssertionError):
        test_commands_exist("jaga edge run --konfig x")


def test_every_rule_has_a_runnable_example() -> None:
    folder: Path = ROOT / "docs" / "guide" / "rules"
    for path in folder.glob("*.md"):
        if path.stem == "camera_health":
            continue  # no rule names it: every camera has it
        assert f'kind = "{path.stem}"' in path.read_text("utf-8")
