"""Detections with the truth about who is who, for trackers: drawn walkers, and public detections of known clips.

Nothing here looks at a picture. What is drawn or disturbed comes from a seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import DATA, PETS_DETECTIONS, pets_truth
from benchmarks.scorers import Boxes, TruthFrame, as_boxes, iou, parse_mot

TRACKING = DATA / "tracking"
HIDDEN = 0.6
"""A detector's suppression leaves of two boxes that overlap more than this the one in front."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """boxes (n, 4) float32 pixels and scores (n,) float32 of each frame. truth: by frame, where it is known."""

    name: str
    width: int
    height: int
    fps: float
    boxes: list[NDArray[np.float32]]
    scores: list[NDArray[np.float32]]
    truth: Mapping[int, TruthFrame]


def walkers(count: int, frames: int, seed: int) -> Scene:
    """`count` people on a square, 1920 x 1080 at 10 frames a second, who cross each other's way and turn at its ends.

    Boxes tremble; a tenth is missed, in bursts; who is mostly behind another is not seen, who is partly is weak; and
    one box in twenty is nobody.
    """
    chance = np.random.default_rng(seed)
    foot = chance.uniform((0, 300), (1920, 1060), (count, 2))
    pace = chance.uniform(0.4, 1.1, (count, 2)) * chance.choice((-1, 1), (count, 2)) * (1.0, 0.3)
    tall = chance.uniform(0.9, 1.1, count)
    away = np.zeros(count, int)
    boxes, scores, truth = [], [], {}
    for frame in range(frames):
        high = tall * (40 + foot[:, 1] / 7)
        foot += pace * high[:, None] / 10
        pace[(foot < (0, 300)) & (pace < 0) | (foot > (1920, 1060)) & (pace > 0)] *= -1
        true = _standing(foot, high)
        away = np.where(away > 0, away - 1, (chance.random(count) < 0.025) * chance.integers(1, 8, count))
        covered = _covered(true, foot[:, 1])
        seen = np.flatnonzero((away == 0) & (covered < HIDDEN))
        found = _standing(
            foot[seen] + chance.normal(0, 0.02, (len(seen), 2)) * high[seen, None],
            high[seen] * (1 + chance.normal(0, 0.03, len(seen))),
        )
        sure = 0.85 - 0.6 * covered[seen] + chance.normal(0, 0.12, len(seen))
        nobody = chance.poisson(count / 20)
        ghosts = _standing(chance.uniform((0, 300), (1920, 1060), (nobody, 2)), chance.uniform(60, 200, nobody))
        boxes.append(np.concatenate((found, ghosts)).astype(np.float32))
        scores.append(np.concatenate((sure.clip(0.05, 0.99), chance.beta(2, 5, nobody))).astype(np.float32))
        truth[frame] = TruthFrame(true, np.arange(count), np.zeros(count, np.bool_))
    return Scene(f"{count} drawn walkers", 1920, 1080, 10.0, boxes, scores, truth)


def _standing(foot: Boxes, high: NDArray[np.float64]) -> Boxes:
    """Boxes (n, 4) of people whose feet are at `foot` (n, 2)."""
    half = 0.2 * high
    return np.stack((foot[:, 0] - half, foot[:, 1] - high, foot[:, 0] + half, foot[:, 1]), axis=1)


def _covered(boxes: Boxes, depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each box, the greatest overlap with one whose foot is nearer to the camera."""
    overlap = iou(boxes, boxes) * (depth[None, :] > depth[:, None])
    most: NDArray[np.float64] = overlap.max(axis=1, initial=0.0)
    return most


def tud_campus() -> Scene:
    """TUD-Campus with the public detections of MOT15 (ACF), 640 x 480 at 25 frames a second."""
    folder = TRACKING / "TUD-Campus"
    truth = {n - 1: one for n, one in parse_mot((folder / "gt.txt").read_text("utf-8").splitlines()).items()}
    boxes, scores = public(folder / "det.txt", 1 + max(truth))
    return Scene("TUD-Campus, public detections", 640, 480, 25.0, boxes, scores, truth)


def pets() -> Scene:
    """PETS09-S2L1 with the public detections of MOT15 (ACF), 768 x 576 at 10 a second; the truth of 33 frames."""
    boxes, scores = public(PETS_DETECTIONS, 795)
    return Scene("PETS09-S2L1, public detections", 768, 576, 10.0, boxes, scores, pets_truth())


def disturbed(name: str, seed: int) -> Scene:
    """True tracks of a MOT16 street at 10 a second as a detector might give them: a fifth missed in bursts, trembling,
    with scores that fall with the size, and one box in twenty nobody. Not a detector's output, and it says so."""
    chance = np.random.default_rng(seed)
    text = (TRACKING / "mot16_tracks_10hz" / f"{name}.txt").read_text("utf-8")
    truth = {(n - 1) // 3: one for n, one in parse_mot(text.splitlines()).items()}
    away: dict[int, int] = {}
    boxes, scores = [], []
    for frame in range(1 + max(truth)):
        true = truth.get(frame, TruthFrame(as_boxes([]), np.empty(0, np.int64), np.empty(0, np.bool_)))
        for who in true.ids.tolist():
            away[who] = away.get(who, 0) - 1
            if away[who] < 0 and chance.random() < 0.06:
                away[who] = int(chance.integers(1, 7))
        depth = true.boxes[:, 3]
        shown = np.array([away[who] <= 0 for who in true.ids.tolist()], np.bool_) & (
            _covered(true.boxes, depth) < HIDDEN
        )
        own = true.boxes[shown]
        high = own[:, 3] - own[:, 1]
        noisy = own + chance.normal(0, 0.03, own.shape) * high[:, None]
        nobody = chance.poisson(max(len(own) / 20, 0.2))
        ghosts = _standing(chance.uniform((0, 300), (1920, 1060), (nobody, 2)), chance.uniform(60, 300, nobody))
        sure = (0.45 + high / 600 + chance.normal(0, 0.15, len(own))).clip(0.05, 0.99)
        boxes.append(np.concatenate((noisy, ghosts)).astype(np.float32))
        scores.append(np.concatenate((sure, chance.beta(2, 5, nobody))).astype(np.float32))
    return Scene(f"{name}, true tracks disturbed", 1920, 1080, 10.0, boxes, scores, truth)


def every(nth: int, scene: Scene) -> Scene:
    """Each `nth` frame of a scene, as a camera host that looks less often sees it."""
    truth = {frame // nth: one for frame, one in scene.truth.items() if frame % nth == 0}
    name, fps = f"{scene.name}, each {nth}. frame", scene.fps / nth
    return Scene(name, scene.width, scene.height, fps, scene.boxes[::nth], scene.scores[::nth], truth)


def public(file: Path, frames: int) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Boxes and scores by frame from 0 of a MOT detection file (frame from 1, id, left, top, width, height, score)."""
    rows = np.loadtxt(file, delimiter=",", ndmin=2)
    boxes, scores = [], []
    for frame in range(frames):
        here = rows[rows[:, 0] == frame + 1]
        boxes.append(np.concatenate((here[:, 2:4], here[:, 2:4] + here[:, 4:6]), axis=1).astype(np.float32))
        scores.append(here[:, 6].astype(np.float32))
    return boxes, scores
