"""One to 64 cameras on this machine, through the running agent: what each costs, how late events are, what memory each
takes, and what happens where there is too much to do.

    python -m benchmarks.cameras [--cameras 1,4,16,64] [--busy 64] [--mixed 8] [--plot FILE.svg]

Each camera is a recording played as a stream (720p H.264, 25 pictures a second, a keyframe a second): a place where
nobody is, and for a tenth of the time people who walk there, at another time for each camera. A real mosquitto, a
subscriber, `jaga edge run` with its defaults but for one rule. The window is ROUNDS rounds of the recordings, so every
step has the same share of activity. Delay: from the decoding of an event's picture to the subscriber. Walks told of:
each camera shows one walk a round, so the rounds of each camera are counted in which an event began. Memory: PSS of the
agent and its decoders. Starting: from the start of the process until every camera is seen.

The limit is the sum of the parts, each alone at its peak: decoding by need with the motion gate, and the network for
the pictures that the gate lets through. --busy: so many cameras with people half the time: past saturation they must be
analysed less often and never later. --mixed: so many cameras, none of them with a rule that needs float32, one of them
(`brawl`), and that one with all in float32.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from benchmarks.cameras_plot import plot
from benchmarks.cameras_rig import FPS, LOOP_S, clips, coded, running, usage
from benchmarks.decode import SIZES, Stream, packets, play
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.privacy_cv2 import one_thread
from edge_agent.core.spec import DetectorSpec
from edge_agent.runtime_analysis import processors
from simulator.score import quantile

STEPS = (1, 4, 16, 64)
ACTIVITY, BUSY = 0.1, 0.5
WARM_S = 8.0
ROUNDS = 2
ALL, MOST = 0.95, 0.5
"""Walks told of before saturation, and beyond."""
SPREAD, DELAY_MS, MEMORY_MB, AGE_MS = 0.15, 500.0, 40.0, 1000.0
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """cpu: processors kept busy, on average. mb: memory. delays, stored: seconds from the picture to the subscriber,
    and to the spool. analysed: pictures a second of each camera. age: ms from decoding to the end of analysis, the mean
    of the camera and report in which it is worst. rate: the lowest that any camera was allowed. recall: share of the
    walks that were told of, of the cameras that were told of at all. starting: seconds."""

    cameras: int
    cpu: float
    mb: float
    delays: tuple[float, ...]
    stored: tuple[float, ...]
    analysed: float
    age: float
    rate: float
    recall: float
    cameras_told: float
    starting: float

    @property
    def each(self) -> float:
        """ms of processor time a second for each camera."""
        return 1000 * self.cpu / self.cameras


def step(files: list[Path], cameras: int, folder: Path, more: str = "", brawls: int = 0) -> Step:
    """more, brawls: see `running`."""
    sources = [files[n % len(files)] for n in range(cameras)]
    with running(sources, folder / f"run-{cameras}", more, brawls=brawls) as rig:
        starting = time.monotonic() - rig.began
        time.sleep(WARM_S)
        heard = rig.heard
        reports, begins = len(heard.health), len(heard.begins)
        before, began, opened = usage(rig.pid), time.monotonic(), time.time()
        time.sleep(ROUNDS * LOOP_S)
        after, passed = usage(rig.pid), time.monotonic() - began
        seen = heard.begins[begins:]
        stored = rig.stored()
        cams = [camera for report in heard.health[reports:] for camera in report.cameras]
        walks = {(one.camera, min(int((one.arrived - opened) / LOOP_S), ROUNDS - 1)) for one in seen}
    return Step(
        cameras,
        (after.cpu - before.cpu) / passed,
        after.mb,
        tuple(one.arrived - one.shown for one in seen),
        tuple(stored[one.id] - one.shown for one in seen if one.id in stored),
        statistics.mean(camera.fps_analysed for camera in cams),
        max(camera.latency_ms for camera in cams),
        min(camera.fps_allowed or FPS for camera in cams),
        len(walks) / (ROUNDS * cameras),
        len({camera for camera, _ in walks}) / cameras,
        starting,
    )


def limit(parts: list[Path], activity: float) -> tuple[float, float, float]:
    """Of one camera: ms of processor time a second for decoding and gate, ms a picture of the network, and how many
    pictures a second it is shown."""
    head, still = packets(parts[0])
    _, moving = packets(parts[1])
    cost = play(Stream("720p", head, still, moving), "auto", activity)
    with av.open(str(parts[1])) as container:
        image = np.asarray(next(container.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)
    times = []
    with closing(open_detector(DetectorSpec(threads=1))) as detector:
        for _ in range(LOOKS):
            began = time.process_time()
            detector.detect([image])
            times.append(time.process_time() - began)
    return cost.cpu * 1000, statistics.median(times) * 1000, cost.looked


def told(one: Step, name: str) -> list[Figure]:
    figures = [
        Figure(f"{name}: processors busy", one.cpu),
        Figure(f"{name}: processor time a camera, ms/s", one.each),
        Figure(f"{name}: pictures analysed a second, each camera", one.analysed),
        Figure(f"{name}: lowest rate allowed", one.rate),
        Figure(f"{name}: memory, MB", one.mb),
        Figure(f"{name}: age of an analysed picture, worst camera's mean, ms", one.age),
        Figure(f"{name}: events with a picture", len(one.delays)),
        Figure(f"{name}: walks told of", one.recall),
        Figure(f"{name}: cameras told of", one.cameras_told),
        Figure(f"{name}: starting, s", one.starting),
    ]
    if one.delays:
        figures += [
            Figure(f"{name}: picture to spool, median, ms", 1000 * quantile(one.stored, 0.5)),
            Figure(f"{name}: picture to subscriber, median, ms", 1000 * quantile(one.delays, 0.5)),
            Figure(f"{name}: picture to subscriber, p95, ms", 1000 * quantile(one.delays, 0.95)),
        ]
    return figures


def mixtures(files: list[Path], cameras: int, folder: Path) -> list[Figure]:
    """What one camera that needs float32 costs all of them together."""
    each = {
        "no brawl": step(files, cameras, folder / "none"),
        "one brawl": step(files, cameras, folder / "one", brawls=1),
        "one brawl, all in float32": step(files, cameras, folder / "all", '[detector]\nprecision = "f32"\n', 1),
    }
    figures = [figure for name, one in each.items() for figure in told(one, f"{cameras} cameras, {name}")]
    none, one, every = each.values()
    figures.append(Figure("one brawl: memory more than without, MB", one.mb - none.mb))
    a_picture = (one.cpu / one.analysed) / (every.cpu / every.analysed)  # the same where time is short
    figures.append(at_most("one brawl: processor time a picture, times that of all in float32", a_picture, 1.0))
    return figures


def measure(steps: tuple[int, ...], busy: int, mixed: int, drawn: Path | None) -> Outcome:
    one_thread()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = coded(SIZES["720p"], folder)
        decoding, network, looked = limit(parts, ACTIVITY)
        least = decoding + network * looked
        figures += [
            Figure("limit: decoding and gate, ms/s a camera", decoding),
            Figure("limit: network, ms a picture", network),
            Figure("limit: pictures shown to it a second", looked),
            Figure("limit: sum, ms/s a camera", least),
        ]
        files = clips(parts, ACTIVITY, folder)
        done = [step(files, cameras, folder) for cameras in steps]
        for one in done:
            figures += told(one, f"{one.cameras} cameras")
            figures.append(Figure(f"{one.cameras} cameras: times the limit", one.each / least))
        figures += _judged(done)
        if busy:
            over = step(clips(parts, BUSY, folder), busy, folder / "busy")
            figures += told(over, f"{busy} busy cameras")
            figures.append(at_most(f"{busy} busy cameras: age of a picture, ms", over.age, AGE_MS))
        if mixed:
            figures += mixtures(files, mixed, folder)
    if drawn is not None and len(done) > 1:
        late = [1000 * quantile(one.delays, 0.95) if one.delays else None for one in done]
        title = f"{ACTIVITY:.0%} activity, 720p, {processors()} processors"
        drawn.write_text(plot(title, steps, [100 * one.cpu for one in done], late), "utf-8")
    return Outcome("cameras", tuple(figures))


def _judged(done: list[Step]) -> list[Figure]:
    """What all steps together have to keep. Saturated: where a camera was not allowed its rate."""
    free = [one for one in done if one.rate >= FPS]
    figures = [Figure("steps before saturation", " ".join(str(one.cameras) for one in free) or "none")]
    if len(free) > 1:
        costs = [one.each for one in free]
        figures.append(at_most("processor time a camera, spread", max(costs) / min(costs) - 1, SPREAD))
    figures += [
        at_most(f"{one.cameras} cameras: picture to subscriber, p95 ms", 1000 * quantile(one.delays, 0.95), DELAY_MS)
        for one in free
        if one.delays
    ]
    figures += [
        at_least(f"{one.cameras} cameras: share of walks", one.recall, ALL if one in free else MOST) for one in done
    ]
    if len(done) > 1:
        first, last = done[0], done[-1]
        added = (last.mb - first.mb) / (last.cameras - first.cameras)
        figures.append(at_most("memory an added camera, MB", added, MEMORY_MB))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--cameras", default=",".join(map(str, STEPS)), help="how many, step by step (rising)")
    parser.add_argument("--busy", type=int, default=0, help="cameras of the step past saturation; 0: none")
    parser.add_argument("--mixed", type=int, default=0, help="cameras with one that needs float32; 0: none")
    parser.add_argument("--plot", type=Path, help="write the curves there")
    options, others = parser.parse_known_args()
    steps = tuple(int(word) for word in options.cameras.split(",") if word)
    return command(lambda: measure(steps, options.busy, options.mixed, options.plot), others)


if __name__ == "__main__":
    sys.exit(main())
