"""One running camera: its live source, its pipeline and what health tells of it."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
import structlog

from contract.events import Clock
from contract.ids import uuid7
from contract.messages import CameraHealth, CameraState
from contract.sentence import LONGEST, Sentence, english, sentence
from edge_agent.adapters import memory_npz
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.sheets_cv2 import look
from edge_agent.adapters.source_av import request_of
from edge_agent.adapters.source_live import LiveSource, SourceStatus
from edge_agent.config_sections import EvidenceSection
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crop_planner import crop_planner_of
from edge_agent.core.crops import Seen
from edge_agent.core.decode_policy import ENOUGH, DecodeTarget
from edge_agent.core.errors import CommandRefused
from edge_agent.core.events import Agent
from edge_agent.core.fair_rate import Demand, RateMean, patience, too_rare
from edge_agent.core.lost import LossWatch
from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.ports import Detector
from edge_agent.core.rest import ABOUT_TRACKS, RestGate, eager, glance_s, rest_s
from edge_agent.core.spec import CameraSpec, DetectorSpec, TrackerSpec
from edge_agent.core.types import PERSON, Box, Detections, Frame
from edge_agent.runtime_evidence import CameraEvidence, Output
from edge_agent.zoo.trained import trained

log = structlog.get_logger()

REMEMBER_S = 600.0
"""What the rules have learned is written this often, and at the end."""
STALE_S = 1.0
"""A picture that waited longer for its turn is not looked at: where there is too much to do, the time is better spent
on one that shows what is so now."""
LOST_AFTER_S = 10.0
"""A camera without pictures for so long is lost: its episodes end. Shorter gaps are ridden out."""
BUSY_LOST_S = 300.0
"""While the machine has no time and the stream is heard, no picture says nothing of the camera, for so long."""
PICTURES_LOST = 2
"""So many have to be missing, too: of a camera that rests, or where there is too much to do, fewer are asked for."""


def live_id(t: float, _salt: str) -> str:
    return uuid7(max(0, int(t * 1000)), os.urandom(10))


@dataclass(slots=True)
class Tally:
    """Since the last health report."""

    since: float
    analysed: int = 0
    detected: int = 0
    latency_s: float = 0.0


class LiveCamera:
    """`step` and `finish` are for one thread at a time; the rest is for any. notify: called, from any thread, when
    `step` has something to do."""

    def __init__(
        self,
        spec: CameraSpec,
        agent: Agent,
        tracker: TrackerSpec,
        network: DetectorSpec,
        detector: Detector,
        notify: "Callable[[LiveCamera], None]",
        memory: Path | None = None,
        clips: ClipFiles | None = None,
        suspended: bool = False,
    ) -> None:
        """network: as the config has it. detector: looks at its pictures. memory: the file of what its rules have
        learned. clips: where those of its events are kept. suspended: it is not watched until `resume`."""
        self.spec = spec
        self._detector = detector
        self._notify = notify
        # Two whole pictures are kept for rules about pixels; where there are none, for nobody.
        pictures = None if all(rule.kind in ABOUT_TRACKS for rule in spec.rules) else CvPictures()
        tracks = ByteTrack(tracker)
        self._pipeline = CameraPipeline(
            spec,
            agent,
            tracks,
            live_id,
            detector.name,
            pictures=pictures,
            trained=trained(),
            planner=crop_planner_of(spec, tracks, network, tracker),
            strong=tracker.start,
        )
        self._evidence = CameraEvidence(spec.id, clips)
        self._memory = memory
        self._remembered = time.monotonic()
        self._recall()
        self._rest_s, self._glance_s = rest_s(spec.rules, spec.keyframe_s), glance_s(spec.rules, spec.glance_s)
        self._rest, self._rests = RestGate(), False
        self._allowed = self._slowest = spec.fps
        self._rate_mean = RateMean(time.monotonic(), spec.fps)
        self._lost_after_s = max(LOST_AFTER_S, spec.stall_s)
        self._loss = LossWatch(spec, agent, live_id, self._lost_after_s)
        self._last_t = 0.0
        self._source: LiveSource | None = None
        self._fresh = False
        self._tally = Tally(time.monotonic())
        self.analysed = 0
        """Pictures, in all."""
        self.begun = 0
        """Events, in all."""
        self.eager = False
        """Whether the last picture asks for more of them soon."""
        self._asked: Future[bytes] | None = None
        self._learning: Mapping[str, float] = {}
        self._seen: list[Box] = []
        self._seen_whole: list[Box] = []
        self._lock = threading.Lock()
        if not suspended:
            self.resume()

    def suspend(self) -> None:
        """Nothing is watched until `resume`: the connection is closed."""
        with self._lock:
            source, self._source = self._source, None
        if source is not None:
            source.close()

    def resume(self) -> None:
        with self._lock:
            if self._source is None:
                request = request_of(self.spec, realtime=True)
                source = LiveSource(self.spec.id, request, stall_s=self.spec.stall_s, notify=lambda: self._notify(self))
                self._source = source
                self._rest, self._rests, self.eager = RestGate(), False, False
                source.start()

    @property
    def state(self) -> CameraState:
        source = self._source
        return "suspended" if source is None else source.status().state

    @property
    def demand(self) -> Demand:
        """How often it is to be analysed."""
        source = self._source
        if source is None:
            return Demand(self.spec.fps, self.spec.min_fps, comes=0.0)
        status = source.status()
        apart = status.keyframe_s if self.spec.decode == "auto" else None
        comes, keyframes = status.fps_in, 1 / apart if apart else 0.0
        rests = self._rests and status.mode == "keyframes" and keyframes > 0
        return Demand(
            self.spec.fps,
            self.spec.min_fps,
            min(comes, keyframes) if rests else comes,
            self.eager and comes > 0,
            status.cost,
            inf if rests else ENOUGH * keyframes,
        )

    def allow(self, fps: float) -> None:
        """Pictures a second it gets of what it wants."""
        self._allowed, self._slowest = fps, min(self._slowest, fps)
        self._rate_mean.see(time.monotonic(), fps)
        self._tell_target()

    def _tell_target(self) -> None:
        if (source := self._source) is not None:
            fps, glance_s = (self._allowed, self._glance_s) if self._pending is None else (self.spec.fps, 0.0)
            source.set_target(DecodeTarget(fps, self._rest_s if self._rests else 0.0, glance_s))

    @property
    def _pending(self) -> "Future[bytes] | None":
        """The snapshot that somebody waits for."""
        asked = self._asked
        return None if asked is None or asked.done() else asked

    def ask_snapshot(self) -> "Future[bytes]":
        """A JPEG of the next picture, people unrecognisable; it comes as soon as if there were time for all."""
        with self._lock:
            asked = self._asked = self._pending or Future()
        self._tell_target()
        return asked

    def step(self, clock: Clock, evidence: EvidenceSection) -> list[Output] | None:
        """What the latest picture gave, or None where there is none. A camera that was lost gives the ends of its
        episodes, once."""
        source = self._source
        frame = source.latest(STALE_S) if source is not None else None
        if frame is None:
            return self._lost(source, clock)
        back = self._loss.back(frame.t, clock)
        self._last_t, self._slowest = frame.t, self._allowed
        asked = self._pending
        decision = self._pipeline.wants_detection(frame, patience(self._allowed, self.spec.fps))
        wanted = decision.detect or asked is not None
        # A picture for people shows everybody who has to be made unrecognisable.
        sheets = self._pipeline.sheets(frame) if wanted and asked is None else None
        looks = look(self._detector, frame.image, sheets, self._pipeline.features) if wanted else ()
        seen = self._pipeline.placed(sheets, looks) if wanted else None
        step = self._pipeline.step(frame, None if seen is None else seen.found, clock)
        followed = self._pipeline.follows(step.tracks)
        self._rests, self.eager = self._rest.step(frame.t, decision, followed), eager(decision, followed)
        self._fresh = True
        self._count(frame, step, wanted)
        if seen is not None:
            if sheets is not None and step.snapshots and evidence.blurs:
                seen, sheets = Seen(self._detector.detect([frame.image], features=False)[0], seen.doubtful), None
            self._look_at(seen, sheets is None, frame)
        people = [*(track.box for track in step.tracks if track.cls == PERSON), *self._seen]
        if asked is not None:
            self._answer(asked, self._evidence.picture(frame, people, evidence))
        self._tell_target()
        outputs = self._evidence.outputs(frame, step, people, evidence)
        self._evidence.record(frame, step, people if wanted else None, evidence)
        if time.monotonic() - self._remembered >= REMEMBER_S:
            self._remember()
        return outputs if back is None else [Output(back, {}), *outputs]

    def _count(self, frame: Frame, step: Step, detected: bool) -> None:
        self.analysed += 1
        self.begun += len(step.snapshots)
        self._tally.analysed += 1
        self._tally.detected += detected
        self._tally.latency_s += max(0.0, time.time() - frame.t)
        self._learning = step.learning

    def _answer(self, asked: "Future[bytes]", picture: bytes | None) -> None:
        if picture is None:
            asked.set_exception(CommandRefused("edge.command.picture_failed", camera=self.spec.id))
        else:
            asked.set_result(picture)

    def _look_at(self, seen: Seen, whole: bool, frame: Frame) -> None:
        """Where anybody may be. Outside of the parts that were looked at nobody has moved since the whole was."""
        here = [*_seen(seen.found, frame), *_seen(seen.doubtful, frame)]
        if whole:
            self._seen_whole = here
        self._seen = here if whole else [*here, *self._seen_whole]

    def finish(self, clock: Clock) -> list[Output]:
        """The ends of what was running; the camera is not watched any more."""
        self.suspend()
        self._remember()
        self._evidence.cut(time.time(), over=True)
        back = self._loss.back(time.time(), clock)
        events = (*self._pipeline.lost(time.time(), clock), *((back,) if back is not None else ()))
        return [Output(event, {}) for event in events]

    def recording(self, event: str) -> bool:
        """Whether the clip of this event is not complete yet."""
        return self._evidence.recording(event)

    def _recall(self) -> None:
        """Takes up what was learned before; what cannot be used is told, and learned anew."""
        if self._memory is None:
            return
        try:
            refused = self._pipeline.recall(memory_npz.load(self._memory))
        except (OSError, ValueError) as error:
            log.warning("memory_unreadable", camera=self.spec.id, reason=str(error))
            return
        if refused:
            log.warning("memory_refused", camera=self.spec.id, rules=refused)

    def _remember(self) -> None:
        self._remembered = time.monotonic()
        if self._memory is None:
            return
        try:
            memory_npz.save(self._memory, self._pipeline.memory())
        except OSError as error:
            log.warning("memory_not_saved", camera=self.spec.id, reason=str(error))

    def health(self, *, mute: bool = False) -> CameraHealth:
        """Since the last call. mute: what it tells cannot be kept, and so is not sent."""
        source, now = self._source, time.monotonic()
        tally, self._tally = self._tally, Tally(now)
        known = {"camera": self.spec.id, "name": self.spec.name[:200], "location": self.spec.location}
        if source is None:
            told = sentence("camera.suspended")
            return CameraHealth(**known, state="suspended", reason=english(told), why=told)  # type: ignore[arg-type]
        status = source.status()
        span = max(now - tally.since, 0.001)
        self._rate_mean.see(now, self._allowed)
        idle = status.state == "online" and tally.analysed > 0 and tally.detected == 0
        why = self._why(status, idle, mute)
        return CameraHealth(
            **known,  # type: ignore[arg-type]
            state="idle" if idle else status.state,
            fps_in=round(status.fps_in, 2),
            fps_analysed=round(tally.analysed / span, 2),
            dropped=status.dropped,
            latency_ms=round(tally.latency_s / tally.analysed * 1000, 1) if tally.analysed else 0.0,
            last_frame_age_s=None if status.last_frame_age_s is None else round(status.last_frame_age_s, 2),
            reason=english(why)[:LONGEST],
            why=why,
            fps_wanted=self.spec.fps,
            fps_allowed=round(self._allowed, 2),
            decode=status.mode,
            skipped=status.skipped,
            keyframe_s=None if status.keyframe_s is None else round(status.keyframe_s, 2),
            decoding_behind=status.behind,
        )

    def _why(self, status: SourceStatus, idle: bool, mute: bool) -> Sentence | None:
        if status.why is not None:
            return status.why
        if mute:
            return sentence("camera.disk")
        if status.state == "online" and too_rare(self._rate_mean.mean, self.spec.fps):
            rules = ", ".join(rule.id for rule in self.spec.rules) or "its rules"
            return sentence("camera.rarely", rate=round(self._rate_mean.mean, 1), rules=rules)
        if status.state == "online" and (learning := self._learning):
            # In tenths, so that it is said anew only now and then.
            percent = 10 * int(10 * min(learning.values()))
            return sentence("camera.learning", rules=", ".join(learning), percent=percent)
        return sentence("camera.still") if idle else None

    def _lost(self, source: LiveSource | None, clock: Clock) -> list[Output] | None:
        """The ends of what was running, once, when nobody watches or no picture came for long; the latter is an event
        of its own."""
        if not self._fresh:
            return None
        watched = source is not None and not source.over
        status = source.status() if source is not None else None
        age = status.last_frame_age_s if status is not None else None
        # One that was asked for at a lower rate than that of now is still on its way.
        slowest = max(min(self._slowest, self._allowed), 0.01)
        apart_s = max(1 / slowest, self._rests * max(self._rest_s, self._glance_s))
        busy = status is not None and status.state == "online" and too_rare(self._rate_mean.mean, self.spec.fps)
        after_s = max(self._lost_after_s, PICTURES_LOST * apart_s, BUSY_LOST_S * busy)
        if watched and (age is None or age < after_s):
            return None
        self._fresh = False
        now = time.time()
        self._evidence.cut(now, over=True)
        events = list(self._pipeline.lost(now, clock))
        if watched:
            log.warning("camera_lost", camera=self.spec.id, silent_s=round(now - self._last_t, 1))
            begin = self._loss.lost(self._last_t, now, clock)
            events += [] if begin is None else [begin]
        return [Output(event, {}) for event in events]


def _seen(detections: Detections, frame: Frame) -> list[Box]:
    """Where anybody may be, however weak the detection, in unit coordinates."""
    people = [detections.classes[label] == PERSON for label in detections.labels]
    boxes = detections.boxes[np.array(people, bool)] / np.array([frame.width, frame.height] * 2, np.float32)
    return [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in boxes]
