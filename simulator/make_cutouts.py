"""Maintainers only: cuts the sprites of simulator/assets out of the sample picture that the ultralytics wheel carries.

    python -m simulator.make_cutouts path/to/ultralytics/assets/bus.jpg simulator/assets

Outlines were drawn by hand, GrabCut (Rother et al., SIGGRAPH 2004) settles the edge within a few pixels of them.
Sprites are small and heads are blurred at that size, so that nobody can be recognised.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Outline = tuple[tuple[int, int], ...]
EXPECTED_SHAPE = (1080, 810, 3)
HEAD = 0.15
"""Share of a person's height that is blurred, from the top."""
HEAD_SIGMA = 3.2
"""Pixels of the sprite, where a face is some 14 pixels wide."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """outline: polygon in pixels of the picture. height: of the sprite in pixels. blur_head: whether it is a person."""

    name: str
    outline: Outline
    height: int
    blur_head: bool = True


# fmt: off
COAT = Cutout("person-coat", (
    (104, 455), (104, 425), (112, 404), (135, 397), (154, 402), (160, 425), (156, 470), (195, 520), (203, 570),
    (190, 640), (193, 690), (180, 715), (166, 735), (176, 800), (205, 850), (245, 875), (240, 897), (178, 900),
    (148, 790), (122, 705), (105, 770), (92, 850), (108, 885), (102, 902), (52, 888), (60, 840), (78, 800),
    (80, 740), (74, 708), (60, 690), (60, 600), (60, 500), (84, 462)), 220)
JACKET = Cutout("person-jacket", (
    (262, 470), (262, 415), (285, 405), (308, 415), (308, 470), (330, 490), (344, 560), (325, 590), (336, 690),
    (340, 715), (320, 745), (285, 775), (294, 800), (302, 815), (282, 815), (293, 850), (290, 860), (255, 850),
    (250, 800), (243, 705), (225, 690), (238, 600), (235, 540), (238, 500)), 220)
PASSER: Outline = (
    (810, 392), (797, 396), (788, 415), (792, 447), (798, 460), (778, 490), (766, 540), (742, 545), (722, 545),
    (722, 560), (750, 582), (765, 600), (758, 650), (748, 688), (766, 695), (745, 760), (722, 810), (700, 830),
    (672, 822), (670, 838), (738, 880), (745, 840), (790, 745), (809, 700))
BUS = Cutout("bus", (
    (20, 560), (20, 430), (40, 325), (75, 270), (165, 238), (250, 233), (540, 252), (700, 266), (742, 300),
    (796, 330), (800, 470), (780, 600), (760, 650), (720, 675), (690, 672), (560, 688), (400, 715), (350, 735),
    (310, 728), (180, 728), (60, 712), (25, 690)), 150, blur_head=False)
BOLLARDS: tuple[Outline, ...] = (
    ((422, 655), (465, 655), (465, 765), (422, 765)), ((655, 622), (694, 622), (694, 718), (655, 718)))
# fmt: on


def main() -> None:
    picture, folder = Path(sys.argv[1]), Path(sys.argv[2])
    image = cv2.imread(str(picture))
    if image is None or image.shape != EXPECTED_SHAPE:
        raise SystemExit(
            f"{picture}: not the {EXPECTED_SHAPE[1]}x{EXPECTED_SHAPE[0]} picture the outlines were drawn on"
        )
    cv2.setRNGSeed(1)
    people = (COAT, JACKET)
    for cutout in people:
        save(folder, cutout, image, matte(image, cutout.outline))
    hidden = np.zeros(image.shape[:2], np.uint8)
    for outline in (*(person.outline for person in people), PASSER, *BOLLARDS):
        cv2.fillPoly(hidden, [np.array(outline)], 255)
    bus = cv2.inpaint(image, cv2.dilate(hidden, np.ones((15, 15))), 7, cv2.INPAINT_TELEA)
    save(folder, BUS, bus, filled(image.shape[:2], BUS.outline))


def filled(shape: tuple[int, ...], outline: Outline) -> NDArray[np.float32]:
    """1 inside the outline, with a soft edge."""
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.array(outline)], 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.5), np.float32)


def matte(image: Image, outline: Outline) -> NDArray[np.float32]:
    """Opacity 0..1: GrabCut decides in a band around the outline, and the largest piece stays."""
    drawn = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(drawn, [np.array(outline)], 1)
    labels = np.full(image.shape[:2], cv2.GC_BGD, np.uint8)
    labels[cv2.dilate(drawn, np.ones((9, 9))) > 0] = cv2.GC_PR_FGD
    labels[cv2.erode(drawn, np.ones((13, 13))) > 0] = cv2.GC_FGD
    x, y, width, height = cv2.boundingRect(np.array(outline))
    near = np.s_[max(0, y - 30) : y + height + 30, max(0, x - 30) : x + width + 30]
    part = labels[near].copy()
    cv2.grabCut(image[near].copy(), part, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    solid = cv2.morphologyEx(
        np.isin(part, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5))
    )
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(solid)
    largest = (pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.float32)
    opacity = np.zeros(image.shape[:2], np.float32)
    opacity[near] = cv2.GaussianBlur(cv2.erode(largest, np.ones((3, 3))), (0, 0), 1.2)
    return opacity


def save(folder: Path, cutout: Cutout, image: Image, opacity: NDArray[np.float32]) -> None:
    """Crops to what is opaque, shrinks, blurs the head, writes a PNG with straight alpha."""
    rows, columns = np.where(opacity > 0.5)
    crop = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    alpha = opacity[crop][..., None]
    width = round(cutout.height * alpha.shape[1] / alpha.shape[0])
    size = (width, cutout.height)
    colour = cv2.resize(image[crop].astype(np.float32) * alpha, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
    if cutout.blur_head:
        head = round(cutout.height * HEAD)
        weight = cv2.GaussianBlur(alpha, (0, 0), HEAD_SIGMA)[..., None]
        soft = cv2.GaussianBlur(colour, (0, 0), HEAD_SIGMA) / np.maximum(weight, 0.05) * alpha
        colour[:head] = soft[:head]
    straight = np.clip(colour / np.maximum(alpha, 1 / 255), 0, 255)
    pixels = np.dstack([straight, alpha * 255]).round().astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    cv2.imwrite(str(folder / f"{cutout.name}.png"), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
