"""A small language for correlation tests: who saw what at which second, and what has become of it.

city = Timeline(gate=(0, 0), market=(60, 0))        # cameras that look 30 m far, metres east and north
city.at(0).sees("gate", "brawl", confidence=0.6)    # begins an episode
city.at(30).sees("market", "brawl", confidence=0.6)
assert city.groups() == [{"gate", "market"}]
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import cos, radians

import msgspec

from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import Change, Incident
from aggregator.core.linking import Link
from aggregator.core.ports import Batch, EventRow, IncidentRow, LinkRow
from aggregator.core.space import METRES_PER_DEGREE
from aggregator.core.surgery import Told
from aggregator.views import incident_view
from contract.events import (
    Clock,
    Event,
    EventData,
    Evidence,
    Location,
    Measure,
    Phase,
    Subject,
    Why,
    event_source,
    event_type,
    sequence_text,
)
from contract.ids import derived_uuid7
from contract.kinds import KINDS, Kind, Severity

START = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
ORIGIN = (-6.2, 106.8)
CONFIG_HASH = "0123456789abcdef"


def place(east_m: float, north_m: float, radius_m: float = 0.0) -> Location:
    lat = ORIGIN[0] + north_m / METRES_PER_DEGREE
    return Location(lat=lat, lon=ORIGIN[1] + east_m / METRES_PER_DEGREE / cos(radians(lat)), radius_m=radius_m)


def make_event(
    t: float,
    camera: str,
    kind: str = "intrusion",
    phase: Phase = "begin",
    *,
    episode: str = "",
    site: str = "site-1",
    agent: str = "edge-1",
    started: float | None = None,
    confidence: float = 0.6,
    severity: Severity | None = None,
    location: Location | None = None,
    delayed: bool = False,
    number: int = 1,
    snapshot: str | None = None,
    subjects: tuple[Subject, ...] = (),
    zone: str | None = None,
    rule: str = "rule-1",
) -> Event:
    """An event `t` seconds after START. Episodes with the same name, camera and kind are the same."""
    time = START + timedelta(seconds=t)
    began = START + timedelta(seconds=t if started is None else started)
    known = Kind(kind)
    return Event(
        id=derived_uuid7(_ms(time), "event", site, camera, kind, phase, episode, str(t), str(number)),
        source=event_source(site, agent, camera),
        type=event_type(known, phase),
        time=time,
        sequence=sequence_text(number),
        data=EventData(
            camera=camera,
            site=site,
            kind=known,
            phase=phase,
            episode=derived_uuid7(_ms(START), "episode", site, camera, kind, episode),
            started=began,
            ended=time if phase == "end" else None,
            confidence=confidence,
            severity=severity or KINDS[known].severity,
            zone=zone,
            location=location,
            subjects=subjects,
            why=Why(rule=rule, measures=(Measure(name="m", value=t),), model="test", config_hash=CONFIG_HASH),
            evidence=(Evidence(sha256=snapshot, kind="snapshot", time=time),) if snapshot else (),
            clock=Clock(offset_ms=0.0, synchronised=True),
            delayed=delayed,
        ),
    )


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)


@dataclass(frozen=True)
class Taken:
    """What one event did: see aggregator.core.correlation.Assigned and Outcome."""

    incident: str
    link: Link
    refused: tuple[tuple[str, str], ...]
    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...]
    merged: tuple[tuple[str, str], ...]


class Timeline:
    """Feeds a correlator that takes events as they come; `now` is event time plus `lag_s`."""

    def __init__(self, policy: CorrelationPolicy | None = None, **cameras: tuple[float, float] | None) -> None:
        self.correlator = Correlator(replace(policy or CorrelationPolicy(), reorder_s=0.0))
        self.incidents: dict[str, Incident] = {}
        self.changes: list[Change] = []
        self.outcomes: list[Taken] = []
        self._cameras = cameras
        self._events: list[Event] = []
        self._t = 0.0

    def at(self, t: float) -> "Timeline":
        self._t = t
        return self

    def sees(
        self, camera: str, kind: str = "intrusion", phase: Phase = "begin", *, lag_s: float = 0.0, **more: object
    ) -> Taken:
        position = self._cameras[camera]
        location = None if position is None else place(*position, 30.0)
        event = make_event(self._t, camera, kind, phase, location=location, **more)  # type: ignore[arg-type]
        return self.take(event, lag_s)

    def take(self, event: Event, lag_s: float = 0.0) -> Taken:
        self._events.append(event)
        step = self.correlator.step((event,), event.time.timestamp() + lag_s)
        (one,) = step.assigned
        taken = Taken(one.incident, one.link, one.refused, step.incidents, step.changes, step.merged)
        self.outcomes.append(taken)
        self._note(step.incidents, step.changes)
        return taken

    def ticks(self) -> "Timeline":
        step = self.correlator.tick(self.now)
        self._note(step.incidents, step.changes)
        return self

    def operator(self, incident: str, to: str, reason: str = "") -> Incident:
        deed = Deed(action="state", actor="rina", value=to, reason=reason)
        moved, change = self.correlator.act(incident, deed, self.now)
        self._note((moved,), (change,))
        return moved

    def told(self) -> list[Told]:
        """All events so far, as a store gives those of an incident."""
        return [Told(event, event.data.delayed) for event in self._events]

    @property
    def now(self) -> float:
        return START.timestamp() + self._t

    def standing(self) -> list[Incident]:
        """Those that no other absorbed, oldest first."""
        return sorted((one for one in self.incidents.values() if one.merged_into is None), key=lambda one: one.id)

    def groups(self) -> list[set[str]]:
        return [{source.camera for source in one.sources} for one in self.standing()]

    def only(self) -> Incident:
        (one,) = self.standing()
        return one

    def _note(self, incidents: tuple[Incident, ...], changes: tuple[Change, ...]) -> None:
        self.incidents.update((one.id, one) for one in incidents)
        self.changes += changes


def batch_of(city: Timeline, *taken: tuple[Event, Taken]) -> Batch:
    """What the service would write for these events."""
    batch = Batch()
    for event, outcome in taken:
        state = city.correlator.episode(event.data.episode)
        assert state is not None
        batch.episodes[event.data.episode] = state
        batch.events.append(EventRow(event, msgspec.json.encode(event), START.timestamp(), False))
        batch.links.append(LinkRow(event.id, outcome.incident, outcome.link))
        batch.merged += outcome.merged
        batch.changes += outcome.changes
        for one in outcome.incidents:
            batch.incidents[one.id] = IncidentRow(one, city.correlator.trails(one.id), incident_view(one))
    return batch
