"""What traffic usually does at each place of one camera's picture: which ways it goes, how fast, how long it stands.

The picture is divided into ROWS x COLS cells; a vehicle belongs to the cell of its foot and votes there once for each
way it goes. Counts are halved when a cell is full, so the field follows slow change and is bounded: about 0.2 MB. Ways
are kept by hour of day (contraflow lanes) and pooled with other hours where an hour has seen too little.

Headings are degrees clockwise as seen in the picture: 0 up, 90 right, 180 down, 270 left.
"""

from collections.abc import Mapping
from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Point

VERSION = 1
ROWS, COLS, HOURS, WAYS = 12, 20, 24, 8
STOOD_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
"""Standing is counted when it has lasted so long."""
SPEEDS = np.geomspace(0.05, 12.8, 17)
"""Edges of the speed classes, in box lengths a second: each half as fast again as the one before (and half)."""
ENOUGH = 20.0
"""Votes from which the ways and the speed of a place are known."""
CYCLES = 100.0
"""Votes from which it is known whether vehicles stand there: more than pass in several green phases, so that the red
ones between have been seen too."""
FULL = 400.0
"""Votes at which a cell's counts are halved."""
USUAL, TWICE = 0.02, 2.0
"""Standing so long is usual where this share of the passing vehicles did, and at least this many."""
FREE = 0.85
"""Free flow is the speed that this share of the vehicles does not exceed (the 85th percentile of traffic
engineering)."""
NEAR = 67.5
"""Degrees on either side that count as the same way."""

BELOW_1 = nextafter(1.0, 0.0)

Cell = tuple[int, int]
Counts = NDArray[np.float32]


def cell_of(foot: Point) -> Cell:
    """foot: unit coordinates; outside of the frame the nearest cell."""
    x, y = foot
    if not (0.0 <= x < 1.0 and 0.0 <= y < 1.0):
        x, y = min(max(x, 0.0), BELOW_1), min(max(y, 0.0), BELOW_1)
    return int(y * ROWS), int(x * COLS)


_total = np.add.reduce
"""What the method `sum` calls, with half of the time around it; a row has a dozen numbers."""


def apart(a: float, b: float) -> float:
    """Degrees between two headings, 0..180."""
    return abs((a - b + 180.0) % 360.0 - 180.0)


class FlowField:
    """Learns online; asked at any time."""

    def __init__(self) -> None:
        self._ways: Counts = np.zeros((HOURS, ROWS, COLS, WAYS), np.float32)
        self._speeds: Counts = np.zeros((ROWS, COLS, len(SPEEDS) + 1), np.float32)
        self._stood: Counts = np.zeros((ROWS, COLS, len(STOOD_S)), np.float32)

    @property
    def votes(self) -> float:
        """How much has been learned: vehicles times cells."""
        return float(self._ways.sum())

    def passed(self, cell: Cell, hour: int, heading: float, speed: float, weight: float = 1.0) -> None:
        """A vehicle goes through `cell`. speed: box lengths a second. Its vote is shared by the two nearest ways."""
        place = (heading % 360.0) / (360.0 / WAYS)
        low, part = int(place) % WAYS, place - int(place)
        ways = self._ways[hour, cell[0], cell[1]]
        ways[low] += weight * (1.0 - part)
        ways[(low + 1) % WAYS] += weight * part
        if _total(ways) > FULL:
            ways *= 0.5
        speeds = self._speeds[cell]
        speeds[int(np.searchsorted(SPEEDS, speed))] += weight
        if _total(speeds) > FULL:
            speeds *= 0.5
            self._stood[cell] *= 0.5

    def stood(self, cell: Cell, lasted: int) -> None:
        """A vehicle has stood in `cell` for STOOD_S[lasted] seconds."""
        self._stood[cell][lasted] += 1.0

    def share(self, foot: Point, hour: int, heading: float, *, pooled: bool = True) -> tuple[float, float] | None:
        """Of the vehicles that passed here at this hour: the share that went about this way, and about the other way.
        None where the place is not known. pooled: other hours may stand in for one that has seen too little."""
        cell = cell_of(foot)
        ways = self._at(cell, hour) if pooled else self._ways[hour, cell[0], cell[1]]
        total = float(_total(ways))
        if total < ENOUGH:
            return None
        off = np.abs((np.arange(WAYS) * (360.0 / WAYS) - heading + 180.0) % 360.0 - 180.0)
        return float(ways[off <= NEAR].sum()) / total, float(ways[off >= 180.0 - NEAR].sum()) / total

    def free_speed(self, foot: Point) -> float | None:
        """Box lengths a second; None where the place is not known."""
        counts = self._speeds[cell_of(foot)]
        total = float(_total(counts))
        if total < ENOUGH:
            return None
        index = int(np.searchsorted(np.cumsum(counts), FREE * total))
        return float(SPEEDS[min(index, len(SPEEDS) - 1)])

    def usual_stand(self, foot: Point) -> float | None:
        """How long vehicles stand here at most, as far as that is usual, in seconds: 0 where they hardly do, inf where
        they park. None where the place is not known."""
        row, col = cell_of(foot)
        here = (slice(max(row - 1, 0), row + 2), slice(max(col - 1, 0), col + 2))
        stood = self._stood[here].sum(axis=(0, 1))
        seen = float(self._speeds[row, col].sum()) + float(self._stood[row, col, 0])
        if seen < CYCLES:
            return None
        usual = [index for index, count in enumerate(stood) if count >= max(TWICE, USUAL * seen)]
        if not usual:
            return 0.0
        return inf if usual[-1] == len(STOOD_S) - 1 else STOOD_S[usual[-1] + 1]

    def _at(self, cell: Cell, hour: int) -> Counts:
        """Of this hour; with its neighbours, or the whole day, where it has too little."""
        own: Counts = self._ways[hour, cell[0], cell[1]]
        if _total(own) >= ENOUGH:
            return own
        day = np.asarray(self._ways[:, cell[0], cell[1]].sum(axis=0))
        if _total(day) < ENOUGH:
            return day
        near = self._ways[[(hour - 1) % HOURS, hour, (hour + 1) % HOURS], cell[0], cell[1]].sum(axis=0)
        if _total(near) >= ENOUGH:
            return np.asarray(near)
        return day

    def memory(self) -> dict[str, NDArray[np.generic]]:
        return {
            "version": np.array(VERSION, np.int64),
            "ways": self._ways.copy(),
            "speeds": self._speeds.copy(),
            "stood": self._stood.copy(),
        }

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None:
        """Raises ValueError where `memory` is not of this version and shape, or holds what cannot have been counted."""
        version = memory.get("version")
        if version is None or version.shape != () or int(version) != VERSION:
            raise ValueError("not a flow field of this version")
        found = [_counts(memory, name, own.shape) for name, own in self._parts()]
        self._ways, self._speeds, self._stood = found

    def _parts(self) -> list[tuple[str, Counts]]:
        return [("ways", self._ways), ("speeds", self._speeds), ("stood", self._stood)]


def _counts(memory: Mapping[str, NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> Counts:
    array = memory.get(name)
    if array is None or array.shape != shape or array.dtype != np.float32:
        raise ValueError(f"{name} is not as it was")
    counts = np.array(array, np.float32)
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError(f"{name} holds what is no count")
    return counts
