"""The tracker against others: milliseconds a frame at 10, 50 and 200 objects, IDF1 and HOTA on public detections.

    JAGA_TRACKERS_PYTHON=/a/bin/python:/b/bin/python python -m benchmarks.tracking

The variable names Pythons (their libraries contradict each other) in which `trackers`, `norfair`, `supervision==0.26.*`
and `trackeval` are found; Jaga needs none of them. All see the same boxes with the same thresholds. Times are processor
time of one update, its median over a scene, of the rounds (turn by turn) the least, since other work on the machine
only adds to it; ratios are those of each round, their median. The limit is what no tracker of this kind leaves out,
bare (tracker_peers.py); where most boxes touch nobody, comparing only those that do can take less.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Figure, Outcome, at_least, at_most, command
from benchmarks.scorers import TruthFrame, as_boxes, iou, parse_mot
from benchmarks.tracker_scenes import TRACKING, Scene, disturbed, every, pets, tud_campus, walkers
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.spec import DetectorSpec, TrackerSpec, for_tracking
from edge_agent.core.types import Detections

PYTHONS = "JAGA_TRACKERS_PYTHON"
ROUNDS = int(os.environ.get("JAGA_ROUNDS", "5"))
SIZES = {10: 150, 50: 150, 200: 60}
"""Frames a scene, by its number of objects."""
WARM = 20
"""Frames before tracks have settled; their times do not count."""
SIDE = 640
"""Longer side of the picture in whose pixels the others see the boxes: their noise is in pixels."""
PEERS = ("trackers", "supervision", "norfair")
SPEC = for_tracking(DetectorSpec(), TrackerSpec())[1]
MS_AT_50, TIMES_FASTER, POINTS = 0.3, 4.0, 0.5
SEEDS = (1, 2, 3)
KNOWN = {"IDF1": 55.7659, "HOTA": 39.1397}
"""What py-motmetrics' README states for the tracker whose output lies beside TUD-Campus."""

Rows = list[tuple[int, int, int]]
"""Frame, id, index of the detection among those of its frame."""


@dataclass(frozen=True, slots=True)
class Answer:
    ms: list[float]
    tracks: Rows


class Helper:
    """A process of another Python that runs tracker_peers.py. versions: of what it has."""

    def __init__(self, python: str, stack: ExitStack) -> None:
        command = [python, str(Path(__file__).with_name("tracker_peers.py"))]
        alone = os.environ | {"PYTHONSAFEPATH": "1", "PYTHONPATH": ""}
        self._process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone)
        )
        stack.callback(self._process.terminate)
        self.versions: dict[str, str] = json.loads(self._line())

    def ask(self, what: str, file: Path) -> Any:
        """Raises RuntimeError where the process ended instead of answering (what it said is on standard error)."""
        assert self._process.stdin is not None
        print(json.dumps({"do": what, "file": str(file)}), file=self._process.stdin, flush=True)
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"tracker_peers.py ended with {self._process.wait()}")
        return line


def helpers(stack: ExitStack) -> dict[str, Helper]:
    """By library: the first of the named Pythons that has it."""
    found: dict[str, Helper] = {}
    for python in filter(None, os.environ.get(PYTHONS, "").split(os.pathsep)):
        helper = Helper(python, stack)
        for library in helper.versions:
            if library != "supervision" or helper.versions[library].startswith("0.26."):
                found.setdefault(library, helper)
    return found


def write(scene: Scene, folder: Path) -> Path:
    """The scene as tracker_peers.py reads it."""
    file = folder / f"{len(list(folder.iterdir()))}.npz"
    scale = SIDE / max(scene.width, scene.height)
    np.savez(
        file,
        fps=scene.fps,
        counts=np.array([len(scores) for scores in scene.scores]),
        boxes=np.concatenate(scene.boxes) * np.float32(scale),
        scores=np.concatenate(scene.scores),
        start=SPEC.start,
        lost_s=SPEC.lost_s,
        min_iou=SPEC.min_iou,
        confirm=SPEC.confirm,
    )
    return file


def ours(scene: Scene) -> Answer:
    """Jaga's tracker over a scene."""
    tracker = ByteTrack(SPEC)
    ms: list[float] = []
    rows: Rows = []
    for frame, (boxes, scores) in enumerate(zip(scene.boxes, scene.scores, strict=True)):
        given = Detections(boxes, scores, np.zeros(len(scores), np.int32), ("person",))
        began = time.process_time()
        tracks = tracker.update(given, scene.width, scene.height, frame / scene.fps)
        ms.append((time.process_time() - began) * 1e3)
        unit = (boxes / np.array([scene.width, scene.height] * 2, np.float32)).tolist()
        index = {tuple(box): number for number, box in enumerate(unit)}
        rows += [(frame, track.id, index[track.box]) for track in tracks]
    return Answer(ms, rows)


def theirs(helper: Helper, name: str, file: Path) -> Answer:
    told = helper.ask(name, file)
    return Answer(told["ms"], [(frame, number, index) for frame, number, index in told["tracks"]])


Run = Callable[[], Answer]


def contestants(scene: Scene, found: dict[str, Helper], folder: Path) -> dict[str, Run]:
    file = write(scene, folder)
    runs: dict[str, Run] = {"jaga": lambda: ours(scene)}
    for name in PEERS:
        if name in found:
            runs[name] = lambda name=name: theirs(found[name], name, file)  # type: ignore[misc]
    return runs


def speed(found: dict[str, Helper], folder: Path) -> Iterator[Figure]:
    """Of each tracker the median of an update, by the number of objects; and how much slower the fastest other is."""
    for count, frames in SIZES.items():
        scene = walkers(count, frames, count)
        runs = contestants(scene, found, folder)
        rounds = [{name: statistics.median(run().ms[WARM:]) for name, run in runs.items()} for _ in range(ROUNDS)]
        for name in runs:
            value = min(one[name] for one in rounds)
            label = f"{count} objects: {name}, ms a frame"
            yield at_most(label, value, MS_AT_50) if name == "jaga" and count == 50 else Figure(label, value)
        if len(runs) > 1:
            best = [min(ms for name, ms in one.items() if name != "jaga") / one["jaga"] for one in rounds]
            label, value = f"{count} objects: times faster than the fastest other", statistics.median(best)
            yield at_least(label, value, TIMES_FASTER) if count == 50 else Figure(label, value)
        if (helper := found.get("scipy")) is not None:
            file = write(scene, folder)
            least = min(statistics.median(helper.ask("limit", file)["ms"][WARM:]) for _ in range(ROUNDS))
            yield Figure(f"{count} objects: limit (overlaps, assignment and filter, bare), ms a frame", least)
            yield Figure(f"{count} objects: jaga / limit", min(one["jaga"] for one in rounds) / least)


def footage() -> list[list[Scene]]:
    """People on real ways, at the rate of the recording and at about 5 and 8 frames a second; what is drawn by chance
    is drawn three times, since one switch of an id in a recording so short is worth several points."""
    streets = ("MOT16-02", "MOT16-09")
    return [
        [tud_campus()],
        [every(3, tud_campus())],
        [pets()],
        [every(2, pets())],
        *([disturbed(name, seed) for seed in SEEDS] for name in streets),
        *([every(2, disturbed(name, 10 + seed)) for seed in SEEDS] for name in streets),
    ]


def accuracy(found: dict[str, Helper], folder: Path) -> Iterator[Figure]:
    """IDF1 and HOTA of all on each scene and on average; ours against the library's ByteTrack and the best of all."""
    judge = found.get("trackeval")
    if judge is None:
        yield Figure("IDF1 and HOTA", f"not measured: {PYTHONS} names no Python that has trackeval")
        return
    yield from known(judge, folder)
    streets = footage()
    drawn = [[walkers(count, frames, count)] for count, frames in SIZES.items()]
    table: dict[str, list[dict[str, float]]] = {measure: [] for measure in KNOWN}
    for scenes in streets + drawn:
        marks: dict[str, list[dict[str, float]]] = {}
        for scene in scenes:
            for name, run in contestants(scene, found, folder).items():
                marks.setdefault(name, []).append(marked(judge, scene, run().tracks, folder))
        for measure, rows in table.items():
            rows.append({name: statistics.mean(mark[measure] for mark in own) for name, own in marks.items()})
            yield Figure(f"{scenes[0].name}: {measure}", _told(rows[-1]))
    for measure, rows in table.items():
        mean = {name: statistics.mean(row[name] for row in rows[: len(streets)]) for name in rows[0]}
        yield Figure(f"mean without the drawn: {measure}", _told(mean))
        if "trackers" in mean:
            most = max(row["trackers"] - row["jaga"] for row in rows)
            yield at_most(f"{measure} below the library's ByteTrack, at most", most, POINTS)
            yield at_most(f"mean {measure} below the best other", max(mean.values()) - mean["jaga"], POINTS)


def _told(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in row.items())


def known(judge: Helper, folder: Path) -> Iterator[Figure]:
    """The judge against the figures printed elsewhere for a tracker's output that lies beside the footage."""
    output = parse_mot((TRACKING / "TUD-Campus" / "reference_tracker_output.txt").read_text("utf-8").splitlines())
    truth = tud_campus().truth
    found = {n - 1: (one.ids, one.boxes) for n, one in output.items()}
    for measure, value in compared(judge, truth, found, folder).items():
        yield at_most(f"TUD-Campus, output of known merit: {measure} differs by", abs(value - KNOWN[measure]), 0.001)


def marked(judge: Helper, scene: Scene, rows: Rows, folder: Path) -> dict[str, float]:
    """The measures of one tracker's answer, on the frames whose truth is known."""
    by_frame: dict[int, list[tuple[int, int]]] = {}
    for frame, number, index in rows:
        by_frame.setdefault(frame, []).append((number, index))
    found = {
        frame: (
            np.array([number for number, _ in here], np.int64),
            as_boxes(scene.boxes[frame][[index for _, index in here]]),
        )
        for frame, here in by_frame.items()
    }
    return compared(judge, scene.truth, found, folder)


def compared(judge: Helper, truth: Any, found: dict[int, tuple[Any, Any]], folder: Path) -> dict[str, float]:
    """truth: TruthFrame by frame. found: ids and boxes by frame; frames without truth do not count."""
    nothing = np.empty(0, np.int64), as_boxes([])
    frames: list[TruthFrame] = [truth[frame] for frame in sorted(truth)]
    answers = [found.get(frame, nothing) for frame in sorted(truth)]
    file = folder / "score.npz"
    np.savez(
        file,
        true_ids=_dense([frame.ids for frame in frames]),
        true_counts=[len(frame.ids) for frame in frames],
        ids=_dense([ids for ids, _ in answers]),
        counts=[len(ids) for ids, _ in answers],
        similarity=np.concatenate(
            [iou(frame.boxes, boxes).ravel() for frame, (_, boxes) in zip(frames, answers, strict=True)]
        ),
    )
    told: dict[str, float] = judge.ask("score", file)
    return told


def _dense(ids: list[np.ndarray]) -> np.ndarray:
    """The ids of all frames, one after the other, renumbered from 0."""
    return np.unique(np.concatenate(ids), return_inverse=True)[1]


def measure() -> Outcome:
    """Speed and accuracy of our tracker and of those that are there."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = helpers(stack)
        figures = list(speed(found, folder))
        figures += accuracy(found, folder)
        for name in PEERS:
            if name in found:
                figures.append(Figure(name, found[name].versions[name]))
            else:
                figures.append(Figure(name, f"not measured: {PYTHONS} names no Python that has it"))
    return Outcome("tracking", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
