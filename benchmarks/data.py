"""Where the labelled footage lies, and readers of it. Nothing here is part of the product."""

from collections.abc import Collection
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.scorers import TruthFrame, parse_mot
from edge_agent.core.types import Image
from tests.data import DATA as DATA
from tests.data import ROOT as ROOT

CONFIGS = ROOT / "configs" / "measure"

PETS = DATA / "pets09_s2l1" / "vtest.avi"
PETS_DETECTIONS = DATA / "pets09_s2l1" / "det.txt"
PETS_TRUTH = DATA / "pets09_s2l1" / "gt_sample.txt"
MOTORWAY = DATA / "traffic" / "motorway_pedestrian_alarm.avi"
GATHERING = DATA / "loiter_like" / "people_gathering.mp4"
STAIRS = DATA / "loiter_like" / "people_stairs.mp4"
ROBUSTNESS = DATA / "robustness"


def pets_truth() -> dict[int, TruthFrame]:
    """Ground truth by frame of the file, from 0 (MOT counts from 1)."""
    return {frame - 1: truth for frame, truth in parse_mot(PETS_TRUTH.read_text("utf-8").splitlines()).items()}


def pets_scene() -> tuple[list[Image], NDArray[np.float32]]:
    """All pictures of PETS, and the place with nobody in it: their median."""
    with av.open(str(PETS)) as container:
        shown = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]
    return shown, np.asarray(np.median(np.stack(shown[::20]), axis=0), np.float32)


def frames(video: Path, wanted: Collection[int]) -> dict[int, Image]:
    """The frames of `video` at the indices `wanted` (from 0, in the order of decoding), BGR."""
    found: dict[int, Image] = {}
    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                found[index] = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
            if len(found) == len(wanted):
                break
    return found
