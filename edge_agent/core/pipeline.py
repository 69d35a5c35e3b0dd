"""One camera from frames to events: motion gate, tracker, rules, lifecycle. Pure but for the tracker it is given.

For each frame: `wants_detection`, then `step` with what the detector saw, or with None where it was not asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

from contract.events import Clock, Event
from edge_agent.core.camera_health import CameraHealth
from edge_agent.core.crop_planner import CropPlanner
from edge_agent.core.crops import Seen, Sheets
from edge_agent.core.events import Agent, EventMaker, IdFactory
from edge_agent.core.lifecycle import Change, Lifecycle, Suppressed
from edge_agent.core.motion import Decision, MotionGate
from edge_agent.core.picture import Pictures
from edge_agent.core.ports import Tracker
from edge_agent.core.rest import PATIENT
from edge_agent.core.rules.base import Learner, Memory, Ripening, RuleStep, Scored, Trained, needs_features, needs_view
from edge_agent.core.rules.table import make_rules
from edge_agent.core.schedule import armed
from edge_agent.core.spec import STRONG, CameraSpec, LoiteringRule, Rule
from edge_agent.core.timing import CLOCK_SET_S
from edge_agent.core.tracks import HEAL_S, TrackMemory, View
from edge_agent.core.types import Detections, Finding, Frame, Track

CONFIRM_S = 1.0
"""How long to go on looking after a look at a still scene that did not show what was known."""


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
    should carry a picture of this frame. held: nobody looked. scores: what the scored rules measured, by rule id.
    learning: how far those are, 0..1, that have not learned enough yet and say nothing before."""

    tracks: tuple[Track, ...] = ()
    findings: tuple[Found, ...] = ()
    events: tuple[Event, ...] = ()
    snapshots: tuple[str, ...] = ()
    suppressed: tuple[Silenced, ...] = ()
    held: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    learning: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Watch:
    """What else a step is besides a RuleStep is asked once: asking a Protocol takes longer than most rules."""

    rule: Rule
    step: RuleStep
    lifecycle: Lifecycle
    learner: Learner | None = None
    scored: Scored | None = None
    ripening: Ripening | None = None

    def take(self, step: RuleStep) -> None:
        self.step = step
        self.learner = step if isinstance(step, Learner) else None
        self.scored = step if isinstance(step, Scored) else None
        self.ripening = step if isinstance(step, Ripening) else None


def _watch(rule: Rule, step: RuleStep) -> _Watch:
    watch = _Watch(rule, step, Lifecycle(rule.episodes))
    watch.take(step)
    return watch


class CameraPipeline:
    """One camera. One thread; frames in capture order. A `t` that goes back by up to CLOCK_SET_S is taken for the
    latest; one that goes back farther is a clock that was set: what runs is ended and everything begins anew.

    heal_s: the longest broken track that is mended; None takes the longest gap_s of the loitering rules, at least
    HEAL_S. pictures: what rules about pixels look at; without it they see nothing. trained: the numbers of shipped
    models. planner: how to look at parts of a frame; without it only whole ones are looked at. strong: score that
    begins a track. Raises KeyError where a rule names a zone or line that the camera does not have,
    ValueError where its calibration is none.
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
        pictures: Pictures | None = None,
        trained: Trained | None = None,
        planner: CropPlanner | None = None,
        strong: float = STRONG,
    ) -> None:
        if heal_s is None:
            heal_s = max([HEAL_S, *(rule.gap_s for rule in camera.rules if isinstance(rule, LoiteringRule))])
        self._camera = camera
        self._heal_s = heal_s
        self._tracker = tracker
        self._pictures = pictures
        self._trained = trained
        self._events = EventMaker(camera, agent, ids, model)
        self._patient = all(rule.kind in PATIENT for rule in camera.rules)
        self._counted = frozenset(cls for rule in camera.rules for cls in rule.classes)
        self._gate = MotionGate(camera.motion, patient=self._patient)
        self._planner = planner
        self._strong = strong
        self._decision = Decision(False, "idle")
        self._whole = True
        """Whether this frame is looked at as a whole, if at all."""
        self._tracks: tuple[Track, ...] = ()
        self._begin()

    def _begin(self) -> None:
        """Nothing has been seen yet."""
        self._memory = TrackMemory(self._heal_s)
        self._watches = [_watch(rule, step) for rule, step in zip(self._camera.rules, self._rules(), strict=True)]
        self._health = CameraHealth(self._camera.tamper)
        self._views = 0
        self._known: tuple[frozenset[int], int] = (frozenset(), 0)
        self._t = float("-inf")
        self._held_s = 0.0
        """Time that has passed unlooked at, which the tracker is not told of: nothing moved, so it loses nobody. A
        clock that was set back is in it too (below 0 then): the tracker's own time never goes back."""

    def _rules(self) -> list[RuleStep]:
        return make_rules(self._camera, self._trained, self._strong)

    def wants_detection(self, frame: Frame, patience: float = 1.0) -> Decision:
        """Whether to show this frame to the detector; call it once for each frame. Takes the frame into the
        background. patience: see MotionGate.decide."""
        t = max(frame.t, self._t)
        if self._set_back(frame.t):
            self._gate, t = MotionGate(self._camera.motion, patient=self._patient), frame.t
        decision = self._gate.decide(frame.luma, t, patience)
        self._decision, self._whole = decision, True
        return decision

    def sheets(self, frame: Frame) -> Sheets | None:
        """Which pieces of this frame to show to the detector; None: the whole. After `wants_detection`; who shows the
        whole frame for reasons of his own does not ask."""
        if self._planner is None:
            return None
        t = max(frame.t, self._t)
        on = self._planner.plan(self._decision, frame.luma, (frame.width, frame.height), t, t - self._held_s)
        self._whole = on is None
        return on

    def placed(self, sheets: Sheets | None, looks: Sequence[Detections]) -> Seen:
        """What the detector found on each of the sheets that were asked for, or in the whole, as it lies in the
        frame."""
        if self._planner is not None and sheets is None:
            self._planner.take_whole(looks[0])
        if sheets is None or self._planner is None:
            return Seen(looks[0], Detections.none(looks[0].classes))
        return self._planner.take(sheets, looks)

    def step(self, frame: Frame, detections: Detections | None, clock: Clock) -> Step:
        """What this frame says. detections None: nobody looked, because nothing has moved; everyone is where they
        were."""
        ended: Step | None = None
        if self._set_back(frame.t):
            ended = self.finish(self._t, clock)
            stood_still, known = self._held_s + frame.t - self._t, self.memory()
            self._begin()
            self._held_s = stood_still
            self.recall(known)
        last, t = self._t, max(frame.t, self._t)
        self._t = t
        if detections is None:
            self._held_s += t - last if isfinite(last) else 0.0
            view = self._memory.hold(t)
        else:
            self._tracks = self._tracker.update(detections, frame.width, frame.height, t - self._held_s)
            view = self._memory.look(self._tracks, t, frame.width / frame.height)
            self._settle(view, detections, t)
        picture = None if self._pictures is None else self._pictures.show(frame, t)
        features = None if detections is None else detections.features
        view = View(view.t, view.figures, view.aspect, view.held, picture, features)
        step = self._judge(view, frame, clock)
        if ended is None:
            return step
        return replace(step, events=ended.events + step.events, suppressed=ended.suppressed + step.suppressed)

    @property
    def features(self) -> bool:
        """Whether a rule looks at the detector's feature maps, so that a look at the whole frame has to give them."""
        return any(needs_features(watch.step) for watch in self._watches)

    def follows(self, tracks: tuple[Track, ...]) -> bool:
        """Whether any of these is of a class that a rule counts; a parked car is nothing to rules about people."""
        return any(track.cls in self._counted for track in tracks)

    def lost(self, t: float, clock: Clock) -> tuple[Event, ...]:
        """The stream is lost or over: the end events of what was running, at its last true time."""
        return self.finish(t, clock).events

    def memory(self) -> Memory:
        """What the learning rules know, by "rule/name"."""
        return {
            f"{watch.rule.id}/{name}": array
            for watch in self._watches
            if watch.learner is not None
            for name, array in watch.learner.memory().items()
        }

    def recall(self, memory: Memory) -> tuple[str, ...]:
        """Gives each learning rule what it knew; the ids of those that could not use it and begin anew."""
        refused = []
        for watch in self._watches:
            head = f"{watch.rule.id}/"
            own = {name.removeprefix(head): array for name, array in memory.items() if name.startswith(head)}
            if own and watch.learner is not None:
                try:
                    watch.learner.recall(own)
                except ValueError:
                    refused.append(watch.rule.id)
        return tuple(refused)

    def finish(self, t: float, clock: Clock) -> Step:
        """As `lost`, with the candidates that never ripened among `suppressed`. Frames may follow (a reconnect)."""
        self._t = max(t, self._t)
        events: list[Event] = []
        silenced: list[Silenced] = []
        own: list[tuple[Rule, Lifecycle]] = [(watch.rule, watch.lifecycle) for watch in self._watches]
        for rule, lifecycle in (*own, *((watch.rule, watch.lifecycle) for watch in self._health.watches)):
            changes, suppressed = lifecycle.finish()
            events += [self._events.make(rule, change, clock) for change in changes]
            silenced += [Silenced(rule, item) for item in suppressed]
        return Step(events=tuple(events), suppressed=tuple(silenced))

    def _set_back(self, t: float) -> bool:
        return t < self._t - CLOCK_SET_S

    def _settle(self, view: View, detections: Detections, t: float) -> None:
        """A single look at a still scene may miss someone, or see someone the tracker does not trust yet: look again
        where it did not show what the look before did."""
        known = frozenset(figure.id for figure in view.figures), len(detections)
        if self.follows(self._tracks):
            self._gate.found()
        shown = {detections.classes[label] for label in detections.labels.tolist()}
        self._gate.showed(nobody=self._counted.isdisjoint(shown) and not self.follows(self._tracks), whole=self._whole)
        if self._decision.reason in ("refresh", "futile") and known != self._known:
            self._gate.unsettled(t + CONFIRM_S)
        self._known = known

    def _judge(self, view: View, frame: Frame, clock: Clock) -> Step:
        found: list[Found] = []
        changes: list[tuple[Rule, Change]] = []
        silenced: list[Silenced] = []
        health = self._look(frame, view.t)
        blind = self._health.blind(view.t)
        asked = [watch for watch in self._watches if not (blind and needs_view(watch.step))]
        told = {id(watch): watch.step.step(view) for watch in asked}
        spoken = [(watch.rule, watch.lifecycle, told.get(id(watch), ())) for watch in self._watches]
        for rule, lifecycle, findings in (*spoken, *health):
            made, suppressed = lifecycle.step(view.t, findings, armed=armed(rule.schedule, view.t))
            found += [Found(rule, finding) for finding in findings]
            changes += [(rule, change) for change in made]
            silenced += [Silenced(rule, item) for item in suppressed]
        events = tuple(self._events.make(rule, change, clock) for rule, change in changes)
        snapshots = tuple(event.id for event in events if event.data.phase == "begin")
        scores = {
            watch.rule.id: score
            for watch in asked
            if watch.scored is not None and (score := watch.scored.score) is not None
        }
        learning = {
            watch.rule.id: progress
            for watch in self._watches
            if watch.ripening is not None and (progress := watch.ripening.progress) < 1.0
        }
        return Step(self._tracks, tuple(found), events, snapshots, tuple(silenced), view.held, scores, learning)

    def _look(self, frame: Frame, t: float) -> list[tuple[Rule, Lifecycle, tuple[Finding, ...]]]:
        """What the rules about the camera itself say of this frame, if it is looked at for that."""
        sight = self._health.sight(frame, t)
        if sight is None:
            return []
        spoken = [(watch, watch.step.step(sight)) for watch in self._health.watches]
        self._health.learn(sight, {watch.rule.kind: findings for watch, findings in spoken})
        if self._health.views != self._views:
            self._views = self._health.views
            self._look_anew()
        return [(watch.rule, watch.lifecycle, findings) for watch, findings in spoken]

    def _look_anew(self) -> None:
        """The camera shows another view: what rules about pixels took for usual is no more. Their episodes run on."""
        for watch, anew in zip(self._watches, self._rules(), strict=True):
            if needs_view(watch.step) and watch.learner is None:
                watch.take(anew)
