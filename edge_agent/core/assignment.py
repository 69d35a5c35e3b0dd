"""Which of several pairs belong together: the matching of greatest total weight in a sparse bipartite graph.

Boxes overlap few others, so the graph is a list of pairs and not a matrix; whoever is not in it cannot be matched.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def heaviest(rows: Indices, columns: Indices, weights: Floats) -> Indices:
    """Indices, rising, of the pairs whose weights add up to most while no row and no column has two.

    rows must not fall; weights are > 0. Where the best pair of each row has a column of its own, those are it; only
    what is left over is placed by search.
    """
    count = len(rows)
    new = np.ones(count, np.bool_)
    new[1:] = rows[1:] != rows[:-1]
    first = new.nonzero()[0]
    if not count or len(first) == count == len(set(columns.tolist())):
        return np.arange(count)
    row = new.cumsum() - 1
    top = np.maximum.reduceat(weights, first)
    best: Indices = (weights == top[row]).nonzero()[0]
    if len(best) > len(first):
        best = best[np.unique(row[best], return_index=True)[1]]
    wanted = columns[best].tolist()
    if len(set(wanted)) == len(wanted):
        return best
    search = _Search(first.tolist(), row.tolist(), columns.tolist(), weights.tolist(), top.tolist())
    return np.array(search.pairs(best.tolist()), np.intp)


class _Search:
    """Row after row by the shortest augmenting path (Kuhn 1955; Jonker and Volgenant 1987); a row may end up alone.

    Kept true throughout: worth of the row + price of the column >= weight of the pair, with equality where matched,
    none negative, and nought for who is alone: the conditions of optimality of the linear programme. Rows count from 0
    here. taken: the pair of a row; holder: the pair of a column.
    """

    def __init__(
        self, first: list[int], row: list[int], columns: list[int], weights: list[float], worth: list[float]
    ) -> None:
        """first: of each row, its first pair. row: of each pair. worth: of each row, its greatest weight."""
        self._ends = [*first, len(columns)]
        self._row = row
        self._columns = columns
        self._weights = weights
        self._worth = worth
        self._price: dict[int, float] = {}
        self._taken: dict[int, int] = {}
        self._holder: dict[int, int] = {}

    def pairs(self, best: list[int]) -> list[int]:
        """Places all rows: first each whose `best` pair has a column that is still free, then the others."""
        waiting = []
        for row, pair in enumerate(best):
            if self._columns[pair] in self._holder:
                waiting.append(row)
            else:
                self._taken[row] = self._holder[self._columns[pair]] = pair
        for row in waiting:
            self._place(row)
        return sorted(self._taken.values())

    def _place(self, start: int) -> None:
        """Dijkstra over the slack of the pairs, from `start` to the nearest free column or row that can do without."""
        near: dict[int, float] = {}
        via: dict[int, int] = {}
        settled: dict[int, float] = {}
        rows = {start: 0.0}
        row, way, end = start, 0.0, start
        far = self._worth[start] = max(0.0, *(self._gain(pair) for pair in self._pairs_of(start)))
        free: int | None = None
        while True:
            for pair in self._pairs_of(row):
                column, slack = self._columns[pair], way + self._worth[row] - self._gain(pair)
                if column not in settled and slack < near.get(column, inf):
                    near[column], via[column] = slack, pair
            nearest = min(near, key=near.__getitem__, default=None)
            if nearest is None or near[nearest] >= far:
                break
            way = settled[nearest] = near.pop(nearest)
            if nearest not in self._holder:
                free, far = nearest, way
                break
            row = self._row[self._holder[nearest]]
            rows[row] = way
            if way + self._worth[row] < far:
                far, end = way + self._worth[row], row
        for row, way in rows.items():
            self._worth[row] -= far - way
        for column, way in settled.items():
            self._price[column] = self._price.get(column, 0.0) + far - way
        self._hand_on(start, end if free is None else None, free, via)

    def _hand_on(self, start: int, alone: int | None, free: int | None, via: dict[int, int]) -> None:
        """Moves each row of the path to its next column: the last to the `free` one, or to the one that the row
        `alone` gives up."""
        if alone is not None and alone != start:
            free = self._columns[self._taken.pop(alone)]
        while free is not None:
            pair = via[free]
            row = self._row[pair]
            before = self._taken.get(row)
            self._taken[row] = self._holder[free] = pair
            free = None if before is None else self._columns[before]

    def _pairs_of(self, row: int) -> range:
        return range(self._ends[row], self._ends[row + 1])

    def _gain(self, pair: int) -> float:
        """What the pair is worth to its row."""
        return self._weights[pair] - self._price.get(self._columns[pair], 0.0)
