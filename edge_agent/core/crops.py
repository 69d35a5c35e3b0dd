"""Pieces of a picture instead of the whole: cut out where somebody is or may be, and laid side by side on sheets.

A network's time grows with its pixels, and most pixels of a camera show nobody. Each piece gets the scale at which its
object is as high as a network sees well, so a distant person is looked at with more pixels than in the whole picture
and a near one with fewer. Sheets have few sizes, the same for all cameras: a runtime is prepared for each. YOLO
networks are trained on such mosaics (Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3).

Boxes here are (n, 4) x1 y1 x2 y2, in pixels of the source frame unless said otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.overlap import areas, iou, shared
from edge_agent.core.types import Detections

Boxes = NDArray[np.float64]
Scales = NDArray[np.float64]
NOWHERE: Boxes = np.empty((0, 4))
Skyline = list[tuple[int, int, int]]
"""Steps (left, right, top), from left to right: below is free."""

Places = list[tuple[int, int, int]]
"""(sheet, left, top) of each piece."""

STRIDE = 32
"""Sides of a network's input are multiples of this."""
TALL = 0.075
"""Longer side of an object on the sheet, as a share of the longer side at which the network sees a whole picture: who
raises that wants more pixels for everybody."""
FINEST = 2.0
"""No piece is enlarged by more, unless the whole picture is."""
COARSEST = 0.8
"""No piece has a scale below that of the whole picture times this: who is close would be high enough on the sheet when
reduced further, but where he is dark, blurred or coded hard, he is no longer found (docs/design/decisions/detector.md).
"""
ASIDE, ABOVE = 0.3, 0.2
"""Margin around an object, sideways and up and down, of its longer side: people walk a fifth of their height between
two looks at five a second, and a network needs some surroundings."""
SIZES = ((192, 128), (224, 160), (256, 192), (320, 256))
"""Of sheets: (width, height) in pixels, each larger than the one before."""
WIDE, HIGH = SIZES[-1]
BESIDE = 14_000
"""What a sheet costs beside its pixels, in pixels (YOLOv8n, one core: 0.6 ms, and 2.2 for 256 x 192 pixels)."""
ROOMIER = 1.2
"""Where the same sheets have room for it, all pieces are larger by this: it costs nothing."""
APART = 2 * HIGH
GUTTER = 4
"""Grey pixels between pieces."""
EDGE = 1.5
"""A box that comes so near to its piece's border, in pixels of the sheet, is cut by it."""
WITHIN = 0.8
"""A box with less than this share inside of its piece is none: it spans pieces that have nothing to do with each other.
"""
SAME, PART = 0.5, 0.75
"""Boxes of one class from two pieces are one object if their intersection is more than SAME of their union, or more
than PART of the smaller."""
MOST_PIECES = 32
WORTH = 0.6
"""Sheets of more than this share of the pixels of the whole picture are not worth it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Pixels [x1, x2) x [y1, y2) of the frame lie at (left, top) of a sheet, `width` x `height` there. sheet: which."""

    x1: int
    y1: int
    x2: int
    y2: int
    left: int
    top: int
    width: int
    height: int
    sheet: int


@dataclass(frozen=True, slots=True)
class Sheets:
    """frame: (width, height). count: of sheets, each of `size`; none where there is nothing to look at."""

    frame: tuple[int, int]
    count: int = 0
    pieces: tuple[Piece, ...] = ()
    size: tuple[int, int] = SIZES[0]

    @property
    def pixels(self) -> int:
        return self.count * self.size[0] * self.size[1]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """In pixels of the frame, best first. found: whole, or cut but expected there. doubtful: what a piece's border
    cuts, as it was seen, or what spans pieces; somebody may be there, beside whoever is expected too. cut: boxes of
    those that are strong and nobody that was found whole: another look has to tell."""

    found: Detections
    doubtful: Detections
    cut: Boxes = field(default_factory=NOWHERE.copy)


def whole(width: int, height: int, side: int) -> tuple[float, int]:
    """At which scale the network sees a whole frame with its longer side at `side`, and in how many pixels."""
    scale = side / max(width, height)
    return scale, side * _strides(min(width, height) * scale)


def sheets(known: Boxes, moving: Boxes, frame: tuple[int, int], side: int) -> Sheets | None:
    """The sheets for objects at `known` and for what moves at `moving`, which may be several objects; None where the
    whole costs little more. side: see `whole`."""
    plain, pixels = whole(*frame, side)
    boxes = np.concatenate((known, moving))
    if len(boxes) > MOST_PIECES:
        return None
    least = COARSEST * plain
    longer = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0), 1.0)
    scales = np.clip(TALL * side / longer, least, max(FINEST, plain))
    cuts, scales, fits = _cuts(boxes, frame, scales, least)
    if not fits:
        return None
    cuts, scales = _merged(cuts, scales)
    corners = np.concatenate((np.floor(cuts[:, :2]), np.ceil(cuts[:, 2:])), axis=1).astype(np.intp)
    sizes = _scaled(corners, scales)
    packed = _cheapest(sizes, WORTH * pixels)
    if packed is None:
        return None
    size, places = packed
    count = 1 + max((on for on, _, _ in places), default=-1)
    larger = _scaled(corners, np.minimum(scales * ROOMIER, np.maximum(scales, FINEST)))
    if (roomy := _packed(larger, count, size)) is not None:
        sizes, places = larger, roomy
    rows = zip(corners.tolist(), places, sizes, strict=True)
    pieces = tuple(
        Piece(x1, y1, x2, y2, left, top, width, height, on)
        for (x1, y1, x2, y2), (on, left, top), (width, height) in rows
    )
    return Sheets(frame, count, pieces, size)


def _scaled(corners: NDArray[np.intp], scales: Scales) -> list[list[int]]:
    """(width, height) of each piece, at most as large as the largest sheet."""
    sides = corners[:, 2:] - corners[:, :2]
    fitting = (np.array((WIDE, HIGH)) / sides).min(axis=1)
    sizes = np.maximum(1, np.rint(sides * np.minimum(scales, fitting)[:, None])).astype(np.intp)
    rows: list[list[int]] = sizes.tolist()
    return rows


def back(on: Sheets, looks: Sequence[Detections], strong: float, expected: Boxes = NOWHERE) -> Seen:
    """What was found on the sheets, in their order and pixels, as it lies in the frame. A box that its piece's border
    cuts is left out, but where that is the frame's border, and but for a strong one that fits a box that is `expected`:
    it continues a track, with the sides that are cut as they were expected, and is `weak`, so that it begins none.
    strong: score of a box that is worth looking for."""
    found = _together(looks)
    if not len(found):
        return Seen(found, found)
    pieces = np.array([_row(piece) for piece in on.pieces], np.float64)
    boxes = found.boxes.astype(np.float64)
    owner, clipped, inside = _owners(boxes, pieces)
    own = pieces[owner]
    scale = own[:, 4:8].reshape(-1, 2, 2)
    zoom = (own[:, 2:4] - own[:, :2]) / (scale[:, 1] - scale[:, 0])
    placed = (clipped - np.tile(own[:, 4:6], 2)) * np.tile(zoom, 2) + np.tile(own[:, :2], 2)
    free = own[:, :4] == (0, 0, *on.frame)
    near = (np.abs(clipped - own[:, 4:8]) <= EDGE) & ~free
    cut = near.any(axis=1)
    good = inside & ~cut
    kept = _single(placed, found.scores, found.labels, owner, good.nonzero()[0])
    lost = (inside & cut & (found.scores >= strong)).nonzero()[0]
    shown = alike(placed[lost], placed[kept]) & (found.labels[lost][:, None] == found.labels[kept])
    lost = lost[~shown.any(axis=1)]
    asked, doubtful = placed[lost], _chosen(found, placed, (~good).nonzero()[0])
    expected = np.clip(expected, 0, np.array((*on.frame, *on.frame)))
    fit, who = _fitting(asked, expected)
    known = lost[fit]
    if len(known):
        placed[known] = np.where(near[known], expected[who], placed[known])
        scores = found.scores.copy()
        scores[known] = strong  # Not before anybody strong who was found whole.
        kept = _single(placed, scores, found.labels, owner, np.concatenate((kept, known)))
    return Seen(replace(_chosen(found, placed, kept), weak=np.isin(kept, known)), doubtful, asked)


def _fitting(boxes: Boxes, expected: Boxes) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which of the boxes are where somebody is expected, and of those, who."""
    if not len(expected):
        return np.zeros(len(boxes), np.bool_), np.empty(0, np.intp)
    overlap = iou(boxes, expected)
    fit = overlap.max(axis=1) > SAME
    return fit, overlap.argmax(axis=1)[fit]


def _chosen(found: Detections, boxes: Boxes, which: NDArray[np.intp]) -> Detections:
    return Detections(boxes[which].astype(np.float32), found.scores[which], found.labels[which], found.classes)


def _row(piece: Piece) -> tuple[int, ...]:
    """x1 y1 x2 y2 in the frame and on the sheets, see `_together`."""
    top = piece.top + piece.sheet * APART
    right, bottom = piece.left + piece.width, top + piece.height
    return piece.x1, piece.y1, piece.x2, piece.y2, piece.left, top, right, bottom


def _together(looks: Sequence[Detections]) -> Detections:
    """As if all sheets were one, each APART below the one before."""
    if not looks:
        return Detections.none()
    below = [look.boxes + np.array((0, index * APART) * 2, np.float32) for index, look in enumerate(looks)]
    scores, labels = [look.scores for look in looks], [look.labels for look in looks]
    return Detections(np.concatenate(below), np.concatenate(scores), np.concatenate(labels), looks[0].classes)


def _strides(pixels: float) -> int:
    return max(1, -int(-round(pixels) // STRIDE)) * STRIDE


def grown(boxes: Boxes) -> Boxes:
    """With their margins; these may lie outside of the frame."""
    margin = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0)[:, None] * np.array((ASIDE, ABOVE))
    return np.concatenate((boxes[:, :2] - margin, boxes[:, 2:] + margin), axis=1)


def _cuts(boxes: Boxes, frame: tuple[int, int], scales: Scales, least: float) -> tuple[Boxes, Scales, bool]:
    """Each object with its margin, its scale where that fits on a sheet or else the greatest that does, and whether
    that is `least` or more for all."""
    cuts = np.clip(grown(boxes), 0, np.array([*frame, *frame], np.float64))
    sides = cuts[:, 2:] - cuts[:, :2]
    solid = (sides >= 2).all(axis=1)
    fitting = (np.array((WIDE, HIGH)) / np.maximum(sides, 1)).min(axis=1)
    return cuts[solid], np.minimum(scales, fitting)[solid], bool((fitting >= least)[solid].all())


def _merged(cuts: Boxes, scales: Scales) -> tuple[Boxes, Scales]:
    """Two pieces become one, at the finer scale, as long as that is fewer pixels and fits on a sheet; the greatest
    saving first."""
    saved = np.where(np.tri(len(cuts), dtype=np.bool_), -np.inf, _saved(cuts, scales, cuts, scales))
    left = np.ones(len(cuts), np.bool_)
    while left.any():
        one, other = divmod(int(saved.argmax()), len(cuts))
        if saved[one, other] <= 0:
            break
        low, high = np.minimum(cuts[one, :2], cuts[other, :2]), np.maximum(cuts[one, 2:], cuts[other, 2:])
        cuts[one] = (*low, *high)
        scales[one] = max(scales[one], scales[other])
        left[other] = False
        saved[other] = saved[:, other] = -np.inf
        anew = np.where(left, _saved(cuts[one : one + 1], scales[one : one + 1], cuts, scales)[0], -np.inf)
        saved[:one, one], saved[one, one + 1 :] = anew[:one], anew[one + 1 :]
    return cuts[left], scales[left]


def _saved(cuts: Boxes, scales: Scales, others: Boxes, finer: Scales) -> Boxes:
    """Pixels of a sheet saved if cuts (n, 4) became one piece with others (m, 4): (n, m); minus infinity where that
    fits on no sheet. finer: the scales of the others."""
    one, other = cuts.T[..., None], others.T[:, None]
    scale = np.maximum(scales[:, None], finer)
    across = (np.maximum(one[2], other[2]) - np.minimum(one[0], other[0])) * scale
    down = (np.maximum(one[3], other[3]) - np.minimum(one[1], other[1])) * scale
    fits = (across <= WIDE) & (down <= HIGH)
    together = np.where(fits, (across + GUTTER) * (down + GUTTER), np.inf)
    saved: Boxes = _alone(one, scales[:, None]) + _alone(other, finer) - together
    return saved


def _alone(sides: Boxes, scale: Scales) -> Boxes:
    """Pixels of a sheet for x1 y1 x2 y2 along the first axis."""
    pixels: Boxes = ((sides[2] - sides[0]) * scale + GUTTER) * ((sides[3] - sides[1]) * scale + GUTTER)
    return pixels


def _cheapest(pieces: list[list[int]], most: float) -> tuple[tuple[int, int], Places] | None:
    """Of the ways to lay out pieces (width, height) on sheets of one size, with up to `most` pixels in all, the
    cheapest: that size, and (sheet, left, top) of each piece."""
    room = sum((width + GUTTER) * (height + GUTTER) for width, height in pieces)
    ways = [
        (count * (wide * high + BESIDE), count, (wide, high))
        for wide, high in SIZES
        for count in range(1, int(most / (wide * high)) + 1)
        if room <= count * (wide + GUTTER) * (high + GUTTER)
    ]
    for _, count, size in sorted(ways):
        places = _packed(pieces, count, size)
        if places is not None:
            return size, places
    return None


def _packed(sizes: list[list[int]], most: int, sheet: tuple[int, int]) -> Places | None:
    """(sheet, left, top) of each piece; None where `most` sheets do not hold them. Highest first, each on the first
    sheet that has room, where it comes to lie highest (the bottom-left rule of Baker, Coffman and Rivest 1980, over a
    skyline)."""
    across, down = sheet
    if any(wide > across or high > down for wide, high in sizes):
        return None
    places = [(0, 0, 0)] * len(sizes)
    skylines: list[Skyline] = []
    for index in sorted(range(len(sizes)), key=lambda n: (-sizes[n][1], -sizes[n][0], n)):
        wide, high = sizes[index]
        spots = (min(_spots(skyline, wide, across)) for skyline in skylines)
        found = next(((on, *spot) for on, spot in enumerate(spots) if spot[0] + high <= down), None)
        if found is None:
            if len(skylines) == most:
                return None
            found = len(skylines), 0, 0
            skylines.append([(0, across, 0)])
        on, top, left = found
        places[index] = on, left, top
        skylines[on] = _raised(skylines[on], left, min(left + wide + GUTTER, across), top + high + GUTTER)
    return places


def _spots(skyline: Skyline, wide: int, across: int) -> list[tuple[int, int]]:
    """(top, left) of a piece of this width at the begin of each step of the skyline, a gutter at its right included."""
    lefts = [left for left, _, _ in skyline if left + wide <= across]
    return [(max(top for a, b, top in skyline if a < left + wide + GUTTER and b > left), left) for left in lefts]


def _raised(skyline: Skyline, left: int, right: int, top: int) -> Skyline:
    """The skyline with [left, right) at `top`."""
    before = [(a, min(b, left), t) for a, b, t in skyline if a < left]
    after = [(max(a, right), b, t) for a, b, t in skyline if b > right]
    return [*before, (left, right, top), *after]


def _owners(boxes: Boxes, pieces: Boxes) -> tuple[NDArray[np.intp], Boxes, NDArray[np.bool_]]:
    """Of each box the piece it shares most with, the box clipped to it, and whether enough of it is inside."""
    on = pieces[:, 4:8]
    both = shared(boxes, on)
    owner = both.argmax(axis=1)
    own, most = on[owner], both[np.arange(len(boxes)), owner]
    clipped = np.concatenate((np.maximum(boxes[:, :2], own[:, :2]), np.minimum(boxes[:, 2:], own[:, 2:])), axis=1)
    return owner, clipped, most >= WITHIN * np.maximum(areas(boxes), 1e-9)


def alike(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of the boxes (n, 4) are the same object as which of the others (m, 4): (n, m)."""
    both, one, other = shared(boxes, others), areas(boxes)[:, None], areas(others)
    return np.asarray((both > SAME * (one + other - both)) | (both > PART * np.minimum(one, other)))


def _single(
    boxes: Boxes,
    scores: NDArray[np.float32],
    labels: NDArray[np.int32],
    owner: NDArray[np.intp],
    among: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Of those `among`, best first, whoever is not the same object as a better one of another piece."""
    order = among[np.argsort(-scores[among], kind="stable")]
    boxes, labels, owner = boxes[order], labels[order], owner[order]
    same = alike(boxes, boxes) & (owner[:, None] != owner) & (labels[:, None] == labels)
    kept = np.ones(len(order), np.bool_)
    for index in np.flatnonzero(same.any(axis=1)).tolist():
        kept[index] = not (same[index, :index] & kept[:index]).any()
    return order[kept]
