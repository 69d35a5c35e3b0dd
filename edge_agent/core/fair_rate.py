"""How often each camera is analysed when all of them together ask for more than the machine gives.

What a picture of each camera costs is measured; what all cameras' wishes would cost follows. Where that is too much,
every camera gets the same share of its wish, but none less than its floor, or, where the floors alone are too much, the
same share of its floor: water-filling (the max-min fairness of Bertsekas and Gallager, Data Networks, 1992, ch. 6.5,
on the share of the wish), worked out at once instead of by feedback, so that nothing swings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf

from edge_agent.core.timing import reached

EVERY_S = 1.0
"""How often rates are made anew."""
COST_S = 5.0
"""Time constant of the mean cost of a camera's pictures."""
FULL, FILL, FREE = 0.95, 0.85, 0.75
"""Of the analysing threads' time. Rates are lowered where the demand is above FULL, to FILL; they rise again where the
wanted rates would leave it below FREE, or the present ones below it for RAISE_S."""
RAISE_S = 5.0
LEAST_FLOOR = 0.2
"""The share of its floor that a camera always gets."""
LEAST_RATE = 2.0
"""Pictures a second the rules are tested down to (tests/property): what is analysed less often may be missed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pictures a second a camera is to be analysed at, and below which it is lowered only when all are there.

    comes: how many there are at most, where the camera gives fewer or rests."""

    fps: float
    floor: float
    comes: float = inf


def too_rare(fps: float, wished: float) -> bool:
    """Whether a camera is analysed less often than rules are tested for, though its config asks for enough."""
    return fps < LEAST_RATE <= wished


@dataclass(slots=True)
class _Cost:
    """Exponentially fading sums: seconds spent, and pictures."""

    t: float
    spent: float = 0.0
    count: float = 0.0

    def fade(self, t: float) -> None:
        weight = exp(-max(t - self.t, 0.0) / COST_S)
        self.spent, self.count, self.t = self.spent * weight, self.count * weight, max(t, self.t)

    @property
    def mean(self) -> float:
        return self.spent / self.count if self.count > 1e-6 else 0.0


class FairRate:
    """One for all cameras that share the analysing threads. `t`: seconds on a clock that never goes back."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._costs: dict[str, _Cost] = {}
        self._share = self._floors = 1.0
        self._roomy: float | None = None
        self._made: float | None = None

    def spent(self, camera: str, t: float, seconds: float) -> None:
        """A picture of `camera` was analysed until `t`, in so many seconds."""
        cost = self._costs.setdefault(camera, _Cost(t))
        cost.fade(t)
        cost.spent += seconds
        cost.count += 1.0

    def due(self, t: float) -> bool:
        """Whether it is time to ask for `rates`."""
        return self._made is None or reached(t - self._made, EVERY_S)

    def rates(self, t: float, wanted: Mapping[str, Wanted]) -> Mapping[str, float]:
        """Pictures a second for each camera now; cameras that are not named are forgotten."""
        self._made = t
        self._costs = {name: cost for name, cost in self._costs.items() if name in wanted}
        self._settle(t, wanted)
        return {name: self._rate(one, self._share) for name, one in wanted.items()}

    def demand(self, wanted: Mapping[str, Wanted], share: float = 1.0) -> float:
        """The share of the threads' time that it took if each camera got this share of its wish."""
        seconds = sum(
            self._costs[name].mean * min(self._rate(one, share), one.comes)
            for name, one in wanted.items()
            if name in self._costs
        )
        return seconds / self._threads

    def _settle(self, t: float, wanted: Mapping[str, Wanted]) -> None:
        now = self.demand(wanted, self._share)
        if now > FULL:
            self._share, self._roomy = self._filling(wanted), None
            return
        if self._share >= 1.0 or now >= FREE:
            self._roomy = None
            return
        self._roomy = t if self._roomy is None else self._roomy
        if reached(t - self._roomy, RAISE_S):
            self._share, self._roomy = self._filling(wanted), None

    def _filling(self, wanted: Mapping[str, Wanted]) -> float:
        """The share of their wishes, 0..1, at which the cameras fill the time; bisection, since floors bend the sum.
        Sets what is left of the floors."""
        self._floors = 1.0
        if self.demand(wanted) <= FILL:
            return 1.0
        self._floors = min(1.0, max(LEAST_FLOOR, FULL / max(self.demand(wanted, 0.0), FULL)))
        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if self.demand(wanted, middle) <= FILL else (low, middle)
        return low

    def _rate(self, wanted: Wanted, share: float) -> float:
        return max(self._floors * min(wanted.floor, wanted.fps), share * wanted.fps)
