"""What is read of a message before or without decoding all of it."""

import contextlib
import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Struct

from aggregator.core.liveness import AgentKey
from aggregator.core.ports import EvidenceRow, Media, Message, Refused
from contract import topics
from contract.codec import decode_event
from contract.errors import CodecError
from contract.events import MAX_EVIDENCE_BYTES, Event
from contract.ids import NAME
from contract.messages import LAST_NUMBER

QUARANTINED_BYTES = 65_536
_JPEG = b"\xff\xd8\xff"
_MP4 = b"ftyp"
"""Bytes 4 to 8 of a file in the ISO base media format (ISO/IEC 14496-12, section 4.3)."""


class BadEvidence(CodecError):
    """Bytes on an evidence topic that are neither JPEG nor MP4, or too many."""


class _Numbered(msgspec.Struct):
    """What of a refused event is needed to know that it came."""

    source: Annotated[str, msgspec.Meta(pattern=f"^/{NAME}/{NAME}/{NAME}$")]
    sequence: Annotated[str, msgspec.Meta(pattern="^[0-9]{20}$")]


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a payload does to a decoder; brackets in brackets in brackets end in a RecursionError, skipped fields too."""

_numbered_decoder = msgspec.json.Decoder(_Numbered)


@lru_cache(maxsize=65_536)
def _event_topic(topic: str) -> topics.Topic:
    return topics.parse(topic)


class Read(Struct, frozen=True, gc=False):
    """A message with what could be read of it at once: its topic, and the event where it is one. error: why it cannot
    be taken."""

    message: Message
    topic: topics.Topic | None
    event: Event | None
    error: CodecError | None = None


def read(message: Message) -> Read:
    topic = None
    try:
        if not message.topic.endswith("/event"):  # the others may have any number of topics
            return Read(message, topics.parse(message.topic), None)
        topic = _event_topic(message.topic)
        return Read(message, topic, decode_event(message.payload, datetime.fromtimestamp(message.received, UTC), topic))
    except CodecError as error:
        return Read(message, topic, None, error)


def event_number(message: Message) -> tuple[AgentKey, int] | None:
    """Whose event it is and its number, where it is one, however wrong otherwise."""
    with contextlib.suppress(CodecError, *UNREADABLE):
        topic, told = topics.parse(message.topic), _numbered_decoder.decode(message.payload)
        _, site, agent, _ = told.source.split("/", 3)
        number = int(told.sequence)
        if topic.channel == "event" and number <= LAST_NUMBER:
            return (site, agent), number
    return None


def picture(message: Message, topic: topics.Topic) -> EvidenceRow:
    """Raises BadEvidence."""
    content = message.payload
    media = _media(content)
    if media is None:
        raise BadEvidence("aggregator.evidence_unknown", "$")
    if len(content) > MAX_EVIDENCE_BYTES:
        raise BadEvidence("aggregator.evidence_too_big", "$", size=len(content), allowed=MAX_EVIDENCE_BYTES)
    sha256 = hashlib.sha256(content).hexdigest()
    return EvidenceRow(sha256, topic.leaf, topic.site, topic.owner, message.received, content, media)


def _media(content: bytes) -> Media | None:
    if content.startswith(_JPEG):
        return "image/jpeg"
    return "video/mp4" if content[4:8] == _MP4 else None


def refused(message: Message, error: str, field: str, detail: str) -> Refused:
    """For the quarantine."""
    return Refused(message.received, message.topic, error, field, detail[:2000], message.payload[:QUARANTINED_BYTES])
