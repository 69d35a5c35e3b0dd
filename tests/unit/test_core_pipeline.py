"""CameraPipeline: gate, hold, refresh, loss of the stream, determinism and how much work a step is."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from contract.codec import check_event, decode_event, encode
from edge_agent.core import tracks
from edge_agent.core.geometry import Ruler, inside
from edge_agent.core.motion import Decision
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.brawl import BrawlRule
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import (
    CameraSpec,
    CrowdRule,
    Episodes,
    IntrusionRule,
    LineCrossingRule,
    LoiteringRule,
    MotionSpec,
    Rule,
    Zone,
)
from edge_agent.core.types import Detections, Track
from edge_agent.zoo.trained import trained
from tests.scenes import AGENT, CLOCK, SQUARE, T0, Scene, ToldTracker, every, ids, person

INTRUSION = IntrusionRule(id="keep-out", zone="yard", episodes=Episodes(1.0, 3.0, 10.0, 10.0))
LOITERING = LoiteringRule(id="linger", zone="yard", dwell_s=20.0, gap_s=2.0)
CROSSING = LineCrossingRule(id="line", line="gate")
CROWD = CrowdRule(id="crowd", zone="yard", count=2)


def test_an_intrusion_begins_is_updated_and_ends() -> None:
    scene = Scene(INTRUSION)
    scene.play(every(5, 0, 12), lambda t: [person(1, (0.5, 0.5))])
    scene.play(every(5, 12.2, 16), lambda t: [])
    assert scene.told() == [("begin", 0.0), ("update", 11.0), ("end", 12.0)]
    assert len({event.data.episode for event in scene.events}) == 1
    assert len({event.id for event in scene.events}) == 3
    for event in scene.events:
        check_event(decode_event(encode(event)))


def test_feature_maps_are_asked_for_where_a_rule_looks_at_them() -> None:
    """A crowd is counted in them where the network for that is there, and only heads are."""
    zone = Zone("yard", SQUARE)

    def asked(*rules: Rule, known: bool = True) -> bool:
        camera = CameraSpec(id="c", source="-", zones=(zone,), rules=rules)
        numbers = trained() if known else {}
        return CameraPipeline(camera, AGENT, ToldTracker(), ids, "told", trained=numbers).features

    assert not asked()
    assert not asked(INTRUSION, LOITERING)
    assert asked(INTRUSION, BrawlRule(id="brawl"))
    assert asked(CROWD)
    assert not asked(CROWD, known=False)
    assert not asked(replace(CROWD, classes=("car",)))


def test_a_picture_is_wanted_of_each_begin() -> None:
    scene = Scene(INTRUSION).play(every(5, 0, 20), lambda t: [person(1, (0.5, 0.5))])
    wanted = [event_id for step in scene.steps for event_id in step.snapshots]
    assert wanted == [event.id for event in scene.events if event.data.phase == "begin"]
    assert len(wanted) == 1


def test_who_stands_still_while_the_gate_is_closed_is_still_there() -> None:
    scene = Scene(INTRUSION, LOITERING).play(every(5, 0, 3), lambda t: [person(1, (0.5, 0.5))])
    for t in every(5, 3.2, 24):
        step = scene.still(t) if round(t * 5) % 25 else scene.see(t, person(1, (0.5, 0.5)))
        assert [found.rule.id for found in step.findings][:1] == ["keep-out"]
    assert [(e.data.why.rule, e.data.phase) for e in scene.events if e.data.phase != "update"] == [
        ("keep-out", "begin"),
        ("linger", "begin"),
    ]
    assert scene.told("begin") == [("begin", 0.0), ("begin", 20.0)]


def test_held_steps_repeat_the_tracks_and_cross_no_line() -> None:
    scene = Scene(CROSSING)
    scene.see(0.0, person(1, (0.9, 0.5)))
    held = scene.still(0.2)
    assert held.held
    assert [int(track.id) for track in held.tracks] == [1]
    scene.see(5.0, person(1, (0.3, 0.5)))
    assert [phase for phase, _ in scene.told()] == ["begin", "end"]


def test_the_stream_is_lost() -> None:
    scene = Scene(INTRUSION, LOITERING).play(every(5, 0, 5), lambda t: [person(1, (0.5, 0.5))])
    events = scene.pipeline.lost(T0 + 9.0, CLOCK)
    assert [(event.data.phase, event.time.timestamp() - T0) for event in events] == [("end", 5.0)]
    assert scene.pipeline.lost(T0 + 9.5, CLOCK) == ()


def test_a_candidate_at_the_end_of_the_stream_says_why_it_is_silent() -> None:
    scene = Scene(INTRUSION).play(every(5, 0, 0.6), lambda t: [person(1, (0.5, 0.5))])
    step = scene.over(1.0)
    assert [(item.rule.id, item.suppressed.reason) for item in step.suppressed] == [("keep-out", "below_min_duration")]


def test_the_gate_decides_and_an_unsettled_refresh_is_looked_at_again() -> None:
    scene = Scene(INTRUSION, motion=MotionSpec(hold_s=1.0, refresh_s=2.0))
    decisions: list[Decision] = []
    for t in every(5, 0, 6):
        decision = scene.pipeline.wants_detection(scene.frame(t))
        decisions.append(decision)
        if decision.detect:
            here = [1] if decision.reason in ("first", "hold") else []
            scene.see(t, *[person(n, (0.5, 0.5)) for n in here])
        else:
            scene.still(t)
    reasons = [decision.reason for decision in decisions]
    refresh = reasons.index("refresh")
    assert reasons[:6] == ["first", *["hold"] * 5]
    assert reasons[6:refresh] == ["idle"] * (refresh - 6)
    assert reasons[refresh + 1 : refresh + 6] == ["confirm"] * 5


@pytest.mark.parametrize("somebody", [True, False])
def test_only_where_a_look_showed_nobody_a_still_scene_is_looked_at_more_rarely(somebody: bool) -> None:
    scene = Scene(INTRUSION, motion=MotionSpec(hold_s=0.0, refresh_s=2.0))
    looks: list[float] = []
    for t in every(5, 0, 13):
        decision = scene.pipeline.wants_detection(scene.frame(t))
        if decision.detect:
            looks += [t]
            scene.see(t, *[person(1, (0.5, 0.5))] * somebody)
        else:
            scene.still(t)
    assert looks == ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0] if somebody else [0.0, 2.0, 6.0])


def test_rain_costs_a_look_a_second_and_hides_nobody_for_longer() -> None:
    scene = Scene(INTRUSION, motion=MotionSpec())
    rng = np.random.default_rng(4)
    wet = np.kron(rng.integers(40, 200, (9, 16)), np.ones((6, 6), int))
    looks: list[float] = []
    times = list(every(5, 0, 50))
    for t in times:
        luma = np.where(rng.random(wet.shape) < 0.05, wet + 40, wet).astype(np.uint8)
        decision = scene.pipeline.wants_detection(replace(scene.frame(t), luma=luma))
        if decision.detect:
            looks.append(t)
            here = [person(1, (0.5, 0.5))] if t >= 40 else []
            scene.see(t, *here, person(2, (0.1, 0.9), cls="car"))
        else:
            scene.still(t)
    assert looks[:50] == times[:50]
    assert 20 <= sum(12 <= t < 40 for t in looks) <= 40
    assert [t for t in times if t >= 41 and t not in looks] == []
    (began,) = [t for phase, t in scene.told() if phase == "begin"]
    assert 40 <= began <= 41


def test_a_time_that_goes_back_a_little_is_taken_for_the_latest() -> None:
    scene = Scene(INTRUSION).play(every(5, 0, 3), lambda t: [person(1, (0.5, 0.5))])
    scene.see(2.0, person(1, (0.5, 0.5)))
    scene.over(2.0)
    assert scene.told() == [("begin", 0.0), ("end", 3.0)]


def test_a_clock_set_back_an_hour_ends_what_ran_and_goes_on_at_once() -> None:
    scene = Scene(INTRUSION, motion=MotionSpec()).play(every(5, 3600, 3603), lambda t: [person(1, (0.5, 0.5))])
    assert scene.pipeline.wants_detection(scene.frame(10.0)).reason == "first"
    scene.play(every(5, 10, 14), lambda t: [person(1, (0.5, 0.5))])
    scene.over(14)
    assert scene.told() == [("begin", 3600.0), ("end", 3603.0), ("begin", 10.0), ("end", 14.0)]
    assert len({event.id for event in scene.events}) == 4


def test_the_trackers_time_never_goes_back_and_keeps_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def note(_self: ToldTracker, _seen: Detections, _width: int, _height: int, t: float) -> tuple[Track, ...]:
        given.append(round(t - T0, 6))
        return ()

    monkeypatch.setattr(ToldTracker, "update", note)
    scene = Scene(INTRUSION)
    for t in (3600.0, 3600.2, 10.0, 10.2):
        scene.see(t)
    scene.still(12.2)
    scene.see(12.4)
    assert given == [3600.0, 3600.2, 3600.2, 3600.4, 3600.6]


def test_the_order_of_tracks_does_not_matter_and_runs_are_identical() -> None:
    def events(turn: int) -> list[bytes]:
        scene = Scene(INTRUSION, LOITERING, CROSSING, CROWD)
        scene.play(
            every(5, 0, 20),
            lambda t: [person(n, ((0.1 + 0.07 * t + 0.1 * n) % 1.0, 0.3 + 0.1 * n)) for n in range(5)][::turn],
        )
        scene.over(20)
        return [encode(event) for event in scene.events]

    assert events(1) == events(1) == events(-1)
    assert len(events(1)) > 10


def test_the_table_names_each_rule_by_its_kind() -> None:
    kinds = {next(item.default for item in fields(entry.spec) if item.name == "kind") for entry in RULES.values()}
    assert set(RULES) == kinds
    assert {rule.kind for rule in (INTRUSION, LOITERING, CROSSING, CROWD)} <= kinds


def test_a_step_looks_at_each_track_once_for_each_zone_and_rule_about_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: Counter[str] = Counter()

    def counting(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            looks[name] += 1
            return real(*args)

        return call

    monkeypatch.setattr(tracks, "inside", counting("zone", inside))
    monkeypatch.setattr(Ruler, "offset", counting("line", Ruler.offset))
    rules: tuple[Rule, ...] = tuple(
        replace(rule, id=f"{rule.kind.replace('_', '-')}-{n}")
        for n in range(2)
        for rule in (INTRUSION, LOITERING, CROSSING, CROWD)
    )
    scene = Scene(*rules)
    for n in range(60):
        scene.see(n / 5, *[person(k, ((k / 30 + n / 200) % 1.0, 0.3 + 0.02 * k)) for k in range(30)])
    assert looks["zone"] == 60 * 30 * len({rule.place for rule in (INTRUSION, LOITERING, CROWD)})
    assert 60 * 30 * 2 <= looks["line"] <= 4 * 60 * 30 * 2


def test_an_unknown_place_is_an_error() -> None:
    with pytest.raises(KeyError):
        Scene(INTRUSION, zones=[Zone("other", SQUARE)])
