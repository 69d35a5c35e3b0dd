"""A calibration drawn on its picture: grid in metres, horizon, and people of BODY_M where one would stand."""

from collections.abc import Iterator

import cv2
import numpy as np

from edge_agent.adapters.check_picture import LEAST_WIDTH, Colour, write_label
from edge_agent.core.calibration import Ground
from edge_agent.core.pace import BODY_M
from edge_agent.core.spec import Calibration
from edge_agent.core.types import Image, Point
from edge_agent.core.upright import Upright

GRID: Colour = (200, 200, 90)
BOLD: Colour = (255, 255, 160)
HORIZON: Colour = (60, 60, 255)
POINT: Colour = (80, 200, 255)
PERSON: Colour = (120, 255, 120)
STEPS_M = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
LINES = 24
"""Grid lines each way at most, so that the picture stays readable."""
SAMPLES = 64
ROWS, COLUMNS = (0.05, 0.35, 0.65, 0.95), (0.15, 0.5, 0.85)
"""Where people are drawn, as shares of the way from the picture's lower edge to the horizon, and of its width."""
LEAST_PERSON = 8.0
"""Pixels: a smaller figure tells nothing."""


def draw_calibration(image: Image, calibration: Calibration, ground: Ground, upright: Upright) -> Image:
    """A new picture, at least LEAST_WIDTH pixels wide."""
    scale = max(1, -(-LEAST_WIDTH // image.shape[1]))
    canvas = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)
    step = _grid(canvas, calibration, ground)
    _horizon(canvas, ground)
    for number, (at, metres) in enumerate(zip(calibration.image, calibration.ground, strict=True), 1):
        x, y = _pixel(canvas, at)
        cv2.circle(canvas, (x, y), 5, POINT, 2, cv2.LINE_AA)
        write_label(canvas, f"{number}: {metres[0]:g}, {metres[1]:g} m", (x + 8, y - 6), POINT)
    for foot in _places(ground):
        _person(canvas, foot, upright)
    focal = f"f {upright.focal:.2f} w" + (" (assumed)" if upright.assumed else "")
    text = f"{image.shape[1]} x {image.shape[0]}   grid {step:g} m   people {BODY_M:g} m   {focal}"
    write_label(canvas, text, (8, canvas.shape[0] - 10), (255, 255, 255))
    return canvas


def _grid(canvas: Image, calibration: Calibration, ground: Ground) -> float:
    """Over the four points and as far again on each side; metres between two lines."""
    corners = np.asarray(calibration.ground, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    low, high = low - (high - low), high + (high - low)
    step = next((s for s in STEPS_M if (high - low).max() / s <= LINES), float((high - low).max() / LINES))
    for axis in (0, 1):
        for n in range(int(np.ceil(low[axis] / step)), int(np.floor(high[axis] / step)) + 1):
            ends = np.array([low, high])
            ends[:, axis] = n * step
            _ground_line(canvas, ground, ends, BOLD if n % 5 == 0 else GRID)
    return step


def _ground_line(canvas: Image, ground: Ground, ends: np.ndarray, colour: Colour) -> None:
    """In pieces: what lies behind the camera has no picture."""
    before: Point | None = None
    for share in np.linspace(0, 1, SAMPLES):
        x, y = ends[0] + share * (ends[1] - ends[0])
        now = ground.picture((float(x), float(y)))
        now = now if now is not None and abs(now[0] - 0.5) < 2 and abs(now[1] - 0.5) < 2 else None
        if before is not None and now is not None:
            cv2.line(canvas, _pixel(canvas, before), _pixel(canvas, now), colour, 1, cv2.LINE_AA)
        before = now


def _horizon(canvas: Image, ground: Ground) -> None:
    a, b, c = ground.horizon
    if abs(b) < 1e-9:
        return
    ends = [(x, -(a * x + c) / b) for x in (0.0, 1.0)]
    if all(-4 < y < 5 for _, y in ends):
        cv2.line(canvas, _pixel(canvas, ends[0]), _pixel(canvas, ends[1]), HORIZON, 2, cv2.LINE_AA)
        write_label(canvas, "horizon", _pixel(canvas, (0.01, ends[0][1] - 0.01)), HORIZON)


def _places(ground: Ground) -> Iterator[Point]:
    """Feet in the picture, from its lower edge towards the horizon."""
    a, b, c = ground.horizon
    for x in COLUMNS:
        far = max(0.0, -(a * x + c) / b) if b > 1e-9 else 0.0
        for share in ROWS:
            foot = (x, 0.98 - share * (0.98 - far))
            if ground.metres(foot) is not None:
                yield foot


def _person(canvas: Image, foot: Point, upright: Upright) -> None:
    """Body, shoulders and head of somebody BODY_M high."""
    top, shoulder = upright.top(foot, BODY_M), upright.top(foot, BODY_M * 0.82)
    if top is None or shoulder is None:
        return
    a, b, c = (np.array(_pixel(canvas, point), np.float64) for point in (foot, shoulder, top))
    tall = float(np.hypot(*(c - a)))
    if tall < LEAST_PERSON or tall > 2 * canvas.shape[0]:
        return
    side = np.array([-(c - a)[1], (c - a)[0]]) / tall
    half = 0.13 * tall
    body = np.array([a - side * half * 0.6, a + side * half * 0.6, b + side * half, b - side * half])
    cv2.polylines(canvas, [np.rint(body).astype(np.int32)], True, PERSON, 1, cv2.LINE_AA)
    middle = (b + c) / 2
    cv2.circle(canvas, (round(middle[0]), round(middle[1])), max(1, round(0.09 * tall)), PERSON, 1, cv2.LINE_AA)


def _pixel(canvas: Image, point: Point) -> tuple[int, int]:
    return round(point[0] * (canvas.shape[1] - 1)), round(point[1] * (canvas.shape[0] - 1))
