"""Against guessing passwords: after a few free attempts each further one waits twice as long as the last."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """free: attempts without a wait. forget_s: after so long without an attempt everything is forgotten."""

    free: int
    first_s: float = 1.0
    longest_s: float = 300.0
    forget_s: float = 900.0

    def wait(self, attempts: int) -> float:
        """Seconds after the latest of so many attempts."""
        if attempts < self.free:
            return 0.0
        return min(self.longest_s, self.first_s * 2.0 ** min(attempts - self.free, 60))


BY_ACCOUNT = Backoff(free=5)
BY_ADDRESS = Backoff(free=30)
"""A whole shift may sit behind one address."""
MOST = 20_000


class Attempts:
    """Attempts by key, oldest key first; the memory is bounded. An attempt counts before its outcome is known, so that
    attempts made at the same time count too."""

    def __init__(self, policy: Backoff, most: int = MOST) -> None:
        self._policy, self._most = policy, most
        self._made: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Seconds until this key may try again; 0: now."""
        made, latest = self._made.get(key, (0, now))
        if now - latest >= self._policy.forget_s:
            return 0.0
        return max(0.0, latest + self._policy.wait(made) - now)

    def begin(self, key: str, now: float) -> None:
        made, latest = self._made.pop(key, (0, now))
        self._made[key] = (made + 1 if now - latest < self._policy.forget_s else 1, now)
        while len(self._made) > self._most:
            self._made.popitem(last=False)

    def forgive(self, key: str, *, all_of_it: bool) -> None:
        """After a success: all attempts, or only the one that succeeded."""
        made, latest = self._made.pop(key, (0, 0.0))
        if not all_of_it and made > 1:
            self._made[key] = (made - 1, latest)
