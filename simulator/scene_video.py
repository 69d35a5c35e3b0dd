"""Scenes on disk: an MP4 video with the true boxes beside it, kept under a name that follows from the scene."""

import contextlib
import hashlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import av
import av.error
import cv2
import msgspec
from av.video.stream import VideoStream

from contract.errors import JagaError
from simulator.scene import Scene, TrueBox, render
from simulator.street import Image

ENCODERS: tuple[str, ...] = ("libx264", "mpeg4")
"""H.264 where this build of FFmpeg has it; MPEG-4 part 2 is always built in and plays as well, in larger files."""

OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "23", "threads": "1"},
    "mpeg4": {"qscale": "4", "threads": "1"},
}
STALE_S = 3_600.0
"""A part file that nobody has written to for this long is nobody's."""
SOURCES = ("ground.py", "scene.py", "scene_video.py", "sprites.py", "street.py")


@dataclass(frozen=True, slots=True)
class Rendered:
    """video: MP4. truth: JSON lines, one a frame: {"frame", "t", "boxes": [{"id", "class", "box", "visible"}]};
    boxes in pixels, x1 y1 x2 y2."""

    name: str
    video: Path
    truth: Path


def encoder(available: Callable[[str], bool] | None = None) -> str:
    """The first of ENCODERS that this FFmpeg has. Raises JagaError where it has none."""
    check = available or _has_encoder
    for name in ENCODERS:
        if check(name):
            return name
    raise JagaError("demo.no_encoder", wanted=", ".join(ENCODERS))


def write(scene: Scene, folder: Path) -> Rendered:
    """Renders `scene` into `folder`. Files appear whole or not at all. Raises JagaError where no encoder is there."""
    done = target(scene, folder)
    folder.mkdir(parents=True, exist_ok=True)
    part_video, part_truth = (path.with_suffix(f".{os.getpid()}.part") for path in (done.video, done.truth))
    try:
        with part_truth.open("wb") as truth:
            _encode(part_video, scene, _noting(scene, truth.write))
        part_truth.replace(done.truth)
        part_video.replace(done.video)
    finally:
        part_truth.unlink(missing_ok=True)
        part_video.unlink(missing_ok=True)
    return done


def target(scene: Scene, folder: Path) -> Rendered:
    """Where `write` puts the scene: the name holds a digest of the scene, of the renderer and of the sprites."""
    digest = hashlib.sha256(f"{scene!r}{_renderer_digest()}{encoder()}".encode()).hexdigest()[:12]
    stem = f"{scene.name}-{digest}"
    return Rendered(scene.name, folder / f"{stem}.mp4", folder / f"{stem}.truth.jsonl")


def write_all(
    scenes: Iterable[Scene],
    folder: Path,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    prepare: Callable[[], None] | None = None,
) -> tuple[Rendered, ...]:
    """All scenes, those already in `folder` as they are, the others rendered by `workers` processes.

    progress(done, total) is called at the start and after each scene; prepare() first thing in each process. Results
    are in the order of `scenes`."""
    wanted = tuple(scenes)
    results = {scene.name: target(scene, folder) for scene in wanted}
    missing = [scene for scene in wanted if not _there(results[scene.name])]
    _tidy(folder)
    progress(len(wanted) - len(missing), len(wanted))
    if missing:
        with _pool(min(workers, len(missing)), prepare) as pool:
            jobs = [pool.submit(write, scene, folder) for scene in missing]
            try:
                for number, job in enumerate(as_completed(jobs), len(wanted) - len(missing) + 1):
                    job.result()
                    progress(number, len(wanted))
            except BrokenProcessPool as error:
                raise JagaError("demo.render_failed", done=done_count(results.values()), total=len(wanted)) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return tuple(results[scene.name] for scene in wanted)


def _pool(workers: int, prepare: Callable[[], None] | None) -> Executor:
    # Spawned, not forked: OpenCV's and FFmpeg's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(prepare,))


def _begin(prepare: Callable[[], None] | None) -> None:
    if prepare is not None:
        prepare()
    cv2.setNumThreads(1)


def done_count(rendered: Iterable[Rendered]) -> int:
    return sum(_there(one) for one in rendered)


def _tidy(folder: Path) -> None:
    """Removes what a renderer that was killed left behind."""
    for part in folder.glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > STALE_S:
                part.unlink()


def _there(rendered: Rendered) -> bool:
    return rendered.video.is_file() and rendered.truth.is_file()


def _noting(scene: Scene, write_line: Callable[[bytes], object]) -> Iterator[Image]:
    for index, (image, boxes) in enumerate(render(scene)):
        line = {"frame": index, "t": round(index / scene.fps, 6), "boxes": [_plain(box) for box in boxes]}
        write_line(msgspec.json.encode(line) + b"\n")
        yield image


def _plain(box: TrueBox) -> dict[str, Any]:
    return {"id": box.actor, "class": box.cls, "box": list(box.box), "visible": round(box.visible, 3)}


def _encode(path: Path, scene: Scene, frames: Iterable[Image]) -> None:
    name = encoder()
    with av.open(str(path), "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream(name, rate=scene.fps, options=OPTIONS[name]))
        stream.width, stream.height = scene.ground.width, scene.ground.height
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, scene.fps)
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = index
            frame.time_base = Fraction(1, scene.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _has_encoder(name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except (av.error.FFmpegError, ValueError):
        return False
    return True


@cache
def _renderer_digest() -> str:
    package = files("simulator")
    parts = [(package / name).read_bytes() for name in SOURCES]
    parts += [item.read_bytes() for item in sorted((package / "assets").iterdir(), key=lambda item: item.name)]
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()
