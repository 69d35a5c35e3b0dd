"""Whether many move as one: their speed, and whether they run one way or away from each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Commotion:
    """Of everybody who moves at running pace. runners: how many people that is. share: of all who move at all. speed:
    their median, bodies/s. common: length of the mean direction, 0 (all ways) to 1 (one way). apart: mean cosine between
    where somebody runs and where they are as seen from the middle of all, -1 (together) to 1 (asunder)."""

    runners: float = 0.0
    share: float = 0.0
    speed: float = 0.0
    common: float = 0.0
    apart: float = 0.0


def commotion(
    weights: Floats, speeds: Floats, velocities: Floats, places: Floats, pace: float, slow: float
) -> Commotion:
    """weights: (n,) people that each moving thing stands for. speeds: (n,). velocities, places: (n, 2) in level
    coordinates. pace: from which speed somebody runs; slow: below it nobody moves."""
    running = speeds >= pace
    if not running.any():
        return Commotion()
    w = weights[running]
    share = w / w.sum()
    heading = velocities[running] / np.maximum(np.hypot(*velocities[running].T), 1e-9)[:, None]
    offset = places[running] - share @ places[running]
    outwards = offset / np.maximum(np.hypot(*offset.T), 1e-9)[:, None]
    return Commotion(
        runners=float(w.sum()),
        share=float(w.sum() / weights[speeds >= slow].sum()),
        speed=_median(speeds[running], w),
        common=float(np.hypot(*(share @ heading))),
        apart=float(share @ (heading * outwards).sum(axis=1)),
    )


def of_paces(
    paces: Sequence[tuple[float, tuple[float, float], tuple[float, float]]], pace: float, slow: float
) -> Commotion:
    """Of people seen one by one: (speed, velocity, place) of each."""
    if not paces:
        return Commotion()
    ordered = sorted(paces)
    return commotion(
        np.ones(len(ordered)),
        np.array([speed for speed, _, _ in ordered]),
        np.array([velocity for _, velocity, _ in ordered]),
        np.array([place for _, _, place in ordered]),
        pace,
        slow,
    )


def _median(values: Floats, weights: Floats) -> float:
    """Weighted."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
