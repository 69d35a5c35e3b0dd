"""The rules on whole recorded trajectories, from their definitions: plain, exact, slow. Shares no code with the
product.

Everything is integer arithmetic. Time is counted in ticks (frames of the recording). Boxes are (left, top, width,
height) in whole pixels, corners of zones and ends of lines whole pixels too; points are kept at twice their pixel
coordinates, so that the middle of a box's lower edge is a whole number.
"""

from collections.abc import Sequence
from typing import NamedTuple

Point = tuple[int, int]
Box = tuple[int, int, int, int]
Recording = list[dict[int, Box]]
"""For each tick who was seen where."""


class Visit(NamedTuple):
    """Somebody in a zone: first and last tick."""

    who: int
    entered: int
    last: int


class Crossing(NamedTuple):
    """tick is fractional: where between two ticks the straight step went through the line."""

    who: int
    direction: str
    tick: float


def foot(box: Box) -> Point:
    left, top, width, height = box
    return 2 * left + width, 2 * (top + height)


def limited(point: Point, size: Point) -> Point:
    return min(max(point[0], 0), 2 * size[0]), min(max(point[1], 0), 2 * size[1])


def cross(o: Point, a: Point, b: Point) -> int:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Winding number not zero, or on an edge. For polygons that do not cross themselves."""
    corners = [(2 * x, 2 * y) for x, y in polygon]
    winding = 0
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        side = cross(a, b, point)
        dot = (point[0] - a[0]) * (point[0] - b[0]) + (point[1] - a[1]) * (point[1] - b[1])
        if side == 0 and dot <= 0:
            return True
        if a[1] <= point[1] < b[1] and side > 0:
            winding += 1
        if b[1] <= point[1] < a[1] and side < 0:
            winding -= 1
    return winding != 0


def present(recording: Recording, polygon: Sequence[Point], size: Point) -> list[set[int]]:
    """Who is in the zone at each tick."""
    return [{who for who, box in seen.items() if contains(polygon, limited(foot(box), size))} for seen in recording]


def visits(inside: list[set[int]], gap: int) -> list[Visit]:
    """Split wherever somebody was out for more than `gap` ticks."""
    found = []
    for who in set().union(*inside):
        ticks = [tick for tick, people in enumerate(inside) if who in people]
        starts = [b for a, b in zip([-(10**9), *ticks], ticks, strict=False) if b - a > max(gap, 1)]
        for start in starts:
            later = [tick for tick in starts if tick > start]
            mine = [tick for tick in ticks if tick >= start and (not later or tick < later[0])]
            found.append(Visit(who, start, mine[-1]))
    return sorted(found)


def dwellers(inside: list[set[int]], found: list[Visit], dwell: int) -> list[set[int]]:
    """Who is there at each tick and has been for at least `dwell` ticks."""
    return [
        {v.who for v in found if v.who in people and v.entered <= tick <= v.last and tick - v.entered >= dwell}
        for tick, people in enumerate(inside)
    ]


def crowded(counts: list[int], count: int, clear_below: int) -> list[bool]:
    """At a tick there is a crowd if at it or earlier there were enough, and never too few since."""
    return [
        any(counts[j] >= count and all(n >= clear_below for n in counts[j : i + 1]) for j in range(i + 1))
        for i in range(len(counts))
    ]


def crossings(recording: Recording, start: Point, end: Point, margin_percent: int) -> list[Crossing]:
    """Every pair of moments at which somebody is clear of the line on either side, not clear in between, and has gone
    through the segment once more that way than back."""
    a, b = (2 * start[0], 2 * start[1]), (2 * end[0], 2 * end[1])
    length2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    found = []
    for who in {who for seen in recording for who in seen}:
        path = [(tick, seen[who]) for tick, seen in enumerate(recording) if who in seen]
        feet = [foot(box) for _, box in path]
        clear = [
            (100 * cross(a, b, p)) ** 2 >= (margin_percent * 2 * box[3]) ** 2 * length2 and cross(a, b, p) != 0
            for p, (_, box) in zip(feet, path, strict=True)
        ]
        for i in range(len(path)):
            for j in range(i + 1, len(path)):
                if not (clear[i] and clear[j]) or any(clear[i + 1 : j]):
                    continue
                left, right = cross(a, b, feet[i]) < 0, cross(a, b, feet[j]) < 0
                if left == right:
                    continue
                steps = [(k, passes(feet[k], feet[k + 1], a, b)) for k in range(i, j)]
                wanted = 1 if left else -1
                if wanted * sum(sign for _, sign in steps) > 0:
                    k = max(k for k, sign in steps if sign == wanted)
                    share = cross(a, b, feet[k]) / (cross(a, b, feet[k]) - cross(a, b, feet[k + 1]))
                    tick = path[k][0] + share * (path[k + 1][0] - path[k][0])
                    found.append(Crossing(who, "forward" if left else "backward", tick))
    return sorted(found, key=lambda crossing: (crossing.tick, crossing.who))


def passes(p: Point, q: Point, a: Point, b: Point) -> int:
    """+1 if the step p to q goes through the segment a b from its left to its right (y runs down), -1 the other way,
    0 if not. A point on the line is at its left."""
    before, after = cross(a, b, p) <= 0, cross(a, b, q) <= 0
    if before == after or cross(p, q, a) * cross(p, q, b) > 0:
        return 0
    return 1 if before else -1


def episodes(
    truth: list[bool], *, inertia: int, min_duration: int, end_after: int, cooldown: int
) -> list[tuple[int, int]]:
    """First and last tick of each episode of something that is so at the ticks of `truth`."""
    ticks = [tick for tick, so in enumerate(truth) if so]
    inertia = max(1, min(inertia, end_after))
    found: list[tuple[int, int]] = []
    for n, tick in enumerate(ticks):
        if found and tick <= found[-1][1]:
            continue
        if found and tick - found[-1][1] < cooldown:
            continue
        since = n
        while (
            since > 0 and ticks[since] - ticks[since - 1] <= inertia and (not found or ticks[since - 1] > found[-1][1])
        ):
            since -= 1
        if tick - ticks[since] < min_duration:
            continue
        last = n
        while last + 1 < len(ticks) and ticks[last + 1] - ticks[last] <= max(1, end_after):
            last += 1
        found.append((ticks[since], ticks[last]))
    return found
