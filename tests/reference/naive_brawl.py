"""The brawl rule's evidence of one step, written down cell by cell."""

import math
from collections.abc import Sequence

import numpy as np

from edge_agent.core.rules.brawl_features import Floats
from edge_agent.core.tracks import Figure
from edge_agent.core.types import FeatureMap

SIZE, STRIDE = 5, 2


def begins(cells: int) -> list[int]:
    found = list(range(0, cells - SIZE + 1, STRIDE))
    return found if found[-1] == cells - SIZE else [*found, cells - SIZE]


def cell_of(x: float, y: float, laid: FeatureMap) -> tuple[int, int]:
    _, rows, columns = laid.values.shape
    row = min(max(int(max((y - laid.top) / laid.height, 0)), 0), rows - 1)
    return row, min(max(int(max((x - laid.left) / laid.width, 0)), 0), columns - 1)


def cell_means(values: Floats, laid: FeatureMap) -> list[list[float]]:
    height, width = values.shape
    _, rows, columns = laid.values.shape
    total = [[0.0] * columns for _ in range(rows)]
    count = [[0] * columns for _ in range(rows)]
    for y in range(height):
        for x in range(width):
            row, column = cell_of((x + 0.5) / width, (y + 0.5) / height, laid)
            total[row][column] += float(values[y, x])
            count[row][column] += 1
    return [[total[r][c] / max(count[r][c], 1) for c in range(columns)] for r in range(rows)]


def speed_of(flow: Floats, dt: float, body: float) -> Floats:
    own = [float(np.median(flow[::2, ::2, axis])) for axis in (0, 1)]
    return np.asarray((flow - np.array(own)) / dt / body, np.float32)


def deformation(speed: Floats, body: float) -> Floats:
    u, v = speed[..., 0].astype(float) * body, speed[..., 1].astype(float) * body
    u_y, u_x = np.gradient(u)
    v_y, v_x = np.gradient(v)
    return np.asarray(np.sqrt((u_x - v_y) ** 2 + (u_y + v_x) ** 2), np.float32)


def bends(maps: Sequence[Floats], cells: Sequence[tuple[int, int]]) -> list[float]:
    first, second, third = (one.astype(float) for one in maps)
    bent = np.abs((third - second) - (second - first))
    return [math.log1p(max(float(channel[cell]) for cell in cells)) for channel in bent]


def naive_rows(
    maps: Sequence[FeatureMap], flow_before: Floats, flow: Floats, dt: float, people: Sequence[Figure]
) -> Floats:
    """maps: of the last three steps."""
    now = maps[-1]
    rows, columns = now.values.shape[1:]
    body = max(float(np.median([one.box[3] - one.box[1] for one in people])) * flow.shape[0], 4.0)
    speed, last = speed_of(flow, dt, body), speed_of(flow_before, dt, body)
    size = cell_means(np.hypot(speed[..., 0], speed[..., 1]), now)
    changed = cell_means(np.hypot(*np.moveaxis(speed - last, 2, 0)), now)
    along, across = cell_means(speed[..., 0], now), cell_means(speed[..., 1], now)
    deformed = cell_means(deformation(speed, body), now)
    stand = [cell_of((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2, now) for f in people]
    made = []
    for top in begins(rows):
        for left in begins(columns):
            cells = [(r, c) for r in range(top, top + SIZE) for c in range(left, left + SIZE)]
            fine = [(2 * r + down, 2 * c + right) for r, c in cells for down in (0, 1) for right in (0, 1)]
            row = bends([one.values for one in maps], cells) + bends([one.fine for one in maps], fine)
            mean, change = (sum(grid[r][c] for r, c in cells) / len(cells) for grid in (size, changed))
            x, y = (sum(grid[r][c] for r, c in cells) / len(cells) for grid in (along, across))
            row += [math.log1p(mean), math.log1p(max(size[r][c] for r, c in cells)), math.log1p(change)]
            row += [math.log1p(change / (mean + 0.05)), math.log1p(max(deformed[r][c] for r, c in cells))]
            row += [math.hypot(x, y) / (mean + 0.02), math.log1p(sum(place in cells for place in stand))]
            made.append(row)
    return np.array(made, np.float32)
