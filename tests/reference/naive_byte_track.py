"""ByteTrack written down track by track: full Kalman matrices, every possible matching tried."""

from dataclasses import dataclass, field

import numpy as np

from edge_agent.core.byte_track import GROUPS, MIN_STEP_S
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.types import Detections

Box = tuple[float, float, float, float]
Seen = tuple[int, str, int]
"""Id, class, index of the detection."""


@dataclass
class One:
    """state: x1 y1 x2 y2 in unit coordinates and their velocities a second; covariance: 8 x 8, in object heights."""

    state: np.ndarray
    group: str
    seen: float
    covariance: np.ndarray = field(default_factory=lambda: np.diag([0.03**2] * 4 + [0.9**2] * 4))
    hits: int = 1
    id: int = 0
    weight: float = 1.0
    shown: dict[str, float] = field(default_factory=dict)
    name: str = ""

    def predict(self, elapsed: float) -> None:
        moves = np.eye(8)
        noise = np.zeros((8, 8))
        for i in range(4):
            moves[i, i + 4] = elapsed
            noise[i, i], noise[i + 4, i + 4] = 0.18**2 * elapsed**3 / 3, 0.18**2 * elapsed
            noise[i, i + 4] = noise[i + 4, i] = 0.18**2 * elapsed**2 / 2
        self.state = moves @ self.state
        for low, high in ((0, 2), (1, 3)):
            if self.state[low] > self.state[high]:
                self.state[low] = self.state[high] = (self.state[low] + self.state[high]) / 2
        self.covariance = moves @ self.covariance @ moves.T + noise

    def correct(self, box: np.ndarray, strong: bool) -> None:
        noise = (0.03 if strong else 0.06) ** 2
        sees = np.eye(4, 8)
        gain = self.covariance @ sees.T @ np.linalg.inv(sees @ self.covariance @ sees.T + noise * np.eye(4))
        self.state = self.state + gain @ (box - sees @ self.state)
        self.covariance = (np.eye(8) - gain @ sees) @ self.covariance

    def vote(self, name: str, score: float) -> str:
        self.shown[name] = self.shown.get(name, 0.0) + score
        if not self.name or self.shown[name] > self.shown[self.name]:
            self.name = name
        return self.name


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = float(wide * high)
    return both / (float((a[2] - a[0]) * (a[3] - a[1])) + float((b[2] - b[0]) * (b[3] - b[1])) - both)


def level(a: np.ndarray, b: np.ndarray) -> float:
    """How much of their heights together two boxes that overlap share."""
    return float((min(a[3], b[3]) - max(a[1], b[1])) / (max(a[3], b[3]) - min(a[1], b[1])))


def fit(a: np.ndarray, b: np.ndarray) -> float:
    share = overlap(a, b)
    return share * level(a, b) ** 2 if share > 0 else 0.0


def greatest(gain: list[list[float]], row: int = 0, used: frozenset[int] = frozenset()) -> tuple[float, dict[int, int]]:
    """Total and pairs of the best matching of rows from `row` on; pairs that gain nothing are none."""
    if row == len(gain):
        return 0.0, {}
    best = greatest(gain, row + 1, used)
    for column, value in enumerate(gain[row]):
        if value > 0 and column not in used:
            total, pairs = greatest(gain, row + 1, used | {column})
            if total + value > best[0]:
                best = total + value, pairs | {row: column}
    return best


class Naive:
    def __init__(self, spec: TrackerSpec) -> None:
        self.spec = spec
        self.tracks: list[One] = []
        self.last: float | None = None
        self.count = 0

    def update(self, found: Detections, width: int, height: int, t: float) -> list[Seen]:
        if self.last is not None:
            t = max(t, self.last + MIN_STEP_S)
            self.tracks = [track for track in self.tracks if t - track.seen <= self.spec.lost_s + 1e-5]
            for track in self.tracks:
                track.predict(t - self.last)
        self.last = t
        sides = np.array([width, height, width, height], np.float32)
        boxes = [(box / sides).astype(float) for box in found.boxes]
        names = [found.classes[label] for label in found.labels]
        groups = [GROUPS.get(name, name) for name in names]
        usable = [i for i, score in enumerate(found.scores) if score >= np.float32(self.spec.floor)]
        strong = [i for i in usable if found.scores[i] >= np.float32(self.spec.start)]
        weak = [i for i in usable if i not in strong]
        taken: dict[int, int] = {}
        for stage in (strong, weak):
            left = [n for n in range(len(self.tracks)) if n not in taken]
            gains = [
                [
                    fit(self.tracks[n].state[:4], boxes[i])
                    * (self.tracks[n].group == groups[i])
                    * self.tracks[n].weight
                    for i in stage
                ]
                for n in left
            ]
            for row, column in greatest(gains)[1].items():
                if overlap(self.tracks[left[row]].state[:4], boxes[stage[column]]) >= self.spec.min_iou:
                    taken[left[row]] = stage[column]
        seen: list[Seen] = []
        for n, track in enumerate(self.tracks):
            if n in taken:
                i = taken[n]
                track.correct(boxes[i], i in strong)
                track.seen, track.hits = t, track.hits + 1
                if track.id == 0 and track.hits >= max(self.spec.confirm, 2):
                    self.count += 1
                    track.id, track.weight = self.count, 1.0
                if track.id:
                    seen.append((track.id, track.vote(names[i], float(found.scores[i])), i))
        self.tracks = [track for n, track in enumerate(self.tracks) if track.id or n in taken]
        for i in strong:
            if i not in taken.values():
                on = any(overlap(boxes[i], boxes[k]) > 0.5 and groups[i] == groups[k] for k in taken.values())
                weight = 0.25 if on else 1.0
                self.tracks.append(One(np.concatenate((boxes[i], np.zeros(4))), groups[i], t, weight=weight))
        return seen
