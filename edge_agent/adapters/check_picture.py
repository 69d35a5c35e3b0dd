"""What a camera's config means, drawn on one of its pictures: masks, zones, lines with their direction, rules."""

from collections import defaultdict

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Image, Point

Colour = tuple[int, int, int]
ZONE_COLOURS: tuple[Colour, ...] = ((80, 200, 255), (120, 230, 120), (255, 170, 90), (220, 140, 240), (110, 110, 255))
LINE_COLOUR: Colour = (60, 60, 255)
MASK_COLOUR: Colour = (160, 160, 160)
FONT = cv2.FONT_HERSHEY_SIMPLEX
LEAST_WIDTH = 640


def draw_check(image: Image, camera: CameraSpec) -> Image:
    """A new picture, at least LEAST_WIDTH pixels wide so that the writing can be read."""
    scale = max(1, -(-LEAST_WIDTH // image.shape[1]))
    canvas = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    rules: dict[str | None, list[str]] = defaultdict(list)
    for rule in camera.rules:
        rules[rule.place].append(rule.id)
    for mask in camera.masks:
        _outline(canvas, mask, MASK_COLOUR)
        write_label(canvas, "mask", _middle(canvas, mask), MASK_COLOUR)
    for number, zone in enumerate(camera.zones):
        colour = ZONE_COLOURS[number % len(ZONE_COLOURS)]
        _tint(canvas, zone.polygon, colour)
        _outline(canvas, zone.polygon, colour)
        at = _pixels(canvas, zone.polygon).min(axis=0)
        for row, text in enumerate([zone.id, *rules[zone.id]]):
            write_label(canvas, text, (int(at[0]) + 6, int(at[1]) + 20 + 20 * row), colour)
    for line in camera.lines:
        _line(canvas, line.start, line.end, " ".join([line.id, *rules[line.id]]))
    write_label(canvas, f"{camera.id}  {image.shape[1]} x {image.shape[0]}", (8, canvas.shape[0] - 10), (255, 255, 255))
    return canvas


def encode_png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def _pixels(canvas: Image, points: tuple[Point, ...]) -> NDArray[np.int32]:
    size = np.array([canvas.shape[1] - 1, canvas.shape[0] - 1], np.float64)
    return np.rint(np.asarray(points) * size).astype(np.int32)


def _middle(canvas: Image, points: tuple[Point, ...]) -> tuple[int, int]:
    x, y = _pixels(canvas, points).mean(axis=0)
    return int(x), int(y)


def _tint(canvas: Image, points: tuple[Point, ...], colour: Colour) -> None:
    layer = canvas.copy()
    cv2.fillPoly(layer, [_pixels(canvas, points)], colour)
    cv2.addWeighted(layer, 0.2, canvas, 0.8, 0, dst=canvas)


def _outline(canvas: Image, points: tuple[Point, ...], colour: Colour) -> None:
    cv2.polylines(canvas, [_pixels(canvas, points)], True, colour, 2, cv2.LINE_AA)


def _line(canvas: Image, start: Point, end: Point, text: str) -> None:
    """The line, and an arrow from its middle to where a "forward" crossing goes: the right of start to end."""
    a, b = _pixels(canvas, (start, end)).astype(np.float64)
    along = b - a
    right = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1.0)
    middle = (a + b) / 2
    tip = middle + right * max(24.0, 0.05 * canvas.shape[1])
    cv2.line(canvas, _at(a), _at(b), LINE_COLOUR, 3, cv2.LINE_AA)
    cv2.circle(canvas, _at(a), 5, LINE_COLOUR, -1, cv2.LINE_AA)
    cv2.arrowedLine(canvas, _at(middle), _at(tip), LINE_COLOUR, 2, cv2.LINE_AA, tipLength=0.35)
    write_label(canvas, text, (int(middle[0]) + 8, int(middle[1]) - 8), LINE_COLOUR)


def _at(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def write_label(canvas: Image, text: str, at: tuple[int, int], colour: Colour) -> None:
    """On a dark plate, kept within the picture."""
    (width, height), below = cv2.getTextSize(text, FONT, 0.5, 1)
    x = max(2, min(at[0], canvas.shape[1] - width - 4))
    y = max(height + 3, min(at[1], canvas.shape[0] - below - 2))
    cv2.rectangle(canvas, (x - 2, y - height - 3), (x + width + 2, y + below), (24, 24, 24), -1)
    cv2.putText(canvas, text, (x, y), FONT, 0.5, colour, 1, cv2.LINE_AA)
