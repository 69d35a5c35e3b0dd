"""SYNTHETIC: are fires and smoke of other cameras told, and is nothing said of bright things that move like them?

Of the videos that `fire_images` was taken from only stills are here. What burns in them is cut out by its colour, set
in motion (simulator.blaze), and laid over scenes in which nothing burns; and moved in its own still, too. Smoke is the
still's own patch, which grows and rises as a cloud of a given opacity. Against them: lamps, headlights, a flasher,
police lights, a welder, and bright things cut out of street pictures, which pass or are waved about as the flames are.
Smoke also hangs over the scene from the first picture on.

The motion is invented, so the figures say whether the look of such a fire is taken for one, not how often real ones
are found. The rule runs alone, on pictures 320 wide at FPS, without a detector.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, cycle, islice

import cv2
import numpy as np

from benchmarks.data import DATA
from benchmarks.report import Figure, Outcome, at_most, command
from benchmarks.smoke_fire import FIRE, KIND, SMOKE, stills
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.source_av import open_source
from edge_agent.core.rules.smoke_fire import EPISODES, SmokeFire, SmokeFireRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import CameraSpec
from edge_agent.core.tracks import View
from edge_agent.core.types import Box, Frame, Image
from simulator.blaze import Act, Plane, burning, cut, lights, passing, smoking

FPS, ONSET_S, BURN_S, SMOKE_S = 5.0, 3.0, 5.0, 20.0
"""SMOKE_S: of smoke, and of all of which nothing may be told."""
GROWN_S = 4.0
"""Age of a cloud that no longer grows."""
WIDTH = 320
SCENES = (
    "traffic/thai_junction.mp4",
    "loiter_like/people_gathering.mp4",
    "abandoned/aboda_video4.avi",
    "accident/cctv_suv_motorcycle.mp4",
)
HEIGHTS = (0.3, 0.5)
"""Of what is cut out, as a share of the picture's height; the flames themselves are about half as high."""
OPACITIES = (0.5, 0.8)
SILENT = ("lights", "bright things passing")
"""Of which nothing may be told. What is waved about as the flames are may look like them."""
ASPECT = 4 / 3
"""The stills were made square, by stretching, from pictures about as wide as this."""
NOISE = 2.0
"""Grey levels, which a still does not have from look to look."""


@cache
def footage(name: str, burn_s: float = BURN_S) -> list[Plane]:
    """From ONSET_S before to `burn_s` after; a short clip runs to and fro."""
    looks = round((ONSET_S + burn_s) * FPS)
    spec, frames = CameraSpec(id="c", source=str(DATA / name), fps=FPS), []
    for frame in islice(open_source(spec, realtime=False, start=0.0), looks):
        size = (WIDTH, round(WIDTH * frame.height / frame.width))
        frames.append(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA).astype(np.float32))
    return list(islice(cycle(chain(frames, frames[::-1])), looks))


def told(scenes: list[Plane], act: Act, onset_s: float) -> float | None:
    """Seconds from the onset until an operator would hear of it."""
    pictures, step = CvPictures(), SmokeFire(SmokeFireRule(id=KIND), WHOLE)
    since: float | None = None
    for n, scene in enumerate(scenes):
        t = n / FPS
        shown = act(scene, t - onset_s) if t >= onset_s else scene
        image = np.asarray(np.clip(shown, 0, 255), np.uint8)
        picture = pictures.show(Frame(image, image[::8, ::8, 1], n, t), t)
        found = step.step(View(t, (), image.shape[1] / image.shape[0], picture=picture))
        since = (t if since is None else since) if found else None
        if since is not None and t - since >= EPISODES.min_duration_s - 1e-6:
            return t - onset_s
    return None


def in_place(image: Image, boxes: Sequence[Box], seed: int) -> float | None:
    """Of the still itself, in which flames burn from the beginning."""
    rng = np.random.default_rng(seed)
    still = cv2.resize(image, (WIDTH, round(WIDTH * image.shape[0] / image.shape[1])), interpolation=cv2.INTER_AREA)
    high, wide = still.shape[:2]
    acts = []
    for n, (x1, y1, x2, y2) in enumerate(boxes):
        thing = cut(still, (x1, y1, x2, y2), round((y2 - y1) * high))
        acts.append(burning(thing, seed + 7 * n, (x1 + x2) / 2 * wide, y2 * high))

    def act(scene: Plane, t: float) -> Plane:
        for one in acts:
            scene = one(scene, t)
        return scene

    noisy = still.astype(np.float32) + rng.normal(0, NOISE, (round(BURN_S * FPS), *still.shape)).astype(np.float32)
    return told(list(noisy), act, 0.0)


def bright_things() -> Iterator[tuple[str, Image, Box]]:
    """The largest blown-out thing of each street picture that has one of a fitting size: (picture, image, unit box)."""
    paths = chain((DATA / "pennfudan/PNGImages").iterdir(), (DATA / "coco_train2017/images").iterdir())
    for path in sorted(paths):
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        high, wide = image.shape[:2]
        _, _, stats, _ = cv2.connectedComponentsWithStats((image.min(axis=2) >= 235).astype(np.uint8))
        x, y, w, h, area = max(stats[1:].tolist(), key=lambda s: s[4], default=(0, 0, 0, 0, 0))
        if 0.003 < area / (high * wide) < 0.1 and w < 0.5 * wide and h < 0.5 * high and area > 0.3 * w * h:
            m = max(w, h) // 5
            box = (max(x - m, 0) / wide, max(y - m, 0) / high, min(x + w + m, wide) / wide, min(y + h + m, high) / high)
            yield path.stem, image, box


def place(frames: list[Plane], seed: int) -> tuple[float, float]:
    """The foot, in pixels: one of the quarter of places around which the scene changes least."""
    busy = cv2.boxFilter(np.stack(frames).std(axis=0).mean(axis=2), -1, (41, 41))
    high, wide = busy.shape
    around = busy[high * 2 // 5 : high * 9 // 10, wide // 5 : -wide // 5]
    quiet = np.argwhere(around <= np.quantile(around, 0.25))
    y, x = quiet[np.random.default_rng(seed).integers(len(quiet))]
    return float(x + wide // 5), float(y + high * 2 // 5)


def within(delay: float | None, limit_s: float) -> float | None:
    return None if delay is None or delay > limit_s + 1e-6 else delay


def older(act: Act, by_s: float) -> Act:
    return lambda scene, t: act(scene, t + by_s)


def burning_things() -> Iterator[tuple[str, str, float | None]]:
    for n, (path, labels) in enumerate(stills()):
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        fires, smokes = ([box for kind, box in labels if kind == of] for of in (FIRE, SMOKE))
        if fires:
            yield "fire, in its still", path.stem, in_place(image, fires, n)
        for k, (share, opacity) in enumerate(zip(HEIGHTS, OPACITIES, strict=True)):
            frames = footage(SCENES[(n + k) % len(SCENES)])
            if fires:
                thing = cut(image, fires[-1], round(share * len(frames[0])), ASPECT)
                act = burning(thing, n, *place(frames, n))
                yield f"fire, {share:g} of the height", path.stem, told(frames, act, ONSET_S)
            if smokes:
                frames = footage(SCENES[(n + k) % len(SCENES)], SMOKE_S)
                cloud = smoking(image, smokes[0], n, opacity, frames[0])
                delay = told(frames, cloud, ONSET_S)
                yield f"smoke, opacity {opacity:g}, within {SMOKE_S:g} s", path.stem, delay
                yield f"smoke, opacity {opacity:g}, within {BURN_S:g} s", path.stem, within(delay, BURN_S)
                begun = told(frames, older(cloud, GROWN_S), 0.0)
                yield f"smoke from the first picture, opacity {opacity:g}", path.stem, within(begun, SMOKE_S)


def other_things() -> Iterator[tuple[str, str, float | None]]:
    for n, scene in enumerate(SCENES):
        for size in (3, 8):
            for kind, name, act in lights(size, *place(footage(scene), n), n):
                yield kind, f"{name}, {size} pixels", told(footage(scene, SMOKE_S), act, ONSET_S)
    for n, (name, image, box) in enumerate(islice(bright_things(), 24)):
        scene = SCENES[n % len(SCENES)]
        thing, frames = cut(image, box, round(HEIGHTS[n % 2] * len(footage(scene)[0]))), footage(scene, SMOKE_S)
        x, y = place(footage(scene), n)
        yield "bright things waved as flames", name, told(frames, burning(thing, n, x, y), ONSET_S)
        yield "bright things passing", name, told(frames, passing(thing, y), ONSET_S)


def measure() -> Outcome:
    found: dict[str, list[float | None]] = defaultdict(list)
    for kind, name, delay in chain(burning_things(), other_things()):
        found[kind].append(delay)
        print(kind, name, "-" if delay is None else f"{delay:.1f}", file=sys.stderr)
    figures = []
    for kind, delays in found.items():
        name, count = f"{kind}: told, of {len(delays)}", float(sum(delay is not None for delay in delays))
        figures.append(at_most(name, count, 0) if kind in SILENT else Figure(name, count))
    return Outcome("staged_fires", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
