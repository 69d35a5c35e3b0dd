"""People half as large: does a camera that looks at parts of its pictures find at least those that whole pictures show?

PETS09-S2L1 in the middle of a picture twice as wide and high, around it the empty scene (the median of the clip),
mirrored: 80 pixels of 1536 are 33 of the 640 at which the network sees the whole. Only the middle moves. Processor time
of everything but decoding.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from benchmarks.busy_clip import quality
from benchmarks.cores import cores
from benchmarks.data import CONFIGS, pets_scene, pets_truth
from benchmarks.one_core import Parts, Row, Watcher, rows_of, warm
from benchmarks.report import Figure, Outcome, at_least, command
from benchmarks.scorers import Scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.source_wire import LUMA_WIDTH
from edge_agent.config import load
from edge_agent.core.types import Frame

WIDTH, HEIGHT = 768, 576
LEFT, TOP = WIDTH // 2, HEIGHT // 2
FPS = 10


def frames() -> Iterator[Frame]:
    """Up to the last one with ground truth."""
    clip, nobody = pets_scene()
    around = cv2.copyMakeBorder(nobody.astype(np.uint8), TOP, TOP, LEFT, LEFT, cv2.BORDER_REFLECT)
    for index, picture in enumerate(clip[: max(pets_truth()) + 1]):
        image = around.copy()
        image[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = picture
        yield Frame(np.asarray(image, np.uint8), tiny_luma(image, LUMA_WIDTH), index, index / FPS)


def watched(crops: Literal["auto", "off"]) -> tuple[Scores, float, Parts, int]:
    """What was found, id switches a true track, where the time went, and how many pictures there were."""
    config = load(CONFIGS / "pets.toml")
    config = replace(config, detector=replace(config.detector, precision="auto", threads=1))
    camera = replace(config.cameras[0], source="-", crops=crops)
    rows: list[Row] = []
    count = 0
    with closing(open_detector(config.detector)) as detector:
        warm(detector, 2 * WIDTH, 2 * HEIGHT)
        watcher = Watcher(config, camera, detector)
        for frame in frames():
            _, step = watcher.see(frame)
            own = rows_of(frame.index, frame, step)
            rows += [(n, i, x1 - LEFT, y1 - TOP, x2 - LEFT, y2 - TOP, s) for n, i, x1, y1, x2, y2, s in own]
            count += 1
        scores, switches = quality(rows)
        return scores, switches, watcher.parts, count


@cores(1)
def measure() -> Outcome:
    """Whole pictures, then parts."""
    cv2.setNumThreads(1)
    figures: list[Figure] = []
    recalls = []
    ways: dict[str, Literal["auto", "off"]] = {"whole": "off", "parts": "auto"}
    for name, crops in ways.items():
        scores, switches, parts, count = watched(crops)
        recalls.append(scores.recall)
        figures += [
            Figure(f"{name}: recall", scores.recall),
            Figure(f"{name}: precision", scores.precision),
            Figure(f"{name}: id switches a true track", switches),
            Figure(f"{name}: ms a picture", parts.whole / count * 1e3),
        ]
    figures.append(at_least("parts: recall against whole", recalls[1], round(recalls[0], 4)))
    return Outcome("far_people", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
