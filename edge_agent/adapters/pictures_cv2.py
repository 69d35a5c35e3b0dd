"""Reduced pictures and dense optical flow by OpenCV: DIS (Kroeger et al. 2016, arXiv:1603.03590), its fast preset."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.picture import COARSE, LONGEST_S, WIDE, Flow
from edge_agent.core.types import Frame, Image

STRIDE, REFINED = 5, 2
"""Pixels between patches, and rounds of refinement, of a flow at COARSE (docs/design/decisions/rules.md)."""
NEAR = 1 << 20
"""Bytes of a picture that stays in a near cache once it was read."""
LOW = 32
"""Rows of which a quarter hold a patch; with fewer OpenCV's preset crashes the process."""


class CvPictures:
    """A Pictures port. Keeps the last two frames."""

    def __init__(self) -> None:
        self._flows = _Flows()
        self._last: CvPicture | None = None

    def show(self, frame: Frame, t: float) -> "CvPicture":
        before = self._last
        if before is not None:
            before.before = None
        self._last = CvPicture(frame.image, t, before, self._flows)
        return self._last


class _Flows:
    """Optical flow between two grey pictures. The preset works on pictures reduced to a quarter and enlarges what it
    finds; those at COARSE, or lower than LOW, are small enough as they are."""

    def __init__(self) -> None:
        self._enlarged = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._coarse = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._coarse.setFinestScale(0)
        self._coarse.setPatchStride(STRIDE)
        self._coarse.setUseSpatialPropagation(False)
        self._coarse.setVariationalRefinementIterations(REFINED)

    def between(self, first: Image, second: Image) -> NDArray[np.float32]:
        """(h, w, 2), pixels."""
        dis = self._coarse if first.shape[1] <= COARSE or first.shape[0] < LOW else self._enlarged
        return np.asarray(dis.calc(first, second, None), np.float32)


def _near(image: Image) -> Image:
    """The same, read once as memory lies. After a look of the detector it is in no near cache any more, and OpenCV,
    which reads two rows at a time, waits for it longer than both take (640x360: 135 → 103 µs)."""
    if image.nbytes <= NEAR:
        image.max()
    return image


def _mean(image: Image, width: int, height: int) -> Image:
    """Each pixel the mean of its area; by halves first where they end at the same pixels, for which OpenCV has a fast
    path. Halves that do not would be another picture (docs/design/decisions/video.md)."""
    across, down = 2 * width, 2 * height
    while image.shape[1] > across and not (image.shape[1] % across or image.shape[0] % down):
        half = image.shape[1] // 2, image.shape[0] // 2
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


class CvPicture:
    """A Picture port over one frame."""

    def __init__(self, image: Image, t: float, before: "CvPicture | None", flows: _Flows) -> None:
        self.image = image
        self.t = t
        self.before = before
        self._flows = flows
        self._colour: dict[int, Image] = {}
        self._planes: dict[int, tuple[Image, Image, Image]] = {}
        self._grey: dict[int, Image] = {}
        self._flow: dict[int, Flow | None] = {}

    def colour(self, width: int) -> Image:
        if width not in self._colour:
            self._colour[width] = self._reduced(width)
        return self._colour[width]

    def _reduced(self, width: int) -> Image:
        """Those narrower than WIDE by halves, so that the steps between are shared."""
        height, full = self.image.shape[:2]
        if width >= full:
            return self.image
        source = self.colour(2 * width) if width < WIDE and 2 * width < full else _near(self.image)
        return _mean(source, width, max(1, round(height * width / full)))

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        if width not in self._planes:
            colour = self.colour(width)
            blue, green, red = np.empty((3, *colour.shape[:2]), np.uint8)
            cv2.split(colour, (blue, green, red))  # OpenCV takes twice as long where it has to make room.
            self._planes[width] = blue, green, red
        return self._planes[width]

    def grey(self, width: int) -> Image:
        if width not in self._grey:
            self._grey[width] = np.asarray(cv2.cvtColor(self.colour(width), cv2.COLOR_BGR2GRAY), np.uint8)
        return self._grey[width]

    def flow(self, width: int) -> Flow | None:
        if width not in self._flow:
            self._flow[width] = self._between(width)
        return self._flow[width]

    def _between(self, width: int) -> Flow | None:
        before = self.before
        if before is None or not 0 < self.t - before.t <= LONGEST_S:
            return None
        first, second = before.grey(width), self.grey(width)
        if first.shape != second.shape or min(first.shape) < 16:
            return None
        return Flow(self._flows.between(first, second), self.t - before.t)
