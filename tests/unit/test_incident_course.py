"""How incidents open, close and are remembered, told as timelines."""

import pytest

from aggregator.core.actions import Deed
from aggregator.core.correlation import CorrelationPolicy, Correlator
from contract.events import Event, Subject
from tests.timeline import START, Timeline, make_event, place


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ([("gate", "intrusion", 0.6)], "suspected", "first_event"),
        ([("gate", "intrusion", 0.7)], "open", "strong_source"),
        ([("gate", "brawl", 0.5)], "open", "severe"),
        ([("gate", "brawl", 0.49)], "suspected", "first_event"),
        ([("gate", "intrusion", 0.3), ("market", "intrusion", 0.3)], "open", "second_source"),
        ([("gate", "intrusion", 0.29), ("market", "intrusion", 0.29)], "suspected", "first_event"),
        ([("gate", "congestion", 0.99), ("market", "congestion", 0.99)], "suspected", "first_event"),
    ],
)
def test_when_an_incident_opens(events: list[tuple[str, str, float]], state: str, reason: str) -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    for t, (camera, kind, confidence) in enumerate(events):
        city.at(t).sees(camera, kind, confidence=confidence)
    assert city.only().state == state
    assert city.changes[-1].reason == reason
    assert city.changes[-1].actor == "system"


def _night(counts: list[int], then: list[int], kind: str = "crowd") -> Timeline:
    """A camera that tells of so many people, another crowd every 400 s, and then of one that grows."""
    city = Timeline(gate=(0, 0))
    for n, count in enumerate(counts):
        few = (Subject(cls="person", count=count),)
        city.at(n * 400).sees("gate", "crowd", phase="end", confidence=0.6, episode=str(n), subjects=few)
    for n, count in enumerate(then):
        people = (Subject(cls="person", count=count),)
        at = len(counts) * 400 + n * 20
        city.at(at).sees("gate", kind, phase="update", confidence=0.62, episode="it", subjects=people)
    return city


@pytest.mark.parametrize("kind", ["crowd", "crowd_rush"])
def test_a_camera_that_takes_much_for_a_few_people_is_believed_about_many(kind: str) -> None:
    city = _night([5] * 8, [10, 14], kind)
    *_, last = city.standing()
    assert (last.state, [one.split(":")[0] for one in last.doubts]) == ("suspected", ["unconfirmed"])
    *_, last = _night([5] * 8, [10, 15], kind).standing()
    assert (last.state, last.doubts) == ("open", ())


def test_a_camera_that_takes_much_for_many_people_is_not_believed_about_them() -> None:
    *_, last = _night([40] * 8, [10, 40]).standing()
    assert (last.state, [one.split(":")[0] for one in last.doubts]) == ("suspected", ["unconfirmed"])


def test_what_opens_is_doubted_no_longer() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    for n in range(8):
        city.at(n * 400).sees("gate", "crowd", phase="end", episode=str(n))
    assert city.standing()[-1].doubts != ()
    city.at(2803).sees("market", "crowd")
    one = city.standing()[-1]
    assert (one.state, len(one.sources), one.doubts) == ("open", 2, ())


def test_a_delayed_event_raises_no_alarm() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    city.at(0).sees("gate", "brawl", confidence=0.99, delayed=True)
    assert (city.only().state, city.only().delayed) == ("suspected", True)
    city.at(3).sees("market", "brawl", confidence=0.2)
    assert (city.only().state, city.only().delayed) == ("open", False)


def test_an_event_that_took_long_is_delayed_whatever_it_says() -> None:
    city = Timeline(gate=(0, 0))
    city.at(0).sees("gate", "brawl", confidence=0.99, lag_s=301)
    assert (city.only().state, city.only().delayed) == ("suspected", True)


def test_what_comes_late_makes_an_alarm_no_graver() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0), caller=(20, 0), tower=(10, 10))
    many = (Subject(cls="person", count=60),)
    city.at(0).sees("gate", "crowd", confidence=0.9)
    assert (city.only().state, city.only().severity) == ("open", "minor")
    city.at(3).sees("market", "brawl", confidence=0.95, delayed=True, lag_s=900, subjects=many)
    city.at(4).sees("caller", "report", episode="1", delayed=True, lag_s=900)
    city.at(5).sees("caller", "report", episode="2", delayed=True, lag_s=900)
    one = city.only()
    assert (one.kind, one.severity, one.raised) == ("crowd", "minor", ())
    assert {source.camera for source in one.sources} == {"gate", "market", "caller"}
    city.at(8).sees("tower", "brawl", confidence=0.7)
    assert (city.only().kind, city.only().severity) == ("brawl", "critical")


def test_after_closing_a_new_incident_names_the_old_one() -> None:
    city = Timeline(gate=(0, 0))
    old = city.at(0).sees("gate", "brawl", "end", episode="a", confidence=0.9).incident
    city.at(20).operator(old, "resolved", "over")
    new = city.at(40).sees("gate", "brawl", episode="b", confidence=0.9)
    assert new.incident != old
    assert city.incidents[new.incident].previous == old
    assert new.refused == ((old, "closed"),)
    third = city.at(50).sees("gate", "brawl", episode="c", confidence=0.9)
    assert third.incident == new.incident


def test_the_rest_of_an_episode_follows_it_into_a_closed_incident() -> None:
    city = Timeline(gate=(0, 0))
    one = city.at(0).sees("gate", confidence=0.9).incident
    city.at(5).operator(one, "false_alarm", "a cat")
    city.at(30).sees("gate", phase="end", started=0)
    assert (city.only().state, city.only().event_count) == ("false_alarm", 2)
    assert city.only().ended == START.timestamp() + 30


def test_a_late_event_from_before_the_closing_joins_the_closed_incident() -> None:
    city = Timeline(gate=(0, 0), market=(30, 0))
    one = city.at(0).sees("gate", "brawl", confidence=0.9).incident
    city.at(400).operator(one, "resolved")
    late = city.at(10).sees("market", "brawl", delayed=True, lag_s=600)
    assert late.incident == one
    assert city.only().state == "resolved"


def test_a_suspicion_that_goes_quiet_is_closed() -> None:
    city = Timeline(gate=(0, 0))
    one = city.at(0).sees("gate", confidence=0.3).incident
    assert city.at(1799).ticks().incidents[one].state == "suspected"
    assert city.at(1801).ticks().incidents[one].state == "resolved"
    assert city.changes[-1].reason == "quiet"
    assert city.only().ended == START.timestamp()


def test_an_open_incident_is_closed_at_its_greatest_age() -> None:
    city = Timeline(CorrelationPolicy(max_age_s=3600), gate=(0, 0))
    one = city.at(0).sees("gate", confidence=0.9).incident
    assert city.at(3599).ticks().incidents[one].state == "open"
    assert city.at(3601).ticks().incidents[one].state == "resolved"
    assert city.changes[-1].reason == "max_age"


def test_an_incident_takes_nothing_beyond_its_greatest_age_and_extent() -> None:
    city = Timeline(CorrelationPolicy(max_age_s=1000, max_extent_m=350), a=(0, 0), b=(250, 0), c=(500, 0))
    for t in range(0, 1201, 200):
        city.at(t).sees("a", "brawl", "end", episode=str(t), started=max(0, t - 190))
    assert [one.event_count for one in city.standing()] == [6, 1]
    assert city.standing()[1].previous == city.standing()[0].id
    wide = Timeline(CorrelationPolicy(max_extent_m=70), a=(0, 0), b=(45, 0), c=(95, 0))
    for camera in "abc":
        wide.at(0).sees(camera, "brawl")
    assert wide.groups() == [{"a", "b"}, {"c"}]
    assert wide.outcomes[-1].refused[0][1] == "extent"


def test_memory_ends_and_an_old_episode_does_not_bring_back_an_incidents_id() -> None:
    city = Timeline(CorrelationPolicy(memory_s=3000), gate=(0, 0))
    one = city.at(0).sees("gate", confidence=0.3).incident
    city.at(1801).ticks()
    city.at(6000).ticks()
    assert len(city.correlator) == 0
    late = city.at(6001).sees("gate", phase="end", started=0)
    assert late.incident != one


def test_restored_state_goes_on_as_if_nothing_had_happened() -> None:
    def script(city: Timeline, restart: bool) -> dict[str, object]:
        city.at(0).sees("a", "brawl", episode="a1")
        city.at(10).sees("c", "brawl", episode="c1")
        if restart:
            old = city.correlator
            city.correlator = Timeline().correlator
            for one in city.incidents.values():
                episodes = [(e, s) for e in _episodes(city) if (s := old.episode(e)) and s.incident == one.id]
                city.correlator.restore(one, old.trails(one.id), episodes)
        city.at(20).sees("a", "brawl", "end", episode="a1", started=0)
        city.at(30).sees("b", "brawl", episode="b1")
        return dict(city.incidents)

    def fresh() -> Timeline:
        return Timeline(a=(0, 0), b=(250, 0), c=(500, 0))

    assert script(fresh(), restart=True) == script(fresh(), restart=False)


def _episodes(city: Timeline) -> list[str]:
    return [make_event(0, camera, "brawl", episode=f"{camera}1").data.episode for camera in "ac"]


def test_what_still_ran_when_an_incident_ran_out_of_time_ends_when_it_was_last_heard_of() -> None:
    city = Timeline(CorrelationPolicy(max_age_s=600, quiet_s=100), gate=(0, 0))
    city.at(0).sees("gate", "brawl", episode="short")
    city.at(0).sees("gate", "brawl", episode="long")
    city.at(10).sees("gate", "brawl", "end", episode="short", started=0)
    city.at(500).sees("gate", "brawl", "update", episode="long", started=0)
    city.at(700).ticks()
    one = city.only()
    assert (one.state, one.ended) == ("resolved", START.timestamp() + 500)


def test_a_closed_incident_whose_episode_goes_on_swallows_nothing() -> None:
    city = Timeline(gate=(0, 0), b=(30, 0))
    old = city.at(0).sees("gate", "brawl").incident
    city.operator(old, "resolved")
    new = city.at(100).sees("b", "brawl").incident
    assert city.at(110).sees("gate", "brawl", "update", started=0).incident == old
    assert [(one.id, one.state) for one in city.standing()] == [(old, "resolved"), (new, "open")]


def test_who_dismisses_what_was_announced_dismisses_only_that() -> None:
    correlator = Correlator(CorrelationPolicy(reorder_s=2.0))
    began = START.timestamp()
    suspected = make_event(0, "gate", "brawl", confidence=0.4, location=place(0, 0, 30.0))
    (first,) = correlator.step((suspected,), began).incidents
    (first,) = correlator.tick(began + 3).incidents
    assert first.state == "suspected"
    grave = make_event(10, "market", "brawl", confidence=0.9, location=place(20, 0, 30.0))
    (shown,) = correlator.step((grave,), began + 10).incidents
    assert (shown.state, shown.id != first.id) == ("open", True)
    deed = Deed(action="state", actor="rina", value="false_alarm", reason="a dance")
    correlator.act(shown.id, deed, began + 11)
    outcome = correlator.tick(began + 13)
    assert [(one.incident, one.refused) for one in outcome.assigned] == [(shown.id, ())]
    states = {one.id: (one.state, one.event_count, one.closed_at) for one in correlator.incidents()}
    assert states == {first.id: ("suspected", 1, None), shown.id: ("false_alarm", 1, began + 11)}


@pytest.mark.parametrize("earlier", [-1, 1])
@pytest.mark.parametrize("restart", [False, True])
def test_two_begins_of_one_critical_episode_are_one_incident(earlier: float, restart: bool) -> None:
    """An agent that was restarted told of it twice; the second to come may have happened first."""
    correlator = Correlator(CorrelationPolicy(reorder_s=2.0))
    told = [
        make_event(t, "gate", "brawl", confidence=0.9, location=place(0, 0), number=n)
        for n, t in ((1, 10), (2, 10 + earlier))
    ]
    now = START.timestamp() + 10
    standing = {one.id: one for event in told for one in correlator.step((event,), now).incidents}
    assert [one.state for one in standing.values()] == ["open"]
    if restart:
        correlator = restored(correlator, told, now)
    outcome = correlator.tick(now + 5)
    standing.update((one.id, one) for one in outcome.incidents)
    (one,) = [one for one in standing.values() if one.merged_into is None]
    assert (one.state, one.event_count, len(one.sources)) == ("open", 2, 1)
    assert len({each.incident for each in outcome.assigned}) == 1


def test_who_closes_an_announced_episode_has_closed_its_other_begin_too() -> None:
    correlator = Correlator(CorrelationPolicy(reorder_s=2.0))
    now = START.timestamp() + 10
    (one,) = correlator.step((make_event(10, "gate", "brawl", confidence=0.9),), now).incidents
    correlator.step((make_event(9, "gate", "brawl", confidence=0.9, number=2),), now)
    correlator.act(one.id, Deed(action="state", actor="rina", value="false_alarm"), now + 1)
    outcome = correlator.tick(now + 5)
    assert {each.incident for each in outcome.assigned} == {one.id}
    assert [each.state for each in correlator.incidents()] == ["false_alarm"]


def restored(before: Correlator, waiting: list[Event], now: float) -> Correlator:
    """As after a restart: incidents from the store, and what was not assigned yet."""
    after = Correlator(before.policy)
    for one in before.incidents():
        after.restore(one, before.trails(one.id), ())
    for event in waiting:
        after.wait(event, now)
    return after


def test_why_it_was_never_shown_still_stands_when_a_late_word_joins_it() -> None:
    city = Timeline(gate=(0, 0))
    for n in range(6):
        city.at(n * 100).sees("gate", episode=str(n), confidence=0.75)
        city.at(n * 100 + 2).sees("gate", "intrusion", "end", episode=str(n), started=n * 100, confidence=0.75)
    city.at(4000).ticks()
    before = city.standing()[-1]
    assert before.state == "resolved"
    assert before.doubts
    city.at(502).sees("gate", "intrusion", "update", episode="5", started=500, lag_s=3600, confidence=0.75)
    after = city.standing()[-1]
    assert (after.event_count, after.doubts) == (before.event_count + 1, before.doubts)
