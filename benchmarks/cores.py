"""How many cores a measurement may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cores(count: int) -> Iterator[None]:
    """This thread, and what it starts, on so many cores meanwhile, where there are more; also as a decorator."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
