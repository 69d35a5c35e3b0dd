"""Things that were put into the view and have stayed: from a look at the background to regions with a history.

A region of lasting difference grows from what is plainly different to what is faintly so, is judged by its outline
(core.change), and becomes a thing. A thing keeps a small picture of itself, so that it outlives a change of light, a
passer-by before it and the picture that was usual without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.background import Background, Look, Mask, Window
from edge_agent.core.change import Traits, correlation, dilated, filled, slopes, traits
from edge_agent.core.regions import Region, labelled
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.types import Box, Image

CELL = 4
SEED, FILLED = 5, 3
"""Of the CELL x CELL pixels, so many must differ plainly to begin a region, and so many faintly to be part of one."""
STILL_S = 2.5
"""A region is looked at when it has not changed for so long."""
ACCEPT_S = 4.0
"""Light, and what shows where a thing was taken away, is usual after so long."""
GROW = 6
"""Pixels around a region that are looked at for its faint parts and its surroundings, beside half its size."""
SMALLEST, LARGEST = 40, 0.06
"""Pixels of the grey picture, and share of it, that a thing covers."""
BULKY = 0.35
"""Of the width and height of the picture: nothing larger was put there by hand."""
COME = 0.1
"""The least score of a thing that has come; below its negative one has gone, between the two it may be either. The
score is how foreign the region is among its surroundings, and OUTLINE of the logarithm of how its outline has grown."""
OUTLINE = 0.3
LIGHT = 0.6
"""From this correlation on the same surface is seen in another light."""
SOFT = 0.1
SHOWS = 0.55
"""A thing is still there where this share of its pixels shows it, or where its slopes correlate so."""
HIDDEN = 0.5
"""Where more than this share of it is hidden, nobody can tell whether it is there."""
GONE_S, AGAIN_S = 4.0, 8.0
"""Unseen for so long it is gone; what appears in its place within so long is the same thing, moved or toppled."""
SAME = 0.3
MOST_THINGS = 32

Verdict = Literal["put", "taken", "light", "unclear", "large"]


@dataclass(frozen=True, slots=True, eq=False)
class Lasting:
    """A region of lasting difference at one look. window: its pixels and some around; mask: (h, w) of the window."""

    window: Window
    mask: Mask
    box: Box
    verdict: Verdict
    traits: Traits
    since: float


@dataclass(slots=True, eq=False)
class Thing:
    """box: unit coordinates. template, under: crops of what its window shows with it and showed before. born: when it
    came to rest. shaped: since when it has its shape. seen: last. hidden: now, so that nobody can tell."""

    number: int
    box: Box
    window: Window
    mask: Mask
    template: Image
    under: Image
    traits: Traits
    born: float
    shaped: float
    seen: float
    hidden: bool = False


class Things:
    """One camera: `step` with every look, in order."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._things: list[Thing] = []
        self._lost: list[Thing] = []
        self._number = 0
        self._serial = 0
        self.regions: list[Lasting] = []

    def step(self, look: Look) -> list[Thing]:
        """The things that are there now, hidden ones included."""
        found = list(regions(look)) if look.serial == self._serial else []
        self._serial = look.serial
        self.regions = found
        met: set[int] = set()
        for region in found:
            if region.verdict in ("taken", "light"):
                if reached(look.t - region.since, ACCEPT_S) and not look.hidden[region.window].any():
                    self._background.accept(region.window, region.mask)
            elif region.verdict == "put":
                met.add(self._meet(region, look))
        for thing in self._things:
            if thing.number not in met:
                self._recognise(thing, look)
        self._lost = [t for t in self._lost if not exceeded(look.t - t.seen, GONE_S + AGAIN_S)]
        gone = [t for t in self._things if exceeded(look.t - t.seen, GONE_S)]
        self._lost += gone
        self._things = [t for t in self._things if t not in gone][-MOST_THINGS:]
        return self._things

    def _meet(self, region: Lasting, look: Look) -> int:
        """The thing this region shows: a known one, one that has just gone from here, or a new one."""
        for known in (self._things, self._lost):
            for thing in known:
                if overlap(thing.box, region.box) >= SAME:
                    if known is self._lost:
                        self._lost.remove(thing)
                        self._things.append(thing)
                    self._update(thing, region, look)
                    return thing.number
        self._number += 1
        shown, under = look.now[region.window].copy(), look.usual[region.window].copy()
        self._things.append(
            Thing(
                self._number,
                region.box,
                region.window,
                region.mask,
                shown,
                under,
                region.traits,
                region.since,
                look.t,
                look.t,
            )
        )
        return self._number

    def _update(self, thing: Thing, region: Lasting, look: Look) -> None:
        thing.seen, thing.hidden = look.t, False
        area, before = np.count_nonzero(region.mask), np.count_nonzero(thing.mask)
        if overlap(thing.box, region.box, union=True) < 0.5:
            thing.shaped = look.t
        elif area < before and look.hidden[region.window].any():
            return
        thing.box, thing.window, thing.mask, thing.traits = region.box, region.window, region.mask, region.traits
        thing.template, thing.under = look.now[region.window].copy(), look.usual[region.window].copy()

    def _recognise(self, thing: Thing, look: Look) -> None:
        """Whether it is there although it does not differ: hidden, or taken into what is usual."""
        visible = thing.mask & ~look.hidden[thing.window]
        area = np.count_nonzero(thing.mask)
        thing.hidden = bool(np.count_nonzero(visible) < HIDDEN * area)
        if thing.hidden:
            thing.seen = look.t
            return
        now = look.now[thing.window]
        with_it = _likeness(now, thing.template, visible, look.faint)
        if with_it >= SHOWS and with_it > _likeness(now, thing.under, visible, look.faint):
            thing.seen = look.t


def _likeness(now: Image, was: Image, where: Mask, faint: int) -> float:
    """0..1: by grey levels or, in another light, by slopes."""
    a, b = now.astype(np.float32), was.astype(np.float32)
    same = float((np.abs(a - b)[where] <= 2 * faint).mean())
    return max(same, correlation(slopes(a), slopes(b), dilated(where)))


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
    height, width = look.shape
    pad = GROW + CELL * max(region.bottom - region.top, region.right - region.left) // 2
    window = (
        slice(max(0, region.top * CELL - pad), min(height, region.bottom * CELL + pad)),
        slice(max(0, region.left * CELL - pad), min(width, region.right * CELL + pad)),
    )
    now, usual = look.now[window], look.usual[window]
    apart = np.maximum(now, usual) - np.minimum(now, usual)
    across, down = slopes(usual.astype(np.float32))
    rough = (np.abs(across) + np.abs(down)) / 2
    faint = (apart > look.faint + rough) & (look.age[window] >= STILL_S * 100) & ~look.hidden[window]
    near = dilated(dilated(lasting[window]))
    faint |= near & lasting[window]
    marks, found = labelled(faint)
    seeds = np.repeat(np.repeat(labels == region.label, CELL, axis=0), CELL, axis=1)
    full = np.zeros(look.shape, np.bool_)
    full[: seeds.shape[0], : seeds.shape[1]] = seeds
    touched = np.unique(marks[full[window] & faint])
    touched = touched[touched > 0]
    mask = filled(np.isin(marks, touched)) & ~look.hidden[window]
    if np.count_nonzero(mask) < SMALLEST:
        return None
    return window, mask


def _judged(look: Look, window: Window, mask: Mask) -> Lasting:
    height, width = look.shape
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    top, bottom = window[0].start + int(rows[0]), window[0].start + int(rows[-1]) + 1
    left, right = window[1].start + int(columns[0]), window[1].start + int(columns[-1]) + 1
    box = (left / width, top / height, right / width, bottom / height)
    marks = traits(look.now[window], look.usual[window], mask, ~look.hidden[window])
    age = float(np.median(look.age[window][mask & look.differs[window]])) / 100
    verdict = _verdict(marks)
    if (
        np.count_nonzero(mask) > LARGEST * look.now.size
        or right - left > BULKY * width
        or bottom - top > BULKY * height
    ):
        verdict = "light" if verdict == "light" else "large"
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


def overlap(a: Box, b: Box, *, union: bool = False) -> float:
    """Shared area over the smaller box, or over the union."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    one, two = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    shared = wide * high
    whole = one + two - shared if union else min(one, two)
    return shared / whole if whole > 0 else 0.0
