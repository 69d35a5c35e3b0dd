"""Since when is a thing alone? The slow way: one owner, straight from the script of where he was."""

from collections.abc import Sequence


def alone_since(born: float, visits: Sequence[tuple[float, float]], times: Sequence[float]) -> float:
    """The last of `times` at which the owner was there, or when the thing came to rest; visits: (from, to)."""
    there = [t for t in times if any(start <= t <= end for start, end in visits)]
    return max([born, *there])
