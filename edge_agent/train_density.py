"""Trains the density network for crowds: `python -m edge_agent.train_density --data FOLDER [--out FILE]`.

FOLDER/crowd_counting holds pictures (NAME.jpg) with one head a line (NAME.txt: x y in pixels); every other picture and
video below FOLDER shows no dense crowd: its heads are those of the people whom the detector finds, and finds no longer
where the picture is made smaller. Everything follows from the seed and the detector's network. Prints what networks say
that have not seen a picture's source.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from zlib import crc32

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.adapters.detectors import open_detector
from edge_agent.core.crowd_density import Floats, arrays
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import PERSON, FeatureMap, Image
from edge_agent.zoo.density_fit import DENSE, Sample, fit, held_out

CROWDS = "crowd_counting"
VERSIONS, FEW_VERSIONS, OTHER_VERSIONS = 16, 8, 1
"""How many crops are made of a picture with a dense crowd, of any other whose heads are labelled, and of the rest.
Without the rest's, grey, blur and blocks would mean a crowd."""
SMALLER_VERSIONS, PEOPLE = 3, 2
"""So many more of the rest, seldom nearer, where so many people are detected: small people with room between them are
no crowd."""
NEAREST, FARTHEST, FARTHEST_DENSE = 0.2, 3.0, 1.9
"""Width of a crop, in widths of the picture."""
SMALLER = 0.7
"""The same of the versions with smaller people."""
WIDEST = 1280
"""Of a picture, pixels."""
HEAD = 0.1
"""Of the height of a person's box: how far below its upper edge the head's middle is."""
UP = 4
"""Heads are drawn so many times finer than cells, and softened to about one."""
SEED = 0
WORST = 20
"""So many pictures without a crowd are printed, those that look most like one first."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """source: what must not be in training and test at once. image: BGR, at most WIDEST wide. heads: (n, 2) pixels of
    it; None where nobody has labelled them."""

    name: str
    source: str
    image: Image
    heads: NDArray[np.float64] | None


def photos(folder: Path) -> Iterator[Photo]:
    """One picture of each video, that in its middle."""
    clips = dict(_clips(folder))
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        image = cv2.imread(str(path))
        if image is None:
            continue
        points = path.with_suffix(".txt")
        crowd = path.parent.name == CROWDS and points.is_file()
        name = str(path.relative_to(folder))
        # A sequence's pictures lie in a folder of that name, as MOTChallenge has it.
        source = str(path.parent.parent.relative_to(folder)) if path.parent.name == "img1" else name
        yield _photo(name, source, np.asarray(image, np.uint8), np.loadtxt(points, ndmin=2) if crowd else None)
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mp4", ".avi", ".mpg")):
        name = str(path.relative_to(folder))
        # Clips of one camera come in numbered series.
        series = str(path.parent.parent.relative_to(folder)) if path.parent.name in ("train", "test") else name
        source = clips.get(path, series)
        if (image := _middle(path)) is not None:
            yield _photo(name, source, image, None)


def _clips(folder: Path) -> Iterator[tuple[Path, str]]:
    """Videos that were cut from a longer one, as a labels.csv beside them says (columns file and source_video)."""
    for path in sorted(folder.rglob("labels.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if "source_video" in row:
                    yield path.parent / row["file"], row["source_video"]


class Looker:
    """Makes samples of photos, by the detector as the agent runs it."""

    def __init__(self) -> None:
        self._detector: Detector = open_detector(DetectorSpec(precision="f32"))

    def samples(self, photo: Photo, rng: np.random.Generator) -> Iterator[Sample]:
        """The whole picture, and crops of it."""
        seen = self._look(photo.image)
        heads = _heads_of(seen.boxes) if photo.heads is None else photo.heads
        whole = _sample(photo, photo.image.shape, heads, seen, whole=True)
        yield whole
        versions = OTHER_VERSIONS if photo.heads is None else VERSIONS if whole.dense else FEW_VERSIONS
        smaller = SMALLER_VERSIONS if photo.heads is None and len(heads) >= PEOPLE else 0
        farthest = FARTHEST_DENSE if whole.dense else FARTHEST
        for nearest in [NEAREST] * versions + [SMALLER] * smaller:
            image, moved = _version(photo.image, heads, (nearest, farthest), rng)
            yield _sample(photo, image.shape, moved, self._look(image), whole=False)

    def _look(self, image: Image) -> "Seen":
        (seen,) = self._detector.detect([np.ascontiguousarray(image)])
        if seen.features is None:
            raise ValueError(f"{self._detector.name} gives no maps")
        people = [seen.classes[label] == PERSON for label in seen.labels]
        return Seen(seen.boxes[people].astype(np.float64), seen.features)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """boxes: (n, 4) people, x1 y1 x2 y2 in pixels."""

    boxes: NDArray[np.float64]
    maps: FeatureMap


def _heads_of(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    x1, y1, x2, y2 = boxes.T
    return np.column_stack(((x1 + x2) / 2, y1 + HEAD * (y2 - y1)))


def _sample(photo: Photo, shape: tuple[int, ...], heads: NDArray[np.float64], seen: Seen, *, whole: bool) -> Sample:
    """shape: of the picture that was looked at. heads: (n, 2) pixels of it."""
    size = (shape[1], shape[0])
    heads = heads[((heads >= 0) & (heads < size)).all(axis=1)]
    x, y = heads.T[..., None]
    x1, y1, x2, y2 = seen.boxes.T
    detected = ((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)).any(axis=1)
    drawn = _drawn(heads[~detected] / size, seen.maps)
    boxes = tuple((a, b, c, d) for a, b, c, d in (seen.boxes / (*size, *size)).tolist())
    count = 0 if photo.heads is None else len(heads)
    return Sample(photo.name, photo.source, _halved(seen.maps), count, boxes, drawn, whole)


def _drawn(heads: NDArray[np.float64], maps: FeatureMap) -> Floats:
    """Heads in each cell of the fine map. heads: (n, 2) in unit coordinates."""
    rows, columns = maps.fine.shape[1:]
    drawn = np.zeros((rows * UP, columns * UP), np.float32)
    x, y = (((heads - (maps.left, maps.top)) / (maps.width, maps.height)) * 2 * UP).astype(int).T
    np.add.at(drawn, (y, x), 1.0)
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), UP / 2, borderType=cv2.BORDER_REFLECT), np.float32)
    return np.asarray(soft.reshape(rows, UP, columns, UP).sum(axis=(1, 3)), np.float32)


def _halved(maps: FeatureMap) -> FeatureMap:
    """In half precision: there are some hundred."""
    values, fine = maps.values.astype(np.float16), maps.fine.astype(np.float16)
    return FeatureMap(values, fine, maps.left, maps.top, maps.width, maps.height)  # type: ignore[arg-type]


def _version(
    image: Image, heads: NDArray[np.float64], shares: tuple[float, float], rng: np.random.Generator
) -> tuple[Image, NDArray[np.float64]]:
    """Nearer or farther (shares: of the picture's width, from and to), mirrored or not, in colour or grey, darker,
    blurred, compressed. Farther is a part of the picture with its mirror images beside it and itself above: nobody
    stands on the head, where no detector looks for people."""
    height, width = image.shape[:2]
    share = float(np.exp(rng.uniform(*np.log(shares))))
    w, h = int(width * share), int(height * share)
    times = 1 if share <= 1 else ceil(share) + 1
    left, top = int(rng.integers(0, times * width - w + 1)), int(rng.integers(0, times * height - h + 1))
    mirrored = heads * (-1, 1) + (width - 1, 0)
    row = np.hstack([image[:, :: 1 - 2 * (n % 2)] for n in range(times)])
    every = [(mirrored if n % 2 else heads) + (n * width, m * height) for m in range(times) for n in range(times)]
    part, moved = np.vstack([row] * times)[top : top + h, left : left + w], np.concatenate(every) - (left, top)
    part, moved = _shrunk(part, moved)
    if rng.random() < 0.5:
        part, moved = part[:, ::-1], moved * (-1, 1) + (part.shape[1] - 1, 0)
    return _worse(part, rng), moved


def _shrunk(image: Image, heads: NDArray[np.float64]) -> tuple[Image, NDArray[np.float64]]:
    """To WIDEST."""
    height, width = image.shape[:2]
    if width <= WIDEST:
        return image, heads
    size = (WIDEST, round(height * WIDEST / width))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), heads * WIDEST / width


def _worse(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.4:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    gain, lift = rng.uniform(0.5, 1.2), rng.uniform(-10, 15)
    changed: Image = np.clip(image * gain + lift, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        changed = np.asarray(cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.5, 1.4) * image.shape[1] / 640), np.uint8)
    if rng.random() < 0.3:
        packed = cv2.imencode(".jpg", changed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))])[1]
        changed = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return changed


def samples_of(everything: Iterable[Photo]) -> list[Sample]:
    """What the networks learn from and are judged by. A picture's crops are its own, whatever others there are."""
    looker = Looker()
    return [
        one
        for photo in everything
        for one in looker.samples(photo, np.random.default_rng([SEED, crc32(photo.name.encode())]))
    ]


def _photo(name: str, source: str, image: Image, heads: NDArray[np.float64] | None) -> Photo:
    small, moved = _shrunk(image, np.zeros((0, 2)) if heads is None else heads)
    return Photo(name, source, small, None if heads is None else moved)


def _middle(path: Path) -> Image | None:
    """None where it cannot be decoded."""
    try:
        with av.open(str(path)) as container:
            every = [frame for n, frame in enumerate(container.decode(video=0)) if n % 10 == 0]
        if not every:
            return None
        return every[len(every) // 2].to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    except (av.error.FFmpegError, OSError):
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("models/density.npz"), metavar="FILE")
    options = parser.parse_args(arguments)
    samples = samples_of(photo for photo in photos(options.data) if "robustness" not in photo.name)
    found = [(one, shown) for one, shown in held_out(samples) if one.whole]
    np.savez_compressed(options.out, allow_pickle=False, **arrays(fit(samples)))
    crowds = [(one, shown) for one, shown in found if one.count]
    others = sorted((pair for pair in found if not pair[0].count), key=lambda pair: -pair[1].heads)
    for one, shown in [*crowds, *others[:WORST]]:
        line = {"picture": one.name, "heads": one.count, "detected": one.detected}
        line |= {"beside_them": round(shown.heads), "in_a_box": round(shown.crowding, 1)}
        sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.write(json.dumps({"pictures": len(found), "dense": sum(one.count >= DENSE for one, _ in found)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
