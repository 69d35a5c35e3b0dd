"""Comparing durations made from epoch seconds.

A float near 1.8e9 resolves 2.4e-7 s, so "3 s later" can come out as 2.9999998 s; whether a rule fires must not hang
on that.
"""

EPSILON_S = 1e-5
LOOK_S = 2.0
"""Two looks up to this far apart are one continuous watch; what lies between looks farther apart is unknown."""


def reached(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are at least `limit` seconds."""
    return elapsed >= limit - EPSILON_S


def exceeded(elapsed: float, limit: float) -> bool:
    """Whether `elapsed` seconds are more than `limit` seconds."""
    return elapsed > limit + EPSILON_S
