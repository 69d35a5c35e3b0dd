"""Every MQTT topic, built and parsed here and nowhere else."""

from dataclasses import dataclass
from typing import Literal

from contract.errors import BadTopic
from contract.ids import is_name

ROOT = "jaga/v1"

Channel = Literal["status", "health", "event", "evidence", "config/desired", "config/reported", "command", "reply"]


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """How a channel is used. owner: whose name stands in its topic. leaf: what the last part names, empty where there
    is none. sender: who alone may publish it (the broker's ACL keeps it). content: media types
    that the payload may have."""

    owner: Literal["agent", "camera"]
    leaf: Literal["", "event_id", "name", "id"]
    sender: Literal["agent", "aggregator"]
    qos: Literal[0, 1]
    retain: bool
    content: tuple[str, ...]
    summary: str


_JSON = ("application/json",)

CHANNELS: dict[Channel, ChannelInfo] = {
    "status": ChannelInfo("agent", "", "agent", 1, True, _JSON, "Online or offline; also the agent's last will"),
    "health": ChannelInfo(
        "agent", "", "agent", 0, False, _JSON, "Each camera and the host now; a lost one is replaced"
    ),
    "event": ChannelInfo("camera", "", "agent", 1, False, ("application/cloudevents+json",), "One anomaly event"),
    "evidence": ChannelInfo(
        "camera",
        "event_id",
        "agent",
        1,
        False,
        ("image/jpeg", "video/mp4"),
        "A picture an event names by SHA-256, or its clip (MP4)",
    ),
    "config/desired": ChannelInfo("agent", "", "aggregator", 1, True, _JSON, "The signed config an agent shall run"),
    "config/reported": ChannelInfo("agent", "", "agent", 1, True, _JSON, "What runs now, or why it was refused"),
    "command": ChannelInfo("agent", "name", "aggregator", 1, False, _JSON, "Do something now"),
    "reply": ChannelInfo("agent", "id", "agent", 1, False, _JSON, "What came of a command"),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic. `owner` is a camera for event and evidence, an agent otherwise; `leaf` is the evidence's event
    id, the command's name or the reply's id, and empty elsewhere."""

    site: str
    owner: str
    channel: Channel
    leaf: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (ROOT, self.site, self.owner, self.channel, self.leaf)))


def status(site: str, agent: str) -> str:
    return _build(site, agent, "status")


def health(site: str, agent: str) -> str:
    return _build(site, agent, "health")


def event(site: str, camera: str) -> str:
    return _build(site, camera, "event")


def evidence(site: str, camera: str, event_id: str) -> str:
    return _build(site, camera, "evidence", event_id)


def config_desired(site: str, agent: str) -> str:
    return _build(site, agent, "config/desired")


def config_reported(site: str, agent: str) -> str:
    return _build(site, agent, "config/reported")


def command(site: str, agent: str, name: str) -> str:
    return _build(site, agent, "command", name)


def commands(site: str, agent: str) -> str:
    """The filter an agent subscribes to."""
    return f"{_build(site, agent, 'command')}/+"


def reply(site: str, agent: str, command_id: str) -> str:
    return _build(site, agent, "reply", command_id)


AGGREGATOR_FILTERS: tuple[str, ...] = tuple(
    f"{ROOT}/+/+/{channel}{'/+' if info.leaf else ''}" for channel, info in CHANNELS.items() if info.sender == "agent"
)


def address(channel: Channel) -> str:
    """The channel's topic with its variable parts in braces: "jaga/v1/{site}/{camera}/evidence/{event_id}"."""
    info = CHANNELS[channel]
    leaf = f"/{{{info.leaf}}}" if info.leaf else ""
    return f"{ROOT}/{{site}}/{{{info.owner}}}/{channel}{leaf}"


def parse(topic: str) -> Topic:
    """Raises BadTopic where `topic` is none of the above."""
    parts = topic.split("/")
    if len(parts) < 5 or "/".join(parts[:2]) != ROOT or not (is_name(parts[2]) and is_name(parts[3])):
        raise BadTopic("codec.bad_topic", "topic", topic=topic)
    site, owner, rest = parts[2], parts[3], parts[4:]
    match rest:
        case ["status" | "health" | "event" as channel]:
            return Topic(site, owner, channel)
        case ["config", "desired"]:
            return Topic(site, owner, "config/desired")
        case ["config", "reported"]:
            return Topic(site, owner, "config/reported")
        case ["evidence" | "command" | "reply" as channel, leaf] if is_name(leaf):
            return Topic(site, owner, channel, leaf)
    raise BadTopic("codec.bad_topic", "topic", topic=topic)


def _build(site: str, owner: str, channel: Channel, leaf: str | None = None) -> str:
    for part in (site, owner) if leaf is None else (site, owner, leaf):
        if not is_name(part):
            raise BadTopic("codec.bad_name", "topic", name=part)
    return str(Topic(site, owner, channel, leaf or ""))
