"""Clips of events on this host's disk, until somebody asks for one or their time is over: MP4, one file an event.

A thread of its own codes them: no camera waits for that. What cannot be written is told in the log and is missing.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import structlog

from edge_agent.adapters.overlay_av import PART, VideoWriter
from edge_agent.core.clip_buffer import ClipPicture
from edge_agent.core.errors import OutputError

log = structlog.get_logger()
T = TypeVar("T")

MOST_WAITING = 32
"""Clips that wait to be coded; what comes on top is left out, with a warning."""
RATE = 5.0
"""About how many pictures a second there are; their own times decide."""


class ClipFiles:
    """Any thread. clock: seconds since the epoch, for the files' age."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder, clock
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="clips")
        self._room = threading.Semaphore(MOST_WAITING)

    def save(self, event: str, shots: Sequence[ClipPicture]) -> None:
        """Codes and writes the clip later, in the order of the calls. Without a picture there is none."""
        if not shots:
            return
        if self._room.acquire(blocking=False):
            self._owner.submit(self._save, event, tuple(shots))
        else:
            log.warning("clip_left_out", event_id=event, waiting=MOST_WAITING)

    def later(self, work: Callable[[], T]) -> Future[T]:
        """Does something in the clips' thread, when all that waits has been written."""
        return self._owner.submit(work)

    def read(self, event: str) -> bytes | None:
        """The MP4 of this event, where there is one; a file appears whole, once it is coded."""
        try:
            return self._path(event).read_bytes()
        except FileNotFoundError:
            return None

    def prune(self, keep_s: float, most_bytes: int) -> None:
        """Deletes what is older than `keep_s`, the oldest of what is more than `most_bytes` together, and what a power
        cut left half written; later, in the order of the calls."""
        self._owner.submit(self._prune, keep_s, most_bytes)

    def close(self) -> None:
        """Writes what waits."""
        self._owner.shutdown()

    def _path(self, event: str) -> Path:
        return self._folder / f"{event}.mp4"

    def _save(self, event: str, shots: Sequence[ClipPicture]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with VideoWriter(self._path(event), RATE) as video:
                for shot in shots:
                    picture = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR)
                    video.write(np.asarray(picture, np.uint8), shot.t)
        except (OutputError, OSError) as error:
            log.warning("clip_not_saved", event_id=event, reason=str(error))
        except Exception:
            log.exception("clip_failed", event_id=event)
        finally:
            self._room.release()

    def _prune(self, keep_s: float, most_bytes: int) -> None:
        try:
            self._delete(keep_s, most_bytes)
        except OSError as error:
            log.warning("clips_not_pruned", reason=str(error))

    def _delete(self, keep_s: float, most_bytes: int) -> None:
        for part in self._folder.glob("*" + PART):  # in the thread that writes them, so that none is being written now
            part.unlink(missing_ok=True)
        files = []
        for path in self._folder.glob("*.mp4"):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                files.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in files)
        for written, size, path in sorted(files):
            if total > most_bytes or written <= self._clock() - keep_s:
                path.unlink(missing_ok=True)
                total -= size
