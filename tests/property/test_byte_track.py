"""The tracker over arrays against one written down track by track, and what must not matter to it."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_agent.core import box_filter
from edge_agent.core.assignment import heaviest
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.spec import TrackerSpec
from edge_agent.core.types import Box, Detections, Track
from tests.reference.naive_byte_track import Naive, greatest

CLASSES = ("person", "car", "truck", "bicycle")
WIDTH, HEIGHT, T0 = 2048, 1024, 1_767_225_600.0
GRID = 4096
"""Parts of a pixel. Boxes at whole ones, in a picture whose sides are powers of two, are moved by whole pixels without
rounding, which would decide now and then which of two boxes fits better."""
Frames = list[Detections]


def street(seed: int, count: int, frames: int, dt: float = 0.2) -> Frames:
    """People and vehicles on ways that cross, missed, mistaken and seen twice now and then, among ghosts, in any
    order."""
    chance = np.random.default_rng(seed)
    at = chance.uniform((200, 250), (1000, 600), (count, 2))
    pace = chance.uniform(-90, 90, (count, 2)) * (1, 0.2)
    kind = chance.choice(len(CLASSES), count)
    result = []
    for _ in range(frames):
        at = at + pace * dt
        shown = np.flatnonzero(chance.random(count) > 0.15)
        foot = np.concatenate((at[shown] + chance.normal(0, 2, (len(shown), 2)), chance.uniform(200, 600, (1, 2))))
        flip = np.where(chance.random(len(shown)) < 0.1, chance.choice(len(CLASSES), len(shown)), kind[shown])
        labels = np.append(flip, 0)
        size = np.array([(40, 100), (150, 80), (180, 110), (60, 70)])[labels] * chance.uniform(0.95, 1.05)
        boxes = np.concatenate((foot - size * (0.5, 1), foot + size * (0.5, 0)), axis=1)
        twice = np.flatnonzero(chance.random(len(labels)) < 0.3)
        shift = chance.uniform(-0.2, 0.2, (len(twice), 2)) * size[twice]
        # Larger by a little: two boxes of one size fit a track that both enclose equally well, and order would decide.
        larger = size[twice] * chance.uniform(0, 0.05, (len(twice), 2))
        again = boxes[twice] + np.concatenate((shift, shift + larger), axis=1)
        boxes, labels = np.concatenate((boxes, again)), np.append(labels, labels[twice])
        scores = chance.uniform(0.02, 0.98, len(labels))
        order = chance.permutation(len(labels))
        found = Detections(boxes.astype(np.float32), scores.astype(np.float32), labels.astype(np.int32), CLASSES)
        result.append(rearranged(found, order))
    return result


def rearranged(found: Detections, order: Sequence[int] | NDArray[np.intp]) -> Detections:
    return Detections(found.boxes[order], found.scores[order], found.labels[order], found.classes)


def exact(found: Detections) -> Detections:
    boxes = np.round(found.boxes * GRID) / GRID
    return Detections(boxes.astype(np.float32), found.scores, found.labels, found.classes)


def moved(found: Detections, by: tuple[float, float]) -> Detections:
    return Detections(found.boxes + np.array([*by, *by], np.float32), found.scores, found.labels, found.classes)


def follow(tracker: ByteTrack, frames: Frames, dt: float = 0.2) -> list[tuple[Track, ...]]:
    return [tracker.update(found, WIDTH, HEIGHT, T0 + index * dt) for index, found in enumerate(frames)]


def as_box(found: Detections, index: int) -> Box:
    x1, y1, x2, y2 = (found.boxes[index] / np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)).tolist()
    return x1, y1, x2, y2


def company(results: list[tuple[Track, ...]]) -> list[set[tuple[int, ...]]]:
    """Who is whom, without the numbers: of each track, the frames and places in which it was seen."""
    places: dict[int, list[int]] = {}
    for frame, tracks in enumerate(results):
        for track in tracks:
            places.setdefault(track.id, []).append(hash((frame, round(track.score, 6))))
    return sorted(({tuple(seen)} for seen in places.values()), key=sorted)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 6),
    st.lists(st.sampled_from([0.0, 0.04, 0.2, 0.2, 0.2, 0.7, 2.0]), min_size=3, max_size=14),
    st.builds(
        TrackerSpec,
        start=st.sampled_from([0.0, 0.3, 0.5]),
        floor=st.sampled_from([0.0, 0.1, 0.3]),
        confirm=st.integers(1, 4),
        lost_s=st.sampled_from([0.0, 0.4, 1.5]),
        min_iou=st.sampled_from([0.1, 0.4]),
    ),
)
def test_as_if_written_down_track_by_track(seed: int, count: int, gaps: list[float], spec: TrackerSpec) -> None:
    ours, naive, t = ByteTrack(spec), Naive(spec), T0
    for found, gap in zip(street(seed, count, len(gaps)), gaps, strict=True):
        t += gap
        tracks = ours.update(found, WIDTH, HEIGHT, t)
        wanted = [
            (number, name, as_box(found, index), float(found.scores[index]))
            for number, name, index in naive.update(found, WIDTH, HEIGHT, t)
        ]
        assert [(track.id, track.cls, track.box, track.score) for track in tracks] == wanted


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda columns: st.lists(
            st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.2, 0.25, 0.5, 0.9]), min_size=columns, max_size=columns),
            min_size=1,
            max_size=6,
        )
    )
)
def test_no_matching_weighs_more(weights: list[list[float]]) -> None:
    table = np.array(weights)
    rows, columns = table.nonzero()
    chosen = heaviest(rows, columns, table[rows, columns])
    assert len(set(rows[chosen])) == len(set(columns[chosen])) == len(chosen)
    assert sorted(chosen) == list(chosen)
    assert table[rows[chosen], columns[chosen]].sum() == pytest.approx(greatest(weights)[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(seed: int, count: int, chance: object) -> None:
    frames = street(seed, count, 20)
    shuffle = chance.shuffle  # type: ignore[attr-defined]
    others = []
    for found in frames:
        order = list(range(len(found)))
        shuffle(order)
        others.append(rearranged(found, order))
    spec = TrackerSpec(start=0.4)
    assert company(follow(ByteTrack(spec), frames)) == company(follow(ByteTrack(spec), others))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(-100, 100), st.integers(-100, 100))
def test_where_in_the_picture_does_not_matter(seed: int, count: int, right: int, down: int) -> None:
    frames = [exact(found) for found in street(seed, count, 20)]
    others = [moved(found, (float(right), float(down))) for found in frames]
    spec = TrackerSpec(start=0.4)
    assert company(follow(ByteTrack(spec), frames)) == company(follow(ByteTrack(spec), others))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_how_large_the_picture_is_does_not_matter(seed: int, count: int, factor: float) -> None:
    """Every pixel doubled, or halved: exactly the same tracks."""
    frames = street(seed, count, 20)
    others = [
        Detections(found.boxes * np.float32(factor), found.scores, found.labels, found.classes) for found in frames
    ]
    plain, scaled = ByteTrack(TrackerSpec(start=0.4)), ByteTrack(TrackerSpec(start=0.4))
    for index, (found, other) in enumerate(zip(frames, others, strict=True)):
        tracks = plain.update(found, WIDTH, HEIGHT, T0 + index / 5)
        assert scaled.update(other, int(WIDTH * factor), int(HEIGHT * factor), T0 + index / 5) == tracks


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.02, 2.0), st.booleans()), max_size=6),
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8),
    st.floats(-0.05, 0.05),
)
def test_how_often_nobody_was_seen_does_not_matter(
    looks: list[tuple[float, bool]], gaps: list[float], grown: float
) -> None:
    """One long gap leaves of a filter what many short ones leave, whether the box grows or shrinks meanwhile."""
    filters = box_filter.begin(np.array([(0.1,), (0.2,), (0.15,), (0.35,)]))
    for gap, strong in looks:
        box_filter.predict(filters, gap)
        seen = filters[box_filter.BOX] + gap * np.array([(0.02,), (0.03,), (0.01,), (grown,)])
        box_filter.correct(filters, seen, np.array([strong]))
    once, often = filters.copy(), filters.copy()
    box_filter.predict(once, sum(gaps))
    for gap in gaps:
        box_filter.predict(often, gap)
    np.testing.assert_allclose(often, once, rtol=1e-9)


@pytest.mark.parametrize("fps", [2.0, 3.3, 5.0, 10.0, 25.0])
@pytest.mark.parametrize("high", [24, 60, 240])
def test_a_walk_is_one_track_at_any_rate_near_or_far(fps: float, high: int) -> None:
    """At a stroller's pace, half a height a second: who stops, is hidden for nearly a second and goes on."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    ids, x = set(), 100.0
    for index in range(round(9 * fps)):
        t = index / fps
        x += 0.0 if 3 <= t < 4.5 else 0.5 * high / fps
        shown = not 6 <= t < 6.9
        box = np.array([(x, 400 - high, x + 0.4 * high, 400)], np.float32)[: int(shown)]
        found = Detections(box, np.full(len(box), 0.9, np.float32), np.zeros(len(box), np.int32), CLASSES)
        ids |= {track.id for track in tracker.update(found, WIDTH, HEIGHT, T0 + t)}
    assert len(ids) == 1


def test_who_stands_before_another_is_told_by_head_and_feet() -> None:
    """Two who hide each other, one farther away, begin to walk apart: by overlap alone they would change places."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    whose: dict[str, set[int]] = {"near": set(), "far": set()}
    for index in range(15):
        way = 30 * max(0, index - 9)
        near, far = 480 + way, 510 - way
        boxes = np.array([(near, 300, near + 60, 460), (far, 270, far + 54, 405)], np.float32)
        found = Detections(boxes, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32), CLASSES)
        for track in tracker.update(found, WIDTH, HEIGHT, T0 + index / 5):
            whose["near" if track.score > 0.85 else "far"].add(track.id)
    assert whose == {"near": {1}, "far": {2}}


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 15.0])
def test_who_crosses_is_the_same_at_any_rate(fps: float) -> None:
    """Two meet and part again; each keeps an id at every rate, and their own."""
    tracker = ByteTrack(TrackerSpec(start=0.4))
    whose: dict[str, set[int]] = {"first": set(), "second": set()}
    for index in range(round(8 * fps)):
        t = index / fps
        there, back = 200 + 60 * t, 680 - 60 * t
        boxes = np.array([(there - 30, 300, there + 30, 450), (back - 30, 330, back + 30, 480)], np.float32)
        found = Detections(boxes, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32), CLASSES)
        for track in tracker.update(found, WIDTH, HEIGHT, T0 + t):
            whose["first" if track.score > 0.85 else "second"].add(track.id)
    assert sorted(map(len, whose.values())) == [1, 1]
    assert whose["first"] != whose["second"]


def test_a_crowd_that_overlaps_all_over_keeps_a_track_a_box() -> None:
    """A hundred boxes each of which overlaps a dozen others: much is placed by search."""
    chance = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(np.arange(10) * 20.0, np.arange(10) * 30.0), axis=-1).reshape(-1, 2) + 200
    tracker = ByteTrack(TrackerSpec(start=0.4))
    tracks: tuple[Track, ...] = ()
    for index in range(6):
        foot = grid + chance.normal(0, 6, grid.shape)
        boxes = np.concatenate((foot - np.array((20, 110)), foot + np.array((20, 0))), axis=1).astype(np.float32)
        found = Detections(boxes, np.full(100, 0.9, np.float32), np.zeros(100, np.int32), CLASSES)
        tracks = tracker.update(found, WIDTH, HEIGHT, T0 + index / 5)
    assert len(tracks) >= 90
    assert len({track.box for track in tracks}) == len(tracks)
