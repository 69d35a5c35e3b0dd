"""Photographic cut-outs of people and vehicles, in seeded variants: other clothes, mirrored, at any size."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

PEOPLE: tuple[str, ...] = ("person-coat", "person-jacket")
FACES_LEFT = frozenset({"bus"})
TINTS = 8
"""Variants of clothing per person; 0 is as photographed."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an actor looks like. cls: the detector's class name. height_m: real height, metres."""

    sprite: str
    cls: str = "person"
    height_m: float = 1.75
    tint: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Ready to paste: colour (h, w, 3) float32 premultiplied by opacity (h, w, 1) float32, 0..1."""

    colour: NDArray[np.float32]
    opacity: NDArray[np.float32]


@cache
def photograph(name: str) -> NDArray[np.uint8]:
    """BGRA, straight alpha, facing right."""
    data = np.frombuffer((files("simulator") / "assets" / f"{name}.png").read_bytes(), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None or image.shape[2] != 4:
        raise ValueError(f"simulator/assets/{name}.png is not a picture with alpha")
    return np.ascontiguousarray(image[:, ::-1] if name in FACES_LEFT else image).astype(np.uint8)


@cache
def dressed(name: str, tint: int) -> NDArray[np.uint8]:
    """`photograph` with its clothes in another colour. Heads and shoes keep theirs; so does tint 0."""
    image = photograph(name)
    if tint % TINTS == 0:
        return image
    rng = np.random.default_rng([tint, sum(name.encode())])
    lab = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_BGR2LAB).astype(np.float32)
    height = len(lab)
    changed = lab.copy()
    for begin, end in ((0.15, 0.58), (0.58, 0.93)):
        rows = slice(round(begin * height), round(end * height))
        changed[rows, :, 0] = np.clip(lab[rows, :, 0] * rng.uniform(0.7, 1.15) + rng.uniform(-10, 45), 0, 255)
        changed[rows, :, 1:] += rng.uniform(-22, 22, 2).astype(np.float32)
    colour = cv2.cvtColor(np.clip(changed, 0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR)
    return np.dstack([colour, image[..., 3]]).astype(np.uint8)


@cache
def cut(look: Look, height: int, left: bool, stride: int) -> Cut:
    """`look` at `height` pixels, facing left or right. stride 0..3: how far a walking person's legs are apart."""
    image = dressed(look.sprite, look.tint)
    alpha = image[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([image[..., :3].astype(np.float32) * alpha, alpha]).astype(np.float32)
    if look.cls == "person" and stride:
        premultiplied = _stepped(premultiplied, 1.0 - 0.11 * stride)
    width = max(2, round(height * image.shape[1] / image.shape[0]))
    method = cv2.INTER_AREA if height < len(image) else cv2.INTER_LINEAR
    small = cv2.resize(premultiplied, (width, max(2, height)), interpolation=method)
    if left:
        small = small[:, ::-1]
    return Cut(np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3:]))


def _stepped(image: NDArray[np.float32], narrow: float) -> NDArray[np.float32]:
    """Legs drawn together: below the hip each row shrinks towards the middle, the more the lower it is."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = np.clip((rows / height - 0.55) / 0.45, 0, 1)
    factor = 1 - (1 - narrow) * depth
    middle = np.float32(width / 2)
    return np.asarray(
        cv2.remap(image, middle + (columns - middle) / factor, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
        np.float32,
    )
