"""Sets of whole numbers as ranges: (first, last) with both ends included, rising, without overlap.

A million numbers that are missing in a row cost one pair. Every function takes and returns such tuples.
"""

from collections.abc import Iterable, Sequence

Range = tuple[int, int]
Ranges = tuple[Range, ...]


def count(ranges: Iterable[Range]) -> int:
    """How many numbers lie in them."""
    return sum(last - first + 1 for first, last in ranges)


def of(numbers: Iterable[int]) -> Ranges:
    """Single numbers, in any order and perhaps twice, as ranges."""
    return union((number, number) for number in numbers)


def union(ranges: Iterable[Range]) -> Ranges:
    """Ranges in any order, overlapping or not, as one set."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def intersect(a: Sequence[Range], b: Sequence[Range]) -> Ranges:
    """What lies in both."""
    common: list[Range] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            common.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(a: Sequence[Range], b: Sequence[Range]) -> Ranges:
    """What lies in `a` and not in `b`."""
    left: list[Range] = []
    j = 0
    for first, last in a:
        start = first
        while j < len(b) and b[j][1] < start:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= last:
            if start < b[k][0]:
                left.append((start, b[k][0] - 1))
            start = b[k][1] + 1
            k += 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def head(ranges: Iterable[Range], most_ranges: int, most_numbers: int) -> Ranges:
    """The lowest numbers, at most so many ranges and so many numbers."""
    taken: list[Range] = []
    room = most_numbers
    for first, last in ranges:
        if room <= 0 or len(taken) == most_ranges:
            break
        taken.append((first, min(last, first + room - 1)))
        room -= taken[-1][1] - first + 1
    return tuple(taken)
