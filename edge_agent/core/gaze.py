"""Where one camera's picture is looked at: whole, or only where somebody is followed or something moves.

Everybody who is followed lies in a piece of each look, whether he moves or not; whoever comes moves. The whole picture
is looked at on a slow rhythm all the same, and whenever the gate opens for another reason than motion.

That is also a second opinion. A piece shows small things larger, and some sign or bush then looks like somebody for
ever, since only what is looked at can be followed: who stays where he is and is not in the whole picture, not even
faintly, gets no piece any more.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crops import NOWHERE, Boxes, Seen, Sheets, alike, back, grown, sheets
from edge_agent.core.motion import Decision
from edge_agent.core.regions import labelled
from edge_agent.core.rest import PATIENT
from edge_agent.core.rules.cells import spread
from edge_agent.core.spec import CameraSpec, DetectorSpec, TrackerSpec
from edge_agent.core.timing import reached
from edge_agent.core.types import Detections

WHOLE_S = 3.0
"""While something moves, the whole picture is looked at this often."""
LEAST = 3
"""Pixels of the tiny luma that make a region of motion; fewer are noise."""


class Gaze:
    """side: longer side at which the network sees a whole picture, pixels. strong: score that begins a track. expected:
    where whoever is followed should be at a time, (n, 4) unit coordinates. whole_s: rhythm of the whole picture."""

    def __init__(self, side: int, strong: float, expected: Callable[[float], Boxes], whole_s: float = WHOLE_S) -> None:
        self._expected = expected
        self._side = side
        self._strong = strong
        self._whole_s = whole_s
        self._whole_t = float("-inf")
        self._cut = NOWHERE
        self._awaited: Boxes | None = None
        """Who was followed where, when the whole picture was asked for."""
        self._missed = NOWHERE
        """Who was not in it, the last time..."""
        self._ghosts = NOWHERE
        """... and nor the time before, at the same place."""

    def plan(self, decision: Decision, frame: tuple[int, int], t: float, moved_s: float) -> Sheets | None:
        """How to look at a frame of this (width, height) that the gate wants to have looked at; None: at the whole.
        moved_s: `t` on the clock of those who are followed."""
        due = t < self._whole_t or reached(t - self._whole_t, self._whole_s)
        on, scale = None, np.array([*frame, *frame], np.float64)
        expected = self._expected(moved_s) * scale
        if not due and decision.reason in ("motion", "hold") and decision.moved is not None:
            known = expected[~_among(expected, self._ghosts)]
            moving = _moving(_elsewhere(decision.moved, grown(known) / scale), frame)
            on = sheets(known, np.concatenate((moving, self._cut)), frame, self._side)
        self._cut = NOWHERE
        if on is None:
            self._whole_t, self._awaited = t, expected
        return on

    def take_whole(self, found: Detections) -> None:
        """What was found in the whole frame."""
        if self._awaited is None:
            return
        missed, self._awaited = self._awaited[~_among(self._awaited, found.boxes.astype(np.float64))], None
        self._ghosts, self._missed = missed[_among(missed, self._missed)], missed

    def take(self, on: Sheets, looks: Sequence[Detections]) -> Seen:
        """What was found on each sheet, as it lies in the frame."""
        seen = back(on, looks, self._strong)
        self._cut = seen.cut
        return seen


def gaze_of(
    camera: CameraSpec, tracks: ByteTrack, detector: DetectorSpec, tracker: TrackerSpec, whole_s: float = WHOLE_S
) -> Gaze | None:
    """None where the camera is always looked at whole: rules about pixels want the network's map of the whole picture,
    or whatever else it shows."""
    if camera.crops == "off" or any(rule.kind not in PATIENT for rule in camera.rules):
        return None
    return Gaze(detector.imgsz, tracker.start, tracks.expected, whole_s)


def _among(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of the boxes are where one of the others is."""
    if not len(others):
        return np.zeros(len(boxes), np.bool_)
    return np.asarray(alike(boxes, others).any(axis=1))


def _elsewhere(moved: NDArray[np.bool_], followed: Boxes) -> NDArray[np.bool_]:
    """Motion outside of the boxes (unit coordinates), which are looked at anyway."""
    left = moved.copy()
    height, width = left.shape
    low = np.floor(followed[:, :2] * (width, height)).astype(int)
    high = np.ceil(followed[:, 2:] * (width, height)).astype(int)
    for (x1, y1), (x2, y2) in zip(np.maximum(low, 0).tolist(), np.maximum(high, 0).tolist(), strict=True):
        left[y1:y2, x1:x2] = False
    return left


def _moving(moved: NDArray[np.bool_], frame: tuple[int, int]) -> Boxes:
    """Boxes of the regions of motion in pixels of the frame, a pixel of the luma wider than they are."""
    if not moved.any():
        return NOWHERE
    height, width = moved.shape
    labels, regions = labelled(spread(moved))
    sizes = np.bincount(labels[moved], minlength=len(regions) + 1).tolist()
    sides = [(one.left, one.top, one.right, one.bottom) for one in regions if sizes[one.label] >= LEAST]
    boxes = np.array(sides, np.float64).reshape(-1, 4)
    scaled: Boxes = boxes * np.array([frame[0] / width, frame[1] / height] * 2)
    return scaled
