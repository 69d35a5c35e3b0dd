"""What no way of doing it goes below on this machine: single steps, as bare as they come and at their best."""

import time
from collections.abc import Callable
from functools import cache

import numpy as np

from edge_agent.core.types import Image

ROUNDS, EACH = 40, 25
MEMORY = 1 << 26
"""Bytes; more than any processor keeps near."""


def least(work: Callable[[], object], each: int = EACH) -> float:
    """Seconds of processor time, the least mean of `each` times in a row."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(each):
            work()
        best = min(best, (time.process_time() - began) / each)
    return best


@cache
def reading() -> float:
    """Bytes a second that one core reads from memory: the C library's search for a byte that is not there."""
    nothing = bytes(MEMORY)
    return MEMORY / least(lambda: nothing.find(1), 1)


def difference(luma: Image, threshold: float) -> float:
    """Seconds to compare a tiny luma with one background, and to count what differs."""
    background = luma.astype(np.float32)
    return least(lambda: np.count_nonzero(np.abs(luma - background) > threshold))
