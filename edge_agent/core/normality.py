"""What is usual where: how fast, how large, of what shape, which way and of which class things are at each place of one
camera, by hour.

Sums of a Gaussian density per cell of a grid over the picture, pooled by a Gaussian kernel around the place asked for,
and shrunk towards the same with a wider kernel, then by group of classes, then by part of the day: each level counts
as PRIOR_S seconds of the next, so a place that is little known borrows from its neighbours and a busy one does not.
(Empirical Bayes shrinkage; Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

ROWS, COLUMNS = 20, 16
CELLS = ROWS * COLUMNS
NEAR = (0.10, 0.05)
WIDE = (0.30, 0.10)
"""Kernel widths, in shares of the picture's width and height: perspective changes along y."""
PRIOR_S = 10.0
NOTHING = 1e-18
"""Weights of so far away count for nothing in float32; their products would be too small for its usual form, and a
processor takes a hundred times as long for those."""
GROUPS = ("person", "cycle", "vehicle", "other")
_GROUP = {"person": 0, "bicycle": 1, "motorcycle": 1, "car": 2, "bus": 2, "truck": 2, "train": 2}
QUANTITIES = ("path", "flow", "height", "shape")
"""Speeds in frame heights a second, by the box's path and by the flow in it; ln of the box's height as a share of the
frame's; ln of its width over its height, in level coordinates."""
FLOORS = np.array([0.003, 0.003, 0.08, 0.08])
RELATIVE = np.array([0.05, 0.05, 0.0, 0.0])
"""What no spread is below: absolutely, and as a share of the mean."""
SECTORS = 8
_Q = len(QUANTITIES)
FEATURES = 1 + 3 * _Q + SECTORS
"""Of a cell and group: seconds present; of each quantity seconds, sum, sum of squares; seconds moving each way."""
BLOCKS = 4
HOURS = 24
HOUR_PRIOR_S = 600.0
CLASSES, NAME_BYTES = 128, 40
VERSION = 1

_MIDDLES = np.concatenate([(np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS])
"""Of the cells, across and then down."""
_AXES = np.repeat([0, 1], [COLUMNS, ROWS])
_WIDTHS = np.array([NEAR, WIDE]).take(_AXES, axis=1)[:, None]


def group_of(cls: str) -> int:
    return _GROUP.get(cls, 3)


def cell_of(x: float, y: float) -> int:
    """Of a point in unit coordinates; one outside of the frame belongs to the nearest."""
    column, row = int(x * COLUMNS), int(y * ROWS)
    if not (0 <= column < COLUMNS and 0 <= row < ROWS):
        column, row = min(max(column, 0), COLUMNS - 1), min(max(row, 0), ROWS - 1)
    return row * COLUMNS + column


class Sample(Struct, frozen=True, gc=False):
    """What one figure was like for `seconds`. values: QUANTITIES, NaN where unknown. sector: of SECTORS, None while it
    does not move."""

    cell: int
    cls: str
    values: tuple[float, ...]
    sector: int | None
    hour: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What is usual at n places for n groups. mean, spread: (n, QUANTITIES). way: (n, SECTORS), share of the time, even
    where nothing is known. place: (n,), log10 of how many times rarer than elsewhere, >= 0."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    way: NDArray[np.float64]
    place: NDArray[np.float64]


class Normality:
    """Bounded: about half a megabyte, whatever is seen."""

    def __init__(self) -> None:
        self.sums = np.zeros((1 + BLOCKS, CELLS, len(GROUPS), FEATURES), np.float32)
        """The first is of all day."""
        self.present = np.zeros((HOURS, len(GROUPS)), np.float64)
        self.watched = np.zeros(HOURS, np.float64)
        self.names: list[str] = []
        self.by_class = np.zeros(CLASSES, np.float64)
        # Sums that are asked for more often than they change.
        self._pooled: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._seconds: float | None = None
        self._watched_s: float | None = None

    @property
    def seconds(self) -> float:
        """Of figures, all together."""
        if self._seconds is None:
            self._seconds = float(self.by_class.sum())
        return self._seconds

    @property
    def watched_s(self) -> float:
        """For how long it has been watched, at all hours together."""
        if self._watched_s is None:
            self._watched_s = float(self.watched.sum())
        return self._watched_s

    def _changed(self) -> None:
        self._pooled = self._seconds = self._watched_s = None

    def watch(self, seconds: float, hour: float, groups: set[int]) -> None:
        """Time has passed in which these groups were in the picture."""
        self._watched_s = None
        self.watched[int(hour) % HOURS] += seconds
        for group in groups:
            self.present[int(hour) % HOURS, group] += seconds

    def learn(self, samples: Sequence[Sample], weight: float = 1.0) -> None:
        if not samples:
            return
        values, seconds = np.array([s.values for s in samples]), np.array([s.seconds * weight for s in samples])
        unknown = np.isnan(values)
        values[unknown] = 0.0
        rows = np.zeros((len(samples), FEATURES), np.float32)
        rows[:, 0] = seconds
        parts = rows[:, 1 : 1 + 3 * _Q].reshape(len(samples), _Q, 3)
        times = np.where(unknown, 0.0, seconds[:, None])
        parts[..., 0], parts[..., 1], parts[..., 2] = times, times * values, times * values * values
        for sample, row, time in zip(samples, rows, seconds.tolist(), strict=True):
            if sample.sector is not None:
                row[1 + 3 * _Q + sample.sector] = time
            both = self._of(sample.hour)[:, sample.cell, group_of(sample.cls)]
            both += row
            self.by_class[self._class(sample.cls)] += time
        self._pooled = self._seconds = None

    def fade(self, factor: float) -> None:
        """Everything learned weighs `factor` (0..1) of what it did."""
        for sums in (self.sums, self.present, self.watched, self.by_class):
            sums *= factor
        self._changed()

    def usual(self, places: NDArray[np.float64], groups: NDArray[np.int64], hour: float) -> Usual:
        """places: (n, 2) in unit coordinates; groups: (n,), indices into GROUPS."""
        if self._pooled is None:
            one, *others = self.sums[0].transpose(1, 0, 2)  # numpy's own sum over an axis in the middle is slow
            self._pooled = sum(others, one), self.sums[0, :, :, 0].sum(0)
        pooled, present = self._pooled
        kernels = _kernels(places)
        near, everyone = kernels[: len(groups)], kernels @ pooled
        local, of_block = self._around(near, groups, hour)
        known = everyone[len(groups) :]
        for nearer in (everyone[: len(groups)], local, of_block):
            known = _shrink(nearer, known)
        mean, spread = _moments(known)
        moving = known[:, 1 + 3 * _Q :] + PRIOR_S / SECTORS
        even = present[groups] * near.sum(1) / CELLS
        place = np.maximum(np.log10((even + 1.0) / (local[:, 0] + 1.0)), 0.0)
        return Usual(mean, spread, moving / moving.sum(1, keepdims=True), place)

    def _of(self, hour: float) -> NDArray[np.float32]:
        """(2, CELLS, GROUPS, FEATURES), a view of `sums`: of all day and of this hour's part of it."""
        part = 1 + int(hour * BLOCKS / HOURS) % BLOCKS
        return self.sums[: part + 1 : part]

    def _around(self, kernel: NDArray[np.float32], groups: NDArray[np.int64], hour: float) -> NDArray[np.float32]:
        """(2, n, FEATURES), each of its own group: of all day and of this hour's part of it."""
        found, sums = np.empty((2, len(kernel), FEATURES), np.float32), self._of(hour)
        for group in set(groups.tolist()):
            own = np.flatnonzero(groups == group)
            found[:, own] = kernel[own] @ sums[:, :, group]
        return found

    def class_rarity(self, cls: str) -> float:
        """-log10 of the share of figures that are of this class."""
        count = self.by_class[self.names.index(cls)] if cls in self.names else 0.0
        return -log10((count + 1.0) / (self.seconds + 1.0))

    def hour_rarity(self, group: int, hour: float) -> float:
        """log10 of how many times rarer this group is at this hour than on the whole, >= 0."""
        watched = self.watched_s
        if watched <= 0:
            return 0.0
        rate = (float(self.present[:, group].sum()) + 1.0) / (watched + 1.0)
        now = int(hour) % HOURS
        here = (self.present[now, group] + HOUR_PRIOR_S * rate) / (self.watched[now] + HOUR_PRIOR_S)
        return max(0.0, log10(rate / here))

    def _class(self, cls: str) -> int:
        if cls not in self.names:
            if len(self.names) == CLASSES:
                return CLASSES - 1
            self.names.append(cls)
        return self.names.index(cls)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        names = np.zeros((CLASSES, NAME_BYTES), np.uint8)
        for index, name in enumerate(self.names):
            data = np.frombuffer(name.encode("utf-8")[:NAME_BYTES], np.uint8)
            names[index, : len(data)] = data
        return {
            "version": np.array(VERSION),
            "sums": self.sums.copy(),
            "present": self.present.copy(),
            "watched": self.watched.copy(),
            "classes": names,
            "by_class": self.by_class.copy(),
        }

    def take(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        """What `arrays` gave. Raises ValueError where it does not fit; nothing is changed then."""
        own = self.arrays()
        for name, array in own.items():
            kept = arrays.get(name)
            if kept is None or kept.shape != array.shape or kept.dtype != array.dtype:
                raise ValueError(f"{name}: of another shape")
            if not np.all(np.isfinite(kept.astype(np.float64))) or kept.astype(np.float64).min() < -1e12:
                raise ValueError(f"{name}: no numbers")
        if int(arrays["version"]) != VERSION:
            raise ValueError(f"version {int(arrays['version'])}, not {VERSION}")
        self.sums = np.array(arrays["sums"], np.float32)
        self._changed()
        self.present = np.array(arrays["present"], np.float64)
        self.watched = np.array(arrays["watched"], np.float64)
        self.by_class = np.array(arrays["by_class"], np.float64)
        names = (bytes(row[row > 0].astype(np.uint8)) for row in np.asarray(arrays["classes"]))
        self.names = [name.decode("utf-8", "replace") for name in names if name]


def _kernels(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """(2 n, CELLS), 1 at the place itself: the near ones, then the wide ones."""
    away = (places.take(_AXES, axis=1) - _MIDDLES) / _WIDTHS
    sides = np.exp(-0.5 * (away * away)).astype(np.float32)
    sides[sides < NOTHING] = 0.0
    across, down = sides[..., None, :COLUMNS], sides[..., COLUMNS:, None]
    return np.asarray((down * across).reshape(2 * len(places), CELLS), np.float32)


def _shrink(near: NDArray[np.float32], far: NDArray[np.float32]) -> NDArray[np.float32]:
    """`near` plus at most PRIOR_S seconds of what `far` knows, for each part on its own seconds."""
    return np.asarray(near + far * (_SHRUNK / np.maximum(far @ _SECONDS, np.float32(PRIOR_S))), np.float32)


def _seconds() -> NDArray[np.float32]:
    """(FEATURES, FEATURES): what the seconds of each feature's part are the sum of."""
    base = np.zeros((FEATURES, FEATURES), np.float32)
    for q in range(_Q):
        base[1 + 3 * q, 1 + 3 * q : 4 + 3 * q] = 1.0
    base[1 + 3 * _Q :, 1 + 3 * _Q :] = 1.0
    return base


_SECONDS = _seconds()
_SHRUNK = np.where(np.arange(FEATURES) > 0, PRIOR_S, 0.0).astype(np.float32)
"""The seconds present are no part that is shrunk."""


def _moments(known: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread (n, QUANTITIES); NaN where less than a second is known. A mean over few seconds is uncertain
    itself, which widens the spread."""
    parts = known[:, 1 : 1 + 3 * _Q].reshape(len(known), _Q, 3).astype(np.float64)
    seconds = np.where(parts[..., 0] < 1.0, np.nan, parts[..., 0])
    mean = parts[..., 1] / seconds
    variance = np.maximum(parts[..., 2] / seconds - mean * mean, 0.0) * (1.0 + 2.0 / seconds)
    floor = FLOORS + RELATIVE * np.abs(mean)
    return mean, np.sqrt(variance + floor * floor)
