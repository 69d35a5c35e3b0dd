"""Whether many move as one: their speed, and whether they run one way or away from each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Commotion:
    """Of everybody who moves at running pace. runners: how many people that is. share: of all who move at all. speed:
    their median, bodies/s. common: length of the mean direction, 0 (all ways) to 1 (one way). apart: mean cosine
    between where somebody runs and where they are as seen from the middle of all, -1 (together) to 1 (asunder).
    spread: root mean square distance from that middle, in body heights."""

    runners: float = 0.0
    share: float = 0.0
    speed: float = 0.0
    common: float = 0.0
    apart: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Movers:
    """n things that move. weights: (n,) people that each stands for. speeds: (n,) bodies/s. velocities, places: (n, 2)
    level coordinates. heights: (n,) of a body there, frame heights."""

    weights: Floats
    speeds: Floats
    velocities: Floats
    places: Floats
    heights: Floats


def commotion(movers: Movers, pace: float, slow: float) -> Commotion:
    """pace: from which speed somebody runs; slow: below it nobody moves. Bodies/s."""
    running = movers.speeds >= pace
    if not running.any():
        return Commotion()
    w = movers.weights[running]
    share = w / w.sum()
    velocities, places = movers.velocities[running], movers.places[running]
    heading = velocities / np.maximum(np.hypot(*velocities.T), 1e-9)[:, None]
    offset = places - share @ places
    far = np.hypot(*offset.T)
    outwards = offset / np.maximum(far, 1e-9)[:, None]
    return Commotion(
        runners=float(w.sum()),
        share=float(w.sum() / movers.weights[movers.speeds >= slow].sum()),
        speed=_median(movers.speeds[running], w),
        common=float(np.hypot(*(share @ heading))),
        apart=float(share @ (heading * outwards).sum(axis=1)),
        spread=float(np.sqrt(share @ far**2) / max(share @ movers.heights[running], 1e-9)),
    )


def _median(values: Floats, weights: Floats) -> float:
    """Weighted."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
