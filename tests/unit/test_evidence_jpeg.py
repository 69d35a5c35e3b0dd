"""A snapshot hides people and shows the rest."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.adapters.evidence_jpeg import snapshot

PERSON = (0.4, 0.2, 0.6, 0.9)


def detailed(width: int = 800, height: int = 600) -> NDArray[np.uint8]:
    """Smoothed noise: detail everywhere, strong enough to survive JPEG."""
    noise = np.random.default_rng(7).integers(0, 255, (height // 4, width // 4, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def detail(image: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """Share of pixels of the box with an edge: mean absolute Laplacian above a threshold."""
    height, width = image.shape[:2]
    part = image[int(box[1] * height) : int(box[3] * height), int(box[0] * width) : int(box[2] * width)]
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), cv2.CV_32F))
    return float((edges > 12).mean())


@pytest.mark.parametrize("max_side", [800, 400, 200])
def test_detail_inside_people_is_destroyed_and_outside_kept(max_side: int) -> None:
    plain = decoded(snapshot(detailed(), [], max_side=max_side))
    hidden = decoded(snapshot(detailed(), [PERSON], max_side=max_side))
    assert max(plain.shape) == max_side
    assert detail(hidden, PERSON) < 0.25 * detail(plain, PERSON)
    beside = (0.0, 0.0, 0.3, 1.0)
    assert detail(hidden, beside) == pytest.approx(detail(plain, beside), rel=0.02)
    width = plain.shape[1]
    assert np.array_equal(hidden[:, : width // 4], plain[:, : width // 4])


def test_what_is_left_of_a_person_is_too_coarse_to_tell_them_apart() -> None:
    """A face an eighth of the body high leaves at most about one cell: its contrast is gone."""
    image = np.full((800, 400, 3), 128, np.uint8)
    face = np.random.default_rng(1).integers(0, 255, (80, 80, 3), np.uint8)
    image[100:180, 160:240] = face
    hidden = decoded(snapshot(image, [(0.3, 0.1, 0.7, 0.95)]))
    assert face.std() > 60
    assert hidden[100:180, 160:240].std() < 15


def test_the_rim_is_hidden_too() -> None:
    hidden = decoded(snapshot(detailed(), [PERSON]))
    plain = decoded(snapshot(detailed(), []))
    rim = (0.38, 0.14, 0.62, 0.2)
    assert detail(hidden, rim) < 0.4 * detail(plain, rim)


def test_boxes_at_and_beyond_the_border_and_without_area() -> None:
    for box in ((0.0, 0.0, 1.0, 1.0), (0.99, 0.99, 1.0, 1.0), (0.5, 0.5, 0.5, 0.5)):
        assert decoded(snapshot(detailed(80, 60), [box])).shape == (60, 80, 3)


def test_blur_none_leaves_people_and_the_frame_itself_is_never_changed() -> None:
    image = detailed()
    before = image.copy()
    assert snapshot(image, [PERSON], blur="none") == snapshot(image, [])
    assert np.array_equal(image, before)


def test_the_same_input_gives_the_same_bytes() -> None:
    assert snapshot(detailed(), [PERSON]) == snapshot(detailed(), [PERSON])


@pytest.mark.parametrize(("width", "shown"), [(640, 640), (960, 960), (961, 480), (1920, 960), (2000, 667)])
def test_quickly_it_is_scaled_by_a_whole_number(width: int, shown: int) -> None:
    image = np.full((width // 2, width, 3), 90, np.uint8)
    coded = snapshot(image, [], max_side=960, quick=True)
    picture = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] == shown
