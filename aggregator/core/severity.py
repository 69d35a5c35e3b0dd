"""How grave an incident is beyond what its gravest event says, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.core.linking import metres
from aggregator.core.space import Cells, Grid
from contract.events import Location
from contract.kinds import SEVERITIES, Severity

MANY_SOURCES = 4
MANY_PEOPLE = 30
GROWTH = 2.0
GROWN_PEOPLE = 15
MANY_REPORTS = 2
REASONS_A_STEP = 2
"""Two reasons make it one step graver; a sensitive place alone does, too."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sensitive place: a school, a hospital, a station. location.radius_m: how far around it things matter."""

    name: str
    location: Location


class Places:
    """Sensitive places, found by where something is. known: whether there are any. Pure; any thread may read."""

    def __init__(self, places: Iterable[Place] = (), cells: Cells | None = None) -> None:
        self._cells = cells or Grid()
        self._by_cell: dict[int, list[Place]] = {}
        for place in places:
            at = place.location
            for cell in self._cells.around(at.lat, at.lon, at.radius_m):
                self._by_cell.setdefault(cell, []).append(place)
        self.known = bool(self._by_cell)

    def near(self, location: Location) -> tuple[str, ...]:
        """Names of those that this is within reach of, sorted."""
        found = self._by_cell.get(self._cells.cell(location.lat, location.lon), ())
        return tuple(sorted(one.name for one in found if metres(one.location, location) <= one.location.radius_m))


def reasons(sources: int, people: int, people_first: int, reports: int, places: tuple[str, ...]) -> tuple[str, ...]:
    """What makes an incident graver than its events, as `what:how much`. people_first: as many as it began with."""
    if sources < MANY_SOURCES and people < GROWN_PEOPLE and reports < MANY_REPORTS and not places:
        return ()  # as most
    found: list[str] = []
    if sources >= MANY_SOURCES:
        found.append(f"sources:{sources}")
    if people >= MANY_PEOPLE:
        found.append(f"people:{people}")
    if people >= GROWN_PEOPLE and people >= GROWTH * max(1, people_first):
        found.append(f"growth:{people_first}-{people}")
    if reports >= MANY_REPORTS:
        found.append(f"reports:{reports}")
    found += [f"place:{name}" for name in places]
    return tuple(found)


def raised(base: Severity, why: tuple[str, ...]) -> Severity:
    """base: the gravest event's. An incident of severity info is context and stays it, whatever is added."""
    if not why:
        return base
    rank = SEVERITIES.index(base)
    graver = len(why) >= REASONS_A_STEP or any(one.startswith("place:") for one in why)
    return SEVERITIES[min(len(SEVERITIES) - 1, rank + 1)] if graver and rank > 0 else base
