"""What of an agent's events has come: their numbers count without gaps, per agent, so what is missing is known."""

from msgspec import Struct
from msgspec.structs import replace

from contract import ranges
from contract.ranges import Ranges

MAX_HOLES = 1000
"""Holes remembered one by one, each of any length; beyond that only how much is missing."""


class Sequence(Struct, frozen=True, gc=False):
    """last: the highest number seen. holes: those below it that have not come and may still. uncounted: missing ones in
    holes too many to remember. lost: those that the agent no longer has; forgotten: how many more were lost. restarts:
    how often the numbers began anew (an agent that lost its disk)."""

    last: int
    holes: Ranges = ()
    uncounted: int = 0
    restarts: int = 0
    lost: Ranges = ()
    forgotten: int = 0

    @property
    def gaps(self) -> int:
        """How many have not come and may still."""
        return ranges.count(self.holes) + self.uncounted

    @property
    def lost_for_good(self) -> int:
        return ranges.count(self.lost) + self.forgotten


def observe(before: Sequence | None, number: int) -> Sequence:
    """After one more event that is no duplicate; the first one heard of an agent makes no gap."""
    if before is not None and number == before.last + 1:  # as nearly always
        return Sequence(number, before.holes, before.uncounted, before.restarts, before.lost, before.forgotten)
    after = settle(before, number)
    if after is not before:
        return after
    if after.uncounted:
        return replace(after, uncounted=after.uncounted - 1)
    return Sequence(number, restarts=after.restarts + 1, forgotten=after.lost_for_good + after.gaps)


def settle(before: Sequence | None, number: int) -> Sequence:
    """After an event that came but is not new (a duplicate), or could not be taken: it is not missing. Returns `before`
    itself where that says nothing new."""
    if before is None:
        return Sequence(number)
    if number > before.last:
        return _reach(before, number - 1, number)
    this = ((number, number),)
    if ranges.intersect(before.holes, this):
        return replace(before, holes=ranges.subtract(before.holes, this))
    if ranges.intersect(before.lost, this):
        return replace(before, lost=ranges.subtract(before.lost, this))
    return before


def give_up(before: Sequence, gone: Ranges) -> Sequence:
    """After the agent said that it has these no longer; of those that came nevertheless nothing is lost."""
    if not gone:
        return before
    reached = _reach(before, gone[-1][1], gone[-1][1]) if gone[-1][1] > before.last else before
    taken = ranges.intersect(reached.holes, gone)
    lost = ranges.union((*reached.lost, *taken))
    surplus = lost[:-MAX_HOLES]
    return replace(
        reached,
        holes=ranges.subtract(reached.holes, taken),
        lost=lost[len(surplus) :],
        forgotten=reached.forgotten + ranges.count(surplus),
    )


def _reach(before: Sequence, missing_to: int, last: int) -> Sequence:
    """`last` is the highest number now, and what lies between up to `missing_to` has not come."""
    if missing_to == before.last:
        return Sequence(last, before.holes, before.uncounted, before.restarts, before.lost, before.forgotten)
    if len(before.holes) >= MAX_HOLES:
        return replace(before, last=last, uncounted=before.uncounted + missing_to - before.last)
    return replace(before, last=last, holes=ranges.union((*before.holes, (before.last + 1, missing_to))))
