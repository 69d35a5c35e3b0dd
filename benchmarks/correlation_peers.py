"""What others would do: a fixed window by site and kind, and clustering in space and time.

Each peer gets the events of a case with their places and times (an agent's known clock error taken off) and names a
group for every event; what a clustering calls noise stands alone. Kinds are a further axis of the clusterings, tuned
like the others: the best of not looking at kinds and keeping families (or kinds) apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import cos, radians

import numpy as np

from benchmarks.cities import Case
from contract.events import Event
from contract.kinds import KINDS
from simulator.city_map import METRES_PER_DEGREE
from simulator.score import Timed, score

FAR = 1_000.0
"""What keeps two kinds apart, in units of a clustering's reach."""
Labels = Sequence[object]


@dataclass(frozen=True, slots=True)
class Setting:
    """metres, seconds: one unit of distance. kinds: what is kept apart: "any" (nothing), "family" or "kind"."""

    metres: float
    seconds: float
    kinds: str
    more: float = 1.0


@lru_cache(maxsize=32)
def _table(case: Case) -> np.ndarray:
    """(events, 5): east and north in metres, seconds, the number of the family, that of the kind."""
    spots = {camera.key: camera.location for camera in case.cameras}
    families = sorted({info.family for info in KINDS.values()})
    kinds = list(KINDS)
    rows = []
    for event in case.events:
        data = event.data
        place = data.location or spots.get((data.site, data.camera))
        lat, lon = (place.lat, place.lon) if place else (0.0, 0.0)
        east, north = lon * METRES_PER_DEGREE * cos(radians(lat)), lat * METRES_PER_DEGREE
        rows.append((east, north, _time(event), families.index(KINDS[data.kind].family), kinds.index(data.kind)))
    table = np.array(rows)
    table[:, :3] -= table[:, :3].mean(axis=0)
    return table


def points(case: Case, setting: Setting) -> np.ndarray:
    """(events, 4): east, north, time and kind in units of the setting."""
    table = _table(case)
    kind = {"any": np.zeros(len(table)), "family": table[:, 3], "kind": table[:, 4]}[setting.kinds]
    place = table[:, :2] / setting.metres
    return np.column_stack((place, table[:, 2] / setting.seconds, kind * FAR))


def _time(event: Event) -> float:
    return event.time.timestamp() - event.data.clock.offset_ms / 1000


def window(case: Case, setting: Setting) -> Labels:
    """The common rule: same site, same kind (or family), same window."""
    return [
        (event.data.site, event.data.kind if setting.kinds == "kind" else KINDS[event.data.kind].family,
         int(_time(event) // setting.seconds))
        for event in case.events
    ]  # fmt: skip


def dbscan(case: Case, setting: Setting) -> Labels:
    """Ester et al. 1996. more: the least number of neighbours."""
    from sklearn.cluster import DBSCAN

    return _apart(DBSCAN(eps=1.0, min_samples=int(setting.more)).fit_predict(points(case, setting)))


def hdbscan(case: Case, setting: Setting) -> Labels:
    """Campello et al. 2013. more: the least size of a cluster."""
    from sklearn.cluster import HDBSCAN

    size = int(setting.more)
    model = HDBSCAN(min_cluster_size=size, min_samples=min(2, size), cluster_selection_method="leaf", copy=True)
    return _apart(model.fit_predict(points(case, setting)))


def dbstream(case: Case, setting: Setting) -> Labels:
    """Hahsler and Bolaños 2016, site by site, since its cost grows with the square. Time is one of the axes, so nothing
    has to fade; an event takes the cluster of its nearest micro-cluster. more: the intersection factor."""
    from river.cluster import DBSTREAM

    table = points(case, setting)
    sites: dict[str, list[int]] = defaultdict(list)
    for index, event in enumerate(case.events):
        sites[event.data.site].append(index)
    labels: list[object] = [None] * len(table)
    for site, indices in sites.items():
        model = DBSTREAM(
            clustering_threshold=1.0,
            fading_factor=1e-9,
            cleanup_interval=10_000_000,
            intersection_factor=setting.more,
            minimum_weight=0.0,
        )
        for index in indices:
            model.learn_one(dict(enumerate(table[index].tolist())))
        micro = model.micro_clusters
        centres = np.array([[micro[key].center[axis] for axis in range(4)] for key in micro])
        macro = model._generate_labels(model._generate_weighted_adjacency_matrix())
        names = list(micro)
        for index in indices:
            nearest = int(((centres - table[index]) ** 2).sum(axis=1).argmin())
            labels[index] = (site, macro[names[nearest]])
    return labels


def _apart(labels: np.ndarray) -> Labels:
    return [int(label) if label >= 0 else f"alone {index}" for index, label in enumerate(labels)]


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    group: Callable[[Case, Setting], Labels]
    settings: tuple[Setting, ...]
    tuning: int
    """How many seeds it is tuned on: the slow one on fewer."""


def _settings(
    metres: Sequence[float], seconds: Sequence[float], kinds: Sequence[str], more: Sequence[float]
) -> Iterator[Setting]:
    for values in product(metres, seconds, kinds, more):
        yield Setting(*values)


BOTH = ("any", "family")
PEERS = (
    Peer("fixed window", window, tuple(_settings((1,), (600, 1800, 3600), ("family", "kind"), (1,))), 6),
    Peer("DBSCAN", dbscan, tuple(_settings((50, 80, 120), (60, 120, 240), BOTH, (1, 3))), 6),
    Peer("HDBSCAN", hdbscan, tuple(_settings((50, 100), (120, 300), BOTH, (3,))), 6),
    Peer("DBSTREAM", dbstream, tuple(_settings((60, 120), (300, 900), ("family",), (0.1, 0.3))), 2),
)


def groups(case: Case, labels: Labels) -> list[Timed]:
    """Labels as incidents, which begin with their first event."""
    members: dict[object, list[Event]] = defaultdict(list)
    for event, label in zip(case.events, labels, strict=True):
        members[label].append(event)
    return [
        Timed(str(number), frozenset(one.id for one in events), min(one.time for one in events))
        for number, events in enumerate(members.values())
    ]


def tuned(peer: Peer, cases: Sequence[Case]) -> Setting:
    """The setting with the best mean F1."""
    return max(
        peer.settings,
        key=lambda setting: sum(score(groups(one, peer.group(one, setting)), one.truth).pairs.f1 for one in cases),
    )
