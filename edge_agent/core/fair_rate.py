"""How often each camera is analysed when all of them together ask for more than the machine gives.

What a picture of each camera costs is measured, and what decoding it takes; what all cameras' demands would cost
follows. Where that is too much, time goes to those in front of which something happens (`Demand.eager`): a walk is over
in seconds, and who follows it needs several looks in a row, while a place where nothing moves needs no more than to be
noticed when that changes. In this order, each only as far as needed:

1. the others get the same share of their demand, but none less than its floor;
2. the eager get the same share of theirs, but none less than BURST_FPS;
3. the others' floors are lowered, all alike, to GLANCE of them;
4. the eager take turns: as many as there is time for are analysed at BURST_FPS for BURST_S; who waits gets
   WAITING of its floor, since single looks tell nothing and each costs the network. Whose floor is BURST_FPS or more
   comes before all others, and waits only for its like;
5. the others' floors are lowered down to LEAST_FLOOR, too.

Shares are water-filling (the max-min fairness of Bertsekas and Gallager, Data Networks, 1992, ch. 6.5, on the share of
the demand), worked out at once instead of by feedback, so that nothing swings.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import exp, inf

from edge_agent.core.decode_cost import UNKNOWN, DecodeCost
from edge_agent.core.timing import reached

EVERY_S = 1.0
"""How often rates are made anew, where nobody became eager meanwhile."""
COST_S = 5.0
"""Time constant of the mean cost of a camera's pictures."""
FULL, FILL, FREE = 0.95, 0.85, 0.75
"""Of the time. Rates are lowered where the load is above FULL, to FILL; they rise again where the rates asked for would
leave it below FREE, or the present ones below it for RAISE_S."""
RAISE_S = 5.0
GLANCE = 0.5
"""The share of its floor at which a camera is still noticed, where something begins, before others are made to wait."""
LEAST_FLOOR = 0.2
"""The share of its floor that a camera always gets, if it does not wait for its turn."""
WAITING = 0.05
"""The share of its floor that it gets meanwhile."""
LEAST_RATE = 2.0
"""Pictures a second the rules are tested down to (tests/property): what is analysed less often may be missed."""
BURST_FPS, BURST_S = LEAST_RATE, 2.0
"""Pictures a second of those who take turns, and how long a turn is: a track is confirmed in two looks, and a rule
wants to see it for half a second or more."""
AGAIN_S, WAIT_S = 10.0, 10.0
"""Who had a turn comes after those who had none for AGAIN_S. Of these who became eager last is next, since who came
before may have gone; every other turn is for who has longest waited, if that is for WAIT_S. So nobody new waits for all
in front of whom something always moves, nor do they for ever more new ones."""
RATE_MEAN_S = 5.0
"""Time constant of `RateMean`."""
MOST_PATIENCE = 6.0
"""See `patience`; as many times as the motion gate waits at most of its own accord."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Pictures a second a camera is to be analysed at, and below which it is lowered only when all are there.

    comes: how many there are at most, where the camera gives fewer or rests. eager: something moves in front of it, or
    somebody is followed. decoding: what its decoder takes. sparse: up to so many pictures a second it decodes keyframes
    only."""

    fps: float
    floor: float
    comes: float = inf
    eager: bool = False
    decoding: DecodeCost = UNKNOWN
    sparse: float = inf


def too_rare(fps: float, configured: float) -> bool:
    """Whether a camera is analysed less often than rules are tested for, though its config asks for enough."""
    return fps < LEAST_RATE <= configured


class RateMean:
    """The rate that a camera is allowed, as a mean that fades with RATE_MEAN_S: who takes turns with others has one
    rate and then another one, and what it gets is what lies between. `t`: seconds on a clock that never goes back."""

    def __init__(self, t: float, rate: float) -> None:
        self._t, self._rate = t, rate
        self.mean = rate

    def see(self, t: float, rate: float) -> None:
        """From `t` on it is this one."""
        self.mean = self._rate + (self.mean - self._rate) * exp(-max(t - self._t, 0.0) / RATE_MEAN_S)
        self._t, self._rate = max(t, self._t), rate


def patience(fps: float, configured: float) -> float:
    """How many times later than usual a camera is looked at where nothing moves, so that time is left for those where
    something does."""
    return min(max(min(LEAST_RATE, configured) / fps, 1.0), MOST_PATIENCE) if fps > 0 else MOST_PATIENCE


@dataclass(slots=True)
class _Cost:
    """Exponentially fading sums: seconds spent, and pictures."""

    t: float
    spent: float = 0.0
    count: float = 0.0

    def add(self, t: float, seconds: float) -> None:
        weight = exp(-max(t - self.t, 0.0) / COST_S)
        self.spent, self.count = self.spent * weight + seconds, self.count * weight + 1.0
        self.t = max(t, self.t)

    @property
    def mean(self) -> float:
        return self.spent / self.count


@dataclass(frozen=True, slots=True)
class _Shares:
    """Of their demands that the eager and the others get, and of their floors; bursts: those of the eager who have
    their turn, None where all have."""

    eager: float = 1.0
    others: float = 1.0
    floors: float = 1.0
    bursts: frozenset[str] | None = None

    def rate(self, name: str, one: Demand) -> float:
        floor = min(one.floor, one.fps)
        if not one.eager:
            return max(self.floors * floor, self.others * one.fps)
        if self.bursts is not None and name not in self.bursts:
            return WAITING * floor
        return max(floor, min(BURST_FPS, one.fps), self.eager * one.fps)


_FREE = _Shares()
_LOW = _Shares(eager=0.0, others=0.0)


class FairRate:
    """One for all cameras that share the machine. `t`: seconds on a clock that never goes back. threads: that analyse.
    processors: for them and all decoders; None: as many as threads."""

    def __init__(self, threads: int = 1, processors: int | None = None) -> None:
        self._threads = threads
        self._processors = processors or threads
        self._costs: dict[tuple[str, bool], _Cost] = {}
        self._pooled: dict[bool, _Cost] = {}
        self._shares = _FREE
        self._began: dict[str, float] = {}
        """When who takes turns got its last one."""
        self._since: dict[str, float] = {}
        """When who is eager became so."""
        self._waited = False
        """Whether the last turn went to one who had waited for WAIT_S."""
        self._roomy: float | None = None
        self._made: float | None = None

    def spent(self, camera: str, t: float, seconds: float, eager: bool = False) -> None:
        """A picture of `camera` was analysed until `t`, in so many seconds. eager: whether it was that camera's."""
        self._costs.setdefault((camera, eager), _Cost(t)).add(t, seconds)
        self._pooled.setdefault(eager, _Cost(t)).add(t, seconds)

    def told(self, camera: str, t: float) -> None:
        """An event of `camera` has begun: where the eager take turns, its turn is over."""
        if camera in self._began:
            self._began[camera] = min(self._began[camera], t - BURST_S)

    def due(self, t: float) -> bool:
        """Whether it is time to ask for `rates`."""
        return self._made is None or reached(t - self._made, EVERY_S)

    def rates(self, t: float, demands: Mapping[str, Demand]) -> Mapping[str, float]:
        """Pictures a second for each camera now; cameras that are not named are forgotten."""
        self._made = t
        self._costs = {key: cost for key, cost in self._costs.items() if key[0] in demands}
        self._began = {name: began for name, began in self._began.items() if name in demands}
        self._settle(t, demands)
        return {name: self._shares.rate(name, one) for name, one in demands.items()}

    def _settle(self, t: float, demands: Mapping[str, Demand]) -> None:
        before = self._since.keys()
        self._since = {name: self._since.get(name, t) for name, one in demands.items() if one.eager}
        now = self._load(demands, self._shares)
        turned = self._shares != _FREE and (self._since.keys() != before or self._shares.bursts is not None)
        if now > FULL or turned:
            self._shares, self._roomy = self._filling(t, demands), None
            return
        if self._shares == _FREE or now >= FREE:
            self._roomy = None
            return
        self._roomy = t if self._roomy is None else self._roomy
        if reached(t - self._roomy, RAISE_S):
            self._shares, self._roomy = self._filling(t, demands), None

    def _load(self, demands: Mapping[str, Demand], shares: _Shares) -> float:
        """The share of the time that all this takes: of the threads', or of the processors' with decoding, whichever
        is more."""
        analysing = decoding = 0.0
        for name, one in demands.items():
            rate = shares.rate(name, one)
            count = min(rate, one.comes)
            analysing += self._mean(name, one.eager) * count
            decoding += one.decoding.picture * count if rate <= one.sparse else one.decoding.throughout
        return max(analysing / self._threads, (analysing + decoding) / self._processors)

    def _mean(self, name: str, eager: bool) -> float:
        """Seconds a picture of this camera; of its kind, where none of its own is known."""
        cost = self._costs.get((name, eager)) or self._pooled.get(eager)
        return cost.mean if cost is not None else 0.0

    def _filling(self, t: float, demands: Mapping[str, Demand]) -> _Shares:
        """With which the cameras fill the time."""

        def fits(shares: _Shares, limit: float) -> bool:
            return self._load(demands, shares) <= limit

        if fits(_FREE, FILL):
            return _FREE
        if fits(only_eager := replace(_FREE, others=0.0), FILL):
            return _most(lambda share: replace(only_eager, others=share), lambda shares: fits(shares, FILL), 0.0)
        if fits(_LOW, FILL):
            return _most(lambda share: replace(_LOW, eager=share), lambda shares: fits(shares, FILL), 0.0)
        low = replace(_LOW, floors=GLANCE)
        if not fits(low, FULL):
            if self._since:
                low = self._taking_turns(t, demands, lambda shares: fits(shares, FULL))
            if not fits(low, FULL):
                return _most(lambda share: replace(low, floors=share), lambda shares: fits(shares, FULL), LEAST_FLOOR)
        return _most(lambda share: replace(low, floors=share), lambda shares: fits(shares, FULL), GLANCE)

    def _taking_turns(self, t: float, demands: Mapping[str, Demand], fits: Callable[[_Shares], bool]) -> _Shares:
        """Who has begun its turn goes on for BURST_S; one at least has one."""
        chosen = replace(_LOW, floors=GLANCE, bursts=frozenset())
        for name, waited in self._queue(t, demands):
            more = replace(chosen, bursts=frozenset((*(chosen.bursts or ()), name)))
            if chosen.bursts and not fits(more):
                break
            chosen = more
            if reached(t - self._began.get(name, -inf), BURST_S):
                self._began[name], self._waited = t, waited
        return chosen

    def _queue(self, t: float, demands: Mapping[str, Demand]) -> Iterator[tuple[str, bool]]:
        """Who comes before whom, and whether because it has waited for WAIT_S."""
        began = {name: self._began.get(name, -inf) for name in self._since}
        waits = {name: max(since, began[name] + AGAIN_S) for name, since in self._since.items()}

        def order(name: str) -> tuple[int, float, str]:
            first = demands[name].floor >= BURST_FPS
            if not reached(t - began[name], BURST_S):
                return 0 if first else 2, began[name], name
            if first:
                return 1, began[name], name
            if reached(t - waits[name], WAIT_S):
                return 3, waits[name], name
            if reached(t, waits[name]):
                return 4 if began[name] < self._since[name] else 5, -waits[name], name
            return 6, began[name], name

        ranked = sorted(order(name) for name in self._since)
        yield from ((name, self._waited) for rank, _, name in ranked if rank < 3)
        came = [(name, False) for rank, _, name in ranked if rank == 4]
        late = [(name, True) for rank, _, name in ranked if rank == 3]
        for pair in zip_longest(*((came, late) if self._waited else (late, came))):
            yield from (one for one in pair if one is not None)
        yield from ((name, False) for rank, _, name in ranked if rank > 4)


def _most(shares: Callable[[float], _Shares], fits: Callable[[_Shares], bool], least: float) -> _Shares:
    """With the greatest share from `least` to 1 that fits, `least` if none does; bisection, since floors bend the
    sum."""
    if fits(shares(1.0)):
        return shares(1.0)
    low, high = least, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(shares(middle)) else (low, middle)
    return shares(low)
