"""Comparing durations made from epoch seconds.

A float near 1.8e9 resolves 2.4e-7 s, so "3 s later" can come out as 2.9999998 s; whether a rule fires must not hang
on that.
"""

EPSILON_S = 1e-5
LOOK_S = 2.0
"""Two looks up to this far apart are one continuous watch; what lies between looks farther apart is unknown."""
EARLY_S = 0.05
"""A look may be so much too early: of a camera with 12.5 pictures a second five are chosen that are 0.16 and 0.24 s
apart, and whoever waits for 0.2 s in between sees every other one."""


def reached(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are at least `limit` seconds."""
    return elapsed >= limit - EPSILON_S


def due(elapsed: float, every: float) -> bool:
    """Whether it is time for the next of looks that are `every` seconds apart."""
    return reached(elapsed, every - EARLY_S)


def exceeded(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are more than `limit` seconds."""
    return elapsed > limit + EPSILON_S
