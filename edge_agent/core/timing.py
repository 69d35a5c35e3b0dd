"""Comparing durations made from epoch seconds.

A float near 1.8e9 resolves 2.4e-7 s, so "3 s later" can come out as 2.9999998 s; whether a rule fires must not hang
on that.
"""

EPSILON_S = 1e-5
LOOK_S = 2.0
"""Two looks up to this far apart are one continuous watch; what lies between looks farther apart is unknown."""
CLOCK_SET_S = 2.0
"""A time that goes back by more is a clock that was set; by less, two clocks or a rounding that disagree."""
EARLY_S = 0.05
"""A look may be so much too early: of a camera with 12.5 pictures a second five are chosen that are 0.16 and 0.24 s
apart, and whoever waits for 0.2 s in between sees every other one."""


def reached(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are at least `limit` seconds."""
    return elapsed >= limit - EPSILON_S


def due(elapsed: float, every: float) -> bool:
    """Whether it is time for the next of looks that are `every` seconds apart at least, but for EARLY_S."""
    return reached(elapsed, every - EARLY_S)


def exceeded(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are more than `limit` seconds."""
    return elapsed > limit + EPSILON_S


class Rhythm:
    """Looks on a grid of times, so that as many come in a second whatever the camera's own rate."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def due(self, t: float, every: float) -> bool:
        """Whether it is time at `t` for the next of looks that are `every` seconds apart on the mean; if so, it is
        taken. An early one is made up for, a late one by EARLY_S at most: two that are too close show the same."""
        planned = self._at + every
        if not reached(t - planned, -EARLY_S):
            return False
        missed = reached(t - planned, every)
        self._at = t if missed else max(planned, t - EARLY_S)
        return True
