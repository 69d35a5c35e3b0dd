"""What a camera tells over and over: a burst, or what goes on before it and is lost from sight."""

from dataclasses import replace
from random import Random

import pytest
from msgspec.structs import replace as changed

from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.linking import Trail
from aggregator.core.rates import Counted, Rates
from contract.events import Clock, Event
from contract.kinds import Kind
from tests.timeline import START, Timeline, make_event, place

AT_ONCE = replace(CorrelationPolicy(), reorder_s=0.0)


def over_and_over(
    kind: str, lasts: float, pause: float = 30.0, until: float = 1200.0, others: tuple[str, ...] = ("market",)
) -> Timeline:
    """Others see it all the time, and gate beside them sees it, loses it and sees it again. All are half sure."""
    city = Timeline(None, gate=(0, 0), **dict.fromkeys(others, (30.0, 0.0)))
    steps = range(0, int(until), 30)
    told = [(float(t), one, f"of {one}", 0.0, "update" if t else "begin") for t in steps for one in others]
    begun = 5.0
    while begun + lasts < until:
        for after, phase in ((0.0, "begin"), (lasts / 2, "update"), (lasts, "end")):
            told.append((begun + after, "gate", f"e{begun}", begun, phase))
        begun += lasts + pause
    for t, camera, episode, started, phase in sorted(told):
        city.at(t).sees(camera, kind, phase, episode=episode, started=started, confidence=0.5)  # type: ignore[arg-type]
    return city


@pytest.mark.parametrize(
    ("kind", "lasts"), [("crowd", 50), ("congestion", 100), ("scene_change", 40), ("smoke_fire", 70)]
)
def test_who_loses_from_sight_what_goes_on_tells_of_the_same_one(kind: str, lasts: float) -> None:
    assert over_and_over(kind, lasts).groups() == [{"gate", "market"}]


@pytest.mark.parametrize(
    ("kind", "lasts"), [("crowd", 40), ("congestion", 80), ("scene_change", 20), ("smoke_fire", 50)]
)
def test_what_is_brief_is_a_burst(kind: str, lasts: float) -> None:
    assert len(over_and_over(kind, lasts).groups()) > 1


def test_a_fire_that_many_see_is_no_burst_however_brief_but_a_shower_may_be_before_all() -> None:
    others = "market", "north", "south"
    assert over_and_over("smoke_fire", 20, others=others).groups() == [{"gate", *others}]
    assert len(over_and_over("scene_change", 20, others=others).groups()) > 1


def test_a_lamp_that_one_camera_takes_for_a_fire_is_a_burst_however_long_it_lasts() -> None:
    lamp = told_by(episodes((0, 210, 420), 200.0, kind="smoke_fire"))
    assert lamp.fast > 2.0


def test_what_lasted_is_taken_off_as_it_has_faded() -> None:
    rates, never = Rates(), Rates()
    for at in (0, 100, 200, 300, 400, 500):
        rates.note("s", "gate", Kind.CROWD, at, confirmed=True)
        if at != 200:
            never.note("s", "gate", Kind.CROWD, at, confirmed=True)
    assert rates.lasts("s", "gate", Kind.CROWD, 200) == ("s", "gate", "people", False)
    assert rates.per_s("s", "gate", Kind.CROWD, 600) == pytest.approx(never.per_s("s", "gate", Kind.CROWD, 600))


def test_what_nobody_counted_leaves_nothing_to_take_off() -> None:
    rates = Rates()
    key = rates.lasts("s", "gate", Kind.CROWD, 100)
    assert (rates.counted(key).fast, rates.counted(key).slow) == (0.0, 0.0)


def told_by(events: list[Event], restart_at: int | None = None) -> Counted:
    """What is counted at last of the camera that tells them. restart_at: the events before which all begins anew, from
    what a store keeps."""
    correlator = Correlator(AT_ONCE)
    counted: dict[tuple[str, str, str, bool], Counted] = {}
    for number, event in enumerate(events):
        if number == restart_at:
            before, correlator = correlator, Correlator(AT_ONCE)
            for one in before.incidents():
                known = [(told.data.episode, before.episode(told.data.episode)) for told in events[:number]]
                here = [(name, state) for name, state in known if state is not None and state.incident == one.id]
                correlator.restore(one, before.trails(one.id), here)
            correlator.resume(counted.values(), event.time.timestamp(), event.time.timestamp(), None)
        for changed_one in correlator.step((event,), event.time.timestamp()).counted:
            key = changed_one.site, changed_one.camera, changed_one.family, changed_one.many
            counted[key] = changed_one
    (found,) = counted.values()
    return found


def episodes(
    begins: tuple[int, ...], lasting: float, offset: Random | None = None, jitter_ms: float = 0.0, kind: str = "crowd"
) -> list[Event]:
    """Episodes of one camera, each told of every 10 s until it has lasted so long."""
    found = []
    for begin in begins:
        times = [begin + after for after in range(0, int(lasting), 10)]
        for t in (*times, begin + lasting):
            phase = "begin" if t == begin else "end" if t == begin + lasting else "update"
            event = make_event(t, "gate", kind, phase, episode=str(begin), started=begin, location=place(0, 0, 30))  # type: ignore[arg-type]
            if offset is not None:
                clock = Clock(offset_ms=offset.uniform(-jitter_ms, jitter_ms), synchronised=True)
                event = changed(event, data=changed(event.data, clock=clock))
            found.append(event)
    return sorted(found, key=lambda event: event.time)


@pytest.mark.parametrize("lasting", [44.9, 45.0, 45.1, 200.0])
@pytest.mark.parametrize("restart_at", [None, *range(1, 34, 4)])
def test_each_episode_is_taken_off_once_over_a_restart_too(lasting: float, restart_at: int | None) -> None:
    fast = told_by(episodes((0, 5, 30), lasting), restart_at).fast
    assert (fast > 2.0) if lasting < 45 else fast == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(30))
def test_a_clock_that_is_corrected_takes_each_episode_off_once(seed: int) -> None:
    brief = [make_event(0, "gate", "crowd", episode=f"brief-{n}", location=place(0, 0, 30)) for n in range(3)]
    told = episodes((1, 6), 130.0, Random(seed), jitter_ms=200.0)
    assert told_by([*brief, *told]).fast == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("phase", ["update", "end"])
def test_what_is_first_heard_of_when_it_has_lasted_was_never_brief(phase: str) -> None:
    def counted(kind: str, lasts: float) -> tuple[float, float]:
        event = make_event(lasts, "gate", kind, phase, started=0, location=place(0, 0, 30))  # type: ignore[arg-type]
        (one,) = Correlator(AT_ONCE).step((event,), START.timestamp() + lasts).counted
        return one.fast, one.slow

    for kind, lasts in (("crowd", 45), ("scene_change", 30), ("congestion", 90)):
        assert counted(kind, lasts - 1) == (1.0, 1.0)
        assert counted(kind, lasts) == (0.0, 1.0)
    assert counted("smoke_fire", 90) == (1.0, 1.0)


@pytest.mark.parametrize(("lasts", "fast"), [(59, 1.0), (60, 0.0)])
def test_a_fire_that_is_first_heard_of_when_it_has_lasted_is_brief_unless_others_see_it(
    lasts: int, fast: float
) -> None:
    correlator, now = Correlator(AT_ONCE), START.timestamp()
    for camera in ("market", "bridge"):
        correlator.step((make_event(0, camera, "smoke_fire", location=place(20, 0, 10)),), now)
    told = make_event(lasts, "gate", "smoke_fire", "update", started=0, location=place(0, 0, 10))
    (counted,) = correlator.step((told,), now + lasts).counted
    assert counted.fast == fast


@pytest.mark.parametrize(
    ("grave", "other"), [("smoke_fire", "congestion"), ("wrong_way", "congestion"), ("crowd_rush", "loitering")]
)
@pytest.mark.parametrize("lasts", ["grave", "other"])
def test_what_opens_by_lasting_is_what_lasts(grave: str, other: str, lasts: str) -> None:
    """Half a second of something grave, and something else there that goes on: nothing grave does."""
    city = Timeline(gate=(0, 0), far=(9000, 0))
    city.at(-30_000).sees("far", "loitering")  # the correlation has watched for long: nobody tells much
    city.at(0).sees("gate", grave, episode=grave, confidence=0.42)
    city.at(2).sees("gate", other, episode=other, confidence=0.42)
    goes_on, ends = (grave, other) if lasts == "grave" else (other, grave)
    began = {grave: 0.0, other: 2.0}
    city.at(4).sees("gate", ends, "end", episode=ends, started=began[ends], confidence=0.42)
    for t in range(10, 131, 10):
        city.at(t).sees("gate", goes_on, "update", episode=goes_on, started=began[goes_on], confidence=0.42)
    assert ("lasting" in {change.reason for change in city.changes}) is (lasts == "grave")


def test_who_sees_a_fire_again_that_many_see_does_not_ask_whether_it_and_another_are_one() -> None:
    later = START.timestamp() + 60
    for cameras, asks in (("gate", "market"), True), (("gate", "market", "north", "south"), False):
        city = Timeline(None, **dict.fromkeys(cameras, (0.0, 0.0)))
        for camera in cameras:
            city.at(0).sees(camera, "smoke_fire", confidence=0.8)
        attribution = city.correlator._attribution
        probe = Trail("site-1", "gate", Kind.SMOKE_FIRE, place(0, 0, 30.0), later, later)
        joins = attribution.pulls(probe)[0]
        assert bool(attribution.beside([joins, changed(joins, incident="another")], probe)) is asks


@pytest.mark.parametrize(("apart", "one"), [(1.0, True), (30.0, False)])
def test_what_two_rules_of_a_camera_tell_at_once_is_one_also_where_it_tells_much(apart: float, one: bool) -> None:
    """Who comes in crosses the line a second later, whatever the camera told before: in the first minutes, too."""
    city = Timeline(None, gate=(0.0, 0.0))
    for n in range(4):
        began = 240.0 * n
        city.at(began).sees("gate", "intrusion", episode=f"in {n}", confidence=0.8)
        city.at(began + apart).sees("gate", "line_crossing", episode=f"over {n}", confidence=0.8)
        for kind, episode, ended in (("line_crossing", "over", 35.0), ("intrusion", "in", 40.0)):
            city.at(began + ended).sees("gate", kind, "end", episode=f"{episode} {n}", started=began, confidence=0.8)
    assert (len(city.standing()) == 4) is one, len(city.standing())
