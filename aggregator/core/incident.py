"""The incident, how it moves from state to state, and when it is opened.

Times are seconds since the Unix epoch (UTC). An incident is a frozen value: each change makes a new one with the next
`revision`. The table of states is aggregator.core.states.

What is made anew with nearly every event is a msgspec struct, which takes a tenth of a frozen dataclass's time.
"""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from aggregator.core.care import UNTOUCHED, Action, Care
from aggregator.core.states import CLOSED, TRANSITIONS, Party, State, allowed
from contract.events import Location, Subject, Why
from contract.kinds import KINDS, Kind, Severity

Opening = Literal["reported", "second_source", "severe", "strong_source", "crowded", "sure", "lasting"]


@dataclass(frozen=True, slots=True)
class OpeningPolicy:
    """When a suspected incident is shown as open: confidences (0..1) that it must reach.

    second_source: seen by two independent sources. severe: severity major or critical, or a crowd of crowded people.
    strong_source: any severity but info, however few the sources. An incident of severity info is context: it is opened
    only once it has gone on for context_s and reaches strong_source, or for lasting_s and reaches certain. What a
    person told is always shown. What only one camera tells is not, while that camera tells more than doubted_per_h
    things an hour that nothing confirms (only those of crowded people count, where this is one), times the odds against
    this one (`doubt`); what is critical is, if it reaches strong_source (or does by its own word, and verdicts leave
    `severe`), and what is major, if it reaches `sure`.
    judged: what verdicts have to leave of a word that reaches severe. Whatever they have shown, something critical is
    opened that reaches `sure` by its camera's own word, and something major or critical, or a crowd, whose episode
    lasts for lasting_s: who was wrong a hundred times may be right about a fire. Of a camera that does not tell much,
    something major or critical that itself lasts so long need only reach judged: who is half sure of it all along sees
    something.
    """

    second_source: float = 0.5
    severe: float = 0.5
    strong_source: float = 0.7
    doubted_per_h: float = 0.6
    judged: float = 0.3
    sure: float = 0.85
    certain: float = 0.95
    crowded: int = 15
    lasting_s: float = 90.0
    context_s: float = 300.0


class Source(Struct, frozen=True, gc=False):
    """An independent source: one camera (or reporter). confidence: the greatest of its events, each weighed by the
    precision that verdicts have shown, beside others. told: that event's own confidence; kind: what it told of. alone:
    the confidence where nobody else tells the like. precision, verdicts: of this camera and kind then; None while
    nobody has judged the kind."""

    site: str
    camera: str
    confidence: float
    location: Location | None = None
    told: float | None = None
    kind: Kind | None = None
    alone: float | None = None
    precision: float | None = None
    verdicts: float = 0.0


class Incident(Struct, frozen=True, gc=False):
    """strength orders events by how much they say; kind, why and snapshot are those of the strongest. running: episodes
    that have begun and not ended; the system's closing ends them. last_end: the latest end of an episode. delayed:
    every event was at first, or those were that would have opened it; until it opens. merged_into: the incident that
    absorbed this one. opened: when it was first more than suspected. severity: that of the gravest event (`gravest`),
    raised for the reasons in `raised`. people: the most that one event told of; people_first: of the first event that
    counted any, at people_since. reports: how many people told of it. doubts: why it was kept at suspected although it
    would have been opened, as `what:how much`. split_from: the incident that an operator took it out of. apart: those
    that are another matter, as operators said or because it began at once long after (`onset`). care: what people did
    with it; told_kind, told_severity: what its cameras say where a person's word stands instead."""

    id: str
    kind: Kind
    state: State
    severity: Severity
    confidence: float
    started: float
    last_event: float
    updated: float
    last_end: float | None = None
    closed_at: float | None = None
    location: Location | None = None
    sources: tuple[Source, ...] = ()
    running: frozenset[str] = frozenset()
    event_count: int = 0
    delayed: bool = False
    zones: tuple[str, ...] = ()
    snapshot: str | None = None
    snapshot_strength: tuple[int, float, float] = (-1, 0.0, 0.0)
    why: Why | None = None
    strength: tuple[int, float, float] = (-1, 0.0, 0.0)
    subjects: tuple[Subject, ...] = ()
    subjects_time: float = 0.0
    previous: str | None = None
    merged_into: str | None = None
    opened: float | None = None
    gravest: Severity = "info"
    raised: tuple[str, ...] = ()
    people: int = 0
    people_first: int = 0
    people_since: float | None = None
    reports: int = 0
    doubts: tuple[str, ...] = ()
    revision: int = 0
    split_from: str | None = None
    apart: tuple[str, ...] = ()
    care: Care = UNTOUCHED
    told_kind: Kind | None = None
    told_severity: Severity | None = None

    @property
    def told(self) -> float:
        """What the confidence would be if nobody had ever judged a camera."""
        return believed(self.sources)[1]

    @property
    def closed(self) -> bool:
        return self.state in CLOSED

    @property
    def ended(self) -> float | None:
        """When its last episode ended; None while one runs."""
        return None if self.running else self.last_end


class Change(Struct, frozen=True, gc=False):
    """One step of an incident's history. before: None when it came to be. action: what a person did, "state" for a step
    of the lifecycle, whoever made it. detail: of the action: a name, a severity, another incident. number: counts what
    people did with the incident, 0 for the system. undone: it was taken back; of a note the words are gone."""

    incident: str
    time: float
    actor: str
    before: State | None
    after: State
    reason: str
    action: Action = "state"
    detail: str = ""
    number: int = 0
    undone: bool = False


class TransitionRefused(Exception):
    """`allowed` names the states that an operator may move the incident to. incident: as it is, where it is in
    memory."""

    def __init__(self, identity: str, state: State, to: str, incident: Incident | None = None) -> None:
        super().__init__(f"{identity}: {state} to {to}")
        self.state, self.to, self.allowed, self.incident = state, to, allowed(state), incident


def move(
    incident: Incident, to: State, now: float, *, party: Party, actor: str, reason: str
) -> tuple[Incident, Change]:
    """The incident in its next state, and what to note. Raises TransitionRefused where the table has no such row."""
    if incident.merged_into is not None or party not in TRANSITIONS.get((incident.state, to), frozenset()):
        raise TransitionRefused(incident.id, incident.state, to, incident)
    shown = incident.opened if incident.opened is not None or to in CLOSED else now
    doubts = incident.doubts if to in CLOSED else ()  # who looks at what was never shown may ask why
    moved = replace(incident, state=to, updated=now, opened=shown, doubts=doubts, revision=incident.revision + 1)
    if to in CLOSED:
        moved = replace(moved, closed_at=now)
    if to in CLOSED and party == "system":
        # What still ran is taken to have ended when it was last heard of, whatever had ended before.
        unended = incident.running or incident.last_end is None
        moved = replace(moved, running=frozenset(), last_end=incident.last_event if unended else incident.last_end)
    return moved, Change(incident.id, now, actor, incident.state, to, reason)


USUAL_ODDS = 1.5
"""c / (1 - c) of a confidence that says nothing for or against (0.6)."""
SUREST = 0.85
"""No camera's word counts for more than this, nor for less than its opposite."""


def doubt(confidence: float) -> float:
    """The odds against something, of a source that is this sure, as a multiple of what is usual."""
    if confidence > SUREST:
        confidence = SUREST
    elif confidence < 1.0 - SUREST:
        confidence = 1.0 - SUREST
    return USUAL_ODDS * (1.0 - confidence) / confidence


class Heard(Struct, frozen=True, gc=False):
    """What the opening also depends on. unconfirmed_per_h: how many things like this its camera tells that nothing
    confirms. lasts_s: how long the episode has been going on that was told of just now. kind: what it is of."""

    unconfirmed_per_h: float = 0.0
    lasts_s: float = 0.0
    kind: Kind | None = None


NOTHING = Heard()


class Weighed(Protocol):
    """What of an incident the opening depends on; an `Incident` is one, and so is one that is still being made."""

    @property
    def state(self) -> State: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def confidence(self) -> float: ...
    @property
    def told(self) -> float: ...
    @property
    def sources(self) -> Sized: ...
    @property
    def people(self) -> int: ...
    @property
    def reports(self) -> int: ...
    @property
    def started(self) -> float: ...
    @property
    def last_event(self) -> float: ...


def opening(incident: Weighed, policy: OpeningPolicy, heard: Heard = NOTHING) -> Opening | None:
    """Why a suspected incident is to be opened now, or None. What its camera tells unconfirmed only matters where there
    is one source."""
    if incident.state != "suspected":
        return None
    if incident.severity == "info":
        shown = _context(incident, policy) and not _busy(incident, policy, heard)
        return "lasting" if shown else None
    if not _busy(incident, policy, heard):
        return _reached(incident, incident.confidence, policy) or _all_the_same(incident, policy, heard)
    if incident.severity == "critical" and _strong(incident, policy):
        return "severe"
    if incident.severity == "major" and incident.confidence >= policy.sure:
        return "sure"
    return "lasting" if _lasts(incident, policy, heard) else None


def _strong(incident: Weighed, policy: OpeningPolicy) -> bool:
    """Whether its word reaches strong_source: by what verdicts leave of it, or by itself where they leave `severe`."""
    if incident.confidence >= policy.strong_source:
        return True
    return incident.told >= policy.strong_source and incident.confidence >= policy.severe


def _context(incident: Weighed, policy: OpeningPolicy) -> bool:
    """Whether what is context alone is worth a line: the surer, the sooner."""
    lasts = incident.last_event - incident.started
    if incident.confidence >= policy.certain:
        return lasts >= policy.lasting_s
    return incident.confidence >= policy.strong_source and lasts >= policy.context_s


def against(incident: Weighed, policy: OpeningPolicy, heard: Heard = NOTHING) -> tuple[str, ...]:
    """What speaks against an incident that `opening` leaves suspected: its cameras' verdicts (`verdicts`), or that the
    only one tells much that nothing confirms (`unconfirmed:per hour`)."""
    found = []
    if incident.told - incident.confidence >= DOUBT:
        found.append("verdicts")
    if _busy(incident, policy, heard):
        found.append(f"unconfirmed:{heard.unconfirmed_per_h:.1f}")
    return tuple(found)


DOUBT = 0.1
"""Verdicts that lower a confidence by less than this are no doubt."""


def _busy(incident: Weighed, policy: OpeningPolicy, heard: Heard) -> bool:
    if incident.reports or len(incident.sources) >= 2:
        return False
    return heard.unconfirmed_per_h * doubt(incident.told) > policy.doubted_per_h


def _reached(incident: Weighed, confidence: float, policy: OpeningPolicy) -> Opening | None:
    """What is graver needs less of what verdicts leave of its word: a brawl that is missed costs more than two walks to
    a false one."""
    if incident.severity == "info":
        return None
    if incident.reports:
        return "reported"
    if len(incident.sources) >= 2 and confidence >= policy.second_source:
        return "second_source"
    if incident.severity in GRAVE and incident.told >= policy.severe and confidence >= policy.judged:
        return "severe"
    if incident.kind in PRECURSORS and incident.told >= policy.strong_source and confidence >= policy.severe:
        return "strong_source"
    if incident.kind in PRECURSORS and incident.people >= policy.crowded and confidence >= policy.severe:
        return "crowded"  # what is taken for people by mistake is a few
    return "strong_source" if confidence >= policy.strong_source else None


def _all_the_same(incident: Weighed, policy: OpeningPolicy, heard: Heard) -> Opening | None:
    """What opens whatever verdicts have shown."""
    if incident.severity == "critical" and incident.told >= policy.sure:
        return "sure"
    stays = heard.lasts_s >= policy.lasting_s and heard.kind is incident.kind  # a queue makes no flash a fire
    if stays and incident.severity in GRAVE and incident.confidence >= policy.judged:
        return "lasting"
    return "lasting" if _lasts(incident, policy, heard) else None


def _lasts(incident: Weighed, policy: OpeningPolicy, heard: Heard) -> bool:
    serious = incident.severity in GRAVE or incident.kind in PRECURSORS
    if not serious or heard.lasts_s < policy.lasting_s:
        return False
    return incident.confidence >= policy.severe or _reached(incident, incident.told, policy) is not None


GRAVE: frozenset[Severity] = frozenset({"major", "critical"})
_CRITICAL = frozenset(info.family for info in KINDS.values() if info.severity == "critical")
PRECURSORS = frozenset(kind for kind, info in KINDS.items() if info.severity != "critical" and info.family in _CRITICAL)
"""What something critical may look like before it does, as a crowd does before it fights: however often such a kind is
false in the city, only a camera's own record lowers it."""


def believed(sources: tuple[Source, ...]) -> tuple[float, float]:
    """The confidence in what independent sources tell, and what it would be if nobody had ever judged a camera.

    The chance that at least one is right (a noisy or: Pearl 1988, section 4.3.2, without a leak). Two rules of one
    camera are one source. Who is alone is weighed as the like have turned out when they were alone."""
    wrong = unjudged = 1.0
    for one in sources:
        wrong *= 1.0 - one.confidence
        unjudged *= 1.0 - (one.confidence if one.told is None else one.told)
    told = round(1.0 - unjudged, 6)
    if len(sources) == 1 and sources[0].alone is not None:
        return sources[0].alone, told
    return told if wrong == unjudged else round(1.0 - wrong, 6), told
