"""What operators' verdicts say of how often a camera's rules are right, by kind and hour of the day.

An incident that an operator resolves was true, one that is called a false alarm was not. Each rule of a camera that
told of it gets the verdict, and where n sources told of it and it was true, the n-squared part of it: what several tell
says little of what one of them is worth alone.

What is shown is not what is told: the surer a camera is, the sooner it is shown and judged. A verdict therefore counts
by how sure the camera was. With L the odds of its confidence against those of USUAL, a false alarm counts as sqrt(L)
and a true one as 1 / sqrt(L): whatever the confidence, their ratio is then the odds at USUAL. The precision is that of
a word of usual confidence: the mean of a Beta distribution, shrunk in steps. What is known of the kind in the whole
city stands for a camera that little is known of, what is known of its other rules of the kind for a rule that little is
known of, and what is known of the rule for an hour of the day that little is known of (an empirical-Bayes chain; Gelman
et al., Bayesian Data Analysis, 3rd ed., chapter 5).

Verdicts fade with a half-life, since lenses are cleaned and seasons change. Counts fade lazily: each is as of its own
time, so the same verdicts in the same order give the same numbers, and a restart rebuilds them from the store.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Literal, get_args

from aggregator.core.incident import PRECURSORS
from contract.kinds import Kind

USUAL = 0.6
"""The confidence that says nothing for or against; also the precision of a kind that nobody has judged."""
HourClass = Literal["night", "twilight", "day", "evening"]
HOUR_CLASSES: tuple[HourClass, ...] = get_args(HourClass)
_DAY_S = 86_400.0
RuleKey = tuple[str, str, Kind, str]
"""Site, camera, kind, rule."""


@dataclass(frozen=True, slots=True)
class LearningPolicy:
    """kind_weight, camera_weight, hour_weight: how many verdicts what stands behind counts for: a kind's USUAL, a
    camera's or rule's kind, an hour's rule. half_life_days: of a verdict. utc_offset_h: of local time. least, most: the
    furthest that verdicts move a camera's odds. drift: difference in precision that is shown, at drift_sure standard
    deviations."""

    kind_weight: float = 10.0
    camera_weight: float = 4.0
    hour_weight: float = 6.0
    half_life_days: float = 14.0
    utc_offset_h: float = 7.0
    least: float = 0.02
    most: float = 2.0
    drift: float = 0.25
    drift_sure: float = 2.0


@dataclass(frozen=True, slots=True)
class RuleTold:
    """A camera's rule that told of an incident, and how sure it was at most."""

    site: str
    camera: str
    kind: Kind
    rule: str
    sure: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """time: when it was given. heard: when the camera told it (what hour it was). true: no false alarm. told:
    the camera's own confidence. sources: how many told of the incident. rule: that told it; "" where that is not known
    any more. reason: of a false alarm, a code of the catalogue (web.reason.CODE) or somebody's own words."""

    incident: str
    time: float
    heard: float
    site: str
    camera: str
    kind: Kind
    true: bool
    told: float = USUAL
    sources: int = 1
    rule: str = ""
    reason: str = ""

    @property
    def weight(self) -> float:
        surer = sqrt(_odds(min(0.95, max(0.3, self.told))) / _odds(USUAL))
        return 1 / surer / max(1, self.sources) ** 2 if self.true else surer


@dataclass(frozen=True, slots=True)
class Precision:
    """mean: 0..1. verdicts: what is left of those for this camera and kind, faded. alone: what the odds of its word are
    multiplied with where nobody else tells the like; beside: where others do, by how it compares with others."""

    mean: float
    verdicts: float
    alone: float
    beside: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule of a camera, for the tuning engineer. low, high: two standard deviations around the mean. right, wrong:
    verdicts ever. recent: precision by the last half-life alone; drift: recent minus before, None where it is not sure.
    by_hour: mean by hour class, where there are verdicts."""

    site: str
    camera: str
    kind: Kind
    rule: str
    mean: float
    low: float
    high: float
    right: int
    wrong: int
    last: float
    city: float
    recent: float | None
    drift: float | None
    by_hour: tuple[tuple[HourClass, float], ...]


@dataclass(slots=True)
class _Count:
    """Faded counts as of `time`; ever: not faded."""

    time: float = 0.0
    right: float = 0.0
    wrong: float = 0.0
    right_ever: int = 0
    wrong_ever: int = 0

    def faded(self, time: float, half_life_s: float) -> tuple[float, float]:
        if time <= self.time:
            return self.right, self.wrong
        left = 0.5 ** ((time - self.time) / half_life_s)
        return self.right * left, self.wrong * left

    def add(self, true: bool, time: float, half_life_s: float, weight: float = 1.0) -> None:
        self.right, self.wrong = self.faded(time, half_life_s)
        self.time = max(self.time, time)
        if true:
            self.right += weight
            self.right_ever += 1
        else:
            self.wrong += weight
            self.wrong_ever += 1


class Precisions:
    """One thread, no clock. Verdicts come in order of time."""

    def __init__(self, policy: LearningPolicy | None = None, verdicts: Iterable[Verdict] = ()) -> None:
        self.policy = policy or LearningPolicy()
        self._half_life_s = self.policy.half_life_days * _DAY_S
        self._kinds: dict[Kind, _Count] = {}
        self._cameras: dict[tuple[str, str, Kind], _Count] = {}
        self._rules: dict[RuleKey, _Count] = {}
        self._hours: dict[tuple[RuleKey, HourClass], _Count] = {}
        self._recent: dict[RuleKey, _Count] = {}
        self.relearn(verdicts)

    def relearn(self, verdicts: Iterable[Verdict]) -> None:
        """From nothing: after a verdict was withdrawn."""
        for counts in (self._kinds, self._cameras, self._rules, self._hours, self._recent):
            counts.clear()
        for verdict in verdicts:
            self.learn(verdict)

    def learn(self, verdict: Verdict) -> None:
        """A camera's further verdicts say ever less of its kind elsewhere: together they count as `camera_weight` at
        most, or one chronically bad camera would be what is usual for its kind."""
        key = (verdict.site, verdict.camera, verdict.kind)
        life, weight = self._half_life_s, self.policy.camera_weight
        own = self._cameras.setdefault(key, _Count())
        part = verdict.weight
        share = (weight / (weight + sum(own.faded(verdict.time, life)))) ** 2
        self._kinds.setdefault(verdict.kind, _Count()).add(verdict.true, verdict.time, life, part * share)
        own.add(verdict.true, verdict.time, life, part)
        rule = (*key, verdict.rule)
        self._rules.setdefault(rule, _Count()).add(verdict.true, verdict.time, life, part)
        hour = self._hours.setdefault((rule, self.hour_class(verdict.heard)), _Count())
        hour.add(verdict.true, verdict.time, life, part)
        self._recent.setdefault(rule, _Count()).add(verdict.true, verdict.time, life / RECENT, part)

    def hour_class(self, time: float) -> HourClass:
        """Local time: lamps and headlights at night, low sun and lamps that switch at twilight (5-7 and 17-19 h)."""
        hour = (time / 3600 + self.policy.utc_offset_h) % 24
        if hour >= 22 or hour < 5:
            return "night"
        if hour >= 19:
            return "evening"
        return "day" if 7 <= hour < 17 else "twilight"

    def of(self, site: str, camera: str, kind: Kind, time: float, rule: str = "") -> Precision | None:
        """What this rule's word is worth at that time; None while nobody has judged its kind. A post's reports are
        people's words, which no camera's verdicts speak of."""
        if kind not in self._kinds or kind == Kind.REPORT:
            return None
        count, city = self._cameras.get((site, camera, kind)), self.of_kind(kind, time)
        verdicts = sum(count.faded(time, self._half_life_s)) if count else 0.0
        mean = self._at((site, camera, kind, rule), self.hour_class(time), time)
        beside = self._held(_odds(mean) / _odds(city))
        alone = beside if kind in PRECURSORS else self._held(_odds(mean) / _odds(USUAL))
        return Precision(mean, verdicts, alone, beside)

    def _held(self, factor: float) -> float:
        return min(self.policy.most, max(self.policy.least, factor))

    def of_kind(self, kind: Kind, time: float) -> float:
        """The kind's precision in the whole city."""
        policy = self.policy
        count = self._kinds.get(kind)
        right, wrong = count.faded(time, self._half_life_s) if count else (0.0, 0.0)
        return _mean(right, wrong, USUAL, policy.kind_weight)

    def judged(self, now: float) -> list[Judged]:
        """Every rule with a verdict, those that drift first, then the least precise."""
        found = [self._judged(key, now) for key in self._rules]
        return sorted(found, key=lambda one: (one.drift is None, one.mean, one.site, one.camera, one.kind, one.rule))

    def _judged(self, key: RuleKey, now: float) -> Judged:
        policy, count = self.policy, self._rules[key]
        city, before = self.of_kind(key[2], now), self._before(key, now)
        right, wrong = count.faded(now, self._half_life_s)
        mean = _mean(right, wrong, before, policy.camera_weight)
        spread = 2 * _spread(right, wrong, before, policy.camera_weight)
        recent, drift = self._drift(key, now)
        by_hour = tuple((one, round(self._at(key, one, now), 4)) for one in HOUR_CLASSES if (key, one) in self._hours)
        return Judged(
            *key,
            mean=round(mean, 4),
            low=round(max(0.0, mean - spread), 4),
            high=round(min(1.0, mean + spread), 4),
            right=count.right_ever,
            wrong=count.wrong_ever,
            last=count.time,
            city=round(city, 4),
            recent=recent,
            drift=drift,
            by_hour=by_hour,
        )

    def _at(self, key: RuleKey, hour: HourClass, time: float) -> float:
        """Kind, camera, rule, hour: each shrunk to the one before."""
        policy = self.policy
        mean = self._before(key, time)
        for count, weight in (
            (self._rules.get(key), policy.camera_weight),
            (self._hours.get((key, hour)), policy.hour_weight),
        ):
            if count is not None:
                mean = _mean(*count.faded(time, self._half_life_s), mean, weight)
        return mean

    def _before(self, key: RuleKey, time: float) -> float:
        """What stands for a rule that little is known of: the camera's other rules of its kind, shrunk to the kind. Its
        own verdicts are not in it, or they would count twice."""
        mean = self.of_kind(key[2], time)
        camera, own = self._cameras.get(key[:3]), self._rules.get(key, _Count())
        if camera is None or (camera.right_ever, camera.wrong_ever) == (own.right_ever, own.wrong_ever):
            return mean
        all_of_it, its = camera.faded(time, self._half_life_s), own.faded(time, self._half_life_s)
        right, wrong = (max(0.0, whole - part) for whole, part in zip(all_of_it, its, strict=True))
        return _mean(right, wrong, mean, self.policy.camera_weight)

    def _drift(self, key: RuleKey, now: float) -> tuple[float | None, float | None]:
        """Recent verdicts against older ones: what the quickly fading count holds, and what only the slow one does."""
        policy = self.policy
        right, wrong = self._rules[key].faded(now, self._half_life_s)
        late_right, late_wrong = self._recent[key].faded(now, self._half_life_s / RECENT)
        old_right, old_wrong = max(0.0, right - late_right), max(0.0, wrong - late_wrong)
        late, old = late_right + late_wrong, old_right + old_wrong
        recent = round(late_right / late, 4) if late >= 1 else None
        if late < 2 or old < 2:
            return recent, None
        after, before = (late_right + 1) / (late + 2), (old_right + 1) / (old + 2)
        spread = sqrt(after * (1 - after) / (late + 3) + before * (1 - before) / (old + 3))
        drift = after - before
        sure = abs(drift) >= policy.drift and abs(drift) >= policy.drift_sure * spread
        return recent, round(drift, 4) if sure else None


RECENT = 5.0
"""How many times faster the verdicts of the recent count fade."""


def weighed(confidence: float, factor: float) -> float:
    """A word by what it was worth: its odds times the factor (Bayes' rule in the odds form)."""
    odds = _odds(min(confidence, SURE)) * factor
    moved = round(odds / (1 + odds), 6)
    return max(moved, confidence) if factor >= 1 else min(moved, confidence)


SURE = 0.97
"""No camera is so sure of itself that verdicts do not count."""


def _odds(chance: float) -> float:
    held = min(0.999, max(0.001, chance))
    return held / (1 - held)


def _mean(right: float, wrong: float, prior: float, weight: float) -> float:
    return (right + prior * weight) / (right + wrong + weight)


def _spread(right: float, wrong: float, prior: float, weight: float) -> float:
    """Standard deviation of the Beta distribution."""
    total = right + wrong + weight
    mean = (right + prior * weight) / total
    return sqrt(mean * (1 - mean) / (total + 1))
