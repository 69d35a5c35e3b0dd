"""Which 8-bit integers stand for inputs and weights, and where they are sought."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.core.types import Detections
from edge_agent.quantize import FRAMES, again, frames, main
from edge_agent.zoo.qdq import Convolution, import_onnx
from edge_agent.zoo.quantize import Sample
from edge_agent.zoo.rounding import CODES, MOST, Moments, Scale, best_scale, round_weights
from edge_agent.zoo.verify import ModelError
from tests.data import DATA


def activations(count: int, size: int, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """SiLU of correlated normal values with a few large ones."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(count, size)) @ chance.normal(size=(size, size)) / np.sqrt(size)
    values *= 1 + 4 * (chance.random((count, 1)) > 0.98)
    return np.asarray(values / (1 + np.exp(-values)), np.float32)


def test_a_scale_has_a_code_for_nothing_and_for_the_least_value() -> None:
    values = activations(4000, 16)
    scale = best_scale(values)
    assert 0 < scale.zero < CODES
    assert scale.rounded(np.zeros(3, np.float32)).tolist() == [0, 0, 0]
    assert abs(float(scale.rounded(values).min()) - float(values.min())) <= scale.step / 2 + 1e-6


def test_a_scale_cuts_off_what_is_rare() -> None:
    values = activations(20_000, 16)
    values[0, 0] = 400.0
    low, high = float(values.min()), float(values.max())
    whole = Scale((high - low) / CODES, round(-low / ((high - low) / CODES)))
    best = best_scale(values)

    def error(scale: Scale) -> float:
        return float(np.square(scale.rounded(values) - values).mean())

    assert best.step < whole.step
    assert error(best) < error(whole)


@pytest.mark.parametrize("value", [0.0, -0.25, 3.0])
def test_a_scale_of_one_value_keeps_it(value: float) -> None:
    values = np.full(50, value, np.float32)
    assert np.allclose(best_scale(values).rounded(values), value, atol=0.01)


def test_moments_are_those_of_all_patches() -> None:
    exact, rounded = activations(500, 12), activations(500, 12, seed=2)
    moments = Moments(12)
    for part in range(5):
        moments.add(exact[part::5], rounded[part::5])
    within, across = moments.centred()
    both = np.cov(exact.T, rounded.T, bias=True)
    assert np.allclose(within, both[12:, 12:], atol=1e-4)
    assert np.allclose(across, both[:12, 12:], atol=1e-4)


def test_rounding_is_made_up_for_by_the_weights_that_follow() -> None:
    """Against each weight to its nearest code, on inputs that are not rounded."""
    inputs = activations(6000, 5 * 9)
    weights = np.asarray(np.random.default_rng(3).normal(size=(8, 5, 3, 3)) * 0.1, np.float32)
    moments = Moments(45)
    moments.add(inputs, inputs)
    made = round_weights(weights, moments)
    assert (made.codes.shape, str(made.codes.dtype)) == (weights.shape, "int8")
    assert (made.steps.shape, made.bias.shape) == ((8,), (8,))
    assert np.abs(made.codes).max() <= MOST
    wanted = inputs @ weights.reshape(8, -1).T
    got = inputs @ (made.codes.reshape(8, -1) * made.steps[:, None]).T + made.bias
    steps = np.abs(weights).max(axis=(1, 2, 3))[:, None] / MOST
    nearest = inputs @ (np.round(weights.reshape(8, -1) / steps) * steps).T
    assert np.square(got - wanted).mean() < 0.6 * np.square(nearest - wanted).mean()


def test_inputs_that_are_rounded_leave_the_mean_of_the_outputs() -> None:
    exact = activations(6000, 5 * 9)
    rounded = best_scale(exact).rounded(exact)
    weights = np.asarray(np.random.default_rng(3).normal(size=(8, 5, 3, 3)) * 0.1, np.float32)
    moments = Moments(45)
    moments.add(exact, rounded)
    made = round_weights(weights, moments)
    wanted = exact @ weights.reshape(8, -1).T
    codes = made.codes.reshape(8, -1) * made.steps[:, None]
    assert np.allclose((rounded @ codes.T + made.bias).mean(axis=0), wanted.mean(axis=0), atol=1e-4)
    assert not np.allclose((rounded @ codes.T).mean(axis=0), wanted.mean(axis=0), atol=1e-4)


def test_weights_of_nothing_stay_nothing() -> None:
    exact = activations(200, 4)
    moments = Moments(4)
    moments.add(exact, exact)
    made = round_weights(np.zeros((2, 4, 1, 1), np.float32), moments)
    assert not made.codes.any()
    assert np.isfinite(made.steps).all()
    assert np.allclose(made.bias, 0)


@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 1), (1, 0)])
def test_patches_give_what_the_convolution_gives(stride: int, pad: int) -> None:
    chance = np.random.default_rng(5)
    weights = np.asarray(chance.normal(size=(4, 3, 3, 3)), np.float32)
    values = np.asarray(chance.normal(size=(3, 11, 14)), np.float32)
    one = Convolution("c", "x", weights, "w", "b", stride, pad)
    rows, columns = one.reach(values)
    row, column = (part.ravel() for part in np.indices((rows, columns)))
    found = (one.patches(values, row, column) @ weights.reshape(4, -1).T).T.reshape(4, rows, columns)
    planes = [np.pad(plane, pad) for plane in values]
    for kernels, plane in zip(weights, found, strict=True):
        whole = sum(
            cv2.filter2D(source, -1, kernel)[1:-1, 1:-1] for source, kernel in zip(planes, kernels, strict=True)
        )
        assert np.allclose(plane, np.asarray(whole)[::stride, ::stride], atol=1e-4)


def test_half_of_all_places_are_where_something_was_found() -> None:
    boxes = np.array([[64, 32, 96, 64]], np.float32)
    sample = Sample(np.zeros((1, 3, 64, 128), np.float32), boxes)
    rows, columns = sample.places(np.random.default_rng(1), 2000, 16, 32)
    inside = (rows >= 8) & (rows <= 16) & (columns >= 16) & (columns <= 24)
    assert inside[:1000].all()
    assert 0.05 < inside[1000:].mean() < 0.3
    assert rows.max() <= 15
    assert columns.max() <= 31
    nothing = Sample(sample.blob, np.empty((0, 4), np.float32))
    rows, columns = nothing.places(np.random.default_rng(1), 2000, 16, 32)
    assert (len(rows), len(columns)) == (2000, 2000)


def detections(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    found = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(found[:, :4], found[:, 4], found[:, 5].astype(np.int32), ("person", "car"))


def test_found_again_is_of_one_class_in_one_place_with_the_score_asked_for() -> None:
    before = [detections((0, 0, 10, 10, 0.9, 0), (20, 0, 30, 10, 0.6, 1), (40, 0, 50, 10, 0.45, 0)), detections()]
    after = [detections((1, 0, 11, 10, 0.45, 0), (20, 0, 30, 10, 0.9, 0)), detections()]
    assert again(before, after, 0.4) == 0.5
    assert again(before, after, 0.5) == 0.0
    assert again(after, before, 0.4) == 0.0
    assert again([detections()], [detections()], 0.5) == 1.0


def test_frames_are_pictures_letterboxed_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, shade in (("b.png", 200), ("a.png", 90)):
        cv2.imwrite(str(tmp_path / name), np.full((60, 120, 3), shade, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "broken.jpg").write_bytes(b"not a picture either")
    shown = list(frames([tmp_path], 64))
    assert [one.shape for one in shown] == [(32, 64, 3)] * 2
    assert [int(one[16, 32, 0]) for one in shown] == [90, 200]


@pytest.mark.data
def test_frames_of_a_video_are_evenly_spaced() -> None:
    shown = list(frames([DATA / "tamper"], 64))
    assert [one.shape for one in shown] == [(64, 64, 3)] * FRAMES


def test_folders_without_pictures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(SystemExit) as caught:
        main(["--frames", str(tmp_path), "--out", str(tmp_path / "small.onnx")])
    assert caught.value.code == 1
    assert f"below {tmp_path}; read are: .jpg, .png, .mp4, .avi" in capsys.readouterr().err
    assert not (tmp_path / "small.onnx").exists()


def test_without_onnx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match="pip install onnx"):
        import_onnx()
