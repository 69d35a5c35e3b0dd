"""Every tracker keeps the same promises: confirmed tracks of this frame, stable ids, nothing shared between cameras."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.ports import Tracker
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.types import Box, Detections, Track

CLASSES = ("person", "car", "truck", "motorcycle")
WIDTH, HEIGHT, FPS = 1280, 720, 10.0
T0 = 1_767_225_600.0

Make = Callable[[], Tracker]
Row = tuple[float, float, str, float]
"""One object: middle of its foot in pixels, class, score; people are 40 × 100 pixels, the rest 160 × 80."""


@pytest.fixture(params=["bytetrack"])
def make(request: pytest.FixtureRequest) -> Make:
    return {"bytetrack": lambda: ByteTrack(TrackerSpec(start=0.4, floor=0.1))}[request.param]


def seen(rows: list[Row]) -> Detections:
    boxes = []
    for x, y, cls, _ in rows:
        wide, high = (40, 100) if cls == "person" else (160, 80)
        boxes.append((x - wide / 2, y - high, x + wide / 2, y))
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([row[3] for row in rows], np.float32),
        np.array([CLASSES.index(row[2]) for row in rows], np.int32),
        CLASSES,
    )


def as_box(row: NDArray[np.float32]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in row)
    return x1, y1, x2, y2


def follow(
    tracker: Tracker, frames: list[list[Row]], start: float = T0, step: float = 1 / FPS
) -> list[tuple[Track, ...]]:
    return [tracker.update(seen(rows), WIDTH, HEIGHT, start + index * step) for index, rows in enumerate(frames)]


def walk(count: int, x: float = 100.0, y: float = 400.0, pace: float = 6.0, score: float = 0.9) -> list[list[Row]]:
    return [[(x + pace * index, y, "person", score)] for index in range(count)]


def ids(results: list[tuple[Track, ...]]) -> set[int]:
    return {track.id for tracks in results for track in tracks}


def test_a_walker_is_one_track_reported_once_confirmed(make: Make) -> None:
    results = follow(make(), walk(30))
    assert results[0] == ()
    assert all(len(tracks) == 1 for tracks in results[1:])
    assert len(ids(results)) == 1


def test_boxes_are_the_detections_in_unit_coordinates(make: Make) -> None:
    (track,) = follow(make(), walk(5))[-1]
    x = 100 + 6 * 4
    assert track.box == pytest.approx(((x - 20) / WIDTH, 300 / HEIGHT, (x + 20) / WIDTH, 400 / HEIGHT), abs=1e-6)
    assert track.score == pytest.approx(0.9)
    assert track.cls == "person"


def test_only_tracks_of_this_frame_come_back(make: Make) -> None:
    tracker = make()
    follow(tracker, walk(5))
    assert tracker.update(Detections.none(CLASSES), WIDTH, HEIGHT, T0 + 0.5) == ()


def test_nothing_at_all(make: Make) -> None:
    tracker = make()
    assert follow(tracker, [[], [], []]) == [(), (), ()]
    assert len(ids(follow(tracker, walk(5), T0 + 1))) == 1


def test_a_single_glimpse_is_no_track(make: Make) -> None:
    assert ids(follow(make(), [[(300.0, 300.0, "person", 0.9)], [], [], []])) == set()


def test_an_occluded_walker_keeps_its_id(make: Make) -> None:
    frames = walk(30)
    frames[12:18] = [[]] * 6
    results = follow(make(), frames)
    assert len(ids(results)) == 1
    assert results[20] != ()


def test_who_comes_back_much_later_is_somebody_new(make: Make) -> None:
    tracker = make()
    before = ids(follow(tracker, walk(10)))
    after = ids(follow(tracker, walk(10, x=154.0), T0 + 60))
    assert len(before) == len(after) == 1
    assert before != after


def test_real_gaps_count_not_the_number_of_frames(make: Make) -> None:
    """Ten frames at 10 fps and ten at 1 fps: the walker covers ten times the way between two, and is still followed."""
    tracker = make()
    follow(tracker, walk(10))
    later = follow(tracker, walk(6, x=154.0 + 6 * 5, pace=6.0 * 5), T0 + 0.9 + 0.5, 0.5)
    assert len(ids(later)) == 1


def test_two_who_pass_each_other_keep_their_ids(make: Make) -> None:
    frames: list[list[Row]] = [
        [(100 + 12 * i, 400.0, "person", 0.9), (700 - 12 * i, 470.0, "person", 0.9)] for i in range(50)
    ]
    results = follow(make(), frames)
    by_row = [{round(track.box[3] * HEIGHT): track.id for track in tracks} for tracks in results[1:]]
    assert {row[400] for row in by_row} == {by_row[0][400]}
    assert {row[470] for row in by_row} == {by_row[0][470]}
    assert by_row[0][400] != by_row[0][470]


def test_a_weak_detection_continues_a_track_but_begins_none(make: Make) -> None:
    weak = walk(20, score=0.15)
    assert ids(follow(make(), weak)) == set()
    mixed = walk(20)
    mixed[8:12] = weak[8:12]
    results = follow(make(), mixed)
    assert len(ids(results)) == 1
    assert all(results[1:])


def test_a_vehicle_whose_class_flips_is_one_track_of_its_usual_class(make: Make) -> None:
    frames: list[list[Row]] = [[(300 + 8.0 * i, 500.0, "truck" if i in (3, 9, 10) else "car", 0.8)] for i in range(20)]
    results = follow(make(), frames)
    assert len(ids(results)) == 1
    assert {track.cls for tracks in results for track in tracks} == {"car"}


def test_a_rider_and_the_motorcycle_are_two(make: Make) -> None:
    """Their boxes overlap, and either may be missed for a moment."""
    frames: list[list[Row]] = []
    for i in range(30):
        both: list[Row] = [(200 + 10.0 * i, 400.0, "person", 0.8), (200 + 10.0 * i, 420.0, "motorcycle", 0.8)]
        frames.append(both[:1] if i % 7 == 5 else both[1:] if i % 7 == 3 else both)
    results = follow(make(), frames)
    classes: dict[int, set[str]] = {}
    for tracks in results:
        for track in tracks:
            classes.setdefault(track.id, set()).add(track.cls)
    assert sorted(classes.values(), key=sorted) == [{"motorcycle"}, {"person"}]


def test_cameras_share_neither_ids_nor_state(make: Make) -> None:
    """Interleaved, each gives what it gives alone: a counter shared by the process would show here."""
    alone = follow(make(), walk(12))
    one, other = make(), make()
    together = []
    for index, rows in enumerate(walk(12)):
        together.append(one.update(seen(rows), WIDTH, HEIGHT, T0 + index / FPS))
        other.update(seen([(900.0 - index, 600.0, "person", 0.9)]), WIDTH, HEIGHT, T0 + 50 + index / FPS)
    make()
    assert together == alone


def test_sorted_by_id_and_no_id_twice(make: Make) -> None:
    chance = random.Random(4)
    frames: list[list[Row]] = [
        [
            (80.0 * n + 3 * i, 120.0 + 60 * (n % 8), "person", chance.uniform(0.3, 0.95))
            for n in range(12)
            if chance.random() > 0.1
        ]
        for i in range(40)
    ]
    for tracks in follow(make(), frames):
        numbers = [track.id for track in tracks]
        assert numbers == sorted(set(numbers))


def test_the_same_input_gives_the_same_tracks(make: Make) -> None:
    frames: list[list[Row]] = [[*walk(20)[i], (900.0 - 9 * i, 650.0, "car", 0.7)] for i in range(20)]
    assert follow(make(), frames) == follow(make(), frames)


@pytest.mark.filterwarnings("error")
def test_a_clock_that_stands_still_or_goes_back_breaks_nothing(make: Make) -> None:
    tracker = make()
    first = follow(tracker, walk(5))
    stuck = [tracker.update(seen(rows), WIDTH, HEIGHT, T0 - 3600) for rows in walk(8)[5:]]
    assert ids(first) == ids(stuck)
    assert all(stuck)


def test_the_detections_are_left_alone(make: Make) -> None:
    detections = seen(walk(1)[0])
    before = detections.boxes.copy(), detections.scores.copy()
    tracker = make()
    tracker.update(detections, WIDTH, HEIGHT, T0)
    tracker.update(detections, WIDTH, HEIGHT, T0 + 0.1)
    assert np.array_equal(detections.boxes, before[0])
    assert np.array_equal(detections.scores, before[1])


@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_resolution_does_not_change_who_is_followed(make: Make, factor: float) -> None:
    frames = walk(25)
    frames[10:13] = [[]] * 3
    expected = follow(make(), frames)
    tracker = make()
    for index, rows in enumerate(frames):
        plain = seen(rows)
        scaled = Detections(plain.boxes * np.float32(factor), plain.scores, plain.labels, CLASSES)
        tracks = tracker.update(scaled, round(WIDTH * factor), round(HEIGHT * factor), T0 + index / FPS)
        assert [track.id for track in tracks] == [track.id for track in expected[index]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.floats(-50, 1400), st.floats(0, 800), st.sampled_from(CLASSES), st.floats(0.1, 1)),
                max_size=6,
            ),
            st.floats(0, 20),
        ),
        max_size=15,
    )
)
def test_whatever_comes_every_track_is_a_detection_of_this_frame(frames: list[tuple[list[Row], float]]) -> None:
    tracker, t = ByteTrack(TrackerSpec(start=0.4, floor=0.1)), T0
    for rows, gap in frames:
        t += gap
        detections = seen(rows)
        unit = detections.boxes / np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)
        tracks = tracker.update(detections, WIDTH, HEIGHT, t)
        taken = Counter(track.box for track in tracks)
        here = Counter(as_box(box) for box in unit)
        assert not taken - here
        assert len({track.id for track in tracks}) == len(tracks)


@pytest.mark.data
@pytest.mark.parametrize(("name", "most"), [("MOT16-02", 0), ("MOT16-09", 3)])
def test_true_boxes_of_a_street_keep_their_ids(make: Make, data: Path, name: str, most: int) -> None:
    """Ground truth boxes at 10 Hz; `most` is how often a person's id changes as measured (two after long absences)."""
    rows = np.loadtxt(data / "tracking" / "mot16_tracks_10hz" / f"{name}.txt", delimiter=",")[:, :6]
    last: dict[int, int] = {}
    tracker, switches, reported = make(), 0, 0
    for step, number in enumerate(np.unique(rows[:, 0])):
        here = rows[rows[:, 0] == number]
        boxes = np.concatenate([here[:, 2:4], here[:, 2:4] + here[:, 4:6]], axis=1).astype(np.float32)
        found = Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32), CLASSES)
        unit = boxes / np.array([1920, 1080] * 2, np.float32)
        whose = {as_box(box): int(row[1]) for box, row in zip(unit, here, strict=True)}
        for track in tracker.update(found, 1920, 1080, T0 + step / 10):
            person = whose[track.box]
            switches += last.get(person, track.id) != track.id
            last[person] = track.id
            reported += 1
    assert reported >= 0.98 * len(rows)
    assert switches <= most
