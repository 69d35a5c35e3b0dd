"""Cells by h3: hexagons of almost equal area anywhere, and a key by which cameras can be spread over workers."""

from collections.abc import Sequence
from functools import lru_cache, partial
from math import ceil

import h3.api.basic_int as h3

from aggregator.core.space import SLACK_M

RESOLUTION = 9
"""Hexagons with an edge of 201 m on average: small against the reach of a kind, so that few are looked at in vain."""
SMALLEST = 0.72
"""h3 cells are distorted: the shortest edge of a resolution is not below this share of the average."""


class H3Cells:
    """See aggregator.core.space.Cells."""

    def __init__(self, resolution: int = RESOLUTION) -> None:
        # Cameras stand still: the same places are asked for again and again.
        self._cell = lru_cache(maxsize=65_536)(partial(h3.latlng_to_cell, res=resolution))
        self._disk = lru_cache(maxsize=16_384)(_disk)
        self._rings = lru_cache(maxsize=256)(
            partial(_rings, h3.average_hexagon_edge_length(resolution, "m") * SMALLEST)
        )

    def cell(self, lat: float, lon: float) -> int:
        return int(self._cell(lat, lon))

    def around(self, lat: float, lon: float, reach_m: float) -> Sequence[int]:
        return self._disk(self._cell(lat, lon), self._rings(reach_m))


def _rings(edge_m: float, reach_m: float) -> int:
    """From a vertex outwards the first ring is one edge thick, each further one at least one and a half."""
    return ceil(((reach_m + SLACK_M) / edge_m + 0.5) / 1.5)


def _disk(cell: int, rings: int) -> tuple[int, ...]:
    return tuple(sorted(h3.grid_disk(cell, rings)))
