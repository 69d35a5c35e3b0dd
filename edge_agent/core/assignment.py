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
    here. taken: the pair of a row; holder: the pair of a column; -1 for none.
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
        self._price = [0.0] * (max(columns) + 1)
        self._taken = [-1] * len(first)
        self._holder = [-1] * (max(columns) + 1)

    def pairs(self, best: list[int]) -> list[int]:
        """Places all rows: first each whose `best` pair has a column that is still free, then the others."""
        waiting = []
        for row, pair in enumerate(best):
            if self._holder[self._columns[pair]] >= 0:
                waiting.append(row)
            else:
                self._taken[row] = self._holder[self._columns[pair]] = pair
        for row in waiting:
            self._place(row)
        return [pair for pair in self._taken if pair >= 0]

    def _place(self, start: int) -> None:
        """Dijkstra over the slack of the pairs, from `start` to the nearest free column or row that can do without.

        far: how far the nearest of those rows is, `end`; no way that is longer leads anywhere.
        """
        ends, columns, weights, price, worth = self._ends, self._columns, self._weights, self._price, self._worth
        worth[start] = max(0.0, *[weights[p] - price[columns[p]] for p in range(ends[start], ends[start + 1])])
        near: dict[int, float] = {}
        via: dict[int, int] = {}
        settled: dict[int, float] = {}
        rows = {start: 0.0}
        row, way, end, far, free = start, 0.0, start, worth[start], -1
        while True:
            base = way + worth[row]
            for pair in range(ends[row], ends[row + 1]):
                column = columns[pair]
                slack = base + price[column] - weights[pair]
                if slack < far and column not in settled and slack < near.get(column, inf):
                    near[column], via[column] = slack, pair
            nearest = min(near, key=near.__getitem__, default=-1)
            if nearest < 0 or near[nearest] >= far:
                break
            way = settled[nearest] = near.pop(nearest)
            if self._holder[nearest] < 0:
                free, far = nearest, way
                break
            row = self._row[self._holder[nearest]]
            rows[row] = way
            if way + worth[row] < far:
                far, end = way + worth[row], row
        for row, way in rows.items():
            worth[row] -= far - way
        for column, way in settled.items():
            price[column] += far - way
        self._hand_on(start, end, free, via)

    def _hand_on(self, start: int, end: int, free: int, via: dict[int, int]) -> None:
        """Moves each row of the path on to its next column: the last one to `free`, or, where that is -1, to the one
        that the row `end` gives up."""
        if free < 0 and end != start:
            free = self._columns[self._taken[end]]
            self._taken[end] = -1
        while free >= 0:
            pair = via[free]
            row = self._row[pair]
            before = self._taken[row]
            self._taken[row] = self._holder[free] = pair
            free = self._columns[before] if before >= 0 else -1
