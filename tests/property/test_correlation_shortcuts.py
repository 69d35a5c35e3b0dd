"""What the correlation leaves out to be quick changes nothing: each against what it stands for."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.fold import Times, begin
from aggregator.core.incident import Source
from aggregator.core.linking import Tie, Trail, metres, tie
from aggregator.core.space import Cells, Grid, centre, distance_m
from aggregator.core.trails import TrailIndex
from contract.events import Location
from contract.kinds import KINDS, Kind
from tests.timeline import START, make_event, place

SITES = "abcde"


@st.composite
def trails(draw: st.DrawFn) -> Trail:
    """Of cameras that stand 220 m apart, or about which nothing is known; what a camera tells of lies near it."""
    east, north = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    first = draw(st.integers(0, 6_000))
    last = first + draw(st.integers(0, 4_000))
    at = place(east * 220 + draw(st.integers(0, 40)), north * 220, draw(st.sampled_from([0.0, 55.0, 300.0])))
    return Trail(
        SITES[east],
        SITES[north],
        draw(st.sampled_from([*KINDS, Kind.SMOKE_FIRE, Kind.SMOKE_FIRE])),
        draw(st.sampled_from([at, at, at, None])),
        float(first),
        float(last),
        running={"one": (float(first), float(last))} if draw(st.booleans()) else {},
    )


@given(st.lists(trails(), max_size=25), trails(), st.sampled_from([Grid(150.0), H3Cells()]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_look_finds_all_that_tie_once_each_in_turn_and_tells_how_far_away(
    around: list[Trail], probe: Trail, cells: Cells, looked_first: bool
) -> None:
    index = TrailIndex(cells)
    if looked_first:
        index.near(probe)
    for number, one in enumerate(around):
        index.attach(one, str(number))
    found = index.near(probe)
    keys = [key for key, _, _ in found]
    assert keys == sorted(set(keys))
    assert {one.key for one in around if isinstance(tie(probe, one), Tie)} <= set(keys)
    for _, one, distance in found:
        assert distance == (metres(probe.place, one.place) if probe.place and one.place else None)
        assert tie(probe, one, distance=distance) == tie(probe, one)
    for number in range(len(around)):
        index.drop(str(number))
    assert index.near(probe) == []


SPOTS = st.builds(
    lambda lat, lon, radius_m: Location(lat=lat, lon=(lon + 180.0) % 360.0 - 180.0, radius_m=radius_m),
    st.floats(-6.25, -6.15),
    st.floats(106.7, 106.8) | st.floats(179.95, 180.05),
    st.sampled_from([10.0, 55.0]),
)


@given(st.lists(st.tuples(st.none() | SPOTS, st.floats(0.0, 1.0)), min_size=1, max_size=8), SPOTS, st.booleans())
@example([(place(0, 0), 0.5)], place(2_000.5, 0), False)
@example([(place(-1_999, 0), 0.5), (place(1_999, 0), 0.5)], place(0, 1_999), True)
@settings(max_examples=150, deadline=None)
def test_how_far_an_incident_is_hangs_on_its_place_alone(
    told: list[tuple[Location | None, float]], there: Location, worked_out: bool
) -> None:
    event, now = make_event(0, "gate"), START.timestamp()
    at = Times(now, now, None, now)
    draft = begin(event.id, event, at, now, None)
    for number, (where, confidence) in enumerate(told):
        draft.add(event, at, now, Source("s", str(number), confidence, where), running=False, delayed=False)
    if worked_out:
        draft.place()
    here = centre([(where, confidence) for where, confidence in told if where])
    assert draft.within(there, 2_000.0) == (here is None or distance_m(here, there) <= 2_000.0)


@given(st.permutations(range(6)))
def test_sources_are_shown_in_one_order_whoever_came_first(order: list[int]) -> None:
    event, now = make_event(0, "gate"), START.timestamp()
    at = Times(now, now, None, now)
    draft = begin(event.id, event, at, now, None)
    for number in order:
        source = Source(f"s{number // 3}", f"c{number % 3}", 0.5 + number / 100, place(number * 30, 0, 10.0))
        draft.add(event, at, now, source, running=False, delayed=False)
    shown = draft.snapshot()
    assert [(one.site, one.camera) for one in shown.sources] == [(f"s{n // 3}", f"c{n % 3}") for n in range(6)]
    assert shown.location == centre([(one.location, one.confidence) for one in shown.sources if one.location])
