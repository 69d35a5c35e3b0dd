"""What begins at once before several cameras, and what follows soon or not at all."""

import pytest

from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.linking import SUDDEN_S, Tie, Trail, tie
from contract.kinds import Kind
from tests.timeline import START, Timeline, make_event, place

STREET = {f"cam-{n}": (n * 20.0, 0.0) for n in range(8)}


def street() -> Timeline:
    return Timeline(None, **STREET)


def smoke(camera: str, east_m: float, first: float) -> Trail:
    return Trail("monas", camera, Kind.SMOKE_FIRE, place(east_m, 0, 30.0), first, first)


def burning(city: Timeline) -> str:
    """Two cameras see a fire from its beginning, and go on to see it."""
    fire = city.at(0).sees("cam-0", "smoke_fire", confidence=0.8).incident
    assert city.at(4).sees("cam-1", "smoke_fire", confidence=0.8).incident == fire
    for t in range(100, 1000, 100):
        city.at(t).sees("cam-0", "smoke_fire", "update", started=0, confidence=0.8)
    return fire


def test_smoke_that_two_cameras_see_at_once_from_far_is_one_fire() -> None:
    city = Timeline(north=(0, 0), south=(250, 0), later=(0, 250))
    fire = city.at(0).sees("north", "smoke_fire", confidence=0.8).incident
    assert city.at(3).sees("south", "smoke_fire", confidence=0.8).incident == fire
    assert city.at(300).sees("later", "smoke_fire", confidence=0.8).incident != fire


@pytest.mark.parametrize("later_s", [5.0, 15.0, SUDDEN_S + 1])
def test_the_more_nearly_at_once_the_stronger_the_tie(later_s: float) -> None:
    at_once, after = (tie(smoke("a", 0, t), smoke("b", 60, 0)) for t in (0.0, later_s))
    assert isinstance(at_once, Tie)
    assert isinstance(after, Tie)
    assert at_once.rate > after.rate


def test_three_more_cameras_that_see_a_fire_at_once_long_after_it_began_see_another() -> None:
    city = street()
    first = burning(city)
    for t, camera in ((1000, "cam-3"), (1002, "cam-4")):
        assert city.at(t).sees(camera, "smoke_fire", confidence=0.8).incident == first
    third = city.at(1004).sees("cam-5", "smoke_fire", confidence=0.8)
    assert (third.link.kind, dict(third.refused)[first]) == ("first", "onset")
    assert city.at(1006).sees("cam-6", "smoke_fire", confidence=0.8).incident == third.incident
    city.at(1040).sees("cam-5", "smoke_fire", "update", started=1004, confidence=0.8)
    second = city.incidents[third.incident]
    assert (second.merged_into, second.previous, second.apart) == (None, None, (first,))


BEGUN = {"cam-3": 1000, "cam-4": 1002}


def two_fires() -> tuple[Timeline, str, str]:
    """What the first two cameras of the second one had told by then was told of the first."""
    city = street()
    first = burning(city)
    for camera, t in BEGUN.items():
        assert city.at(t).sees(camera, "smoke_fire", confidence=0.8).incident == first
    return city, first, city.at(1004).sees("cam-5", "smoke_fire", confidence=0.8).incident


def test_what_the_first_two_of_another_fire_go_on_to_tell_is_the_other_fires() -> None:
    """What they had told by then stays where it was told; who saw the first fire before goes on to see it."""
    city, first, second = two_fires()
    for t, (camera, begun) in zip((1030, 1032), BEGUN.items(), strict=True):
        told = city.at(t).sees(camera, "smoke_fire", "update", started=begun, confidence=0.8)
        assert (told.incident, told.link.kind) == (second, "episode")
    why = {one.incident: one.reason for one in city.changes if one.before == one.after}
    assert why == {first: f"went_over:{second}", second: f"came_over:{first}"}
    assert city.at(1034).sees("cam-0", "smoke_fire", "update", started=0, confidence=0.8).incident == first
    one, other = city.incidents[first], city.incidents[second]
    assert ({source.camera for source in other.sources}, other.merged_into) == ({"cam-3", "cam-4", "cam-5"}, None)
    assert (one.event_count, len(one.running), other.event_count, len(other.running)) == (14, 2, 3, 3)
    city.at(1100).sees("cam-3", "smoke_fire", "end", started=1000, confidence=0.8)
    assert len(city.incidents[second].running) == 2


@pytest.mark.parametrize("taken_out", ["cam-0", "cam-3"])
def test_an_operators_split_of_the_first_fire_takes_nothing_back(taken_out: str) -> None:
    city, first, second = two_fires()
    told = [item for item in city.told() if item.event.data.camera != "cam-5"]
    episodes = {item.event.data.camera: item.event.data.episode for item in told}
    deed = Deed(action="split", actor="rina", value=episodes[taken_out])
    outcome = city.correlator.split(first, told, deed, city.now)
    ((_, _, fresh),) = outcome.moved
    running = {one.id: {camera for camera in episodes if episodes[camera] in one.running} for one in outcome.incidents}
    assert running[fresh] == {"cam-0", "cam-1"} & {taken_out}
    assert running[first] == {"cam-0", "cam-1"} - {taken_out}
    assert {trail.camera for trail in city.correlator.trails(second)} == {"cam-3", "cam-4", "cam-5"}
    for camera, started in BEGUN.items():
        told_last = city.at(1100).sees(camera, "smoke_fire", "end", started=started, confidence=0.8)
        assert told_last.incident == second
    assert len(city.incidents[second].running) == 1, "of cam-5 alone"


def test_a_store_is_told_what_went_over_to_another_fire() -> None:
    city = street()
    first = burning(city)
    for t, camera in ((1000, "cam-3"), (1002, "cam-4")):
        city.at(t).sees(camera, "smoke_fire", confidence=0.8)
    third = make_event(1004, "cam-5", "smoke_fire", location=place(100, 0, 30.0), confidence=0.8)
    step = city.correlator.step((third,), START.timestamp() + 1004)
    second = step.assigned[0].incident
    assert {one.id for one in step.incidents} == {first, second}
    assert [state.incident for _, state in step.episodes] == [second, second]
    cameras = [{trail.camera for trail in city.correlator.trails(one)} for one in (first, second)]
    assert cameras == [{"cam-0", "cam-1"}, {"cam-3", "cam-4", "cam-5"}]


def test_what_began_anew_stays_another_fire_when_the_first_is_found_to_be_of_an_older_one() -> None:
    city = Timeline(None, **STREET, west=(-400.0, 0.0))
    older = city.at(-60).sees("west", "smoke_fire", confidence=0.8).incident
    first = burning(city)
    for t, camera in ((1000, "cam-3"), (1002, "cam-4")):
        city.at(t).sees(camera, "smoke_fire", confidence=0.8)
    second = city.at(1004).sees("cam-5", "smoke_fire", confidence=0.8).incident
    memory = city.correlator._memory
    assert len({older, first, second}) == 3
    memory.absorb(memory.drafts[older], memory.drafts[first], START.timestamp() + 1010)
    assert memory.apart(memory.drafts[second], memory.drafts[older])
    city.at(1040).sees("cam-5", "smoke_fire", "update", started=1004, confidence=0.8)
    assert memory.drafts[second].merged_into is None


def test_cameras_that_come_one_by_one_see_the_same_fire() -> None:
    city = street()
    first = burning(city)
    for t, camera in ((1000, "cam-3"), (1060, "cam-4"), (1120, "cam-5"), (1180, "cam-6")):
        assert city.at(t).sees(camera, "smoke_fire", confidence=0.8).incident == first


def test_all_that_see_a_fire_when_it_begins_see_one() -> None:
    city = street()
    for second, camera in enumerate(STREET):
        city.at(second * 3).sees(camera, "smoke_fire", confidence=0.8)
    assert len(city.only().sources) == len(STREET)


def test_a_fight_that_comes_by_a_crossing_with_many_cameras_is_the_same_fight() -> None:
    city = street()
    fight = city.at(0).sees("cam-0", "brawl", confidence=0.8).incident
    for t in range(30, 300, 30):
        city.at(t).sees("cam-0", "brawl", "update", started=0, confidence=0.8)
    for second, camera in enumerate(("cam-1", "cam-2", "cam-3")):
        assert city.at(300 + second).sees(camera, "brawl", confidence=0.8).incident == fight


def test_what_was_shown_before_its_turn_is_another_fire_all_the_same() -> None:
    """With the wait for order, what is critical is announced before it is known where it belongs."""
    correlator = Correlator(CorrelationPolicy(reorder_s=2.0))
    told = [(0, "cam-0"), (4, "cam-1"), (1000, "cam-3"), (1002, "cam-4"), (1004, "cam-5"), (1006, "cam-6")]
    went: dict[str, str] = {}
    for t in range(1020):
        now = START.timestamp() + t
        due = [
            make_event(t, camera, "smoke_fire", location=place(*STREET[camera], 30.0), confidence=0.8)
            for at, camera in told
            if at == t
        ]
        if t % 100 == 0 and t not in (0, 1000):
            where = place(0, 0, 30.0)
            due.append(make_event(t, "cam-0", "smoke_fire", "update", started=0, location=where, confidence=0.8))
        for step in (correlator.tick(now), correlator.step(due, now)):
            went |= {one.event.data.camera: one.incident for one in step.assigned}
    assert went["cam-0"] == went["cam-1"] == went["cam-3"] == went["cam-4"] != went["cam-5"] == went["cam-6"]
    second = correlator.get(went["cam-5"])
    assert second is not None
    assert (second.state, second.apart, second.merged_into) == ("open", (went["cam-0"],), None)


@pytest.mark.parametrize(("after_s", "joins"), [(240, True), (900, False)])
def test_onlookers_come_within_minutes_of_a_fires_beginning(after_s: int, joins: bool) -> None:
    city = Timeline(gate=(0, 0), market=(20, 0))
    fire = city.at(0).sees("gate", "smoke_fire", confidence=0.8).incident
    for t in range(60, after_s, 60):
        city.at(t).sees("gate", "smoke_fire", "update", started=0, confidence=0.8)
    assert (city.at(after_s).sees("market", "crowd", confidence=0.8).incident == fire) is joins


def test_smoke_that_comes_into_view_camera_by_camera_in_its_first_minutes_is_one_fire() -> None:
    city = street()
    for t, number in ((0, 0), (1, 1), (20, 2), (64, 3), (69, 4), (105, 5), (107, 6), (110, 7)):
        city.at(t).sees(f"cam-{number}", "smoke_fire", confidence=0.8)
    assert len(city.standing()) == 1


@pytest.mark.parametrize(("between", "fires"), [("congestion", 2), ("smoke_fire", 1)])
def test_what_comes_of_two_fires_does_not_make_them_one_and_smoke_between_them_does(between: str, fires: int) -> None:
    city = Timeline()
    for t, camera, kind, phase, started, east_m, radius_m in (
        (0, "west", "smoke_fire", "begin", None, 40, 50),
        (1, "west-2", "smoke_fire", "begin", None, 60, 50),
        (40, "road", "congestion", "begin", None, 60, 20),
        (200, "west", "smoke_fire", "end", 0, 40, 50),
        (201, "west-2", "smoke_fire", "end", 1, 60, 50),
        (205, "road", "congestion", "end", 40, 60, 20),
        (265, "east", "smoke_fire", "begin", None, 260, 10),
        (280, "east-2", "smoke_fire", "begin", None, 275, 50),
    ):
        city.at(t)
        where = place(east_m, 0, radius_m)
        city.take(make_event(t, camera, kind, phase, started=started, location=where, confidence=0.8))  # type: ignore[arg-type]
    assert len(city.standing()) == 2
    city.at(465)
    east_m = 340 if between == "congestion" else 150
    city.take(make_event(465, "third", between, location=place(east_m, 0, 20), confidence=0.8))
    assert len(city.standing()) == fires
