"""The same picture again and again: a recorder, a decoder or a cheat repeats the last one."""

import numpy as np

from contract.events import Measure
from edge_agent.core.look import Grid
from edge_agent.core.rules.camera_base import Sight, finding
from edge_agent.core.spec import TamperSpec
from edge_agent.core.timing import due, exceeded, reached
from edge_agent.core.types import Finding

REPEATED, ALIVE = 0.025, 0.05
"""A picture is repeated while less than this share of the small picture's pixels differ at all from the one that began
it: all it may carry is a running clock. What differs by ALIVE from the look before has noise in it."""
LIT = 0.3
"""Black and blown-out pixels have no noise: with fewer than this share of others nothing can be told."""
BARE = 0.6
"""Nor where more than this share of the view shows nothing."""
EVERY_S = 0.4
"""Apart are the pictures compared: in less time little changes that lives."""
MOSTLY, LOOKS = 0.8, 8
"""A camera is known to be noisy when this share of at least so many looks was alive. Looks between which pictures were
passed over do not count: of a still scene, strongly coded, two differ that are seconds apart, and yet many in a row
repeat."""
STILL_S = 60.0
"""Coded pictures of a still scene repeat exactly now and then: a camera not known to be noisy must do so this long."""
OFTEN = 3.0
"""And any must repeat longer than so many times its longest repetition that ended by itself."""


class Frozen:
    """True while the picture repeats, once it has done so longer than this camera ever does."""

    def __init__(self, spec: TamperSpec) -> None:
        self._spec = spec
        self._last: Grid | None = None
        self._held: Grid | None = None
        self._t = 0.0
        self._since: float | None = None
        self._broken: float | None = None
        self._longest = 0.0
        self._alive = self._looks = 0
        self._said: tuple[Finding, ...] = ()

    def step(self, sight: Sight) -> tuple[Finding, ...]:
        if self._last is not None and not due(sight.t - self._t, EVERY_S):
            return self._said
        last, self._last = self._last, sight.look.small
        before, self._t = self._t, sight.t
        self._said = ()
        if last is None or last.shape != self._last.shape:
            self._since = None
            return ()
        lit = (self._last > 0.0) & (self._last < 250.0)
        if np.count_nonzero(lit) < LIT * lit.size or (sight.difference is not None and sight.difference.dull > BARE):
            self._since = None
            return ()
        differing = self._compare(last, self._last, before, sight)
        if self._since is None or self._broken is not None:
            return ()
        repeated = sight.t - self._since
        limit = self._limit()
        if not reached(repeated, limit):
            return ()
        measures = (
            Measure(name="repeated", value=repeated, threshold=limit, unit="s"),
            Measure(name="differing", value=differing, threshold=REPEATED),
        )
        self._said = finding(1.0 - differing / REPEATED / 2, measures, self._since)
        return self._said

    def _compare(self, last: Grid, now: Grid, before: float, sight: Sight) -> float:
        """The share that differs from the picture that is held, where one is, else from the look before.

        A single look that differs (a key frame) does not end a repetition when the held picture comes again after it.
        A still scene so strongly coded that hardly anything changes from picture to picture does: its key frames bring
        other noise, and what little moves in it adds up.
        """
        if self._since is not None:
            assert self._held is not None
            differing = float(np.count_nonzero(self._held != now) / now.size)
            if differing < REPEATED:
                self._broken = None
                return differing
            if self._broken is None:
                self._broken = sight.t
                return differing
            repeated = self._broken - self._since
            if not exceeded(repeated, self._limit()):
                self._longest = max(self._longest, repeated)
            self._since = self._broken = None
        differing = float(np.count_nonzero(last != now) / now.size)
        if differing < REPEATED:
            self._since, self._broken, self._held = before, None, last
        elif not sight.passed:
            self._seems(differing)
        return differing

    def _seems(self, differing: float) -> None:
        """Counts how noisy this camera is."""
        self._looks += 1
        self._alive += differing >= ALIVE
        if self._looks > 1000:
            self._looks, self._alive = self._looks // 2, self._alive // 2

    def _limit(self) -> float:
        noisy = self._looks >= LOOKS and self._alive >= MOSTLY * self._looks
        usual = self._spec.frozen_after_s if noisy else max(STILL_S, self._spec.frozen_after_s)
        return max(usual, OFTEN * self._longest)
