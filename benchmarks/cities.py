"""Made-up cities for the correlation's measurements: events as they would be read from a file, and their truth."""

from dataclasses import dataclass
from functools import lru_cache

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.correlation import CorrelationPolicy, Correlator
from aggregator.core.liveness import Camera, placed
from aggregator.offline import by_time
from contract.events import Event
from simulator import city
from simulator.city_profiles import PROFILES
from simulator.score import Timed

CAMERAS = 240
HOURS = 3.0
SEEDS = tuple(range(1, 21))
"""Measured on these; whatever is tuned is tuned on TUNING."""
TUNING = tuple(range(101, 113))


@dataclass(frozen=True, eq=False)
class Case:
    """arrivals: each event once, in order of arrival, with the second it comes. events: the same by event time, as
    `jaga correlate` sorts them."""

    seed: int
    profile: str
    cameras: tuple[Camera, ...]
    arrivals: tuple[tuple[float, Event], ...]
    events: tuple[Event, ...]
    truth: tuple[Timed, ...]

    def correlator(self, policy: CorrelationPolicy | None = None) -> Correlator:
        """A fresh one that knows where the cameras are, as the aggregator's does."""
        spots = placed(self.cameras)
        return Correlator(policy, H3Cells(), lambda site, camera: spots.get((site, camera)))


@lru_cache(maxsize=64)
def case(seed: int, profile: str | None = None, cameras: int = CAMERAS, hours: float = HOURS) -> Case:
    """Without a profile, one after the other by seed."""
    names = tuple(PROFILES)
    chosen = profile or names[seed % len(names)]
    made = city.build(seed, cameras, hours, chosen)
    begin = made.begin.timestamp()
    arrivals: dict[str, tuple[float, Event]] = {}
    for delivery, event in zip(made.deliveries, made.events(), strict=True):
        arrivals.setdefault(event.id, (begin + delivery.arrives, event))
    told = made.truth()
    truth = tuple(
        Timed(str(one.number), frozenset(told[one.number]), made.time(one.started), one.kind)
        for one in made.happenings
        if one.number in told
    )
    fleet = tuple(
        Camera(site=one.site, id=one.id, agent=one.agent, name=one.name, location=one.location) for one in made.cameras
    )
    events = sorted((event for _, event in arrivals.values()), key=by_time)
    return Case(seed, chosen, fleet, tuple(arrivals.values()), tuple(events), truth)
