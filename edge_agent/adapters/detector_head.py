"""The head of a YOLOv8 network, read where a score is high enough.

As exported, the network decodes each of its thousands of anchors and makes probabilities of all of their scores; a
picture shows a few dozen. So a runtime that can gives what the head's last convolutions say, as it lies in memory, and
the rest is done here, in float32, for those few. What comes out is the same: the distance to a side is the mean of a
distribution over BINS cells (Li et al. 2020, arXiv:2006.04388, section 3).
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters.detector_image import Floats

STRIDES = (8, 16, 32)
"""Pixels of the network's input for a cell of each of its maps."""
BINS = 16
STEPS = np.arange(BINS, dtype=np.float32)
ROUNDING = 0.01
"""Logits that are less than this below the confidence's are looked at: their probability may still round to it."""


def floats(values: NDArray[Any]) -> Floats:
    """float32 as it is. numpy has no bfloat16: any type of 16 bits is taken for it, the upper half of a float32."""
    if values.dtype == np.float32:
        return values
    return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def candidates(
    sides: NDArray[Any], logits: NDArray[Any], size: tuple[int, int], confidence: float, keep: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Boxes (n, 4) x1 y1 x2 y2 in network pixels, scores and labels of one picture that reach `confidence`.

    sides: (anchors, 4 * BINS) logits of the distances to the left, upper, right and lower side; logits: (anchors,
    classes). Anchors are the cells row by row, the finest map first. size: the network's height and width. keep:
    (classes,), which are wanted. An anchor shows what its best class says, wanted or not.
    """
    likely = _reaching(logits if keep.all() else logits[:, keep], confidence)
    near = floats(logits[likely])
    labels = near.argmax(axis=1).astype(np.int32)
    scores = 1 / (1 + np.exp(-near.max(axis=1, initial=-np.inf)))
    good = (scores >= confidence) & keep[labels]
    likely = likely[good]
    centres, strides = _anchors(*size)
    steps = floats(sides[likely]).reshape(-1, 4, BINS)
    weights = np.exp(steps - steps.max(axis=2, keepdims=True))
    away = (weights @ STEPS / weights.sum(axis=2)) * strides[likely, None]
    centre = centres[likely]
    return np.concatenate((centre - away[:, :2], centre + away[:, 2:]), axis=1), scores[good], labels[good]


def _reaching(logits: NDArray[Any], confidence: float) -> NDArray[np.intp]:
    """Rows with a value whose probability is `confidence` or more, and perhaps some with nearly as much. Whether a
    float is above a negative one shows in its bits, read as a positive integer: none is converted for that."""
    floor = np.float32(min(np.log(confidence / (1 - confidence)), 0.0) - ROUNDING).view(np.uint32)
    bits = np.dtype(f"u{logits.itemsize}")
    found = np.flatnonzero(logits.view(bits) <= bits.type(floor >> (32 - 8 * bits.itemsize))) // logits.shape[1]
    return np.unique(found)


@lru_cache(maxsize=16)
def _anchors(height: int, width: int) -> tuple[Floats, Floats]:
    """Centres (anchors, 2) in pixels and strides (anchors,)."""
    centres, strides = [], []
    for stride in STRIDES:
        down, across = np.indices((height // stride, width // stride), np.float32)
        centres.append((np.stack((across.ravel(), down.ravel()), axis=1) + np.float32(0.5)) * np.float32(stride))
        strides.append(np.full(len(centres[-1]), stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)
