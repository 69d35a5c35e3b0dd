"""Makes the 8-bit network of a model: `python -m edge_agent.quantize --frames FOLDER --out FILE`.

Pictures and videos below each --frames are of what it will see; the result needs none of them. --keep leaves layers in
float32, by the beginning of their names. With --check it prints how much is lost on pictures of other folders: of what
float32 finds with a score of 0.5 or more, the share that the result finds with 0.5 and with 0.4 (same class, IoU 0.5),
and the reverse.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np

from contract.errors import JagaError
from edge_agent.adapters.detector_image import fit, letterbox, to_blob
from edge_agent.adapters.detector_openvino import open_openvino
from edge_agent.core.model import Model
from edge_agent.core.overlap import iou
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections, Image
from edge_agent.zoo.manifest import manifest
from edge_agent.zoo.quantize import Sample, quantize
from edge_agent.zoo.verify import ModelError, read, write

PICTURES, VIDEOS = (".jpg", ".png"), (".mp4", ".avi")
FRAMES = 8
"""Of each video, evenly spaced."""
OBJECT, STRONG, WEAK = 0.25, 0.5, 0.4
"""Scores: of what counts as an object, of what must be found again, and what is enough for that."""
SAME = 0.5
"""So much boxes of one object overlap (IoU)."""


def frames(folders: Iterable[Path], side: int) -> Iterator[Image]:
    """Every picture and FRAMES of each video, letterboxed to `side`; in the order of their names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            shown: list[Image] = []
            if path.suffix.lower() in VIDEOS:
                shown = list(_of_video(path))
            elif path.suffix.lower() in PICTURES and (image := cv2.imread(str(path))) is not None:
                shown = [np.asarray(image, np.uint8)]
            yield from (letterbox(one, fit(one.shape[1], one.shape[0], side)) for one in shown)


def _of_video(path: Path) -> Iterator[Image]:
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    wanted = {int((n + 0.5) * count / FRAMES) for n in range(FRAMES)}
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                yield frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def found(model: Model, pictures: Sequence[Image], confidence: float) -> list[Detections]:
    """What a network finds in letterboxed pictures, in their pixels."""
    with closing(open_openvino(model, DetectorSpec(confidence=confidence, precision="f32"))) as detector:
        return [detector.detect([picture], exact=True)[0] for picture in pictures]


def again(these: Sequence[Detections], those: Sequence[Detections], score: float) -> float:
    """Of the boxes of `these` with STRONG or more, the share that `those` have with `score`. 1 where there are none."""
    hits = total = 0
    for one, other in zip(these, those, strict=True):
        strong, enough = one.scores >= STRONG, other.scores >= score
        overlap = iou(one.boxes[strong], other.boxes[enough])
        overlap[one.labels[strong][:, None] != other.labels[enough]] = 0
        hits += int(np.count_nonzero((overlap >= SAME).any(axis=1)))
        total += len(overlap)
    return hits / total if total else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DetectorSpec().model, help="a name of models/manifest.toml")
    parser.add_argument("--frames", type=Path, action="append", required=True, help="folder of pictures and videos")
    parser.add_argument("--check", type=Path, action="append", default=[], help="folder of others, to compare on")
    parser.add_argument("--keep", action="append", default=[], help="beginning of layers' names to leave in float32")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write")
    options = parser.parse_args(arguments)
    try:
        _make(options.model, options.frames, options.check, options.keep, options.out)
    except JagaError as error:
        parser.exit(1, f"{error}\n")
    return 0


def _make(model: str, folders: list[Path], check: list[Path], keep: list[str], out: Path) -> None:
    entry = manifest().entry(model)
    classes, side = manifest().classes_of(entry), entry.input.trained_at
    plain = Model(entry.name, classes, read(entry.onnx, entry.name))
    pictures = list(frames(folders, side))
    if not pictures:
        names = ", ".join(map(str, folders))
        raise ModelError("zoo.no_pictures", folders=names, allowed=", ".join((*PICTURES, *VIDEOS)))
    objects = found(plain, pictures, OBJECT)
    samples = [Sample(to_blob([one]), seen.boxes) for one, seen in zip(pictures, objects, strict=True)]
    content = quantize(plain.onnx, samples, keep)
    write(content, out)
    digest = hashlib.sha256(content).hexdigest()
    sys.stdout.write(f"{out}: {len(content)} bytes, SHA-256 {digest}, from {len(samples)} pictures\n")
    if check:
        _compare(plain, Model(entry.name, classes, content), list(frames(check, side)))


def _compare(plain: Model, small: Model, pictures: Sequence[Image]) -> None:
    before, after = found(plain, pictures, WEAK), found(small, pictures, WEAK)
    strong = [sum(int((one.scores >= STRONG).sum()) for one in seen) for seen in (before, after)]
    sys.stdout.write(f"{len(pictures)} other pictures, {strong[0]} boxes in float32, {strong[1]} in 8-bit integers\n")
    for score in (STRONG, WEAK):
        there, back = again(before, after, score), again(after, before, score)
        sys.stdout.write(f"found again with {score:g}: {there:.4f}, the reverse {back:.4f}\n")


if __name__ == "__main__":
    sys.exit(main())
