"""Medians and quantiles of a few numbers to a few thousand: numpy's own take longer than the rest of a step."""

import numpy as np
from numpy.typing import NDArray


def median(values: NDArray[np.floating]) -> float:
    """As numpy.median of all of them, whatever their shape; at least one, none of them NaN."""
    flat = values.ravel()
    middle = len(flat) // 2
    ordered = np.partition(flat, middle)
    if len(flat) % 2:
        return float(ordered[middle])
    return float((ordered[:middle].max() + ordered[middle]) / 2)


def quantile(values: NDArray[np.floating], share: float) -> float:
    """As numpy.quantile of all of them (linear); at least one, none of them NaN."""
    flat = values.ravel()
    place = (len(flat) - 1) * share
    low = min(int(place), len(flat) - 1)
    ordered = np.partition(flat, low)
    first = float(ordered[low])
    return first + (float(ordered[low + 1 :].min()) - first) * (place - low) if place > low else first
