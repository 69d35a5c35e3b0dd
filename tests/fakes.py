"""In-memory implementations of ports, held to the same conformance suites as the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from contract import topics
from contract.codec import encode
from contract.events import Event, sequence_text


@dataclass(frozen=True)
class MemoryMessage:
    key: int
    topic: str
    payload: bytes
    stored: float


class MemorySpool:
    """Spool without a disk."""

    def __init__(self) -> None:
        self._messages: dict[int, MemoryMessage] = {}
        self._key = self._sequence = 0
        self.now = 0.0

    def append(self, event: Event, evidence: Mapping[str, bytes]) -> Event:
        self._sequence += 1
        stored = msgspec.structs.replace(event, sequence=sequence_text(self._sequence))
        self._put(topics.event(event.data.site, event.data.camera), encode(stored))
        for picture in evidence.values():
            self._put(topics.evidence(event.data.site, event.data.camera, event.id), picture)
        return stored

    def pending(self, limit: int, after: int = 0) -> list[MemoryMessage]:
        return [message for key, message in sorted(self._messages.items()) if key > after][:limit]

    def acknowledge(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._messages.pop(key, None)

    def depth(self) -> int:
        return len(self._messages)

    def close(self) -> None:
        pass

    def _put(self, topic: str, payload: bytes) -> None:
        self._key += 1
        self._messages[self._key] = MemoryMessage(self._key, topic, payload, self.now)
