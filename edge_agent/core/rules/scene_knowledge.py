"""What `scene_anomaly` knows of a camera, and what waits to become known."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from edge_agent.core.normality import Normality, Sample
from edge_agent.core.rules.base import Memory
from edge_agent.core.rules.scene_cases import CHANNELS, FLOORS, Array
from edge_agent.core.surprise import LEAST_MASS_S, Rarity
from edge_agent.core.timing import reached

BURN_IN_S = 60.0
"""Seconds of figures before the rarity of their deviations is learned: until then everything is unusual."""
FIGURES_S = 200.0
"""Seconds of figures that must have been seen before anything is judged."""
SUSPECT, SUSPECT_WEIGHT = 3.0, 0.1
"""What scores as rare as this or rarer weighs so much when it is learned: it becomes usual where it comes again and
again, not by being there once."""
WAIT_S = 60.0
"""Once something is known, what is seen becomes known so much later, so that nothing makes itself usual while it goes
on."""
MOST = 8192
"""Looks at figures that wait at most; then the first are learned early."""
FADE_EVERY_S = 3600.0
PICTURE = (0.43,)
"""Least mean excess of the picture's level: a power of ten a power of ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Lot:
    """Looks at one figure with its channels then, or a second of pictures: (how unusual, for how long) of each. level:
    how unusual it was at most."""

    level: float
    looks: Sequence[tuple[Sample, Array]] = ()
    pictures: Sequence[tuple[float, float]] = ()


class Knowledge:
    """learn_s: how long to watch before anything is judged. memory_days: time over which what is known fades."""

    def __init__(self, learn_s: float, memory_days: float) -> None:
        self._learn_s = learn_s
        self._memory_s = memory_days * 86_400.0
        self.normal = Normality()
        self.rarity = Rarity(FLOORS, ripening=True)
        self._picture = Rarity(PICTURE)
        self._waiting: deque[tuple[float, Lot]] = deque()
        self._looks = 0
        self._unfaded_s = 0.0
        self._pictures: list[tuple[float, float]] = []
        self._since = float("-inf")

    @property
    def progress(self) -> float:
        """How much of what is needed is known, 0..1: first what is usual, then how rare the unusual is."""
        first = min(self._usual, 1.0)
        return 0.8 * first + 0.2 * min(float(self._picture.total[0]) / LEAST_MASS_S, 1.0)

    @property
    def _usual(self) -> float:
        """How much of what is needed is known of what is usual, 1 when it is enough."""
        return min(self.normal.watched_s / self._learn_s, self.normal.seconds / FIGURES_S)

    def rarity_of(self, level: float) -> float:
        """-log10 of the share of time in which the picture's most unusual figure is so unusual."""
        return float(self._picture.surprise(np.array([[level]]))[0, 0])

    def watch(self, t: float, seconds: float, hour: float, groups: set[int], level: float) -> None:
        """Time has passed in which figures of these groups, none more unusual than `level`, were in the picture."""
        self.normal.watch(seconds, hour, groups)
        if groups and self._usual >= 1.0:
            self._pictures.append((level, seconds))
            if reached(t - self._since, 1.0):
                self.put(t, self._second())
                self._pictures, self._since = [], t
        self._unfaded_s += seconds
        if self._unfaded_s >= FADE_EVERY_S:
            self.normal.fade(exp(-self._unfaded_s / self._memory_s))
            self._unfaded_s = 0.0

    def _second(self) -> Lot:
        """Of the pictures that have not been put yet."""
        return Lot(max((level for level, _ in self._pictures), default=0.0), pictures=tuple(self._pictures))

    def put(self, t: float, lot: Lot) -> None:
        """To be learned: at once while there is more to learn than to judge, else after WAIT_S."""
        if self.progress < 1.0:
            self._learn(lot)
        else:
            self._waiting.append((t + WAIT_S, lot))
            self._looks += len(lot.looks)

    def pass_time(self, t: float) -> None:
        while self._waiting and (reached(t, self._waiting[0][0]) or self._looks > MOST):
            _, lot = self._waiting.popleft()
            self._looks -= len(lot.looks)
            self._learn(lot)

    def arrays(self, more: Iterable[Lot]) -> Memory:
        """All that is known, with what waits and `more` learned."""
        whole = Knowledge(self._learn_s, 1.0)
        whole.normal.take(self.normal.arrays())
        whole.rarity.take(self.rarity.seconds, self.rarity.total)
        whole._picture.take(self._picture.seconds, self._picture.total)
        for lot in (*(lot for _, lot in self._waiting), self._second(), *more):
            whole._learn(lot)
        return {
            **whole.normal.arrays(),
            "rarity": whole.rarity.seconds,
            "rarity_s": whole.rarity.total,
            "picture": whole._picture.seconds,
            "picture_s": whole._picture.total,
            "unfaded_s": np.array(self._unfaded_s),
            "progress": np.array(whole.progress),
        }

    def take(self, memory: Memory) -> None:
        """What `arrays` gave. Raises ValueError where it does not fit; nothing is changed then."""
        kept = dict(memory)
        normal, rarity, picture = Normality(), Rarity(FLOORS, ripening=True), Rarity(PICTURE)
        normal.take(kept)
        rarity.take(kept.get("rarity"), kept.get("rarity_s"))
        picture.take(kept.get("picture"), kept.get("picture_s"))
        unfaded = kept.get("unfaded_s")
        if unfaded is None or unfaded.shape != () or not 0.0 <= float(np.float64(unfaded)) <= FADE_EVERY_S:
            raise ValueError("unfaded_s: no time")
        self.normal, self.rarity, self._picture = normal, rarity, picture
        self._unfaded_s = float(np.float64(unfaded))
        self._waiting.clear()
        self._looks = 0

    def _learn(self, lot: Lot) -> None:
        suspect = self.progress >= 1.0 and self.rarity_of(lot.level) >= SUSPECT
        weight = SUSPECT_WEIGHT if suspect else 1.0
        if lot.pictures:
            levels, seconds = np.array(lot.pictures).T
            self._picture.learn(levels[:, None], seconds[:, None] * weight)
        if lot.looks and self.normal.seconds >= BURN_IN_S:
            seconds = np.array([sample.seconds * weight for sample, _ in lot.looks])
            self.rarity.learn(np.array([raw for _, raw in lot.looks]), np.repeat(seconds[:, None], len(CHANNELS), 1))
        self.normal.learn([sample for sample, _ in lot.looks], weight)
