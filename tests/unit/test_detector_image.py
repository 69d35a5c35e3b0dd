"""Letterbox, decoding and suppression, without a network."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.scorers import iou
from edge_agent.adapters.detector_image import FEW, MAX_DETECTIONS, Floats, decode, fit, letterbox, suppress, to_blob

CLASSES = ("person", "car")
EVERY = np.array([True, True])


@pytest.mark.parametrize(
    ("size", "net", "inner", "corner"),
    [
        ((768, 576), (640, 480), (640, 480), (0, 0)),
        ((1280, 720), (640, 384), (640, 360), (0, 12)),
        ((720, 1280), (384, 640), (360, 640), (12, 0)),
        ((320, 240), (640, 480), (640, 480), (0, 0)),
        ((1000, 563), (640, 384), (640, 360), (0, 12)),
        ((1, 1), (640, 640), (640, 640), (0, 0)),
    ],
)
def test_fit(size: tuple[int, int], net: tuple[int, int], inner: tuple[int, int], corner: tuple[int, int]) -> None:
    into = fit(*size, 640)
    assert (into.net_width, into.net_height) == net
    assert (into.inner_width, into.inner_height) == inner
    assert (into.left, into.top) == corner


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([32, 320, 640, 960]))
def test_every_size_fits(width: int, height: int, imgsz: int) -> None:
    into = fit(width, height, imgsz)
    assert into.net_width % 32 == into.net_height % 32 == 0
    assert max(into.net_width, into.net_height) == imgsz
    assert 0 <= into.left <= into.net_width - into.inner_width < 32
    assert 0 <= into.top <= into.net_height - into.inner_height < 32


def test_letterbox_pads_both_sides_with_grey() -> None:
    picture = letterbox(np.zeros((360, 640, 3), np.uint8), fit(640, 360, 640))
    assert picture.shape == (384, 640, 3)
    assert (picture[:12] == 114).all()
    assert (picture[372:] == 114).all()
    assert (picture[12:372] == 0).all()


def test_the_blob_is_opencvs_to_the_last_bit() -> None:
    pictures = list(np.random.default_rng(1).integers(0, 256, (2, 32, 64, 3), dtype=np.uint8))
    assert np.array_equal(to_blob(pictures), cv2.dnn.blobFromImages(pictures, 1 / 255, swapRB=True))


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_few_and_many_boxes_are_suppressed_alike(count: int) -> None:
    chance = np.random.default_rng(count)
    corner = chance.uniform(0, 100, (count, 2))
    boxes = np.concatenate((corner, corner + chance.uniform(5, 40, (count, 2))), axis=1).astype(np.float32)
    scores, labels = chance.random(count).astype(np.float32), chance.integers(0, 2, count).astype(np.int32)
    exact, kept = boxes.astype(np.float64), list[int]()
    for index in np.argsort(-scores).tolist():
        rivals = [n for n in kept if labels[n] == labels[index]]
        if all(iou(exact[index : index + 1], exact[n : n + 1])[0, 0] <= 0.5 for n in rivals):
            kept.append(index)
    assert suppress(boxes, scores, labels, 0.5).tolist() == kept
    assert 10 < len(kept) < count


def test_the_blob_is_rgb_planes_from_0_to_1() -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[..., 0] = 255  # blue, in BGR
    blob = to_blob([picture, picture])
    assert blob.shape == (2, 3, 32, 64)
    assert blob.dtype == np.float32
    assert (blob[:, 2] == 1).all()
    assert (blob[:, :2] == 0).all()


def head(rows: list[tuple[float, float, float, float, float, float]]) -> Floats:
    """(6, anchors) of a two-class YOLOv8 head: centre x, centre y, width, height, person, car."""
    return np.array(rows, np.float32).T.copy()


def test_boxes_come_back_to_the_source_frame() -> None:
    into = fit(1280, 720, 640)
    raw = head([(100, 12 + 50, 20, 40, 0.9, 0.1), (300, 12 + 100, 50, 20, 0.2, 0.6)])
    found = decode(raw, into, 0.4, 0.6, EVERY, CLASSES)
    assert np.allclose(found.boxes, [[180, 60, 220, 140], [550, 180, 650, 220]])
    assert np.allclose(found.scores, [0.9, 0.6])
    assert found.labels.tolist() == [0, 1]


def test_boxes_are_clipped_and_those_in_the_padding_dropped() -> None:
    into = fit(1280, 720, 640)
    raw = head([(2, 30, 20, 20, 0.9, 0), (100, 5, 20, 8, 0.8, 0)])
    found = decode(raw, into, 0.4, 0.6, EVERY, CLASSES)
    assert found.boxes.tolist() == [[0, 16, 24, 56]]


def test_the_weaker_of_two_alike_goes_and_the_other_class_stays() -> None:
    raw = head([(100, 100, 40, 80, 0.7, 0), (102, 100, 40, 80, 0.8, 0), (101, 100, 40, 80, 0, 0.5)])
    found = decode(raw, fit(640, 640, 640), 0.4, 0.6, EVERY, CLASSES)
    assert found.labels.tolist() == [0, 1]
    assert np.allclose(found.scores, [0.8, 0.5])


def test_an_unwanted_class_does_not_hide_behind_a_wanted_one() -> None:
    """A box that is most of all a car is no person, however low the bar."""
    raw = head([(100, 100, 40, 80, 0.5, 0.6)])
    assert len(decode(raw, fit(640, 640, 640), 0.4, 0.6, np.array([True, False]), CLASSES)) == 0


def test_the_confidence_itself_counts() -> None:
    raw = head([(100, 100, 40, 80, 0.5, 0), (300, 100, 40, 80, np.nextafter(np.float32(0.5), np.float32(0)), 0)])
    assert len(decode(raw, fit(640, 640, 640), 0.5, 0.6, EVERY, CLASSES)) == 1


def test_an_end_to_end_head_is_not_suppressed_again() -> None:
    raw = np.zeros((300, 6), np.float32)
    raw[0] = (10, 20, 50, 100, 0.5, 1)
    raw[1] = (10, 20, 50, 100, 0.7, 1)
    found = decode(raw, fit(640, 640, 640), 0.4, 0.6, EVERY, CLASSES)
    assert np.allclose(found.scores, [0.7, 0.5])
    assert found.boxes.tolist() == [[10, 20, 50, 100]] * 2
    assert found.labels.tolist() == [1, 1]


def test_nothing_found() -> None:
    found = decode(np.zeros((6, 100), np.float32), fit(640, 480, 640), 0.4, 0.6, EVERY, CLASSES)
    assert (found.boxes.shape, len(found)) == ((0, 4), 0)


def naive(boxes: Floats, scores: Floats, labels: NDArray[np.int32], iou: float) -> list[int]:
    """Suppression as its definition reads, pair by pair."""
    kept: list[int] = []
    for index in sorted(range(len(scores)), key=lambda at: (-scores[at], at)):
        for other in kept:
            x1, y1 = max(boxes[index][0], boxes[other][0]), max(boxes[index][1], boxes[other][1])
            x2, y2 = min(boxes[index][2], boxes[other][2]), min(boxes[index][3], boxes[other][3])
            shared = max(0.0, float(x2 - x1)) * max(0.0, float(y2 - y1))
            both = sum(float(b[2] - b[0]) * float(b[3] - b[1]) for b in (boxes[index], boxes[other]))
            if labels[index] == labels[other] and shared > iou * (both - shared):
                break
        else:
            kept.append(index)
    return kept


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 40),
            st.integers(1, 30),
            st.integers(1, 30),
            st.integers(1, 9),
            st.integers(0, 2),
        ),
        max_size=40,
    ),
    st.sampled_from([0.31, 0.47, 0.61]),
)
def test_suppression_equals_its_definition(rows: list[tuple[int, int, int, int, int, int]], iou: float) -> None:
    table = np.array(rows, np.float32).reshape(-1, 6)
    boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    scores, labels = table[:, 4] / np.float32(10), table[:, 5].astype(np.int32)
    assert suppress(boxes, scores, labels, iou).tolist() == naive(boxes, scores, labels, iou)


def test_a_frame_gives_a_bounded_number() -> None:
    at = np.arange(1000, dtype=np.float32)
    boxes = np.stack([at, at * 0, at + 0.5, at * 0 + 1], axis=1)
    assert len(suppress(boxes, np.ones(1000, np.float32), np.zeros(1000, np.int32), 0.5)) == MAX_DETECTIONS


def test_what_fits_is_seen_as_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (128, 192, 3), np.uint8)
    assert (letterbox(picture, fit(192, 128, 192)) == picture).all()
