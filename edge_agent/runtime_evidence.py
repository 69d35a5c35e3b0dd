"""What may leave one camera of its pictures: a snapshot with an event, and the clip around it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import structlog

from contract.events import Event, Evidence
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.adapters.evidence_jpeg import snapshot
from edge_agent.config_sections import EvidenceSection
from edge_agent.core.clip_buffer import ClipBuffer
from edge_agent.core.pipeline import Step
from edge_agent.core.types import Box, Frame

log = structlog.get_logger()

CLIP_SIDE, CLIP_QUALITY = 960, 75
"""Of the pictures that clips are made of: pixels of the longer side, JPEG."""


@dataclass(frozen=True, slots=True)
class Output:
    """An event to store, with its pictures by SHA-256."""

    event: Event
    evidence: dict[str, bytes]


class CameraEvidence:
    """One thread at a time, but `recording` for any. clips: where those of its events are kept."""

    def __init__(self, camera: str, clips: ClipFiles | None) -> None:
        self._camera = camera
        self._clips = clips
        self._buffer = ClipBuffer()

    def recording(self, event: str) -> bool:
        """Whether the clip of this event is not complete yet."""
        return self._buffer.awaits(event)

    def record(self, frame: Frame, step: Step, people: list[Box] | None, section: EvidenceSection) -> None:
        """Keeps the picture for the clips of events, and hands over those that are complete. people: where they are in
        this very picture; None where nobody looked: whoever has come since could be recognised in it."""
        if self._clips is None:
            return
        around = (section.clip_before_s, section.clip_after_s) if section.snapshots else (0.0, 0.0)
        self._buffer.keep(*around)
        if self._buffer.set_back(frame.t):
            self.cut(frame.t, over=True)
            self._buffer.forget()
        for event in step.events:
            if event.id in step.snapshots:
                self._buffer.mark(event.id, event.data.started.timestamp(), frame.t)
        if people is not None and self._buffer.on:
            small = replace(section, max_side=min(section.max_side, CLIP_SIDE), quality=CLIP_QUALITY)
            picture = self.picture(frame, people, small, quick=True)
            if picture is not None:
                self._buffer.add(frame.t, picture)
        self.cut(frame.t)

    def cut(self, t: float, over: bool = False) -> None:
        """Hands over the clips that are complete at `t`; over: all, since nothing comes after it."""
        if self._clips is not None:
            for span, pictures in self._buffer.due(t, over):
                self._clips.save(span.event, pictures)

    def outputs(self, frame: Frame, step: Step, people: list[Box], section: EvidenceSection) -> list[Output]:
        """The step's events, each that wants one with the snapshot."""
        outputs = []
        picture: bytes | None = None
        for event in step.events:
            if event.id not in step.snapshots or not section.snapshots:
                outputs.append(Output(event, {}))
                continue
            picture = picture or self.picture(frame, people, section)
            if picture is None:
                outputs.append(Output(event, {}))
                continue
            digest = hashlib.sha256(picture).hexdigest()
            taken = Evidence(sha256=digest, kind="snapshot", time=datetime.fromtimestamp(frame.t, UTC))
            data = msgspec.structs.replace(event.data, evidence=(*event.data.evidence, taken))
            outputs.append(Output(msgspec.structs.replace(event, data=data), {digest: picture}))
        return outputs

    def picture(self, frame: Frame, people: list[Box], section: EvidenceSection, quick: bool = False) -> bytes | None:
        """None where none can be made: an event without its picture still says what happened."""
        try:
            return snapshot(
                frame.image, people, blur=section.blur, max_side=section.max_side, quality=section.quality, quick=quick
            )
        except Exception:
            log.exception("snapshot_failed", camera=self._camera)
            return None
