"""ByteTrack (Zhang et al. 2022, arXiv:2110.06864) over arrays: all tracks of a camera move and are matched at once.

Detections with a score from `start` are matched first, with every track; weaker ones then continue tracks that are left
over. Both by the overlap with the predicted box, in total as great as can be. What is strong and left over begins a
track, which is reported once it was matched in enough frames in a row, and kept for a while when it is no longer seen.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.errors import ConfigError
from edge_agent.core import box_filter
from edge_agent.core.assignment import heaviest
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.timing import exceeded
from edge_agent.core.types import Detections, Track, TrackId

GROUPS: dict[str, str] = {
    **dict.fromkeys(("car", "bus", "truck", "train"), "vehicle"),
    **dict.fromkeys(("bicycle", "motorcycle"), "cycle"),
    **dict.fromkeys(("backpack", "handbag", "suitcase"), "bag"),
}
"""Classes that a detector confuses with each other are matched with each other, so that a flip does not end the track.
A rider and the motorcycle are not: their boxes overlap and would steal each other's track."""

REFERENCE_SIDE = 640.0
"""The noise model is in pixels; boxes are scaled to a longer side of this many, so that the resolution of a camera
does not change how its objects are followed."""

MIN_STEP_S = 1e-6
SEEN, HITS, ID, GROUP = range(4)
"""Rows of what is known of each track beside its filter: when it was last seen, in how many frames in a row it was
matched before it was confirmed, its id (0 until then) and the number of its group."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Tracks and detections of one group whose boxes overlap: indices of both, and their intersection over union."""

    rows: Indices
    columns: Indices
    overlap: Floats

    def only(self, which: NDArray[np.bool_]) -> "_Pairs":
        return _Pairs(self.rows[which], self.columns[which], self.overlap[which])


@dataclass(slots=True)
class _Class:
    """What a track has shown itself to be. votes: the sum of the scores with which it has shown each class."""

    name: str
    votes: dict[str, float] = field(default_factory=dict)

    def vote(self, name: str, score: float) -> str:
        """The class with most of the votes so far; the one it was, while none has more."""
        total = self.votes[name] = self.votes.get(name, 0.0) + score
        if name != self.name and total > self.votes[self.name]:
            self.name = name
        return self.name


class ByteTrack:
    """A Tracker port. Ids count from 1 within the instance and are never used again by it.

    A frame whose time does not go on (a clock set back) is followed without prediction. Tracks are in the order in
    which they began, which is also that of their ids.
    """

    def __init__(self, spec: TrackerSpec, fps: float) -> None:
        """fps: how many frames a second will come; the real gaps are taken from their times. Raises ConfigError."""
        _check(spec, fps)
        self._spec = spec
        self._fps = fps
        self._last: float | None = None
        self._filters = box_filter.begin(np.empty((4, 0)))
        self._about: Floats = np.empty((4, 0))
        self._classes: dict[int, _Class] = {}
        self._count = 0
        self._groups: dict[str, int] = {}
        self._labels: tuple[tuple[str, ...], Floats] = ((), np.empty(0))

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        if self._last is not None:
            t = max(t, self._last + MIN_STEP_S)
            self._move_on(t, t - self._last)
        self._last = t
        usable = np.flatnonzero(detections.scores >= self._spec.floor)
        boxes = (detections.boxes[usable] * np.float32(REFERENCE_SIDE / max(width, height))).T.astype(np.float64, "C")
        groups = self._groups_of(detections)[usable]
        strong = detections.scores[usable] >= self._spec.start
        rows, columns = self._matches(boxes, groups, strong)
        self._saw(rows, boxes[:, columns], t)
        tracks = self._report(rows, usable[columns], detections, width, height)
        self._begin(boxes, groups, strong, columns, t)
        return tracks

    def _move_on(self, t: float, elapsed: float) -> None:
        """Forgets who has not been seen for too long, and predicts where the others are at `t`."""
        lost = self._spec.lost_s
        seen = self._about[SEEN]
        if len(seen) and exceeded(t - float(seen.min()), lost):
            self._keep(np.array([not exceeded(t - when, lost) for when in seen.tolist()]))
        box_filter.predict(self._filters, elapsed, self._fps)

    def _matches(self, boxes: Floats, groups: Floats, strong: NDArray[np.bool_]) -> tuple[Indices, Indices]:
        """Indices of tracks, rising, and of the detections that continue them."""
        pairs = _overlapping(self._filters[box_filter.BOX], self._about[GROUP], boxes, groups)
        first = strong[pairs.columns]
        rows, columns = self._assign(pairs.only(first))
        weak = pairs.only(~first)
        if len(weak.rows):
            left = np.ones(self._filters.shape[1], np.bool_)
            left[rows] = False
            more_rows, more_columns = self._assign(weak.only(left[weak.rows]))
            rows, columns = np.concatenate((rows, more_rows)), np.concatenate((columns, more_columns))
        order = np.argsort(rows)
        return rows[order], columns[order]

    def _assign(self, pairs: _Pairs) -> tuple[Indices, Indices]:
        """The matching with the greatest total overlap, without those that overlap too little (as SORT does it)."""
        enough = pairs.overlap >= self._spec.min_iou
        alone = (np.bincount(pairs.rows)[pairs.rows] == 1) & (np.bincount(pairs.columns)[pairs.columns] == 1)
        if not alone.all():
            contested = np.flatnonzero(~alone)
            rows, columns = pairs.rows[contested].tolist(), pairs.columns[contested].tolist()
            taken = heaviest(zip(rows, columns, pairs.overlap[contested].tolist(), strict=True))
            alone[contested] = [taken.get(row) == column for row, column in zip(rows, columns, strict=True)]
        matched = np.flatnonzero(alone & enough)
        return pairs.rows[matched], pairs.columns[matched]

    def _saw(self, rows: Indices, boxes: Floats, t: float) -> None:
        """The tracks `rows` were found at `boxes` (4, k); of the others, those not yet confirmed are forgotten."""
        self._filters[:, rows] = box_filter.correct(self._filters[:, rows], boxes)
        about = self._about
        about[SEEN, rows] = t
        about[HITS, rows] += 1
        ready = np.flatnonzero((about[ID] == 0) & (about[HITS] >= max(self._spec.confirm, 2)))
        about[ID, ready] = np.arange(self._count + 1, self._count + 1 + len(ready))
        self._count += len(ready)

    def _report(
        self, rows: Indices, taken: Indices, detections: Detections, width: int, height: int
    ) -> tuple[Track, ...]:
        """The confirmed ones of the tracks `rows`, seen as the detections `taken`."""
        ids = self._about[ID, rows]
        confirmed = np.flatnonzero(ids)
        taken = taken[confirmed]
        boxes = (detections.boxes[taken] / np.array([width, height, width, height], np.float32)).tolist()
        scores, labels = detections.scores[taken].tolist(), detections.labels[taken].tolist()
        tracks = []
        for number, box, score, label in zip(ids[confirmed].tolist(), boxes, scores, labels, strict=True):
            name, id_ = detections.classes[label], TrackId(int(number))
            known = self._classes.get(id_)
            if known is None:
                known = self._classes[id_] = _Class(name)
            tracks.append(Track(id_, known.vote(name, score), tuple(box), score))
        return tuple(tracks)

    def _begin(self, boxes: Floats, groups: Floats, strong: NDArray[np.bool_], taken: Indices, t: float) -> None:
        """Ends the unconfirmed tracks that were not seen at `t`; a track for each strong detection that none took."""
        stay = (self._about[ID] > 0) | (self._about[SEEN] == t)
        if not stay.all():
            self._keep(stay)
        fresh = strong.copy()
        fresh[taken] = False
        new = np.flatnonzero(fresh)
        if len(new):
            about = np.zeros((4, len(new)))
            about[SEEN], about[HITS], about[GROUP] = t, 1, groups[new]
            self._filters = np.concatenate((self._filters, box_filter.begin(boxes[:, new])), axis=1)
            self._about = np.concatenate((self._about, about), axis=1)

    def _keep(self, stay: NDArray[np.bool_]) -> None:
        for gone in self._about[ID, ~stay].tolist():
            self._classes.pop(int(gone), None)
        self._filters = self._filters[:, stay]
        self._about = self._about[:, stay]

    def _groups_of(self, detections: Detections) -> Floats:
        """The number of each detection's group."""
        classes, groups = self._labels
        if classes != detections.classes:
            names = [GROUPS.get(name, name) for name in detections.classes]
            groups = np.array([self._groups.setdefault(name, len(self._groups)) for name in names], np.float64)
            self._labels = detections.classes, groups
        return groups[detections.labels]


def _overlapping(tracks: Floats, track_groups: Floats, boxes: Floats, groups: Floats) -> _Pairs:
    """Pairs of `tracks` (4, n) and `boxes` (4, m) of the same group that share some area."""
    shared = np.minimum(tracks[2:, :, None], boxes[2:, None, :])
    shared -= np.maximum(tracks[:2, :, None], boxes[:2, None, :])
    flat = np.flatnonzero(np.minimum(shared[0], shared[1]) > 0)
    rows, columns = np.divmod(flat, max(boxes.shape[1], 1))
    same = track_groups[rows] == groups[columns]
    if not same.all():
        flat, rows, columns = flat[same], rows[same], columns[same]
    both = shared[0].ravel()[flat] * shared[1].ravel()[flat]
    area = (tracks[2] - tracks[0]) * (tracks[3] - tracks[1])
    size = (boxes[2] - boxes[0]) * (boxes[3] - boxes[1])
    return _Pairs(rows, columns, both / (area[rows] + size[columns] - both))


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
