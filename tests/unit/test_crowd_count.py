"""The honest count: people one by one, a dense crowd by the detector's maps, and the interval around both."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crowd_count import factor_of, holds_with_beheaded
from edge_agent.core.calibration import Ground
from edge_agent.core.crowd_count import (
    ALONE,
    CLOSE,
    DETECTED,
    FACTOR,
    FEW,
    LOOSE,
    MANY,
    MISSED,
    SEEN,
    SEEN_S,
    Count,
    CrowdCounter,
    count_of,
)
from edge_agent.core.crowd_density import Beside, Density, arrays, beside, density_of, size_of, within
from edge_agent.core.rules.crowd import Crowd
from edge_agent.core.spec import Calibration, CrowdRule
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box, FeatureMap
from edge_agent.train_density import Photo, Seen, _clips, _sample, _version, photos
from edge_agent.zoo.density_fit import ENSEMBLE, Sample, fit, folds, held_out
from edge_agent.zoo.trained import trained

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
ROWS, COLUMNS = 12, 20
LEVEL = 0.5


def maps(level: float, top: float = 0.0) -> FeatureMap:
    """Of one channel each, the same everywhere. top: where they begin, above the picture if it was padded."""
    height = (1 - 2 * top) / (ROWS // 2)
    coarse = np.zeros((1, ROWS // 2, COLUMNS // 2), np.float32)
    return FeatureMap(coarse, np.full((1, ROWS, COLUMNS), level, np.float32), 0.0, top, 2 / COLUMNS, height)


def dull(per_cell: float) -> Density:
    """Answers `per_cell` heads where the fine map is LEVEL and next to nothing where it is 0."""
    one = np.ones((1, 1, 1), np.float32)
    w2, b2 = np.full((1, 1), (np.log(per_cell) + 9) / LEVEL, np.float32), np.full(1, -9, np.float32)
    return Density(one, one, np.zeros((1, 1), np.float32), w2, b2)


def view(t: float, crowded: bool = True, boxes: tuple[Box, ...] = (), cls: str = "person") -> View:
    figures = tuple(Figure(FigureId(n), cls, box, 0.9, (0.5, 1.0), (0.5, 1.0)) for n, box in enumerate(boxes))
    return View(t, figures, 16 / 9, features=maps(LEVEL if crowded else 0.0))


def counts(
    counter: CrowdCounter, rate: float, seconds: float, crowded: Callable[[float], bool], present: int = 3
) -> list[Count]:
    times = [n / rate for n in range(round(rate * seconds) + 1)]
    return [counter.step(view(t, crowded(t)), present, present) for t in times]


HEADS = 1.0 * ROWS * COLUMNS
assert HEADS > MANY


@pytest.mark.parametrize("rate", [2.0, 5.0, 15.0])
def test_a_dense_crowd_counts_after_three_looks_a_second_apart(rate: float) -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), rate, 8, lambda t: True)
    first = next(n for n, count in enumerate(found) if count.dense) / rate
    assert first == pytest.approx(2.0, abs=0.51)
    every = HEADS + 3
    assert found[-1].heads == pytest.approx(every, rel=0.01)
    assert (found[-1].low, found[-1].high) == pytest.approx((every / FACTOR, every * FACTOR), rel=0.01)


def test_looks_that_come_every_five_seconds_are_enough_and_old_ones_are_not() -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert [counter.step(view(5.0 * n), 3, 3).dense for n in range(4)] == [False, False, True, True]
    nobody_looks = View(60.0, (), 16 / 9)
    assert not counter.step(nobody_looks, 3, 3).dense


@pytest.mark.parametrize(("cls", "hidden"), [("person", 0.5), ("car", 0.0)])
def test_the_maps_count_nobody_where_somebody_was_detected(cls: str, hidden: float) -> None:
    """One stands over the left half of the picture and hides what is behind; a car hides nobody who is not counted."""
    counter = CrowdCounter(WHOLE, dull(1.0))
    found = [counter.step(view(float(t), boxes=((0.0, 0.0, 0.5, 1.0),), cls=cls), 3, 3) for t in range(4)]
    assert found[-1].heads == pytest.approx(3 + (1 - hidden) * HEADS, rel=0.01)


def test_one_strange_look_counts_nothing() -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 10, lambda t: 4.0 <= t < 5.0)
    assert not any(count.dense for count in found)


def test_where_nobody_was_detected_the_maps_only_raise_the_upper_end() -> None:
    found = counts(CrowdCounter(WHOLE, dull(1.0)), 5, 10, lambda t: True, present=0)
    assert {(count.heads, count.low) for count in found} == {(0.0, 0.0)}
    assert found[-1].high == pytest.approx(FACTOR * HEADS, rel=0.01)


@pytest.mark.parametrize(("present", "dense"), [(SEEN - 1, False), (SEEN, True)])
def test_enough_people_seen_lately_make_it_a_crowd_and_long_ago_they_do_not(present: int, dense: bool) -> None:
    counter = CrowdCounter(WHOLE, dull(1.0))
    assert counts(counter, 5, 10, lambda t: True, present)[-1].dense is dense
    later = [counter.step(view(float(t)), 0, 0) for t in range(11, 50)]
    assert [count.dense for count in later] == [dense and t <= 10 + SEEN_S for t in range(11, 50)]


def test_only_the_zone_and_no_padding_counts() -> None:
    found = counts(CrowdCounter(LEFT, dull(2.0)), 5, 6, lambda t: True)
    assert found[-1].heads == pytest.approx(HEADS + 3, rel=0.01)
    counter = CrowdCounter(WHOLE, dull(2.0))
    # Half as high as the maps: the upper and the lower quarter of their rows were padded.
    padded = [counter.step(View(float(t), (), 16 / 9, features=maps(LEVEL, top=-0.5)), 3, 3) for t in range(4)]
    assert padded[-1].heads == pytest.approx(HEADS + 3, rel=0.01)
    assert within(maps(0.0, top=-0.5)).sum() == ROWS * COLUMNS // 2


def test_maps_that_lie_otherwise_from_now_on_are_laid_over_the_zone_anew() -> None:
    upper = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
    counter = CrowdCounter(upper, dull(2.0))
    assert [counter.step(view(float(t)), 3, 3) for t in range(3)][-1].heads == pytest.approx(HEADS + 3, rel=0.01)
    padded = [counter.step(View(float(t), (), 16 / 9, features=maps(LEVEL, top=-0.5)), 3, 3) for t in range(3, 12)]
    assert padded[-1].heads == pytest.approx(HEADS / 2 + 3, rel=0.01)


def test_people_seen_anywhere_make_it_a_crowd_in_a_zone_where_nobody_is_detected() -> None:
    counter = CrowdCounter(LEFT, dull(1.0))
    assert [counter.step(view(float(t)), 0, SEEN) for t in range(4)][-1].heads == pytest.approx(HEADS / 2, rel=0.01)


def test_without_maps_of_this_network_detected_people_are_the_count() -> None:
    for counter in (CrowdCounter(WHOLE, None), CrowdCounter(WHOLE, density_of(trained()["density"]))):
        plain = counts(counter, 5, 4, lambda t: True, present=10)[-1]
        assert (plain.heads, plain.dense) == (10.0, False)
        assert (plain.low, plain.high) == (10 * DETECTED[0], 10 * ALONE)


@given(present=st.integers(0, 60), seen=st.booleans(), crowding=st.floats(0.1, 100))
def test_the_count_goes_over_without_a_jump_and_the_interval_holds_it(
    present: int, seen: bool, crowding: float
) -> None:
    heads = np.geomspace(1, 1000, 800)
    found = [count_of(present, Beside(float(shown), crowding), seen) for shown in heads]
    for count in found:
        assert count.low <= count.heads <= count.high
        assert count.heads >= present
    for (a, b), grown in zip(pairwise(found), np.diff(heads), strict=True):
        for before, after in ((a.heads, b.heads), (a.low, b.low), (a.high, b.high)):
            # The share and what it is taken of grow at once, and the upper end by the factor of the interval.
            assert before * (1 - 1e-12) <= after <= before + FACTOR * 3 * grown
    assert found[0].heads == present
    if seen and crowding >= CLOSE:
        assert found[-1].heads == pytest.approx(present + 1000)
    if crowding <= LOOSE:
        assert found[-1].heads == pytest.approx(present * (1 + MISSED * seen))
        assert found[-1].high == pytest.approx(max(2 * present, present + 1000))


@given(present=st.integers(2, 60), heads=st.floats(1, 1000))
def test_the_closer_they_stand_the_more_of_them_count(present: int, heads: float) -> None:
    found = [count_of(present, Beside(heads, float(crowding)), True) for crowding in np.geomspace(0.5, 8, 400)]
    for before, after in pairwise(found):
        assert before.heads * (1 - 1e-12) <= after.heads <= before.heads + 0.03 * heads
        assert after.low <= after.heads <= after.high
    assert found[-1] == count_of(present, Beside(heads), True)


def test_heads_in_a_persons_box_are_counted_where_they_lie_and_for_the_room_that_there_is() -> None:
    """Even heads, three in the box of a person of 3 x 2 cells; a person covers the left half, and only the right
    quarter is in the zone."""
    heads = np.full((ROWS, COLUMNS), 0.5, np.float32)
    size = 3 / COLUMNS, 2 / ROWS
    every = beside(heads, maps(0.0), (), size)
    assert every.heads == pytest.approx(0.5 * ROWS * COLUMNS)
    # At the picture's edge some of the box lies outside.
    assert every.crowding == pytest.approx(3.0, rel=0.01)
    zone = np.zeros((ROWS, COLUMNS), bool)
    zone[:, COLUMNS * 3 // 4 :] = True
    some = beside(heads, maps(0.0), ((0.0, 0.0, 0.5, 1.0),), size, zone)
    assert some.heads == pytest.approx(every.heads / 4)
    assert some.crowding == pytest.approx(3.0, rel=0.01)


def test_far_apart_a_head_is_alone_in_a_persons_box_and_nobodys_size_means_a_crowd() -> None:
    heads = np.zeros((ROWS, COLUMNS), np.float32)
    heads[2::4, 2::6] = 1
    apart = beside(heads, maps(0.0), (), (3 / COLUMNS, 3 / ROWS))
    assert apart.heads == 9.0
    assert apart.crowding == pytest.approx(1.0)
    assert count_of(4, beside(heads * 10, maps(0.0), (), None), True).heads == 94
    assert beside(heads * 0, maps(0.0), (), (0.1, 0.1)) == Beside(0.0)


def test_a_typical_persons_size_is_the_median() -> None:
    assert size_of([(0.0, 0.0, 0.1, 0.3), (0.5, 0.5, 0.7, 0.9), (0.0, 0.0, 1.0, 1.0)]) == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize(("side", "share"), [(0.4, 1.0), (0.1, 0.0)])
def test_the_size_of_people_detected_says_whether_heads_stand_close(side: float, share: float) -> None:
    """One head in each of 12 x 20 cells; the size stays known when nobody is detected any more."""
    counter = CrowdCounter(WHOLE, dull(1.0))
    boxes = ((0.0, 0.0, side / 4, side), (0.0, 0.0, side / 4, side))
    counter.step(view(0.0, boxes=boxes), 2, 2)
    found = [counter.step(view(float(t)), 2, 2) for t in range(1, 4)]
    assert found[-1].heads == pytest.approx(2 + (HEADS if share else MISSED * 2), rel=0.02)
    assert found[-1].dense is bool(share)


def test_the_size_of_people_who_are_detected_between_two_looks_at_the_maps_is_known_at_the_next() -> None:
    """Two small people, at every look but those at the maps."""
    counter = CrowdCounter(WHOLE, dull(1.0))
    for n in range(16):
        boxes = ((0.0, 0.0, 0.025, 0.1), (0.5, 0.5, 0.525, 0.6)) if n % 5 else ()
        counter.step(view(n / 5, boxes=boxes), len(boxes), len(boxes))
    found = counter.step(view(3.2), 2, 2)
    assert (found.heads, found.dense) == (2 * (1 + MISSED), False)


def test_a_few_people_are_counted_as_they_are_detected() -> None:
    few = count_of(8, Beside(FEW), seen=True)
    assert (few.heads, few.low, few.high) == (8.0, 8 * DETECTED[0], 8 + FEW)
    assert not few.dense


@given(st.integers(2, 30), st.floats(0, FEW))
def test_as_long_as_the_maps_show_few_beside_them_the_count_is_the_detectors(present: int, heads: float) -> None:
    assert count_of(present, Beside(heads), seen=True).heads == present


@pytest.mark.parametrize(("number", "chance"), [(0, 1.0), (50, 0.9), (100, 0.5), (200, 0.1)])
def test_how_sure_it_is_follows_the_interval(number: float, chance: float) -> None:
    assert Count(100.0, 50.0, 200.0, dense=True).at_least(number) == pytest.approx(chance, abs=1e-3)


@pytest.mark.parametrize(("crowds", "place"), [(4, 4), (9, 8), (12, 11)])
def test_the_intervals_factor_has_the_rank_that_so_few_pictures_ask_for(crowds: int, place: int) -> None:
    """Of (n + 1) ranks the 80 % one; what is told by the detector has none, and three are too few."""
    told = [Count(1000.0 / (1 + n) ** (-1) ** n, 0.0, 1e9, dense=True) for n in range(crowds)]
    truth, by_the_detector = [1000.0] * crowds, Count(80.0, 0.0, 1e9)
    assert factor_of([*truth, 10.0], [*told, by_the_detector]) == pytest.approx(place)
    with pytest.raises(ValueError, match=r"^3 held-out crowds .* too few for a coverage of 0.8$"):
        factor_of(truth[:3], told[:3])


def test_the_rule_tells_the_interval_and_the_density() -> None:
    square = Calibration(WHOLE, ((0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)))
    rule = CrowdRule(id="crowd", count=1000, density=4.0)
    crowd = Crowd(rule, WHOLE, Ground(square), dull(1.0))
    crowd._counter._seen = 0.0
    findings = [crowd.step(view(t)) for t in (0.0, 1.0, 2.0, 3.0)]
    assert [len(found) for found in findings] == [0, 0, 1, 1]
    measures = {m.name: (m.value, m.threshold) for m in findings[-1][0].measures}
    assert measures["density"] == pytest.approx((HEADS / 50, 4.0), rel=0.01)
    assert measures["count_low"][0] < measures["in_zone"][0] < measures["count_high"][0]
    assert findings[-1][0].confidence > 0.99


def test_of_whom_only_the_maps_show_the_confidence_is_the_counts() -> None:
    crowd = Crowd(CrowdRule(id="crowd", count=4), WHOLE, None, dull(15 / (ROWS * COLUMNS)))
    crowd._counter._seen = 0.0
    (finding,) = [crowd.step(view(t)) for t in (0.0, 1.0, 2.0)][-1]
    measures = {m.name: m.value for m in finding.measures}
    assert 4 <= measures["in_zone"] < 8
    assert "detected" not in measures
    assert 0.5 < finding.confidence < 1


def naive(density: Density, at: FeatureMap, row: int, column: int) -> float:
    """Heads in one cell, channel by channel."""
    answers = []
    for fine, coarse, b1, w2, b2 in zip(density.fine, density.coarse, density.b1, density.w2, density.b2, strict=True):
        raw = fine @ at.fine[:, row, column] + coarse @ at.values[:, row // 2, column // 2] + b1
        answers.append(np.exp(np.clip(np.maximum(raw, 0) @ w2 + b2, -9, 3)))
    return float(np.mean(answers))


def test_the_shipped_network_answers_as_one_does_that_goes_cell_by_cell() -> None:
    density = density_of(trained()["density"])
    rng = np.random.default_rng(1)
    shapes = (density.coarse.shape[2], 3, 5), (density.fine.shape[2], 6, 10)
    values, fine = (rng.random(shape, np.float32) for shape in shapes)
    at = FeatureMap(values, fine, 0.0, 0.0, 0.2, 1 / 3)
    heads = density.heads(at)
    assert heads is not None
    assert heads.shape == (6, 10)
    for row, column in ((0, 0), (5, 9), (3, 2)):
        assert heads[row, column] == pytest.approx(naive(density, at, row, column), rel=1e-3)


def test_numbers_of_another_network_are_refused() -> None:
    numbers = dict(arrays(dull(1.0)))
    assert density_of(numbers).b1.shape == (1, 1)
    wrongs = {"fine": np.zeros((2, 1, 3))}, {"b1": np.zeros((2, 2))}, {"b1": np.zeros(2)}, {"coarse": np.zeros((1, 1))}
    for wrong in wrongs:
        with pytest.raises(ValueError, match="not a density network"):
            density_of({**numbers, **wrong})
    with pytest.raises(ValueError, match="no w2"):
        density_of({name: array for name, array in numbers.items() if name != "w2"})


def drawn(seed: int) -> Iterator[Sample]:
    """Pictures whose heads are all where the first fine channel is high; three of them dense. Somebody was detected
    over their left quarter, whose heads must not be learned from."""
    rng = np.random.default_rng(seed)
    for number in range(6):
        values, fine = rng.random((4, 15, 20), np.float32), rng.random((60, 30, 40), np.float32)
        fine[0] = rng.random((30, 40)) < (0.8 if number < 3 else 0.1)
        heads = fine[0].copy()
        heads[:, :10] = 5
        at = FeatureMap(values, fine, 0.0, 0.0, 1 / 20, 1 / 15)
        count = int(heads.sum()) if number < 3 else 0
        yield Sample(f"{number}", f"{number}", at, count, ((0.0, 0.0, 0.25, 1.0),), heads, whole=True)


def test_what_is_learned_beside_the_detected_holds_for_pictures_that_were_not_seen() -> None:
    samples = list(drawn(1))
    fold = folds(samples)
    assert len({fold[one.source] for one in samples if one.dense}) == 3
    for one, shown in held_out(samples):
        assert shown.heads == pytest.approx(float(one.heads[:, 10:].sum()), rel=0.4, abs=12)
    assert len(fit(samples).b2) == ENSEMBLE


@pytest.mark.parametrize("seed", range(12))
def test_heads_stay_where_they_are_shown_however_near_or_far_the_picture_is_taken(seed: int) -> None:
    heads = np.array([[30.0, 20.0], [100.0, 70.0], [170.0, 40.0]])
    image = np.zeros((120, 200, 3), np.uint8)
    for x, y in heads.astype(int):
        image[y - 6 : y + 7, x - 6 : x + 7] = 255
    version, moved = _version(image, heads, (0.2, 3.0), np.random.default_rng(seed))
    height, width = version.shape[:2]
    shown = [(int(x), int(y)) for x, y in moved if 0 <= x < width and 0 <= y < height]
    assert all(version[y, x].mean() > 100 for x, y in shown)
    bright = cv2.connectedComponents((version.mean(axis=2) > 64).astype(np.uint8))[0] - 1
    assert len(shown) <= bright <= len(shown) + 12


def test_who_is_detected_is_no_head_that_the_maps_must_find() -> None:
    at, image = maps(0.0), np.zeros((100, 200, 3), np.uint8)
    heads = np.array([[50.0, 50.0], [150.0, 50.0], [250.0, 50.0]])
    photo = Photo("a", "a", image, heads)
    one = _sample(photo, image.shape, heads, Seen(np.array([[30.0, 40.0, 70.0, 100.0]]), at), whole=True)
    assert (one.count, one.boxes) == (2, ((0.15, 0.4, 0.35, 1.0),))
    assert one.heads.sum() == pytest.approx(1, abs=0.01)
    assert one.heads[:, COLUMNS // 2 :].sum() == pytest.approx(1, abs=0.01)


def test_pictures_of_one_sequence_and_clips_of_one_video_are_one_source(tmp_path: Path) -> None:
    (tmp_path / "walk" / "img1").mkdir(parents=True)
    for name in ("walk/img1/1.png", "walk/img1/2.png", "alone.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    assert [(photo.name, photo.source) for photo in photos(tmp_path)] == [
        ("alone.png", "alone.png"),
        ("walk/img1/1.png", "walk"),
        ("walk/img1/2.png", "walk"),
    ]
    (tmp_path / "labels.csv").write_text("file,fight,source_video\nfight/1.mp4,1,a\nnot/2.mp4,0,b\n", "utf-8")
    (tmp_path / "walk" / "labels.csv").write_text("file,what\n3.mp4,nothing\n", "utf-8")
    assert dict(_clips(tmp_path)) == {tmp_path / "fight/1.mp4": "a", tmp_path / "not/2.mp4": "b"}


def test_whom_a_crop_beheads_may_count_or_not() -> None:
    drawn_heads = np.zeros((ROWS, COLUMNS), np.float32)
    boxes = ((0.0, 0.0, 0.1, 0.5), (0.2, 0.0, 0.3, 0.5), (0.4, 0.2, 0.5, 0.7), (0.6, 0.2, 0.7, 0.7))
    one = Sample("a", "a", maps(0.0), 2, boxes, drawn_heads, whole=False)
    found = count_of(one.detected, Beside(0.0), seen=True)
    assert (found.low, found.high) == pytest.approx((3.2, 8.0))
    for count, holds in ((1, 0.0), (2, 1.0), (8, 1.0), (9, 0.0)):
        assert holds_with_beheaded([(one, Beside(0.0))], [(found, count)]) == holds
