"""The benchmarks' scorers on cases worked out by hand."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.scorers import (
    Scores,
    TruthFrame,
    as_boxes,
    between,
    detection_scores,
    episodes_of,
    inside,
    interval_scores,
    iou,
    mean_absolute_error,
    parse_mot,
    relative_error,
)
from contract.events import Clock, Event, EventData, Subject, Why, event_source, event_type, sequence_text
from contract.ids import derived_uuid7
from contract.kinds import Kind


def truth(boxes: list[tuple[float, ...]], ignored: list[bool] | None = None) -> TruthFrame:
    return TruthFrame(
        as_boxes(boxes), np.arange(len(boxes), dtype=np.int64), np.array(ignored or [False] * len(boxes), np.bool_)
    )


def score(
    frame: TruthFrame, boxes: list[tuple[float, ...]], confidences: list[float], threshold: float = 0.5
) -> Scores:
    return detection_scores(frame, as_boxes(boxes), np.array(confidences), threshold)


def test_between_two_true_frames_who_is_in_both_is_on_the_straight_way() -> None:
    first = TruthFrame(as_boxes([(0, 0, 2, 4), (9, 9, 10, 10), (5, 5, 6, 6)]), np.array([7, 3, 5]), np.zeros(3, bool))
    last = TruthFrame(as_boxes([(5, 5, 6, 6), (8, 4, 10, 8)]), np.array([5, 7]), np.array([True, False]))
    found = between({10: first, 14: last, 40: first}, apart=4)
    assert list(found) == [11, 12, 13]
    (place,) = np.flatnonzero(~found[11].ignored)
    assert (found[11].ids[place], found[11].boxes[place].tolist()) == (7, [2, 1, 4, 5])
    assert dict(zip(found[13].ids.tolist(), found[13].boxes.tolist(), strict=True))[3] == [9, 9, 10, 10]


def test_iou_by_hand() -> None:
    a = as_boxes([(0, 0, 2, 2), (0, 0, 1, 1)])
    b = as_boxes([(1, 1, 3, 3), (0, 0, 2, 2), (5, 5, 6, 6)])
    # 2x2 and 2x2 share 1 of 7; a 1x1 inside a 2x2 shares 1 of 4
    assert iou(a, b) == pytest.approx(np.array([[1 / 7, 1.0, 0.0], [0.0, 0.25, 0.0]]))


def test_iou_of_empty_boxes_is_zero() -> None:
    empty = as_boxes([(1, 1, 1, 1)])
    assert iou(empty, empty).tolist() == [[0.0]]
    assert iou(as_boxes([]), empty).shape == (0, 1)


def test_scores_add_and_divide() -> None:
    total = Scores(3, 1, 0) + Scores(1, 0, 4)
    assert total == Scores(4, 1, 4)
    assert total.precision == pytest.approx(0.8)
    assert total.recall == pytest.approx(0.5)


def test_scores_of_nothing_are_perfect() -> None:
    assert Scores().precision == 1.0
    assert Scores().recall == 1.0


def test_one_hit_one_miss_one_false() -> None:
    frame = truth([(0, 0, 10, 10), (20, 20, 30, 30)])
    assert score(frame, [(0, 0, 10, 9), (50, 50, 60, 60)], [0.9, 0.8]) == Scores(tp=1, fp=1, fn=1)


def test_two_boxes_on_one_truth_count_once() -> None:
    frame = truth([(0, 0, 10, 10)])
    assert score(frame, [(0, 0, 10, 10), (0, 0, 10, 9)], [0.5, 0.9]) == Scores(tp=1, fp=1, fn=0)


def test_the_threshold_itself_matches() -> None:
    frame = truth([(0, 0, 10, 10)])
    assert score(frame, [(0, 0, 10, 5)], [0.9]) == Scores(tp=1)
    assert score(frame, [(0, 0, 10, 4.9)], [0.9]) == Scores(fp=1, fn=1)


def test_an_ignored_truth_neither_counts_nor_blames() -> None:
    frame = truth([(0, 0, 10, 10), (20, 20, 30, 30)], [False, True])
    boxes: list[tuple[float, ...]] = [(20, 20, 30, 30), (20, 20, 30, 29), (0, 0, 10, 10)]
    assert score(frame, boxes, [0.9, 0.8, 0.7]) == Scores(tp=1)
    assert score(frame, [], []) == Scores(fn=1)


def test_a_box_prefers_the_truth_that_counts() -> None:
    frame = truth([(0, 0, 10, 10), (0, 0, 10, 9)], [False, True])
    assert score(frame, [(0, 0, 10, 9)], [0.9]) == Scores(tp=1)


def test_a_frame_without_truth() -> None:
    assert score(truth([]), [(0, 0, 1, 1)], [0.9]) == Scores(fp=1)
    assert score(truth([]), [], []) == Scores()


def test_mot_lines() -> None:
    frames = parse_mot(["2,7,10,20,30,40,1", "", "1,5,0,0,2,4,0", "2,8,1,2,3,4"])
    assert list(frames) == [1, 2]
    assert frames[2].boxes.tolist() == [[10, 20, 40, 60], [1, 2, 4, 6]]
    assert frames[2].ids.tolist() == [7, 8]
    assert frames[2].ignored.tolist() == [False, False]
    assert frames[1].ignored.tolist() == [True]


def test_a_broken_mot_line_is_refused() -> None:
    with pytest.raises(ValueError, match="six numbers"):
        parse_mot(["1,2,3"])


def test_mean_absolute_error() -> None:
    assert mean_absolute_error([3, 5, 0], [4, 5, 2]) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="nothing"):
        mean_absolute_error([], [])
    with pytest.raises(ValueError, match="zip"):
        mean_absolute_error([1], [1, 2])


def test_relative_error() -> None:
    assert relative_error(9, 10) == pytest.approx(0.1)
    assert relative_error(0, 0) == 0.0
    assert math.isinf(relative_error(1, 0))


def test_inside() -> None:
    assert inside((2, 3), (2, 3))
    assert inside((1.5, 3.4), (2, 3), tolerance=0.5)
    assert not inside((1.4, 3), (2, 3), tolerance=0.5)
    assert not inside((2, 3.6), (2, 3), tolerance=0.5)


def test_intervals_match_one_to_one() -> None:
    assert interval_scores([(1, 4)], [(0, 5)]) == Scores(tp=1)
    assert interval_scores([(1, 2), (3, 4)], [(0, 5)]) == Scores(tp=1, fp=1)
    assert interval_scores([(1, 2)], [(0, 5), (8, 9)]) == Scores(tp=1, fn=1)
    assert interval_scores([(6, 7)], [(0, 5)]) == Scores(fp=1, fn=1)
    assert interval_scores([(6, 7)], [(0, 5)], tolerance=1) == Scores(tp=1)
    assert interval_scores([], []) == Scores()


def event(episode: str, phase: str, second: int, count: int) -> Event:
    at = datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(
        id=derived_uuid7(second, episode, phase),
        source=event_source("site", "agent", "cam"),
        type=event_type(Kind.INTRUSION, phase),  # type: ignore[arg-type]
        time=at,
        sequence=sequence_text(0),
        data=EventData(
            camera="cam",
            site="site",
            kind=Kind.INTRUSION,
            phase=phase,  # type: ignore[arg-type]
            episode=derived_uuid7(0, episode),
            started=begun,
            ended=at if phase == "end" else None,
            confidence=0.5,
            severity="minor",
            zone="yard",
            subjects=(Subject(cls="person", count=count),),
            why=Why(rule="rule", measures=(), model="m", config_hash="0" * 8),
            clock=Clock(offset_ms=0, synchronised=True),
        ),
    )


def test_episodes_gather_their_events() -> None:
    events = [event("a", "begin", 1, 1), event("b", "begin", 2, 3), event("a", "end", 5, 2)]
    first, second = episodes_of(events)
    begun = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert (first.kind, first.rule, first.zone) == ("intrusion", "rule", "yard")
    assert (first.started, first.ended) == (begun, begun + 5)
    assert [subject.count for subject in first.subjects] == [1, 2]
    assert second.ended is None
