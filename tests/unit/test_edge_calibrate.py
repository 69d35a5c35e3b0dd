"""`jaga edge calibrate`: what may be typed, what comes out, and what is said of a mistake."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from contract.errors import ConfigError
from edge_agent.calibrate import Heights, calibration_of, points_given, standing, toml
from edge_agent.cli import edge_app
from edge_agent.config import parse
from edge_agent.core.calibration import Ground
from edge_agent.core.types import Detections
from edge_agent.core.upright import Upright

CORNERS = ("120,400", "420,400", "400,200", "220,200")
FULL = ("120,400=0,0", "420,400=6,0", "400,200=6,12", "220,200=0,12")
SIZE = (768, 576)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), np.full((SIZE[1], SIZE[0], 3), 120, np.uint8))
    return path


def typed(points: tuple[str, ...]) -> list[str]:
    return [word for point in points for word in ("--point", point)]


def test_a_rectangle_and_four_points_with_metres_say_the_same() -> None:
    assert points_given(CORNERS, "6x12") == points_given(FULL, None)


def test_points_in_pixels_and_in_shares_say_the_same() -> None:
    shares = [f"{int(p.split(',')[0]) / SIZE[0]:.5f},{int(p.split(',')[1]) / SIZE[1]:.5f}" for p in CORNERS]
    in_pixels = calibration_of(points_given(CORNERS, "6x12"), *SIZE)
    assert calibration_of(points_given(shares, "6x12"), *SIZE) == in_pixels


@pytest.mark.parametrize(
    ("points", "rectangle", "key"),
    [
        (FULL[:3], None, "edge.calibrate.count"),
        ((*FULL, "1,1=2,2"), None, "edge.calibrate.count"),
        (CORNERS, None, "edge.calibrate.point"),
        (FULL, "6x12", "edge.calibrate.point"),
        (("nan,1=0,0", *FULL[1:]), None, "edge.calibrate.point"),
        (("1e999,1=0,0", *FULL[1:]), None, "edge.calibrate.point"),
        (CORNERS, "6", "edge.calibrate.rectangle"),
        (CORNERS, "0x12", "edge.calibrate.rectangle"),
        (CORNERS, "-6x12", "edge.calibrate.rectangle"),
        (("800,400", *CORNERS[1:]), "6x12", "edge.calibrate.outside"),
        (("-1,400", *CORNERS[1:]), "6x12", "edge.calibrate.outside"),
        ((CORNERS[1], CORNERS[0], *CORNERS[2:]), "6x12", "edge.calibrate.order"),
        (("120,400", "270,400", "420,400", "220,200"), "6x12", "edge.calibrate.flat"),
    ],
)
def test_a_mistake_is_named(points: tuple[str, ...], rectangle: str | None, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        calibration_of(points_given(points, rectangle), *SIZE)
    assert caught.value.key == key
    assert "{" not in caught.value.render("id") + caught.value.render("en")


def test_the_section_is_read_back_as_it_was(picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "preview.png"
    done = CliRunner().invoke(
        edge_app, ["calibrate", str(picture), *typed(CORNERS), "--rectangle", "6x12", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    head = '[agent]\nsite = "s"\nid = "a"\n[[camera]]\nid = "c"\nsource = "x.mp4"\n'
    config = parse(head + done.stdout, Path("edge.toml"))
    assert config.cameras[0].calibration == calibration_of(points_given(CORNERS, "6x12"), *SIZE)
    drawn = np.asarray(cv2.imread(str(out)), int)
    assert drawn.shape == (SIZE[1], SIZE[0], 3)
    assert (abs(drawn[395:405, 118:122] - 120) > 12).any()
    assert (abs(drawn - 120) > 12).any(axis=2).mean() < 0.3


def test_it_needs_a_picture_or_a_config_and_not_both(picture: Path) -> None:
    for source in ([], [str(picture), "--config", "edge.toml"]):
        done = CliRunner().invoke(edge_app, ["calibrate", *source, *typed(FULL)])
        assert isinstance(done.exception, ConfigError)
        assert done.exception.key == "edge.calibrate.source"


def test_only_whole_standing_people_are_measured() -> None:
    ground = Ground(calibration_of(points_given(CORNERS, "4.4x8.9"), *SIZE))
    upright = Upright(ground, SIZE[0] / SIZE[1])
    top = upright.top((0.4, 0.6), 1.7)
    assert top is not None
    foot, head = 0.6 * SIZE[1], top[1] * SIZE[1]
    wide = (foot - head) / 2.5
    x = 0.4 * SIZE[0]
    stands = (x - wide / 2, head, x + wide / 2, foot)
    lies = (x - 2 * wide, foot - wide, x + 2 * wide, foot)
    cut = (x - wide / 2, 0.0, x + wide / 2, foot)
    boxes = np.array([stands, lies, cut, stands, stands], np.float32)
    scores, labels = np.array([0.8, 0.8, 0.8, 0.3, 0.8], np.float32), np.array([0, 0, 0, 0, 1], np.int32)
    found = list(standing(Detections(boxes, scores, labels, ("person", "car")), *SIZE, upright))
    assert found == pytest.approx([1.7], abs=0.02)


def test_a_median_far_from_people_is_implausible() -> None:
    assert Heights(9, (1.6, 1.7, 1.75)).plausible
    assert not Heights(9, (2.2, 2.3, 2.4)).plausible
    assert Heights(9, (1.6, 1.7, 1.8)).quantile(0.5) == pytest.approx(1.7)


def test_toml_keeps_metres_of_a_city_grid() -> None:
    given = points_given(
        ("1,1=703000.25,9312000.5", "9,1=703006.25,9312000.5", "8,5=703006.25,9312012.5", "2,5=703000.25,9312012.5"),
        None,
    )
    assert "[703000.25, 9312000.5]" in toml(calibration_of(given, 10, 10))
