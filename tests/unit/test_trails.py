"""Where links are looked for: nothing that may be linked is left out; and what a merge keeps."""

from copy import copy
from itertools import product
from math import sqrt

import pytest

from aggregator.core.fold import Draft, Times, begin
from aggregator.core.incident import Incident, Source
from aggregator.core.kinship import PAIRS
from aggregator.core.linking import MAX_UNCERTAINTY_M, OPEN_SHARE, Tie, Trail, tie
from aggregator.core.space import Grid
from aggregator.core.trails import SLOT_S, TrailIndex
from contract.events import Location
from contract.kinds import KINDS, Kind
from tests.timeline import START, make_event, place

AT = Times(START.timestamp(), START.timestamp(), None, START.timestamp())
PLACED = [kind for kind in KINDS if KINDS[kind].family != "camera"]
LINKABLE = [(a, b) for a, b in product(PLACED, PLACED) if b in PAIRS[a]]


def trail(kind: Kind, where: Location | None, site: str = "s", camera: str = "a") -> Trail:
    return Trail(site, camera, kind, where, 0.0, 0.0)


def near(index: TrailIndex, probe: Trail) -> list[Trail]:
    return [one for _, one, _ in index.near(probe)]


@pytest.mark.parametrize(("a", "b"), LINKABLE)
def test_whatever_is_near_enough_for_a_link_is_found(a: Kind, b: Kind) -> None:
    index = TrailIndex(Grid(size_m=50))
    farthest = PAIRS[a][b].reach_m + OPEN_SHARE * MAX_UNCERTAINTY_M * sqrt(2) - 1
    index.attach(trail(b, place(farthest, 0, MAX_UNCERTAINTY_M), "other", "b"), "incident")
    assert [one.kind for one in near(index, trail(a, place(0, 0, MAX_UNCERTAINTY_M)))] == [b]


def test_what_was_looked_for_from_elsewhere_in_the_cell_hides_nothing() -> None:
    """Places to look at are kept by the cell that is looked from."""
    index, reach = TrailIndex(Grid(1000.0)), PAIRS[Kind.BRAWL][Kind.BRAWL].reach_m
    for step in range(0, 5000, 100):
        index.attach(trail(Kind.BRAWL, place(step, 0), "other", f"b{step}"), "incident")
    near(index, trail(Kind.BRAWL, place(0, 0)))
    for step in range(0, 5000, 100):
        found = {one.camera for one in near(index, trail(Kind.BRAWL, place(step, 0)))}
        assert {f"b{step + off}" for off in range(0, int(reach), 100) if step + off < 5000} <= found


@pytest.mark.parametrize("looked_first", [False, True])
def test_what_lies_in_another_cell_is_found_whether_looked_from_or_listed_first(looked_first: bool) -> None:
    index = TrailIndex(Grid(50.0))
    probe = trail(Kind.BRAWL, place(0, 0), "other", "probe")
    if looked_first:
        assert near(index, probe) == []
    for number, (east, north) in enumerate(((40, 0), (-40, 40), (0, -70))):
        index.attach(trail(Kind.BRAWL, place(east, north), camera=f"b{number}"), f"incident {number}")
    assert [one.camera for one in near(index, probe)] == ["b0", "b1", "b2"]
    index.drop("incident 1")
    assert [one.camera for one in near(index, probe)] == ["b0", "b2"]


def test_a_trail_whose_place_becomes_known_is_found_there() -> None:
    index = TrailIndex(Grid())
    index.attach(trail(Kind.BRAWL, None), "incident")
    stranger = trail(Kind.BRAWL, place(10, 0), "other", "b")
    assert near(index, stranger) == []
    kept = index.attach(trail(Kind.BRAWL, place(0, 0)), "incident")
    assert near(index, stranger) == [kept]
    assert isinstance(tie(stranger, kept), Tie)
    assert len(index.drop("incident")) == 1
    assert near(index, stranger) == []


def test_what_began_years_ago_is_found_today_and_listed_for_no_longer_than_a_day() -> None:
    index, now = TrailIndex(Grid()), START.timestamp()
    old = Trail("s", "a", Kind.CONGESTION, place(0, 0), now - 5 * 365 * 86_400, now)
    near(index, trail(Kind.CONGESTION, place(0, 0)))
    kept = index.attach(old, "incident")
    hours = 3
    for late in range(0, hours * 3600, 60):
        index.attach(Trail("s", "a", Kind.CONGESTION, place(0, 0), now, now + late), "incident")
    since = now + hours * 3600
    assert near(index, Trail("other", "b", Kind.CONGESTION, place(0, 0), since, since)) == [kept]
    assert near(index, Trail("other", "b", Kind.CONGESTION, place(0, 0), old.first, since)) == [kept]
    assert all(len(one.own) <= 86_400 / SLOT_S for one in index._places.values())
    index.drop("incident")
    assert not any(held for one in index._places.values() for held in one.holders)


def test_trails_that_a_store_kept_come_in_the_order_they_had_before() -> None:
    before = TrailIndex(Grid())
    for camera, incident in (("c", "2"), ("a", "1"), ("b", "1")):
        before.attach(trail(Kind.BRAWL, place(0, 0), camera=camera), incident)
    after = TrailIndex(Grid())
    for incident in ("1", "2"):
        for kept in before.of(incident):
            after.attach(copy(kept), incident)
    after.attach(trail(Kind.BRAWL, place(0, 0), camera="d"), "3")
    probe = trail(Kind.BRAWL, place(0, 0), camera="e")
    assert [one.camera for one in near(after, probe)] == ["c", "a", "b", "d"]


def test_two_that_have_one_key_are_both_found() -> None:
    """An older Jaga numbered them anew with each start."""
    index = TrailIndex(Grid())
    for camera in "abc":
        one = trail(Kind.BRAWL, place(0, 0), camera=camera)
        one.key = 1
        index.attach(one, camera)
    assert {one.camera for one in near(index, trail(Kind.BRAWL, place(0, 0), camera="e"))} == set("abc")
    for camera in "abc":
        assert len(index.drop(camera)) == 1


@pytest.mark.parametrize("turned", [False, True])
def test_a_merge_shows_the_picture_of_the_strongest_event_that_has_one(turned: bool) -> None:
    def incident(camera: str, severity: str, snapshot: str | None) -> Incident:
        event = make_event(0, camera, "brawl", severity=severity, snapshot=snapshot)  # type: ignore[arg-type]
        draft = begin(event.id, event, AT, 0, None)
        draft.add(event, AT, 0, Source("site-1", camera, 0.6), running=True, delayed=False)
        return draft.snapshot()

    weak, strong, mute = (
        incident("a", "minor", "1" * 64),
        incident("b", "major", "2" * 64),
        incident("c", "critical", None),
    )
    kept, absorbed = (strong, weak) if turned else (weak, strong)
    one = Draft(kept)
    one.absorb(Draft(absorbed), 1.0)
    assert one.snapshot().snapshot == "2" * 64
    one.absorb(Draft(mute), 2.0)
    assert one.snapshot().snapshot == "2" * 64
