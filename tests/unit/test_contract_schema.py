"""The reference in docs/reference is what the code makes now, is valid by its own standards, and fits real messages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from contract import schema, topics
from contract.codec import MESSAGE_OF
from contract.kinds import Kind
from contract.topics import CHANNELS, Channel
from tests.data import ROOT
from tests.samples import as_json, sample_event, sample_messages

REFERENCE = ROOT / "docs" / "reference"
DOCUMENTS = schema.documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_reference_is_current(name: str) -> None:
    made = (REFERENCE / name).read_text("utf-8")
    assert made == DOCUMENTS[name], "run: python -m contract.schema docs/reference"


def test_the_command_writes_them(tmp_path: Path) -> None:
    assert schema.main([str(tmp_path / "new")]) == 0
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "new").iterdir()} == DOCUMENTS


def test_the_command_refuses_anything_but_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main([]) == 2
    assert schema.main(["--help"]) == 2
    assert "usage" in capsys.readouterr().err


def validator(channel: Channel) -> Draft202012Validator:
    return Draft202012Validator(schema.message_schema(channel), format_checker=FormatChecker())


@pytest.mark.parametrize("channel", MESSAGE_OF)
def test_schemas_are_valid_and_samples_fit_them(channel: Channel) -> None:
    Draft202012Validator.check_schema(schema.message_schema(channel))
    document = as_json(sample_messages()[channel])
    assert list(validator(channel).iter_errors(document)) == []


def test_the_schema_refuses_what_the_codec_refuses() -> None:
    for path, value in (
        (("data", "kind"), "alien_landing"),
        (("data", "confidence"), 1.5),
        (("data", "camera"), "Gate/North"),
        (("data", "subjects"), [{"class": "person", "count": 1, "boxes": [[0, 0, 2, 1]]}]),
        (("sequence",), "7"),
        (("specversion",), "0.3"),
    ):
        document: dict[str, Any] = as_json(sample_event())
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert not validator("event").is_valid(document), path
    for missing in ("specversion", "data"):
        document = as_json(sample_event())
        del document[missing]
        assert not validator("event").is_valid(document)


def resolve(document: Any, pointer: str) -> Any:
    for step in pointer.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/")]
    return document


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for value in node.values() for found in references(value)]


def test_asyncapi_has_its_parts_and_every_reference_leads_somewhere() -> None:
    """AsyncAPI 3.0.0: asyncapi and info are required; operations need an action and a channel."""
    document = schema.asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    for name in (*document["channels"], *document["operations"]):
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["bindings"]["mqtt"]["qos"] in (0, 1)
        channel = resolve(document, operation["channel"]["$ref"])
        assert all(resolve(document, message["$ref"]) for message in operation["messages"])
        assert operation["messages"][0]["$ref"].rpartition("/")[2] in channel["messages"]
    for reference in references(document):
        if reference.startswith("#"):
            assert resolve(document, reference)
        else:
            assert reference.removeprefix("./") in DOCUMENTS


def test_asyncapi_payload_schemas_judge_messages() -> None:
    resources = [
        (f"./{name}", Resource.from_contents(json.loads(text)))
        for name, text in DOCUMENTS.items()
        if ".schema." in name
    ]
    registry: Registry[Any] = Registry().with_resources(resources)
    messages = schema.asyncapi()["components"]["messages"]
    for channel, sample in sample_messages().items():
        payload = messages[channel.replace("/", "_")]["payload"]["schema"]
        assert Draft202012Validator(payload, registry=registry).is_valid(as_json(sample))
    assert not Draft202012Validator(messages["event"]["payload"]["schema"], registry=registry).is_valid({})


def test_each_channel_has_one_sender_and_one_receiver() -> None:
    operations = schema.asyncapi()["operations"].values()
    for slug in (channel.replace("/", "_") for channel in CHANNELS):
        pair = [(o["action"], o["tags"][0]["name"]) for o in operations if o["channel"]["$ref"] == f"#/channels/{slug}"]
        assert sorted(action for action, _ in pair) == ["receive", "send"]
        assert sorted(who for _, who in pair) == ["agent", "aggregator"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_addresses_are_the_topics_that_are_parsed(channel: Channel) -> None:
    topic = re.sub(r"\{(\w+)\}", "x", topics.address(channel))
    assert topics.parse(topic).channel == channel


def test_every_kind_and_topic_stands_in_its_table() -> None:
    assert all(f"| `{kind}` |" in DOCUMENTS["kinds.md"] for kind in Kind)
    assert all(f"`{topics.address(channel)}`" in DOCUMENTS["topics.md"] for channel in CHANNELS)
