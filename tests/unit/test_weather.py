"""The synthetic overlays: seeded, gentle with the originals, stronger where told so, and of the right nature."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from simulator.weather import KINDS, STRENGTHS, Image, Strength, weathered
from simulator.weather.__main__ import main
from tests.cameras import view

FPS = 2.5
NEVER = 1e5
NOISE = 5.0
"""Grey levels by which two pictures of the same night differ."""
BASED = {
    "rain_night",
    "insects_night",
    "flicker_lamp",
    "headlights_night",
    "trees",
    "police_lights",
    "fireworks",
    "led_screen",
    "flag",
    "spider_threads",
    "gain_noise",
    "clock",
}
"""Kinds whose scene is another one before they begin: night, or what hangs or stands in it."""


def scene(seconds: float, fps: float = FPS) -> list[Image]:
    """A street's blocks and greys, with noise."""
    return [view(n / fps) for n in range(round(seconds * fps))]


def overlaid(
    frames: Sequence[Image], kind: str, strength: Strength, seed: int = 1, begin_s: float = 0.0
) -> list[Image]:
    return list(weathered(frames, kind, strength, FPS, seed, begin_s))


def apart(a: Sequence[Image], b: Sequence[Image]) -> float:
    """Mean difference in grey levels."""
    return float(np.mean([cv2.absdiff(x, y).mean() for x, y in zip(a, b, strict=True)]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_originals_stay(kind: str) -> None:
    frames = scene(3)
    kept = [frame.copy() for frame in frames]
    one = overlaid(frames, kind, "medium")
    assert all(np.array_equal(a, b) for a, b in zip(one, overlaid(frames, kind, "medium"), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(frames, kept, strict=True))
    assert not any(np.shares_memory(a, b) for a, b in zip(frames, one, strict=True))
    assert {(image.shape, image.dtype) for image in one} == {(frames[0].shape, np.dtype(np.uint8))}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ir_switch", "recoding", "pumping"}))
def test_another_seed_gives_other_pictures(kind: str) -> None:
    """But where only the encoder or the clock decides."""
    frames = scene(4)
    assert apart(overlaid(frames, kind, "strong", seed=1), overlaid(frames, kind, "strong", seed=2)) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_stronger_is_farther_from_what_was_there_before(kind: str) -> None:
    """Fog takes its time, so it is looked at late; what hangs in the picture before it begins is no part of it."""
    frames = scene(18 if kind.startswith("fog") else 9)
    late = slice(-5, None)
    far = [
        apart(overlaid(frames, kind, strength)[late], overlaid(frames, kind, strength, begin_s=NEVER)[late])
        for strength in STRENGTHS
    ]
    assert all(0 < a < b for a, b in pairwise(far))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_happens_before_it_begins(kind: str) -> None:
    frames = scene(3)
    before = overlaid(frames, kind, "strong", begin_s=2.0)[:5]
    noise = NOISE if kind in BASED else 0.0
    assert apart(before, overlaid(frames, kind, "strong", begin_s=NEVER)[:5]) <= noise
    assert (apart(before, frames[:5]) == 0) == (kind not in BASED)


def test_fog_thickens_slowly_and_takes_contrast() -> None:
    frames = scene(28)
    spread = [float(image.std()) for image in overlaid(frames, "fog", "strong")]
    assert spread[0] > 0.95 * float(frames[0].std())
    assert spread[-1] < 0.5 * spread[0]
    assert max(a - b for a, b in pairwise(spread)) < 0.06 * spread[0]


def test_fog_with_depth_hides_what_is_far() -> None:
    frames = scene(28)
    thick = overlaid(frames, "fog_depth", "strong")[-1]
    rows = thick.shape[0] // 3
    assert float(thick[:rows].std()) < 0.6 * float(thick[-rows:].std())


def test_the_infrared_switch_is_grey_within_a_second_and_comes_back() -> None:
    images = overlaid(scene(22), "ir_switch", "medium")
    colour = [float(np.ptp(image.astype(int), axis=2).mean()) for image in images]
    assert colour[round(5.8 * FPS)] > 20
    assert max(colour[round(7.0 * FPS) : round(17.8 * FPS)]) == 0
    assert colour[-1] > 20
    assert float(images[round(6.2 * FPS)].mean()) != pytest.approx(float(images[round(10 * FPS)].mean()), rel=0.1)


def test_lost_slices_damage_what_moves() -> None:
    frames = [view(n / FPS, x=60 + 3 * n) for n in range(40)]
    whole, broken = overlaid(frames, "block_loss", "weak"), overlaid(frames, "block_loss", "strong")
    worst = [max(float(cv2.absdiff(a, b).mean()) for a, b in zip(one, frames, strict=True)) for one in (whole, broken)]
    assert worst[1] > 1.5 * worst[0]


def test_police_lights_are_blue_and_red_by_turns_and_dark_between() -> None:
    frames = [view(0.0)] * 60
    images = list(weathered(frames, "police_lights", "medium", 20.0, 1))
    blue, _, red = np.array([image.mean(axis=(0, 1)) for image in images]).T
    tint = blue - red
    assert float(tint.max()) > np.median(tint) + 2
    assert float(tint.min()) < np.median(tint) - 2
    assert float((blue + red).min()) < 0.8 * float((blue + red).max())


def test_fireworks_light_up_the_ground_and_die_down() -> None:
    images = list(weathered([view(0.0)] * 100, "fireworks", "strong", 5.0, 1))
    ground = np.array([float(image[-40:].mean()) for image in images])
    assert ground.max() > 1.5 * np.median(ground)
    assert ground.min() < 0.8 * np.median(ground)


def test_a_mast_that_trembles_moves_the_view_by_little_and_blurs_nothing() -> None:
    frame = view(0.0)
    images = list(weathered([frame] * 20, "mast", "strong", 5.0, 1))
    sharp = [float(cv2.Laplacian(image, cv2.CV_32F).std()) for image in (frame, *images[5:])]
    assert min(sharp[1:]) > 0.75 * sharp[0]
    hann = cv2.createHanningWindow(frame.shape[1::-1], cv2.CV_32F)
    planes = [np.asarray(image.mean(axis=2), np.float32) for image in (frame, *images)]
    shifts = [np.hypot(*cv2.phaseCorrelate(planes[0], plane, hann)[0]) for plane in planes[1:]]
    assert 0.1 < max(shifts) < 0.01 * frame.shape[1]


def test_a_flag_waves_where_it_hangs() -> None:
    frames = scene(9)
    images, still = overlaid(frames, "flag", "medium"), overlaid(frames, "flag", "medium", begin_s=NEVER)
    red = [(image[..., 2].astype(int) - image[..., :2].max(axis=2) > 60).sum() for image in (still[0], *images)]
    plain = int((frames[0][..., 2].astype(int) - frames[0][..., :2].max(axis=2) > 60).sum())
    assert red[0] > plain + 300
    assert all(0.7 * red[0] < one < 1.4 * red[0] for one in red)
    assert apart(images[-1:], still[-1:]) > 0


def test_odd_sizes_can_be_coded() -> None:
    frames = [view(t)[:121, :161] for t in (0.0, 0.2)]
    for kind in ("recoding", "pumping", "block_loss"):
        assert [image.shape for image in overlaid(frames, kind, "weak")] == [(121, 161, 3)] * 2


def test_rain_is_the_same_at_the_same_time_at_another_frame_rate() -> None:
    slow = list(weathered([view(0.0)] * 6, "rain", "medium", 5.0, 1))
    fast = list(weathered([view(0.0)] * 11, "rain", "medium", 10.0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(slow, fast[::2], strict=True))


def test_the_command_writes_a_clip_to_look_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path
    with av.open(str(folder / "in.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 320, 180
        for n in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view(n / 10), format="bgr24")))
        container.mux(stream.encode(None))
    assert main([str(folder / "in.mp4"), str(folder / "out.mp4"), "--kind", "rain", "--begin", "0"]) == 0
    assert "SYNTHETIC rain" in capsys.readouterr().err
    with av.open(str(folder / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10
