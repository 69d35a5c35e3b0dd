"""A live camera that is kept open: restarted when its child dies, its stream breaks or falls silent.

One thread of its own talks to the child and keeps the latest picture only; the consumer takes it when it has time.
States follow CameraState of the health message; `status()` tells them with a reason.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

import structlog

from contract.errors import words
from contract.messages import CameraState
from contract.sentence import Sentence, english, sentence
from edge_agent.adapters.source_process import Child, ChildDied
from edge_agent.adapters.source_wire import Message, Request, redact, told
from edge_agent.core.backoff import Backoff
from edge_agent.core.decode_cost import UNKNOWN, DecodeCost, DecodeMeter
from edge_agent.core.decode_policy import DecodeTarget, Mode
from edge_agent.core.types import Frame

POLL_S = 0.25
"""The longest wait for the child before silence is measured."""
RATE_WINDOW_S = 5.0
"""Over which the frames a second are counted."""
REFUSED_S = 60.0
"""The least pause after a camera has refused the password."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a live source does. fps_in: frames a second received lately. dropped: pictures nobody took in time, in all.
    mode: how it is decoded. skipped: pictures that were received and not decoded, in all. keyframe_s: the longest
    keyframe interval lately. behind: whether decoding is slower than the camera. cost: of decoding."""

    state: CameraState
    why: Sentence | None
    fps_in: float
    dropped: int
    corrupt: int
    restarts: int
    last_frame_age_s: float | None
    mode: Mode | None = None
    skipped: int = 0
    keyframe_s: float | None = None
    behind: bool = False
    cost: DecodeCost = UNKNOWN

    @property
    def reason(self) -> str:
        """In English; "" where all is well."""
        return english(self.why)


class LiveSource:
    """FrameSource of a camera that is watched now. `notify` is called (from its thread) when a picture or state is new.

    `latest` and iteration are for one consumer; `status` and `close` for any thread.
    """

    def __init__(
        self,
        camera: str,
        request: Request,
        *,
        stall_s: float,
        notify: Callable[[], None] = lambda: None,
        backoff: Backoff | None = None,
        refused_s: float = REFUSED_S,
    ) -> None:
        """refused_s: how long to wait after the camera refused the password."""
        self._camera = camera
        self._request = request
        self._stall_s = stall_s
        self.notify = notify
        self._backoff = backoff or Backoff()
        self._refused_s = refused_s
        self._lock = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: Child | None = None
        self._frame: Frame | None = None
        self._state: CameraState = "starting"
        self._why: Sentence | None = None
        self._dropped = self._corrupt = self._restarts = self._base = 0
        self._seen = -1
        self._last_at: float | None = None
        self._arrivals: deque[tuple[float, int]] = deque()
        self._target = DecodeTarget(request.fps)
        self._mode: Mode | None = None
        self._keyframe_s: float | None = None
        self._behind = self._refused = False
        self._meter = DecodeMeter()
        self._skipped = self._skipped_before = 0
        self._over = False
        self._log = log.bind(camera=camera, source=redact(request.source))

    def start(self) -> None:
        """Begins to watch; `latest` has pictures from then on. Iterating starts it too."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name=f"source-{self._camera}", daemon=True)
                self._thread.start()

    def latest(self, within_s: float = inf) -> Frame | None:
        """The newest picture that was not taken yet, without waiting; one that has lain here for longer than `within_s`
        is dropped."""
        with self._lock:
            frame, self._frame = self._frame, None
            if frame is not None and self._last_at is not None and time.monotonic() - self._last_at > within_s:
                self._dropped += 1
                return None
            return frame

    def set_target(self, target: DecodeTarget) -> None:
        """How to decode from now on; any thread."""
        with self._lock:
            if target == self._target:
                return
            self._target = target
            if self._child is not None:
                self._child.tell(target)

    def status(self) -> SourceStatus:
        now = time.monotonic()
        with self._lock:
            while self._arrivals and now - self._arrivals[0][0] > RATE_WINDOW_S:
                self._arrivals.popleft()
            frames = sum(count for _, count in self._arrivals)
            age = None if self._last_at is None else max(0.0, now - self._last_at)
            span = min(RATE_WINDOW_S, max(now - self._arrivals[0][0], 1.0)) if self._arrivals else RATE_WINDOW_S
            return SourceStatus(
                self._state,
                self._why,
                frames / span,
                self._dropped,
                self._corrupt,
                self._restarts,
                age,
                self._mode,
                self._skipped,
                self._keyframe_s,
                self._behind,
                self._meter.cost,
            )

    @property
    def over(self) -> bool:
        """Whether no picture will come any more: closed, or a recording that does not loop was played to its end."""
        return self._over

    @property
    def child_pid(self) -> int | None:
        """The decoding process that runs now."""
        child = self._child
        return None if child is None else child.pid

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            if self._child is not None:
                self._child.kill()
            self._lock.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        self.start()
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._frame is not None or self._over or self._closing.is_set())
                frame, self._frame = self._frame, None
            if frame is None:
                return
            yield frame

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            before = self._seen
            ended = self._guarded()
            if self._closing.is_set() or ended:
                break
            attempt = 0 if self._seen > before else attempt + 1
            self._restarts += 1
            pause = self._backoff.delay(attempt, random.random())
            if self._refused:
                # Cameras lock an account after a few wrong passwords.
                pause, self._refused = max(pause, self._refused_s), False
            self._log.warning("source_retry", state=self._state, reason=english(self._why), pause_s=round(pause, 2))
            self._closing.wait(pause)
        with self._lock:
            self._over = True
            self._lock.notify_all()
        self.notify()

    def _guarded(self) -> bool:
        """A life of a child; where none can be started (no memory, no handles), that is one more reason to retry, as is
        whatever else goes wrong: a camera whose thread is gone would be silent for good."""
        try:
            return self._watch()
        except OSError as error:
            self._set("reconnecting", sentence("camera.decoder_start", detail=words(error)))
        except Exception as error:
            log.exception("source_failed", camera=self._camera)
            self._set("reconnecting", sentence("camera.unforeseen", detail=type(error).__name__))
        return False

    def _watch(self) -> bool:
        """One life of a child. True when a finite source was played to its end."""
        child = Child(self._request)
        with self._lock:
            self._child = child
            self._base = self._seen + 1
            self._skipped_before = self._skipped
            self._meter.anew()
            if self._target != DecodeTarget(self._request.fps):
                child.tell(self._target)
        try:
            return self._listen(child)
        except ChildDied as died:
            if not self._closing.is_set():
                lines = died.stderr.splitlines()
                detail = redact(f"{died.how} {lines[-1] if lines else ''}".strip())
                self._set("reconnecting", sentence("camera.decoder_died", detail=detail))
            return False
        finally:
            with self._lock:
                self._child = None
            child.close()

    def _listen(self, child: Child) -> bool:
        heard = time.monotonic()
        while not self._closing.is_set():
            message = child.next(min(POLL_S, self._stall_s))
            now = time.monotonic()
            if message is None:
                if now - heard > self._allowed_silence():
                    self._set("stalled", sentence("camera.no_picture", silent_s=round(now - heard, 1)))
                    return False
                continue
            heard = now
            match message["type"]:
                case "frame":
                    self._take(child, message, now)
                case "alive":
                    self._count(message, now)
                case "error":
                    opening = message["stage"] == "open"
                    finite = "://" not in self._request.source and not self._request.source.startswith(
                        ("/dev/", "webcam:")
                    )
                    self._refused = message.get("refused", False)
                    failed = self._refused or (opening and finite)
                    self._set("failed" if failed else "reconnecting", told(message))
                    return False
                case "end":
                    return self._ended()
        return False

    def _allowed_silence(self) -> float:
        """A child that has yet to start and connect gets the time of both, since its own time-out tells more."""
        return self._stall_s if self._seen >= self._base else 2 * self._stall_s + 5.0

    def _ended(self) -> bool:
        network = "://" in self._request.source
        if network:
            self._set("reconnecting", sentence("camera.stream_ended"))
        else:
            self._set("idle", sentence("camera.recording_over"))
        return not network

    def _take(self, child: Child, message: Message, now: float) -> None:
        image, luma = child.picture(message)
        frame = Frame(image=image, luma=luma, index=self._base + message["index"], t=message["t"])
        self._count(message, now)
        with self._lock:
            self._dropped += self._frame is not None
            self._frame = frame
            self._last_at = now
            self._lock.notify_all()
        self._set("online", None)
        self.notify()

    def _count(self, message: Message, now: float) -> None:
        with self._lock:
            index = self._base + message["index"]
            self._arrivals.append((now, index - self._seen))
            self._seen = index
            self._corrupt = max(self._corrupt, message["corrupt"])
            self._mode, self._behind, self._keyframe_s = message["mode"], message["behind"], message["keyframe_s"]
            self._skipped = self._skipped_before + message["skipped"]
            delivered = message["type"] == "frame"
            self._meter.see(now, message["cpu"], message["mode"], delivered, message["spared"])

    def _set(self, state: CameraState, why: Sentence | None) -> None:
        with self._lock:
            changed = state != self._state
            self._state, self._why = state, why
        if changed:
            self._log.info("source_state", state=state, reason=english(why))
            self.notify()
