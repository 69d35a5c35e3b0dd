"""Privacy masks and the tiny luma: all that is done to a picture before it leaves the process that decoded it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.types import Image


class Masks:
    """Blacks out polygons, given in unit coordinates, whatever the size of the picture. One thread."""

    def __init__(self, polygons: Sequence[Sequence[tuple[float, float]]]) -> None:
        self._polygons = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._shape: tuple[int, int] = (0, 0)
        self._pixels: list[NDArray[np.int32]] = []

    def apply(self, image: Image) -> None:
        """Blackens `image`, (height, width, 3), in place. Edges grow outwards: a pixel that is touched is black."""
        if not self._polygons:
            return
        shape = image.shape[0], image.shape[1]
        if shape != self._shape:
            scale = np.array([shape[1], shape[0]], np.float64)
            self._pixels = [np.rint(polygon * scale).astype(np.int32) for polygon in self._polygons]
            self._shape = shape
        for points in self._pixels:
            cv2.fillPoly(image, [points], (0, 0, 0))
            cv2.polylines(image, [points], True, (0, 0, 0), 2)


def one_thread() -> None:
    """For a process beside many like it: the pictures are small, and the processors are the detector's."""
    cv2.setNumThreads(1)


def tiny_luma(image: Image, width: int) -> Image:
    """Grey (h, w), `width` wide, each pixel the mean of its area: noise and compression artefacts are averaged away."""
    rows, columns = image.shape[:2]
    height = max(1, round(rows * width / columns))
    # Grey first, and large pictures halved first: OpenCV averages one channel, and two by two, several times as fast.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if columns >= 8 * width and rows % 2 == 0 and columns % 2 == 0:
        grey = cv2.resize(grey, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
