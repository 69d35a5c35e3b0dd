"""What a step of the correlation did, for whoever stores it, shows it and answers why."""

from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from aggregator.core.fold import Draft
from aggregator.core.incident import Change, Incident
from aggregator.core.linking import Link
from aggregator.core.rates import Counted, RateKey, Rates
from aggregator.core.severity import Places
from contract.events import Event

Refused = Literal["closed", "age", "extent", "onset"]
"""onset: it began at once before several cameras, long after that incident had; see `attribution`."""


class EpisodeState(Struct, frozen=True, gc=False):
    """Where an episode belongs, and whether it has ended."""

    incident: str
    last: float
    ended: bool


class Assigned(Struct, frozen=True, gc=False):
    """Where one event went and why. refused: incidents it would have joined, and why it did not."""

    event: Event
    received: float
    incident: str
    link: Link
    delayed: bool
    refused: tuple[tuple[str, Refused], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did. incidents: each that changed, as it is now, absorbed ones included. merged: (absorbed, kept), in
    the order it happened; an assignment of the same step may name one that was absorbed after it. moved: (episode,
    from, to) of what an operator split. episodes: those whose state changed without an event. counted: what cameras
    tell anyway, where that has changed."""

    assigned: tuple[Assigned, ...] = ()
    incidents: tuple[Incident, ...] = ()
    changes: tuple[Change, ...] = ()
    merged: tuple[tuple[str, str], ...] = ()
    moved: tuple[tuple[str, str, str], ...] = ()
    episodes: tuple[tuple[str, EpisodeState], ...] = ()
    counted: tuple[Counted, ...] = ()


@dataclass(slots=True)
class Step:
    """What one step has done so far: becomes its Outcome."""

    touched: dict[str, None] = field(default_factory=dict)
    assigned: list[Assigned] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)
    moved: list[tuple[str, str, str]] = field(default_factory=list)
    episodes: dict[str, EpisodeState] = field(default_factory=dict)
    noted: dict[RateKey, None] = field(default_factory=dict)

    def touch(self, incident: str) -> None:
        self.touched[incident] = None

    def outcome(self, drafts: dict[str, Draft], places: Places, rates: Rates) -> Outcome:
        touched = tuple([drafts[one].snapshot(places) for one in self.touched if one in drafts])
        return Outcome(
            tuple(self.assigned),
            touched,
            tuple(self.changes),
            tuple(self.merged),
            tuple(self.moved),
            tuple(self.episodes.items()),
            tuple([rates.counted(key) for key in self.noted]),
        )
