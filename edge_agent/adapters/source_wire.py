"""What an agent and its decoding child say to each other, and how addresses are shown to people.

The request goes to the child's standard input as one line of JSON (never as an argument: it may hold credentials and
arguments are public). Then each byte on it gives the slot of that number back, but for TARGET: a line of JSON follows,
a DecodeTarget; its end tells the child that the agent is gone. The child answers on standard output, one JSON object a
line; pictures lie in the shared memory file it got.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypedDict

from contract.sentence import Sentence, sentence
from edge_agent.core.decode_policy import DecodePolicy, Mode

SLOTS, LIVE_SLOTS = 4, 2
"""Pictures that can be under way between child and agent. With a recording the child decodes ahead while the agent
looks; a live picture is taken at once."""

TARGET = 0xFF
"""No slot and no character of JSON."""

LUMA_WIDTH = 96

_USER = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]*(?:@[^/@\s]*)*@", re.IGNORECASE)
_SECRET = re.compile(
    r"(?P<key>[?&](?:user|usr|login|pass|pwd|auth|token|secret|key|sig)[a-z_]*=)[^&\s'\"]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Request:
    """What the child shall decode.

    masks: polygons in unit coordinates. start: time of a recording's first picture (seconds since the epoch), where not
    `realtime`. fps: pictures delivered per second at most, 0 for all; of a live stream, until a DecodeTarget says
    otherwise. timeout_s: of opening and of each read. decode: of live streams; a recording is always decoded whole.
    """

    source: str
    realtime: bool
    fps: float = 0.0
    masks: tuple[tuple[tuple[float, float], ...], ...] = ()
    start: float = 0.0
    loop: bool = False
    image_rate: float = 10.0
    timeout_s: float = 10.0
    luma_width: int = LUMA_WIDTH
    transport: Literal["tcp", "udp"] = "tcp"
    decode: DecodePolicy = "auto"


class Message(TypedDict, total=False):
    """One line of the child. frame: a picture lies at `offset` of the memory file, which is `size` bytes long.

    luma: its (width, height), right behind the picture. colours: where the picture lies as planes, how they are meant;
    else it is BGR. index: of the frame in the source; alive says how far it is when nothing was due. corrupt: packets
    that could not be decoded so far. skipped: pictures that were received and not decoded. keyframe_s: the longest
    keyframe interval lately, None while unknown. cpu: seconds of processor time that the child has taken. spared:
    keyframes that were due and not needed, so far. refused: the camera wants another user name or password. key,
    values: of the catalogue, what an error says.
    """

    type: Literal["opened", "frame", "alive", "error", "end"]
    slot: int
    offset: int
    size: int
    width: int
    height: int
    luma: tuple[int, int]
    colours: tuple[int, int]
    index: int
    t: float
    corrupt: int
    mode: Mode
    skipped: int
    keyframe_s: float | None
    behind: bool
    cpu: float
    spared: int
    refused: bool
    stage: Literal["open", "read"]
    key: str
    values: dict[str, str]


def told(message: Message) -> Sentence:
    """What an error of the child says, without secrets."""
    return sentence(message["key"], **{name: redact(value) for name, value in message["values"].items()})


def redact(text: str) -> str:
    """`text` without user names and passwords of addresses in it, and without secrets in their queries."""
    return _SECRET.sub(r"\g<key>***", _USER.sub(r"\g<scheme>***@", text))
