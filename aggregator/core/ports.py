"""What the service needs from outside. Each port has one conformance suite in tests/ports/."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from msgspec import Struct

from aggregator.core.flapping import Begin
from aggregator.core.incident import Change, Incident
from aggregator.core.linking import Link, Trail
from aggregator.core.liveness import Agent, AgentKey, Camera
from aggregator.core.outcome import EpisodeState
from aggregator.core.precision import RuleTold, Verdict
from aggregator.core.rates import Counted, RateKey
from aggregator.core.sequence import Sequence as Numbers
from aggregator.core.silences import Silence
from aggregator.core.suppression import Reason, Suppressed
from contract.events import Event


class EventRow(Struct, frozen=True, gc=False):
    """An accepted event with its bytes as they came. received: seconds since the epoch."""

    event: Event
    raw: bytes
    received: float
    delayed: bool


class LinkRow(Struct, frozen=True, gc=False):
    """Where an event went, which may be told commits after the event itself: see aggregator.core.ordering."""

    event: str
    incident: str
    link: Link
    refused: tuple[tuple[str, str], ...] = ()


class IncidentRow(Struct, frozen=True, gc=False):
    """An incident, the trails the correlation keeps for it, and the JSON that the API shows."""

    incident: Incident
    trails: tuple[Trail, ...]
    view: bytes


class SuppressedRow(Struct, frozen=True, gc=False):
    """An event that raised no fresh alarm. It is stored among the others, too."""

    event: Event
    received: float
    suppressed: Suppressed


@dataclass(frozen=True, slots=True)
class SuppressedSeen:
    """The same as found. by: the silence, incident or cause's episode. incident: the one that the event joined, or that
    its cause belongs to; None where there is none. count: how often it came."""

    id: int
    event: str
    reason: Reason
    by: str
    detail: str
    site: str
    camera: str
    kind: str
    severity: str
    phase: str
    time: float
    received: float
    count: int
    incident: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedQuery:
    """None: any. since, until: of event time. before: (time, id) of the last one of the page before."""

    reason: str | None = None
    site: str | None = None
    camera: str | None = None
    kind: str | None = None
    since: float | None = None
    until: float | None = None
    before: tuple[float, int] | None = None
    limit: int = 100


Media = Literal["image/jpeg", "video/mp4"]


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A picture or a clip. media: image/jpeg or video/mp4."""

    sha256: str
    event: str
    site: str
    camera: str
    received: float
    content: bytes
    media: Media = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Refused:
    """A message in quarantine. error: the class; field: JSON path; detail: English; payload: its first 64 KiB."""

    received: float
    topic: str
    error: str
    field: str
    detail: str
    payload: bytes
    id: int = 0


@dataclass(slots=True)
class Batch:
    """What one commit writes, all or nothing. merged: (absorbed, kept), in the order it happened, after `links`. moved:
    (episode, from, to). undone: (incident, number of the step); the words of a note go. withdrawn: incidents whose
    verdicts are taken back, before `verdicts`. holds_until: before when nothing is closed or forgotten; None: as it
    was."""

    events: list[EventRow] = field(default_factory=list)
    links: list[LinkRow] = field(default_factory=list)
    incidents: dict[str, IncidentRow] = field(default_factory=dict)
    episodes: dict[str, EpisodeState] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)
    agents: dict[AgentKey, tuple[Agent, Numbers | None]] = field(default_factory=dict)
    cameras: dict[tuple[str, str], Camera] = field(default_factory=dict)
    evidence: list[EvidenceRow] = field(default_factory=list)
    quarantine: list[Refused] = field(default_factory=list)
    suppressed: list[SuppressedRow] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    moved: list[tuple[str, str, str]] = field(default_factory=list)
    undone: list[tuple[str, int]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    counted: dict[RateKey, Counted] = field(default_factory=dict)
    holds_until: float | None = None
    audit: list[tuple[float, str, str, str, str]] = field(default_factory=list)
    """(time, actor, action, object, detail)"""

    def __bool__(self) -> bool:
        told = self.events or self.incidents or self.suppressed or self.links
        return bool(told or self.agents or self.cameras or self.evidence or self.quarantine or self.audit)


@dataclass(frozen=True, slots=True)
class Restored:
    """What the correlation and the fleet need to go on after a restart. unlinked: (wire event, received, hushed) of the
    latest events that were stored and not yet assigned. kept_out, hushed: (episode, latest time, why). begins: of
    episodes, in the order they came. verdicts: all of them, in the order they were given. counted: what cameras tell
    anyway. faults: (wire event, received) of what cameras told of their own faults, in the order it came. holds_until:
    before when nothing was to be closed or forgotten, when that was last said; None: never."""

    incidents: tuple[tuple[Incident, tuple[Trail, ...], tuple[tuple[str, EpisodeState], ...]], ...]
    agents: tuple[tuple[Agent, Numbers | None], ...]
    cameras: tuple[Camera, ...]
    unlinked: tuple[tuple[bytes, float, bool], ...] = ()
    silences: tuple[Silence, ...] = ()
    kept_out: tuple[tuple[str, float, Suppressed], ...] = ()
    hushed: tuple[tuple[str, float, Suppressed], ...] = ()
    begins: tuple[Begin, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    counted: tuple[Counted, ...] = ()
    faults: tuple[tuple[bytes, float], ...] = ()
    holds_until: float | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """events_days also bounds closed incidents and their history."""

    events_days: float = 90.0
    audit_days: float = 730.0
    evidence_days: float = 30.0
    evidence_mb: float = 4096.0
    quarantine_rows: int = 10_000


class Store(Protocol):
    """Keeps everything. Any thread may call anything; commits are applied one after another in the order of the calls.

    `commit` returns when the batch is on disk (it survives SIGKILL and a power cut), and raises StoreError when none of
    it is. Writing an event, a picture or a revision again changes nothing.
    """

    def commit(self, batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        """Returns once it is on disk. meanwhile: is called once, in the caller's thread, while the store writes."""
        ...

    def known(self, events: Sequence[str]) -> frozenset[str]:
        """Those ids that are stored already."""
        ...

    def restore(self, since: float, begins_since: float | None = None) -> Restored:
        """Incidents that are not closed, and those updated since; every agent and camera. begins_since: None: since."""
        ...

    def incident_views(
        self,
        *,
        states: Sequence[str] = (),
        kind: str | None = None,
        before: str | None = None,
        limit: int = 100,
        sites: Collection[str] | None = None,
    ) -> list[tuple[str, bytes]]:
        """(id, JSON), newest beginning first, absorbed ones left out; `before`: ids below this one; `sites`: only those
        with a source at one of these."""
        ...

    def incident_view(self, incident: str) -> bytes | None: ...
    def incident_events(self, incident: str) -> list[tuple[bytes, float, str]]:
        """(wire event, score, reasons as JSON) in order of event time. Among the reasons, `refused`: incidents that it
        did not join, and why, where there are such."""
        ...

    def incident_told(self, incident: str) -> list[tuple[bytes, bool]]:
        """(wire event, delayed) in order of event time."""
        ...

    def changes(self, incident: str) -> list[Change]: ...
    def followers(self, incident: str) -> list[tuple[str, bytes]]:
        """(id, JSON) of those that name it as `previous` or `split_from`, and of those that it absorbed."""
        ...

    def rules_told(self, incident: str) -> list[RuleTold]:
        """Which rules told of the incident: those of its events."""
        ...

    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them, in the order they were given."""
        ...

    def suppressed(self, query: SuppressedQuery) -> list[SuppressedSeen]:
        """The latest first, by event time."""
        ...

    def suppressed_by(self, incident: str) -> dict[str, int]:
        """How many events it kept quiet as their cause, by reason."""
        ...

    def silences(self, since: float) -> tuple[Silence, ...]:
        """Those that expire after that, by their expiry."""
        ...

    def count_by_state(self) -> dict[str, int]: ...
    def evidence(self, sha256: str) -> tuple[bytes, str] | None:
        """(bytes, media type)"""
        ...

    def latest_pictures(self, cameras: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, float]]:
        """The latest (SHA-256, received) of each (site, camera) that has any."""
        ...

    def evidence_site(self, sha256: str) -> str | None:
        """Where the picture was taken."""
        ...

    def clips(self, events: Sequence[str]) -> dict[str, str]:
        """The hash of the clip, by event, of those that have one."""
        ...

    def event_place(self, event: str) -> tuple[str, str, str] | None:
        """(site, agent, camera)"""
        ...

    def quarantine(self, limit: int) -> list[Refused]: ...
    def audit(self, limit: int) -> list[tuple[float, str, str, str, str]]: ...
    def prune(self, retention: Retention, now: float) -> Sequence[tuple[str, int, tuple[str, ...]]]:
        """Deletes what is past its time. (id, revision, sites) of the incidents that are gone."""
        ...

    def queue_depth(self) -> int: ...
    def close(self) -> None: ...


class Meter(Protocol):
    """Where the service counts. Any thread."""

    def events(self, outcome: str, lags_s: Sequence[float | None]) -> None:
        """outcome: stored, duplicate or quarantined. lags_s: one for each, from the camera to its taking in; None where
        that says nothing."""
        ...

    def evidence(self, outcome: str) -> None: ...


class Message(Struct, frozen=True, gc=False):
    """One MQTT message. token: what `acknowledge` needs; None where nothing is to be acknowledged (QoS 0)."""

    topic: str
    payload: bytes
    received: float
    token: object | None = None


@dataclass(frozen=True, slots=True)
class MqttSpec:
    """The broker. client_id: fixed, since the broker keeps the session under it. session_s: how long it keeps it while
    we are away. in_flight: messages the broker may send ahead of our acknowledgements (MQTT 5 receive maximum)."""

    host: str = "127.0.0.1"
    port: int = 1883
    client_id: str = "jaga-aggregator"
    username: str | None = None
    password: str | None = None
    tls_ca: str | None = None
    version: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: int = 30
    session_s: int = 604_800
    in_flight: int = 1000


class Ingest(Protocol):
    """Messages from the broker. Its own thread calls `sink` and never waits in it; `acknowledge` may be called from any
    thread, in the order in which the messages came, and only once they are stored."""

    def start(self, sink: Callable[[Message], None], full: Callable[[], bool] = lambda: False) -> None:
        """full: whether what comes next is to stay with the broker for now; it may be exceeded by one read."""
        ...

    def acknowledge(self, messages: Iterable[Message]) -> None: ...
    def publish(self, topic: str, payload: bytes, expires_s: int) -> None:
        """QoS 1; left out where there is no connection. From any thread. expires_s: the broker may drop it then."""
        ...

    def redeliver(self) -> None:
        """Reconnects, so that the broker sends again whatever was not acknowledged."""
        ...

    @property
    def connected(self) -> bool: ...
    def close(self) -> None: ...
