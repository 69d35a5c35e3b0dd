"""Which of several pairs belong together: the matching of greatest total weight in a sparse bipartite graph.

Boxes overlap few others, so the graph is a list of pairs and not a matrix; whoever is not in it cannot be matched.
"""

from collections.abc import Iterable
from math import inf

Options = list[tuple[int, float]]


def heaviest(pairs: Iterable[tuple[int, int, float]]) -> dict[int, int]:
    """Column by row of the matching whose weights add up to most; weights are > 0, no pair comes twice.

    Row after row by the shortest augmenting path (Kuhn 1955; Jonker and Volgenant 1987), where a row may also end up
    alone. Kept true throughout: worth[row] + price[column] >= weight, with equality for matched pairs, none negative,
    and nought for who is alone; that is the optimality condition of the linear programme. Cost: usually one look at
    each pair; at worst rows x pairs of the connected part.
    """
    options: dict[int, Options] = {}
    for row, column, weight in pairs:
        options.setdefault(row, []).append((column, weight))
    matching = _Matching(options)
    for row in options:
        matching.place(row)
    return matching.taken


class _Matching:
    """taken: column by row. holder: row by column. worth, price: the dual variables of rows and columns."""

    def __init__(self, options: dict[int, Options]) -> None:
        self._options = options
        self.taken: dict[int, int] = {}
        self._holder: dict[int, int] = {}
        self._worth: dict[int, float] = {}
        self._price: dict[int, float] = {}

    def place(self, row: int) -> None:
        """Adds a row, optimally for all rows so far."""
        price = self._price
        best, worth = max(
            ((column, weight - price.get(column, 0.0)) for column, weight in self._options[row]), key=lambda pair: pair[1]
        )
        self._worth[row] = max(worth, 0.0)
        if worth > 0 and best not in self._holder:
            self.taken[row], self._holder[best] = best, row
        elif worth > 0:
            self._push(row)

    def _push(self, start: int) -> None:
        """Dijkstra over the slack of the pairs, from `start` to the nearest free column or row that can do without."""
        near: dict[int, float] = {}
        via: dict[int, int] = {}
        settled: dict[int, float] = {}
        rows = {start: 0.0}
        row, far, end, way = start, self._worth[start], start, 0.0
        while True:
            for column, weight in self._options[row]:
                slack = way + self._worth[row] + self._price.get(column, 0.0) - weight
                if column not in settled and slack < near.get(column, inf):
                    near[column], via[column] = slack, row
            nearest = min(near, key=near.__getitem__, default=None)
            if nearest is None or near[nearest] >= far:
                free = self.taken.pop(end, None)
                break
            way = settled[nearest] = near.pop(nearest)
            if nearest not in self._holder:
                free, far = nearest, way
                break
            row = self._holder[nearest]
            rows[row] = way
            if way + self._worth[row] < far:
                far, end = way + self._worth[row], row
        for row, way in rows.items():
            self._worth[row] -= far - way
        for column, way in settled.items():
            self._price[column] = self._price.get(column, 0.0) + far - way
        self._shift(free, via, start)

    def _shift(self, free: int | None, via: dict[int, int], start: int) -> None:
        """Hands columns on along the path that ends in the free one; None: `start` itself stays alone."""
        while free is not None:
            row = via[free]
            before = self.taken.get(row)
            self.taken[row], self._holder[free] = free, row
            free = before if row != start else None
