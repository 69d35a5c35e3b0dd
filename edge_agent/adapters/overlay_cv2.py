"""What the pipeline saw, drawn over its picture: for the engineer who tunes a camera.

People are *not* blurred, so the result stays where the recording was; privacy masks are black as everywhere.
"""

from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.geometry import Ruler
from edge_agent.core.pipeline import Step
from edge_agent.core.spec import CameraSpec, Line, LineCrossingRule
from edge_agent.core.types import Frame, Image, Point, Track

Colour = tuple[int, int, int]

ZONE: Colour = (0, 220, 255)
LINE: Colour = (255, 160, 0)
ALARM: Colour = (40, 40, 255)
HELD: Colour = (170, 170, 170)
TEXT: Colour = (255, 255, 255)
LEAST_HEIGHT = 480
FLASH_S = 1.0
"""How long the moment of a crossing stays in the picture."""


@dataclass(frozen=True, slots=True)
class _Shown:
    label: str
    until: float | None


class Painter:
    """One camera. Pictures in capture order; it counts crossings and remembers running episodes."""

    def __init__(self, camera: CameraSpec) -> None:
        self._camera = camera
        self._crossed: Counter[tuple[str, str]] = Counter()
        self._running: dict[str, _Shown] = {}

    def paint(self, frame: Frame, step: Step) -> Image:
        """A new picture, BGR, of the frame's size; a small frame is enlarged so that the text can be read."""
        self._remember(frame.t, step)
        times = -(-LEAST_HEIGHT // frame.height)
        image = cv2.resize(frame.image, None, fx=times, fy=times) if times > 1 else frame.image.copy()
        height = image.shape[0]
        scale = height / 1000
        for zone in self._camera.zones:
            self._zone(image, zone.id, zone.polygon, scale)
        for line in self._camera.lines:
            self._line(image, line, scale)
        for track in step.tracks:
            _track(image, track, HELD if step.held else _colour(track.id), scale)
        labels = [shown.label for shown in self._running.values()]
        for row, label in enumerate(labels):
            _write(image, label, (6, int((1.5 + 1.3 * row) * 30 * scale)), ALARM, scale)
        _write(image, f"#{frame.index}  {_stamp(frame.t)}", (6, height - 8), TEXT, scale)
        return image

    def _remember(self, t: float, step: Step) -> None:
        for found in step.findings:
            if isinstance(found.rule, LineCrossingRule):
                self._crossed[found.rule.line, found.finding.key] += 1
        for event in step.events:
            data = event.data
            if data.phase == "end" and data.started != data.ended:
                self._running.pop(data.episode, None)
            else:
                moment = data.phase == "end"
                label = f"{data.kind} {data.why.rule} since {_stamp(data.started.timestamp())}"
                self._running[data.episode] = _Shown(label, t + FLASH_S if moment else None)
        over = [key for key, shown in self._running.items() if shown.until is not None and shown.until < t]
        for key in over:
            del self._running[key]

    def _zone(self, image: Image, name: str, polygon: tuple[Point, ...], scale: float) -> None:
        points = _pixels(image, polygon)
        cv2.polylines(image, [points], True, ZONE, 1, cv2.LINE_AA)
        _write(image, name, (int(points[0][0]) + 3, int(points[0][1]) - 4), ZONE, scale)

    def _line(self, image: Image, line: Line, scale: float) -> None:
        """The arrow across the line points forward, from left to right."""
        start, end = _pixels(image, (line.start, line.end)).astype(float)
        cv2.line(image, _at(start), _at(end), LINE, 2, cv2.LINE_AA)
        middle, along = (start + end) / 2, (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
        across = np.array([-along[1], along[0]])
        if Ruler(_at(start), _at(end)).offset(_at(middle + 50 * across)) > 0:
            across = -across
        cv2.arrowedLine(image, _at(middle), _at(middle + 40 * scale * across), LINE, 2, cv2.LINE_AA, tipLength=0.4)
        forward, backward = (self._crossed[line.id, way] for way in ("forward", "backward"))
        where = (int(start[0]) + 4, int(start[1]) + int(16 * scale))
        _write(image, f"{line.id} forward {forward} backward {backward}", where, LINE, scale)


def _track(image: Image, track: Track, colour: Colour, scale: float) -> None:
    corners = _pixels(image, (track.box[:2], track.box[2:]))
    cv2.rectangle(image, _at(corners[0]), _at(corners[1]), colour, 1, cv2.LINE_AA)
    cv2.circle(image, _at(_pixels(image, (track.foot,))[0]), 2, colour, -1, cv2.LINE_AA)
    label = f"{track.id} {track.cls} {track.score:.2f}"
    _write(image, label, (int(corners[0][0]), int(corners[0][1]) - 3), colour, 0.8 * scale)


def _pixels(image: Image, points: tuple[Point, ...] | tuple[tuple[float, ...], ...]) -> NDArray[np.int32]:
    """Unit coordinates to pixels, (n, 2)."""
    size = np.array([image.shape[1], image.shape[0]], np.float64)
    return np.rint(np.asarray(points, np.float64) * size).astype(np.int32)


def _at(point: NDArray[np.generic]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _write(image: Image, text: str, at: tuple[int, int], colour: Colour, scale: float) -> None:
    """`at` is the text's lower left corner; it is moved into the picture. The ground behind it is black."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = max(0, min(at[0], image.shape[1] - width - 2))
    y = max(height + 1, min(at[1], image.shape[0] - below))
    cv2.rectangle(image, (x - 1, y - height - 1), (x + width + 1, y + below // 2), (0, 0, 0), -1)
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)


def _colour(number: int) -> Colour:
    """Neighbouring ids get colours far apart: steps of the golden angle around the hue circle."""
    hue = np.array([[[int(number * 137.5) % 180, 200, 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)


def _stamp(t: float) -> str:
    """Time of day, UTC, to the tenth of a second."""
    tenths = round(t * 10)
    return f"{tenths // 36000 % 24:02}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
