"""ByteTrack (Zhang et al. 2022, arXiv:2110.06864) from the `trackers` package, one instance a camera."""

from dataclasses import dataclass, field

import numpy as np
import supervision
from numpy.typing import NDArray
from trackers.core.bytetrack.tracker import ByteTrackTracker

from contract.errors import ConfigError
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.types import Detections, Track, TrackId

GROUPS: dict[str, str] = {
    **dict.fromkeys(("car", "bus", "truck", "train"), "vehicle"),
    **dict.fromkeys(("bicycle", "motorcycle"), "cycle"),
    **dict.fromkeys(("backpack", "handbag", "suitcase"), "bag"),
}
"""Classes that a detector confuses with each other share a tracker, so that a flip does not end the track. A rider and
the motorcycle do not: their boxes overlap and would steal each other's track."""

REFERENCE_SIDE = 640.0
"""The library's noise model is in pixels; boxes are scaled to a longer side of this many, so that the resolution of a
camera does not change how its objects are followed."""

LIBRARY_RATE = 30.0
"""Frames per second in which the library counts its buffer, whatever the real rate."""

MIN_STEP_S = 1e-6


@dataclass(slots=True)
class _Known:
    """What is remembered of one track. votes: the sum of the scores with which it has shown each class."""

    id: TrackId
    votes: dict[str, float] = field(default_factory=dict)

    def vote(self, name: str, score: float) -> str:
        """The class this track has shown with the most score so far; among equals the one shown first."""
        self.votes[name] = self.votes.get(name, 0.0) + score
        return max(self.votes, key=self.votes.__getitem__)


class ByteTrack:
    """A Tracker port. Ids count from 1 within the instance and are never used again by it.

    A frame whose time does not go on (a clock set back) is followed without prediction.
    """

    def __init__(self, spec: TrackerSpec, fps: float) -> None:
        """fps: how many frames a second will come; the real gaps are taken from their times. Raises ConfigError."""
        _check(spec, fps)
        self._spec = spec
        self._fps = fps
        self._last: float | None = None
        self._groups: dict[str, ByteTrackTracker] = {}
        self._known: dict[tuple[str, int], _Known] = {}
        self._count = 0

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        t = t if self._last is None else max(t, self._last + MIN_STEP_S)
        self._last = t
        names = [detections.classes[label] for label in detections.labels]
        groups = np.array([GROUPS.get(name, name) for name in names], dtype=object)
        for group in sorted(set(groups) - set(self._groups)):
            self._groups[group] = self._library_tracker()
        unit = detections.boxes / np.array([width, height, width, height], np.float32)
        tracks: list[Track] = []
        for group, tracker in self._groups.items():
            members = np.flatnonzero((groups == group) & (detections.scores >= self._spec.floor))
            for index, number in self._step(tracker, detections, members, REFERENCE_SIDE / max(width, height), t):
                known = self._identify(group, number)
                score = float(detections.scores[index])
                x1, y1, x2, y2 = (float(value) for value in unit[index])
                tracks.append(Track(known.id, known.vote(names[index], score), (x1, y1, x2, y2), score))
        self._forget()
        return tuple(sorted(tracks, key=lambda track: track.id))

    def _step(
        self, tracker: ByteTrackTracker, detections: Detections, members: NDArray[np.intp], scale: float, t: float
    ) -> list[tuple[int, int]]:
        """Index of each detection that a confirmed track has taken, with the library's number for the track."""
        given = supervision.Detections(
            xyxy=detections.boxes[members] * np.float32(scale),
            confidence=detections.scores[members],
            data={"index": members},
        )
        result = tracker.update(given, timestamp=t)
        if not len(result):
            return []
        numbers = result.tracker_id
        return [(int(i), int(n)) for i, n in zip(result.data["index"], numbers, strict=True) if n >= 0]

    def _library_tracker(self) -> ByteTrackTracker:
        spec = self._spec
        return ByteTrackTracker(
            lost_track_buffer=round(spec.lost_s * LIBRARY_RATE),
            frame_rate=self._fps,
            track_activation_threshold=spec.start,
            minimum_consecutive_frames=spec.confirm,
            minimum_iou_threshold=spec.min_iou,
            high_conf_det_threshold=spec.start,
        )

    def _identify(self, group: str, number: int) -> _Known:
        """Our own numbering: the library's is per group here, and has been shared by a whole process before."""
        known = self._known.get((group, number))
        if known is None:
            self._count += 1
            known = self._known[group, number] = _Known(TrackId(self._count))
        return known

    def _forget(self) -> None:
        """Drops what is remembered of tracks that the library has given up; it never uses their numbers again."""
        alive = {(group, tracklet.tracker_id) for group, tracker in self._groups.items() for tracklet in tracker.tracks}
        for key in [key for key in self._known if key not in alive]:
            del self._known[key]


def _check(spec: TrackerSpec, fps: float) -> None:
    """Raises ConfigError, naming key, value and what is allowed."""
    faults = (
        ("start", spec.start, 0 <= spec.start < 1, "0..1"),
        ("floor", spec.floor, 0 <= spec.floor < 1, "0..1"),
        ("confirm", spec.confirm, spec.confirm >= 1, "1.."),
        ("lost_s", spec.lost_s, 0 <= spec.lost_s <= 3600, "0..3600"),
        ("min_iou", spec.min_iou, 0 < spec.min_iou < 1, "0..1"),
        ("fps", fps, 0 < fps <= 1000, "0..1000"),
    )
    for key, value, fine, allowed in faults:
        if not fine:
            raise ConfigError("tracker.bad_value", key=key, value=value, allowed=allowed)
