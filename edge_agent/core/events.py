"""The contract's event, built from a change of an episode. The same changes give the same events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from contract.events import Clock, Event, EventData, Measure, Why, event_source, event_type, sequence_text, traceparent
from contract.kinds import KINDS, Kind
from edge_agent.core.lifecycle import Change
from edge_agent.core.spec import CameraSpec, Rule

IdFactory = Callable[[float, str], str]
"""(seconds since the epoch, salt) -> UUIDv7 text. The salt is unique within a pipeline: an offline run hashes it."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who reports. boot: id of this start of the process."""

    site: str
    id: str
    config_hash: str
    boot: str = ""


class EventMaker:
    """Events of one camera, without a sequence number ("0" * 20): whoever stores them counts."""

    def __init__(self, camera: CameraSpec, agent: Agent, ids: IdFactory, model: str) -> None:
        self._camera = camera
        self._agent = agent
        self._ids = ids
        self._model = model
        self._episodes: dict[tuple[str, int], str] = {}
        self._made = 0

    def make(self, rule: Rule, change: Change, clock: Clock) -> Event:
        """The next event. An episode's id is made with its begin and forgotten after its end."""
        self._made += 1
        kind = Kind(rule.kind)
        episode = self._episode(rule, change)
        event_id = self._ids(change.at, f"{rule.id}/{change.key}/{change.serial}/{change.phase}/{self._made}")
        return Event(
            id=event_id,
            source=event_source(self._agent.site, self._agent.id, self._camera.id),
            type=event_type(kind, change.phase),
            time=utc(change.at),
            sequence=sequence_text(0),
            traceparent=traceparent(episode, event_id),
            data=EventData(
                camera=self._camera.id,
                site=self._agent.site,
                kind=kind,
                phase=change.phase,
                episode=episode,
                started=utc(change.started),
                ended=None if change.ended is None else utc(change.ended),
                confidence=round(min(max(change.confidence, 0.0), 1.0), 4),
                severity=rule.severity or KINDS[kind].severity,
                zone=rule.place,
                location=self._camera.location,
                subjects=change.finding.subjects,
                why=self._why(rule, change),
                clock=clock,
            ),
        )

    def _episode(self, rule: Rule, change: Change) -> str:
        key = (rule.id, change.serial)
        if change.phase == "begin":
            self._episodes[key] = self._ids(
                change.started, f"{rule.id}/{change.key}/{change.serial}/episode/{self._made}"
            )
        return self._episodes.pop(key) if change.phase == "end" else self._episodes[key]

    def _why(self, rule: Rule, change: Change) -> Why:
        held = Measure(name="held", value=change.held_s, threshold=rule.episodes.min_duration_s, unit="s")
        measures = change.finding.measures if change.finding.instant else (*change.finding.measures, held)
        return Why(
            rule=rule.id,
            measures=tuple(
                Measure(name=m.name, value=round(m.value, 3), threshold=m.threshold, unit=m.unit) for m in measures
            ),
            model=self._model,
            config_hash=self._agent.config_hash,
        )


def utc(t: float) -> datetime:
    """To the millisecond, so that a time survives the wire and a float's rounding."""
    return datetime.fromtimestamp(round(t, 3), UTC)
