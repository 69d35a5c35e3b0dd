"""People counted in a zone on PETS09-S2L1: mean absolute error against the ground truth of 33 frames.

Somebody is in the zone when the middle of the box's lower edge is, in the truth as in the detections.
"""

import sys
from collections.abc import Iterable
from functools import cache

from benchmarks.data import CONFIGS, PETS, frames, pets_truth
from benchmarks.detector_accuracy import detections, kinds
from benchmarks.report import Figure, Outcome, at_most, command
from benchmarks.scorers import mean_absolute_error
from edge_agent.config import load
from edge_agent.core.geometry import inside
from edge_agent.core.types import Point

ERROR = 0.7


def count(boxes: Iterable[Iterable[float]], polygon: tuple[Point, ...], width: int, height: int) -> int:
    """How many of `boxes` (pixels) stand in `polygon` (unit coordinates)."""
    feet = (((x1 + x2) / 2 / width, y2 / height) for x1, _, x2, y2 in boxes)
    return sum(inside(polygon, (min(x, 1.0), min(y, 1.0))) for x, y in feet)


@cache
def size() -> tuple[int, int]:
    """(width, height) of the footage in pixels."""
    height, width = frames(PETS, {0})[0].shape[:2]
    return width, height


def measure() -> Outcome:
    """Mean absolute error of the number of people in the zone, for each runtime and precision."""
    (camera,) = load(CONFIGS / "pets.toml").cameras
    polygon = camera.zones[0].polygon
    truth = pets_truth()
    expected = [count(frame.boxes[~frame.ignored], polygon, *size()) for frame in truth.values()]
    figures = [Figure("people in the zone, mean", sum(expected) / len(expected))]
    for kind in kinds():
        found = [count(detections(kind)[index].boxes, polygon, *size()) for index in truth]
        figures.append(at_most(f"{' '.join(kind)} error", mean_absolute_error(found, expected), ERROR))
    return Outcome("zone_counts", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
