"""Cameras that were tampered with: are they found, of the right kind and soon, and is nothing said of the others?

Synthetic: simulator.tamper lays five kinds in three strengths over the clips whose camera stands still (CLEAN_S as it
is, then tampered; short clips are run to and fro). Real: the covered camera, the camera an operator moves, and every
untouched clip. All through CameraPipeline.step without a detector.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path

from benchmarks.data import DATA
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_av import open_source
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.camera_health import CameraHealth
from edge_agent.core.errors import SourceError
from edge_agent.core.events import Agent
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.spec import CameraSpec, TamperSpec, TrackerSpec
from edge_agent.core.types import Frame, Image
from simulator.tamper import KINDS, STRENGTHS, Kind, tampered

FPS = 5.0
CLEAN_S, TAMPERED_S = 10.0, 12.0
WITHIN_S = 10.0
RECALL = 0.98
T0 = 1_767_225_600.0
EXPECTED: dict[Kind, str] = {
    "cover": "camera_covered",
    "blur": "camera_defocused",
    "shift": "camera_moved",
    "freeze": "camera_frozen",
    "glare": "camera_covered",
}
STANDING = (
    "abandoned/aboda_indoor_backpack.mp4",
    "abandoned/aboda_video4.avi",
    "accident/cctv_junction_crash.mp4",
    "accident/cctv_suv_motorcycle.mp4",
    "fire_video/cctv_mono_fire.mp4",
    "fire_video/hill_fire_far.mp4",
    "loiter_like/people_gathering.mp4",
    "loiter_like/people_stairs.mp4",
    "pets09_s2l1/vtest.avi",
    "traffic/motorway_pedestrian_alarm.avi",
    "traffic/multilane_buses.mp4",
    "traffic/thai_junction.mp4",
    "ucsd_ped1/train/Train001.mp4",
    "ucsd_ped1/train/Train019.mp4",
)
"""Clips of a camera that stands still and shows one uncut scene for long enough."""
PTZ = "traffic/indonesia_ptz_junction.mp4"
PTZ_MOVES = ((300, 335), (700, 780), (1040, 1110), (1210, 1260), (1340, 1410), (1590, 1650), (1680, 1730))
PTZ_FPS = 30.0
"""Frames between which its operator moves it, as labelled."""
OCCLUSION, OCCLUSION_BEGIN = "tamper/occlusion.mp4", 66 / 29.97
SLACK_S = 3.0
"""A move counts as reported when an episode begins between its begin and so long after its end."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One tampered sequence. found: seconds from the tampering to the first event of each camera kind."""

    kind: Kind
    strength: str
    clip: str
    found: dict[str, float]

    def delay(self) -> float | None:
        """Of the expected kind; None where it was not found in time."""
        delay = self.found.get(EXPECTED[self.kind])
        return delay if delay is not None and 0 <= delay <= WITHIN_S else None

    def others(self) -> tuple[str, ...]:
        """The camera kinds that were told and are not the expected one, at whatever time."""
        return tuple(str(kind) for kind in self.found if kind != EXPECTED[self.kind])


def recall(trials: Sequence[Trial]) -> float:
    """Share of the trials found in time and named rightly; 0 for none."""
    return sum(trial.delay() is not None for trial in trials) / len(trials) if trials else 0.0


def moves_found(begins: Iterable[float], moves: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """How many of the moves (begin, end in seconds) an episode tells of, and how many episodes tell of no move."""
    begins = list(begins)
    told = sum(any(a - 0.5 <= t <= b + SLACK_S for t in begins) for a, b in moves)
    false = sum(not any(a - 0.5 <= t <= b + SLACK_S for a, b in moves) for t in begins)
    return told, false


def decoded(clip: Path, fps: float = FPS) -> list[Frame]:
    camera = CameraSpec(id="camera", source=str(clip), fps=fps)
    try:
        return list(open_source(camera, realtime=False, start=T0, isolate=False))
    except SourceError:
        return []


def events_of(frames: Iterable[Frame]) -> list[Event]:
    """What the pipeline says of a camera with no rules, the episodes that run at the end included."""
    camera = CameraSpec(id="camera", source="-", fps=FPS)
    pipeline = CameraPipeline(
        camera,
        Agent("bench", "bench", "0" * 16),
        ByteTrack(TrackerSpec()),
        lambda t, salt: derived_uuid7(round(t * 1000), "bench", salt),
        "-",
    )
    clock, events = Clock(offset_ms=0.0, synchronised=True), list[Event]()
    last = T0
    for frame in frames:
        pipeline.wants_detection(frame)
        events += pipeline.step(frame, None, clock).events
        last = frame.t
    return [*events, *pipeline.lost(last, clock)]


def begins(events: Iterable[Event]) -> Iterator[tuple[str, float]]:
    """(kind, seconds since T0 when it was reported) of the camera kinds."""
    for event in events:
        if event.data.phase == "begin" and event.data.kind.startswith("camera_"):
            held = next(m.value for m in event.data.why.measures if m.name == "held")
            yield event.data.kind, event.data.started.timestamp() + held - T0


def trial(pictures: Sequence[Image], kind: Kind, strength: str, clip: str, seed: int) -> Trial:
    clean = round(CLEAN_S * FPS)
    there_and_back = cycle(chain(range(len(pictures)), range(len(pictures) - 2, 0, -1)))
    count = clean + round(TAMPERED_S * FPS)
    source = (pictures[i] for i in islice(there_and_back, count))
    changed = tampered(source, kind, strength, clean, seed)  # type: ignore[arg-type]
    frames = (Frame(image, tiny_luma(image, 96), n, T0 + n / FPS) for n, image in enumerate(changed))
    found: dict[str, float] = {}
    for name, t in begins(events_of(frames)):
        found.setdefault(name, t - clean / FPS)
    return Trial(kind, strength, clip, found)


def synthetic() -> list[Trial]:
    trials = []
    for seed, name in enumerate(STANDING):
        pictures = [frame.image for frame in decoded(DATA / name)]
        trials += [trial(pictures, kind, strength, name, seed) for kind in KINDS for strength in STRENGTHS]
    return trials


def untouched() -> tuple[dict[str, list[tuple[str, float]]], float, float]:
    """What is said of each clip nobody touched; the seconds of footage; milliseconds a frame that health costs."""
    said: dict[str, list[tuple[str, float]]] = {}
    seconds = 0.0
    for path in sorted(p for p in DATA.rglob("*") if p.suffix in (".mp4", ".avi")):
        name = str(path.relative_to(DATA))
        if name == OCCLUSION:
            continue
        frames = decoded(path)
        if not frames:
            continue
        said[name] = list(begins(events_of(frames)))
        seconds += frames[-1].t - frames[0].t if frames else 0.0
    return said, seconds, cost_ms(decoded(DATA / STANDING[-4]))


def cost_ms(frames: Sequence[Frame]) -> float:
    """Milliseconds a frame of the camera's own rules, over `frames`."""
    health = CameraHealth(TamperSpec())
    began = time.process_time()
    for frame in frames:
        sight = health.sight(frame, frame.t)
        if sight is not None:
            health.learn(sight, {watch.rule.kind: watch.step.step(sight) for watch in health.watches})
    return (time.process_time() - began) / max(len(frames), 1) * 1000


def measure() -> Outcome:
    trials = synthetic()
    figures = [at_least("synthetic: recall, all", recall(trials), RECALL)]
    for kind in KINDS:
        for strength in STRENGTHS:
            some = [t for t in trials if t.kind == kind and t.strength == strength]
            delays = [d for t in some if (d := t.delay()) is not None]
            figures.append(Figure(f"synthetic: {kind} {strength}, recall", recall(some)))
            figures.append(Figure(f"synthetic: {kind} {strength}, longest delay s", max(delays, default=float("nan"))))
    beside = [t for t in trials if t.others()]
    figures.append(Figure("synthetic: trials that told another kind too, or instead", float(len(beside))))
    for other in beside:
        print("another kind:", other.kind, other.strength, other.clip, other.found, file=sys.stderr)
    for missed in (t for t in trials if t.delay() is None):
        print("missed:", missed.kind, missed.strength, missed.clip, missed.found, file=sys.stderr)
    said, seconds, cost = untouched()
    moves = [t for kind, t in said[PTZ] if kind == "camera_moved"]
    moved = len(moves)
    told, false = moves_found(moves, [(a / PTZ_FPS, b / PTZ_FPS) for a, b in PTZ_MOVES])
    # Of any other kind that clip is an untouched one too.
    said[PTZ] = [(kind, t) for kind, t in said[PTZ] if kind != "camera_moved"]
    for name, found in said.items():
        if found:
            print("said of an untouched clip:", name, found, file=sys.stderr)
    real = [t - OCCLUSION_BEGIN for kind, t in begins(events_of(decoded(DATA / OCCLUSION))) if kind == "camera_covered"]
    figures += [
        at_least("real: covered, found", float(len(real)), 1),
        Figure("real: covered, delay s", min(real, default=float("nan"))),
        at_least("real: moves by the operator, of 7", float(told), 7),
        at_most("real: other moves on that clip", float(false), 0),
        at_most("untouched clips: events", float(sum(map(len, said.values()))), 0),
        Figure("real: events that tell of those moves", float(moved - false)),
        Figure("untouched clips", float(len(said))),
        Figure("untouched clips, s", seconds),
        at_most("cost, ms a frame", cost, 1.0),
    ]
    return Outcome("camera_health", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
