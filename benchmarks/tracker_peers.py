"""Other people's trackers over given boxes, and their measures: run by tracking.py with Pythons that have them, and
without Jaga.

Prints first one line of JSON: the version of each library that is there. Then one line in answer to each line on
standard input, {"do": a tracker or "score", "file": an .npz}:

- a tracker: the file has width, height, fps, start, lost_s, min_iou, confirm, counts (detections of each frame), boxes
  (n, 4) x1 y1 x2 y2 and scores (n,). Answer: ms (processor time of each update, its making of the library's own types
  included) and tracks (frame, id, index of the detection among those of its frame).
- "limit": the same file. Answer: ms of what no tracker of this kind leaves out, as bare as it comes: one overlap of
  all boxes with those of the frame before, one assignment by scipy, and a filter's prediction and correction of all
  coordinates with one covariance an object.
- "score": true_ids, true_counts, ids, counts, similarity (of each frame, true x found, flattened). Answer: IDF1, HOTA
  (both 0..100), as TrackEval reckons them (Luiten et al. 2020, Ristani et al. 2016).
"""

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

LIBRARIES = ("trackers", "norfair", "supervision", "trackeval", "scipy")
Rows = list[tuple[int, int]]


class Peer(Protocol):
    def update(self, boxes: np.ndarray, scores: np.ndarray, t: float) -> Rows:
        """Id and index of each detection that a track has taken."""
        ...


class Trackers:
    """ByteTrack of Roboflow's `trackers`, told the time of each frame."""

    def __init__(self, given: Any) -> None:
        from trackers import ByteTrackTracker

        self._tracker = ByteTrackTracker(
            lost_track_buffer=round(float(given["lost_s"]) * 30),
            frame_rate=float(given["fps"]),
            track_activation_threshold=float(given["start"]),
            minimum_consecutive_frames=int(given["confirm"]),
            minimum_iou_threshold=float(given["min_iou"]),
            high_conf_det_threshold=float(given["start"]),
        )

    def update(self, boxes: np.ndarray, scores: np.ndarray, t: float) -> Rows:
        import supervision

        found = supervision.Detections(xyxy=boxes, confidence=scores, data={"index": np.arange(len(boxes))})
        result = self._tracker.update(found, timestamp=t)
        if not len(result):
            return []
        return [(int(n), int(i)) for n, i in zip(result.tracker_id, result.data["index"], strict=True) if n >= 0]


class Supervision:
    """ByteTrack of supervision 0.26. It wants an overlap times score of 0.2 at least, its own default."""

    def __init__(self, given: Any) -> None:
        import supervision

        self._tracker = supervision.ByteTrack(
            track_activation_threshold=float(given["start"]),
            lost_track_buffer=round(float(given["lost_s"]) * 30),
            frame_rate=round(float(given["fps"])),
            minimum_consecutive_frames=1,
        )

    def update(self, boxes: np.ndarray, scores: np.ndarray, t: float) -> Rows:
        import supervision

        found = supervision.Detections(
            xyxy=boxes,
            confidence=scores,
            class_id=np.zeros(len(boxes), int),
            data={"index": np.arange(len(boxes))},
        )
        result = self._tracker.update_with_detections(found)
        if not len(result):
            return []
        return [(int(n), int(i)) for n, i in zip(result.tracker_id, result.data["index"], strict=True) if n >= 0]


class Norfair:
    """norfair's SORT-like tracker on overlap. It knows no weak detections: it gets those from `start`."""

    def __init__(self, given: Any) -> None:
        import norfair

        self._start = float(given["start"])
        self._tracker = norfair.Tracker(
            distance_function="iou",
            distance_threshold=1 - float(given["min_iou"]),
            hit_counter_max=round(float(given["lost_s"]) * float(given["fps"])),
            initialization_delay=int(given["confirm"]) - 1,
        )

    def update(self, boxes: np.ndarray, scores: np.ndarray, t: float) -> Rows:
        import norfair

        strong = np.flatnonzero(scores >= self._start)
        found = [
            norfair.Detection(boxes[i].reshape(2, 2), scores=np.repeat(scores[i], 2), data=(t, int(i))) for i in strong
        ]
        result = self._tracker.update(detections=found)
        seen = [(one.id, *one.last_detection.data) for one in result]
        return [(number, index) for number, when, index in seen if when == t]


PEERS: dict[str, Callable[[Any], Peer]] = {"trackers": Trackers, "supervision": Supervision, "norfair": Norfair}


def follow(name: str, given: Any) -> dict[str, Any]:
    """One tracker over the frames of a file."""
    tracker = PEERS[name](given)
    ends = np.cumsum(given["counts"])
    boxes, scores, fps = given["boxes"], given["scores"], float(given["fps"])
    ms, tracks = [], []
    for frame, (end, count) in enumerate(zip(ends, given["counts"], strict=True)):
        own, their = boxes[end - count : end], scores[end - count : end]
        began = time.process_time()
        rows = tracker.update(own, their, frame / fps)
        ms.append((time.process_time() - began) * 1e3)
        tracks += [(frame, number, index) for number, index in rows]
    return {"ms": ms, "tracks": tracks}


def bare(given: Any) -> dict[str, Any]:
    """The least a frame takes; nothing is followed by it."""
    from scipy.optimize import linear_sum_assignment

    frames = np.split(given["boxes"].astype(np.float64), np.cumsum(given["counts"])[:-1])
    step, ms = 1 / float(given["fps"]), []
    for before, now in pairwise(frames):
        boxes, speeds, (p, c, v) = before.T.copy(), np.zeros((4, len(before))), np.ones((3, len(before)))
        found = now.T.copy()
        began = time.process_time()
        boxes += step * speeds
        p += step * (2 * c + step * v)
        c += step * v
        sides = np.minimum(boxes[2:, :, None], found[2:, None]) - np.maximum(boxes[:2, :, None], found[:2, None])
        shared = np.maximum(sides[0], 0) * np.maximum(sides[1], 0)
        own, their = ((one[2] - one[0]) * (one[3] - one[1]) for one in (boxes, found))
        rows, columns = linear_sum_assignment(shared / (own[:, None] + their - shared), maximize=True)
        gain, pull = p[rows] / (p[rows] + 1), c[rows] / (p[rows] + 1)
        surprise = found[:, columns] - boxes[:, rows]
        boxes[:, rows] += gain * surprise
        speeds[:, rows] += pull * surprise
        v[rows] -= pull * c[rows]
        p[rows], c[rows] = gain, pull
        ms.append((time.process_time() - began) * 1e3)
    return {"ms": ms}


def score(given: Any) -> dict[str, float]:
    """IDF1 and HOTA of one sequence."""
    from trackeval.metrics import HOTA, Identity

    true, found = given["true_counts"], given["counts"]
    areas = np.split(given["similarity"], np.cumsum(true * found)[:-1])
    data = {
        "gt_ids": np.split(given["true_ids"], np.cumsum(true)[:-1]),
        "tracker_ids": np.split(given["ids"], np.cumsum(found)[:-1]),
        "similarity_scores": [one.reshape(a, b) for one, a, b in zip(areas, true, found, strict=True)],
        "num_gt_ids": len(np.unique(given["true_ids"])),
        "num_tracker_ids": len(np.unique(given["ids"])),
        "num_gt_dets": len(given["true_ids"]),
        "num_tracker_dets": len(given["ids"]),
        "num_timesteps": len(true),
    }
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    return {"IDF1": 100 * float(identity["IDF1"]), "HOTA": 100 * float(np.mean(HOTA().eval_sequence(data)["HOTA"]))}


def main() -> None:
    here = {}
    for library in LIBRARIES:
        try:
            here[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(here), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        with np.load(asked["file"]) as given:
            kept = dict(given)
        own = {"score": score, "limit": bare}.get(asked["do"])
        reply = follow(asked["do"], kept) if own is None else own(kept)
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
