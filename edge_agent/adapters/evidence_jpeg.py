"""A snapshot that shows what happened and where, and nobody's face: people are made unrecognisable before it is coded.

Privacy masks are black in the frame already (source_worker). The same input gives the same bytes.
"""

from collections.abc import Sequence
from math import ceil
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Box, Image

MARGIN = 0.12
"""By how much of its size a box grows on each side: detectors cut off heads and hands."""

CELLS_HIGH = 9
"""A person keeps so many mosaic cells of height, so a head (an eighth of a body) is about one cell."""

MIN_CELL = 6
"""Pixels; a small figure becomes a few flat cells."""


def snapshot(
    image: Image,
    people: Sequence[Box],
    *,
    blur: Literal["people", "none"] = "people",
    max_side: int = 960,
    quality: int = 80,
    quick: bool = False,
) -> bytes:
    """JPEG of `image` (BGR), scaled down to `max_side` pixels. people: boxes in unit coordinates, all of them. quick:
    scaled by the next whole number instead, which takes a third of the time."""
    longest = max(image.shape[:2])
    scale = 1 / ceil(longest / max_side) if quick else min(1.0, max_side / longest)
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    picture = (
        image.copy() if scale == 1.0 else np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    )
    if blur == "people":
        for box in people:
            pixelate(picture, box)
    done, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of {size[0]} x {size[1]} pixels cannot be coded")
    return coded.tobytes()


def pixelate(picture: NDArray[np.uint8], box: Box) -> None:
    """Replaces the box, grown by MARGIN, with the means of a few cells, in place."""
    height, width = picture.shape[:2]
    grow_x, grow_y = (box[2] - box[0]) * MARGIN, (box[3] - box[1]) * MARGIN
    x1, x2 = (int(np.clip(x * width, 0, width)) for x in (box[0] - grow_x, box[2] + grow_x + 1 / width))
    y1, y2 = (int(np.clip(y * height, 0, height)) for y in (box[1] - grow_y, box[3] + grow_y + 1 / height))
    if x2 <= x1 or y2 <= y1:
        return
    cell = max(MIN_CELL, (y2 - y1) / CELLS_HIGH)
    cells = max(1, round((x2 - x1) / cell)), max(1, round((y2 - y1) / cell))
    coarse = cv2.resize(picture[y1:y2, x1:x2], cells, interpolation=cv2.INTER_AREA)
    picture[y1:y2, x1:x2] = cv2.resize(coarse, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
