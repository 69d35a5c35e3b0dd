"""ByteTrack (Zhang et al. 2022, arXiv:2110.06864) over arrays: all tracks of a camera move and are matched at once.

Detections with a score from `start` are matched first, with every track; weaker ones then continue tracks that are left
over. Both by how well they fit the predicted box, in total as well as can be (see `_fitting`). What is strong and left
over begins a track, which is reported once it was matched in enough frames in a row, and kept for a while when it is no
longer seen. One that begins where somebody else was just found is doubted until then: two who stand close are now and
then detected as each of them and as both in one, and in the next frame as that one alone.

Boxes are in unit coordinates, so neither a picture's size nor its shape changes how its objects are followed.
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

MIN_STEP_S = 1e-6
SAME, DOUBT = 0.5, 0.25
"""What begins with an overlap of more than SAME with a box that has continued a track weighs DOUBT in the matching."""
SEEN, HITS, ID, GROUP, WEIGHT = range(5)
"""Rows of what is known of each track beside its filter: when it was last seen, in how many frames in a row it was
matched before it was confirmed, its id (0 until then), the number of its group and its weight in the matching."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Pairs = tuple[Indices, Indices, Floats, Floats]
"""Rows of tracks and columns of boxes, their overlap, and how well they fit each other, > 0."""


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

    def __init__(self, spec: TrackerSpec) -> None:
        """Raises ConfigError."""
        _check(spec)
        self._spec = spec
        self._last: float | None = None
        self._filters = box_filter.begin(np.empty((4, 0)))
        self._about: Floats = np.empty((5, 0))
        self._confirm = max(spec.confirm, 2)
        self._classes: dict[int, _Class] = {}
        self._count = 0
        self._groups: dict[str, int] = {}
        self._labels: tuple[tuple[str, ...], Indices] = ((), np.empty(0, np.intp))

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        if self._last is not None:
            t = max(t, self._last + MIN_STEP_S)
            self._move_on(t, t - self._last)
        self._last = t
        usable = (detections.scores >= self._spec.floor).nonzero()[0]
        sides = np.array(((width,), (height,), (width,), (height,)), np.float32)
        unit: NDArray[np.float32] = np.divide(detections.boxes[usable].T, sides)
        boxes = unit.astype(np.float64, "C")
        groups = self._groups_of(detections)[usable]
        strong = detections.scores[usable] >= self._spec.start
        if detections.weak is not None:
            strong &= ~detections.weak[usable]
        rows, columns = self._matches(boxes, groups, strong)
        self._saw(rows, boxes.take(columns, axis=1), strong[columns], t)
        tracks = self._report(rows, unit.take(columns, axis=1), usable[columns], detections)
        strong[columns] = False
        self._replace(boxes, groups, strong.nonzero()[0], columns, t)
        return tracks

    def expected(self, t: float) -> Floats:
        """Where whoever is followed, confirmed and seen lately or not, should be at `t`: (n, 4), unit coordinates."""
        elapsed = max(0.0, t - self._last) if self._last is not None else 0.0
        return np.ascontiguousarray(box_filter.moved(self._filters, elapsed).T)

    def _move_on(self, t: float, elapsed: float) -> None:
        """Forgets who has not been seen for too long, and predicts where the others are at `t`."""
        seen = self._about[SEEN]
        if seen.size and exceeded(t - float(seen.min()), self._spec.lost_s):
            stay = np.array([not exceeded(t - when, self._spec.lost_s) for when in seen.tolist()])
            self._forget(stay)
            self._filters, self._about = self._filters[:, stay], self._about[:, stay]
        box_filter.predict(self._filters, elapsed)

    def _matches(self, boxes: Floats, groups: Indices, strong: NDArray[np.bool_]) -> tuple[Indices, Indices]:
        """Indices of tracks, rising, and of the detections that continue them."""
        rows, columns, overlap, fit = _fitting(self._filters[box_filter.BOX], self._about[GROUP], boxes, groups)
        pairs = rows, columns, overlap, fit * self._about[WEIGHT, rows]
        first = strong[columns]
        taken = self._best(pairs, first.nonzero()[0])
        weak = (~first).nonzero()[0]
        if weak.size:
            left = np.ones(self._about.shape[1], np.bool_)
            left[rows[taken]] = False
            more = self._best(pairs, weak[left[rows[weak]]])
            if more.size:
                taken = np.sort(np.concatenate((taken, more)))
        return rows[taken], columns[taken]

    def _best(self, pairs: Pairs, among: Indices) -> Indices:
        """Of the pairs `among`: those of the matching that fits best in total, which also overlap enough (in this
        order, as SORT does it)."""
        rows, columns, overlap, fit = pairs
        chosen = among[heaviest(rows[among], columns[among], fit[among])]
        return chosen[overlap[chosen] >= self._spec.min_iou]

    def _saw(self, rows: Indices, boxes: Floats, strong: NDArray[np.bool_], t: float) -> None:
        """The tracks `rows` were found at `boxes` (4, k). Who was found often enough gets an id."""
        filters = self._filters.take(rows, axis=1)
        box_filter.correct(filters, boxes, strong)
        self._filters[:, rows] = filters
        about = self._about
        about[SEEN, rows] = t
        about[HITS, rows] += 1
        ready = ((about[HITS] >= self._confirm) & (about[ID] == 0)).nonzero()[0]
        if ready.size:
            about[ID, ready] = np.arange(self._count + 1, self._count + 1 + ready.size)
            about[WEIGHT, ready] = 1
            self._count += ready.size

    def _report(
        self, rows: Indices, unit: NDArray[np.float32], taken: Indices, detections: Detections
    ) -> tuple[Track, ...]:
        """The confirmed ones of the tracks `rows`, seen at `unit` (4, k) as the detections `taken`."""
        ids = self._about[ID, rows]
        confirmed = ids.nonzero()[0]
        taken = taken[confirmed]
        numbers, scores = ids[confirmed].astype(np.intp).tolist(), detections.scores[taken].tolist()
        boxes = zip(*unit.take(confirmed, axis=1).tolist(), strict=True)
        names = map(detections.classes.__getitem__, detections.labels[taken].tolist())
        known, tracks = self._classes, []
        for number, box, name, score in zip(numbers, boxes, names, scores, strict=True):
            shown = known.get(number)
            if shown is None:
                shown = known[number] = _Class(name)
            tracks.append(Track(TrackId(number), shown.vote(name, score), box, score))
        return tuple(tracks)

    def _replace(self, boxes: Floats, groups: Indices, new: Indices, taken: Indices, t: float) -> None:
        """Ends the unconfirmed tracks that were not seen at `t`, and begins one for each of the detections `new`.
        taken: the detections that have continued a track."""
        stay = (self._about[ID] > 0) | (self._about[SEEN] == t)
        if new.size or not stay.all():
            kept = stay.nonzero()[0]
            fresh = np.zeros((5, new.size))
            fresh[SEEN], fresh[HITS], fresh[GROUP], fresh[WEIGHT] = t, 1, groups[new], 1
            own = boxes.take(new, axis=1)
            rows, _, overlap, _ = _fitting(own, groups[new], boxes.take(taken, axis=1), groups[taken])
            fresh[WEIGHT, rows[overlap > SAME]] = DOUBT
            begun = box_filter.begin(own)
            self._filters = np.concatenate((self._filters.take(kept, axis=1), begun), axis=1)
            self._about = np.concatenate((self._about.take(kept, axis=1), fresh), axis=1)

    def _forget(self, stay: NDArray[np.bool_]) -> None:
        for number in self._about[ID, ~stay].astype(np.intp).tolist():
            self._classes.pop(number, None)

    def _groups_of(self, detections: Detections) -> Indices:
        """The number of each detection's group."""
        classes, groups = self._labels
        if classes != detections.classes:
            names = [GROUPS.get(name, name) for name in detections.classes]
            groups = np.array([self._groups.setdefault(name, len(self._groups)) for name in names], np.intp)
            self._labels = detections.classes, groups
        return groups[detections.labels]


def _fitting(tracks: Floats, its: Floats | Indices, boxes: Floats, groups: Indices) -> Pairs:
    """Of `tracks` (4, n) and `boxes` (4, m), those of the same group that share some area, in their order. its: the
    tracks' groups.

    Of who was lost while his box shrank, the prediction may be nothing any more: it shares nothing with any box.

    Overlap is intersection over union. They fit the better the more they overlap, times the square of the same measure
    of their heights alone (close to the height-modulated IoU of Yang et al. 2024, arXiv:2308.00783): a camera looks
    along the ground, so those who pass each other meet sideways, but heads and feet stay at heights of their own.
    """
    left, top, right, bottom = tracks[:, :, None]
    solid = (left < right) & (top < bottom)
    touch = solid & (left < boxes[2]) & (right > boxes[0]) & (top < boxes[3]) & (bottom > boxes[1])
    rows, columns = np.divmod(touch.ravel().nonzero()[0], max(boxes.shape[1], 1))
    same = its[rows] == groups[columns]
    if not same.all():
        rows, columns = rows[same], columns[same]
    one: Floats = np.take(tracks, rows, axis=1)
    other: Floats = np.take(boxes, columns, axis=1)
    shared: Floats = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    sizes, others = one[2:] - one[:2], other[2:] - other[:2]
    both = shared[0] * shared[1]
    overlap = both / (sizes[0] * sizes[1] + others[0] * others[1] - both)
    level = shared[1] / (sizes[1] + others[1] - shared[1])
    return rows, columns, overlap, overlap * level * level


def _check(spec: TrackerSpec) -> None:
    """Raises ConfigError, naming key, value and what is allowed."""
    faults = (
        ("start", spec.start, 0 <= spec.start < 1, ">= 0, < 1"),
        ("floor", spec.floor, 0 <= spec.floor < 1, ">= 0, < 1"),
        ("confirm", spec.confirm, spec.confirm >= 1, "1.."),
        ("lost_s", spec.lost_s, 0 <= spec.lost_s <= 3600, "0..3600"),
        ("min_iou", spec.min_iou, 0 < spec.min_iou < 1, "> 0, < 1"),
    )
    for key, value, fine, allowed in faults:
        if not fine:
            raise ConfigError("tracker.bad_value", key=key, value=value, allowed=allowed)
