"""What a brawl looks like at one moment, place by place: how fast the figures change and how the picture moves there.

The picture is looked at through overlapping windows of SIZE x SIZE cells of the detector's feature map (a quarter of
the picture's width at 640 pixels). Each window gets one row of channels:

- `appearance`, one for each channel of the last backbone map and of the stage before it, which is twice as fine: how
  much the change from one step to the next differs from the one before (the second difference in time) at the cell
  of the window where it differs most, as log(1 + x). The maps say what stands where and how; a walker's shift as they
  did, a blow reverses.
- MOTION, from the optical flow less its median (the camera's own motion), in body heights a second so that distance and
  resolution do not matter, and from where people stand.

Steps are STEP_S apart at least, whatever the frame rate: changes are only comparable over like times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.picture import COARSE, SMALL, Flow
from edge_agent.core.quantiles import median
from edge_agent.core.rules.brawl_flashes import NOTHING, Flash, Flashes
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Box, FeatureMap

Floats = NDArray[np.float32]

SIZE, STRIDE = 5, 2
"""Side of a window and distance between windows, in cells."""
STEP_S, NOMINAL_S, LONGEST_S = 0.15, 0.2, 1.0
"""Shortest time between two steps; the time that the model was trained for; beyond the longest nothing is compared."""
GROWTH = 0.25
"""Second differences grow with the time between two looks to this power: between 0.2 s and 0.4 s, by the means of 38
clips, 0.25 to 0.31 of the coarse map, 0.19 to 0.22 of the fine one."""
BODY = 0.3
"""Height of a person as a share of the picture's, until one has been seen."""
MOTION = ("motion_energy", "motion_peak", "motion_change", "agitation", "deformation", "common_motion", "people_near")
"""Names of the channels behind `appearance`, as the event's measures have them."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One step. rows: (windows, channels of both maps + len(MOTION)); NaN where a channel is not known yet. boxes:
    (windows, 4) in unit coordinates, clipped to the picture; the same array for as long as the windows stay. flash: of
    the whole picture."""

    t: float
    rows: Floats
    boxes: NDArray[np.float64]
    flash: Flash = NOTHING


class Looks(Protocol):
    """Where evidence comes from."""

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None: ...

    def forget(self) -> None: ...


class Looker:
    """Makes Evidence of the views of one camera. Keeps two feature maps and their last change, one step's fields and
    room to work in: to ask for so much memory at each step takes longer than the work."""

    def __init__(self) -> None:
        self._last: tuple[float, FeatureMap] | None = None
        self._dt: float | None = None
        self._bend = Bend()
        self._moves = False
        self._fields, self._before = np.zeros((2, 5, 0, 0), np.float32)
        self._room, self._rises = np.zeros((3, 2, 0, 0), np.float32), np.zeros((2, 2, 0, 0), np.float32)
        self._cells: Cells | None = None
        self._body = BODY
        self._flashes = Flashes()

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None:
        """None where there is nothing to compare with, or the last step was less than STEP_S ago."""
        if people:
            self._body = median(np.array([figure.height for figure in people]))
        if view.features is None or view.picture is None:
            self.forget()
            return None
        before = self._last
        if before is not None and not reached(view.t - before[0], STEP_S):
            return None
        self._last = view.t, view.features
        if before is not None and exceeded(view.t - before[0], LONGEST_S):
            self._flashes.forget()
        flash = self._flashes.see(view.picture.grey(SMALL))
        flow = view.picture.flow(COARSE)
        if (
            before is None
            or flow is None
            or exceeded(view.t - before[0], LONGEST_S)
            or before[1].values.shape != view.features.values.shape
        ):
            self._moves, self._dt = False, None
            return None
        dt, self._dt = self._dt, view.t - before[0]
        bend = self._bend.strongest(before[1], view.features, known=dt is not None)
        motion = self._motion(flow, view.features, people)
        assert self._cells is not None
        rows = np.concatenate([bend, motion], axis=1)
        deep = rows[:, : -len(MOTION)]
        if dt is not None:
            deep *= np.float32((2 * NOMINAL_S / (dt + self._dt)) ** GROWTH)
            deep += 1.0  # log1p would take longer than the maxima, for digits that nobody asks for.
            np.log(deep, out=deep)
        return Evidence(view.t, rows, self._cells.boxes, flash)

    def forget(self) -> None:
        """What comes next is compared with nothing from before."""
        self._last, self._dt, self._moves = None, None, False
        self._flashes.forget()

    def _motion(self, flow: Flow, features: FeatureMap, people: Sequence[Figure]) -> Floats:
        """(windows, len(MOTION))."""
        rows, columns = flow.field.shape[:2]
        body = max(self._body * rows, 4.0)
        if self._fields.shape[1:] != (rows, columns):
            self._fields, self._before = np.empty((2, 5, rows, columns), np.float32)
            self._room, self._moves = np.empty((3, 2, rows, columns), np.float32), False
            self._rises = np.empty((2, 2, rows, columns), np.float32)
        self._fields, self._before, known = self._before, self._fields, self._moves
        self._moves = True
        speed, before = self._fields[3:], self._before[3:]
        middles = [median(flow.field[::2, ::2, axis]) for axis in range(2)]
        np.subtract(flow.field.transpose(2, 0, 1), np.array(middles, np.float32)[:, None, None], out=speed)
        speed *= np.float32(1.0 / (flow.dt * body))
        if self._cells is None or not self._cells.fit(features, rows, columns):
            self._cells = Cells(features, rows, columns)
        vectors, lengths = self._room, self._fields[:3]
        vectors[0] = speed
        if known:
            np.subtract(speed, before, out=vectors[1])
        else:
            vectors[1] = 0.0
        shear(speed, vectors[2], self._rises)
        vectors *= vectors
        np.add(vectors[:, 0], vectors[:, 1], out=lengths)
        np.sqrt(lengths, out=lengths)
        lengths[2] *= np.float32(0.5 * body)
        return channels(self._cells.mean(self._fields), self._cells.count(people), known)


class Cells:
    """How pixels (rows, columns) of a reduced picture fall into the cells of a feature map. boxes: of its windows."""

    def __init__(self, features: FeatureMap, rows: int, columns: int) -> None:
        self._features = replace(features, values=features.values[:0])
        self._shape = features.values.shape[1:]
        self._pixels = rows, columns
        self.boxes = boxes(features)
        self._down = _shares(self._row((np.arange(rows) + 0.5) / rows), self._shape[0])
        self._right = _shares(self._column((np.arange(columns) + 0.5) / columns), self._shape[1])

    def fit(self, features: FeatureMap, rows: int, columns: int) -> bool:
        """Whether they are still right for such a map and picture."""
        own = self._features
        same = (own.left, own.top, own.width, own.height) == (
            features.left,
            features.top,
            features.width,
            features.height,
        )
        return same and self._shape == features.values.shape[1:] and self._pixels == (rows, columns)

    def mean(self, fields: Floats) -> Floats:
        """(fields, rows, columns) of pixels → (fields, rows, columns) of cells; 0 where no pixel falls."""
        return np.asarray(self._down @ fields @ self._right.T, np.float32)

    def count(self, people: Sequence[Figure]) -> Floats:
        """How many have the middle of their box in each cell."""
        grid = np.zeros(self._shape, np.float32)
        for figure in people:
            x1, y1, x2, y2 = figure.box
            row = int(((y1 + y2) / 2 - self._features.top) / self._features.height)
            column = int(((x1 + x2) / 2 - self._features.left) / self._features.width)
            grid[min(max(row, 0), self._shape[0] - 1), min(max(column, 0), self._shape[1] - 1)] += 1
        return grid

    def _column(self, x: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.clip((x - self._features.left) / self._features.width, 0, self._shape[1] - 1).astype(np.intp)

    def _row(self, y: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.clip((y - self._features.top) / self._features.height, 0, self._shape[0] - 1).astype(np.intp)


def _shares(cell: NDArray[np.intp], cells: int) -> Floats:
    """(cells, pixels): what each pixel counts in the mean of its cell."""
    falls = cell[None] == np.arange(cells)[:, None]
    return np.asarray(falls / np.maximum(falls.sum(axis=1, keepdims=True), 1), np.float32)


def channels(fields: Floats, people: Floats, known: bool) -> Floats:
    """(windows, len(MOTION)) of what each cell has: (5, rows, columns) speed, its change (where `known`), deformation
    and the two components of the speed; and how many people."""
    rows, columns = people.shape
    sums = _falls(rows) @ np.concatenate([fields, people[None]]) @ _falls(columns).T
    energy, change, _, along, across, near = sums
    for mean in (energy, change, along, across):
        mean /= min(SIZE, rows) * min(SIZE, columns)
    bands = fields[:3:2, covered(rows)].max(axis=2)
    peak, deformed = bands[:, :, covered(columns)].max(axis=3)
    found = np.empty((len(MOTION), *energy.shape), np.float32)
    found[0], found[1], found[2], found[4], found[6] = energy, peak, change if known else np.nan, deformed, near
    np.divide(found[2], energy + 0.05, out=found[3])
    length(along, across, found[5], across)
    found[5] /= energy + 0.02
    for grown in (found[:5], found[6]):
        np.log1p(grown, out=grown)
    return found.reshape(len(MOTION), -1).T


def length(x: Floats, y: Floats, out: Floats, room: Floats) -> None:
    """room: to work in, as large as the others; may be x or y."""
    np.multiply(x, x, out=out)
    np.multiply(y, y, out=room)
    out += room
    np.sqrt(out, out=out)


def shear(speed: Floats, out: Floats, rises: Floats) -> None:
    """Twice the rate at which a flow, by its components (2, rows, columns), stretches and shears what it carries, per
    pixel: the deviator of its gradient, which is 0 for any translation, turn or even growth. rises: (2, 2, rows,
    columns), to work in."""
    along, down = rises
    _rise(speed.transpose(2, 0, 1), along.transpose(2, 0, 1))
    _rise(speed.transpose(1, 0, 2), down.transpose(1, 0, 2))
    np.subtract(along[0], down[1], out=out[0])
    np.add(down[0], along[1], out=out[1])


def _rise(field: Floats, out: Floats) -> None:
    """Twice the central differences along the first axis, one-sided at its ends (as numpy.gradient, in less time)."""
    np.subtract(field[2:], field[:-2], out=out[1:-1])
    np.subtract(field[1], field[0], out=out[0])
    np.subtract(field[-1], field[-2], out=out[-1])
    out[:: len(out) - 1] *= 2.0


@cache
def starts(cells: int) -> NDArray[np.intp]:
    """Where windows begin along a side of so many cells, the last one at its end."""
    last = max(cells - SIZE, 0)
    return np.unique(np.append(np.arange(0, last + 1, STRIDE), last))


@cache
def covered(cells: int) -> NDArray[np.intp]:
    """(windows, SIZE): the cells of each window along a side of so many; fewer where it has less."""
    return np.asarray(starts(cells)[:, None] + np.arange(min(SIZE, cells)), np.intp)


@cache
def _falls(cells: int) -> Floats:
    """(windows, cells): 1 where the cell is one of the window's."""
    return np.asarray((covered(cells)[:, :, None] == np.arange(cells)).any(axis=1), np.float32)


class Bend:
    """How much two feature maps, the second twice as fine, depart at most in each window from changing as they did
    before."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._change = self._last = self._pairs = self._spare = self._bands = np.zeros(0, np.float32)

    def strongest(self, before: FeatureMap, now: FeatureMap, *, known: bool) -> Floats:
        """(windows, channels of both). known: whether `before` was the last call's `now`; where it was not, NaN."""
        coarse, (count, rows, columns) = now.values.size, now.values.shape
        down, right, all_ = starts(rows), starts(columns), count + len(now.fine)
        if self._shape != (all_, *now.values.shape):
            self._shape = all_, *now.values.shape
            self._change, self._last = np.empty((2, coarse + now.fine.size), np.float32)
            self._pairs = np.empty((now.fine.size // (4 * columns), 2 * columns), np.float32)
            self._spare = np.empty((all_, rows, columns), np.float32)
            self._bands = np.empty((all_, len(down), columns), np.float32)
        last, change = self._change, self._last
        self._change, self._last = change, last
        np.subtract(now.values, before.values, out=change[:coarse].reshape(now.values.shape))
        np.subtract(now.fine, before.fine, out=change[coarse:].reshape(now.fine.shape))
        if not known:
            return np.full((len(down) * len(right), all_), np.nan, np.float32)
        np.subtract(change, last, out=last)
        np.abs(last, out=last)
        # Of four fine cells that lie in a coarse one the greatest, in its place behind the coarse map.
        fine = last[coarse:].reshape(-1, 2, 2 * columns)
        pairs = np.maximum(fine[:, 0], fine[:, 1], out=self._pairs).reshape(-1)
        np.maximum(pairs[::2], pairs[1::2], out=last[coarse : self._spare.size])
        cells = last[: self._spare.size].reshape(self._spare.shape)
        lines = greatest(cells, self._spare, min(SIZE, rows), columns)
        lines.take(down, axis=1, out=self._bands, mode="clip")  # With a mode, numpy needs no room of its own.
        found = greatest(self._bands, self._spare, min(SIZE, columns), 1)
        return found.take(right, axis=2).reshape(all_, -1).T


def greatest(values: Floats, spare: Floats, count: int, step: int) -> Floats:
    """At each place the greatest of `count` that follow each other by `step` places in memory, itself the first: down
    the rows or along them, without a look at where they end, so that numpy has one long line to go along. Good where
    so many follow in the row or the column. values: is written over. spare: room for as much. One of both is the
    result."""
    now, other = values.reshape(-1), spare.reshape(-1)[: values.size]
    done = 1
    while done < count:
        more = min(done, count - done)
        np.maximum(now[: -more * step], now[more * step :], out=other[: -more * step])
        now, other, done = other, now, done + more
    return now.reshape(values.shape)


def boxes(features: FeatureMap) -> NDArray[np.float64]:
    """(windows, 4): x1 y1 x2 y2 in unit coordinates, in the order of `flat`."""
    _, rows, columns = features.values.shape
    down, right = np.meshgrid(starts(rows), starts(columns), indexing="ij")
    x, y = features.left + right.ravel() * features.width, features.top + down.ravel() * features.height
    wide, high = min(SIZE, columns) * features.width, min(SIZE, rows) * features.height
    return np.asarray(np.clip(np.stack([x, y, x + wide, y + high], axis=1), 0.0, 1.0), np.float64)


def shown(name: str, value: float) -> float:
    """A channel of MOTION in its own unit: all but common_motion are kept as log(1 + value)."""
    return float(value if name == "common_motion" else np.expm1(value))


def as_box(row: NDArray[np.float64]) -> Box:
    return float(row[0]), float(row[1]), float(row[2]), float(row[3])
