"""From what cameras tell to what arrives: clocks that are wrong, uplinks that fail, messages lost, doubled and late."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from random import Random

from contract.events import Phase
from simulator.city_noise import times
from simulator.city_profiles import Profile
from simulator.city_sight import Moment, Sighting

LOST = 0.002
"""Share of events that never arrive, as when a disk fails."""
REDELIVERED = 0.008
"""Share that arrives twice, as at-least-once delivery allows."""
LATE = 0.02
"""Share that takes seconds instead of a fraction of one."""


@dataclass(frozen=True, slots=True)
class Watch:
    """An agent's clock. skew_s: ahead of the truth at first; drift: seconds a second. tells: whether it knows."""

    skew_s: float
    drift: float
    tells: bool

    def ahead(self, t: float) -> float:
        return self.skew_s + self.drift * t


@dataclass(slots=True)
class Delivery:
    """One event on its way. number: which moment of the sighting. made: seconds by the truth. sequence: its agent's."""

    sighting: Sighting
    episode: int
    number: int
    phase: Phase
    made: float
    arrives: float = 0.0
    sequence: int = 0
    delayed: bool = False

    @property
    def moment(self) -> Moment:
        return self.sighting.moments[self.number]


class Transport:
    def __init__(self, profile: Profile, seconds: float, random: Random) -> None:
        self._profile, self._seconds, self._random = profile, seconds, random
        self._watches: dict[str, Watch] = {}
        self._outages: dict[str, list[tuple[float, float]]] = {}

    def watch(self, agent: str) -> Watch:
        return self._watches[agent]

    def outages(self, agent: str) -> list[tuple[float, float]]:
        """When the agent's uplink failed: from, to."""
        return self._outages[agent]

    def deliver(self, sightings: Iterable[Sighting]) -> list[Delivery]:
        """Every event that arrives, in order of arrival; one that arrives twice is there twice."""
        made = [
            Delivery(sighting, episode, number, _phase(number, len(sighting.moments)), moment.t)
            for episode, sighting in enumerate(sightings)
            for number, moment in enumerate(sighting.moments)
        ]
        made.sort(key=attrgetter("made"))
        counts: dict[str, int] = {}
        arriving: list[Delivery] = []
        for one in made:
            agent = one.sighting.agent
            if agent not in counts:
                self._equip(agent)
            one.sequence = counts[agent] = counts.get(agent, 0) + 1
            if self._random.random() < LOST:
                continue
            self._send(one, agent)
            arriving.append(one)
            if self._random.random() < REDELIVERED:
                arriving.append(replace(one, arrives=one.arrives + self._random.uniform(0.5, 30)))
        arriving.sort(key=attrgetter("arrives", "made", "episode", "number"))
        return arriving

    def _send(self, one: Delivery, agent: str) -> None:
        one.arrives = one.made + 0.08 + self._random.expovariate(1 / 0.25)
        if self._random.random() < LATE:
            one.arrives += self._random.uniform(1, 12)
        for begin, end in self._outages[agent]:
            if begin <= one.made < end:
                one.arrives, one.delayed = end + (one.made - begin) * 0.004 + self._random.random(), True

    def _equip(self, agent: str) -> None:
        random = self._random
        quality = random.choices(("kept", "off", "wrong"), (88, 8, 4))[0]
        if quality == "kept":
            self._watches[agent] = Watch(random.gauss(0, 0.04), 0.0, True)
        elif quality == "off":
            self._watches[agent] = Watch(random.uniform(-3, 3), random.gauss(0, 2e-5), random.random() < 0.5)
        else:
            self._watches[agent] = Watch(random.uniform(-40, 40), random.gauss(0, 5e-5), random.random() < 0.7)
        self._outages[agent] = [
            (begin, begin + random.choice((random.uniform(60, 900), random.uniform(1800, 4200))))
            for begin in times(self._profile.outages, self._seconds, random)
        ]


def _phase(number: int, count: int) -> Phase:
    return "begin" if number == 0 else "end" if number == count - 1 else "update"
