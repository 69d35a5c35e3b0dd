"""Recordings through the decoding child: every due frame, in order, at its own time, and errors that name the file."""

import os
import resource
import signal
import struct
import threading
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from edge_agent.adapters.source_av import IsolatedRecording, open_source, request_of
from edge_agent.adapters.source_decode import time_of_name
from edge_agent.core.errors import SourceError
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame
from tests.clips import counting_frames, number_of, write_clip

START = 1_700_000_000.0


def camera(source: Path | str, fps: float = 240, **more: object) -> CameraSpec:
    return CameraSpec(id="cam", source=str(source), fps=fps, **more)  # type: ignore[arg-type]


def read(spec: CameraSpec, isolate: bool = True) -> list[Frame]:
    with open_source(spec, realtime=False, start=START, isolate=isolate) as source:
        return list(source)


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "mpeg4"), ("mp4", "libx264"), ("avi", "mpeg4"), ("mkv", "mpeg4")]
)
def test_every_frame_in_order_at_its_time(tmp_path: Path, suffix: str, codec: str, isolate: bool) -> None:
    clip = write_clip(tmp_path / f"clip.{suffix}", counting_frames(40), fps=10, codec=codec)
    frames = read(camera(clip), isolate)
    assert [frame.index for frame in frames] == list(range(40))
    assert [number_of(frame.image) for frame in frames] == list(range(40))
    assert [round(frame.t - START, 2) for frame in frames] == [round(n / 10, 2) for n in range(40)]
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[0].luma.shape == (72, 96)


@pytest.mark.parametrize(("suffix", "codec"), [("h264", "libx264"), ("hevc", "libx265"), ("m4v", "mpeg4")])
def test_a_bare_stream_keeps_the_rate_that_its_codec_tells(tmp_path: Path, suffix: str, codec: str) -> None:
    """It has no times, and FFmpeg takes 25 pictures a second for its rate."""
    frames = read(camera(write_clip(tmp_path / f"clip.{suffix}", counting_frames(40), fps=10, codec=codec)), False)
    assert [number_of(frame.image) for frame in frames] == list(range(40))
    assert [round(frame.t - START, 2) for frame in frames] == [round(n / 10, 2) for n in range(40)]


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize(
    ("shape", "size"),
    [("2/1", (120, 320)), ("10/11", (120, 160)), ("12/11", (120, 160)), ("1/2", (240, 160)), ("90/1", (120, 160))],
)
def test_pixels_become_square(tmp_path: Path, shape: str, size: tuple[int, int], isolate: bool) -> None:
    """Those that are nearly so stay as they are, and so does nonsense."""
    image = np.zeros((120, 160, 3), np.uint8)
    image[:, 80:] = 200
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(shape)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    frames = read(camera(path), isolate)
    assert [frame.image.shape[:2] for frame in frames] == [size] * 3
    assert frames[0].luma.shape == (round(96 * size[0] / size[1]), 96)
    assert frames[0].image[:, : size[1] * 4 // 10].max() < 20
    assert frames[0].image[:, size[1] * 6 // 10 :].min() > 180


@pytest.mark.parametrize("isolate", [True, False])
def test_pixels_become_square_where_their_shape_changes_on_the_way(tmp_path: Path, isolate: bool) -> None:
    """As of a recorder whose channel is set from 4CIF to half of its rows' length."""
    path = tmp_path / "clip.h264"
    with path.open("wb") as both:
        for width, shape in ((160, "1/1"), (80, "2/1"), (160, "1/1")):
            part = tmp_path / "part.h264"
            with av.open(str(part), "w") as container:
                stream = container.add_stream("libx264", rate=10)
                stream.width, stream.height, stream.pix_fmt = width, 120, "yuv420p"
                stream.codec_context.sample_aspect_ratio = Fraction(shape)
                for _ in range(6):
                    image = np.zeros((120, width, 3), np.uint8)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
                container.mux(stream.encode(None))
            both.write(part.read_bytes())
    assert [frame.image.shape[:2] for frame in read(camera(path), isolate)] == [(120, 160)] * 18


def test_of_several_streams_the_one_that_is_meant_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        both = counting_frames(20, 64, 48), counting_frames(20)
        streams = [container.add_stream("mpeg4", rate=10) for _ in both]
        for stream, images in zip(streams, both, strict=True):
            stream.height, stream.width = images[0].shape[:2]
            stream.pix_fmt = "yuv420p"
        streams[1].disposition = Disposition.default
        for stream, images in zip(streams, both, strict=True):
            for image in images:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            container.mux(stream.encode(None))
    assert [frame.image.shape for frame in read(camera(path), False)] == [(120, 160, 3)] * 20


@pytest.mark.parametrize("pix_fmt", ["gray", "yuv444p", "yuv422p10le", "bgra"])
def test_pixel_formats_all_come_out_as_bgr(tmp_path: Path, pix_fmt: str) -> None:
    image = np.full((120, 160, 3), 90, np.uint8)
    image[:, 80:] = 200
    clip = write_clip(tmp_path / "clip.mkv", [image] * 3, codec="ffv1", pix_fmt=pix_fmt)
    frames = read(camera(clip))
    assert len(frames) == 3
    assert frames[0].image.dtype == np.uint8
    assert abs(int(frames[0].image[60, 20].mean()) - 90) < 6
    assert abs(int(frames[0].image[60, 140].mean()) - 200) < 6


def test_fps_thins_out_deterministically_and_counts_what_it_skips(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(50), fps=25)
    first, again = read(camera(clip, fps=5)), read(camera(clip, fps=5), isolate=False)
    assert [frame.index for frame in first] == list(range(0, 50, 5))
    assert [(frame.index, frame.t) for frame in first] == [(frame.index, frame.t) for frame in again]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, again, strict=True))
    uneven = read(camera(clip, fps=10))
    assert len(uneven) == 20
    assert all(0.07 < b.t - a.t < 0.13 for a, b in pairwise(uneven))


def test_a_slow_consumer_loses_nothing(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(60))
    seen = []
    with open_source(camera(clip), realtime=False) as source:
        for frame in source:
            seen.append(number_of(frame.image))
            if len(seen) == 2:
                threading.Event().wait(0.3)  # the child runs out of slots meanwhile
    assert seen == list(range(60))


@pytest.mark.parametrize("isolate", [True, False])
def test_masks_are_black_before_anything_sees_the_picture(tmp_path: Path, isolate: bool) -> None:
    bright = [np.full((120, 160, 3), 200, np.uint8)] * 5
    clip = write_clip(tmp_path / "clip.mp4", bright)
    spec = camera(clip, masks=(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)),))
    for frame in read(spec, isolate):
        assert not frame.image[:60, :80].any()
        assert not frame.luma[:35, :47].any()
        assert frame.image[70:, 90:].min() > 150
        assert frame.luma[40:, 52:].min() > 150


def test_a_folder_of_pictures_at_a_fixed_rate_and_by_name(tmp_path: Path) -> None:
    for number, image in enumerate(counting_frames(6)):
        cv2.imwrite(str(tmp_path / f"{number:04d}.png"), image)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "0003.png").write_bytes(b"broken")
    frames = read(camera(tmp_path, image_rate=2.0))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 4, 5]
    assert [frame.t - START for frame in frames] == [0, 0.5, 1.0, 2.0, 2.5]

    named = tmp_path / "named"
    named.mkdir()
    for stamp, image in zip(("20260131T120000", "20260131T120001", "20260131T120005"), counting_frames(3), strict=True):
        cv2.imwrite(str(named / f"{stamp}.jpg"), image)
    assert [frame.t - START for frame in read(camera(named))] == [0, 1, 5]


def test_times_in_names() -> None:
    assert time_of_name("1769860800250") == 1769860800.25
    assert time_of_name("2026-01-31_12-00-00.5") == time_of_name("20260131T120000") + 0.5  # type: ignore[operator]
    assert time_of_name("20261331T120000") is None
    assert time_of_name("0001") is None


def test_a_picture_size_that_changes_on_the_way(tmp_path: Path) -> None:
    for number, size in enumerate(((120, 160), (240, 320), (60, 80), (480, 640))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((*size, 3), 50 * number, np.uint8))
    frames = read(camera(tmp_path))
    assert [frame.image.shape[:2] for frame in frames] == [(120, 160), (240, 320), (60, 80), (480, 640)]
    assert [int(frame.image.mean()) for frame in frames] == [0, 50, 100, 150]


def test_corrupt_packets_in_the_middle_are_survived_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 255, (120, 160, 3), np.uint8) for _ in range(60)]
    clip = write_clip(tmp_path / "clip.mkv", noise, codec="mpeg4", gop=5)
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    clip.write_bytes(content)
    with open_source(camera(clip), realtime=False) as source:
        frames = list(source)
        assert isinstance(source, IsolatedRecording)
    assert source.corrupt > 0
    assert 30 <= len(frames) <= 60
    assert frames[-1].t > 4.0
    assert all(a.t < b.t for a, b in pairwise(frames))


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("pointer.avi", b"version https://git-lfs.github.com/spec/v1\n", "Invalid data"),
        ("empty.mp4", b"", "cannot be opened"),
        ("absent.mp4", None, "no such file"),
    ],
)
def test_what_cannot_be_opened_is_named(
    tmp_path: Path, name: str, content: bytes | None, told: str, isolate: bool
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(camera(tmp_path / name), isolate)
    message = caught.value.render("en")
    assert "camera cam" in message
    assert name in message
    assert told in message


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_decoder_that_dies_is_an_error_of_its_camera_only(tmp_path: Path, number: signal.Signals) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(200))
    doomed = IsolatedRecording("cam", request_of(camera(clip), realtime=False))
    frames = iter(doomed)
    next(frames)
    assert doomed.child_pid is not None
    os.kill(doomed.child_pid, number)
    with pytest.raises(SourceError, match=number.name):
        list(frames)
    assert len(read(camera(clip))) == 200


def test_a_process_with_many_handles_decodes_all_the_same(tmp_path: Path) -> None:
    """Each camera has half a dozen; select(2) knows none from 1024 on."""
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(5), fps=10)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, before[1]), before[1]))
    held: list[int] = []
    try:
        while not held or held[-1] < 1024:
            held.append(os.dup(0))
        assert len(read(camera(clip))) == 5
    finally:
        for handle in held:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_closing_from_another_thread_ends_iteration(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting_frames(200))
    source = open_source(camera(clip), realtime=False)
    frames = iter(source)
    next(frames)
    closer = threading.Thread(target=source.close)
    closer.start()
    closer.join()
    assert len(list(frames)) <= 1


@pytest.mark.data
@pytest.mark.parametrize("isolate", [True, False])
def test_the_file_that_kills_opencv_decodes(data: Path, isolate: bool) -> None:
    assert len(read(camera(data / "robustness" / "crash_demo.avi"), isolate)) == 51


@pytest.mark.data
@pytest.mark.parametrize("name", ["lfs_pointer.avi", "pizero_vtest.avi"])
def test_files_that_open_nowhere(data: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        read(camera(data / "robustness" / name))


def turned(clip: Path, matrix: tuple[int, ...]) -> Path:
    """`clip` with the display matrix of its track header replaced (ISO/IEC 14496-12, 8.3.2; 16.16 fixed point)."""
    content = bytearray(clip.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", *matrix)
    clip.write_bytes(content)
    return clip


@pytest.mark.parametrize(
    ("matrix", "shape", "corner"),
    [
        ((0, 1, 0, -1, 0, 0, 120, 0, 1), (160, 120), (0, -1)),  # a quarter clockwise: top left goes to top right
        ((0, -1, 0, 1, 0, 0, 0, 160, 1), (160, 120), (-1, 0)),
        ((-1, 0, 0, 0, -1, 0, 160, 120, 1), (120, 160), (-1, -1)),
    ],
)
def test_pictures_stand_upright(
    tmp_path: Path, matrix: tuple[int, ...], shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[:40, :40] = (0, 0, 255)
    fixed = (*tuple(n << 16 for n in matrix[:8]), 1 << 30)
    clip = turned(write_clip(tmp_path / "clip.mp4", [image] * 3), fixed)
    frame = read(camera(clip))[0]
    assert frame.image.shape[:2] == shape
    y, x = (10 if side == 0 else size - 10 for side, size in zip(corner, shape, strict=True))
    assert frame.image[y, x, 2] > 180
