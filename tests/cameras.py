"""A camera that looks at a textured place, with noise, seeded; and what its pipeline says of it."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from contract.events import Event
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_wire import LUMA_WIDTH
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.spec import CameraSpec, TamperSpec
from edge_agent.core.types import Frame, Image
from tests.scenes import AGENT, CLOCK, T0, ToldTracker, ids

HEIGHT, WIDTH = 180, 320


@cache
def place(seed: int = 1) -> Image:
    """Blocks of every size and grey, as a street has: larger than the picture, to look elsewhere in it."""
    rng = np.random.default_rng(seed)
    image = np.full((HEIGHT * 2, WIDTH * 2, 3), 120, np.uint8)
    for _ in range(700):
        x, y = int(rng.integers(0, WIDTH * 2)), int(rng.integers(0, HEIGHT * 2))
        w, h = (int(v) for v in rng.integers(4, 50, 2))
        cv2.rectangle(image, (x, y), (x + w, y + h), [int(v) for v in rng.integers(20, 230, 3)], -1)
    return image


def view(t: float, *, x: int = 100, y: int = 60, noise: float = 2.0) -> Image:
    """What the camera sees at `t` when it looks at (x, y); each time with other noise."""
    part = place()[y : y + HEIGHT, x : x + WIDTH].astype(np.float32)
    rng = np.random.default_rng(round(t * 1000) + 7)
    field, shift = grain()[int(rng.integers(0, 8))], int(rng.integers(0, HEIGHT * WIDTH))
    return np.asarray(np.clip(part + noise * np.roll(field, shift, axis=0).reshape(part.shape), 0, 255), np.uint8)


@cache
def grain() -> list[NDArray[np.float32]]:
    """Noise of unit variance for whole pictures, to be taken at any offset."""
    rng = np.random.default_rng(11)
    return [rng.standard_normal((HEIGHT * WIDTH, 3), np.float32) for _ in range(8)]


def told(times: Iterable[float], picture: Callable[[float], Image], spec: TamperSpec | None = None) -> list[Event]:
    """The camera's events when it delivers `picture(t)` at each of the times, up to the end of the stream."""
    camera = CameraSpec(id="gate", source="test", tamper=spec or TamperSpec())
    pipeline = CameraPipeline(camera, AGENT, ToldTracker(), ids, "test")
    events: list[Event] = []
    last = 0.0
    for frame in frames(times, picture):
        pipeline.wants_detection(frame)
        events += pipeline.step(frame, None, CLOCK).events
        last = frame.t
    return [*events, *pipeline.lost(last, CLOCK)]


def frames(times: Iterable[float], picture: Callable[[float], Image]) -> Iterator[Frame]:
    for index, t in enumerate(times):
        image = picture(t)
        yield Frame(image, tiny_luma(image, LUMA_WIDTH), index, T0 + t)


def begins(events: Iterable[Event]) -> list[str]:
    """The kinds that began, in order."""
    return [event.data.kind.value for event in events if event.data.phase == "begin"]
