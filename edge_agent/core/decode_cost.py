"""What a camera's decoder takes of the processors, from the processor time that it tells with each message."""

from dataclasses import dataclass
from math import exp

from edge_agent.core.decode_policy import Mode

MEAN_S = 10.0
"""Time constant of both means."""


@dataclass(frozen=True, slots=True)
class DecodeCost:
    """throughout: seconds of processor time a second while more than keyframes is decoded, however many pictures are
    delivered. picture: seconds for each keyframe that is due, while only keyframes are. 0 while unknown."""

    throughout: float = 0.0
    picture: float = 0.0


UNKNOWN = DecodeCost()


class DecodeMeter:
    """One decoder's. `t`: seconds on a clock that never goes back."""

    def __init__(self) -> None:
        self._t: float | None = None
        self._cpu, self._spared = 0.0, 0
        self._spent, self._span = 0.0, 0.0
        self._apart, self._pictures = 0.0, 0.0

    def anew(self) -> None:
        """Another process decodes from now on; what this camera's cost is known still."""
        self._t = None

    def see(self, t: float, cpu: float, mode: Mode, delivered: bool, spared: int = 0) -> None:
        """Until `t` the decoder has taken so many seconds in all, lately in this mode. delivered: it gave a picture.
        spared: keyframes that were due and did not need to be decoded, in all."""
        if self._t is not None:
            passed, spent = max(t - self._t, 0.0), max(cpu - self._cpu, 0.0)
            fade = exp(-passed / MEAN_S)
            if mode == "keyframes":
                self._apart = self._apart * fade + spent
                self._pictures = self._pictures * fade + delivered + max(spared - self._spared, 0)
            else:
                self._spent = self._spent * fade + spent
                self._span = self._span * fade + passed
        self._t, self._cpu, self._spared = t, cpu, spared

    @property
    def cost(self) -> DecodeCost:
        return DecodeCost(
            self._spent / self._span if self._span > 0 else 0.0,
            self._apart / self._pictures if self._pictures > 0 else 0.0,
        )
