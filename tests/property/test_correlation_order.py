"""Whatever the order in which events come within the watermark, the incidents are the same."""

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.incident import Incident, TransitionRefused, move
from aggregator.core.linking import Link
from aggregator.core.space import Cells, Grid
from aggregator.core.states import STATES, TRANSITIONS, Party, State, allowed
from contract.events import Event
from contract.kinds import Kind
from tests.timeline import START, make_event, place

FAR_AWAY = 1e9
HOLD_S = 30.0
POLICY = CorrelationPolicy(
    reorder_s=HOLD_S,
    max_age_s=FAR_AWAY,
    max_extent_m=FAR_AWAY,
    quiet_s=FAR_AWAY,
    memory_s=FAR_AWAY,
    delayed_after_s=FAR_AWAY,
)
"""Without closings and caps, which depend on what came first by their nature."""


@dataclass(frozen=True)
class Seen:
    camera: int
    kind: Kind
    begin: int
    lasts: int
    confidence: float


SEEN = st.builds(
    Seen,
    camera=st.integers(0, 7),
    kind=st.sampled_from([Kind.BRAWL, Kind.CROWD, Kind.INTRUSION, Kind.REPORT, Kind.SMOKE_FIRE, Kind.CAMERA_COVERED]),
    begin=st.integers(0, 1500),
    lasts=st.integers(1, 300),
    confidence=st.floats(0.1, 0.9).map(lambda value: round(value, 3)),
)


def events_of(seen: list[Seen]) -> list[Event]:
    """Begin and end of each; cameras stand 45 m apart in a row, the last has no known place."""
    events = []
    for index, one in enumerate(seen):
        where = place(one.camera * 45, 0, 30.0) if one.camera < 7 else None
        for phase, t in (("begin", one.begin), ("end", one.begin + one.lasts)):
            events.append(
                make_event(
                    t,
                    f"cam-{one.camera}",
                    one.kind,
                    phase,  # type: ignore[arg-type]
                    episode=str(index),
                    started=one.begin,
                    location=where,
                    confidence=one.confidence,
                )
            )
    return events


def incidents(arrivals: list[tuple[float, Event]], cells: Cells) -> dict[frozenset[str], tuple[object, ...]]:
    """Each set of events that is one incident, with what the incident says about itself. arrivals: when each comes."""
    correlator = Correlator(POLICY, cells)
    members: dict[str, set[str]] = {}
    links: dict[str, Link] = {}
    standing: dict[str, Incident] = {}
    steps = [
        correlator.step((event,), START.timestamp() + at) for at, event in sorted(arrivals, key=lambda one: one[0])
    ]
    steps.append(correlator.tick(START.timestamp() + 10_000))
    assert correlator.waiting == 0
    for step in steps:
        standing.update((one.id, one) for one in step.incidents)
        for one in step.assigned:
            members.setdefault(one.incident, set()).add(one.event.id)
            links[one.event.id] = one.link
        for absorbed, kept in step.merged:
            members.setdefault(kept, set()).update(members.pop(absorbed, set()))
    return {
        frozenset(ids): (_told(standing[one]), {event: links[event] for event in ids}) for one, ids in members.items()
    }


def at_once(events: list[Event]) -> list[tuple[float, Event]]:
    """Each comes when it happens."""
    return [(event.time.timestamp() - START.timestamp(), event) for event in events]


def _told(one: Incident) -> tuple[object, ...]:
    what = one.kind, one.severity, one.raised, one.confidence, one.location, one.sources, one.people, one.reports
    return *what, one.started, one.ended, one.last_event, one.event_count, one.zones


@given(st.lists(SEEN, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_arrival_does_not_matter_within_the_watermark(seen: list[Seen], rng: Random) -> None:
    events = at_once(events_of(seen))
    late = [(at + rng.uniform(0, HOLD_S - 0.01), event) for at, event in events]
    assert incidents(events, Grid()) == incidents(late, Grid())


@given(st.lists(SEEN, min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_the_spatial_index_does_not_matter(seen: list[Seen]) -> None:
    events = at_once(events_of(seen))
    assert incidents(events, Grid()) == incidents(events, H3Cells()) == incidents(events, _OneCell())


AT_ONCE = st.builds(
    Seen,
    camera=st.integers(2, 7),
    kind=st.just(Kind.SMOKE_FIRE),
    begin=st.integers(990, 1010),
    lasts=st.integers(1, 300),
    confidence=st.floats(0.5, 0.9).map(lambda value: round(value, 3)),
)


@given(st.lists(AT_ONCE, min_size=3, max_size=8), st.lists(SEEN, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_nor_where_another_fire_begins_before_several_cameras(
    anew: list[Seen], others: list[Seen], rng: Random
) -> None:
    burns = [Seen(camera, Kind.SMOKE_FIRE, camera * 3, 1200, 0.8) for camera in range(2)]
    events = at_once(events_of([*burns, *anew, *others]))
    late = [(at + rng.uniform(0, HOLD_S - 0.01), event) for at, event in events]
    found = incidents(events, Grid())
    assert found == incidents(late, Grid()) == incidents(events, _OneCell())


class _OneCell:
    """Everything is near everything: the index leaves nothing out."""

    def cell(self, lat: float, lon: float) -> int:
        return 0

    def around(self, lat: float, lon: float, reach_m: float) -> list[int]:
        return [0]


@given(st.sampled_from(STATES), st.sampled_from(STATES), st.sampled_from(["system", "operator"]))
def test_only_what_the_table_says_is_allowed(before: State, to: State, party: Party) -> None:
    one = Incident(
        id="x",
        kind=Kind.BRAWL,
        state=before,
        severity="critical",
        confidence=0.5,
        started=1.0,
        last_event=2.0,
        updated=2.0,
    )
    if party in TRANSITIONS.get((before, to), ()):
        moved, change = move(one, to, 3.0, party=party, actor="a", reason="r")
        assert (moved.state, change.before, change.after, change.time) == (to, before, to, 3.0)
        assert moved.revision == one.revision + 1
        return
    with pytest.raises(TransitionRefused) as refused:
        move(one, to, 3.0, party=party, actor="a", reason="r")
    assert refused.value.allowed == allowed(before)


def test_closed_states_are_final() -> None:
    assert [allowed("resolved"), allowed("false_alarm")] == [(), ()]
    assert all(allowed(state, "operator") for state in STATES[:4])
