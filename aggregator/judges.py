"""Suppression and learning beside the running correlation: events to rows, operators' closings to verdicts."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from aggregator.core.correlation import Correlator
from aggregator.core.flapping import Closing, SourceKey
from aggregator.core.incident import Incident
from aggregator.core.liveness import Fleet
from aggregator.core.load import LoadPolicy
from aggregator.core.outcome import Outcome
from aggregator.core.ports import Restored, SuppressedRow
from aggregator.core.precision import Judged, LearningPolicy, Precisions, RuleTold, Verdict
from aggregator.core.silences import Silence, check
from aggregator.core.suppression import Suppressed, Suppression, SuppressionPolicy
from aggregator.core.witness import ahead_s, time_of
from contract.codec import decode_event
from contract.events import Event
from contract.ids import uuid7
from contract.kinds import Kind
from contract.texts import catalogue

OUTAGE_WAITS_S = 10.0
"""An outage's first cameras may still wait to be assigned; after this, those that are not there will not come."""


@dataclass(frozen=True, slots=True)
class Policies:
    suppression: SuppressionPolicy = field(default_factory=SuppressionPolicy)
    learning: LearningPolicy = field(default_factory=LearningPolicy)
    load: LoadPolicy = field(default_factory=LoadPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceWish:
    """What somebody wants silenced; see aggregator.core.silences.Silence. starts None: now."""

    actor: str
    reason: str
    expires: float
    starts: float | None = None
    maintenance: bool = False
    site: str | None = None
    camera: str | None = None
    kind: str | None = None
    zone: str | None = None
    rule: str | None = None


class Judges:
    """Made anew with the correlator and the fleet. One thread at a time."""

    def __init__(self, policies: Policies, correlator: Correlator, fleet: Fleet, precisions: Precisions) -> None:
        self.precisions = precisions
        self._correlator = correlator
        self._suppression = Suppression(policies.suppression, correlator.episode, fleet.count)
        self._outages: list[tuple[float, tuple[str, ...]]] = []

    def restore(self, restored: Restored, now: float) -> None:
        """Verdicts are what the precisions were made with; here they also tell which cooldowns still run."""
        begins = (
            ((one.site, one.camera, one.kind), one.time - ahead_s(one.offset_ms), one.flapping)
            for one in restored.begins
        )
        self._suppression.restore(restored.silences, restored.kept_out, restored.hushed, begins)
        for raw, received in restored.faults:
            event = decode_event(raw)
            outage = self._suppression.fault(event, time_of(event))
            if outage and now < received + OUTAGE_WAITS_S:
                self._outages.append((received + OUTAGE_WAITS_S, outage))
        for agent, _ in restored.agents:
            if agent.last_seen and (agent.since or not agent.online):
                self.agent(agent.site, agent.id, False, agent.since)
                self.agent(agent.site, agent.id, agent.online, agent.since)
        self._cool_down(restored.verdicts, now)

    def relearn(self, verdicts: Sequence[Verdict], now: float) -> None:
        """After some were withdrawn: exactly what a restart would know."""
        self.precisions.relearn(verdicts)
        self._suppression.reopened()
        self._cool_down(verdicts, now)

    def _cool_down(self, verdicts: Sequence[Verdict], now: float) -> None:
        for verdict in verdicts:
            if verdict.time >= now - self._suppression.policy.cooldown_s:
                self._suppression.closed((_key(verdict),), Closing(verdict.incident, verdict.time, verdict.true))

    def judge(self, event: Event, received: float, now: float) -> SuppressedRow | None:
        """None: it may raise an alarm."""
        if self._suppression.goes_on(event):
            return None
        found = self._suppression.judge(event, time_of(event))
        for episodes in self._suppression.outages:
            self._outages.append((now + OUTAGE_WAITS_S, episodes))
        self._suppression.outages.clear()
        return SuppressedRow(event, received, found) if found is not None else None

    @staticmethod
    def duplicate(event: Event, received: float) -> SuppressedRow:
        return SuppressedRow(event, received, Suppressed("duplicate", event.id))

    def agent(self, site: str, agent: str, online: bool, now: float) -> None:
        self._suppression.agent(site, agent, online, now)

    def closed(self, incident: Incident, rules: Iterable[RuleTold], now: float, words: str = "") -> list[Verdict]:
        """What an operator's closing says of each rule that told of it. incident: closed. rules: those that its events
        name. words: why it was closed."""
        true = incident.state == "resolved"
        reason = "" if true else _offered().get(words, words)
        heard = {
            (one.site, one.camera, one.kind): (one.first, one.sure) for one in self._correlator.trails(incident.id)
        }
        if not heard:  # it was only announced
            heard = {
                (one.site, one.camera, one.kind or incident.kind): (incident.started, one.confidence)
                for one in incident.sources
            }
        told: dict[tuple[str, str, Kind], list[tuple[str, float]]] = {}
        for one in rules:
            told.setdefault((one.site, one.camera, one.kind), []).append((one.rule, one.sure))
        announced = incident.why.rule if incident.why is not None and len(heard) == 1 else ""
        sources = len(incident.sources)
        verdicts = [
            Verdict(incident.id, now, first, *key, true, sure, sources, rule, reason)
            for key, (first, whole) in sorted(heard.items())
            for rule, sure in told.get(key) or [(announced, whole)]
        ]
        for verdict in verdicts:
            self.precisions.learn(verdict)
        self._suppression.closed(heard, Closing(incident.id, now, true))
        return verdicts

    def gather(self, now: float) -> list[Outcome]:
        """Incidents that turned out to be one outage, made one; call it with each tick."""
        outcomes = [self._correlator.gather(episodes, now) for _, episodes in self._outages]
        self._outages = [outage for outage in self._outages if now < outage[0]]
        self._suppression.forget(now)
        return outcomes

    def silence(self, wish: SilenceWish, now: float) -> Silence:
        """Raises SilenceRefused."""
        silence = Silence(
            id=uuid7(int(now * 1000), os.urandom(10)),
            created=now,
            actor=wish.actor,
            reason=wish.reason,
            starts=now if wish.starts is None else wish.starts,
            expires=wish.expires,
            maintenance=wish.maintenance,
            site=wish.site,
            camera=wish.camera,
            kind=wish.kind,
            zone=wish.zone,
            rule=wish.rule,
        )
        check(silence)
        self._suppression.silences.put(silence)
        return silence

    def end_silence(self, identity: str, now: float, actor: str) -> Silence:
        """Raises KeyError for one that is not known or was over long ago."""
        return self._suppression.silences.end(identity, now, actor)

    def judged(self, now: float) -> list[Judged]:
        return self.precisions.judged(now)


@cache
def _offered() -> dict[str, str]:
    """The reasons that the page offers, in any language, by their code."""
    prefix = "web.reason."
    return {
        words: key.removeprefix(prefix)
        for key, texts in catalogue().items()
        if key.startswith(prefix)
        for words in texts.values()
    }


def _key(verdict: Verdict) -> SourceKey:
    return verdict.site, verdict.camera, Kind(verdict.kind)
