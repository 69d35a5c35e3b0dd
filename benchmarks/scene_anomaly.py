"""Learned normality on UCSD Ped1: learns from the clips of normal footage, then scores the others, by the real command.

Frame-level AUC and equal error rate over all frames of all test clips together (nothing is normalised by clip), at 5
and at 10 analysed frames a second; a score holds for the frames until the next analysed one. Each test clip starts
from what the normal ones taught and learns on its own. Which box the events name, against the pixel masks; what is said
of normal clips that were not learned; what is said when half of a clip is learned and the other half judged.
"""

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import rule_cost
from benchmarks.data import DATA, PETS
from benchmarks.replay import replay
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.runs import Run, analyze, seconds
from contract.events import Event

PED1 = DATA / "ucsd_ped1"
RATE = 10.0
RULE = "scene-anomaly"
AUC, COST_MS = 0.85, 3.0
FOLDS = 4
AT_ONCE = 4
"""Clips a command is given: it must end in time."""
REPLAYED = '[[camera.rule]]\nkind = "scene_anomaly"\n'
SLACK_S = 2.0
HALVES = (PETS, DATA / "traffic" / "indonesia_ptz_junction.mp4")
"""Long enough to learn something from; the second is of a camera that moves, which this is not made for."""
HALVES_LEARN_S = 20.0

Labels = Mapping[str, NDArray[np.bool_]]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pass:
    """events and scores by clip; scores: one for each of its frames."""

    events: Mapping[str, list[Event]]
    scores: Mapping[str, Scores]


def auc(scores: Scores, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties count half."""
    order, ranks = np.unique(scores, return_inverse=True)
    below = np.cumsum(np.bincount(ranks[~positive], minlength=len(order)))
    equal = np.bincount(ranks[~positive], minlength=len(order))
    wins = (below - equal / 2)[ranks[positive]]
    return float(wins.sum() / (positive.sum() * (~positive).sum()))


def equal_error(scores: Scores, positive: NDArray[np.bool_]) -> float:
    """The rate at which as large a share of positives is missed as of negatives is taken for positive."""
    thresholds = np.unique(scores)
    misses = np.array([(scores[positive] < t).mean() for t in thresholds])
    false = np.array([(scores[~positive] >= t).mean() for t in thresholds])
    best = int(np.argmin(np.abs(misses - false)))
    return float((misses[best] + false[best]) / 2)


def labels() -> Labels:
    found: dict[str, list[bool]] = {}
    with (PED1 / "frame_labels.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["clip"], []).append(row["anomalous"] == "1")
    return {clip: np.array(frames, np.bool_) for clip, frames in found.items()}


def masks() -> dict[str, NDArray[np.bool_]]:
    """(frames, height, width) by clip, where there are any."""
    found = {}
    for path in sorted((PED1 / "masks").glob("*_gt.npz")):
        packed = np.load(path)
        shape = tuple(int(n) for n in packed["shape"])
        found[path.stem.removesuffix("_gt")] = (
            np.unpackbits(packed["mask"], count=int(np.prod(shape))).reshape(shape).astype(np.bool_)
        )
    return found


def config_of(cameras: Iterable[str], fps: float, more: str = "") -> str:
    head = '[agent]\nsite = "bench"\nid = "bench"\n'
    return head + "".join(
        f'[[camera]]\nid = "{camera}"\nsource = "-"\nfps = {fps}\n[[camera.rule]]\nkind = "scene_anomaly"\n{more}'
        for camera in cameras
    )


def checked(run: Run) -> Run:
    if run.code != 0:
        raise RuntimeError(f"jaga analyze ended with {run.code}: {run.said}")
    return run


def learned(videos: Sequence[Path], folder: Path, fps: float) -> Path:
    """What one camera knows after these videos: a file."""
    config = folder / "learn.toml"
    config.write_text(config_of(["one"], fps), "utf-8")
    for start in range(0, len(videos), AT_ONCE):
        some = videos[start : start + AT_ONCE]
        checked(analyze(some, config, "--memory", str(folder / "learned")))
    return folder / "learned" / "one.npz"


def judged(videos: Sequence[Path], known: Path, folder: Path, fps: float, more: str = "") -> Pass:
    """Each video seen by a camera of its own that knows what `known` holds."""
    config, scores = folder / "judge.toml", folder / "scores.jsonl"
    events: dict[str, list[Event]] = {}
    told: dict[str, list[tuple[float, float]]] = {}
    for start in range(0, len(videos), AT_ONCE):
        cameras = {f"c{number:02d}": video for number, video in enumerate(videos[start : start + AT_ONCE], start)}
        config.write_text(config_of(cameras, fps, more), "utf-8")
        memory = folder / f"judging{start}"
        memory.mkdir()
        for camera in cameras:
            shutil.copy(known, memory / f"{camera}.npz")
        options = ("--memory", str(memory), "--scores", str(scores))
        run = checked(analyze(list(cameras.values()), config, *options))
        for event in run.events:
            events.setdefault(cameras[event.data.camera].stem, []).append(event)
        for line in map(json.loads, scores.read_text("utf-8").splitlines()):
            clip = cameras[line["camera"]].stem
            told.setdefault(clip, []).append((float(line["t"]), float(line["scores"].get(RULE, 0.0))))
    return Pass(
        {video.stem: events.get(video.stem, []) for video in videos},
        {clip: _held(pairs) for clip, pairs in told.items()},
    )


def _held(pairs: Sequence[tuple[float, float]]) -> Scores:
    """One score for each frame at RATE: that of the last analysed picture."""
    times, values = np.array(pairs, np.float64).T
    frames = np.arange(round(times[-1] * RATE) + 1)
    return np.asarray(values[np.searchsorted(times, frames / RATE + 1e-3, side="right") - 1])


def fitted(scores: Scores, count: int) -> Scores:
    """The last score holds for frames nobody analysed at the end."""
    return np.asarray(np.concatenate([scores, np.full(max(count - len(scores), 0), scores[-1])])[:count])


def begins(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.data.phase == "begin" and event.data.kind == "scene_anomaly"]


def frame_figures(passed: Pass, truth: Labels, fps: float, bar: bool) -> list[Figure]:
    scores = np.concatenate([fitted(passed.scores[clip], len(truth[clip])) for clip in sorted(truth)])
    positive = np.concatenate([truth[clip] for clip in sorted(truth)])
    name = f"Ped1 at {fps:g} fps: frame AUC, all frames together"
    value = auc(scores, positive)
    return [
        at_least(name, value, AUC) if bar else Figure(name, value),
        Figure(f"Ped1 at {fps:g} fps: equal error rate", equal_error(scores, positive)),
    ]


def event_figures(passed: Pass, truth: Labels) -> list[Figure]:
    """Anomalous stretches of the labels against episodes at the default threshold."""
    stretches = hits = false = 0
    for clip, anomalous in truth.items():
        edges = np.flatnonzero(np.diff(np.concatenate([[0], anomalous.astype(np.int8), [0]]))).reshape(-1, 2) / RATE
        started = [seconds(event.data.started.timestamp()) for event in begins(passed.events[clip])]
        inside = [[a - 0.5 <= t <= b + SLACK_S for t in started] for a, b in edges]
        stretches += len(edges)
        hits += sum(any(row) for row in inside)
        false += sum(not any(column) for column in zip(*inside, strict=True))
    return [
        Figure(f"Ped1: anomalous stretches told, of {stretches}", float(hits)),
        Figure("Ped1: episodes at no anomaly", float(false)),
    ]


def box_figures(passed: Pass) -> list[Figure]:
    """Of the begin and update events at masked frames: those of which a box meets what is marked, and covers half."""
    told = met = half = 0
    for clip, mask in masks().items():
        for event in passed.events[clip]:
            frame = round(seconds(event.time.timestamp()) * RATE)
            if event.data.kind != "scene_anomaly" or event.data.phase == "end":
                continue
            if not 0 <= frame < len(mask) or not mask[frame].any():
                continue
            height, width = mask[frame].shape
            covered = np.zeros_like(mask[frame])
            for x1, y1, x2, y2 in (box for subject in event.data.subjects for box in subject.boxes):
                covered[int(y1 * height) : int(np.ceil(y2 * height)), int(x1 * width) : int(np.ceil(x2 * width))] = True
            share = float((covered & mask[frame]).sum() / mask[frame].sum())
            told, met, half = told + 1, met + (share > 0), half + (share >= 0.5)
    return [
        Figure("Ped1: events at masked frames", float(told)),
        Figure("Ped1: of these, a box meets the mask", float(met)),
        Figure("Ped1: of these, boxes cover half of the mask", float(half)),
    ]


def left_out(normal: Sequence[Path], folder: Path) -> int:
    """Episodes told of normal clips by a camera that learned from the others."""
    told = 0
    for fold in range(FOLDS):
        memory = folder / f"fold{fold}"
        replay([clip for n, clip in enumerate(normal) if n % FOLDS != fold], REPLAYED, memory)
        for number, clip in enumerate(normal[fold::FOLDS]):
            shutil.copytree(memory, folder / f"fold{fold}-{number}")
            (replayed,) = replay([clip], REPLAYED, folder / f"fold{fold}-{number}")
            told += len(begins(replayed.events))
    return told


def replayed_pass(normal: Sequence[Path], test: Sequence[Path], folder: Path, fps: float) -> Pass:
    """As by the command, but in this process with remembered detections."""
    camera = f"fps = {fps}\n{REPLAYED}"
    replay(normal, camera, folder / "learned")
    events, scores = {}, {}
    for clip in test:
        shutil.copytree(folder / "learned", folder / clip.stem)
        (found,) = replay([clip], camera, folder / clip.stem)
        events[clip.stem] = found.events
        scores[clip.stem] = _held([(t, told.get(RULE, 0.0)) for t, told in found.scores])
    return Pass(events, scores)


def second_half(video: Path) -> Figure:
    """Learning goes on; HALVES_LEARN_S is far less than anybody should ask for."""
    (replayed,) = replay([video], f'[[camera.rule]]\nkind = "scene_anomaly"\nlearn_s = {HALVES_LEARN_S}\n')
    middle = replayed.scores[-1][0] / 2
    told = [event for event in begins(replayed.events) if seconds(event.data.started.timestamp()) >= middle]
    return Figure(f"{video.stem}: episodes in its second half, {HALVES_LEARN_S:g} s learned at first", float(len(told)))


def cost_ms() -> float:
    """Of one camera at 640x360, the flow it asks for included (benchmarks.rule_cost)."""
    clips = [rule_cost.prepared(DATA / name) for name in rule_cost.CLIPS]
    frames = sum(len(clip[0]) for clip in clips)
    rule = [rule_cost.rule_of("scene_anomaly")]
    bare, own = (
        min(sum(rule_cost.milliseconds(*clip, rules, False) * len(clip[0]) for clip in clips) for _ in range(3))
        for rules in ([], rule)
    )
    return (own - bare) / frames


def measure() -> Outcome:
    """Ped1, trained on normal clips only; the masks; normal clips left out; halves of other clips; cost and memory."""
    truth = labels()
    normal = sorted((PED1 / "train").glob("*.mp4"))
    test = [PED1 / "test" / f"{clip}.mp4" for clip in sorted(truth)]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = learned(normal, folder, 5.0)
        passed = judged(test, known, folder, 5.0, "update_every_s = 1.0\n")
        figures += frame_figures(passed, truth, 5.0, bar=True)
        figures += [*event_figures(passed, truth), *box_figures(passed)]
        figures.append(Figure("memory, bytes on disk", float(known.stat().st_size)))
        (folder / "faster").mkdir()
        figures += frame_figures(replayed_pass(normal, test, folder / "faster", 10.0), truth, 10.0, bar=False)
        name_of = f"Ped1: episodes of {len(normal)} normal clips, each left out"
        figures.append(Figure(name_of, float(left_out(normal, folder))))
    figures += [second_half(video) for video in HALVES]
    figures.append(at_most("cost with its flow, ms a frame", cost_ms(), COST_MS))
    return Outcome("scene_anomaly", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
