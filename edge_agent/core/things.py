"""Things that were put into the view and have stayed: regions of lasting change with a history.

A thing keeps a small picture of itself and of what was there before, so that it outlives a change of light, a passer-by
before it and the picture that was usual without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.background import LONGEST_S, Look, Mask, Window
from edge_agent.core.change import Traits, correlation, dilated, shading, slopes
from edge_agent.core.changes import Lasting
from edge_agent.core.overlap import pair_cover, pair_iou
from edge_agent.core.timing import exceeded
from edge_agent.core.types import Box, Image

TOGETHER, AT_ONCE_S = 4, 1.5
"""So many regions that come up at once were not put there by a person: a caption, a cut, another light."""
SHOWS = 0.55
"""A thing is still there where this share of its pixels shows it, or where its slopes correlate so."""
HIDDEN = 0.5
"""Where more than this share of it is hidden, nobody can tell whether it is there."""
GONE_S, AGAIN_S = 4.0, 8.0
"""Unseen for so long it is gone; what appears in its place within so long is the same thing, moved or toppled."""
SAME, ANEW = 0.3, 0.5
"""Overlap over the smaller box from which a region is a known thing, and over the union below which it has another
shape."""
MOST_THINGS = 32
PARTED_S = 3.0
"""Things that came at once, seen for less than this with nobody before them, over all of which one region lies now,
were parts of one: its owner had left only those to be seen."""
EVEN, SHADED = 0.75, 0.22
"""A drop on the dome shows its surroundings bent and without detail, bright on one side and dark on the other: a plane
explains EVEN of its variance, and its grey levels vary by SHADED of what they differ from the usual ones at least. A
plain thing varies less, any other has more detail."""

RESTLESS = 0.5
"""A thing keeps still: on the mean no larger share of its pixels changes between two looks, beyond that of the picture
as a whole. On a screen, or where a lamp flashes, more does."""
LINE, STROKES, SPILL = 4.0, 0.1, 8.0
"""A letter of a line: up to LINE of its heights to its left or right, at three of four looks and more, so much of a
square of its height has changed (other digits do), and above and below that line not a SPILL-th of it."""


@dataclass(slots=True, eq=False)
class Thing:
    """box: unit coordinates. template, under: crops of what its window shows with it and showed before. born: when it
    came to rest. shaped: since when it has its shape. seen: last. hidden: now, so that nobody can tell. open_s: for how
    long it was seen with nobody before it. looks: at which it differed, and drops: those of them at which it was like a
    drop on the dome. watched: looks at which it was not hidden, stirred: shares of it that had changed at them, beyond
    that of the picture, in all, and lines: how often a line beside it had."""

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
    open_s: float = 0.0
    looks: int = 0
    drops: int = 0
    watched: int = 0
    stirred: float = 0.0
    lines: int = 0

    @property
    def on_display(self) -> bool:
        """Whether it is part of what a screen, a lamp or a clock shows."""
        return self.stirred > RESTLESS * self.watched or 4 * self.lines > 3 * self.watched

    @property
    def drop(self) -> bool:
        """Whether it was like one at half of them or more."""
        return 2 * self.drops >= self.looks

    def judge_drop(self) -> None:
        """Once for each look at which it differs."""
        varies, even = shading(self.template, self.mask)
        self.looks += 1
        self.drops += even >= EVEN and varies >= SHADED * self.traits.step


class Things:
    """One camera: `step` with every look, in order."""

    def __init__(self) -> None:
        self._things: list[Thing] = []
        self._lost: list[Thing] = []
        self._number = 0
        self._t = 0.0
        self._shape = (0, 0)

    def step(self, look: Look, found: Sequence[Lasting]) -> list[Thing]:
        """The things that are there now, hidden ones included. found: what lasts in this look."""
        if look.shape != self._shape:  # what a thing keeps of itself fits no other picture
            self._things, self._lost, self._shape = [], [], look.shape
        met: set[int] = set()
        since, self._t = self._t, look.t
        known = list(self._things)
        for region in found:
            shown = [thing for thing in self._things if pair_cover(thing.box, region.box) >= SAME]
            if len(shown) > 1 and region.verdict == "put" and _parts(shown):
                shown[0].born = min(thing.born for thing in shown)
                self._things = [thing for thing in self._things if thing not in shown[1:]]
                shown = shown[:1]
            # Things side by side can run into one region: then each goes by the picture it keeps of itself.
            if len(shown) < 2 and region.verdict == "put" and (number := self._meet(region, found, look)) is not None:
                met.add(number)
        for thing in self._things:
            if thing.number not in met:
                self._recognise(thing, look)
        if known:
            self._watch(known, look, min(look.t - since, LONGEST_S))
        self._lost = [t for t in self._lost if not exceeded(look.t - t.seen, GONE_S + AGAIN_S)]
        gone = [t for t in self._things if exceeded(look.t - t.seen, GONE_S)]
        self._lost += gone
        self._things = [t for t in self._things if t not in gone][-MOST_THINGS:]
        return self._things

    def _watch(self, known: Sequence[Thing], look: Look, elapsed: float) -> None:
        """What has happened to those that were there at the look before, as far as nobody hides them."""
        changed = look.age < round(elapsed * 100)
        everywhere = float(changed.mean())
        changed &= ~look.hidden
        for thing in known:
            if thing.hidden:
                continue
            if thing.seen == look.t:
                thing.open_s += elapsed
            thing.watched += 1
            visible = thing.mask & ~look.hidden[thing.window]
            stirred = int(np.count_nonzero(changed[thing.window] & visible)) / max(int(np.count_nonzero(visible)), 1)
            thing.stirred += max(stirred - everywhere, 0.0)
            thing.lines += _line_beside(thing.box, changed)

    def _meet(self, region: Lasting, found: Sequence[Lasting], look: Look) -> int | None:
        """The thing this region shows: a known one, one that has just gone from here, or a new one; None where too much
        has come up at once."""
        for known in (self._things, self._lost):
            for thing in known:
                if pair_cover(thing.box, region.box) >= SAME:
                    if known is self._lost:
                        self._lost.remove(thing)
                        self._things.append(thing)
                    self._update(thing, region, look)
                    return thing.number
        new = [other for other in found if other.verdict not in ("light", "taken")]
        if sum(not exceeded(abs(other.since - region.since), AT_ONCE_S) for other in new) >= TOGETHER:
            return None
        self._number += 1
        shown, under = look.now[region.window].copy(), look.usual[region.window].copy()
        thing = Thing(
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
        thing.judge_drop()
        self._things.append(thing)
        return self._number

    def _update(self, thing: Thing, region: Lasting, look: Look) -> None:
        thing.seen, thing.hidden = look.t, False
        area, before = np.count_nonzero(region.mask), np.count_nonzero(thing.mask)
        if area < before and look.hidden[region.window].any():
            return
        if pair_iou(thing.box, region.box) < ANEW:
            thing.shaped = look.t
        thing.box, thing.window, thing.mask, thing.traits = region.box, region.window, region.mask, region.traits
        thing.template, thing.under = look.now[region.window].copy(), look.usual[region.window].copy()
        thing.judge_drop()

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


def _parts(things: Sequence[Thing]) -> bool:
    """Whether they are parts of one that was not yet to be seen as a whole."""
    born = [thing.born for thing in things]
    return max(born) - min(born) <= AT_ONCE_S and all(thing.open_s < PARTED_S for thing in things)


def _line_beside(box: Box, changed: Mask) -> bool:
    """Whether what has changed to the left and right of a box ends with its line: see LINE."""
    rows, columns = changed.shape
    left, right = round(box[0] * columns), round(box[2] * columns)
    top, bottom = round(box[1] * rows), round(box[3] * rows)
    high = max(bottom - top, 2)
    reach, half = round(LINE * high), high // 2
    first = max(top - half - high, 0)
    around = changed[first : bottom + half + high, max(left - reach, 0) : right + reach]
    beside = np.count_nonzero(around, axis=1)
    beside -= np.count_nonzero(changed[first : bottom + half + high, left:right], axis=1)
    begin = max(top - half, 0) - first
    within = int(beside[begin : bottom + half - first].sum())
    return within >= STROKES * high * high and SPILL * (int(beside.sum()) - within) <= within


def _likeness(now: Image, was: Image, where: Mask, faint: int) -> float:
    """0..1: by grey levels or, in another light, by slopes."""
    a, b = now.astype(np.float32), was.astype(np.float32)
    same = float((np.abs(a - b)[where] <= 2 * faint).mean())
    return max(same, correlation(slopes(a), slopes(b), dilated(where)))
