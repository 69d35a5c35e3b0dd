"""The rules about vehicles on whole recorded trajectories, from their definitions: plain and slow. Shares no code with
the product.

Boxes are (left, top, width, height) in pixels, times whole ticks of 1 / rate s; lengths are square roots of box areas.
Nothing is learned here: a direction is set, the thresholds of congestion are absolute.
"""

import math
from collections.abc import Sequence

from tests.reference.naive_rules import Box, Recording, contains, foot, limited

Path = list[tuple[int, Box]]
"""Of one vehicle: (tick, box), in order."""
Point = tuple[int, int]


def length(box: Box) -> float:
    return math.sqrt(box[2] * box[3])


def middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def gone(a: Box, b: Box) -> float:
    return math.dist(middle(a), middle(b)) / ((length(a) + length(b)) / 2)


def iou(a: Box, b: Box) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0) * max(high, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def paths(recording: Recording, rate: int) -> list[Path]:
    """Each vehicle's way, cut where it leaps: more than half a length in a step, at more than 3 lengths a second and
    three times the speed before (8 lengths a second while that is not known); and where it was away for over 10 s.

    Somebody new who appears in the box of one that stood, and is not seen now, goes that one's way on.
    """
    found: list[Path] = []
    now: dict[int, Path] = {}
    for tick, seen in enumerate(recording):
        now = {who: path for who, path in now.items() if tick - 1 - path[-1][0] <= 10 * rate}
        for who in sorted(seen, key=lambda who: (who not in now, corners(seen[who]), who)):
            path = now.get(who)
            if path is None:
                before = stood_there(now, seen[who], tick, rate)
                if before is not None:
                    path = now[who] = now.pop(before)
            if path is None or leaps(path, tick, seen[who], rate):
                path = now[who] = []
                found.append(path)
            path.append((tick, seen[who]))
    return found


def corners(box: Box) -> tuple[int, int, int, int]:
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


def leaps(path: Path, tick: int, box: Box, rate: int) -> bool:
    known = speed(path, len(path) - 1, rate)
    step, fastest = gone(path[-1][1], box), 8.0 if known is None else 3.0 + 3.0 * known
    return step > 0.5 and step * rate / (tick - path[-1][0]) > fastest


def stood_there(now: dict[int, Path], box: Box, tick: int, rate: int) -> int | None:
    lost = [(who, Stand(path, rate)) for who, path in now.items() if path[-1][0] < tick]
    same = [(iou(stand.anchor, box), who) for who, stand in lost if stand.since[now[who][-1][0]] is not None]
    best = max(same, default=(0.0, 0))
    return best[1] if best[0] >= 0.6 else None


def earlier(path: Path, at: int, seconds: float, rate: int) -> int:
    """Index of the latest point at least so long before point `at`, else of the earliest; of the last 4 s only."""
    recent = [i for i in range(at + 1) if path[at][0] - path[i][0] <= 4 * rate]
    old = [i for i in recent if (path[at][0] - path[i][0]) / rate >= seconds - 1e-5]
    return old[-1] if old else recent[0]


def speed(path: Path, at: int, rate: int) -> float | None:
    """Over the last 0.8 s; None where it has been watched for less than half of that."""
    then = earlier(path, at, 0.8, rate)
    took = (path[at][0] - path[then][0]) / rate
    return None if took < 0.4 - 1e-5 else gone(path[then][1], path[at][1]) / took


def wrong(
    path: Path,
    rate: int,
    ticks: int,
    zone: Sequence[Point],
    size: Point,
    right_way: float,
    distance: float,
    least: float,
) -> list[bool]:
    """At which ticks the vehicle goes against `right_way` (degrees clockwise from up)."""
    so = [False] * ticks
    way: float | None = None
    start: tuple[int, Box] | None = None
    last = 0
    for k, (tick, box) in enumerate(path):
        if start is not None and tick - last > 2 * rate:
            start = None
        then = earlier(path, k, 0.8, rate)
        if gone(path[then][1], box) >= 0.3:
            (x0, y0), (x1, y1) = middle(path[then][1]), middle(box)
            way = math.degrees(math.atan2(x1 - x0, y0 - y1)) % 360
        fast = speed(path, k, rate)
        here = contains(zone, limited(foot(box), size))
        if here and way is not None and gone(path[then][1], box) >= 0.3 and fast is not None and fast >= 0.4:
            turned = abs((way - right_way + 180) % 360 - 180)
            if turned >= 112.5:
                start, last = start or path[then], tick
            else:
                start = None
        if start is not None:
            so[tick] = gone(start[1], box) >= distance and tick - start[0] >= least * rate
    return so


class Stand:
    """How one vehicle stands, tick by tick: since[tick] is the tick since when, None where it does not."""

    def __init__(self, path: Path, rate: int) -> None:
        self.since: dict[int, int | None] = {}
        self.came: dict[int, bool] = {}
        self.still: dict[int, bool] = {}
        self.box = dict(path)
        anchor = stop = path[0][1]
        onset, there, off, far = path[0][0], path[0][0], None, 0.0
        for k, (tick, box) in enumerate(path):
            first = min(i for i in range(k + 1) if tick - path[i][0] <= 4 * rate)
            # The way is cut to its last 4 s only after each look.
            old = first if k == 0 else min(i for i in range(k) if path[k - 1][0] - path[i][0] <= 4 * rate)
            far = max(far, gone(path[old][1], box))
            if k > 0:
                if iou(anchor, box) >= 0.6:
                    there, off = tick, None
                else:
                    off = tick if off is None and there - onset >= rate else off
                    if off is None or tick - off >= rate:
                        anchor, there, off = box, tick, None
                        pace = self._pace(path, k, old, rate)
                        if pace is None or pace > 0.3 or iou(stop, box) < 0.35:
                            stop, onset = box, tick
            self.anchor = anchor
            self.since[tick] = onset if there - onset >= rate and off is None else None
            self.came[tick] = far >= 1.25
            self.still[tick] = (speed(path, k, rate) or 0.0) <= 0.15

    @staticmethod
    def _pace(path: Path, k: int, old: int, rate: int) -> float | None:
        """As `speed`, over a way that is not cut yet."""
        back = [i for i in range(old, k + 1) if (path[k][0] - path[i][0]) / rate >= 0.8 - 1e-5]
        then = back[-1] if back else old
        took = (path[k][0] - path[then][0]) / rate
        return None if took < 0.4 - 1e-5 else gone(path[then][1], path[k][1]) / took


def stopped(stands: Sequence[Stand], index: int, ticks: int, rate: int, patience: float) -> list[bool]:
    """At which ticks the vehicle has stood for `patience` seconds and queues behind nobody."""
    mine, so = stands[index], [False] * ticks
    for tick, since in mine.since.items():
        if since is None or not mine.came[tick]:
            continue
        queues = any(
            other.since.get(tick) is not None
            and other.came[tick]
            and ((other.since[tick] or 0), n) < (since, index)
            and apart(other.box[tick], mine.box[tick]) <= 1.5
            for n, other in enumerate(stands)
            if n != index
        )
        so[tick] = not queues and mine.still[tick] and tick - since >= patience * rate
    return so


def apart(a: Box, b: Box) -> float:
    wide = max(0, max(a[0], b[0]) - min(a[0] + a[2], b[0] + b[2]))
    high = max(0, max(a[1], b[1]) - min(a[1] + a[3], b[1] + b[3]))
    return math.hypot(wide, high) / min(length(a), length(b))


def congested(
    tracks: Sequence[Path], stands: Sequence[Stand], rate: int, ticks: int, zone: Sequence[Point], size: Point,
    least: int, slow: float, after: float, clear: float,
) -> list[bool]:  # fmt: skip
    """At which ticks at least `least` vehicles are slow together and have been for `after` seconds; flowing for up to
    `clear` seconds between does not count."""
    speeds: list[list[float]] = [[] for _ in range(ticks)]
    for path, stand in zip(tracks, stands, strict=True):
        for k, (tick, box) in enumerate(path):
            pace = speed(path, k, rate)
            traffic = stand.came[tick] or stand.since[tick] is None
            if pace is not None and traffic and contains(zone, limited(foot(box), size)):
                speeds[tick].append(pace)
    slows = [len(s) >= least and sum(s) / len(s) <= slow for s in speeds]
    so = [False] * ticks
    for tick in range(ticks):
        if slows[tick]:
            start = tick
            while True:
                before = [j for j in range(start) if slows[j] and start - j <= clear * rate]
                if not before:
                    break
                start = before[0]
            so[tick] = tick - start >= after * rate
    return so
