"""The Pictures port: reduced pictures and motion, shared by all rules of a camera."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.core.picture import COARSE, LONGEST_S, SMALL, WIDE, Pictures
from edge_agent.core.types import Frame, Image

IMPLEMENTATIONS: tuple[Callable[[], Pictures], ...] = (CvPictures,)


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda make: make.__name__)
def pictures(request: pytest.FixtureRequest) -> Pictures:
    made: Pictures = request.param()
    return made


def frame(image: Image, t: float) -> Frame:
    return Frame(image, image[..., 0], 0, t)


def texture(height: int = 360, width: int = 640, seed: int = 0) -> Image:
    """Blurred noise: structure everywhere, at the scale of the reduced picture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 20, width // 20, 3), np.uint8)
    return np.asarray(np.kron(coarse, np.ones((20, 20, 1), np.uint8)), np.uint8)


@pytest.mark.parametrize("width", [SMALL, WIDE])
def test_reduced_pictures_keep_the_aspect_and_the_means(pictures: Pictures, width: int) -> None:
    image = texture()
    picture = pictures.show(frame(image, 0.0), 0.0)
    colour, grey = picture.colour(width), picture.grey(width)
    assert colour.shape == (width * 9 // 16, width, 3)
    assert grey.shape == (width * 9 // 16, width)
    assert np.allclose(colour.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=1.0)
    assert picture.colour(width) is colour
    assert picture.grey(width) is grey


@pytest.mark.parametrize("width", [SMALL, WIDE])
def test_planes_are_the_colours_of_the_reduced_picture(pictures: Pictures, width: int) -> None:
    picture = pictures.show(frame(texture(), 0.0), 0.0)
    planes = picture.planes(width)
    assert np.array_equal(np.stack(planes, axis=-1), picture.colour(width))
    assert all(plane.flags.c_contiguous for plane in planes)
    assert picture.planes(width) is planes


def shares(size: int, cells: int) -> NDArray[np.float64]:
    """How much of each of `cells` equal stretches of a line each of its `size` pixels is: (cells, size), rows sum to
    1."""
    edges = np.arange(cells + 1) * size / cells
    pixels = np.arange(size)
    inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.maximum(inside, 0.0) * cells / size, np.float64)


def means(image: Image, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The exact mean of each pixel's area."""
    down, across = shares(image.shape[0], shape[0]), shares(image.shape[1], shape[1])
    return np.stack([down @ image[..., c] @ across.T for c in range(3)], axis=-1)


SIZES = (
    *(
        (1920, 1080),
        (1280, 720),
        (640, 360),
        (2560, 1440),
        (960, 540),
        (704, 576),
        (720, 480),
        (800, 600),
        (2304, 1296),
    ),
    *((705, 577), (641, 361), (1919, 1079), (1080, 1920), (577, 1023), (352, 288), (321, 240), (1000, 7), (641, 1)),
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_each_pixel_is_the_mean_of_its_area(pictures: Pictures, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    picture = pictures.show(frame(image, 0.0), 0.0)
    wide = picture.colour(WIDE)
    assert wide.shape == (max(1, round(size[1] * WIDE / size[0])), WIDE, 3)
    apart = np.abs(wide - means(image, wide.shape))
    assert apart.max() <= 1.5, "three halves, each rounded, are the most"
    assert apart.mean() <= 0.45  # rounded up where two are alike; halves that end elsewhere would give more than 0.8
    for width, source in ((SMALL, wide), (COARSE, picture.colour(SMALL))):
        narrow = picture.colour(width)
        assert np.abs(narrow - means(source, narrow.shape)).max() <= 0.5 + 1e-4


def test_a_picture_that_is_no_wider_stays_as_it_is(pictures: Pictures) -> None:
    image = texture(120, 160)
    assert np.array_equal(pictures.show(frame(image, 0.0), 0.0).colour(WIDE), image)


def test_what_is_shown_is_never_written_into(pictures: Pictures) -> None:
    image = texture()
    before = image.copy()
    for n in range(3):
        picture = pictures.show(frame(image, n * 0.2), n * 0.2)
        picture.flow(SMALL)
        picture.grey(WIDE)
    assert np.array_equal(image, before)


@pytest.mark.parametrize(("dx", "dy"), [(8, 0), (0, 8), (-12, 4)])
def test_motion_is_measured_in_pixels_of_the_reduced_picture(pictures: Pictures, dx: int, dy: int) -> None:
    image = texture()
    pictures.show(frame(image, 0.0), 0.0)
    flow = pictures.show(frame(np.roll(image, (dy, dx), (0, 1)), 0.2), 0.2).flow(SMALL)
    assert flow is not None
    assert flow.dt == pytest.approx(0.2)
    inner = flow.field[15:-15, 15:-15]
    assert np.median(inner, axis=(0, 1)) == pytest.approx([dx / 4, dy / 4], abs=0.3)


@pytest.mark.parametrize("height", [200, 300, 380, 400])
def test_a_panorama_has_motion_too(pictures: Pictures, height: int) -> None:
    """Sixteen rows or a few more when reduced."""
    image = texture(height, 2000)
    pictures.show(frame(image, 0.0), 0.0)
    flow = pictures.show(frame(np.roll(image, 25, 1), 0.2), 0.2).flow(SMALL)
    assert flow is not None
    assert np.median(flow.field[..., 0]) == pytest.approx(2.0, abs=0.3)


def test_there_is_no_motion_where_there_is_nothing_to_compare_with(pictures: Pictures) -> None:
    assert pictures.show(frame(texture(), 0.0), 0.0).flow(SMALL) is None
    assert pictures.show(frame(texture(), 2.0 * LONGEST_S), 2.0 * LONGEST_S).flow(SMALL) is None
    assert pictures.show(frame(texture(480, 640), 2.2 * LONGEST_S), 2.2 * LONGEST_S).flow(SMALL) is None
    assert pictures.show(frame(texture(480, 640), 2.2 * LONGEST_S), 2.2 * LONGEST_S).flow(SMALL) is None


def test_the_same_pictures_give_the_same_motion(pictures: Pictures) -> None:
    other = CvPictures()
    for n in range(3):
        shown = frame(texture(seed=n), n * 0.2)
        a, b = pictures.show(shown, shown.t).flow(SMALL), other.show(shown, shown.t).flow(SMALL)
    assert a is not None
    assert b is not None
    assert np.array_equal(a.field, b.field)
