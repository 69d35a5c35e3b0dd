"""Motion that is none of fighters: even, and without a limb that stretches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from edge_agent.core.rules.brawl import ALONE, EVEN, LEAVES, LIMBS, Brawl, BrawlRule
from edge_agent.core.rules.brawl_features import MOTION, Evidence, shear
from edge_agent.core.rules.brawl_model import BrawlModel, probability
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, View
from tests.unit.test_rules_brawl import BOXES, DEEP, TWO, model

BENDING = LIMBS + 0.01


def deaf() -> BrawlModel:
    """For which the motion says nothing."""
    one = model()
    weights = one.weights.copy()
    weights[DEEP:] = 0.0
    return BrawlModel(one.mean, one.scale, weights, one.bias, one.usual)


@dataclass
class Moving:
    """A looker that answers with the same motion everywhere; its change is not known at the first look."""

    level: float
    change: float = 0.1
    agitation: float = 0.5
    deformation: float = BENDING
    energy: float = 0.1
    peak: float = 1.0

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None:
        rows = np.zeros((len(BOXES), DEEP + len(MOTION)), np.float32)
        rows[:, 0] = self.level
        unknown = 1.0 if view.t else math.nan
        told = self.energy, self.peak, self.change * unknown, self.agitation * unknown, self.deformation
        rows[:, DEEP : DEEP + len(told)] = np.log1p(told)
        return Evidence(view.t, rows, BOXES)

    def forget(self) -> None:
        """Nothing is held."""


def score(looker: Moving, people: tuple[Figure, ...]) -> float | None:
    step = Brawl(BrawlRule(id="b"), WHOLE, deaf(), looker)
    for n in range(10):
        step.step(View(n / 5, people, 1.0))
    return step.score


def test_a_fighter_whom_nobody_sees_may_move_wildly() -> None:
    """Of two who fight, the detector often sees one, or somebody far away whose height is the measure."""
    assert score(Moving(8.0, 0.7, 1.5), TWO[:1]) == pytest.approx(probability(4.0 - ALONE))


@pytest.mark.parametrize(
    ("deformation", "energy", "doubt"),
    [
        (LIMBS - 0.01, EVEN + 0.01, LEAVES),
        (0.0, 1.0, LEAVES),
        (BENDING, EVEN + 0.01, 0.0),
        (LIMBS - 0.01, EVEN - 0.01, 0.0),  # small figures, whose limbs are less than the flow resolves
        (0.0, 0.0, 0.0),
    ],
)
def test_even_motion_without_a_limb_that_stretches_tells_less(deformation: float, energy: float, doubt: float) -> None:
    looker = Moving(8.0, deformation=deformation, energy=energy)
    assert score(looker, TWO) == pytest.approx(probability(4.0 - doubt))


def test_motion_is_asked_only_where_it_may_silence_something() -> None:
    assert score(Moving(3.4, deformation=0.0, energy=1.0), TWO[:1]) == pytest.approx(probability(-0.6 - ALONE))


@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (9, 2), (3, 4), (45, 80)])
def test_shear_is_that_of_the_gradient_in_however_narrow_a_picture(shape: tuple[int, int]) -> None:
    speed = np.random.default_rng(7).normal(size=(2, *shape)).astype(np.float32)
    out, room = np.empty((2, *shape), np.float32), np.empty((2, 2, *shape), np.float32)
    shear(speed, out, room)
    (x_down, x_right), (y_down, y_right) = map(np.gradient, speed)
    assert out / 2 == pytest.approx(np.stack([x_right - y_down, x_down + y_right]), abs=1e-5)
