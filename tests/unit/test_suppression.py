"""What raises no fresh alarm, why, and what never may be kept quiet."""

import pytest

from aggregator.core.flapping import Closing
from aggregator.core.silences import LONGEST_S, Silence, SilenceRefused, check
from aggregator.core.suppression import Suppressed, Suppression, SuppressionPolicy
from contract.events import Event
from contract.kinds import Kind
from tests.timeline import START, make_event

T0 = START.timestamp()


class Watch:
    """A suppression with eight cameras a site and four an agent; `held` names episodes that an incident holds."""

    def __init__(self, **policy: float) -> None:
        self.held: dict[str, str] = {}
        self.suppression = Suppression(
            SuppressionPolicy(**policy),  # type: ignore[arg-type]
            self.held.get,
            lambda _site, agent: 8 if agent is None else 4,
        )

    def sees(self, event: Event) -> Suppressed | None:
        found = self.suppression.judge(event, event.time.timestamp())
        if found is None or found.hushed:
            self.held[event.data.episode] = "incident"
        return found

    def reason(self, event: Event) -> str | None:
        found = self.sees(event)
        return found.reason if found else None

    def silence(self, **more: object) -> Silence:
        values = {"id": "s", "created": T0, "actor": "rina", "reason": "works", "starts": T0, "expires": T0 + 600}
        silence = Silence(**{**values, **more})  # type: ignore[arg-type]
        check(silence)
        self.suppression.silences.put(silence)
        return silence


def test_a_silence_keeps_out_what_it_names_while_it_holds() -> None:
    watch = Watch()
    watch.silence(site="site-1", camera="a", zone="gate")
    assert watch.sees(make_event(10, "a", zone="gate")) == Suppressed("silence", "s")
    assert watch.sees(make_event(10, "a", zone="yard")) is None
    assert watch.sees(make_event(10, "b", zone="gate")) is None
    assert watch.sees(make_event(10, "a", zone="gate", site="site-2")) is None
    assert watch.sees(make_event(600, "a", zone="gate", episode="later")) is None
    assert watch.sees(make_event(-1, "a", zone="gate", episode="before")) is None


def test_a_silence_of_one_rule_leaves_the_cameras_others_alone() -> None:
    watch = Watch()
    watch.silence(site="site-1", camera="a", rule="yard")
    assert watch.sees(make_event(10, "a", rule="yard")) == Suppressed("silence", "s")
    assert watch.sees(make_event(11, "a", rule="door", episode="door")) is None
    assert watch.sees(make_event(12, "b", rule="yard")) is None
    critical = make_event(13, "a", "brawl", rule="yard", severity="critical")
    assert watch.sees(critical) == Suppressed("silence", "s"), "who names the rule means what it tells"


def test_what_outlasts_a_silence_comes_up_and_what_ends_within_stays_out() -> None:
    watch = Watch()
    watch.silence(site="site-1")
    assert watch.reason(make_event(10, "a")) == watch.reason(make_event(10, "b")) == "silence"
    assert watch.reason(make_event(610, "a", phase="update", started=10)) is None
    assert watch.reason(make_event(620, "b", phase="end", started=10)) == "silence"


def test_an_episode_that_an_incident_holds_goes_on_being_heard() -> None:
    watch = Watch()
    assert watch.sees(make_event(0, "a")) is None
    watch.silence(site="site-1")
    assert watch.sees(make_event(10, "a", phase="update", started=0)) is None
    assert watch.sees(make_event(20, "a", phase="end", started=0)) is None


def test_something_critical_is_silenced_only_by_its_name() -> None:
    watch = Watch()
    watch.silence(site="site-1")
    assert watch.sees(make_event(10, "a", "smoke_fire")) is None
    watch.silence(id="named", site="site-1", kind="smoke_fire")
    assert watch.sees(make_event(11, "b", "smoke_fire")) == Suppressed("silence", "named")


def test_a_silence_ends_by_hand_and_of_two_the_longer_is_named() -> None:
    watch = Watch()
    watch.silence(id="short", site="site-1")
    watch.silence(id="long", kind="intrusion", expires=T0 + 900)
    assert watch.sees(make_event(10, "a")) == Suppressed("silence", "long")
    ended = watch.suppression.silences.end("long", T0 + 20, "budi")
    assert (ended.until, ended.ended_by) == (T0 + 20, "budi")
    assert watch.suppression.silences.end("long", T0 + 30, "rina") == ended
    assert watch.sees(make_event(25, "b")) == Suppressed("silence", "short")
    with pytest.raises(KeyError):
        watch.suppression.silences.end("none", T0, "budi")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "empty"),
        ({"camera": "a"}, "no_site"),
        ({"kind": "crowd", "zone": "gate"}, "no_site"),
        ({"rule": "yard"}, "no_site"),
        ({"kind": "crowd", "camera": "a", "rule": "yard"}, "no_site"),
        ({"site": "s", "rule": "yard"}, "no_camera"),
        ({"site": "s", "expires": T0}, "ends_early"),
        ({"site": "s", "starts": T0 - 100, "expires": T0 - 1}, "ends_early"),
        ({"site": "s", "expires": T0 + LONGEST_S + 1}, "too_long"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(more: dict[str, object], why: str) -> None:
    with pytest.raises(SilenceRefused) as refused:
        Watch().silence(**more)
    assert refused.value.why == why


def burst(watch: Watch, kind: str, count: int, every: float, begin: float = 0.0) -> list[str | None]:
    return [watch.reason(make_event(begin + n * every, "a", kind, episode=f"{begin} {n}")) for n in range(count)]


def test_a_camera_that_flaps_is_hushed_until_it_calms_down() -> None:
    watch = Watch(flapping_begins=6, flapping_window_s=600)
    assert burst(watch, "intrusion", 10, 30) == [None] * 5 + ["flapping"] * 5
    # Three within the window are no longer flapping, four still are.
    assert burst(watch, "intrusion", 3, 200, begin=800) == ["flapping", None, None]


def test_what_is_critical_and_what_people_report_never_flaps() -> None:
    watch = Watch(flapping_begins=4)
    assert burst(watch, "brawl", 12, 10) == [None] * 12
    assert burst(watch, "report", 12, 10) == [None] * 12


def test_an_episode_that_outlasts_the_flapping_gets_its_voice_back() -> None:
    watch = Watch(flapping_begins=4, flapping_window_s=100)
    burst(watch, "intrusion", 4, 5)
    assert watch.reason(make_event(50, "a", phase="update", started=15, episode="0.0 3")) == "flapping"
    assert watch.reason(make_event(150, "a", phase="update", started=15, episode="0.0 3")) is None
    assert watch.reason(make_event(160, "a", phase="update", started=15, episode="0.0 3")) is None


@pytest.mark.parametrize(
    ("kind", "true", "hushed"),
    [
        ("intrusion", True, True),
        ("intrusion", False, True),
        ("crowd_rush", True, False),
        ("crowd_rush", False, True),
        ("brawl", True, False),
        ("brawl", False, False),
    ],
)
def test_a_cooldown_hushes_by_gravity_and_verdict(kind: str, true: bool, hushed: bool) -> None:
    watch = Watch(cooldown_s=300)
    key = ("site-1", "a", Kind(kind))
    watch.suppression.closed((key,), Closing("old", T0, true))
    found = watch.sees(make_event(60, "a", kind))
    assert found == (Suppressed("cooldown", "old", "resolved" if true else "false_alarm") if hushed else None)
    assert watch.sees(make_event(60, "b", kind)) is None
    assert watch.sees(make_event(301, "a", kind, episode="later")) is None
    assert watch.sees(make_event(310, "a", kind, "update", started=60)) is None


def test_a_hushed_episode_that_turns_critical_is_heard() -> None:
    watch = Watch()
    watch.suppression.closed((("site-1", "a", Kind.CROWD),), Closing("old", T0, False))
    assert watch.reason(make_event(60, "a", "crowd")) == "cooldown"
    assert watch.reason(make_event(70, "a", "crowd", "update", started=60, severity="critical")) is None


def test_a_covered_camera_sees_nothing_until_it_is_free_or_forgotten() -> None:
    watch = Watch()
    covered = make_event(0, "a", "camera_covered")
    assert watch.sees(covered) is None
    assert watch.sees(make_event(5, "a", "crowd")) == Suppressed("inhibited", covered.data.episode, "camera_covered")
    assert watch.sees(make_event(5, "b", "crowd")) is None
    assert watch.sees(make_event(6, "a", "smoke_fire")) is None  # smoke covers lenses
    watch.sees(make_event(60, "a", "camera_covered", "end", started=0))
    assert watch.sees(make_event(61, "a", "loitering")) is None
    watch.sees(make_event(100, "a", "camera_frozen"))
    assert watch.reason(make_event(999, "a", "crowd_rush")) == "inhibited"
    assert watch.reason(make_event(1001, "a", "abandoned_object")) is None


def test_a_camera_that_moved_explains_a_changed_scene_and_nothing_else() -> None:
    watch = Watch()
    watch.sees(make_event(0, "a", "camera_moved"))
    assert watch.reason(make_event(5, "a", "scene_change")) == "inhibited"
    assert watch.reason(make_event(5, "a", "loitering")) is None


def test_cameras_lost_together_are_one_outage() -> None:
    watch = Watch(outage_cameras=3)
    lost = [make_event(n * 10, camera, "camera_lost") for n, camera in enumerate("abcd")]
    assert [watch.reason(event) for event in lost] == [None, None, "inhibited", "inhibited"]
    # Three of the agent's four, and then half of the site's eight: the site is out, whatever the agent.
    episodes = tuple(event.data.episode for event in lost)
    assert watch.suppression.outages == [episodes[:3], episodes]
    assert watch.reason(make_event(50, "x", "camera_lost", agent="edge-2")) == "inhibited"
    assert watch.reason(make_event(500, "x", "camera_lost", agent="edge-2", episode="2")) is None


def test_a_few_cameras_lost_here_and_there_are_no_outage() -> None:
    watch = Watch(outage_cameras=3)
    for n, camera in enumerate("abcd"):
        assert watch.reason(make_event(n * 100, camera, "camera_lost")) is None
    assert watch.suppression.outages == []


def test_an_agent_that_is_away_explains_its_cameras_faults() -> None:
    watch = Watch()
    watch.suppression.agent("site-1", "edge-1", False, T0)
    assert watch.sees(make_event(-30, "a", "camera_lost")) == Suppressed("inhibited", "", "agent_offline")
    assert watch.sees(make_event(5, "b", "camera_lost", agent="edge-2")) is None
    watch.suppression.agent("site-1", "edge-1", True, T0 + 500)
    assert watch.reason(make_event(550, "c", "camera_frozen")) == "inhibited"
    assert watch.reason(make_event(700, "d", "camera_lost")) is None


def test_what_is_old_is_forgotten() -> None:
    watch = Watch(memory_s=100)
    watch.silence(site="site-1")
    watch.sees(make_event(0, "a"))
    watch.suppression.forget(T0 + 10_000)
    assert watch.suppression.silences.get("s") is None
    assert watch.sees(make_event(10_000, "a", phase="end", started=0)) is None
