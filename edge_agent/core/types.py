"""What flows through an agent: frame, detections, tracks, findings.

Coordinate frames: *pixels* are of the source frame, origin at its top left corner, x right, y down. *Unit*
coordinates are pixels divided by the frame's width and height: 0..1, so zones survive a change of resolution. Times
`t` are seconds since the Unix epoch, UTC (float); durations are seconds.
"""

from dataclasses import dataclass
from typing import NewType

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from contract.events import Measure, Subject

TrackId = NewType("TrackId", int)
Box = tuple[float, float, float, float]
Point = tuple[float, float]
Image = NDArray[np.uint8]

PERSON = "person"
"""The class of people, as detectors trained on COCO name it."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture, privacy masks already blacked out.

    image: BGR, (height, width, 3). luma: tiny grey version for the motion gate, (h, w), made by the source.
    index: counts the frames the source delivered, from 0, including those nobody analysed. t: capture time.
    """

    image: Image
    luma: Image
    index: int
    t: float

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """What a network made of a picture on its way to the boxes: the last map of its backbone and the stage before it.

    values: (channels, rows, columns) float32. fine: (channels, 2 rows, 2 columns), likewise. left, top:
    where the corner of both lies, in unit coordinates (it may begin outside of the picture, where the network's input
    was padded). width, height: of one cell of `values`, likewise.
    """

    values: NDArray[np.float32]
    fine: NDArray[np.float32]
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a detector saw in one frame, in its order.

    boxes: (n, 4) float32, x1 y1 x2 y2 in pixels of the source frame, clipped to it. scores: (n,) float32, 0..1.
    labels: (n,) int32, indices into `classes`. features: where the network is known to give them. weak: (n,), which may
    continue a track but begin none, whatever their scores; None: their scores tell.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    classes: tuple[str, ...]
    features: FeatureMap | None = None
    weak: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @staticmethod
    def none(classes: tuple[str, ...] = ()) -> "Detections":
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32), classes)


class Track(Struct, frozen=True, gc=False):
    """One object followed over time; `id` is unique within its camera and process, and is no identity.

    A struct, since one is made for every object of every frame and a frozen dataclass takes some twenty times as long.
    box: unit coordinates, x1 y1 x2 y2, where the object was seen at this step: who is only predicted is in no step.
    """

    id: TrackId
    cls: str
    box: Box
    score: float

    @property
    def foot(self) -> Point:
        """Where it stands: the middle of the box's lower edge."""
        return (self.box[0] + self.box[2]) / 2, self.box[3]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule holds true at one step: "this is so now", never "this began". Lifecycle makes episodes of it.

    key: tells apart concurrent episodes of one rule (empty where there is one). instant: it is a moment (a crossing),
    not a state; each such finding is its own episode. since: when it became true as far as the rule knows (<= t).
    """

    key: str
    confidence: float
    subjects: tuple[Subject, ...]
    measures: tuple[Measure, ...]
    since: float
    instant: bool = False
