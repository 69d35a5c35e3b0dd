"""What each camera tells although nothing confirms it, learned as it runs: the background that links are held against.

For a camera and a family of kinds there are two fading counts: a slow one of episodes that nothing confirms, for a
camera that is chronically wrong, and a quick one of all that are brief, for a burst (rain, insects, a flickering
lamp). A Gamma prior (conjugate to the Poisson; shape PRIOR_PER_H × PRIOR_H, exposure PRIOR_H) stands for cameras that
nothing is known of.
What comes to be of many people is counted once more on its own: who is wrong about a few all night may never have been
about many.
"""

from collections.abc import Iterable
from math import exp, inf

from msgspec import Struct

from aggregator.core.kinship import REPORT
from contract.kinds import KINDS, Kind

PRIOR_PER_H = 0.12
"""Episodes that stand alone, per camera, family and hour: one false alarm a day and family, and what is true but seen
by one camera only."""
PRIOR_H = 5.0
SLOW_S = 21_600.0
"""Mean life of the slow count: a part of the day."""
FAST_S = 900.0
"""Mean life of the fast count: a shower."""
FREE = 2.0
"""Episodes within a shower's time that are no burst yet: what is true is told once or twice by one camera, also where
it goes on for long."""
BURST = 6.0
"""What is beyond that weighs this much: a camera in a burst is not just busy."""
BRIEF_S = 90.0
"""What lasts as long is no part of a burst, which is of many short ones: a camera that loses from sight what goes on
before it tells of it again and again."""
_BRIEF_S: dict[str, float] = {"people": 45.0, "object": 30.0, "fire": inf}
"""Of some families, sooner: insects and showers are no crowd and change no scene, so bursts of these are rarer. The
lamps and the steam that are taken for fires last as long as they do."""
_CONFIRMED_S: dict[str, float] = {"fire": 60.0}
"""But not where another source tells of their incident by then."""
MANY = 4
_OF_MANY_S: dict[str, float] = {"fire": 0.0}
"""Nor is a fire, however brief, that so many sources tell of: it is lost from sight and seen again. Lamps are each
camera's own; a shower is before all cameras at once, so of other kinds many may be one."""
_HOUR = 3600.0


class _Count(Struct, frozen=True, gc=False):
    """Both counts as of `time`."""

    time: float
    slow: float
    fast: float
    alone: float


def brief_s(kind: Kind, sources: int) -> float:
    """How long an episode has to last to be no part of a burst. sources: how many tell of its incident."""
    return (_ALONE if sources < 2 else _CONFIRMED if sources < MANY else _OF_MANY)[kind]


_ALONE = {kind: _BRIEF_S.get(info.family, BRIEF_S) for kind, info in KINDS.items()}
_CONFIRMED = {kind: _CONFIRMED_S.get(info.family, _ALONE[kind]) for kind, info in KINDS.items()}
_OF_MANY = {kind: _OF_MANY_S.get(info.family, _CONFIRMED[kind]) for kind, info in KINDS.items()}

RateKey = tuple[str, str, str, bool]
"""Site, camera, family of kinds, and whether of many people alone."""


class Counted(Struct, frozen=True, gc=False):
    """What is counted of one camera and family, to be kept over a restart. since: when anything at all was first
    counted."""

    site: str
    camera: str
    family: str
    many: bool
    since: float
    time: float
    slow: float
    fast: float
    alone: float


class Rates:
    """One thread. Times are seconds of event time; a time before the last one does not fade anything."""

    def __init__(self) -> None:
        self._counts: dict[RateKey, _Count] = {}
        self._since: float | None = None

    def restore(self, counted: Iterable[Counted]) -> None:
        """What `counted` said, before the first note."""
        for one in counted:
            key = one.site, one.camera, one.family, one.many
            self._counts[key] = _Count(one.time, one.slow, one.fast, one.alone)
            self._since = one.since if self._since is None else min(one.since, self._since)

    def counted(self, key: RateKey) -> Counted:
        """As it is now, of something that was noted."""
        one = self._counts[key]
        return Counted(*key, self._since or one.time, one.time, one.slow, one.fast, one.alone)

    def note(
        self, site: str, camera: str, kind: Kind, time: float, confirmed: bool, many: bool = False, brief: bool = True
    ) -> RateKey:
        """An episode has begun, or (many) come to be of many people; confirmed: something else than the camera itself
        speaks for it. brief: it has not lasted yet when it is first told of. Returns what has changed."""
        if self._since is None:
            self._since = time
        key = (site, camera, KINDS[kind].family, many)
        count = self._counts.get(key)
        slow = fast = alone = 0.0
        if count is not None:
            slow, fast, alone = count.slow, count.fast, count.alone
            gone = time - count.time
            if gone > 0.0:
                slow *= exp(-gone / SLOW_S)
                left = exp(-gone / FAST_S)
                fast *= left
                alone *= left
            else:
                time = count.time
        once = 0.0 if confirmed else 1.0
        if kind is not REPORT:  # a post hears of many places: many calls at once are no fault of its own
            alone += once
            if brief:
                fast += 1.0
        self._counts[key] = _Count(time, slow + once, fast, alone)
        return key

    def lasts(self, site: str, camera: str, kind: Kind, begun: float) -> RateKey:
        """An episode that was noted as brief when it had begun turns out not to be. Returns what has changed."""
        key = (site, camera, KINDS[kind].family, False)
        count = self._counts.get(key) or _Count(begun, 0.0, 0.0, 0.0)
        gone = count.time - begun if count.time > begun else 0.0
        self._counts[key] = _Count(count.time, count.slow, max(0.0, count.fast - exp(-gone / FAST_S)), count.alone)
        return key

    def per_s(self, site: str, camera: str, kind: Kind, time: float) -> float:
        """How many such episodes a second are to be expected now: its background."""
        return self._per_s((site, camera, KINDS[kind].family, False), time, False)

    def unconfirmed_per_s(self, site: str, camera: str, kind: Kind, time: float, many: bool = False) -> float:
        """How many that nothing confirms: what others see, too, is no burst, however much of it there is. many: of
        those of many people alone."""
        return self._per_s((site, camera, KINDS[kind].family, many), time, True)

    def _per_s(self, key: RateKey, time: float, unconfirmed: bool) -> float:
        watched = time - (self._since or time)
        watched = (0.0 if watched < 0.0 else watched if watched < SLOW_S else SLOW_S) / _HOUR
        count = self._counts.get(key)
        if count is None:
            return PRIOR_PER_H * PRIOR_H / (PRIOR_H + watched) / _HOUR
        gone = time - count.time if time > count.time else 0.0
        slow = (PRIOR_PER_H * PRIOR_H + count.slow * exp(-gone / SLOW_S)) / (PRIOR_H + watched) / _HOUR
        quick = count.alone if unconfirmed else count.fast
        if quick <= FREE:
            return slow
        burst = BURST * (quick * exp(-gone / FAST_S) - FREE) / FAST_S
        return burst if burst > slow else slow
