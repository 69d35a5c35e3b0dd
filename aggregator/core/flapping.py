"""A camera that begins the same kind of episode over and over, and a kind that was dealt with a moment ago.

Both keep count per camera and kind. Times are seconds of event time.
"""

from collections import deque
from dataclasses import dataclass, field

from contract.kinds import Kind

SourceKey = tuple[str, str, Kind]
"""(site, camera, kind)"""


@dataclass(frozen=True, slots=True)
class Begin:
    """An episode's, as a store kept it. time: by its camera's clock, which is ahead by offset_ms. flapping: it was
    hushed for that."""

    site: str
    camera: str
    kind: Kind
    time: float
    offset_ms: float
    flapping: bool


@dataclass(slots=True)
class _Begins:
    """The latest begins, and whether they are flapping."""

    times: deque[float] = field(default_factory=deque)
    flapping: bool = False


class Flapping:
    """begins: so many within window_s are flapping, until no more than half of them are (hysteresis, so that flapping
    does not itself flap). One thread."""

    def __init__(self, begins: int, window_s: float) -> None:
        self._begins, self._window_s = begins, window_s
        self._of: dict[SourceKey, _Begins] = {}

    def note(self, key: SourceKey, time: float) -> int | None:
        """An episode has begun. How many did within the window if that is flapping, else None."""
        state = self._of.setdefault(key, _Begins())
        times = state.times
        times.append(time)
        latest = max(times)
        while times and times[0] <= latest - self._window_s:
            times.popleft()
        if len(times) > 8 * self._begins:
            times.popleft()
        if len(times) >= self._begins:
            state.flapping = True
        elif len(times) <= self._begins // 2:
            state.flapping = False
        return len(times) if state.flapping else None

    def restore(self, key: SourceKey, time: float, flapping: bool) -> None:
        """An episode that began before a restart, in the order they came."""
        state = self._of.setdefault(key, _Begins())
        state.times.append(time)
        state.flapping = flapping

    def still(self, key: SourceKey, time: float) -> bool:
        """Whether what was flapping still is, by then."""
        state = self._of.get(key)
        if state is None or not state.flapping:
            return False
        return sum(one > time - self._window_s for one in state.times) > self._begins // 2

    def forget(self, before: float) -> None:
        """Those of whom nothing was heard since."""
        for key in [key for key, state in self._of.items() if not state.times or max(state.times) < before]:
            del self._of[key]


@dataclass(frozen=True, slots=True)
class Closing:
    """An incident that an operator closed, with what its camera told. true: it was no false alarm."""

    incident: str
    time: float
    true: bool


class Cooldowns:
    """After an operator has closed an incident, its cameras raise no fresh alarm of that kind for cooldown_s: they most
    likely go on telling of it. One thread."""

    def __init__(self, cooldown_s: float) -> None:
        self._cooldown_s = cooldown_s
        self._closed: dict[SourceKey, Closing] = {}

    def close(self, key: SourceKey, closing: Closing) -> None:
        self._closed[key] = closing

    def of(self, key: SourceKey, now: float, grave: bool) -> Closing | None:
        """grave: severity major. Something grave that was real may well be there again, as a fire is; something grave
        that was false a moment ago most likely is false now."""
        closing = self._closed.get(key)
        if closing is None or not closing.time <= now < closing.time + self._cooldown_s:
            return None
        return None if grave and closing.true else closing

    def forget(self, before: float) -> None:
        for key in [key for key, closing in self._closed.items() if closing.time < before - self._cooldown_s]:
            del self._closed[key]

    def clear(self) -> None:
        self._closed.clear()
