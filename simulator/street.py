"""A painted street in perspective: sky, facades, pavement, kerb, road, crossing; with photographic grain."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.ground import Ground, Metres

Light = Literal["day", "dusk"]
Image = NDArray[np.uint8]
Colour = tuple[float, float, float]

ASPHALT: Colour = (92, 90, 88)
PAVEMENT: Colour = (150, 156, 160)
KERB: Colour = (190, 194, 196)
WHITE: Colour = (205, 208, 208)
PLASTER: tuple[Colour, ...] = ((150, 182, 205), (165, 172, 176), (128, 150, 178), (140, 160, 150), (176, 184, 196))
GLASS: Colour = (86, 74, 62)


@dataclass(frozen=True, slots=True)
class Street:
    """road: nearest and farthest edge (z, metres) of a road that runs across the picture, or None for a square.
    crossing: x of a zebra crossing's middle. facade: z of the buildings. light: gain and colour of the whole."""

    road: tuple[float, float] | None = (16.0, 24.0)
    crossing: float | None = 0.0
    facade: float = 34.0
    light: Light = "day"


def paint(street: Street, ground: Ground, seed: int) -> Image:
    """The empty street, BGR, (height, width, 3); the same for the same arguments."""
    rng = np.random.default_rng([seed, 1])
    canvas = np.zeros((ground.height, ground.width, 3), np.float32)
    _sky(canvas, ground)
    _quad(canvas, ground, (-200, 1.2), (200, street.facade), PAVEMENT)
    _tiles(canvas, ground, street, rng)
    if street.road is not None:
        _road(canvas, ground, street.road, street.crossing)
    _facades(canvas, ground, street, rng)
    _texture(canvas, ground, street, rng)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def lit(image: Image, light: Light) -> Image:
    """`image` under daylight, or under a dim blue evening."""
    if light == "day":
        return image
    gain = np.array([0.62, 0.53, 0.50], np.float32)
    return np.asarray(np.clip(image * gain + 4, 0, 255), np.uint8)


def _sky(canvas: NDArray[np.float32], ground: Ground) -> None:
    ramp = np.linspace(1.0, 0.85, ground.height, dtype=np.float32)[:, None, None]
    canvas[:] = np.array([225, 214, 200], np.float32) * ramp


def _quad(canvas: NDArray[np.float32], ground: Ground, near: Metres, far: Metres, colour: Colour) -> None:
    """Fills the ground rectangle between two corners (x, z)."""
    (x1, z1), (x2, z2) = near, far
    corners = [ground.project(x, z) for x, z in ((x1, z1), (x2, z1), (x2, z2), (x1, z2))]
    cv2.fillPoly(canvas, [np.array(corners).round().astype(np.int32)], colour, cv2.LINE_AA)


def _tiles(canvas: NDArray[np.float32], ground: Ground, street: Street, rng: np.random.Generator) -> None:
    """Slabs of 1.5 m in slightly different greys."""
    for z in np.arange(street.facade - 1.5, 1.5, -1.5):
        half = ground.width / 2 / ground.scale(float(z)) + 2
        for x in np.arange(-1.5 * np.ceil(half / 1.5), half, 1.5):
            shade = float(rng.normal(0, 4))
            colour = (PAVEMENT[0] + shade, PAVEMENT[1] + shade, PAVEMENT[2] + shade)
            _quad(canvas, ground, (float(x) + 0.03, float(z) + 0.03), (float(x) + 1.47, float(z) + 1.47), colour)


def _road(canvas: NDArray[np.float32], ground: Ground, road: tuple[float, float], crossing: float | None) -> None:
    near, far = road
    _quad(canvas, ground, (-200, near - 0.3), (200, far + 0.3), KERB)
    _quad(canvas, ground, (-200, near), (200, far), ASPHALT)
    middle = (near + far) / 2
    for x in range(-60, 60, 6):
        _quad(canvas, ground, (x, middle - 0.08), (x + 3, middle + 0.08), WHITE)
    if crossing is not None:
        _quad(canvas, ground, (crossing - 2.2, near), (crossing + 2.2, far), ASPHALT)
        for z in np.arange(near + 0.3, far - 0.5, 1.0):
            _quad(canvas, ground, (crossing - 2, float(z)), (crossing + 2, float(z) + 0.5), WHITE)


def _facades(canvas: NDArray[np.float32], ground: Ground, street: Street, rng: np.random.Generator) -> None:
    """A row of houses with windows, doors and awnings along z = facade."""
    scale = ground.scale(street.facade)
    base = round(ground.project(0, street.facade)[1])
    column = 0.0
    while column < ground.width:
        width = float(rng.uniform(6, 11)) * scale
        colour = PLASTER[int(rng.integers(len(PLASTER)))]
        top = base - round(float(rng.uniform(7, 14)) * scale)
        left, right = round(column), round(column + width)
        cv2.rectangle(canvas, (left, top), (right, base), colour, -1)
        cv2.line(canvas, (right, top), (right, base), tuple(c * 0.7 for c in colour), 2)
        _windows(canvas, left, right, top, base, scale, rng)
        column += width


def _windows(
    canvas: NDArray[np.float32], left: int, right: int, top: int, base: int, scale: float, rng: np.random.Generator
) -> None:
    storey, pitch = round(3.2 * scale), round(2.4 * scale)
    for number, bottom in enumerate(range(base, top, -storey)):
        for x in range(left + pitch // 4, right - pitch // 2, pitch):
            shade = float(rng.uniform(0.7, 1.5))
            colour = tuple(c * shade for c in GLASS)
            height = 2.4 if number == 0 else 1.6
            low = bottom if number == 0 else bottom - round(0.8 * scale)
            cv2.rectangle(canvas, (x, low - round(height * scale)), (x + round(1.5 * scale), low), colour, -1)
        if number == 0:
            awning = (float(rng.uniform(50, 160)), float(rng.uniform(60, 150)), float(rng.uniform(90, 190)))
            y = bottom - round(2.5 * scale)
            cv2.rectangle(canvas, (left + 4, y - round(0.5 * scale)), (right - 4, y), awning, -1)


def _texture(canvas: NDArray[np.float32], ground: Ground, street: Street, rng: np.random.Generator) -> None:
    """Stains and grain: noise of several sizes, stretched on the ground as perspective stretches it."""
    height, width = canvas.shape[:2]
    for size, strength in ((90, 7.0), (24, 5.0), (5, 4.0)):
        coarse = rng.normal(0, 1, (max(2, height * 2 // size), max(2, width // size))).astype(np.float32)
        canvas += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None] * strength
    canvas += rng.normal(0, 3.0, (height, width, 1)).astype(np.float32)
    shade = round(ground.project(0, street.facade)[1])
    foot = canvas[shade : shade + 10]
    foot *= np.linspace(0.72, 1.0, len(foot), dtype=np.float32)[:, None, None]
