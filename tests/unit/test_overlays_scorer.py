"""The scorer of benchmarks.robustness_overlays: what is true, what is false, which rules and clips take part."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from benchmarks.robustness_overlays import (
    ABOUT_PEOPLE,
    CAMERA,
    CLIPS,
    OTHERS,
    QUICK,
    SEEDS,
    Episode,
    Plan,
    Trial,
    config,
    episodes,
    false_ones,
    kept,
    measure,
    parser,
    plan_of,
)
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import IntrusionRule
from edge_agent.core.types import Track
from simulator.weather import KINDS, STRENGTHS
from tests.scenes import T0, Scene, every, person


def episode(kind: str, begins: float, ends: float) -> Episode:
    return Episode(kind, begins, ends, begins + 1, ())


def test_only_the_same_kind_at_about_the_same_time_is_true() -> None:
    true = [episode("brawl", 5, 9)]
    told = [
        episode("brawl", 8, 20),
        episode("brawl", 12, 13),
        episode("brawl", 1, 2),
        episode("brawl", 12.1, 13),
        episode("brawl", 0, 1.9),
        episode("smoke_fire", 5, 9),
    ]
    assert false_ones(told, true) == tuple(told[3:])
    assert false_ones(told, []) == tuple(told)


def test_episodes_come_with_their_measures_and_times_from_the_overlays_begin() -> None:
    people: Callable[[float], Iterable[Track]] = lambda t: [person(1, (0.5, 0.5))] if 12 <= t < 15 else []  # noqa: E731
    scene = Scene(IntrusionRule(id="in", zone="yard")).play(every(5, 0, 20), people)
    (found,) = episodes(scene.events, T0 + 10)
    assert (found.kind, round(found.begins, 1), round(found.told, 1), round(found.ends, 1)) == ("intrusion", 2, 3, 4.8)
    assert "held 1 (1)" in found.measures
    scene = Scene(IntrusionRule(id="in", zone="yard")).play(every(5, 0, 14), people)
    scene.over(14)
    assert [one.kind for one in episodes(scene.events, T0)] == ["intrusion"]


def test_every_rule_that_is_not_about_people_joins_with_its_defaults() -> None:
    camera = config(()).cameras[0]
    assert {rule.kind for rule in camera.rules} == set(RULES) - set(ABOUT_PEOPLE)
    alone = config((CAMERA,)).cameras[0]
    assert (alone.rules, alone.tamper.enabled) == ((), True)
    assert config(("crowd",)).cameras[0].rules == ()
    assert config((), 2.0).cameras[0].fps == 2.0


def plan(*arguments: str) -> Plan:
    return plan_of(parser().parse_args(arguments))


def test_the_plan_of_a_command_line() -> None:
    whole, quick = plan(), plan("--quick")
    assert whole.parts == Plan().parts
    assert len(set(whole.parts)) == len(whole.parts) == 10 * len(KINDS) * len(STRENGTHS)
    assert set(quick.parts) == {(kind, "medium", name) for kind in KINDS for name in QUICK}
    assert not quick.detector
    some = plan("--clip", "vtest", "thai", "--overlay", "rain", "--strength", "weak", "--kind", CAMERA, "--detector")
    assert [(kind, how) for kind, how, _ in some.parts] == [("rain", "weak")] * 2
    assert (some.kinds, some.detector, some.seed) == ((CAMERA,), True, 0)
    assert set(QUICK) <= set(CLIPS)
    assert (some.fps, plan("--fps", "10").fps) == (5.0, 10.0)


def test_the_other_clips_join_only_where_they_are_named_and_have_weather_of_their_own() -> None:
    assert {name for *_, name in plan("--clip", *OTHERS).parts} == set(OTHERS)
    assert not {name for *_, name in plan().parts} & set(OTHERS)
    assert sorted(SEEDS.values()) == list(range(len(CLIPS) + len(OTHERS)))


def test_a_sample_is_drawn_by_its_seed_from_what_is_asked_for() -> None:
    one, other = (plan("--strength", "strong", "--sample", "20", "--seed", seed) for seed in ("1", "2"))
    assert one == plan("--strength", "strong", "--sample", "20", "--seed", "1")
    assert len(set(one.parts)) == len(set(other.parts)) == 20
    assert one.parts != other.parts
    assert {how for _, how, _ in one.parts} == {"strong"}
    assert len({name for *_, name in one.parts}) > 5
    assert len(plan("--clip", "vtest", "--overlay", "rain", "--sample", "20").parts) == len(STRENGTHS)


def test_what_is_kept_is_counted_and_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some, file = plan("--clip", "vtest", "--overlay", "rain", "--strength", "weak"), tmp_path / "trials"
    ((*_, name),) = some.parts
    trials = [
        Trial("rain", "weak", name, (episode("brawl", 1, 2),)),
        Trial("rain", "strong", name, (episode("brawl", 1, 2),)),
        Trial("rain", "weak", name, (episode("brawl", 1, 2),), 7),
        Trial("rain", "weak", name, (episode("brawl", 1, 2),), 0, 2.0),
        Trial("rain", "weak", name, (episode("brawl", 3, 4), episode("smoke_fire", 3, 4))),
    ]
    file.write_bytes(b"".join(msgspec.json.encode(trial) + b"\n" for trial in trials))
    outcome = measure(some, 1, file)
    assert outcome.figure("synthetic overlays: false events").value == 2
    assert outcome.figure("overlays x strengths x clips").value == 1
    assert capsys.readouterr().out.count("false: rain weak") == 2
    assert kept(tmp_path / "none") == []
