"""How long what is no longer told of is taken to go on."""

from math import inf

import msgspec
import pytest

from aggregator.core.linking import Trail
from contract.events import Phase
from contract.kinds import Kind
from tests.timeline import START, Timeline, make_event


def test_who_told_of_what_went_on_and_then_falls_silent_has_lost_sight_of_it() -> None:
    """Its end was lost: what begins there minutes later is another crowd, and soon afterwards the same one."""
    for silent, alike in ((600, False), (150, True)):
        city = Timeline(gate=(0, 0), market=(30, 0))
        crowd = city.at(0).sees("gate", "crowd", confidence=0.8).incident
        for t in (60, 120, 240, 400):
            city.at(t).sees("gate", "crowd", "update", started=0, confidence=0.8)
        later = city.at(400 + silent).sees("market", "crowd", confidence=0.8).incident
        assert (later == crowd) is alike


def test_what_a_camera_told_before_says_nothing_of_how_often_it_tells_of_this() -> None:
    """Of the second crowd only the beginning was told, as by an agent that sends no updates (update_every_s = 0)."""
    told: tuple[tuple[float, Phase, str], ...] = ((0, "begin", "a"), (40, "end", "a"), (60, "begin", "b"))
    for order in (told, (told[2], *told[:2])):
        city = Timeline(gate=(0, 0), market=(30, 0))
        for t, phase, episode in order:
            started = 60 if episode == "b" else 0
            city.at(t).sees("gate", "crowd", phase, episode=episode, started=started, confidence=0.8)
        city.at(560).sees("market", "crowd", confidence=0.8)
        assert city.groups() == [{"gate", "market"}]


def until(city: Timeline) -> float:
    """When the only incident's only trail is over as far as is known, in seconds after START."""
    (trail,) = city.correlator.trails(city.only().id)
    return trail.until() - START.timestamp()


def test_of_two_episodes_before_one_camera_each_is_over_by_its_own_silence() -> None:
    """Two zones: a short crowd in one says nothing of how often the camera tells of the long one in the other, nor of
    whether the end of that was lost."""
    city = Timeline(gate=(0, 0))
    for t in (0, 60, 120, 240, 400):
        city.at(t).sees("gate", "crowd", "update" if t else "begin", episode="long", started=0)
    for t, phase in ((410, "begin"), (420, "end")):
        city.at(t).sees("gate", "crowd", phase, episode="short", started=410)  # type: ignore[arg-type]
    assert until(city) == 400 + 60 + 200
    city.at(700).sees("gate", "crowd", "begin", episode="third", started=700)
    city.at(760).sees("gate", "crowd", "update", episode="third", started=700)
    assert until(city) == 760 + 60 + 30
    city.at(770).sees("gate", "crowd", "end", episode="third", started=700)
    assert until(city) == 770
    city.at(460).sees("gate", "crowd", "update", episode="long", started=0, lag_s=320)
    assert until(city) == 770
    city.at(780).sees("gate", "crowd", "end", episode="long", started=0)
    assert city.correlator.trails(city.only().id)[0].running == {}


def test_of_a_camera_that_tells_of_beginnings_alone_the_last_quarter_of_an_hour_is_kept() -> None:
    """What went on all the while stays, and what is told of again after long goes on from its beginning."""
    city = Timeline(gate=(0, 0))
    for t in range(0, 3000, 30):
        city.at(t).sees("gate", "crowd", "update" if t else "begin", episode="long", started=0)
        city.at(t).sees("gate", "crowd", episode=f"e{t}", started=t)
    (trail,) = city.correlator.trails(city.only().id)
    assert len(trail.running) == 1 + 900 / 30 + 1
    assert until(city) == 2970 + 900
    begin = START.timestamp()
    assert (begin, begin + 2970) in trail.running.values()
    city.at(3000).sees("gate", "crowd", "update", episode="e60", started=60)
    (trail,) = city.correlator.trails(city.only().id)
    assert (begin + 60, begin + 3000) in trail.running.values()


def test_a_trail_that_was_handed_out_stays_as_it_was() -> None:
    """The store writes it while what comes next is taken."""
    city = Timeline(gate=(0, 0))
    one = city.at(0).sees("gate", "crowd").incident
    handed = city.correlator.trails(one)
    before = msgspec.json.encode(handed)
    city.at(10).sees("gate", "crowd", "update", started=0)
    city.at(12).sees("gate", "crowd", "begin", episode="b")
    assert city.correlator.trails(one) != handed
    assert msgspec.json.encode(handed) == before


@pytest.mark.parametrize("heard", [0.0, 400.0, inf])
def test_how_long_it_goes_on_is_looked_into_only_as_far_as_is_asked(heard: float) -> None:
    told = {"short": (0.0, 30.0), "long": (0.0, 300.0), "begun": (350.0, 350.0), "latest": (390.0, 420.0)}
    trail = Trail("s", "gate", Kind.CROWD, None, 0.0, 420.0, running=told)
    over = trail.until(lambda _site, _camera: heard)
    for enough in range(0, 1500, 10):
        asked = trail.until(lambda _site, _camera: heard, float(enough))
        assert (asked >= enough) == (over >= enough)
        assert asked == over or over >= asked >= enough


def test_an_episode_that_goes_on_after_its_incident_was_forgotten_is_forgotten_once() -> None:
    """As of a host that was cut off for hours, and then sends what it has kept."""
    city = Timeline(gate=None)
    city.at(0).sees("gate", "crowd")

    def passes(begin: int, end: int) -> None:
        for t in range(begin, end, 60):
            city.at(t).ticks()

    passes(60, 9_600)
    assert len(city.correlator) == 0
    first = city.only().id
    again = city.at(9_600).sees("gate", "crowd", "update", started=0).incident
    city.at(9_700).sees("gate", "crowd", "end", started=0)
    assert again != first
    passes(9_720, 40_000)
    assert len(city.correlator) == 0
    assert city.correlator.episode(make_event(0, "gate", "crowd").data.episode) is None
