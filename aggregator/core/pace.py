"""How often one may do something: so many times within a window, whoever one is."""

from collections import deque


class Pace:
    """most: how many within window_s seconds. One thread at a time; forgets who has been quiet for a window."""

    def __init__(self, most: int, window_s: float) -> None:
        self.most, self.window_s = most, window_s
        self._times: dict[str, deque[float]] = {}

    def wait(self, who: str, now: float) -> float:
        """Notes one more and returns 0, or the seconds until the next is allowed, and notes nothing."""
        times = self._times.setdefault(who, deque())
        while times and times[0] <= now - self.window_s:
            times.popleft()
        if len(times) >= self.most:
            return times[0] + self.window_s - now
        times.append(now)
        if len(self._times) > _MANY:
            self._times = {one: kept for one, kept in self._times.items() if kept and kept[-1] > now - self.window_s}
        return 0.0


_MANY = 1_000
