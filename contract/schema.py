"""Writes the wire's reference: `python -m contract.schema docs/reference`.

JSON Schema (2020-12) for each message, an AsyncAPI 3.0 document, and tables of topics and kinds, all from the types and
tables in contract, so that none of it can say what the code does not do.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from contract.codec import MAX_PAYLOAD_BYTES, MESSAGE_OF
from contract.events import Event
from contract.ids import LAST, NAME
from contract.kinds import KINDS, KindInfo
from contract.texts import catalogue
from contract.topics import CHANNELS, Channel, ChannelInfo, address

Document = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTE = "Made by `python -m contract.schema docs/reference`; change the code, not this file."
PARAMETERS = {
    "site": "a place with one broker namespace",
    "agent": "an edge agent, unique within its site",
    "camera": "a camera, unique within its site",
    "event_id": "the event's id (UUIDv7)",
    "name": "snapshot, clip, reload, suspend, resume or replay",
    "id": "the command's id (UUIDv7)",
}


def message_schema(channel: Channel) -> Document:
    """The JSON Schema of the channel's payload, complete in itself."""
    kind = MESSAGE_OF[channel]
    described = _portable(msgspec.json.schema(kind))
    if kind is Event:
        # Filled in for a writer, asked of a reader's peer: contract.codec refuses an event without it.
        described["$defs"]["Event"]["required"].append("specversion")
    return {"$schema": DIALECT, "$id": f"urn:jaga:v1:{_slug(channel)}", "title": kind.__name__, **described}


def _portable(node: Any) -> Any:
    """Docstrings without their indentation, and patterns as ECMA 262 writes them: "$" is the end there, no more,
    and dialects without lookahead can read it."""
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, dict):
        return node
    clean = {key: _portable(value) for key, value in node.items()}
    if isinstance(clean.get("description"), str):
        clean["description"] = " ".join(clean["description"].split())
    if isinstance(clean.get("pattern"), str):
        clean["pattern"] = clean["pattern"].removesuffix(LAST)
    return clean


def asyncapi() -> Document:
    """Every channel, who sends on it and who receives, with its QoS and retain flag. Payloads refer to the schemas."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Jaga",
            "version": "1",
            "description": f"What edge agents and the aggregator say to each other over MQTT. {NOTE}",
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "channels": {_slug(channel): _channel(channel, info) for channel, info in CHANNELS.items()},
        "operations": {
            name: operation
            for channel, info in CHANNELS.items()
            for name, operation in _operations(channel, info).items()
        },
        "components": {
            "messages": {
                name: _message(name, media, channel, info)
                for channel, info in CHANNELS.items()
                for name, media in _named(channel, info)
            }
        },
    }


def topics_table() -> str:
    rows = [
        f"| `{address(channel)}` | {info.sender} | {info.qos} | {'yes' if info.retain else 'no'} "
        f"| {' or '.join(f'`{media}`' for media in info.content)} | {_schema_link(channel)} | {info.summary} |"
        for channel, info in CHANNELS.items()
    ]
    head = ["| topic | sender | QoS | retained | payload | schema | what |", "|---|---|---|---|---|---|---|"]
    names = [f"- `{{{name}}}`: {what}" for name, what in PARAMETERS.items()]
    intro = [
        "# Topics",
        "",
        NOTE,
        "",
        *head,
        *rows,
        "",
        *names,
        "",
        f"Names match `{NAME}`.",
        f"A JSON payload has at most {MAX_PAYLOAD_BYTES:,} bytes. Fields a reader does not know are ignored.",
        "The whole in one machine-readable document: [asyncapi.json](asyncapi.json).",
    ]
    return "\n".join(intro) + "\n"


def kinds_table() -> str:
    rows = []
    for kind, info in KINDS.items():
        title = catalogue()[KindInfo.title_key(kind)]
        measure = f"{info.radius_m:g} | {info.window_s:g}"
        rows.append(f"| `{kind}` | {title['id']} | {title['en']} | {info.severity} | {measure} | {info.family} |")
    head = [
        "# Kinds of event",
        "",
        NOTE,
        "",
        "What holds where no config says otherwise. Two events with more than the longer of their windows between them",
        "never tell of one incident. Which kinds can, besides those of one family, and how near they have to be is in",
        "[correlation](../design/correlation.md#which-kinds-tell-of-one-incident); a kind that has no extent there yet",
        "has it from its radius. Radius 0: a camera's own fault, which no other camera tells of.",
        "",
        "| kind | Indonesian | English | severity | radius m | window s | family |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def documents() -> dict[str, str]:
    """Each file of the reference by its name."""
    files = {f"{_slug(channel)}.schema.json": _json(message_schema(channel)) for channel in MESSAGE_OF}
    return files | {"asyncapi.json": _json(asyncapi()), "topics.md": topics_table(), "kinds.md": kinds_table()}


def _slug(channel: Channel) -> str:
    return channel.replace("/", "_")


def _json(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _schema_link(channel: Channel) -> str:
    name = f"{_slug(channel)}.schema.json"
    return f"[{MESSAGE_OF[channel].__name__}]({name})" if channel in MESSAGE_OF else "–"


def _channel(channel: Channel, info: ChannelInfo) -> Document:
    used = ["site", info.owner, *([info.leaf] if info.leaf else [])]
    return {
        "address": address(channel),
        "description": info.summary,
        "parameters": {name: {"description": PARAMETERS[name]} for name in used},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name, _ in _named(channel, info)},
    }


def _named(channel: Channel, info: ChannelInfo) -> list[tuple[str, str]]:
    """(name, media type) of each message that a channel carries."""
    slug = _slug(channel)
    if len(info.content) == 1:
        return [(slug, info.content[0])]
    return [(f"{slug}_{media.partition('/')[2]}", media) for media in info.content]


def _message(name: str, media: str, channel: Channel, info: ChannelInfo) -> Document:
    message: Document = {"name": name, "contentType": media, "summary": info.summary}
    if channel in MESSAGE_OF:
        schema = {"$ref": f"./{_slug(channel)}.schema.json"}
        message["payload"] = {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema}
    else:
        message["payload"] = {"type": "string", "format": "binary"}
    if MESSAGE_OF.get(channel) is Event:
        message["externalDocs"] = {
            "url": "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md"
        }
    return message


def _operations(channel: Channel, info: ChannelInfo) -> Document:
    """One operation of the sender and one of the receiver, named for who does it."""
    receiver = "aggregator" if info.sender == "agent" else "agent"
    slug = _slug(channel)
    common = {
        "channel": {"$ref": f"#/channels/{slug}"},
        "messages": [{"$ref": f"#/channels/{slug}/messages/{name}"} for name, _ in _named(channel, info)],
    }
    sending = {"mqtt": {"qos": info.qos, "retain": info.retain, "bindingVersion": "0.2.0"}}
    receiving = {"mqtt": {"qos": info.qos, "bindingVersion": "0.2.0"}}
    return {
        f"{info.sender}_sends_{slug}": {
            "action": "send",
            **common,
            "tags": [{"name": info.sender}],
            "bindings": sending,
        },
        f"{receiver}_receives_{slug}": {
            "action": "receive",
            **common,
            "tags": [{"name": receiver}],
            "bindings": receiving,
        },
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m contract.schema FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents().items():
        (folder / name).write_text(content, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
