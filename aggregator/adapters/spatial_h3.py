"""Cells by h3: hexagons of almost equal area anywhere, and a key by which cameras can be spread over workers."""

from collections.abc import Sequence
from functools import lru_cache, partial
from math import ceil

import h3.api.memview_int as h3

from aggregator.core.space import SLACK_M

RESOLUTION = 9
"""Hexagons with an edge of 201 m on average: small against the reach of a kind, so that few are looked at in vain."""
ALIKE, FIVE_SIDED = 0.97, 0.82
"""h3 cells are distorted, those near one another almost equally: rings are at least as thick as this share of what the
shortest edge of the cell around says. Over the globe 0.999 was found, 0.972 at worst across the icosahedron's edges,
and 0.836 in the twelve cells around that have five sides."""


class H3Cells:
    """See aggregator.core.space.Cells."""

    def __init__(self, resolution: int = RESOLUTION) -> None:
        """resolution: 2 or more."""
        # Cameras stand still: the same places are asked for again and again.
        self.cell = lru_cache(maxsize=4_096)(partial(_cell, resolution))
        self._disk = lru_cache(maxsize=512)(_disk)

    def around(self, lat: float, lon: float, reach_m: float) -> Sequence[int]:
        return self._disk(self.cell(lat, lon), reach_m)


def _cell(resolution: int, lat: float, lon: float) -> int:
    found: int = h3.latlng_to_cell(lat, lon, resolution)
    return found


def _disk(cell: int, reach_m: float) -> tuple[int, ...]:
    """From a vertex outwards the first ring is one edge thick, each further one one and a half."""
    edge_m = _edge_m(h3.cell_to_parent(cell, h3.get_resolution(cell) - 2))
    rings = ceil(((reach_m + SLACK_M) / edge_m + 0.5) / 1.5)
    return tuple(memoryview(h3.grid_disk(cell, rings)).tolist())  # h3's own lists take ten times as long


@lru_cache(maxsize=4_096)
def _edge_m(around: int) -> float:
    """What the edges of the 49 cells in this one are long at least, to judge by its own: seven times as long."""
    alike = FIVE_SIDED if h3.is_pentagon(around) else ALIKE
    return alike / 7 * min([float(h3.edge_length(edge, "m")) for edge in h3.origin_to_directed_edges(around)])
