"""Things left behind and places that change: the real clips, every other clip as a negative, and synthetic cases.

Real: abandoned_object with its defaults through the pipeline of `jaga analyze`. Synthetic, and only that: things put
down beside people who then go, things taken away, exits blocked, water over a mark and changes of light
(simulator.scene_faults), laid over real clips; the detector is shown the clip without them, so it never helps.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.data import DATA
from benchmarks.replay import remembered, replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.runs import seconds
from contract.events import Clock, Event
from contract.ids import derived_uuid7
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_av import open_source
from edge_agent.core.background import EVERY_S
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.errors import SourceError
from edge_agent.core.events import Agent
from edge_agent.core.geometry import distance, level
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.abandoned_object import AbandonedObject, AbandonedObjectRule
from edge_agent.core.rules.attendance import union
from edge_agent.core.rules.scene_change import Purpose, SceneChangeRule
from edge_agent.core.rules.table import WHOLE, Site
from edge_agent.core.spec import CameraSpec, DetectorSpec, Rule, TrackerSpec, Zone, for_tracking
from edge_agent.core.tracks import Figure as Seen
from edge_agent.core.tracks import TrackMemory, View
from edge_agent.core.types import Box, Detections, Frame, Image
from simulator.scene_faults import LIGHTS, Act, Gauge, Lit, Placed, Water

FPS = 5.0
ABANDONED = DATA / "abandoned"
WITHIN_S, IOU, THERE = 5.0, 0.5, 0.3
"""How late an event may be, and how much its box overlaps the thing's: on real clips; of a painted thing, ten pixels
large at the rules' resolution and with a shadow of its own, THERE will do."""
RULE = AbandonedObjectRule(id="left")
RUN_S = 45.0
"""So much of a clip is used for synthetic cases."""
CHANGE_AFTER_S = 5.0
STANDING = (
    "abandoned/aboda_indoor_backpack.mp4",
    "abandoned/aboda_video4.avi",
    "pets09_s2l1/vtest.avi",
    "traffic/multilane_buses.mp4",
    "traffic/thai_junction.mp4",
    "traffic/motorway_pedestrian_alarm.avi",
)
BEFORE_S, AFTER_S, STAYS_S, GOES_S = 4.0, 2.0, 3.0, 15.0
"""Of a painted thing: who was within the rule's reach so long before or after it was put down may have put it there;
nobody else stays near for STAYS_S until it is to be told, and whoever put it there has gone within GOES_S."""
PUT_EVERY_S, PUT_MOST = 1.5, 6
"""Things are put down one after the other so far apart, so many on a clip."""


@dataclass(frozen=True, slots=True)
class Clip:
    """frames: with detections of each, as `jaga analyze` would have decoded them; t from 0."""

    name: str
    frames: tuple[Frame, ...]
    seen: tuple[Detections, ...]


def clip_of(name: str) -> Clip:
    camera = CameraSpec(id="camera", source=str(DATA / name), fps=FPS)
    source = open_source(camera, realtime=False, start=0.0, isolate=False)
    frames = tuple(islice(source, round(RUN_S * FPS)))
    return Clip(name, frames, tuple(remembered().detect([frame.image])[0] for frame in frames))


def events_of(clip: Clip, acts: Sequence[Act], rules: Sequence[Rule], zones: Sequence[Zone] = ()) -> list[Event]:
    """What the pipeline says of the clip with `acts` laid over its pictures."""
    camera = CameraSpec(id="camera", source="-", fps=FPS, rules=tuple(rules), zones=tuple(zones))
    _, tracking = for_tracking(DetectorSpec(), TrackerSpec())
    pipeline = CameraPipeline(
        camera,
        Agent("bench", "bench", "0" * 16),
        ByteTrack(tracking),
        lambda t, salt: derived_uuid7(round(t * 1000), "bench", salt),
        "-",
        pictures=CvPictures(),
    )
    clock, events = Clock(offset_ms=0.0, synchronised=True), list[Event]()
    for frame, seen in zip(clip.frames, clip.seen, strict=True):
        image: Image = frame.image
        for act in acts:
            image = act(image, frame.t)
        shown = replace(frame, image=image, luma=tiny_luma(image, frame.luma.shape[1]))
        looked = pipeline.wants_detection(shown).detect
        events += pipeline.step(shown, seen if looked else None, clock).events
    return [*events, *pipeline.lost(clip.frames[-1].t, clock)]


def reported(event: Event) -> float:
    """When an episode's begin was told, in the time of the event."""
    held = next((m.value for m in event.data.why.measures if m.name == "held"), 0.0)
    return event.data.started.timestamp() + held


def begins(events: Sequence[Event]) -> list[Event]:
    """Of this camera's rules: what it says of itself is measured elsewhere."""
    return [event for event in events if event.data.phase == "begin" and not event.data.kind.startswith("camera_")]


def boxes(event: Event) -> list[Box]:
    return [box for subject in event.data.subjects for box in subject.boxes]


# Real footage


def real() -> list[Figure]:
    figures = []
    labels = json.loads((ABANDONED / "events.json").read_text("utf-8"))
    for name, entries in labels.items():
        put, away = (next(e for e in entries if e["event"] == kind) for kind in ("object_put", "owner_leaves"))
        width, height, rate = size_of(ABANDONED / name)
        x, y, w, h = put["box"]
        truth = (x / width, y / height, (x + w) / width, (y + h) / height)
        found = begins(replay([ABANDONED / name], '[[camera.rule]]\nkind = "abandoned_object"\n')[0].events)
        delays = [seconds(reported(event)) - away["frame"] / rate - RULE.after_s for event in found]
        overlaps = [max((union(box, truth) for box in boxes(event)), default=0.0) for event in found]
        figures += [
            at_most(f"real: {name}, s beyond after_s since its owner left", min(delays, default=np.inf), WITHIN_S),
            at_least(f"real: {name}, overlap", max(overlaps, default=0.0), IOU),
            at_most(f"real: {name}, other events", float(max(len(found) - 1, 0)), 0),
        ]
    return figures


def size_of(path: Path) -> tuple[int, int, float]:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height, float(stream.average_rate or FPS)


def negatives() -> tuple[list[tuple[str, float]], int, float]:
    """(clip, seconds) of each event on the clips in which nothing is left; how many clips; their seconds."""
    told, clips, total = [], 0, 0.0
    for path in sorted(p for p in DATA.rglob("*") if p.suffix in (".mp4", ".avi") and p.parent != ABANDONED):
        try:
            run = replay([path], '[[camera.rule]]\nkind = "abandoned_object"\n')[0]
        except SourceError:
            continue
        clips += 1
        total += run.scores[-1][0] if run.scores else 0.0
        told += [(str(path.relative_to(DATA)), seconds(reported(event))) for event in begins(run.events)]
    return told, clips, total


# Synthetic


@dataclass(frozen=True, slots=True)
class Trial:
    """One synthetic case. found: it was told in time and, where it has a box, at its place. false: other events."""

    purpose: str
    clip: str
    found: bool
    false: int
    told: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Put:
    """A thing put down at `at` at somebody's feet; left: when the last who may have put it there has gone."""

    box: Box
    at: float
    left: float


def puts(clip: Clip) -> list[Put]:
    """Where the tracks show somebody who goes, with nobody who stays."""
    views = list(looks(clip))
    found: list[Put] = []
    for view in views:
        if view.t < BEFORE_S or (found and view.t < found[-1].at + PUT_EVERY_S) or len(found) == PUT_MOST:
            continue
        people = [f for f in view.figures if f.cls == "person" and f.height > 0.1 and f.foot[1] < 0.9]
        each = (left_behind(views, view, person) for person in sorted(people, key=lambda f: abs(f.foot[0] - 0.5)))
        found += list(islice((put for put in each if put is not None), 1))
    return found


def left_behind(views: Sequence[View], view: View, owner: Seen) -> Put | None:
    """None where it would not be for `owner` alone to leave it, or the clip ends too soon."""
    half, high = 0.14 * owner.height / view.aspect, 0.26 * owner.height
    x, y = owner.foot[0] + half, owner.foot[1] + 0.02
    foot = level((x, y), view.aspect)
    near: dict[int, list[float]] = {}
    for v in views:
        for f in v.figures:
            if f.cls == "person" and distance(f.at, foot) <= RULE.reach * f.height:
                near.setdefault(f.id, []).append(v.t)
    putting = {who for who, times in near.items() if any(-BEFORE_S <= t - view.t <= AFTER_S for t in times)}
    left = max(near[who][-1] for who in putting | {owner.id})
    told = left + RULE.after_s + WITHIN_S
    later = [[t for t in times if left < t <= told] for times in near.values()]
    if left > view.t + GOES_S or told > views[-1].t or any(t and t[-1] - t[0] >= STAYS_S for t in later):
        return None
    return Put((x - half, y - high, x + half, y), view.t, left)


def put_down(clip: Clip, put: Put, seed: int) -> Trial:
    found = begins(events_of(clip, [Placed(put.box, put.at, seed).act], [RULE]))
    right = [e for e in found if put.at < reported(e) <= put.left + RULE.after_s + WITHIN_S]
    right = [e for e in right if any(union(b, put.box) >= THERE for b in boxes(e))]
    others = sum(not any(union(b, put.box) > 0 for b in boxes(e)) for e in found)
    return Trial("abandoned", clip.name, bool(right), others, tuple(reported(e) - put.left for e in found))


def looks(clip: Clip) -> Iterator[View]:
    _, tracking = for_tracking(DetectorSpec(), TrackerSpec())
    tracker, memory = ByteTrack(tracking), TrackMemory()
    for frame, seen in zip(clip.frames, clip.seen, strict=True):
        tracks = tracker.update(seen, frame.width, frame.height, frame.t)
        yield memory.look(tracks, frame.t, frame.width / frame.height)


def changed(clip: Clip, purpose: Purpose, seed: int, *, begin: float = 9.0) -> Trial:
    """A zone in the lower half; what its purpose is about happens at `begin`."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(0.16, 0.26))
    wide = high * float(rng.uniform(0.6, 0.9))
    x, y = float(rng.uniform(0.15, 0.65)), float(rng.uniform(0.45, 0.68))
    zone = (x, y, x + wide, y + high)
    thing = (x + 0.15 * wide, y + 0.15 * high, x + 0.85 * wide, y + 0.9 * high)
    acts: list[Act]
    if purpose == "removed":
        acts = [Placed(thing, -1.0, seed, end=begin).act]
    elif purpose == "blocked":
        acts = [Placed(thing, begin, seed).act]
    else:
        acts = [Gauge(zone).act, Water(zone[3], y + 0.3 * high, begin, 10.0, seed).act]
    rule = SceneChangeRule(id="zone", zone="z", purpose=purpose, after_s=CHANGE_AFTER_S)
    corners = ((zone[0], zone[1]), (zone[2], zone[1]), (zone[2], zone[3]), (zone[0], zone[3]))
    found = begins(events_of(clip, acts, [rule], [Zone("z", corners)]))
    slack = WITHIN_S + (10.0 if purpose == "water" else 2.0)
    times = [reported(event) - begin for event in found]
    right = [t for t in times if 0 < t <= CHANGE_AFTER_S + slack]
    return Trial(purpose, clip.name, bool(right), len(times) - len(right[:1]), tuple(times))


def relit(clip: Clip, seed: int) -> list[Trial]:
    """Each change of light before every rule: no rule may speak that was silent without it."""
    zones = [Zone("z", ((0.2, 0.3), (0.8, 0.3), (0.8, 0.95), (0.2, 0.95)))]
    purposes: tuple[Purpose, ...] = ("blocked", "removed", "water")
    rules = [RULE, *(SceneChangeRule(id=p, zone="z", purpose=p, after_s=CHANGE_AFTER_S, share=0.1) for p in purposes)]
    plain = [event.data.why.rule for event in begins(events_of(clip, [], rules, zones))]
    trials = []
    for kind in LIGHTS:
        told = begins(events_of(clip, [Lit(kind, 8.0, seed).act], rules, zones))
        more = [e for e in told if e.data.why.rule not in plain]
        times = tuple(round(reported(e), 1) for e in more)
        trials.append(Trial(f"light, {kind}", clip.name, plain == [e.data.why.rule for e in told], len(more), times))
    return trials


def synthetic() -> list[Trial]:
    trials: list[Trial] = []
    for name in STANDING:
        clip = clip_of(name)
        trials += [put_down(clip, put, seed) for seed, put in enumerate(puts(clip))]
        for purpose in ("blocked", "removed"):
            trials += [changed(clip, purpose, seed) for seed in range(4)]
        if clip.frames[-1].t >= 28:
            trials += [changed(clip, "water", seed) for seed in range(4)]
        trials += relit(clip, 1)
    return trials


def cost_ms(name: str) -> float:
    """Milliseconds a frame of the shared background and the rule, beyond the reduced grey picture that rules share."""
    clip = clip_of(name)
    pictures, site = CvPictures(), Site()
    step, spent = AbandonedObject(RULE, WHOLE, site.changes), 0.0
    for frame, view in zip(clip.frames, looks(clip), strict=True):
        shown = replace(view, picture=pictures.show(frame, frame.t))
        assert shown.picture is not None
        shown.picture.grey(320)
        began = time.process_time()
        step.step(shown)
        spent += time.process_time() - began
    return spent / max(len(clip.frames), 1) * 1000


def measure() -> Outcome:
    """Real clips, negatives, synthetic cases and cost."""
    figures = real()
    told, clips, total = negatives()
    for name, t in told:
        print("told of a clip without:", name, f"{t:.1f} s", file=sys.stderr)
    figures += [
        at_most("negative clips: abandoned_object events", float(len(told)), 0),
        Figure("negative clips", float(clips)),
        Figure("negative clips, s", total),
    ]
    trials = synthetic()
    for trial in trials:
        if not trial.found or trial.false:
            print("not as wanted:", trial, file=sys.stderr)
    bars = {"abandoned": 0.8, "blocked": 0.9, "removed": 0.9, "water": 0.9}
    for purpose in dict.fromkeys(trial.purpose for trial in trials):
        some = [trial for trial in trials if trial.purpose == purpose]
        if purpose.startswith("light"):
            figures.append(at_most(f"synthetic: {purpose}, events", float(sum(t.false for t in some)), 0))
            continue
        recall = sum(trial.found for trial in some) / len(some)
        figures += [
            at_least(f"synthetic: {purpose}, recall over {len(some)}", recall, bars[purpose]),
            Figure(f"synthetic: {purpose}, other events", float(sum(trial.false for trial in some))),
        ]
    figures += [
        Figure("looks a second", 1 / EVERY_S),
        at_most("cost, ms a frame, people", cost_ms("pets09_s2l1/vtest.avi"), 0.8),
        at_most("cost, ms a frame, 640x360", cost_ms("traffic/thai_junction.mp4"), 0.8),
    ]
    return Outcome("scene_change", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
