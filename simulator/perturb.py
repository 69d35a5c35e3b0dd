"""The same scene as another camera would have sent it: mirrored, larger, darker, in fewer pictures. What happens in it
stays as it is, so a label holds for each of them.

Pure: a picture and its time go in, a picture comes out, the same array where nothing changes. How its coder changes it
is only named here (`Coding`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Act = Callable[[Image, float], Image]
"""(BGR picture (height, width, 3), seconds since the recording's first one) → one of even sides; the original
stays as it is."""

BAR = 0.1
"""Of the picture's height, above and below."""
CROPPED, ASIDE = 0.08, 0.75
"""Of each side so much is cut off; of that so much at the left and above, so that what is left is shifted, too."""
PALER, LIFT = 0.7, 30.0
HUE, SATURATED = 6, 1.25
"""Steps of two degrees, and a factor."""


@dataclass(frozen=True, slots=True)
class Coding:
    """quality: a constant rate factor of H.264 (0: without loss), or a quantiser of MJPEG."""

    codec: Literal["libx264", "mjpeg"] = "libx264"
    quality: int = 0


@dataclass(frozen=True, slots=True)
class Perturbation:
    """act: what becomes of a picture. every: of so many pictures one is sent. later_s: so much of the beginning is
    missing."""

    act: Act
    every: int = 1
    later_s: float = 0.0
    coding: Coding = Coding()


def _even(image: Image) -> Image:
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    return np.ascontiguousarray(image[:height, :width])


def _same(image: Image, t: float) -> Image:
    return _even(image)


def _mirrored(image: Image, t: float) -> Image:
    return _even(image[:, ::-1])


def _scaled(factor: float) -> Act:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC

    def act(image: Image, t: float) -> Image:
        height, width = (round(side * factor / 2) * 2 for side in image.shape[:2])
        return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)

    return act


def _gamma(power: float) -> Act:
    levels = np.asarray(np.round(255.0 * (np.arange(256) / 255.0) ** power), np.uint8)
    return lambda image, t: _even(np.asarray(cv2.LUT(image, levels), np.uint8))


def _pale(image: Image, t: float) -> Image:
    return _even(np.asarray(cv2.convertScaleAbs(image, alpha=PALER, beta=LIFT), np.uint8))


def _tinted(image: Image, t: float) -> Image:
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + HUE) % 180
    hsv[..., 1] = np.minimum(hsv[..., 1] * SATURATED, 255.0).astype(np.uint8)
    return _even(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8))


def _grey(image: Image, t: float) -> Image:
    return _even(np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8))


def _barred(image: Image, t: float) -> Image:
    bar = round(BAR * image.shape[0])
    return _even(np.pad(image, ((bar, bar), (0, 0), (0, 0))))


def _lettered(image: Image, t: float) -> Image:
    """A camera's name below at the right, and a clock above at the left that goes by the second."""
    shown = _even(image).copy()
    size = shown.shape[0] / 500
    minutes, seconds = divmod(int(t), 60)
    for text, at in (
        (f"2026-01-01 12:{minutes % 60:02d}:{seconds:02d}", (0.02, 0.07)),
        ("CAM 07 NORTH", (0.66, 0.96)),
    ):
        corner = round(at[0] * shown.shape[1]), round(at[1] * shown.shape[0])
        for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(shown, text, corner, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
    return shown


def _cropped(image: Image, t: float) -> Image:
    height, width = image.shape[:2]
    top, left = round(CROPPED * ASIDE * height), round(CROPPED * ASIDE * width)
    return _even(image[top : top + round((1 - CROPPED) * height), left : left + round((1 - CROPPED) * width)])


PERTURBATIONS: Mapping[str, Perturbation] = {
    "rewritten": Perturbation(_same),
    "mirrored": Perturbation(_mirrored),
    "three_quarters": Perturbation(_scaled(0.75)),
    "half": Perturbation(_scaled(0.5)),
    "enlarged": Perturbation(_scaled(1.5)),
    "brighter": Perturbation(_gamma(0.7)),
    "darker": Perturbation(_gamma(1.4)),
    "pale": Perturbation(_pale),
    "tinted": Perturbation(_tinted),
    "grey": Perturbation(_grey),
    "h264": Perturbation(_same, coding=Coding("libx264", 33)),
    "mjpeg": Perturbation(_same, coding=Coding("mjpeg", 10)),
    "half_rate": Perturbation(_same, every=2),
    "later": Perturbation(_same, later_s=0.7),
    "cropped": Perturbation(_cropped),
    "barred": Perturbation(_barred),
    "lettered": Perturbation(_lettered),
}
"""`rewritten` changes nothing but that the picture was turned into other colours and back: what is told of it otherwise
is chance."""
