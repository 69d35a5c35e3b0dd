"""Lifecycle as timelines: '#' is a step at which the finding holds, '.' one at which it does not; four steps a
second."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from contract.events import Measure
from edge_agent.core.lifecycle import TRANSITIONS, Change, Lifecycle, Signal, State, Suppressed
from edge_agent.core.spec import Episodes
from edge_agent.core.types import Finding
from tests.scenes import T0

RATE = 4
EPISODES = Episodes(min_duration_s=1.0, end_after_s=3.0, cooldown_s=10.0, update_every_s=10.0)


def finding(t: float, *, confidence: float = 0.5, key: str = "", instant: bool = False) -> Finding:
    return Finding(key, confidence, (), (Measure(name="in_zone", value=1.0),), T0 + t, instant)


class Timeline:
    def __init__(self, episodes: Episodes = EPISODES) -> None:
        self.lifecycle = Lifecycle(episodes)
        self.t = 0.0
        self.changes: list[Change] = []
        self.suppressed: list[Suppressed] = []

    def play(self, steps: str, *, armed: bool = True) -> "Timeline":
        for step in steps.replace(" ", ""):
            self.step([finding(self.t)] if step == "#" else [], armed=armed)
        return self

    def step(self, findings: list[Finding], *, armed: bool = True, dt: float = 1 / RATE) -> None:
        changes, suppressed = self.lifecycle.step(T0 + self.t, findings, armed=armed)
        self.changes += changes
        self.suppressed += suppressed
        self.t += dt

    def finish(self) -> "Timeline":
        changes, suppressed = self.lifecycle.finish()
        self.changes += changes
        self.suppressed += suppressed
        return self

    def told(self) -> list[tuple[str, float]]:
        return [(change.phase, round(change.at - T0, 3)) for change in self.changes]

    def silent(self) -> list[tuple[str, float]]:
        return [(item.reason, round(item.since - T0, 3)) for item in self.suppressed]


def test_an_episode_begins_when_it_became_true_and_ends_when_it_was_last_true() -> None:
    timeline = Timeline().play(".... ######## ............ ....")
    assert timeline.told() == [("begin", 1.0), ("end", 2.75)]
    assert timeline.changes[0].held_s == pytest.approx(1.0)
    assert timeline.changes[1].ended == T0 + 2.75
    assert timeline.silent() == []


def test_below_the_minimum_duration_nothing_is_told_but_why() -> None:
    timeline = Timeline().play("#### .... ....")
    assert timeline.told() == []
    assert timeline.silent() == [("below_min_duration", 0.0)]
    assert timeline.suppressed[0].value == pytest.approx(0.75)
    assert timeline.suppressed[0].limit == 1.0


def test_a_candidate_survives_a_detector_that_misses_every_other_frame() -> None:
    assert Timeline().play("#.#.#.#").told() == [("begin", 0.0)]


def test_two_false_boxes_seconds_apart_never_ripen_together() -> None:
    timeline = Timeline().play("#....... #....... #.......")
    assert timeline.told() == []
    assert [reason for reason, _ in timeline.silent()] == ["below_min_duration"] * 3


def test_an_absence_shorter_than_end_after_is_bridged() -> None:
    assert Timeline().play("##### ........... ##### ............").told() == [("begin", 0.0), ("end", 5.0)]


def test_an_absence_of_end_after_ends_it() -> None:
    timeline = Timeline().play("##### ............")
    assert timeline.told() == [("begin", 0.0), ("end", 1.0)]


def test_without_end_after_one_absent_step_ends_it_and_continuous_steps_do_not() -> None:
    timeline = Timeline(Episodes(0.0, 0.0, 0.0, 0.0)).play("###.##.")
    assert timeline.told() == [("begin", 0.0), ("end", 0.5), ("begin", 1.0), ("end", 1.25)]
    assert [change.serial for change in timeline.changes] == [1, 1, 2, 2]


def test_updates_come_on_a_grid_from_the_begin() -> None:
    timeline = Timeline(replace(EPISODES, update_every_s=2.0)).play("#" * 30)
    assert timeline.told() == [("begin", 0.0), ("update", 3.0), ("update", 5.0), ("update", 7.0)]


def test_an_update_that_was_due_while_absent_comes_with_the_return() -> None:
    timeline = Timeline(replace(EPISODES, update_every_s=1.0)).play("##### ........ #")
    assert timeline.told() == [("begin", 0.0), ("update", 3.25)]


def test_no_updates_where_none_are_wanted() -> None:
    assert Timeline(replace(EPISODES, update_every_s=0.0)).play("#" * 80).told() == [("begin", 0.0)]


def test_cooldown_mutes_and_says_so_once_for_each_return() -> None:
    timeline = Timeline().play("##### ............ #### ........ ##")
    assert timeline.told() == [("begin", 0.0), ("end", 1.0)]
    assert timeline.silent() == [("cooldown", 4.25), ("cooldown", 7.25)]
    assert timeline.suppressed[0].value == pytest.approx(3.25)


def test_who_stays_through_the_cooldown_is_told_after_it_with_the_true_start() -> None:
    timeline = Timeline().play("##### ............" + "#" * 40)
    assert timeline.told() == [("begin", 0.0), ("end", 1.0), ("begin", 4.25)]
    assert timeline.t >= 11.0


def test_confidence_is_the_highest_so_far() -> None:
    timeline = Timeline()
    for n, confidence in enumerate([0.4, 0.5, 0.9, 0.6, 0.6, 0.6]):
        timeline.step([finding(n / RATE, confidence=confidence)])
    timeline.finish()
    assert [(change.phase, change.confidence) for change in timeline.changes] == [("begin", 0.9), ("end", 0.9)]


def test_a_finding_that_knows_its_onset_between_two_steps_begins_there() -> None:
    timeline = Timeline()
    timeline.step([])
    timeline.step([replace(finding(0.25), since=T0 + 0.1)])
    for _ in range(4):
        timeline.step([replace(finding(timeline.t), since=T0 + 0.1)])
    assert timeline.told() == [("begin", 0.1)]


def test_an_onset_before_a_step_at_which_it_did_not_hold_is_not_believed() -> None:
    timeline = Timeline().play("....")
    for _ in range(5):
        timeline.step([replace(finding(timeline.t), since=T0 - 100)])
    assert timeline.told() == [("begin", 1.0)]


def test_keys_are_episodes_of_their_own() -> None:
    timeline = Timeline()
    for n in range(6):
        timeline.step([finding(n / RATE, key="a")] + ([finding(n / RATE, key="b")] if n > 0 else []))
    assert [(change.key, change.serial) for change in timeline.changes] == [("a", 1), ("b", 2)]


def test_finish_ends_what_runs_at_its_last_true_time_and_drops_candidates() -> None:
    timeline = Timeline().play("##### ...").finish()
    assert timeline.told() == [("begin", 0.0), ("end", 1.0)]
    assert Timeline().play("##").finish().silent() == [("below_min_duration", 0.0)]
    assert Timeline().play("....").finish().told() == []


def test_after_finish_it_goes_on_under_the_cooldown() -> None:
    timeline = Timeline().play("#####").finish()
    timeline.play("####")
    assert timeline.told() == [("begin", 0.0), ("end", 1.0)]
    assert timeline.silent() == [("cooldown", 1.25)]


def test_a_gap_in_the_stream_longer_than_end_after_is_two_episodes() -> None:
    timeline = Timeline(replace(EPISODES, cooldown_s=0.0)).play("######")
    timeline.t += 60
    timeline.play("######")
    assert timeline.told() == [("begin", 0.0), ("end", 1.25), ("begin", 61.5)]


def test_a_short_gap_in_the_stream_changes_nothing() -> None:
    timeline = Timeline().play("######")
    timeline.t += 1.5
    timeline.play("###### ............")
    assert timeline.told() == [("begin", 0.0), ("end", 4.25)]


def test_a_slow_host_with_a_look_every_two_seconds_still_makes_one_episode() -> None:
    timeline = Timeline()
    for n in range(6):
        timeline.step([finding(2.0 * n)], dt=2.0)
    assert timeline.told() == [("begin", 0.0)]


def test_outside_its_schedule_a_rule_is_silent_and_says_so_once() -> None:
    timeline = Timeline().play("########", armed=False)
    assert timeline.told() == []
    assert timeline.silent() == [("not_scheduled", 0.0)]
    timeline.play("######")
    assert timeline.told() == [("begin", 2.0)]


def test_a_schedule_that_closes_ends_the_episode() -> None:
    timeline = Timeline().play("########").play("#" * 13, armed=False)
    assert timeline.told() == [("begin", 0.0), ("end", 1.75)]


def test_an_instant_is_an_episode_of_one_moment() -> None:
    timeline = Timeline(Episodes(0.0, 0.0, 0.0))
    timeline.step([])
    timeline.step([finding(0.2, key="forward", instant=True), finding(0.1, key="forward", instant=True)])
    timeline.step([])
    assert timeline.told() == [("begin", 0.2), ("end", 0.2), ("begin", 0.1), ("end", 0.1)]
    assert [change.serial for change in timeline.changes] == [1, 1, 2, 2]


def test_instants_cool_down_by_key_and_keep_the_schedule() -> None:
    timeline = Timeline(Episodes(0.0, 0.0, 5.0))
    for t, key in ((0.0, "forward"), (1.0, "forward"), (2.0, "backward"), (6.0, "forward")):
        timeline.t = t
        timeline.step([finding(t, key=key, instant=True)])
    assert timeline.told()[::2] == [("begin", 0.0), ("begin", 2.0), ("begin", 6.0)]
    timeline.step([finding(20.0, instant=True)], armed=False)
    assert timeline.silent() == [("cooldown", 1.0), ("not_scheduled", 20.0)]


def reachable() -> Iterator[tuple[State, Signal]]:
    """Every pair the machine can meet: idle neither expires nor hears of absence; ripe is for idle and candidate, due
    for an episode that runs."""
    impossible = {("idle", "absent"), ("idle", "expired"), ("cooldown", "ripe"), ("cooldown", "due")}
    for state, signal in product(get_args(State), get_args(Signal)):
        running = state in ("active", "ending")
        if (state, signal) in impossible or (signal == "ripe" and running) or (signal == "due" and not running):
            continue
        yield state, signal


def test_the_table_is_complete() -> None:
    assert set(TRANSITIONS) == set(reachable())


def test_each_episode_has_its_own_highest_confidence() -> None:
    timeline = Timeline(Episodes(min_duration_s=0.0, end_after_s=1.0, cooldown_s=1.0, update_every_s=0.0))
    for confidence in (0.9, 0.6, None, 0.3, 0.4, None, 0.7, None):
        for _ in range(1 if confidence else 12):
            timeline.step([] if confidence is None else [finding(timeline.t, confidence=confidence)])
    assert [(change.phase, change.confidence) for change in timeline.changes] == [
        ("begin", 0.9),
        ("end", 0.9),
        ("begin", 0.3),
        ("end", 0.4),
        ("begin", 0.7),
        ("end", 0.7),
    ]


def test_an_interrupted_episode_keeps_its_highest_confidence() -> None:
    timeline = Timeline(Episodes(min_duration_s=0.0, end_after_s=5.0, cooldown_s=1.0, update_every_s=0.0))
    timeline.step([finding(0.0, confidence=0.9)])
    timeline.play("........")
    timeline.step([finding(timeline.t, confidence=0.4)])
    assert [change.confidence for change in timeline.finish().changes] == [0.9, 0.9]


def test_keys_without_end_leave_nothing_behind() -> None:
    """Each vehicle is a key of its own; the cooldown of one that was told is kept as long as it lasts."""
    lifecycle = Lifecycle(Episodes(min_duration_s=0.0, end_after_s=1.0, cooldown_s=10.0))
    for n in range(500):
        lifecycle.step(
            float(n), [Finding(f"{n}", 0.5, (), (), float(n)), Finding(f"m{n}", 0.5, (), (), n, instant=True)]
        )
    assert len(lifecycle._runs) < 40
    lifecycle.step(1000.0, [])
    lifecycle.step(1020.0, [])
    assert not lifecycle._runs
