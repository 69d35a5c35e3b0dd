"""`jaga edge calibrate`: four points of a picture and their metres, checked, drawn and written as TOML."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from contract.errors import ConfigError, words
from edge_agent.adapters.calibration_picture import draw_calibration
from edge_agent.adapters.check_picture import encode_png
from edge_agent.adapters.source_av import open_source
from edge_agent.core.calibration import CalibrationError, Ground
from edge_agent.core.ports import Detector
from edge_agent.core.spec import Calibration, CameraSpec
from edge_agent.core.types import PERSON, Detections, Frame, Point
from edge_agent.core.upright import Upright

POINTS = 4
NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
PAIR = re.compile(rf"^{NUMBER},{NUMBER}(?:={NUMBER},{NUMBER})?$")
RECTANGLE = re.compile(rf"^{NUMBER}[xX×]{NUMBER}$")
FORM, BARE_FORM = "X,Y=METRES,METRES", "X,Y"
CHECK_S, CHECK_FPS = 60.0, 1.0
"""How much of a recording is looked at for people, and how many pictures a second of it."""
STANDING = (1.8, 4.5)
"""How many times as high as wide the box of somebody who stands or walks is."""
SURE = 0.5
"""Least score of a person whose height is measured."""
EDGE = 0.01
"""A box this near the picture's border, as a share of its side, may be cut by it."""
ENOUGH = 10
"""Fewer boxes of standing people tell nothing of the four points."""
PLAUSIBLE_M = (1.45, 1.9)
"""Where the median height of standing people lies when the four points are right."""


@dataclass(frozen=True, slots=True)
class Given:
    """The technician's four points as typed. image: unit coordinates or pixels of the picture, ground: metres."""

    image: tuple[Point, ...]
    ground: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Heights:
    """Of standing people on the video, metres. seen: how many boxes, in `frames` pictures."""

    frames: int
    metres: tuple[float, ...] = field(repr=False)

    @property
    def seen(self) -> int:
        return len(self.metres)

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.metres, share))

    @property
    def plausible(self) -> bool:
        return PLAUSIBLE_M[0] <= self.quantile(0.5) <= PLAUSIBLE_M[1]


def points_given(points: Sequence[str], rectangle: str | None) -> Given:
    """Raises ConfigError, naming what is wrong and what is allowed."""
    if len(points) != POINTS:
        raise ConfigError("edge.calibrate.count", value=len(points))
    corners = _rectangle(rectangle) if rectangle is not None else None
    image, ground = [], []
    for index, written in enumerate(points):
        found = PAIR.match(written)
        if found is None or (found[3] is None) != (corners is not None):
            raise ConfigError("edge.calibrate.point", value=written, allowed=FORM if corners is None else BARE_FORM)
        numbers = [float(part) for part in found.groups() if part is not None]
        if not all(map(math.isfinite, numbers)):
            raise ConfigError("edge.calibrate.point", value=written, allowed=FORM if corners is None else BARE_FORM)
        image.append((numbers[0], numbers[1]))
        ground.append(corners[index] if corners is not None else (numbers[2], numbers[3]))
    return Given(tuple(image), tuple(ground))


def calibration_of(given: Given, width: int, height: int) -> Calibration:
    """As the config has it. Points are pixels where any number among them is above 1, else 0..1 of the picture.

    Raises ConfigError for points outside of the picture and those that settle nothing.
    """
    pixels = any(value > 1 for point in given.image for value in point)
    unit = tuple((x / width, y / height) if pixels else (x, y) for x, y in given.image)
    for (x, y), written in zip(unit, given.image, strict=True):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            shown = f"{written[0]:g},{written[1]:g}"
            raise ConfigError("edge.calibrate.outside", value=shown, width=width, height=height)
    a, b, c, d = ((round(x, 5), round(y, 5)) for x, y in unit)
    e, f, g, h = given.ground
    calibration = Calibration((a, b, c, d), (e, f, g, h))
    try:
        Ground(calibration)
    except CalibrationError as error:
        key = "edge.calibrate.flat" if error.reason == "flat" else "edge.calibrate.order"
        raise ConfigError(key) from error
    return calibration


def toml(calibration: Calibration) -> str:
    """The section as it goes below its [[camera]]."""
    image = ", ".join(f"[{x:g}, {y:g}]" for x, y in calibration.image)
    ground = ", ".join(f"[{x:.10g}, {y:.10g}]" for x, y in calibration.ground)
    return f"[camera.calibration]\nimage = [{image}]\nground = [{ground}]\n"


def preview(frame: Frame, calibration: Calibration, out: Path) -> Upright:
    """Writes the picture with grid, horizon and people of 1.7 m. Raises ConfigError where it cannot be written."""
    ground = Ground(calibration)
    upright = Upright(ground, frame.width / frame.height)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(encode_png(draw_calibration(frame.image, calibration, ground, upright)))
    except OSError as error:
        raise ConfigError("edge.check.out", path=str(out), detail=words(error)) from error
    return upright


def heights(camera: CameraSpec, upright: Upright, detector: Detector) -> Heights:
    """Of those who stand upright and wholly in the picture, over the recording's first CHECK_S seconds at CHECK_FPS."""
    found: list[float] = []
    frames = 0
    spec = CameraSpec(id=camera.id, source=camera.source, masks=camera.masks, fps=CHECK_FPS)
    with open_source(spec, realtime=False) as recording:
        for frame in recording:
            if frame.t > CHECK_S:
                break
            frames += 1
            (seen,) = detector.detect([frame.image])
            found += standing(seen, frame.width, frame.height, upright)
    return Heights(frames, tuple(found))


def standing(seen: Detections, width: int, height: int, upright: Upright) -> Iterator[float]:
    """The heights in metres of the people among `seen` whose whole upright figure is in the picture."""
    for (x1, y1, x2, y2), score, label in zip(seen.boxes.tolist(), seen.scores, seen.labels, strict=True):
        slim = STANDING[0] <= (y2 - y1) / max(x2 - x1, 1e-6) <= STANDING[1]
        box = (x1 / width, y1 / height, x2 / width, y2 / height)
        whole = min(box) >= EDGE and max(box) <= 1 - EDGE
        if seen.classes[label] != PERSON or score < SURE or not slim or not whole:
            continue
        metres = upright.height(box)
        if metres is not None:
            yield metres


def _rectangle(written: str) -> tuple[Point, ...]:
    """WIDTHxDEPTH as corners: near left, near right, far right, far left."""
    found = RECTANGLE.match(written)
    width, depth = (float(found[1]), float(found[2])) if found is not None else (0.0, 0.0)
    if not (0 < width < math.inf and 0 < depth < math.inf):
        raise ConfigError("edge.calibrate.rectangle", value=written)
    return (0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)
