"""Silences: what an operator does not want to be told for a while, with a matcher, an expiry and a reason.

A silence names a site, a camera, one of its rules, a kind or a zone; what it matches raises no alarm and is stored as
silenced. What is critical is only silenced where the silence names its kind, or the very rule: somebody who mends
cameras at a site does not mean fire.
Times are seconds since the epoch; whether an event is silenced depends on when it happened.
"""

from dataclasses import dataclass, replace

from contract.events import EventData

LONGEST_S = 7 * 86_400.0
"""A silence that outlives everybody's memory of it is a blind spot."""


class SilenceRefused(ValueError):
    """A silence that cannot be made. `why`: empty, no_site, no_camera, ends_early, too_long."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """maintenance: planned work rather than a nuisance. ended, ended_by: cut short by hand. None of site, camera, kind,
    zone and rule: matches any."""

    id: str
    created: float
    actor: str
    reason: str
    starts: float
    expires: float
    maintenance: bool = False
    site: str | None = None
    camera: str | None = None
    kind: str | None = None
    zone: str | None = None
    rule: str | None = None
    ended: float | None = None
    ended_by: str | None = None

    @property
    def until(self) -> float:
        return self.expires if self.ended is None else min(self.ended, self.expires)

    def active(self, time: float) -> bool:
        return self.starts <= time < self.until

    def matches(self, data: EventData) -> bool:
        """Whatever the time."""
        if data.severity == "critical" and self.kind is None and self.rule is None:
            return False
        wanted = (self.site, self.camera, self.kind, self.zone, self.rule)
        told = (data.site, data.camera, data.kind, data.zone, data.why.rule)
        return all(want is None or want == got for want, got in zip(wanted, told, strict=True))


def check(silence: Silence) -> None:
    """Raises SilenceRefused. A camera and a zone are names within a site, a rule within a camera; nothing matches
    everything."""
    if silence.site is None and (silence.camera or silence.zone or silence.rule):
        raise SilenceRefused("no_site")
    if silence.site is None and silence.kind is None:
        raise SilenceRefused("empty")
    if silence.rule and silence.camera is None:
        raise SilenceRefused("no_camera")
    if silence.expires <= silence.starts or silence.expires <= silence.created:
        raise SilenceRefused("ends_early")
    if silence.expires - silence.starts > LONGEST_S:
        raise SilenceRefused("too_long")


class Silences:
    """Found by site, so that an event is compared with few. One thread."""

    def __init__(self) -> None:
        self._all: dict[str, Silence] = {}
        self._by_site: dict[str | None, dict[str, Silence]] = {}

    def put(self, silence: Silence) -> None:
        self._all[silence.id] = silence
        self._by_site.setdefault(silence.site, {})[silence.id] = silence

    def get(self, identity: str) -> Silence | None:
        return self._all.get(identity)

    def end(self, identity: str, now: float, actor: str) -> Silence:
        """Cut short; one that is over already stays as it is. Raises KeyError."""
        silence = self._all[identity]
        if now < silence.until:
            silence = replace(silence, ended=now, ended_by=actor)
            self.put(silence)
        return silence

    def of(self, data: EventData, time: float) -> Silence | None:
        """The silence that an event falls under which happened at `time`: of several, the one that ends last."""
        found: Silence | None = None
        for site in (data.site, None):
            for silence in self._by_site.get(site, {}).values():
                longer = found is None or (silence.until, silence.id) > (found.until, found.id)
                if longer and silence.active(time) and silence.matches(data):
                    found = silence
        return found

    def forget(self, before: float) -> None:
        """Those that were over by then."""
        for silence in [one for one in self._all.values() if one.until < before]:
            del self._all[silence.id]
            del self._by_site[silence.site][silence.id]
