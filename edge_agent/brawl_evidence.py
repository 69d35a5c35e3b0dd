"""What the brawl rule sees of a recording, kept: the detector runs once, models are fitted and judged in seconds."""

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters import detector_head, detector_image, pictures_cv2, source_decode
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.source_av import open_source
from edge_agent.core import box_filter, byte_track, picture, quantiles, tracks
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.ports import Detector
from edge_agent.core.rules import brawl_features, brawl_flashes
from edge_agent.core.rules.base import counted
from edge_agent.core.rules.brawl import WINDOW_S, BrawlRule
from edge_agent.core.rules.brawl_features import Evidence, Floats, Looker
from edge_agent.core.rules.brawl_flashes import Flash
from edge_agent.core.spec import CameraSpec, TrackerSpec
from edge_agent.core.tracks import Figure, FigureId, TrackMemory, View
from edge_agent.core.types import PERSON, Box, Frame

FPS = 5.0
"""Pictures a second that are looked at, as of a camera by default."""
SLACK_S = 0.01
"""Times of a recording are rounded to its ticks: a picture may be so much early."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How a recording is looked at. mirrored: left and right swapped. late_s: the first pictures are skipped for so
    long, so that other pictures are analysed. longest_s: no more of it than this."""

    mirrored: bool = False
    late_s: float = 0.0
    longest_s: float = 600.0


PLAIN = Variant()
MIRRORED = Variant(mirrored=True, late_s=0.1)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """t: (steps,) seconds from the first picture. rows: (steps, windows, channels), NaN throughout at a step without
    evidence. boxes: (windows, 4). people: the boxes of the persons at each step. aspect: of the picture. flashes:
    (steps, 3), as in Evidence."""

    t: NDArray[np.float64]
    rows: Floats
    boxes: NDArray[np.float64]
    people: tuple[tuple[Box, ...], ...]
    aspect: float
    flashes: NDArray[np.float64]

    def views(self) -> Iterator[View]:
        """The same persons once more, without pixels: for a rule with a `Remembering` looker."""
        for t, people in zip(self.t, self.people, strict=True):
            yield View(float(t), tuple(_figure(box, i) for i, box in enumerate(people)), self.aspect)

    def windows(self, begin: float = float("-inf"), end: float = float("inf")) -> Floats | None:
        """(windows, channels): the mean from `begin` until before `end`; None where nothing was seen."""
        chosen = self.rows[(self.t >= begin) & (self.t < end) & ~np.isnan(self.rows).all(axis=(1, 2))]
        if not len(chosen):
            return None
        known = ~np.isnan(chosen)
        total = np.where(known, chosen, 0).sum(axis=0, dtype=np.float64)
        return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan), np.float32)

    def parts(self) -> Iterator[Floats]:
        """`windows` of each WINDOW_S of a long recording."""
        for begin in np.arange(0.0, self.t[-1] - WINDOW_S / 2, WINDOW_S):
            if (part := self.windows(begin, begin + WINDOW_S)) is not None:
                yield part


class Remembering:
    """A looker that answers what was seen."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._at = {float(t): index for index, t in enumerate(seen.t)}

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None:
        step = self._at[view.t]
        rows, flash = self._seen.rows[step], Flash(*self._seen.flashes[step].tolist())
        return None if np.isnan(rows).all() else Evidence(view.t, rows, self._seen.boxes, flash)

    def forget(self) -> None:
        """Nothing is held."""


def see(video: Path, detector: Detector, tracker: TrackerSpec, variant: Variant = PLAIN) -> Seen | None:
    """Every picture that is due, whatever the motion gate would say. None where the recording shows too little.

    Raises SourceError where it cannot be read.
    """
    camera = CameraSpec(id="camera", source=str(video), fps=0.0 if variant.late_s else FPS)
    follow, pictures, memory, looker = ByteTrack(tracker), CvPictures(), TrackMemory(), Looker()
    rule, seen, people = BrawlRule(id="brawl"), list[tuple[float, Evidence | None]](), list[tuple[Box, ...]]()
    aspect = 1.0
    with open_source(camera, realtime=False, isolate=False) as frames:
        for frame in _due(frames, variant):
            detections = detector.detect([frame.image])[0]
            aspect = frame.width / frame.height
            view = memory.look(follow.update(detections, frame.width, frame.height, frame.t), frame.t, aspect)
            view = replace(view, picture=pictures.show(frame, frame.t), features=detections.features)
            persons = counted(rule, view.figures)
            seen.append((frame.t, looker.look(view, persons)))
            people.append(tuple(figure.box for figure in persons))
    known = [evidence for _, evidence in seen if evidence is not None]
    if not known or any(one.rows.shape != known[0].rows.shape for one in known):
        return None
    nothing = np.full_like(known[0].rows, np.nan)
    rows = np.stack([nothing if evidence is None else evidence.rows for _, evidence in seen])
    flashes = np.array([Flash() if evidence is None else evidence.flash for _, evidence in seen])
    return Seen(np.array([t for t, _ in seen]), rows, known[0].boxes, tuple(people), aspect, flashes)


def _due(frames: Iterable[Frame], variant: Variant) -> Iterator[Frame]:
    due: float | None = None
    for frame in frames:
        if frame.t > variant.longest_s:
            return
        if variant.late_s:
            due = frame.t + variant.late_s if due is None else due
            if frame.t < due - SLACK_S:
                continue
            due += 1 / FPS
        yield replace(frame, image=np.ascontiguousarray(frame.image[:, ::-1])) if variant.mirrored else frame


def _figure(box: Box, number: int) -> Figure:
    foot = (box[0] + box[2]) / 2, box[3]
    return Figure(FigureId(number), PERSON, box, 1.0, foot, foot)


def kept(video: Path, folder: Path, detector: Detector, tracker: TrackerSpec, variant: Variant = PLAIN) -> Seen | None:
    """`see`, remembered in `folder` under the digest of the video's bytes, the variant, the network and the code that
    sees: what older code has seen is not what the rule sees."""
    settings = repr((variant, detector.name, tracker)).encode()
    digest = hashlib.sha256(video.read_bytes() + settings + _seeing()).hexdigest()
    file = folder / f"{digest[:32]}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        save(file, see(video, detector, tracker, variant))
    return load(file)


@cache
def _seeing() -> bytes:
    """The code between a recording and what the rule sees of it."""
    own = sys.modules[__name__]
    detected = source_decode, detector_image, detector_head
    followed = box_filter, byte_track, tracks
    looked = brawl_features, brawl_flashes
    modules = (own, *detected, *followed, pictures_cv2, picture, quantiles, *looked)
    return "".join(map(inspect.getsource, modules)).encode()


def save(file: Path, seen: Seen | None) -> None:
    if seen is None:
        np.savez_compressed(file, t=np.zeros(0))
        return
    counts = np.array([len(boxes) for boxes in seen.people])
    boxes = np.array([box for people in seen.people for box in people], np.float32).reshape(-1, 4)
    np.savez_compressed(
        file,
        t=seen.t,
        rows=seen.rows.astype(np.float16),
        boxes=seen.boxes,
        counts=counts,
        people=boxes,
        aspect=np.array(seen.aspect),
        flashes=seen.flashes,
    )


def load(file: Path) -> Seen | None:
    with np.load(file) as known:
        if not len(known["t"]):
            return None
        boxes = [tuple(map(float, box)) for box in known["people"]]
        ends = np.cumsum(known["counts"])
        people = tuple(tuple(boxes[end - count : end]) for end, count in zip(ends, known["counts"], strict=True))
        rows, aspect = known["rows"].astype(np.float32), float(known["aspect"])
        return Seen(known["t"], rows, known["boxes"], people, aspect, known["flashes"])  # type: ignore[arg-type]
