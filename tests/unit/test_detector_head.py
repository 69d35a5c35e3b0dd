"""What is read of a head, against decoding each anchor and asking afterwards."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.adapters.detector_head import BINS, STRIDES, candidates
from edge_agent.adapters.detector_image import Floats

SIZE = 64, 96
ANCHORS = sum(SIZE[0] // stride * (SIZE[1] // stride) for stride in STRIDES)
CLASSES = 5


def head(seed: int) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(seed)
    sides = chance.normal(0, 3, (ANCHORS, 4 * BINS)).astype(np.float32)
    return sides, chance.normal(-2, 3, (ANCHORS, CLASSES)).astype(np.float32)


def naive(
    sides: Floats, logits: Floats, confidence: float, keep: NDArray[np.bool_]
) -> list[tuple[list[float], float, int]]:
    found, anchor = [], 0
    for stride in STRIDES:
        for row in range(SIZE[0] // stride):
            for column in range(SIZE[1] // stride):
                scores = [1 / (1 + math.exp(-float(one))) for one in logits[anchor]]
                away = []
                for side in range(4):
                    weights = [math.exp(float(one)) for one in sides[anchor, side * BINS : (side + 1) * BINS]]
                    away.append(sum(step * weight for step, weight in enumerate(weights)) / sum(weights) * stride)
                x, y, best = (column + 0.5) * stride, (row + 0.5) * stride, scores.index(max(scores))
                if scores[best] >= confidence and keep[best]:
                    found.append(([x - away[0], y - away[1], x + away[2], y + away[3]], scores[best], best))
                anchor += 1
    return found


@pytest.mark.parametrize("confidence", [0.1, 0.4, 0.5, 0.9])
@pytest.mark.parametrize("wanted", [(0,), (1, 3), tuple(range(CLASSES))])
@pytest.mark.parametrize("bits", [32, 16])
def test_as_if_each_anchor_were_decoded(confidence: float, wanted: tuple[int, ...], bits: int) -> None:
    sides, logits = head(7)
    keep = np.isin(np.arange(CLASSES), wanted)
    said: list[NDArray[Any]] = [sides, logits]
    if bits == 16:  # bfloat16 is the upper half of a float32
        said = [(one.view(np.uint32) >> 16).astype(np.uint16).view(np.float16) for one in (sides, logits)]
        sides, logits = ((one.view(np.uint32) & 0xFFFF0000).view(np.float32) for one in (sides, logits))
    boxes, scores, labels = candidates(said[0], said[1], SIZE, confidence, keep)
    expected = naive(sides, logits, confidence, keep)
    assert len(expected) > 0
    assert labels.tolist() == [label for _, _, label in expected]
    np.testing.assert_allclose(scores, [score for _, score, _ in expected], rtol=1e-5)
    np.testing.assert_allclose(boxes, [box for box, _, _ in expected], atol=1e-3)
    assert [str(one.dtype) for one in (boxes, scores, labels)] == ["float32", "float32", "int32"]


def test_nothing_there_is_no_box() -> None:
    sides, logits = head(1)
    boxes, scores, labels = candidates(sides, logits - 50, SIZE, 0.1, np.ones(CLASSES, np.bool_))
    assert (boxes.shape, scores.shape, labels.shape) == ((0, 4), (0,), (0,))


@pytest.mark.parametrize("confidence", [0.1, 0.9])
def test_where_no_class_is_wanted_there_is_none(confidence: float) -> None:
    boxes, scores, labels = candidates(*head(1), SIZE, confidence, np.zeros(CLASSES, np.bool_))
    assert (boxes.shape, scores.shape, labels.shape) == ((0, 4), (0,), (0,))


def test_a_logit_at_the_confidence_counts() -> None:
    """0.5 is the probability of the logit 0 exactly."""
    sides, logits = head(1)
    logits[:] = -50
    logits[3, 2] = 0.0
    assert len(candidates(sides, logits, SIZE, 0.5, np.ones(CLASSES, np.bool_))[0]) == 1


def test_sure_steps_do_not_overflow() -> None:
    sides, logits = head(1)
    logits[:] = 20
    sides[:, 4] = 1000
    boxes, _, _ = candidates(sides, logits, SIZE, 0.5, np.ones(CLASSES, np.bool_))
    np.testing.assert_allclose(boxes[0, 0], 4 - 4 * 8)
