"""Hand-made scenes for the core: people as boxes over time, a tracker that is told the truth, a pipeline around it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contract.codec import encode
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.regions import labelled
from edge_agent.core.spec import CameraSpec, IntrusionRule, Line, MotionSpec, Rule, TamperSpec, Zone
from edge_agent.core.types import Detections, Frame, Point, Track, TrackId

T0 = 1_767_225_600.0
"""2026-01-01 00:00:00 UTC, a Thursday."""
CLOCK = Clock(offset_ms=0.0, synchronised=True)
AGENT = Agent("jakarta", "edge-1", "0123456789abcdef")
CLASSES = ("person", "car")
SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


def guarded(source: str, *, crops: Literal["auto", "off"] = "off", glance_s: float = 4.0) -> CameraSpec:
    """A camera over a yard that nobody may enter, and that is all it looks for."""
    return CameraSpec(
        id="cam-1",
        source=source,
        zones=(Zone("yard", SQUARE),),
        rules=(IntrusionRule(id="keep-out", zone="yard"),),
        tamper=TamperSpec(enabled=False),
        crops=crops,
        glance_s=glance_s,
    )


def person(number: int, foot: Point, height: float = 0.2, *, cls: str = "person", score: float = 0.8) -> Track:
    """Standing with its foot at `foot` (unit coordinates); as wide as 0.4 of its height on a square picture."""
    x, y = foot
    return Track(TrackId(number), cls, (x - 0.2 * height, y - height, x + 0.2 * height, y), score)


class ToldTracker:
    """Answers with the tracks it was told for this moment."""

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()

    def update(self, detections: Detections, width: int, height: int, t: float) -> tuple[Track, ...]:
        return self.tracks


def blobs(masks: Sequence[tuple[NDArray[np.bool_], float]], least: int = 0) -> Detections:
    """A person where each region of a mask is that has more than `least` pixels, with the mask's score."""
    found = [(one, score) for mask, score in masks for one in labelled(mask)[1] if one.area > least]
    boxes = [(one.left, one.top, one.right, one.bottom) for one, _ in found]
    scores = [score for _, score in found]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.zeros(len(found), np.int32),
        ("person",),
    )


def ids(t: float, salt: str) -> str:
    return derived_uuid7(int(t * 1000), "test", salt)


class Scene:
    """A camera with a square picture (1:1 unless told) whose motion gate is open unless `motion` says otherwise."""

    def __init__(
        self,
        *rules: Rule,
        zones: Sequence[Zone] = (Zone("yard", SQUARE),),
        lines: Sequence[Line] = (Line("gate", (0.5, 0.0), (0.5, 1.0)),),
        size: tuple[int, int] = (8, 8),
        heal_s: float | None = None,
        motion: MotionSpec | None = None,
    ) -> None:
        self.camera = CameraSpec(
            id="cam-1",
            source="scene",
            zones=tuple(zones),
            lines=tuple(lines),
            rules=rules,
            motion=motion or MotionSpec(enabled=False),
            tamper=TamperSpec(enabled=False),
        )
        self.tracker = ToldTracker()
        self.pipeline = CameraPipeline(self.camera, AGENT, self.tracker, ids, "test/fake", heal_s=heal_s)
        self._image = np.zeros((size[1], size[0], 3), np.uint8)
        self._index = 0
        self.steps: list[Step] = []
        self.events: list[Event] = []

    def frame(self, t: float) -> Frame:
        frame = Frame(self._image, self._image[..., 0], self._index, T0 + t)
        self._index += 1
        return frame

    def see(self, t: float, *tracks: Track) -> Step:
        """One analysed frame, `t` seconds after T0, in which these tracks are seen."""
        self.tracker.tracks = tracks
        return self._keep(self.pipeline.step(self.frame(t), Detections.none(CLASSES), CLOCK))

    def still(self, t: float) -> Step:
        """One frame that nobody looked at."""
        return self._keep(self.pipeline.step(self.frame(t), None, CLOCK))

    def over(self, t: float) -> Step:
        return self._keep(self.pipeline.finish(T0 + t, CLOCK))

    def play(self, times: Iterable[float], people: Callable[[float], Iterable[Track]]) -> "Scene":
        for t in times:
            self.see(t, *people(t))
        return self

    def told(self, *phases: str) -> list[tuple[str, float]]:
        """(phase, seconds after T0 when it happened) of the events so far, of these phases or all."""
        return [
            (event.data.phase, round(event.time.timestamp() - T0, 3))
            for event in self.events
            if not phases or event.data.phase in phases
        ]

    def _keep(self, step: Step) -> Step:
        self.steps.append(step)
        self.events += step.events
        for event in step.events:
            encode(event)  # refuses what no reader would take, a number of numpy's too
        return step


def every(rate: float, start: float, stop: float) -> list[float]:
    """Times from start to stop, `rate` a second, both included where they fall on the grid."""
    return [start + n / rate for n in range(round((stop - start) * rate) + 1)]
