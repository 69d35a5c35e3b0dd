"""How good a result is: pure functions over boxes, counts, intervals and events; no files, no clock.

Boxes are (n, 4) x1 y1 x2 y2 in any one unit; times are seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.events import Event, Subject
from edge_agent.core.overlap import areas, shared

Boxes = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts of a detection or event match; they add up over frames."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Scores") -> "Scores":
        return Scores(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of what was reported that is true; 1.0 where nothing was reported."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true that was reported; 1.0 where nothing is true."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class TruthFrame:
    """Ground truth of one frame: boxes (n, 4), ids (n,), ignored (n,) bool (these do not count)."""

    boxes: Boxes
    ids: NDArray[np.int64]
    ignored: NDArray[np.bool_]


def as_boxes(rows: ArrayLike) -> Boxes:
    """(n, 4) float64, also where there are none."""
    return np.asarray(rows, dtype=np.float64).reshape(-1, 4)


def parse_mot(lines: Iterable[str]) -> dict[int, TruthFrame]:
    """MOT15 ground truth, `frame,id,left,top,width,height,conf`, by MOT frame number (from 1).

    conf 0 marks a box to ignore (MOTChallenge 2015, arXiv:1504.01942, section 4.2); without a conf column all count.
    Raises ValueError for a line with fewer than six numbers.
    """
    rows: dict[int, list[tuple[int, tuple[float, ...], bool]]] = {}
    for line in lines:
        if not line.strip():
            continue
        values = [float(value) for value in line.split(",")]
        if len(values) < 6:
            raise ValueError(f"six numbers expected: {line!r}")
        left, top, width, height = values[2:6]
        ignored = len(values) > 6 and values[6] == 0
        box = (left, top, left + width, top + height)
        rows.setdefault(int(values[0]), []).append((int(values[1]), box, ignored))
    return {
        frame: TruthFrame(
            as_boxes([box for _, box, _ in found]),
            np.array([identity for identity, _, _ in found], np.int64),
            np.array([ignored for _, _, ignored in found], np.bool_),
        )
        for frame, found in sorted(rows.items())
    }


def between(truth: Mapping[int, TruthFrame], apart: int) -> dict[int, TruthFrame]:
    """The frames between two true ones that are at most `apart` frames from each other: who is in both is on the
    straight way, who is in one of them alone stays there and is ignored."""
    found: dict[int, TruthFrame] = {}
    for (first, one), (last, other) in pairwise(sorted(truth.items())):
        if last - first > apart:
            continue
        both, mine, its = np.intersect1d(one.ids, other.ids, return_indices=True)
        rest = [(frame, ~np.isin(frame.ids, both)) for frame in (one, other)]
        ids = np.concatenate((both, *(frame.ids[alone] for frame, alone in rest)))
        ignored = np.ones(len(ids), np.bool_)
        ignored[: len(both)] = one.ignored[mine] | other.ignored[its]
        for index in range(first + 1, last):
            way = one.boxes[mine] + (index - first) / (last - first) * (other.boxes[its] - one.boxes[mine])
            boxes = np.concatenate((way, *(frame.boxes[alone] for frame, alone in rest)))
            found[index] = TruthFrame(boxes, ids, ignored)
    return found


def iou(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of `a` (n) with each of `b` (m): (n, m); 0 where both are empty."""
    inter = shared(a, b)
    union = areas(a)[:, None] + areas(b) - inter
    shares: NDArray[np.float64] = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
    return shares


def detection_scores(truth: TruthFrame, boxes: Boxes, scores: NDArray[np.floating], threshold: float = 0.5) -> Scores:
    """One frame, matched greedily as PASCAL VOC does (Everingham et al. 2010, section 4.2).

    In falling score each box takes the free truth it overlaps most, at IoU >= `threshold`. Truth that counts is
    preferred; a box that overlaps only an ignored one is neither right nor wrong, and any number may share it.
    """
    overlap = iou(boxes, truth.boxes)
    free = ~truth.ignored
    tp = fp = 0
    for index in np.argsort(-scores, kind="stable"):
        row = np.where(free, overlap[index], -1.0)
        best = int(row.argmax()) if row.size else -1
        if best >= 0 and row[best] >= threshold:
            free[best] = False
            tp += 1
        elif not (overlap[index][truth.ignored] >= threshold).any():
            fp += 1
    return Scores(tp, fp, int(free.sum()))


def mean_absolute_error(found: Sequence[float], truth: Sequence[float]) -> float:
    """Raises ValueError where the two differ in length or are empty."""
    if not truth:
        raise ValueError("nothing to compare")
    return sum(abs(a - b) for a, b in zip(found, truth, strict=True)) / len(truth)


def relative_error(found: float, truth: float) -> float:
    """|found - truth| / truth; infinite where the truth is nothing and something was found."""
    if truth == 0:
        return 0.0 if found == 0 else float("inf")
    return abs(found - truth) / abs(truth)


def inside(interval: Interval, bounds: Interval, tolerance: float = 0.0) -> bool:
    """Whether `interval` lies within `bounds`, each end with `tolerance` seconds to spare."""
    return bounds[0] - tolerance <= interval[0] <= interval[1] <= bounds[1] + tolerance


def interval_scores(found: Sequence[Interval], truth: Sequence[Interval], tolerance: float = 0.0) -> Scores:
    """Episodes against true intervals, one to one, in order of their begin.

    A found interval matches the first free true one that it overlaps once that is widened by `tolerance` at each end.
    """
    free = sorted(truth)
    tp = fp = 0
    for begin, end in sorted(found):
        hit = next((true for true in free if begin <= true[1] + tolerance and end >= true[0] - tolerance), None)
        if hit is None:
            fp += 1
        else:
            free.remove(hit)
            tp += 1
    return Scores(tp, fp, len(free))


@dataclass(frozen=True, slots=True)
class Episode:
    """What the events of one episode tell together; times are seconds since the Unix epoch.

    ended is None while no end event came. subjects: those of all its events, in order.
    """

    id: str
    kind: str
    rule: str
    zone: str | None
    started: float
    ended: float | None
    subjects: tuple[Subject, ...]


def episodes_of(events: Iterable[Event]) -> list[Episode]:
    """One entry an episode, in order of its first event."""
    grouped: dict[str, list[Event]] = {}
    for event in events:
        grouped.setdefault(event.data.episode, []).append(event)
    result = []
    for identity, group in grouped.items():
        data, last = group[0].data, group[-1].data
        subjects = tuple(subject for event in group for subject in event.data.subjects)
        ended = last.ended.timestamp() if last.ended else None
        result.append(Episode(identity, data.kind, data.why.rule, data.zone, data.started.timestamp(), ended, subjects))
    return result
