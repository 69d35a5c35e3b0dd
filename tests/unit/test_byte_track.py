"""Edges of the tracker that its port's suite does not ask every tracker for, and the scenes it is measured on."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.tracker_scenes import every, walkers
from benchmarks.tracking import ours
from edge_agent.core.assignment import heaviest
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.types import Detections, Track

NAMES = ("person", "car", "truck", "bicycle")


def at(*left: float, score: float = 0.9, label: int = 0, names: tuple[str, ...] = NAMES) -> Detections:
    """Boxes of 50 x 100 pixels in a picture of 1000 x 1000."""
    boxes = np.array([(x, 200, x + 50, 300) for x in left], np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(left), score, np.float32), np.full(len(left), label, np.int32), names)


def look(tracker: ByteTrack, found: Detections, t: float) -> tuple[Track, ...]:
    return tracker.update(found, 1000, 1000, 1_767_225_600.0 + t)


def test_one_frame_to_confirm_counts_as_two_in_a_row() -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4, confirm=1))
    seen = [look(tracker, at(100) if there else at(), n / 5) for n, there in enumerate((1, 0, 1, 0, 1, 1))]
    assert [len(tracks) for tracks in seen] == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(("gap", "same"), [(1.5, True), (1.52, False)])
def test_a_track_is_remembered_by_the_clock(gap: float, same: bool) -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4, lost_s=1.5))
    look(tracker, at(100), 0.0)
    (before,) = look(tracker, at(100), 0.2)
    found = [look(tracker, at(100), 0.2 + gap + n / 5) for n in range(2)]
    assert [track.id == before.id for tracks in found for track in tracks] == ([True, True] if same else [False])


def test_a_class_holds_until_another_has_more_votes() -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4))
    labels = (1, 1, 2, 2, 1, 2, 2)
    shown = [look(tracker, at(100, label=label), n / 5) for n, label in enumerate(labels)]
    assert [track.cls for tracks in shown for track in tracks] == ["car", "car", "truck", "truck", "truck", "truck"]


def test_a_detector_that_names_its_classes_anew_is_understood() -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4))
    look(tracker, at(100, label=1), 0.0)
    look(tracker, at(100, label=1), 0.2)
    (track,) = look(tracker, at(100, label=0, names=("car", "person")), 0.4)
    assert (track.id, track.cls) == (1, "car")


def test_who_has_gone_takes_no_memory() -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4, lost_s=0.5))

    def pass_by(first: int, count: int) -> None:
        for n in range(first, first + count):
            look(tracker, at(n // 3 * 61 % 900), n / 5)

    pass_by(0, 300)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    pass_by(300, 900)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 5_000


def test_no_pairs_no_matching() -> None:
    assert list(heaviest(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))) == []


def test_the_scenes_to_measure_on_are_drawn_alike_each_time() -> None:
    scene = walkers(10, 40, 3)
    answer = ours(scene)
    assert answer.tracks == ours(walkers(10, 40, 3)).tracks
    assert answer.tracks != ours(walkers(10, 40, 4)).tracks
    assert all(index < len(scene.scores[frame]) for frame, _, index in answer.tracks)
    assert len({number for _, number, _ in answer.tracks}) >= 10
    assert len(every(2, scene).scores) == 20


def test_who_is_weak_continues_a_track_with_his_own_score_and_begins_none() -> None:
    tracker, weak = ByteTrack(TrackerSpec()), np.array([True])
    for n in range(4):
        assert not look(tracker, replace(at(10, score=0.9), weak=weak), n * 0.2)
    for n in range(4, 8):
        known = look(tracker, at(10, score=0.9), n * 0.2)
    (still,) = look(tracker, replace(at(10, score=0.8), weak=weak), 1.6)
    assert known[0].id == still.id
    assert still.score == pytest.approx(0.8)


def test_where_whoever_is_followed_should_be_next() -> None:
    tracker = ByteTrack(TrackerSpec(start=0.4))
    assert tracker.expected(1_767_225_600.0).shape == (0, 4)
    for n in range(20):
        look(tracker, at(100 + 10 * n, 700), n / 5)
    look(tracker, at(300), 4.0)
    went, stayed = sorted(tracker.expected(1_767_225_600.0 + 4.4).tolist())
    assert went == pytest.approx((0.32, 0.2, 0.37, 0.3), abs=0.003)
    assert stayed == pytest.approx((0.7, 0.2, 0.75, 0.3), abs=0.003), "though he was not seen at last"


def boxed(*rows: tuple[float, float, float, float, float]) -> Detections:
    """People at x1 y1 x2 y2, with their scores."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :4], table[:, 4], np.zeros(len(table), np.int32), NAMES)


def test_whose_box_shrank_before_he_was_lost_shrinks_to_nothing_and_is_not_whoever_stands_there() -> None:
    """Without a limit his corners would pass each other, and the box turned inside out has an area again."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    look(tracker, boxed((100, 100, 200, 300, 0.9)), 0.0)
    (shrinking,) = look(tracker, boxed((130, 140, 170, 260, 0.9)), 0.2)
    look(tracker, boxed(), 0.4)
    for t in (0.8, 1.0, 1.4):
        ((left, top, right, bottom),) = tracker.expected(1_767_225_600.0 + t).tolist()
        assert (right - left, bottom - top) == pytest.approx((0, 0), abs=1e-12)
        assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((0.15, 0.2))
    assert look(tracker, boxed((50, 100, 250, 300, 0.9)), 0.8) == ()
    (passing,) = look(tracker, boxed((50, 100, 250, 300, 0.9)), 1.0)
    assert passing.id != shrinking.id


NEAR, FAR, BOTH = (193, 386, 252, 528, 0.5), (168, 351, 223, 493, 0.5), (172, 351, 252, 530, 0.7)


def test_two_who_are_also_detected_as_one_and_then_as_one_only_do_not_become_a_third() -> None:
    """As seen of two who walk close to each other, on a real clip."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    looks = [(NEAR, FAR)] * 4 + [(NEAR, FAR, BOTH)] + [(BOTH,)] * 4 + [(NEAR, FAR)] * 4
    seen = [{track.id for track in look(tracker, boxed(*rows), n / 10)} for n, rows in enumerate(looks)]
    assert set().union(*seen) == {1, 2}
    assert seen[-1] == {1, 2}


def test_who_steps_out_from_behind_somebody_is_told_as_soon_as_anybody_else() -> None:
    """He begins where another was found, and the other stays there."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    seen = []
    for n in range(6):
        behind = [(193 + 25.0 + 4 * n, 380, 252 + 25.0 + 4 * n, 520, 0.8)] if n >= 4 else []
        seen.append({track.id for track in look(tracker, boxed(NEAR, *behind), n / 10)})
    assert seen == [set(), {1}, {1}, {1}, {1}, {1, 2}]
