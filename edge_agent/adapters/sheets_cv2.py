"""One look at a frame, whole or at the pieces on its sheets, which OpenCV paints."""

import cv2
import numpy as np

from edge_agent.adapters.detector_image import GREY
from edge_agent.core.crops import Sheets
from edge_agent.core.ports import Detector
from edge_agent.core.types import Detections, Image


def paint(image: Image, sheets: Sheets) -> list[Image]:
    """Each sheet (height, width, 3) with its pieces cut out of `image` and scaled."""
    width, height = sheets.size
    painted = [np.full((height, width, 3), GREY, np.uint8) for _ in range(sheets.count)]
    for piece in sheets.pieces:
        cut = image[piece.y1 : piece.y2, piece.x1 : piece.x2]
        right, bottom = piece.left + piece.width, piece.top + piece.height
        way = cv2.INTER_AREA if 2 * piece.height < cut.shape[0] else cv2.INTER_LINEAR
        painted[piece.sheet][piece.top : bottom, piece.left : right] = cv2.resize(
            cut, (piece.width, piece.height), interpolation=way
        )
    return painted


def look(detector: Detector, image: Image, sheets: Sheets | None, features: bool) -> list[Detections]:
    """What the detector sees: in the whole picture where there are no sheets, else on each of them, in its pixels.
    features: whether a rule looks at those of the whole."""
    if sheets is None:
        return detector.detect([image], features=features)
    return detector.detect(paint(image, sheets), exact=True) if sheets.count else [Detections.none(detector.classes)]
