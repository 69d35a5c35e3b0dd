"""Pictures as another camera would have sent them, and how what is told of them is judged."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks import perturbed
from benchmarks.accuracy import Told
from benchmarks.perturbed import UNTOUCHED, Trial, batched, figures_of, measured, verdict, written
from benchmarks.truth import Clip, Truth
from simulator.perturb import BAR, CROPPED, PERTURBATIONS
from tests.cameras import view

IMAGE = view(0.0)
HEIGHT, WIDTH = IMAGE.shape[:2]
SIZES = {
    "three_quarters": (136, 240),
    "half": (90, 160),
    "enlarged": (270, 480),
    "cropped": (round(HEIGHT * (1 - CROPPED)) // 2 * 2, round(WIDTH * (1 - CROPPED)) // 2 * 2),
    "barred": (HEIGHT + 2 * round(BAR * HEIGHT), WIDTH),
}
CODED = {name for name, made in PERTURBATIONS.items() if made.every > 1 or made.later_s or made.coding.quality}


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_picture_is_another_one_of_even_sides_and_the_original_stays(name: str) -> None:
    before = IMAGE.copy()
    changed = PERTURBATIONS[name].act(IMAGE, 3.0)
    assert np.array_equal(IMAGE, before)
    assert not np.shares_memory(changed, IMAGE) or name in CODED | {"rewritten"}
    assert changed.dtype == np.uint8
    assert changed.shape == (*SIZES.get(name, (HEIGHT, WIDTH)), 3)
    assert np.array_equal(changed, PERTURBATIONS[name].act(IMAGE, 3.0))
    same = changed.shape == IMAGE.shape and np.array_equal(changed, IMAGE)
    assert same == (name in CODED | {"rewritten"})


def test_of_an_odd_picture_a_row_and_a_column_go() -> None:
    assert {PERTURBATIONS[name].act(IMAGE[1:, 1:], 0.0).shape[0] % 2 for name in PERTURBATIONS} == {0}
    assert PERTURBATIONS["rewritten"].act(IMAGE[1:, 1:], 0.0).shape == (HEIGHT - 2, WIDTH - 2, 3)


def test_what_is_left_is_right_mirrored_and_the_light_is_ordered() -> None:
    assert np.array_equal(PERTURBATIONS["mirrored"].act(IMAGE, 0.0)[:, ::-1], IMAGE)
    levels = {name: PERTURBATIONS[name].act(IMAGE, 0.0) for name in ("darker", "brighter", "pale", "grey")}
    assert levels["darker"].mean() < IMAGE.mean() < levels["brighter"].mean()
    assert levels["pale"].std() < 0.8 * IMAGE.std()
    assert np.ptp(levels["grey"], axis=2).max() == 0


def test_a_clock_goes_by_the_second() -> None:
    act = PERTURBATIONS["lettered"].act
    assert np.array_equal(act(IMAGE, 3.0), act(IMAGE, 3.9))
    assert not np.array_equal(act(IMAGE, 3.0), act(IMAGE, 4.0))


ONE = 1 << 16
AS_IT_IS, A_QUARTER = (ONE, 0, 0, 0, ONE, 0, 0, 0, ONE << 14), (0, ONE, 0, -ONE, 0, 0, 0, 0, ONE << 14)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Two seconds of 25 pictures a second, each of its own grey."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(50):
            planes = np.full((72, 64), 128, np.uint8)
            planes[:48] = 16 + 4 * n
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        sink.mux(stream.encode(None))
    return Clip("clip.mp4", path, 2.0, 25.0, 64, 48)


def shown(file: Path) -> list[tuple[float, float]]:
    """(seconds, grey) of each picture."""
    with av.open(str(file)) as source:
        return [(frame.time or 0.0, float(frame.to_ndarray(format="bgr24").mean())) for frame in source.decode(video=0)]


@pytest.mark.parametrize(
    ("name", "numbers", "within"),
    [
        ("rewritten", range(50), 1.5),
        ("half_rate", range(0, 50, 2), 1.5),
        ("later", range(18, 50), 1.5),
        ("h264", range(50), 6.0),
        ("mjpeg", range(50), 6.0),
    ],
)
def test_a_written_clip_keeps_its_times_from_its_first_picture_on(
    clip: Clip, tmp_path: Path, name: str, numbers: range, within: float
) -> None:
    made = PERTURBATIONS[name]
    found = shown(written(clip, made, tmp_path / "out.mp4"))
    assert found[0][0] == pytest.approx(numbers[0] / 25 - made.later_s, abs=2e-3)
    assert np.diff([t for t, _ in found]) == pytest.approx(np.diff(numbers) / 25, abs=2e-3)
    before = shown(clip.path)
    assert [grey for _, grey in found] == pytest.approx([before[n][1] for n in numbers], abs=within)


def test_what_was_recorded_on_its_side_is_written_upright(clip: Clip, tmp_path: Path) -> None:
    """The quarter turn is written where the file says how its track is shown (ISO 14496-12, tkhd)."""
    as_it_is, turned = (b"".join(n.to_bytes(4, "big", signed=True) for n in m) for m in (AS_IT_IS, A_QUARTER))
    box, track = clip.path.read_bytes().split(b"tkhd")
    assert as_it_is in track
    clip.path.write_bytes(box + b"tkhd" + track.replace(as_it_is, turned, 1))
    with av.open(str(written(clip, PERTURBATIONS["rewritten"], tmp_path / "out.mp4"))) as source:
        frame = next(source.decode(video=0))
    assert (frame.width, frame.height, frame.rotation) == (48, 64, 0)


TRUTH = {"a": (Truth("smoke_fire", 2.0, 8.0, 0.4), Truth("camera_moved", 3.0, 4.0, 0.4))}


def told(kind: str, at_s: float) -> Told:
    return Told("a", kind, at_s, (), "why")


def test_kept_lost_gained_and_false(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(perturbed, "truths", lambda: TRUTH)
    some = [
        Trial(UNTOUCHED, "a", (told("smoke_fire", 3.0),)),
        Trial("half", "a", (told("smoke_fire", 5.0), told("camera_moved", 3.5))),
        Trial("grey", "a", (told("brawl", 5.0), told("smoke_fire", 1.0))),
    ]
    asked = ("smoke_fire", "camera_moved", "brawl")
    figures = {figure.name: figure.value for figure in figures_of(some, asked)}
    assert figures["half: found of those found untouched, others"] == "1 of 1, 1"
    assert figures["grey: found of those found untouched, others"] == "0 of 1, 0"
    assert (figures["half: false"], figures["grey: false"], figures["false events under all of them"]) == (0, 2, 2)
    assert figures["smoke_fire: found of those found untouched, false"] == "1 of 2, 1"
    said = capsys.readouterr().out
    assert "gained: half: camera_moved: a" in said
    assert "lost: grey: smoke_fire: a" in said
    assert "false: grey: brawl: a at 5.0 s: why" in said
    assert verdict(some[2:], ("camera_moved",)).false == ()


def test_what_is_kept_is_not_run_again(monkeypatch: pytest.MonkeyPatch, clip: Clip, tmp_path: Path) -> None:
    ran: list[str] = []

    def run(chosen: list[Clip]) -> list[Told]:
        ran.extend(one.path.name for one in chosen)
        return [Told("clip.mp4", "smoke_fire", 1.0, (), "")]

    monkeypatch.setattr(perturbed, "run", run)
    keep = tmp_path / "kept.jsonl"
    first = measured(["later"], [clip], 1, keep)
    assert [(t.perturbation, t.told[0].at_s) for t in first] == [(UNTOUCHED, 1.0), ("later", pytest.approx(1.7))]
    assert ran == ["clip.mp4", "000.mp4"]
    assert measured(["later"], [clip], 1, keep) == first
    assert len(ran) == 2


def test_a_run_that_is_broken_off_begins_nothing_more(
    monkeypatch: pytest.MonkeyPatch, clip: Clip, tmp_path: Path
) -> None:
    """And what was done before it is kept."""
    clips = [replace(clip, name=f"{n}", seconds=60.0) for n in range(9)]
    ran: list[str] = []
    over = threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            over.set()
            super().shutdown(wait, cancel_futures=cancel_futures)

    def run(chosen: list[Clip]) -> list[Told]:
        ran.extend(one.name for one in chosen)
        if len(ran) == 3:
            raise RuntimeError("jaga analyze ended with 1")
        if len(ran) > 3:
            assert over.wait(30)  # begun before anybody knew; what comes after it is not to be
        return []

    monkeypatch.setattr(perturbed, "run", run)
    monkeypatch.setattr(perturbed, "ThreadPoolExecutor", Pool)
    keep = tmp_path / "kept.jsonl"
    with pytest.raises(RuntimeError, match="ended with 1"):
        measured([], clips, 1, keep)
    assert len(ran) <= 4
    assert [json.loads(line)["clip"] for line in keep.read_text("utf-8").splitlines()] == ["0", "1"]


def test_a_run_has_no_more_clips_than_it_gets_through(clip: Clip) -> None:
    assert [len(batch) for batch in batched([clip] * 65)] == [30, 30, 5]
