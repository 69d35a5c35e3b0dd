"""Gaps in an agent's event numbers: what was sent and has not arrived. Numbers count without gaps, per agent."""

from dataclasses import dataclass, replace

MAX_MISSING = 1000
"""Numbers remembered one by one; beyond that only their count is kept."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """last: the highest number seen. missing: those below it that have not come. uncounted: missing ones too many to
    remember. restarts: how often the numbers began anew (an agent that lost its disk)."""

    last: int
    missing: frozenset[int] = frozenset()
    uncounted: int = 0
    restarts: int = 0

    @property
    def gaps(self) -> int:
        return len(self.missing) + self.uncounted


def observe(before: Sequence | None, number: int) -> Sequence:
    """After one more event that is no duplicate; the first one heard of an agent makes no gap."""
    if before is None:
        return Sequence(number)
    if number > before.last:
        new = range(before.last + 1, number)
        room = max(0, MAX_MISSING - len(before.missing))
        return replace(
            before,
            last=number,
            missing=before.missing.union(new[:room]),
            uncounted=before.uncounted + max(0, len(new) - room),
        )
    if number in before.missing:
        return replace(before, missing=before.missing - {number})
    if before.uncounted:
        return replace(before, uncounted=before.uncounted - 1)
    return Sequence(number, restarts=before.restarts + 1)
