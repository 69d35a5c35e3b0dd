"""Where the view has lastingly changed, and into what: regions of a look at the background, each with a verdict.

A region grows from what is plainly different to what is faintly so and is judged by its outline and its surroundings
(core.change). Light, and what shows where a thing was taken away, becomes usual; in a zone that a rule watches for that
(`watch`) the latter stays different.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.background import Background, Look, Mask, Window
from edge_agent.core.change import Traits, ends, filled, relit, slopes, traits
from edge_agent.core.regions import Region, labelled, raster
from edge_agent.core.timing import reached
from edge_agent.core.tracks import View
from edge_agent.core.types import Box, Point

CELL = 4
SEED, FILLED = 5, 3
"""Of the CELL x CELL pixels, so many must differ plainly to begin a region, and so many faintly to be part of one."""
STILL_S = 2.5
"""A region is looked at when it has not changed for so long."""
ACCEPT_S = 4.0
"""Light, and what shows where a thing was taken away, is usual after so long."""
GROW = 5
"""Cells: half as many around a region, and half its size, are looked at for its faint parts and its surroundings."""
EVERY_S = 0.9
"""Between looks for regions, at least."""
SMALLEST, LARGEST = 40, 0.06
"""Pixels of the grey picture, and share of it, that a thing covers."""
BULKY = 0.35
"""Of the width and height of the picture: nothing larger was put there by hand."""
SOLID, LONG = 0.3, 5.0
"""A thing covers this share of its box at least and is at most so many times as long as wide."""
COME = 0.12
"""The least score of a thing that has come; below its negative one has gone, between the two it may be either. The
score is how foreign the region is among its surroundings, and OUTLINE of the logarithm of how its outline has grown."""
OUTLINE = 0.3
LIGHT = 0.5
"""From this correlation on the same surface is seen in another light."""
SOFT = 0.1
ENDS = 0.3
"""What has gone had an outline: over more than this share of it the difference ends. A cloud on a floor without edges
had 0.00 to 0.28, what was taken away before real recordings 0.32 to 0.88 at all of 68 looks but two
(docs/design/decisions/rules.md)."""

Verdict = Literal["put", "taken", "light", "unclear", "large", "cut"]


@dataclass(frozen=True, slots=True, eq=False)
class Lasting:
    """A region of lasting difference at one look. window: its pixels and some around; mask: (h, w) of the window.
    verdict: cut where it reaches the border of the picture, so that nobody sees what it is. since: about when it came
    to rest."""

    window: Window
    mask: Mask
    box: Box
    verdict: Verdict
    traits: Traits
    since: float


class Changes:
    """One camera, shared by its rules: `step` at every step, with the same answer for the same picture."""

    def __init__(self) -> None:
        self._background = Background()
        self._found: tuple[Lasting, ...] = ()
        self._t = float("-inf")
        self._serial = 0
        self._marks: list[tuple[Point, ...]] = []

    def watch(self, polygon: tuple[Point, ...], *, mark: bool = False) -> None:
        """A rule looks for what has come or gone here: it never becomes usual. mark: nor do parts that have lost their
        edges, whatever the light does around them. Before the first step."""
        self._background.watch(polygon)
        if mark:
            self._marks.append(polygon)

    def step(self, view: View) -> tuple[Look | None, tuple[Lasting, ...], bool]:
        """The latest look, the latest regions, and whether they were looked for in this very picture."""
        look, fresh = self._background.look(view)
        if look is None or view.t == self._t:
            return look, self._found, fresh
        if not fresh or not reached(view.t - self._t, EVERY_S):
            return look, self._found, False
        self._t = view.t
        self._found = tuple(regions(look)) if look.serial == self._serial else ()
        self._serial = look.serial
        for region in self._found:
            settled = reached(look.t - region.since, ACCEPT_S) and not look.hidden[region.window].any()
            if region.verdict in ("light", "taken") and settled:
                self._accept(look, region)
        return look, self._found, True

    def _accept(self, look: Look, region: Lasting) -> None:
        window, light = region.window, None
        if region.traits.alike >= LIGHT:
            light = region.mask
            for polygon in self._marks:
                mark = raster(polygon, look.shape)[window]
                if (light & mark).any():
                    light = light & (~mark | relit(look.now[window], look.usual[window], light))
        self._background.accept(window, region.mask, light)


def regions(look: Look) -> Iterator[Lasting]:
    """Where the view has differed for STILL_S without change."""
    lasting = look.lasting(STILL_S)
    cells = counts(lasting) >= SEED
    if not cells.any():
        return
    labels, found = labelled(cells)
    taken = np.zeros(look.shape, np.bool_)
    for region in sorted(found, key=lambda region: (-region.area, region.label)):
        grown = _grow(look, lasting, labels, region)
        if grown is None:
            continue
        window, mask = grown
        if (taken[window] & mask).any():
            continue
        taken[window] |= mask
        yield _judged(look, window, mask)


def counts(mask: Mask) -> NDArray[np.uint8]:
    """How many pixels of each whole cell are set: (h / CELL, w / CELL)."""
    height, width = mask.shape[0] // CELL, mask.shape[1] // CELL
    whole = mask[: height * CELL, : width * CELL].view(np.uint8)
    rows = whole.reshape(height, CELL, width * CELL).sum(axis=1, dtype=np.uint8)
    return np.asarray(rows.reshape(height, width, CELL).sum(axis=2, dtype=np.uint8))


def _grow(look: Look, lasting: Mask, labels: NDArray[np.int32], region: Region) -> tuple[Window, Mask] | None:
    """The region's pixels, faint ones included, in a window with some surroundings; None where it is too small."""
    height, width = labels.shape
    pad = (GROW + max(region.bottom - region.top, region.right - region.left)) // 2
    top, bottom = max(0, region.top - pad), min(height, region.bottom + pad)
    left, right = max(0, region.left - pad), min(width, region.right + pad)
    window = slice(top * CELL, bottom * CELL), slice(left * CELL, right * CELL)
    now, usual = look.now[window], look.usual[window]
    apart = np.maximum(now, usual) - np.minimum(now, usual)
    across, down = slopes(usual.astype(np.float32))
    rough = (np.abs(across) + np.abs(down)) / 2
    seen = ~look.hidden[window]
    faint = (apart > look.faint + rough) & (look.age[window] >= STILL_S * 100) & seen
    faint |= lasting[window]
    marks, _ = labelled(counts(faint) >= FILLED)
    own = marks[(labels[top:bottom, left:right] == region.label) & (marks > 0)]
    chosen = np.zeros(int(marks.max()) + 1, np.bool_)
    chosen[own] = True
    part = chosen[marks]
    mask = filled(np.repeat(np.repeat(part, CELL, axis=0), CELL, axis=1) & faint) & seen
    if np.count_nonzero(mask) < SMALLEST:
        return None
    return window, mask


def _judged(look: Look, window: Window, mask: Mask) -> Lasting:
    height, width = look.shape
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    top, bottom = window[0].start + int(rows[0]), window[0].start + int(rows[-1]) + 1
    left, right = window[1].start + int(columns[0]), window[1].start + int(columns[-1]) + 1
    box = (left / width, top / height, right / width, bottom / height)
    now, usual, visible = look.now[window], look.usual[window], ~look.hidden[window]
    marks = traits(now, usual, mask, visible)
    ages = look.age[window][mask & look.differs[window]]
    age = float(np.median(ages[ages >= STILL_S * 100])) / 100
    verdict = _verdict(marks)
    if verdict == "taken" and ends(now, usual, mask, visible) < ENDS:
        verdict = "light"
    area, wide, high = np.count_nonzero(mask), right - left, bottom - top
    if verdict == "put":
        if area > LARGEST * look.now.size or wide > BULKY * width or high > BULKY * height:
            verdict = "large"
        elif area < SOLID * wide * high or max(wide, high) > LONG * min(wide, high):
            verdict = "unclear"
        elif min(left, top) == 0 or right == width or bottom == height:
            verdict = "cut"
    return Lasting(window, mask, box, verdict, marks, look.t - age)


def _verdict(marks: Traits) -> Verdict:
    if marks.alike >= LIGHT:
        return "light"
    score = put_score(marks)
    if score > -COME and marks.sharp < SOFT:
        return "light"
    return "put" if score >= COME else "taken" if score <= -COME else "unclear"


def put_score(marks: Traits) -> float:
    """> 0: something has come, < 0: something has gone. Swapping the two pictures changes the sign."""
    return marks.foreign + OUTLINE * log(marks.outline)
