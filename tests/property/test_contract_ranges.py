"""Ranges behave as the sets of numbers that they stand for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract import ranges
from contract.ranges import Range, Ranges

NUMBERS = st.sets(st.integers(1, 40))
PAIRS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def members(of: Ranges) -> set[int]:
    return {number for first, last in of for number in range(first, last + 1)}


def well_formed(found: Ranges) -> bool:
    return all(first <= last for first, last in found) and all(a[1] < b[0] for a, b in pairwise(found))


@given(NUMBERS)
def test_numbers_become_the_fewest_ranges(numbers: set[int]) -> None:
    found = ranges.of(numbers)
    assert members(found) == numbers
    assert well_formed(found)
    assert len(found) == sum(number - 1 not in numbers for number in numbers)
    assert ranges.count(found) == len(numbers)


@given(PAIRS)
def test_union(pairs: list[Range]) -> None:
    found = ranges.union(pairs)
    assert members(found) == members(tuple(pairs))
    assert well_formed(found)


@given(NUMBERS, NUMBERS)
def test_intersection_and_difference(a: set[int], b: set[int]) -> None:
    both = ranges.intersect(ranges.of(a), ranges.of(b))
    rest = ranges.subtract(ranges.of(a), ranges.of(b))
    assert (members(both), members(rest)) == (a & b, a - b)
    assert well_formed(both)
    assert well_formed(rest)


@given(NUMBERS, st.integers(0, 6), st.integers(0, 20))
def test_head_takes_the_lowest(numbers: set[int], most_ranges: int, most_numbers: int) -> None:
    whole = ranges.of(numbers)
    found = ranges.head(whole, most_ranges, most_numbers)
    assert well_formed(found)
    assert len(found) <= most_ranges
    assert ranges.count(found) <= most_numbers
    assert sorted(members(found)) == sorted(numbers)[: ranges.count(found)]
    assert found == whole or len(found) == most_ranges or ranges.count(found) == most_numbers
