"""Correlation, told as timelines."""

import pytest

from aggregator.core.actions import Deed, DeedRefused
from aggregator.core.attribution import LASTS_S, goes_on
from aggregator.core.linking import HeardSince, Tie, Trail, tie
from aggregator.core.space import centre
from contract.events import Subject
from contract.kinds import KINDS, Kind
from tests.timeline import START, Timeline, make_event, place


def test_one_episode_is_one_incident() -> None:
    city = Timeline(gate=(0, 0))
    first = city.at(0).sees("gate")
    second = city.at(10).sees("gate", phase="update", started=0)
    third = city.at(20).sees("gate", phase="end", started=0)
    assert first.incident == second.incident == third.incident
    assert [one.link.kind for one in (first, second, third)] == ["first", "episode", "episode"]
    one = city.only()
    assert (one.event_count, one.started, one.last_event) == (3, START.timestamp(), START.timestamp() + 20)
    assert one.ended == START.timestamp() + 20


def test_an_incident_has_no_end_while_an_episode_runs() -> None:
    city = Timeline(gate=(0, 0))
    city.at(0).sees("gate", episode="a")
    city.at(5).sees("gate", episode="b")
    city.at(9).sees("gate", phase="end", episode="a", started=0)
    assert city.only().ended is None
    city.at(12).sees("gate", phase="end", episode="b", started=5)
    assert city.only().ended == START.timestamp() + 12


def test_an_end_before_its_begin_ends_all_the_same() -> None:
    city = Timeline(gate=(0, 0))
    city.at(20).sees("gate", phase="end", started=0)
    city.at(0).sees("gate")
    assert city.only().ended == START.timestamp() + 20
    assert city.only().started == START.timestamp()


def test_three_cameras_and_a_call_are_one_incident_with_four_sources() -> None:
    city = Timeline(gate=(0, 0), market=(35, 0), bridge=(0, 40), caller=(30, 20))
    city.at(0).sees("gate", "brawl", confidence=0.5)
    city.at(20).sees("market", "brawl", confidence=0.6)
    city.at(40).sees("bridge", "crowd_rush", confidence=0.4)
    call = city.at(90).sees("caller", "report", confidence=0.5)
    one = city.only()
    assert len(one.sources) == 4
    assert one.confidence == pytest.approx(1 - 0.5 * 0.4 * 0.6 * 0.5)
    assert one.kind == "brawl"
    assert (call.link.kind, call.link.place) == ("related", "distance")
    assert call.link.distance_m is not None
    assert call.link.support == 3
    assert call.link.rate is not None
    assert call.link.against is not None
    assert call.link.score == pytest.approx(call.link.rate / (call.link.rate + call.link.against), abs=1e-3)


def test_a_source_counts_once_however_often_it_reports() -> None:
    city = Timeline(gate=(0, 0))
    for index in range(5):
        city.at(index * 10).sees("gate", "brawl", episode=str(index), confidence=0.4)
    assert city.only().confidence == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (("market", "brawl", 400), "another time"),
        (("market", "congestion", 10), "another kind"),
        (("far", "brawl", 10), "another place"),
        (("elsewhere", "brawl", 10), "no known place, another site"),
    ],
)
def test_what_does_not_fit_is_another_incident(second: tuple[str, str, float], why: str) -> None:
    city = Timeline(gate=(0, 0), market=(100, 0), far=(1500, 0), elsewhere=None)
    city.at(0).sees("gate", "brawl", phase="end")
    camera, kind, t = second
    city.at(t).sees(camera, kind, site="site-2")
    assert len(city.standing()) == 2, why


def test_far_in_time_and_place_is_too_far_although_each_alone_would_do() -> None:
    def apart(metres: float, seconds: float) -> int:
        city = Timeline(gate=(0, 0), other=(metres, 0))
        city.at(0).sees("gate", "brawl")
        city.at(1).sees("gate", "brawl", phase="end", started=0)
        city.at(seconds).sees("other", "brawl")
        return len(city.standing())

    assert (apart(60, 10), apart(10, 40), apart(60, 100)) == (1, 1, 2)


def test_events_without_a_place_join_within_their_site_only() -> None:
    city = Timeline(a=None, b=None, c=None)
    city.at(0).sees("a", "crowd", site="pasar")
    city.at(5).sees("b", "crowd", site="pasar")
    city.at(6).sees("c", "crowd", site="stasiun")
    assert city.groups() == [{"a", "b"}, {"c"}]


def test_a_placed_and_an_unplaced_camera_of_one_site_join() -> None:
    for order in (("a", "b"), ("b", "a")):
        city = Timeline(a=(0, 0), b=None)
        for camera in order:
            city.at(0).sees(camera, "crowd")
        assert len(city.standing()) == 1


def test_a_later_event_bridges_two_incidents() -> None:
    city = Timeline(west=(0, 0), east=(100, 0), middle=(50, 0))
    west = city.at(0).sees("west", "brawl", confidence=0.8).incident
    east = city.at(5).sees("east", "brawl", confidence=0.8).incident
    assert len(city.standing()) == 2
    bridge = city.at(10).sees("middle", "brawl", confidence=0.8)
    assert bridge.merged == ((east, west),)
    assert city.only().id == west
    assert (len(city.only().sources), city.only().event_count) == (3, 3)
    gone = city.incidents[east]
    assert (gone.state, gone.merged_into) == ("resolved", west)
    reasons = [(change.incident, change.reason) for change in city.changes]
    assert (west, f"absorbed:{east}") in reasons
    assert (east, f"merged_into:{west}") in reasons


def test_events_of_an_absorbed_incidents_episode_go_to_the_one_that_absorbed_it() -> None:
    city = Timeline(west=(0, 0), east=(100, 0), middle=(50, 0))
    city.at(0).sees("west", "brawl")
    city.at(5).sees("east", "brawl", episode="e")
    city.at(10).sees("middle", "brawl")
    late = city.at(30).sees("east", "brawl", "end", episode="e", started=5)
    assert late.incident == city.only().id
    absorbed = next(one.id for one in city.incidents.values() if one.merged_into)
    with pytest.raises(DeedRefused, match="merged into"):
        city.operator(absorbed, "acknowledged")


def test_merging_keeps_the_state_that_is_further_on() -> None:
    city = Timeline(west=(0, 0), east=(100, 0), middle=(50, 0))
    city.at(0).sees("west", "brawl", confidence=0.8)
    east = city.at(5).sees("east", "brawl", confidence=0.9).incident
    city.operator(east, "acknowledged")
    city.operator(east, "dispatched")
    city.at(10).sees("middle", "brawl", confidence=0.8)
    assert city.only().state == "dispatched"


def test_an_episode_goes_on_until_it_ends_or_is_long_not_heard_of() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    city.at(0).sees("gate", "intrusion")
    city.at(500).sees("market", "intrusion")
    assert len(city.standing()) == 1
    other = Timeline(gate=(0, 0), market=(30, 0))
    other.at(0).sees("gate", "intrusion")
    other.at(1).sees("gate", "intrusion", "end", started=0)
    other.at(500).sees("market", "intrusion")
    assert len(other.standing()) == 2


def test_location_weighs_sources_by_confidence() -> None:
    city = Timeline(a=(0, 0), b=(40, 0))
    city.at(0).sees("a", "brawl", confidence=0.9)
    city.at(0).sees("b", "brawl", confidence=0.3)
    middle = city.only().location
    assert middle is not None
    assert middle.lon == pytest.approx(place(10, 0).lon, abs=1e-6)
    assert middle.radius_m == pytest.approx(60, abs=1)


def test_the_strongest_event_gives_kind_why_and_picture_and_the_latest_the_subjects() -> None:
    city = Timeline(a=(0, 0))
    two, five = (Subject(cls="person", count=2),), (Subject(cls="person", count=5),)
    city.at(0).sees("a", "crowd", confidence=0.9, snapshot="aa" * 32, subjects=two)
    city.at(5).sees("a", "brawl", confidence=0.4, snapshot="bb" * 32, subjects=five)
    city.at(3).sees("a", "crowd", confidence=0.99, snapshot="cc" * 32, subjects=two, episode="x")
    one = city.only()
    assert (one.kind, one.severity, one.snapshot, one.subjects) == ("brawl", "critical", "bb" * 32, five)


def test_a_replay_gives_the_same_incidents_to_the_byte() -> None:
    def play() -> list[object]:
        city = Timeline(a=(0, 0), b=(200, 0), c=(3000, 0))
        for t in range(40):
            city.at(t * 37).sees("abc"[t % 3], "brawl", episode=str(t))
        return [city.incidents, city.changes, city.outcomes]

    assert play() == play()


@pytest.mark.parametrize("others", [1, 100, 10_000])
def test_what_is_looked_at_does_not_grow_with_the_number_of_incidents(
    others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = Timeline(gate=(0, 0), market=(40, 0))
    side = 100
    for index in range(others):
        there = place(4_000 + index % side * 3_000, index // side * 3_000)
        city.take(make_event(index * 0.001, f"cam-{index}", "brawl", site=f"site-{index}", location=there))
    city.at(20).sees("gate", "brawl")
    assert len(city.correlator) == others + 1
    looked: list[Trail] = []

    def counted(a: Trail, b: Trail, heard: HeardSince, distance: float | None) -> object:
        looked.append(b)
        return tie(a, b, heard, distance)

    monkeypatch.setattr("aggregator.core.attribution.tie", counted)
    assert city.at(30).sees("market", "brawl").link.kind == "same"
    assert {trail.camera for trail in looked} == {"gate"}


def test_zones_are_collected_once_each_and_sorted() -> None:
    city = Timeline(gate=(0, 0))
    for n, zone in enumerate(("yard", None, "door", "yard")):
        city.at(n).sees("gate", zone=zone, episode=str(n))
    assert city.only().zones == ("door", "yard")


def test_of_two_events_that_say_equally_much_the_first_is_shown_and_of_one_moment_the_latest_picture() -> None:
    city = Timeline(gate=(0, 0))
    first = Subject(cls="person", count=1)
    second = Subject(cls="person", count=2)
    city.at(0).sees("gate", "intrusion", severity="minor", confidence=0.5, subjects=(first,), episode="a")
    city.at(0).sees("gate", "loitering", severity="minor", confidence=0.5, subjects=(second,), episode="b")
    assert (city.only().kind, city.only().subjects) == ("intrusion", (second,))


def test_beyond_the_window_nothing_ties() -> None:
    def at(first: float) -> Trail:
        return Trail("s", "gate", Kind.BRAWL, None, first, first)

    window = KINDS[Kind.BRAWL].window_s
    tied = tie(at(0), at(window))
    assert isinstance(tied, Tie)
    assert tied.time_s == window
    assert tie(at(0), at(window + 0.001)) == "time"


def test_the_middle_of_places_covers_each_with_its_own_radius() -> None:
    near, far = place(0, 0, 30.0), place(100, 0, 30.0)
    middle = centre([(near, 1.0), (far, 1.0)])
    assert middle is not None
    assert middle.radius_m == pytest.approx(80, abs=0.5)


@pytest.mark.parametrize(("first", "then"), [("smoke_fire", "crowd"), ("smoke_fire", "congestion")])
def test_what_follows_comes_afterwards(first: str, then: str) -> None:
    """Onlookers gather at a fire; a fire that breaks out where a crowd has stood for minutes is another matter."""
    city = Timeline(gate=(0, 0), market=(25, 0), bridge=(0, 25))
    cause = city.at(0).sees("gate", first, confidence=0.8).incident
    city.at(5).sees("market", first, confidence=0.8)
    assert city.at(200).sees("bridge", then, confidence=0.8).incident == cause
    city = Timeline(gate=(0, 0), market=(25, 0), bridge=(0, 25))
    there = city.at(0).sees("gate", then, confidence=0.8).incident
    city.at(5).sees("market", then, confidence=0.8)
    assert city.at(200).sees("bridge", first, confidence=0.8).incident != there


def test_a_camera_sees_a_queue_again_after_minutes_and_a_crowd_it_does_not() -> None:
    for kind, again in (("congestion", True), ("crowd", False)):
        city = Timeline(gate=(0, 0))
        one = city.at(0).sees("gate", kind, confidence=0.8).incident
        city.at(60).sees("gate", kind, "end", started=0, confidence=0.8)
        assert (city.at(400).sees("gate", kind, episode="later", confidence=0.8).incident == one) is again, kind


def test_a_jam_travels_along_its_road_and_a_crowd_does_not() -> None:
    for kind, travels in (("congestion", True), ("crowd", False)):
        city = Timeline(gate=(0, 0), market=(20, 0), bridge=(190, 0))
        one = city.at(0).sees("gate", kind, confidence=0.8).incident
        city.at(5).sees("market", kind, confidence=0.8)
        city.at(60).sees("gate", kind, "end", started=0, confidence=0.8)
        city.at(60).sees("market", kind, "end", started=5, confidence=0.8)
        assert (city.at(150).sees("bridge", kind, confidence=0.8).incident == one) is travels, kind


def test_water_is_seen_from_either_end_of_a_street() -> None:
    city = Timeline(gate=(0, 0), market=(125, 0))
    one = city.at(0).sees("gate", "scene_change", confidence=0.8).incident
    assert city.at(10).sees("market", "scene_change", confidence=0.8).incident == one


def test_what_a_camera_gets_wrong_all_day_draws_in_nothing_of_another_kind() -> None:
    city = Timeline(gate=(0, 0), yard=(3000, 0))
    for t in range(0, 900, 60):
        city.at(t).sees("gate", "loitering", episode=str(t))
        city.at(t + 20).sees("gate", "loitering", "end", episode=str(t), started=t)
    wrong = city.at(900).sees("gate", "loitering", episode="last").incident
    assert city.at(905).sees("gate", "crowd", confidence=0.8).incident != wrong
    once = city.at(900).sees("yard", "loitering", confidence=0.8).incident
    assert city.at(905).sees("yard", "crowd", confidence=0.8).incident == once


def test_who_waits_then_runs_and_then_drives_off_is_one_theft() -> None:
    city = Timeline(shop=(0, 0), street=(25, 0), corner=(40, 0))
    theft = city.at(0).sees("shop", "loitering", confidence=0.8).incident
    city.at(90).sees("shop", "loitering", "end", started=0, confidence=0.8)
    assert city.at(95).sees("street", "crowd_rush", confidence=0.8).incident == theft
    assert city.at(100).sees("corner", "stopped_vehicle", confidence=0.8).incident == theft


def test_a_backlog_joins_the_incident_it_belongs_to_without_an_alarm() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0), far=(3000, 0))
    one = city.at(0).sees("gate", "brawl", confidence=0.9).incident
    before = len(city.changes)
    late = city.at(10).sees("market", "brawl", confidence=0.9, delayed=True, lag_s=3000)
    alone = city.at(12).sees("far", "brawl", confidence=0.9, delayed=True, lag_s=3000)
    assert (late.incident, city.incidents[one].state, len(city.incidents[one].sources)) == (one, "open", 2)
    assert [(change.incident, change.after) for change in city.changes[before:]] == [(alone.incident, "suspected")]
    assert city.incidents[alone.incident].delayed


def test_what_a_backlog_makes_an_alarm_is_marked_also_where_little_came_fresh() -> None:
    """Else nobody is shown it: it opens nothing, and not all that was told of it came late."""
    city = Timeline(gate=(0, 0), market=(30, 0))
    few = city.at(0).sees("gate", "crowd", confidence=0.4).incident
    assert (city.incidents[few].state, city.incidents[few].delayed) == ("suspected", False)
    city.at(10).sees("market", "crowd", confidence=0.1, delayed=True, lag_s=3000)
    assert not city.incidents[few].delayed, "so little would have opened nothing"
    assert city.at(20).sees("market", "brawl", confidence=0.9, delayed=True, lag_s=3000).incident == few
    assert (city.incidents[few].state, city.incidents[few].delayed) == ("suspected", True)
    city.at(30).sees("gate", "crowd", "update", started=0, confidence=0.4)
    assert (city.incidents[few].state, city.incidents[few].delayed) == ("open", False), "it goes on"


def test_what_is_listed_as_told_late_stays_listed_until_it_opens() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    told = city.at(0).sees("gate", "crowd", confidence=0.3, delayed=True, lag_s=3000).incident
    city.at(10).sees("gate", "crowd", "update", started=0, confidence=0.3)
    assert (city.incidents[told].state, city.incidents[told].delayed) == ("suspected", True)
    assert city.at(20).sees("market", "brawl", confidence=0.9).incident == told
    assert (city.incidents[told].state, city.incidents[told].delayed) == ("open", False)
    city.at(30).sees("market", "brawl", "update", started=20, confidence=0.9, delayed=True, lag_s=3000)
    assert not city.incidents[told].delayed


def test_what_is_listed_as_told_late_stays_listed_when_an_operator_splits_or_merges_it() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0), far=(3000, 0))
    told = city.at(0).sees("gate", "crowd", confidence=0.4).incident
    city.at(20).sees("market", "brawl", confidence=0.9, delayed=True, lag_s=3000)
    elsewhere = city.at(30).sees("far", "crowd", confidence=0.3).incident
    assert (city.incidents[told].delayed, city.incidents[elsewhere].delayed) == (True, False)
    events = [item for item in city.told() if item.event.data.camera != "far"]
    taken_out = Deed(action="split", actor="rina", value=events[0].event.data.episode)
    split = city.correlator.split(told, events, taken_out, city.now)
    assert [(one.state, one.delayed) for one in split.incidents] == [("suspected", True)] * 2
    merged = city.correlator.merge(told, elsewhere, Deed(action="merge", actor="rina", value=elsewhere), city.now)
    assert [(one.state, one.delayed) for one in merged.incidents if not one.merged_into] == [("suspected", True)]


def test_a_thing_left_behind_makes_no_queue_and_is_gone_once_it_is_gone() -> None:
    city = Timeline(gate=(0, 0), market=(20, 0), bridge=(0, 20))
    bag = city.at(0).sees("gate", "abandoned_object", confidence=0.8).incident
    assert city.at(5).sees("market", "abandoned_object", confidence=0.8).incident == bag
    assert city.at(20).sees("bridge", "stopped_vehicle", confidence=0.8).incident != bag
    for camera, begun in (("gate", 0), ("market", 5)):
        city.at(300).sees(camera, "abandoned_object", "end", started=begun, confidence=0.8)
    assert city.at(340).sees("bridge", "abandoned_object", confidence=0.8).incident == bag
    city.at(345).sees("bridge", "abandoned_object", "end", started=340, confidence=0.8)
    assert city.at(800).sees("bridge", "abandoned_object", episode="another", confidence=0.8).incident != bag


def test_what_goes_on_is_looked_at_again_whenever_it_has_lasted_twice_as_long() -> None:
    looks, begin = [], START.timestamp()
    before = begin
    for second in range(0, 1000, 5):
        trail = Trail("s", "gate", Kind.BRAWL, None, begin, begin + second)
        if goes_on(trail, before):
            looks.append(second)
        before = trail.last
    assert looks == [LASTS_S * 2**n for n in range(6)]
    assert not goes_on(trail, trail.last), "another episode's word within what was heard already"
    late = Trail("s", "gate", Kind.BRAWL, None, begin - 500, begin)
    assert not goes_on(late, begin - 5), "nothing doubles with the last 5 s"
    assert goes_on(late, begin - 500), "all of it at once"
