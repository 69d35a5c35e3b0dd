"""Which of the incidents going on an episode comes from, if from any; and whether two incidents are one.

Every incident around pulls at the new episode with the rate at which it would bring it forth (`linking.tie`); against
it stands the background: what this camera tells anyway (`rates`), new incidents, and others of the like near by.
"""

from collections.abc import Mapping
from math import factorial, inf

from msgspec import Struct

from aggregator.core.fold import Draft
from aggregator.core.incident import doubt
from aggregator.core.kinship import AFFINITY, FOLLOWS_S, PAIRS, REPORT, UNLED, VAGUE
from aggregator.core.linking import ONSET_S, HeardSince, Link, Tie, Trail, always, tie
from aggregator.core.rates import PRIOR_PER_H, Rates, brief_s
from aggregator.core.trails import TrailIndex
from contract.kinds import KINDS, Kind

NEW_PER_S = 0.05 / 3600
"""New incidents per camera and second."""
TRUE_PER_S = 0.12 / 3600
"""Single sightings that are true, per camera and second: against this stands the camera's own rate when it is asked
whether what one camera told is anything to join."""
BURST_PER_S = 10 / 3600
"""A camera that tells more than this without anything to confirm it is in a burst: what it tells then is one thing, as
long as the next follows soon."""
SUPPORT = 1.4
"""Several trails together pull at most this many times as strongly as the strongest: they are not independent."""
AMONG = 3.0
"""Nor more than this many times as strongly as the mean of those that are of one kind and time: the strongest would
have an incident grow step by step along a street."""
MARGIN = 4.0
"""An episode joins where it is this much likelier to come from the incident than not: a wrong join mixes two incidents
for good, a missed one leaves a fragment that a later event can still bridge."""
CALL = 2.0
"""The same for a call about what one source alone tells: it has a line of its own otherwise, so to miss costs as much
as to be wrong."""
LASTING = 1.5
LASTS_S = 30.0
"""The same for an episode that still stands alone after LASTS_S: what goes on is less often false."""
BRIDGE = 5.0
"""Two incidents are looked at as one where an episode is this much likelier to come from the second, too, than from the
background."""
BESIDE = 0.2
"""And at least this much as likely to come from it as from the first."""
VOTES = 0.6
VOTERS = 8
"""Of the smaller incident's latest trails, so many, and this share of them must tie to the other incident."""
TOGETHER_S = 60.0
"""Trails with a smaller gap are of one time: then all of the other incident's count, by their mean."""
STILL: frozenset[Kind] = frozenset({Kind.SMOKE_FIRE})
"""What stays where it is and is seen at once by all that ever see it: cameras that have never told of it and now do so
together tell of another. What moves or grows comes into view of a crossing's cameras together, too."""
AT_ONCE_S = 10.0
BEGINNING_S = 180.0
"""An incident's own beginning: smoke comes into view, and whoever tells of it first within this long is no surprise."""
LATE_S = 600.0
"""Afterwards, another camera first tells of it about this often; the prior of a Gamma of weight one."""
TOGETHER = 3
UNLIKELY = 1e-4
"""So many cameras within AT_ONCE_S, and as improbable as this from one that goes on: about the chance that another
begins near by just then."""


class Pull(Struct, gc=False):
    """How strongly an incident pulls. trail, credit: of its strongest tie. others: what of it comes from other cameras.
    own: its only source is the camera itself. against: what stands against it. among: see AMONG; inf where that does
    not apply."""

    incident: str
    rate: float
    strongest: Tie
    trail: Trail
    credit: float
    total: float
    others: float
    support: int = 1
    own: bool = False
    against: float = 0.0
    among: float = inf

    @property
    def confirmed(self) -> bool:
        """Whether it would be likelier than not without what the camera told itself."""
        return self.others > self.against


def goes_on(trail: Trail, before: float) -> bool:
    """Whether the trail has come to last LASTS_S, or twice as long, four times and so on, with what was heard of it
    since `before`: most that is looked at again has nothing new around, and a look is the dearest thing there is."""
    first, last = trail.first, trail.last
    if last - first < LASTS_S:
        return False
    if before < first:
        before = first
    return int((last - first) // LASTS_S).bit_length() > int((before - first) // LASTS_S).bit_length()


def _strongest(pull: Pull) -> tuple[float, str]:
    return -pull.rate, pull.incident


class Attribution:
    """Pure but for what it is given. drafts: by id, all that have trails."""

    def __init__(
        self, index: TrailIndex, rates: Rates, drafts: Mapping[str, Draft], heard: HeardSince = always
    ) -> None:
        self._index, self._rates, self._drafts, self._heard = index, rates, drafts, heard

    def pulls(self, probe: Trail) -> list[Pull]:
        """Of every incident around, the strongest first; those that never can be one with it are left out."""
        others = self._index.near(probe)
        if not others:
            return []
        found: dict[str, Pull] = {}
        left: dict[tuple[str, Kind], float] = {}
        alone: dict[int, float] = {}
        for key, other, distance in others:
            one = tie(probe, other, self._heard, distance)
            if type(one) is not Tie:
                continue
            credit = self._credit(other, probe)
            alone[key] = rate = one.rate * credit
            vague = other.kind in VAGUE
            if vague or (one.match == "related" and other.kind in FOLLOWS_S):
                what = other.incident, other.kind
                if what not in left:
                    left[what] = self._means(other, probe.kind) if vague else self._follows(other, probe)
                rate *= left[what]
                if vague and rate == 0.0:
                    continue
            pull = found.get(other.incident)
            elsewhere = 0.0 if one.place == "camera" else rate
            if pull is None:
                found[other.incident] = Pull(other.incident, rate, one, other, credit, rate, elsewhere)
                continue
            pull.total += rate
            if elsewhere > pull.others:
                pull.others = elsewhere
            pull.support += 1
            if rate > pull.rate:
                pull.rate, pull.strongest, pull.trail, pull.credit = rate, one, other, credit
        if not found:
            return []
        usual = self.background(probe)
        for pull in found.values():
            self._weigh(pull, usual)
            if pull.strongest.place != "camera" and self.likely(pull, probe):
                pull.among = self._among(pull.trail, probe, alone)
                if pull.rate > AMONG * pull.among:
                    pull.rate = AMONG * pull.among
        return sorted(found.values(), key=_strongest) if len(found) > 1 else list(found.values())

    def likely(self, pull: Pull, probe: Trail) -> bool:
        """Whether the probe is so much likelier to come from that incident than not that it may join it."""
        lone_word = probe.kind is REPORT and len(self._drafts[pull.incident].sources) == 1
        return pull.rate > (CALL if lone_word else MARGIN) * pull.against

    def background(self, probe: Trail) -> float:
        """What the camera tells anyway, by how sure it is this time, and new incidents."""
        rate = self._rates.per_s(probe.site, probe.camera, probe.kind, probe.first)
        return rate * doubt(probe.sure) + NEW_PER_S

    def link(self, pull: Pull, pulls: list[Pull], probe: Trail) -> Link:
        """Why the probe joins that incident."""
        everything = sum(one.rate for one in pulls) + pull.against
        tied, other = pull.strongest, pull.trail
        return Link(
            score=round(min(1.0, pull.rate / everything), 4),
            kind=tied.match,
            place=tied.place,
            time_s=round(tied.time_s, 3),
            distance_m=None if tied.distance_m is None else round(tied.distance_m, 1),
            other=f"{other.site}/{other.camera}",
            support=pull.support,
            rate=round(pull.rate * 3600, 3),
            against=round(pull.against * 3600, 3),
        )

    def brief(self, probe: Trail, joins: Pull | None = None) -> bool:
        """Whether the probe, of the incident that it joins, may be part of a burst."""
        sources = max(2, len(self._drafts[joins.incident].sources)) if joins is not None and joins.confirmed else 1
        return probe.last - probe.first < brief_s(probe.kind, sources)

    def beside(self, pulls: list[Pull], probe: Trail) -> list[Pull]:
        """Of the incidents that the probe may join, those that it may ask to be one with the first, which it joins.

        None, where its camera has told the same of that one before and many do: it sees it again, which is no news."""
        joins = pulls[0].incident
        told_before = len(pulls) > 1 and (probe.site, probe.camera, probe.kind) in self._index.by_source(joins)
        if told_before and brief_s(probe.kind, len(self._drafts[joins].sources)) == 0.0:
            return []
        return [pull for pull in pulls[1:] if pull.rate >= BESIDE * pulls[0].rate]

    def are_one(self, a: str, b: str) -> bool:
        """Whether enough of the smaller incident's latest trails tie to the other one (VOTES)."""
        small, large = sorted((a, b), key=lambda one: (self._index.count(one), one))
        voters = sorted(self._index.of(small), key=lambda trail: (-trail.last, trail.key))[:VOTERS]
        others = self._index.of(large)
        votes = sum(self._ties(voter, others) for voter in voters)
        return votes >= VOTES * len(voters)

    def _ties(self, voter: Trail, others: tuple[Trail, ...]) -> bool:
        ties = [
            (one, self._credit(other, voter) * means)
            for other in others
            if isinstance(one := tie(voter, other, self._heard), Tie)
            and (means := self._means(other, voter.kind) if other.kind in VAGUE else 1.0)
        ]
        if not ties:
            return False
        usual = self.background(voter)
        together = [(one.rate * credit, one.apart * credit) for one, credit in ties if one.time_s <= TOGETHER_S]
        if len(together) > 1:
            rate = sum(rate for rate, _ in together) / len(together)
            return rate > usual + sum(apart for _, apart in together) / len(together)
        return any(one.rate * credit > usual + one.apart * credit for one, credit in ties)

    def _weigh(self, pull: Pull, usual: float) -> None:
        """Own: a camera that repeats itself joins what it told before, also in a burst, which is no news."""
        if pull.support > 1 and pull.strongest.match != "related":
            most = SUPPORT * pull.rate
            pull.rate = pull.total if pull.total < most else most
        if pull.strongest.place == "camera" and len(self._drafts[pull.incident].sources) == 1:
            pull.own = True
            pull.rate += usual
            pull.against = min(usual, BURST_PER_S) + PRIOR_PER_H / 3600
        else:
            pull.against = usual + pull.strongest.apart * pull.credit

    def _among(self, strongest: Trail, probe: Trail, alone: Mapping[int, float]) -> float:
        """The mean pull of those of the incident's trails that tell what the strongest does, at the probe's time.
        alone: what each that ties to the probe pulls by itself, by its key.

        Where an incident is seen from many places, another sighting of it lies among them: the density of such a cloud
        is the mean of its kernels (Rosenblatt 1956), where the strongest alone would let it grow without end."""
        earliest, latest = probe.first - TOGETHER_S, probe.until(self._heard) + TOGETHER_S
        pulled, count = 0.0, 0
        for other in self._index.by_source(strongest.incident).values():
            if other.kind != strongest.kind or other.first > latest or other is probe:
                continue
            if other.last < earliest and other.until(self._heard, earliest) < earliest:
                continue
            count += 1
            pulled += alone.get(other.key, 0.0)
        return pulled / count if count > 1 else inf

    def begins_anew(self, incident: str, probe: Trail) -> bool:
        """Whether the probe, and others just before it, are the beginning of another such thing than the incident.

        By how many cameras have come to it late, so many that come at once are too improbable: a scan statistic of a
        Poisson process whose rate is Gamma."""
        if probe.kind not in STILL:
            return False
        trails = self._index.by_source(incident)
        if (probe.site, probe.camera, probe.kind) in trails:
            return False
        firsts = [trail.first for trail in trails.values() if trail.kind == probe.kind]
        since = probe.first - AT_ONCE_S
        begun = min(firsts, default=since) + BEGINNING_S
        if since <= begun:
            return False
        late = sum(begun < first < since for first in firsts)
        together = 1 + sum(since <= first <= probe.first for first in firsts)
        expected = AT_ONCE_S * (late + 1) / (since - begun + LATE_S)
        return together >= TOGETHER and expected**together / factorial(together) < UNLIKELY

    def _follows(self, trail: Trail, probe: Trail) -> float:
        """What is left of a trail's tie to what would come of it, where that comes too late for it."""
        if PAIRS[probe.kind][trail.kind].order >= 0:
            return 1.0
        began = min(other.first for other in self._index.of(trail.incident) if other.kind == trail.kind)
        return UNLED if probe.first - began > FOLLOWS_S[trail.kind] else 1.0

    def _means(self, trail: Trail, kind: Kind) -> float:
        """What is left of a vague trail's tie to something of `kind`, once it is known what its incident is.

        Of a report nothing: what was seen explains it, so it speaks for nothing else (explaining away, Pearl 1988)."""
        if kind in VAGUE:
            return 1.0
        trails = self._index.by_source(trail.incident).values()
        definite = [AFFINITY[kind][other.kind] for other in trails if other.kind not in VAGUE]
        if not definite:
            return 1.0
        if trail.kind is REPORT:
            return 0.0
        return min(1.0, max(definite) / AFFINITY[kind][trail.kind])

    def _credit(self, trail: Trail, probe: Trail) -> float:
        """The chance that a trail is of something true: 1 where a second source confirms it, or for the same camera's
        next word of the same: what goes on there does, true or not. So for what two of its rules, of one family, begin
        to tell at once. Another thing it tells is another word."""
        if len(self._drafts[trail.incident].sources) > 1:
            return 1.0
        if trail.camera == probe.camera and trail.same_camera(probe):
            if trail.kind is probe.kind:
                return 1.0
            if KINDS[trail.kind].family == KINDS[probe.kind].family and any(
                abs(first - probe.first) <= ONSET_S for first, _ in trail.running.values()
            ):
                return 1.0
        rate = self._rates.per_s(trail.site, trail.camera, trail.kind, trail.last)
        return 1.0 / (1.0 + rate / TRUE_PER_S * doubt(trail.sure))
