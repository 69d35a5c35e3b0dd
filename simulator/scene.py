"""Renders a scene: actors walk over a painted street, and each frame comes with the true boxes.

Everything follows from the scene's values: the same scene gives the same pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import pi, sin

import numpy as np
from numpy.typing import NDArray

from simulator.ground import Ground
from simulator.sprites import Cut, Look, cut
from simulator.street import Image, Street, lit, paint

NOISE_FRAMES = 6
STEPS_PER_SECOND = 1.8


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where an actor is at second t of the scene: ground coordinates, metres."""

    t: float
    x: float
    z: float


@dataclass(frozen=True, slots=True)
class Actor:
    """One person or vehicle. It exists from its first waypoint's time to its last's and moves straight between them."""

    id: int
    look: Look
    path: tuple[Waypoint, ...]

    def at(self, t: float) -> tuple[float, float] | None:
        """(x, z) at second t, None where the actor is not in the scene."""
        if not self.path[0].t <= t <= self.path[-1].t:
            return None
        times = [point.t for point in self.path]
        return (
            float(np.interp(t, times, [point.x for point in self.path])),
            float(np.interp(t, times, [point.z for point in self.path])),
        )

    def velocity(self, t: float) -> tuple[float, float]:
        """Metres a second, of the leg that t lies in."""
        for a, b in zip(self.path, self.path[1:], strict=False):
            if a.t <= t <= b.t and b.t > a.t:
                return (b.x - a.x) / (b.t - a.t), (b.z - a.z) / (b.t - a.t)
        return 0.0, 0.0

    def faces_left(self, t: float) -> bool:
        """The way the last leg that led sideways went."""
        sideways = [b.x - a.x for a, b in zip(self.path, self.path[1:], strict=False) if a.t <= t and b.x != a.x]
        return bool(sideways) and sideways[-1] < 0


@dataclass(frozen=True, slots=True)
class Scene:
    """duration: seconds. fps: frames a second. noise: standard deviation of sensor noise, grey levels."""

    name: str
    seed: int
    actors: tuple[Actor, ...]
    duration: float = 60.0
    fps: int = 6
    ground: Ground = field(default_factory=Ground)
    street: Street = field(default_factory=Street)
    noise: float = 2.5

    @property
    def frame_count(self) -> int:
        return round(self.duration * self.fps)


@dataclass(frozen=True, slots=True)
class TrueBox:
    """box: x1 y1 x2 y2 in pixels of the whole sprite, clipped to the picture. visible: share of the sprite's pixels
    that are in the picture and hidden by nobody, 0..1. height: of the sprite before clipping, pixels."""

    actor: int
    cls: str
    box: tuple[float, float, float, float]
    visible: float
    height: float


def render(scene: Scene) -> Iterator[tuple[Image, tuple[TrueBox, ...]]]:
    """Frames in order, BGR (height, width, 3), each with what is truly in it, sorted by actor."""
    backdrop = paint(scene.street, scene.ground, scene.seed)
    rng = np.random.default_rng([scene.seed, 2])
    shape = (NOISE_FRAMES, *backdrop.shape[:2], 1)
    grain = rng.normal(0, scene.noise, shape).round().astype(np.int16)
    for index in range(scene.frame_count):
        frame, truth = compose(scene, backdrop, index / scene.fps)
        noisy = lit(frame, scene.street.light).astype(np.int16) + grain[int(rng.integers(NOISE_FRAMES))]
        yield np.clip(noisy, 0, 255).astype(np.uint8), truth


def compose(scene: Scene, backdrop: Image, t: float) -> tuple[Image, tuple[TrueBox, ...]]:
    """One frame without light and noise: the actors at second t before the backdrop, the farthest first."""
    placed = [(place, actor) for actor in scene.actors if (place := actor.at(t)) is not None]
    placed.sort(key=lambda item: (-item[0][1], item[1].id))
    canvas = backdrop.copy()
    owner = np.full(backdrop.shape[:2], -1, np.int32)
    drawn: list[tuple[Actor, int, int, Cut]] = []
    for (x, z), actor in placed:
        picture, left, top = _placed(scene.ground, actor, x, z, t)
        _shadow(canvas, scene, x, z, picture.colour.shape[1])
        _paste(canvas, owner, picture, left, top, actor.id)
        drawn.append((actor, left, top, picture))
    boxes = (_true_box(scene.ground, owner, *item) for item in drawn)
    return canvas, tuple(sorted((box for box in boxes if box is not None), key=lambda box: box.actor))


def _placed(ground: Ground, actor: Actor, x: float, z: float, t: float) -> tuple[Cut, int, int]:
    """The actor's picture and the pixel of its upper left corner; a walking person bobs and steps."""
    vx, vz = actor.velocity(t)
    walking = actor.look.cls == "person" and (vx * vx + vz * vz) > 0.04
    phase = 2 * pi * STEPS_PER_SECOND * t + actor.id
    stride = round(1.5 + 1.5 * sin(phase)) if walking else 0
    height = max(4, round(actor.look.height_m * ground.scale(z)))
    picture = cut(actor.look, height, actor.faces_left(t), stride)
    column, row = ground.project(x, z, 0.025 * abs(sin(phase)) if walking else 0.0)
    return picture, round(column - picture.colour.shape[1] / 2), round(row) - height


def _shadow(canvas: Image, scene: Scene, x: float, z: float, width: int) -> None:
    column, row = scene.ground.project(x, z)
    rx, ry = max(2, round(width * 0.55)), max(1, round(width * 0.16))
    x1, y1 = round(column) - rx, round(row) - ry
    rows, columns = slice(max(0, y1), max(0, y1 + 2 * ry + 1)), slice(max(0, x1), max(0, x1 + 2 * rx + 1))
    part = canvas[rows, columns]
    if part.size == 0:
        return
    v, u = np.ogrid[rows.start : rows.start + part.shape[0], columns.start : columns.start + part.shape[1]]
    distance = ((u - column) / rx) ** 2 + ((v - row) / ry) ** 2
    depth = 0.45 if scene.street.light == "day" else 0.25
    part[:] = (part * (1 - depth * np.clip(1 - distance, 0, 1))[..., None]).astype(np.uint8)


def _paste(canvas: Image, owner: NDArray[np.int32], picture: Cut, left: int, top: int, actor: int) -> None:
    height, width = picture.opacity.shape[:2]
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + width, canvas.shape[1]), min(top + height, canvas.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    inside = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    opacity = picture.opacity[inside]
    part = canvas[y1:y2, x1:x2]
    part[:] = (part * (1 - opacity) + picture.colour[inside]).astype(np.uint8)
    owner[y1:y2, x1:x2][opacity[..., 0] > 0.5] = actor


def _true_box(
    ground: Ground, owner: NDArray[np.int32], actor: Actor, left: int, top: int, picture: Cut
) -> TrueBox | None:
    solid = picture.opacity[..., 0] > 0.5
    columns, rows = np.flatnonzero(solid.any(0)), np.flatnonzero(solid.any(1))
    x1, x2 = left + int(columns[0]), left + int(columns[-1]) + 1
    y1, y2 = top + int(rows[0]), top + int(rows[-1]) + 1
    cx1, cy1, cx2, cy2 = max(x1, 0), max(y1, 0), min(x2, ground.width), min(y2, ground.height)
    if cx1 >= cx2 or cy1 >= cy2:
        return None
    seen = int((owner[cy1:cy2, cx1:cx2] == actor.id).sum())
    box = (float(cx1), float(cy1), float(cx2), float(cy2))
    return TrueBox(actor.id, actor.look.cls, box, seen / int(solid.sum()), float(y2 - y1))
