"""`jaga analyze` as a command: deterministic bytes, one error a broken file, exit codes, overlay, Ctrl-C."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from contract.codec import decode_event
from contract.errors import JagaError
from edge_agent.adapters.source_av import open_source
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Image
from edge_agent.offline import DEFAULT_START
from edge_agent.offline_cli import Lines
from simulator.sprites import photograph

WIDTH, HEIGHT, FPS = 480, 360, 10
CONFIG = """
[agent]
site = "lab"
id = "bench"

[detector]
imgsz = 320

[[camera]]
id = "gate"
source = "unused.mp4"
fps = 10

[[camera.zone]]
id = "yard"
polygon = [[0.3, 0.2], [0.7, 0.2], [0.7, 1.0], [0.3, 1.0]]

[[camera.line]]
id = "middle"
start = [0.5, 0.0]
end = [0.5, 1.0]

[[camera.rule]]
kind = "intrusion"
zone = "yard"
min_duration_s = 0.5
end_after_s = 1.0

[[camera.rule]]
kind = "line_crossing"
line = "middle"
"""


def write_video(
    path: Path,
    images: Sequence[Image],
    codec: str = "mpeg4",
    fps: int = FPS,
    options: dict[str, str] | None = None,
) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or {"q": "3"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def street() -> Image:
    noise = np.random.default_rng(7).integers(0, 30, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (WIDTH, HEIGHT)) + 110, np.uint8)


def walk(frames: int) -> list[Image]:
    """Somebody walks from the left edge to the right."""
    cutout = photograph("person-coat")
    height = 240
    person = np.asarray(cv2.resize(cutout, (round(cutout.shape[1] * height / cutout.shape[0]), height)))
    opacity = person[..., 3:].astype(np.float32) / 255
    ground, images = street(), []
    for index in range(frames):
        image = ground.copy()
        x = round(10 + (WIDTH - 20 - person.shape[1]) * index / (frames - 1))
        part = image[90 : 90 + height, x : x + person.shape[1]]
        part[:] = (part * (1 - opacity) + person[..., :3] * opacity).astype(np.uint8)
        images.append(image)
    return images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """walk.mp4 (6 s), long.mp4 (40 s), still.mp4 (6 s, nothing moves), broken.avi, config.toml."""
    path = tmp_path_factory.mktemp("analyze")
    write_video(path / "walk.mp4", walk(60))
    write_video(path / "long.mp4", [image for _ in range(5) for image in walk(80)])
    write_video(path / "still.mp4", [street()] * 60)
    (path / "broken.avi").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (path / "config.toml").write_text(CONFIG)
    return path


def command(folder: Path, *arguments: str, config: str = "config.toml") -> list[str]:
    return [sys.executable, "-m", "jaga", "analyze", *arguments, "--config", str(folder / config)]


def environment() -> dict[str, str]:
    return {**os.environ, "JAGA_LANG": "en"}


def run(folder: Path, *arguments: str, config: str = "config.toml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments, config=config),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=folder,
        timeout=120,
        check=False,
    )


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def told(event: dict[str, Any]) -> tuple[str, str, str, Any]:
    """What an event says apart from its ids."""
    return event["type"], event["time"], event["data"]["started"], event["data"]["subjects"]


@pytest.fixture(scope="module")
def walked(folder: Path) -> str:
    """The events of walk.mp4, as text."""
    done = run(folder, "walk.mp4")
    assert done.returncode == 0, done.stderr
    assert "walk.mp4: 60 frames analysed" in done.stderr
    return done.stdout


def test_somebody_who_walks_through_is_reported(walked: str) -> None:
    found = events(walked)
    assert [event["type"] for event in found if "intrusion" in event["type"]] == [
        "jaga.intrusion.begin",
        "jaga.intrusion.end",
    ]
    assert sum(event["type"] == "jaga.line_crossing.begin" for event in found) == 1
    assert [int(event["sequence"]) for event in found] == list(range(1, len(found) + 1))
    for line, event in zip(walked.splitlines(), found, strict=True):
        at = decode_event(line.encode()).time
        assert DEFAULT_START <= at <= DEFAULT_START + timedelta(seconds=6), event


def test_two_runs_give_the_same_bytes(folder: Path, walked: str) -> None:
    out = folder / "again.jsonl"
    done = run(folder, "walk.mp4", "--out", str(out))
    assert done.returncode == 0
    assert done.stdout == ""
    assert out.read_text() == walked
    assert walked
    assert list(folder.glob(".*.part")) == []


def test_the_start_moves_every_time_and_nothing_else(folder: Path, walked: str) -> None:
    start = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    done = run(folder, "walk.mp4", "--start", "2026-03-02T05:30:00+07:00", "--camera", "gate")
    moved = [decode_event(line.encode()) for line in done.stdout.splitlines()]
    original = [decode_event(line.encode()) for line in walked.splitlines()]
    assert [event.time - start for event in moved] == [event.time - DEFAULT_START for event in original]
    assert [event.type for event in moved] == [event.type for event in original]
    assert not {event.id for event in moved} & {event.id for event in original}


def test_a_broken_file_is_one_error_and_the_others_go_on(folder: Path, walked: str) -> None:
    done = run(folder, "broken.avi", "walk.mp4", "missing.mp4", "walk.mp4")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("jaga: ")]
    assert len(errors) == 2
    assert "broken.avi" in errors[0]
    assert "missing.mp4" in errors[1]
    assert "Traceback" not in done.stderr
    found, once = events(done.stdout), events(walked)
    # Each video is a run of its own: the second walk gives what the first gave, under ids of its own.
    assert [told(event) for event in found] == [told(event) for event in once] * 2
    assert [int(event["sequence"]) for event in found] == list(range(1, len(found) + 1))
    assert len({event["id"] for event in found}) == len(found)


def test_nothing_moves_and_the_detector_rests(folder: Path) -> None:
    done = run(folder, "still.mp4")
    assert done.returncode == 0
    assert done.stdout == ""
    said = done.stderr.split("still.mp4: 60 frames analysed (")[1]
    # The gate stays open for its hold time after the first picture and looks again now and then.
    assert 1 <= int(said.split()[0]) < 40
    assert "has learned" not in said


def test_a_rule_that_has_not_learned_enough_is_named(folder: Path) -> None:
    (folder / "learns.toml").write_text(CONFIG + '[[camera.rule]]\nkind = "scene_anomaly"\n')
    done = run(folder, "still.mp4", "--scores", "scores.jsonl", config="learns.toml")
    assert done.returncode == 0
    assert "still.mp4: scene-anomaly has learned 0 % of what it needs" in done.stderr
    scores = [json.loads(line)["scores"] for line in (folder / "scores.jsonl").read_text().splitlines()]
    assert [set(one) for one in scores] == [{"scene-anomaly/progress"}] * 60


@pytest.mark.parametrize("option", ["--out", "--scores"])
def test_a_full_disk_is_a_sentence(folder: Path, option: str) -> None:
    done = run(folder, "walk.mp4", option, "/dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "jaga: /dev/full: cannot be written (No space left on device)"
    assert "Traceback" not in done.stderr


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        with pytest.raises(JagaError, match=r"x\.jsonl"), Lines(tmp_path / "x.jsonl") as lines:
            lines.write(b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("walk.mp4", "--camera", "nobody"), "gate"),
        (("walk.mp4", "--start", "yesterday"), "yesterday"),
        (("walk.mp4", "--overlay", "x.gif"), "x.gif"),
        (("walk.mp4", "--out", "no/such/folder/x.jsonl"), "no/such/folder"),
        (("walk.mp4", "--config", "none.toml"), "none.toml"),
        ((), "VIDEOS"),
    ],
)
def test_unusable_arguments_exit_2(folder: Path, arguments: tuple[str, ...], named: str) -> None:
    base = [sys.executable, "-m", "jaga", "analyze", *arguments]
    if "--config" not in arguments:
        base += ["--config", str(folder / "config.toml")]
    done = subprocess.run(base, capture_output=True, text=True, env=environment(), cwd=folder, timeout=60, check=False)
    assert done.returncode == 2
    assert named.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_several_cameras_need_a_choice(folder: Path) -> None:
    second = CONFIG[CONFIG.index("[[camera]]") :].replace('"gate"', '"door"')
    (folder / "two.toml").write_text(CONFIG + second)
    base = [sys.executable, "-m", "jaga", "analyze", "still.mp4", "--config", "two.toml"]
    done = subprocess.run(base, capture_output=True, text=True, env=environment(), cwd=folder, timeout=60, check=False)
    assert done.returncode == 2
    assert "gate, door" in done.stderr


def test_an_overlay_has_every_analysed_frame(folder: Path, walked: str) -> None:
    overlay = folder / "overlay.mp4"
    done = run(folder, "walk.mp4", "--overlay", str(overlay))
    assert done.returncode == 0
    assert done.stdout == walked
    with av.open(str(overlay)) as drawn, av.open(str(folder / "walk.mp4")) as source:
        pairs = list(zip(drawn.decode(video=0), source.decode(video=0), strict=True))
    assert len(pairs) == 60
    assert [round(float(frame.time or 0) * FPS) for frame, _ in pairs] == list(range(60))
    last = pairs[-1][0].to_ndarray(format="bgr24").astype(int)
    assert last.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    # The zone's left edge is drawn in yellow: strong in green and red, weak in blue.
    column = last[last.shape[0] // 2, round(0.3 * last.shape[1]) - 3 : round(0.3 * last.shape[1]) + 4]
    assert (column[:, 1] - column[:, 0]).max() > 60


def test_ctrl_c_keeps_whole_lines_and_exits_130(folder: Path) -> None:
    process = subprocess.Popen(
        command(folder, "long.mp4"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=folder,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    found = events(first + rest)
    assert found
    assert all(event["data"]["started"] < "2026-01-01T00:00:32" for event in found)
    assert "interrupted" in said


def test_an_avi_with_reordered_frames_keeps_an_even_pace(tmp_path: Path) -> None:
    """AVI knows no presentation times; with B-frames, those that libav makes up go to and fro."""
    write_video(tmp_path / "b.avi", walk(50), fps=25, options={"bf": "2", "q": "5"})
    camera = CameraSpec(id="c", source=str(tmp_path / "b.avi"), fps=100)
    with open_source(camera, realtime=False, start=1000.0, isolate=False) as source:
        times = [frame.t for frame in source]
    assert len(times) == 50
    assert np.diff(times) == pytest.approx(0.04)
