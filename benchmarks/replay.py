"""A clip through the pipeline of `jaga analyze` in this process, with a detector that remembers: for tuning a rule.

The figures that count come from the command itself (benchmarks.runs); this gives the same events sooner.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchmarks.remembered import Remembered
from contract.events import Event
from edge_agent import offline
from edge_agent.adapters.detectors import open_detector
from edge_agent.config import parse
from edge_agent.core.pipeline import Step
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec, TrackerSpec, for_tracking
from edge_agent.core.types import Frame

MEMORY = Path(os.environ.get("JAGA_DETECTIONS", "benchmarks/out/detections.sqlite"))
USUAL, _ = for_tracking(DetectorSpec(), TrackerSpec())
HEAD = '[agent]\nsite = "bench"\nid = "bench"\n[[camera]]\nid = "{camera}"\nsource = "-"\n'


@dataclass(slots=True)
class Replay:
    """events: in order. scores: (seconds from the first picture, rule id -> score) of each picture."""

    events: list[Event] = field(default_factory=list)
    scores: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def seen(self, frame: Frame, step: Step) -> None:
        self.scores.append((frame.t - offline.DEFAULT_START.timestamp(), dict(step.scores)))
        self.steps.append(step)


@cache
def remembered(spec: DetectorSpec = USUAL) -> Remembered:
    MEMORY.parent.mkdir(parents=True, exist_ok=True)
    return Remembered(open_detector(spec), spec, MEMORY)


def replay(
    videos: Sequence[Path], camera: str, memory: Path | None = None, detector: Detector | None = None
) -> list[Replay]:
    """One Replay a video. camera: what the config says of the camera beside id and source, as TOML (keys first, then
    [[camera.rule]] and the like). memory: a folder for what its rules learn. detector: for rules that look at its maps,
    which are not remembered."""
    config = parse(HEAD.format(camera="cam") + camera, Path("replay.toml"))
    results = []
    for job in offline.plan(config, videos, None, None, memory):
        result = Replay()
        own = detector or remembered(config.network_of(job.camera))
        result.events = list(offline.run(config, job, own, offline.Tally(), (result,)))
        results.append(result)
    return results
