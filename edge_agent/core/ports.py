"""What the core and the runtime need from outside. Each port has one conformance suite in tests/ports/, run over every
implementation."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from contract.events import Event
from contract.ranges import Range, Ranges
from edge_agent.core.types import Detections, Frame, Image, Track


class Detector(Protocol):
    """Looks at pictures. Any thread may call `detect`, several at once; results come in the order of the images and do
    not depend on who else asks.

    name: runtime and model for the event's *why*, for example "yolov8n/openvino". Whoever made it closes it.
    """

    @property
    def name(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        """One result per image, BGR (height, width, 3) uint8; images may differ in size. exact: they are the network's
        input as they are, sides multiples of 32, and are not scaled; what is found has no features then. features:
        whether anybody looks at them; else there are none, and the answer comes a little sooner."""
        ...

    def close(self) -> None: ...


class Tracker(Protocol):
    """Follows objects of one camera. One thread; never shares ids or state with another instance."""

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        """Confirmed tracks seen in this frame, boxes in unit coordinates, sorted by id. `t` must not go back."""
        ...


class FrameSource(Protocol):
    """Pictures of one camera, privacy masks already applied.

    Iteration yields frames in capture order and ends when a finite source does; it raises SourceError when the source
    cannot be opened or breaks. The consumer's thread iterates; `close` may be called from any thread and ends
    iteration.
    """

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...
    def __iter__(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


class Spool(Protocol):
    """Events and evidence on disk until the broker has acknowledged them, and kept some time longer for a replay. Any
    thread may call.

    `append` gives the event its gap-free sequence number and is durable when it returns; it returns the stored event.
    """

    def append(self, event: Event, evidence: Mapping[str, bytes]) -> Event:
        """`evidence`: JPEG bytes by SHA-256, published under the event's id. Raises SpoolError if it cannot be kept."""
        ...

    def attach(self, site: str, camera: str, event: str, content: bytes) -> None:
        """More evidence of an event that was appended before. Raises SpoolError if it cannot be kept."""
        ...

    def pending(self, limit: int, after: int = 0) -> "Sequence[Spooled]":
        """The oldest messages that wait, of those whose key is greater than `after`; keys grow with time and are never
        used again."""
        ...

    def acknowledge(self, keys: Sequence[int]) -> None:
        """These messages wait no longer; unknown keys are ignored."""
        ...

    def replay(self, ranges: Sequence[Range]) -> tuple[int, Ranges]:
        """Events with these sequence numbers, and their evidence, wait again. How many events, and the numbers of those
        that are no longer here. Ranges rise and include both ends."""
        ...

    def prune(self) -> None:
        """Deletes what was kept long enough after its acknowledgement."""
        ...

    def depth(self) -> int:
        """How many messages wait."""
        ...

    def last_sequence(self) -> int:
        """The highest number given to an event; 0 before the first."""
        ...

    def close(self) -> None: ...


class Spooled(Protocol):
    """One message waiting for its acknowledgement, oldest first."""

    @property
    def key(self) -> int: ...

    @property
    def topic(self) -> str: ...

    @property
    def stored(self) -> float:
        """When it was appended, seconds since the epoch."""
        ...

    @property
    def payload(self) -> bytes: ...
