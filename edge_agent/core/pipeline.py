"""One camera from frames to events: motion gate, tracker, rules, lifecycle. Pure but for the tracker it is given.

For each frame: `wants_detection`, then `step` with what the detector saw, or with None where it was not asked.
"""

from dataclasses import dataclass

from contract.events import Clock, Event
from edge_agent.core.events import Agent, EventMaker, IdFactory
from edge_agent.core.lifecycle import Change, Lifecycle, Suppressed
from edge_agent.core.motion import Decision, MotionGate
from edge_agent.core.ports import Tracker
from edge_agent.core.rules.base import RuleStep
from edge_agent.core.rules.table import make_rule
from edge_agent.core.schedule import armed
from edge_agent.core.spec import CameraSpec, LoiteringRule, Rule
from edge_agent.core.tracks import HEAL_S, TrackMemory, View
from edge_agent.core.types import Detections, Finding, Frame, Track

__all__ = ["Agent", "CameraPipeline", "Decision", "Found", "IdFactory", "Silenced", "Step"]

CONFIRM_S = 1.0
"""How long to go on looking after a look at a still scene that did not see what was known, or more than the tracker
trusts."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the rule that holds it true at this step."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, slots=True)
class Silenced:
    """What a rule found and nobody is told, with the reason."""

    rule: Rule
    suppressed: Suppressed


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame gave. tracks: of the last look (a held step repeats them). snapshots: ids of the events that
    should carry a picture of this frame. held: nobody looked."""

    tracks: tuple[Track, ...] = ()
    findings: tuple[Found, ...] = ()
    events: tuple[Event, ...] = ()
    snapshots: tuple[str, ...] = ()
    suppressed: tuple[Silenced, ...] = ()
    held: bool = False


@dataclass(slots=True)
class _Watch:
    rule: Rule
    step: RuleStep
    lifecycle: Lifecycle


class CameraPipeline:
    """One camera. One thread; frames in capture order. A `t` that goes back is taken for the latest `t`.

    heal_s: the longest broken track that is mended; None takes the longest gap_s of the loitering rules, at least
    HEAL_S. Raises KeyError where a rule names a zone or line that the camera does not have.
    """

    def __init__(
        self,
        camera: CameraSpec,
        agent: Agent,
        tracker: Tracker,
        ids: IdFactory,
        model: str,
        *,
        heal_s: float | None = None,
    ) -> None:
        if heal_s is None:
            heal_s = max([HEAL_S, *(rule.gap_s for rule in camera.rules if isinstance(rule, LoiteringRule))])
        self._tracker = tracker
        self._gate = MotionGate(camera.motion)
        self._memory = TrackMemory(heal_s)
        self._events = EventMaker(camera, agent, ids, model)
        self._watches = [_Watch(rule, make_rule(camera, rule), Lifecycle(rule.episodes)) for rule in camera.rules]
        self._tracks: tuple[Track, ...] = ()
        self._known: frozenset[int] = frozenset()
        self._reason: str = ""
        self._t = float("-inf")

    def wants_detection(self, frame: Frame) -> Decision:
        """Whether to show this frame to the detector; call it once for each frame. Takes the frame into the
        background."""
        decision = self._gate.decide(frame.luma, max(frame.t, self._t))
        self._reason = decision.reason
        return decision

    def step(self, frame: Frame, detections: Detections | None, clock: Clock) -> Step:
        """What this frame says. detections None: nobody looked, because nothing has moved; everyone is where they
        were."""
        t = self._t = max(frame.t, self._t)
        if detections is None:
            view = self._memory.hold(t)
        else:
            self._tracks = self._tracker.update(detections, frame.width, frame.height, t)
            view = self._memory.look(self._tracks, t, frame.width / frame.height)
            self._settle(view, len(detections), t)
        return self._judge(view, clock)

    def lost(self, t: float, clock: Clock) -> tuple[Event, ...]:
        """The stream is lost or over: the end events of what was running, at its last true time."""
        return self.finish(t, clock).events

    def finish(self, t: float, clock: Clock) -> Step:
        """As `lost`, with the candidates that never ripened among `suppressed`. Frames may follow (a reconnect)."""
        self._t = max(t, self._t)
        events: list[Event] = []
        silenced: list[Silenced] = []
        for watch in self._watches:
            changes, suppressed = watch.lifecycle.finish()
            events += [self._events.make(watch.rule, change, clock) for change in changes]
            silenced += [Silenced(watch.rule, item) for item in suppressed]
        return Step(events=tuple(events), suppressed=tuple(silenced))

    def _settle(self, view: View, detections: int, t: float) -> None:
        """A single look at a still scene may miss someone, or see someone the tracker does not trust yet: look
        again."""
        seen = frozenset(figure.id for figure in view.figures)
        if self._reason == "refresh" and (seen != self._known or detections > len(view.figures)):
            self._gate.unsettled(t + CONFIRM_S)
        self._known = seen

    def _judge(self, view: View, clock: Clock) -> Step:
        found: list[Found] = []
        changes: list[tuple[Rule, Change]] = []
        silenced: list[Silenced] = []
        for watch in self._watches:
            findings = watch.step.step(view)
            made, suppressed = watch.lifecycle.step(view.t, findings, armed=armed(watch.rule.schedule, view.t))
            found += [Found(watch.rule, finding) for finding in findings]
            changes += [(watch.rule, change) for change in made]
            silenced += [Silenced(watch.rule, item) for item in suppressed]
        events = tuple(self._events.make(rule, change, clock) for rule, change in changes)
        snapshots = tuple(event.id for event in events if event.data.phase == "begin")
        return Step(self._tracks, tuple(found), events, snapshots, tuple(silenced), view.held)
