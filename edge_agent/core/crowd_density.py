"""Heads in a dense crowd from the texture of the picture: a small network over cells, and what its answer is worth.

Trained by edge_agent/zoo/train_density.py, which writes the numbers; models/density.md is its card.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.crowd_texture import FEATURES, Floats, texture
from edge_agent.core.types import Image

MOST_LOG, LEAST_LOG = 3.0, -9.0
"""Of the logarithm of heads in a cell: no cell of 16 x 16 pixels holds more than 20."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """An ensemble of n networks with one hidden layer of h rectified units; each answers the logarithm of the heads
    that a cell holds on the mean (Poisson regression), the ensemble's answer is the mean over heads.

    mean, scale: (FEATURES,). w1: (n, FEATURES, h). b1: (n, h). w2: (n, h). b2: (n,). factor: of the held-out
    pictures the stated share has its true count within estimate / factor .. estimate * factor.
    """

    mean: Floats
    scale: Floats
    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats
    factor: float

    def heads(self, grey: Image, colour: Image) -> Floats:
        """(rows, columns) heads in each cell of CELL pixels. grey: (h, WIDE) luma, colour: (h, WIDE, 3) BGR."""
        return self.of(texture(grey, colour))

    def of(self, cells: Floats) -> Floats:
        """(rows, columns) heads from (rows, columns, FEATURES)."""
        rows, columns = cells.shape[:2]
        x = ((cells - self.mean) / self.scale).reshape(rows * columns, FEATURES)
        hidden = x @ self.w1 + self.b1[:, None]
        log = (np.maximum(hidden, 0, out=hidden) @ self.w2[..., None])[..., 0] + self.b2[:, None]
        heads = np.exp(np.clip(log, LEAST_LOG, MOST_LOG)).mean(axis=0)
        return np.asarray(heads.reshape(rows, columns), np.float32)


def density_of(numbers: Mapping[str, NDArray[np.generic]]) -> Density:
    """From named arrays, as `arrays` gives them. Raises ValueError where they are not of this network."""
    try:
        parts = {name: np.asarray(numbers[name], np.float32) for name in ("mean", "scale", "w1", "b1", "w2", "b2")}
        factor = float(np.asarray(numbers["factor"]).item())
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from error
    n, features, hidden = parts["w1"].shape
    shapes = {"mean": (FEATURES,), "scale": (FEATURES,), "b1": (n, hidden), "w2": (n, hidden), "b2": (n,)}
    if features != FEATURES or any(parts[name].shape != shape for name, shape in shapes.items()) or not factor >= 1:
        raise ValueError("not a density network of this version")
    return Density(**parts, factor=factor)


def arrays(density: Density) -> dict[str, NDArray[np.float32]]:
    found = {name: getattr(density, name) for name in ("mean", "scale", "w1", "b1", "w2", "b2")}
    return {**found, "factor": np.array([density.factor], np.float32)}
