"""How long to wait before trying again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times before the n-th retry: doubled up to `cap_s`, each drawn from its upper half (jitter), so that what
    was lost together does not come back together."""

    first_s: float = 0.5
    cap_s: float = 30.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds before retry `attempt` (from 0); chance 0..1."""
        whole = min(self.cap_s, self.first_s * 2.0 ** min(attempt, 30))
        return whole * (0.5 + chance / 2)
