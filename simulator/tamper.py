"""What people and accidents do to a camera, laid over any pictures: synthetic, seeded, in three strengths.

Each kind is a function of the picture and the strength alone (freeze also of the last picture before it), so the same
seed gives the same bytes. What is made here tests logic; it is no measurement of the world, and reports must say so.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Kind = Literal["cover", "blur", "shift", "freeze", "glare"]
Strength = Literal["weak", "medium", "strong"]
KINDS: tuple[Kind, ...] = ("cover", "blur", "shift", "freeze", "glare")
STRENGTHS: tuple[Strength, ...] = ("weak", "medium", "strong")

COVERED = {"weak": 0.5, "medium": 0.7, "strong": 1.0}
"""Share of the width that is hidden."""
BLUR = {"weak": 1.5, "medium": 3.0, "strong": 6.0}
"""Standard deviation in pixels of a picture 640 wide."""
SHIFT = {"weak": 0.03, "medium": 0.1, "strong": 0.3}
"""Of the width; strong also turns by TURN degrees."""
TURN = 8.0
CLOCK = {"weak": True, "medium": False, "strong": False}
"""Whether a burned-in clock goes on in the frozen picture."""
GLARE = {"weak": (0.3, 1.5), "medium": (0.45, 2.0), "strong": (0.8, 3.0)}
"""Radius as a share of the width, and height of the bell of light against full white."""


def tampered(frames: Iterable[Image], kind: Kind, strength: Strength, begin: int, seed: int) -> Iterator[Image]:
    """The pictures, BGR (height, width, 3), from index `begin` on as the camera would show them; never the same array
    twice, and the originals untouched."""
    act: Callable[[Image], Image] | None = None
    last: Image | None = None
    for index, frame in enumerate(frames):
        if index < begin:
            last = frame
            yield frame
            continue
        if kind == "freeze":
            held = frame if last is None else last
            last = held
            yield _clock(held, index) if CLOCK[strength] else held.copy()
            continue
        act = act or _act(kind, strength, frame, np.random.default_rng(seed))
        yield act(frame)


def _act(kind: Kind, strength: Strength, first: Image, rng: np.random.Generator) -> Callable[[Image], Image]:
    height, width = first.shape[:2]
    if kind == "cover":
        return _cover(COVERED[strength], height, width, rng)
    if kind == "blur":
        sigma = BLUR[strength] * width / 640
        return lambda frame: _image(cv2.GaussianBlur(frame, (0, 0), sigma))
    if kind == "shift":
        return _shift(SHIFT[strength], TURN if strength == "strong" else 0.0, height, width, rng)
    radius, top = GLARE[strength]
    return _glare(radius, top, height, width, rng)


def _cover(share: float, height: int, width: int, rng: np.random.Generator) -> Callable[[Image], Image]:
    """A smooth, out-of-focus thing of one colour from one side, with a soft edge and the sensor's noise on it."""
    colour = rng.uniform(10, 235) * rng.uniform(0.8, 1.0, 3)
    patches = cv2.GaussianBlur(rng.normal(0, 30, (height, width)).astype(np.float32), (0, 0), width / 12)
    cloth = np.clip(colour + 6 * patches[..., None], 0, 255).astype(np.float32)
    edge = np.linspace(0, 1, width) if rng.random() < 0.5 else np.linspace(1, 0, width)
    weight = np.ones(width) if share >= 1 else np.clip((share - edge) * width / (0.02 * width) + 0.5, 0, 1)
    alpha = np.broadcast_to(weight[None, :, None], (height, width, 1)).astype(np.float32)

    def act(frame: Image) -> Image:
        noise = rng.normal(0, 1.5, (height, width, 1)).astype(np.float32)
        return _image(frame * (1 - alpha) + (cloth + noise) * alpha)

    return act


def _shift(share: float, turn: float, height: int, width: int, rng: np.random.Generator) -> Callable[[Image], Image]:
    """Displaced in a random direction and turned; what comes into view is the picture's own mirror image."""
    angle = rng.uniform(0, 2 * np.pi)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn * rng.choice((-1, 1)), 1.0)
    matrix[:, 2] += share * width * np.array([np.cos(angle), np.sin(angle) * min(1.0, height / width)])
    return lambda frame: _image(cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))


def _glare(radius: float, top: float, height: int, width: int, rng: np.random.Generator) -> Callable[[Image], Image]:
    """A lamp shone into the lens: a bell of white around a point near the middle."""
    x, y = rng.uniform(0.4, 0.6) * width, rng.uniform(0.4, 0.6) * height
    across, down = np.arange(width) - x, np.arange(height)[:, None] - y
    light = (255 * top * np.exp(-(across**2 + down**2) / (radius * width) ** 2))[..., None].astype(np.float32)
    return lambda frame: _image(frame + light)


def _clock(frame: Image, index: int) -> Image:
    """A frozen picture over which the recorder's clock runs on."""
    size = frame.shape[1] / 1600
    place = (int(8 * size) + 2, int(40 * size) + 4)
    return _image(cv2.putText(frame.copy(), f"{index:06d}", place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1))


def _image(picture: NDArray[np.generic]) -> Image:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)
