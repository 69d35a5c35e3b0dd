"""In-memory implementations of ports, held to the same conformance suites as the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from contract import ranges as number_ranges
from contract import topics
from contract.codec import encode
from contract.events import Event, sequence_text
from contract.ranges import Range, Ranges


@dataclass(frozen=True)
class MemoryMessage:
    key: int
    topic: str
    payload: bytes
    stored: float
    sequence: int = 0


class MemorySpool:
    """Spool without a disk; keeps what was acknowledged until the next `prune`."""

    def __init__(self) -> None:
        self._messages: dict[int, MemoryMessage] = {}
        self._kept: dict[int, MemoryMessage] = {}
        self._key = self._sequence = 0
        self.now = 0.0

    def append(self, event: Event, evidence: Mapping[str, bytes]) -> Event:
        self._sequence += 1
        stored = msgspec.structs.replace(event, sequence=sequence_text(self._sequence))
        self._put(topics.event(event.data.site, event.data.camera), encode(stored))
        for picture in evidence.values():
            self._put(topics.evidence(event.data.site, event.data.camera, event.id), picture)
        return stored

    def attach(self, site: str, camera: str, event: str, content: bytes) -> None:
        self._put(topics.evidence(site, camera, event), content)

    def pending(self, limit: int, after: int = 0) -> list[MemoryMessage]:
        return [message for key, message in sorted(self._messages.items()) if key > after][:limit]

    def acknowledge(self, keys: Sequence[int]) -> None:
        self._kept |= {key: self._messages.pop(key) for key in set(keys) & self._messages.keys()}

    def replay(self, ranges: Sequence[Range]) -> tuple[int, Ranges]:
        asked = {key: one for key, one in self._kept.items() if any(a <= one.sequence <= b for a, b in ranges)}
        self._messages |= {key: self._kept.pop(key) for key in asked}
        here = {one.sequence for one in self._messages.values() if any(a <= one.sequence <= b for a, b in ranges)}
        return len(here), number_ranges.subtract(ranges, number_ranges.of(here))

    def prune(self) -> None:
        self._kept.clear()

    def depth(self) -> int:
        return len(self._messages)

    def last_sequence(self) -> int:
        return self._sequence

    def close(self) -> None:
        pass

    def _put(self, topic: str, payload: bytes) -> None:
        self._key += 1
        self._messages[self._key] = MemoryMessage(self._key, topic, payload, self.now, self._sequence)
