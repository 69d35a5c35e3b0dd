"""The evidence about each figure that `scene_anomaly` follows: how far its attributes are from what is usual, averaged
while it is seen, and what of it is waiting to be learned."""

from collections import deque
from dataclasses import dataclass, field
from math import log10, nan

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from contract.events import Measure
from edge_agent.core.normality import QUANTITIES, SECTORS, Normality, Sample, Usual, group_of
from edge_agent.core.sightings import Sighting
from edge_agent.core.timing import LOOK_S
from edge_agent.core.tracks import Figure

Array = NDArray[np.float64]

ATTRIBUTES = ("path", "flow", "height", "shape", "direction", "class", "place", "hour")
OVER_S = np.array([0.3, 0.6, 1.0, 1.0, 1.0, 0.8, 1.0, 1.0])
"""Over which each deviation is averaged; the path is one over a second already."""
RAMP_S = 0.6
CHANNELS = ("fast", "big", "small", "flat", "slim", "direction", "class", "place", "hour")
FLOORS = (0.3, 0.3, 0.3, 0.3, 0.3, 0.43, 0.43, 0.43, 0.43)
"""Least mean excess of a channel (edge_agent.core.surprise): spreads, and powers of ten (log10 e)."""
DRAWN = slice(5, 9)
"""Channels that are powers of ten already: their own history never makes them rarer than they say."""
SPREADS = 2.5
"""So far from the mean the usual range of an explanation reaches."""
TOLD = 1.5
"""An attribute is named from this rarity on: one in 30."""


class Judged(Struct, frozen=True, eq=False):
    """One look at one figure with what was usual there: all that an explanation needs. values: QUANTITIES, each as it
    was last known. rare: (n, CHANNELS), and usual: of all figures of that look; row: this one's."""

    sighting: Sighting
    values: Array
    rare: Array
    usual: Usual
    row: int
    hour: float


@dataclass(slots=True, eq=False)
class Case:
    """One figure. values, known_s: per attribute the averaged deviation (NaN: never known) and for how long it was
    known. latest: the quantities as last known. level: how unusual it is, the highest so far, fading; judged: at that
    highest; peak: the highest of all. pending: looks not learned yet, with the channels. stayed_s: in this cell."""

    figure: Figure
    t: float
    values: Array = field(default_factory=lambda: np.full(len(ATTRIBUTES), np.nan))
    known_s: Array = field(default_factory=lambda: np.zeros(len(ATTRIBUTES)))
    latest: Array = field(default_factory=lambda: np.full(len(QUANTITIES), np.nan))
    level: float = 0.0
    peak: float = 0.0
    judged: Judged | None = None
    pending: deque[tuple[Sample, Array]] = field(default_factory=deque)
    cell: int = -1
    stayed_s: float = 0.0


def deviations(sightings: list[Sighting], values: Array, usual: Usual, normal: Normality, hour: float) -> Array:
    """(n, ATTRIBUTES): spreads from the mean for the first four, else log10 of how rare; NaN where unknown. values: of
    the sightings, as rows."""
    out = np.full((len(sightings), len(ATTRIBUTES)), np.nan)
    out[:, :4] = (values - usual.mean) / usual.spread
    classes = {s.figure.cls for s in sightings}
    by_class = {cls: (normal.class_rarity(cls), normal.hour_rarity(group_of(cls), hour)) for cls in classes}
    sectors = zip((s.sector for s in sightings), usual.way.tolist(), strict=True)
    out[:, 4] = [nan if way is None else max(-log10(shares[way] * SECTORS), 0.0) for way, shares in sectors]
    out[:, 5], out[:, 7] = zip(*(by_class[s.figure.cls] for s in sightings), strict=True)
    out[:, 6] = usual.place
    return out


def average(cases: list[Case], new: Array, dt: Array) -> tuple[Array, Array]:
    """Takes `new` (n, ATTRIBUTES) into the averages; dt: (n,) seconds since each was seen before. An average is over
    all that is known while that is less than OVER_S. Returns `values` and `known_s` of the cases, as rows."""
    old, known_s = rows([case.values for case in cases]), rows([case.known_s for case in cases])
    step = dt[:, None]
    total = known_s + step
    share = np.maximum(1.0 - np.exp(-step / OVER_S), np.divide(step, total, out=np.ones_like(total), where=total > 0))
    known = ~np.isnan(new)
    values = np.where(known, np.where(np.isnan(old), new, old + share * (new - old)), old)
    known_s += step * known
    for case, row, seconds in zip(cases, values, known_s, strict=True):
        case.values, case.known_s = row, seconds
    return values, known_s


def rows(arrays: list[Array]) -> Array:
    """(n, m): n arrays (m,), in a quarter of the time that numpy.array takes."""
    return np.concatenate(arrays).reshape(len(arrays), -1)


def channels(values: Array, known_s: Array) -> Array:
    """`values` and `known_s` of n cases, as rows → (n, CHANNELS), all >= 0. The first RAMP_S of an attribute count in
    part. Who is fast is so by both measures of speed, where both are known."""
    known = ~np.isnan(values)
    evidence = np.where(known, values, 0.0) * np.minimum(known_s / RAMP_S, 1.0)
    speeds = np.where(known[:, :2], evidence[:, :2], np.inf).min(1)
    told = np.empty((len(values), len(CHANNELS)))
    told[:, 0] = np.where(np.isinf(speeds), 0.0, speeds)
    told[:, 1:4:2] = evidence[:, 2:4]
    told[:, 2:5:2] = -evidence[:, 2:4]
    told[:, 5:] = evidence[:, 4:]
    return np.maximum(told, 0.0, out=told)


def levels(rare: Array) -> Array:
    """(n,): rarities of independent families add up (Fisher's method); within one the rarest counts."""
    whereabouts = np.maximum(rare[:, 7], rare[:, 8])
    return np.asarray(np.maximum(rare[:, 0], rare[:, 5]) + rare[:, 1:5].max(1) + rare[:, 6] + whereabouts)


def since_seen(sightings: list[Sighting]) -> Array:
    return np.array([min(sighting.dt, LOOK_S) for sighting in sightings])


def explain(judged: Judged) -> tuple[Measure, ...]:
    """The attributes that were unusual by themselves, the rarest first, each against what is usual there."""
    usual, row, rare = judged.usual, judged.row, judged.rare[judged.row]
    mean, spread = usual.mean[row], usual.spread[row]
    path, flow, height, shape = (float(value) for value in judged.values)
    body = judged.sighting.figure.height
    reach = (mean + SPREADS * spread, mean - SPREADS * spread)
    measured = [(speed, float(most)) for speed, most in zip((path, flow), reach[0][:2], strict=True) if speed == speed]
    speed, limit = min(measured, default=(nan, nan))
    told: tuple[tuple[str, float, float, str], ...] = (
        ("speed", speed / body, limit / body, "bodies/s"),
        ("height", _exp(height), _exp(reach[0][2]), "frame"),
        ("height", _exp(height), _exp(reach[1][2]), "frame"),
        ("width_to_height", _exp(shape), _exp(reach[0][3]), ""),
        ("width_to_height", _exp(shape), _exp(reach[1][3]), ""),
        ("rare_direction", 100.0 * float(usual.way[row, judged.sighting.sector or 0]), 100.0 / SECTORS, "%"),
        ("rare_class", float(rare[6]), TOLD, ""),
        ("rare_place", float(usual.place[row]), TOLD, ""),
        ("rare_hour", judged.hour, nan, "h"),
    )
    order = [int(channel) for channel in np.argsort(-rare, kind="stable") if rare[channel] >= TOLD]
    return tuple(
        Measure(name=name, value=value, threshold=threshold if threshold == threshold else None, unit=unit)
        for name, value, threshold, unit in (told[channel] for channel in order)
        if value == value
    )


def _exp(value: float) -> float:
    return float(np.exp(value))
