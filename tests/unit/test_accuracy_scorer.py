"""The scorer of `benchmarks.accuracy`: what counts as found, as missed and as false, and what as a fall."""

from pathlib import Path

import pytest

from benchmarks import accuracy, accuracy_report
from benchmarks.accuracy import AFTER_S, Told, config_of, kinds, scores_of
from benchmarks.accuracy_report import fallen, flat, report
from benchmarks.report import Figure, Outcome, at_least, at_most, equal, holds
from benchmarks.truth import Clip, Truth
from edge_agent.config import parse
from edge_agent.core.overlap import pair_iou
from edge_agent.core.rules.table import RULES

CLIPS = tuple(Clip(name, Path(f"/nowhere/{name}"), 60.0, 25.0, 640, 360) for name in ("a.mp4", "b.mp4"))
BOX = (0.1, 0.1, 0.3, 0.3)
TRUTH = {"a.mp4": (Truth("camera_moved", 10.0, 20.0, 0.4, (BOX,)),)}


def told(at_s: float, clip: str = "a.mp4", boxes: tuple[tuple[float, float, float, float], ...] = ()) -> Told:
    return Told(clip, "camera_moved", at_s, boxes, "why")


@pytest.mark.parametrize(
    ("said", "hits", "false"),
    [
        ([told(12.0)], 1, 0),
        ([told(9.6)], 1, 0),
        ([told(9.5)], 0, 1),
        ([told(20.4 + AFTER_S)], 1, 0),
        ([told(20.5 + AFTER_S)], 0, 1),
        ([told(12.0), told(15.0)], 1, 0),
        ([told(12.0, "b.mp4")], 0, 1),
        ([], 0, 0),
    ],
)
def test_what_is_found_and_what_is_false(said: list[Told], hits: int, false: int) -> None:
    score = scores_of(said, CLIPS, TRUTH)["camera_moved"]
    assert (score.hits, len(score.missed), len(score.false)) == (hits, 1 - hits, false)


def test_the_delay_and_the_box_are_of_the_first_that_tells() -> None:
    score = scores_of([told(15.0), told(12.0, boxes=((0.1, 0.1, 0.3, 0.2),))], CLIPS, TRUTH)["camera_moved"]
    assert score.delays == [2.0]
    assert score.ious == [pytest.approx(0.5)]


def test_a_clip_that_begins_in_the_middle_has_no_delay() -> None:
    labels = {"a.mp4": (Truth("camera_moved", 0.0, 60.0, 0.0, onset=False),)}
    assert scores_of([told(12.0)], CLIPS, labels)["camera_moved"].delays == []


def test_boxes_that_do_not_meet_have_no_overlap() -> None:
    assert pair_iou(BOX, (0.3, 0.1, 0.5, 0.3)) == 0.0
    assert pair_iou(BOX, BOX) == pytest.approx(1.0)


def test_the_config_gives_each_clip_every_rule_with_its_defaults() -> None:
    config = parse(config_of(CLIPS), Path("accuracy.toml"))
    for camera in config.cameras:
        assert [rule.kind for rule in camera.rules] == list(kinds())
        assert all(rule == RULES[rule.kind].spec(id=rule.id, schedule=rule.schedule) for rule in camera.rules)  # type: ignore[call-arg]


def test_a_figure_that_fell_is_named_and_one_that_rose_is_not() -> None:
    scores = scores_of([told(12.0)], CLIPS, TRUTH)
    before = flat(scores, [Outcome("x", (at_least("auc", 0.9, 0.8), at_most("cost, ms a frame", 3, 4)))])
    assert before["camera_moved: found"] == [1.0, 1]
    assert before["x: auc"] == [0.9, 1]
    assert "x: cost, ms a frame" not in before
    just_so = flat(scores, [Outcome("x", (equal("told", 1, 1), holds("where", "door", "gate", False), Figure("n", 3)))])
    assert just_so["x: told, as it must be"] == [1.0, 1]
    assert just_so["x: where, as it must be"] == [0.0, 1]
    assert "x: n" not in str(just_so)
    better = {**before, "x: auc": [0.95, 1], "camera_moved: false": [0.0, -1]}
    assert fallen(better, before) == []
    assert fallen({**before, "x: auc": [0.8995, 1]}, before) == []
    worse = {**before, "x: auc": [0.88, 1], "camera_moved: false": [2.0, -1]}
    del worse["camera_moved: found"]
    assert sorted(line.split(":")[0] + line.split(":")[1] for line in fallen(worse, before)) == [
        "camera_moved false",
        "camera_moved found",
        "x auc",
    ]
    assert len(fallen({**before, "x: auc": [float("nan"), 1]}, before)) == 1


def test_the_command_fails_where_a_figure_is_worse_than_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [told(12.0)]
    monkeypatch.setattr(accuracy_report, "BASELINE", tmp_path / "baseline.json")
    monkeypatch.setattr(accuracy, "DATA", tmp_path)
    monkeypatch.setattr(accuracy, "clips", lambda: CLIPS)
    monkeypatch.setattr(accuracy, "truths", lambda: TRUTH)
    monkeypatch.setattr(accuracy, "told_by", lambda chosen, resume: said)
    assert accuracy.main(["--no-themes", "--accept"]) == 0
    assert accuracy.main(["--no-themes"]) == 0
    said.clear()
    assert accuracy.main(["--no-themes"]) == 1
    assert "camera_moved: found: 0, was 1" in capsys.readouterr().err
    said += [told(12.0), told(40.0)]
    assert accuracy.main(["--no-themes"]) == 1
    assert "camera_moved: false: 1, was 0" in capsys.readouterr().err


def test_the_report_names_what_was_missed_and_what_was_false() -> None:
    scores = scores_of([told(40.0)], CLIPS, TRUTH)
    text = report(scores, CLIPS, [])
    assert "| `camera_moved` | 1 | 0 | 1 |" in text
    assert "- `camera_moved` a.mp4 at 40.0 s (why)" in text
    assert "- `camera_moved`: a.mp4" in text
    for limit in ("false alarms per camera-day", "flood", "wrong way", "rain at night"):
        assert limit in text
