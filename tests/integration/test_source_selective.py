"""Decoding by need: real H.264 and MJPEG packets in, the right pictures out, and a camera that wakes at once."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge_agent.adapters.source_decode import FrameSampler, decode
from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_selective import EMPTY, DecodeControl, SelectiveDecoder
from edge_agent.adapters.source_wire import Request
from edge_agent.core.decode_policy import BEHIND_S, INTRA, DecodeTarget
from edge_agent.core.types import Frame
from tests.brokers import wait_until
from tests.clips import Image, counting_frames, number_of, write_clip

FPS = 25
REST = DecodeTarget(0.0, 2.0)


def coded(
    path: Path,
    images: list[Image],
    gops: tuple[int, ...],
    bframes: int = 0,
    rate: int | None = None,
    more: str = "",
) -> Path:
    """H.264 whose keyframes are so many frames apart; the last distance holds on. rate: bits a second on average; None:
    to a quality. more: parameters of x264."""
    keys, at = {0}, 0
    for gop in gops:
        at += gop
        keys.add(at)
    while at < len(images):
        at += gops[-1]
        keys.add(at)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], "yuv420p"
        stream.codec_context.gop_size = 1000
        x264 = f"bframes={bframes}:b-adapt=0:b-pyramid=none:scenecut=0:keyint=1000{more}"
        if rate is None:
            x264 += ":crf=18"
        else:
            stream.bit_rate = rate
        stream.options = {"preset": "veryfast" if rate is None else "superfast", "forced-idr": "1", "x264-params": x264}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pict_type = 1 if number in keys else 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class Camera:
    """Feeds the packets of a clip to a SelectiveDecoder at FPS on a clock of its own."""

    def __init__(self, clip: Path, target: DecodeTarget = REST, due_every: int = 1) -> None:
        self.control = DecodeControl("auto", target)
        self.now = 0.0
        self.number = -1
        self.due_every = due_every
        self.container = av.open(str(clip))
        stream = self.container.streams.video[0]
        stream.thread_type = "NONE"
        self.decoder = SelectiveDecoder(
            stream.codec_context, self.control, lambda _: self.number % due_every == 0, 0.04, lambda: self.now
        )
        self.packets = self.container.demux(stream)

    def play(self, count: int, waited_s: float = 0.03) -> list[int | None]:
        """What came out for each of the next packets: the last picture's number, None where it was left undecoded, -1
        where none came out yet."""
        told: list[int | None] = []
        for packet in self.packets:
            self.number += 1
            self.now = self.number / FPS
            frames = self.decoder.feed(packet, waited_s)
            pictures = None if frames is None else [number_of(f.to_ndarray(format="bgr24")) for f in frames]
            told.append(None if pictures is None else pictures[-1] if pictures else -1)
            if len(told) == count:
                break
        return told

    @property
    def mode(self) -> str:
        return self.control.mode

    def behind(self) -> bool:
        return self.control.behind

    def close(self) -> None:
        self.container.close()


@contextmanager
def camera(clip: Path, target: DecodeTarget = REST, due_every: int = 1) -> Iterator[Camera]:
    made = Camera(clip, target, due_every)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, images = tmp_path_factory.mktemp("decoder"), counting_frames(250)
    return {
        "second": coded(folder / "second.mp4", images, (25,)),
        "reordered": coded(folder / "reordered.mp4", images, (25,), bframes=2),
        "long": coded(folder / "long.mp4", images, (100,)),
        "stretched": coded(folder / "stretched.mp4", images, (25, 25, 25, 25, 150)),
    }


def right(told: list[int | None], first: int, late: int) -> None:
    """Each packet gave its own picture, or one of at most `late` before."""
    for number, shown in enumerate(told, first):
        assert shown is not None
        assert (number - shown) % 60 <= late, (number, shown)


@pytest.mark.parametrize(("name", "late"), [("second", 0), ("reordered", 3)])
def test_a_resting_camera_gives_keyframes_only_and_wakes_with_the_next_packet(
    clips: dict[str, Path], name: str, late: int
) -> None:
    with camera(clips[name]) as watched:
        before = watched.play(51)
        assert None not in before[:50]  # until two intervals are known
        assert before[50] == 50
        resting = watched.play(60)
        assert [n for n in resting if n is not None] == [75 % 60, 100 % 60]
        assert watched.mode == "keyframes"
        assert watched.control.skipped == 58
        watched.control.target = DecodeTarget()
        woken = watched.play(40)
        assert watched.mode == "no_nonref"
        right(woken, 111, late)


def test_a_camera_that_goes_to_sleep_within_a_group_of_pictures_can_be_woken_within_it(clips: dict[str, Path]) -> None:
    with camera(clips["second"], DecodeTarget()) as watched:
        right(watched.play(85), 0, 0)
        watched.control.target = REST
        assert watched.play(5) == [None] * 5
        watched.control.target = DecodeTarget()
        right(watched.play(20), 90, 0)


def wandering(place: Image, noise: float, walks: Sequence[range], count: int) -> list[Image]:
    """A camera's noisy pictures of a place in which a block wanders now and then."""
    chance, images = np.random.default_rng(1), list[Image]()
    noisy = [place + chance.normal(0.0, noise, place.shape) for _ in range(31)]
    for n in range(count):
        image = noisy[n % len(noisy)].copy()
        for walk in (one for one in walks if n in one):
            left = 5 * (n - walk.start)
            image[40:80, left : left + 20] = chance.integers(0, 255, (40, 20, 3))
        images.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    return images


def rested(clip: Path, place: Image, glance_s: float) -> tuple[list[int], list[int], DecodeControl]:
    """Of a camera that rests whenever no block is to be seen: the packets with which it woke, and those with which it
    was given a picture while it rested."""
    now, keyframes, woken = 0.0, list[int](), list[int]()
    control = DecodeControl("auto", DecodeTarget(0.0, 1.0, glance_s))
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        decoder = SelectiveDecoder(stream.codec_context, control, lambda _: True, 1 / FPS, lambda: now)
        for n, packet in enumerate(container.demux(stream)):
            now = n / FPS
            for frame in decoder.feed(packet, 0.03) or ():
                moves = np.abs(frame.to_ndarray(format="bgr24").astype(np.int16) - place).max() > 100
                keyframes += [n] if control.target.rest_s else []
                woken += [n] if control.target.rest_s and moves else []
                control.target = DecodeTarget(0.0, 0.0 if moves else 1.0, glance_s)
    return woken, keyframes, control


def test_a_resting_camera_whose_packets_foretell_motion_is_glanced_at_and_wakes_with_the_same_keyframe(
    tmp_path: Path,
) -> None:
    """Two runs of the same stream: with each keyframe, and with glances."""
    place = np.random.default_rng(1).integers(40, 200, (30, 40, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    walks = [range(154, 174), range(234, 254), range(404, 424)]
    clip = coded(tmp_path / "clip.mp4", wandering(place, 0.5, walks, 430), (10,))
    (woken, each, _), (woken_too, glances, _) = (rested(clip, place, glance_s) for glance_s in (0.0, 1.2))
    assert woken == woken_too
    assert len(woken) == 3
    few = [n for n in glances if 270 < n < 400]
    assert len([n for n in each if 270 < n < 400]) == 12
    assert 4 <= len(few) <= 5
    assert all(b - a <= 30 for a, b in pairwise(few))


def test_of_a_stream_to_a_rate_the_packets_after_a_keyframe_foretell_and_it_is_looked_at_after_all(
    tmp_path: Path,
) -> None:
    """Whoever comes among the packets that code noise is told by the first of the next group, which code none."""
    down, across = np.mgrid[:240, :320]
    waves = [128 + 60 * np.sin(across / 23 + n) + 40 * np.cos(down / 17 - n) for n in range(3)]
    place = np.stack(waves, 2).astype(np.uint8)
    walks = [range(410, 440), range(557, 590), range(700, 733), range(899, 910)]
    clip = coded(tmp_path / "clip.mp4", wandering(place, 1.0, walks, 910), (FPS,), rate=400_000)
    (woken, each, _), (woken_too, few, control) = (rested(clip, place, glance_s) for glance_s in (0.0, 30.0))
    assert len(woken) == len(walks)
    assert all(0 <= late - soon <= 3 for soon, late in zip(woken, woken_too, strict=True))
    assert woken_too != woken
    assert len([n for n in few if 735 < n < 880]) <= len([n for n in each if 735 < n < 880]) / 2
    assert len(few) + control.spared == len(each)


def test_far_keyframes_are_never_waited_for(clips: dict[str, Path]) -> None:
    with camera(clips["long"]) as watched:
        right(watched.play(240), 0, 0)
        assert watched.control.skipped == 0


def test_a_codec_that_stretches_its_interval_is_noticed_when_the_keyframe_fails_to_come(clips: dict[str, Path]) -> None:
    with camera(clips["stretched"]) as watched:
        told = watched.play(240)
        assert told[100] == 100 % 60
        assert told[101:156] == [None] * 55  # 2.2 s, as the target allows
        right(told[156:], 156, 0)


def test_a_stream_that_is_refreshed_a_part_at_a_time_is_decoded_throughout(tmp_path: Path) -> None:
    """It has one keyframe, and then packets that are marked as such and show nothing by themselves."""
    clip = coded(tmp_path / "clip.mp4", counting_frames(250), (1000,), more=":keyint=25:intra-refresh=1")
    with camera(clip) as watched:
        told = watched.play(240)
    assert [n for n, shown in enumerate(told) if shown == -1][:EMPTY] == [50, 75]
    right(told[100:], 100, 0)


def test_pictures_nobody_refers_to_are_decoded_only_when_they_are_due(clips: dict[str, Path]) -> None:
    with camera(clips["reordered"], DecodeTarget(), due_every=5) as watched:
        told = watched.play(200)
        assert 80 <= watched.control.skipped <= 110
        assert all(told[n] is not None for n in range(0, 200, 5))
        for number, shown in enumerate(told):
            assert shown is None or shown == -1 or (number - shown) % 60 <= 4
    with camera(clips["second"], DecodeTarget(), due_every=5) as watched:
        right(watched.play(200), 0, 0)
        assert watched.control.skipped == 0


def test_motion_jpeg_is_decoded_where_it_is_due(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", counting_frames(100), fps=FPS, codec="mjpeg", pix_fmt="yuvj420p")
    with camera(clip, DecodeTarget(), due_every=5) as watched:
        told = watched.play(100)
    assert [n for n, shown in enumerate(told) if shown is not None][-10:] == list(range(50, 100, 5))
    assert watched.control.skipped == 100 - (INTRA - 1) - 15


def test_who_is_behind_jumps_to_a_keyframe_instead_of_falling_further(clips: dict[str, Path]) -> None:
    slow = round(BEHIND_S * FPS)
    with camera(clips["second"], DecodeTarget()) as watched:
        watched.play(10, 0.0)
        told = watched.play(slow + 40, 0.0)
        first = told.index(None)
        assert 10 + first >= 0.8 * slow
        assert watched.behind()
        assert {n for n in told[first:] if n is not None} <= {n % 60 for n in range(0, 250, 25)}
        after = watched.play(100, 0.04)
        assert not watched.behind()
        resumed = next(n for n, shown in enumerate(after) if after[n : n + 3].count(None) == 0)
        right(after[resumed:], 10 + slow + 40 + resumed, 0)
        assert (10 + slow + 40 + resumed) % 25 == 0


def test_everything_is_decoded_where_the_config_says_so(clips: dict[str, Path]) -> None:
    with camera(clips["reordered"], due_every=5) as watched:
        watched.control.policy = "all"
        assert None not in watched.play(200)
        assert watched.mode == "all"


def test_another_rate_holds_from_the_next_picture_on() -> None:
    sampler, t, shown = FrameSampler(5.0, early=0.5), 1_700_000_000.0, []
    for n in range(150):
        sampler.set_rate(5.0 if n < 50 or n >= 100 else 1.0)
        near = sampler.would_take(t + n / FPS)
        if sampler.take(t + n / FPS):
            shown.append(n)
            assert near
    assert 9 <= len([n for n in shown if n < 50]) <= 11
    assert len([n for n in shown if 55 <= n < 100]) == 2
    assert 9 <= len([n for n in shown if n >= 100]) <= 11
    sampler.set_rate(0.0)
    assert all(sampler.take(t + n / FPS) for n in range(150, 160))


def test_a_live_source_sleeps_and_wakes_as_it_is_told(tmp_path: Path) -> None:
    still = [np.full((120, 160, 3), 90, np.uint8)] * 50
    clip = coded(tmp_path / "clip.mp4", still, (10,))
    with LiveSource("cam", Request(str(clip), realtime=True, loop=True), stall_s=5.0) as live:
        live.start()
        frames = iter(live)
        next(frames)
        live.set_target(DecodeTarget(0.0, 1.0))
        wait_until(lambda: live.status().mode == "keyframes" and live.status().skipped >= 10)
        assert 0.3 < (live.status().keyframe_s or 0) < 0.6
        resting = [next(frames) for _ in range(3)]
        assert all((b.index - a.index) % 10 == 0 for a, b in pairwise(resting))
        live.set_target(DecodeTarget())
        woken: list[Frame] = [next(frames) for _ in range(8)]
        assert live.status().mode == "no_nonref"
        assert min(b.index - a.index for a, b in pairwise(woken)) < 10
        wait_until(
            lambda: 15 < live.status().fps_in < 35, 10, lambda: f"what was skipped counts as received; {live.status()}"
        )


def test_a_recording_that_begins_again_is_the_same_stream_and_keeps_its_pace(tmp_path: Path) -> None:
    clip = coded(tmp_path / "clip.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 20, (5,))
    control = DecodeControl("auto", DecodeTarget(1.5, 1.0))
    modes: dict[int, str] = {}
    began = time.monotonic()
    for item in decode(Request(str(clip), realtime=True, loop=True, fps=1.5), control):
        modes[item.index] = control.mode
        if item.index == 60:
            break
    assert time.monotonic() - began > 0.9 * 60 / FPS
    assert {modes[index] for index in range(20, 60)} == {"keyframes"}
    assert control.skipped > 30


@pytest.mark.parametrize(("spread", "first"), [(0.0, 0.25), (0.5, 0.625), (1.0, 1.0)])
def test_who_is_slowed_down_waits_for_a_part_of_the_longer_step_first(spread: float, first: float) -> None:
    sampler = FrameSampler(4.0, spread=lambda: spread)
    assert sampler.take(100.0)
    sampler.set_rate(1.0)
    given = [n / 1000 for n in range(1, 4000) if sampler.take(100.0 + n / 1000)]
    assert given[0] == pytest.approx(first, abs=0.11)
    assert np.diff(given) == pytest.approx([1.0] * (len(given) - 1), abs=0.01)
