"""`jaga edge check`: a picture of each camera with what its config means, and errors that stop nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import Image, write_clip
from tests.servers import MjpegCamera

HEAD = '[agent]\nsite = "s"\nid = "a"\n'
CAMERA = """
[[camera]]
id = "{id}"
source = "{source}"
stall_s = 1
masks = [[[0, 0], [0.2, 0], [0.2, 0.2], [0, 0.2]]]
[[camera.zone]]
id = "yard"
polygon = [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.9]]
[[camera.line]]
id = "door"
start = [0.3, 0.9]
end = [0.3, 0.3]
[[camera.rule]]
kind = "intrusion"
zone = "yard"
[[camera.rule]]
kind = "line_crossing"
line = "door"
"""


def check(folder: Path, text: str, language: str = "en") -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the JSON lines of stdout, stderr."""
    environment = {**os.environ, "JAGA_LANG": language}
    (folder / "edge.toml").write_text(text)
    command = [sys.executable, "-m", "jaga", "edge", "check", "--config", "edge.toml", "--out", str(folder / "out")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def grey_clip(path: Path) -> Path:
    return write_clip(path, [np.full((480, 640, 3), 120, np.uint8)] * 3)


def changed(image: Image, x: float, y: float, radius: float = 0.02) -> bool:
    """Whether anything but the grey of the clip is drawn around a point in unit coordinates."""
    height, width = image.shape[:2]
    rows = slice(max(0, int((y - radius) * height)), int((y + radius) * height) + 1)
    columns = slice(max(0, int((x - radius) * width)), int((x + radius) * width) + 1)
    return bool((np.abs(image[rows, columns].astype(int) - 120) > 12).any())


def test_masks_zones_and_lines_are_drawn_where_they_are(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    code, (line,), people = check(tmp_path, HEAD + CAMERA.format(id="gate", source="clip.mp4"))
    assert code == 0, people
    assert (line["camera"], line["ok"], line["width"], line["height"]) == ("gate", True, 640, 480)
    assert (line["zones"], line["lines"]) == (["yard"], ["door"])
    assert line["rules"] == ["intrusion-yard", "line-crossing-door"]
    image = np.asarray(cv2.imread(line["picture"]), np.uint8)
    for x, y in ((0.1, 0.05), (0.9, 0.7), (0.7, 0.9), (0.3, 0.8), (0.3, 0.4)):
        assert changed(image, x, y), (x, y)
    assert changed(image, 0.36, 0.6)  # the arrow points to the right of someone who walks up the picture
    assert not changed(image, 0.2, 0.6)
    for x, y in ((0.45, 0.2), (0.95, 0.3), (0.1, 0.7)):
        assert not changed(image, x, y), (x, y)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("rstp://127.0.0.1/stream", "known are rtsp://"),
        ("rtsp://camera.invalid/stream", "not known here (DNS)"),
        ("rtsp://guard:p#ss@127.0.0.1/stream", "in a password write # as %23"),
    ],
)
def test_a_mistyped_address_is_told_with_what_to_do(source: str, said: str, tmp_path: Path) -> None:
    code, (line,), people = check(tmp_path, HEAD + CAMERA.format(id="gate", source=source))
    assert (code, said in line["error"], said in people) == (1, True, True)
    assert "p#ss" not in people


def test_a_camera_that_cannot_be_opened_is_told_and_the_others_are_drawn(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    with MjpegCamera() as live:
        text = HEAD + "".join(
            CAMERA.format(id=name, source=source)
            for name, source in (
                ("lost", "absent.mp4"),
                ("gate", "clip.mp4"),
                ("street", live.url),
                ("secret", "rtsp://admin:pa55@127.0.0.1:1/live"),
            )
        )
        code, lines, people = check(tmp_path, text)
    assert code == 1
    assert [(line["camera"], line["ok"]) for line in lines] == [
        ("lost", False),
        ("gate", True),
        ("street", True),
        ("secret", False),
    ]
    assert "no such file" in lines[0]["error"]
    assert Path(lines[1]["picture"]).exists()
    assert "pa55" not in json.dumps(lines) + people


def test_a_bad_config_ends_with_2_and_says_everything(tmp_path: Path) -> None:
    code, lines, people = check(tmp_path, HEAD + CAMERA.format(id="Gate 1", source="clip.mp4").replace("yard", "y", 1))
    assert code == 2
    assert lines == []
    assert "camera[0].id" in people
    assert "camera[0].rule[0].zone" in people
    assert "Traceback" not in people


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("[detector]\nimgsz = 500", "imgsz"),
        ("[detector]\nnms_iou = 0", "nms_iou"),
        ('[detector]\nclasses = ["person", "carr"]', "carr"),
        ('[detector]\nmodel = "yolov99"', "yolov99"),
        ("[tracker]\nmin_iou = 0", "min_iou"),
    ],
)
def test_what_would_keep_the_agent_from_starting_is_told(tmp_path: Path, section: str, named: str) -> None:
    grey_clip(tmp_path / "clip.mp4")
    code, _, people = check(tmp_path, f"{HEAD}{section}\n{CAMERA.format(id='gate', source='clip.mp4')}")
    assert code == 2, people
    assert named in people
    assert "Traceback" not in people


def test_what_only_running_needs_is_told_too(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    code, _, people = check(tmp_path, HEAD)
    assert (code, "there is no [[camera]]" in people) == (2, True)
    code, _, people = check(tmp_path, HEAD + CAMERA.format(id="gate", source="clip.mp4"))
    assert (code, "section [mqtt] is required to run the agent" in people) == (0, True)
    code, _, people = check(tmp_path, f"{HEAD}[mqtt]\n{CAMERA.format(id='gate', source='clip.mp4')}")
    assert (code, "[mqtt]" in people) == (0, False)


def test_files_of_the_broker_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    camera = CAMERA.format(id="gate", source="clip.mp4")
    for key, name, content, told in (
        ("password_file", "absent", None, "No such file"),
        ("password_file", "empty", "", "empty"),
        ("tls_ca", "absent.pem", None, "no such file"),
        ("tls_ca", "broken.pem", "no certificate", "not a file of PEM certificates"),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        code, lines, people = check(tmp_path, f'{HEAD}[mqtt]\n{key} = "{name}"\n{camera}')
        assert code == 2
        assert [line["ok"] for line in lines] == [True]
        assert f"mqtt.{key} {tmp_path / name}" in people
        assert told in people
        assert "Traceback" not in people


def test_why_a_camera_cannot_be_opened_is_said_in_the_readers_language(tmp_path: Path) -> None:
    sources = {"lost": "absent.mp4", "nobody": "rtsp://admin:pa55@127.0.0.1:1/live"}
    cameras = "".join(CAMERA.format(id=name, source=source) for name, source in sources.items())
    code, lines, people = check(tmp_path, HEAD + cameras, "id")
    assert code == 1
    assert "tidak dapat dibuka (berkas tidak ditemukan)" in people
    assert "(sambungan ditolak: tidak ada yang menjawab di alamat ini)" in people
    assert "pa55" not in people
    # What programs read stays as it is.
    assert "(no such file)" in lines[0]["error"]
    assert "(connection refused: nothing answers at this address)" in lines[1]["error"]


def test_which_cameras_are_looked_at_in_float32_because_of_their_rules_is_told(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    gate, street = (CAMERA.format(id=name, source="clip.mp4") for name in ("gate", "street"))
    brawl = '[[camera.rule]]\nkind = "brawl"\n'
    code, lines, people = check(tmp_path, HEAD + gate + street + brawl)
    assert code == 0, people
    assert [line["precision"] for line in lines] == ["auto", "f32"]
    assert "float32" in people
    assert "street (brawl)" in people
    assert "gate (" not in people
    for text in (HEAD + gate + street, HEAD + '[detector]\nprecision = "f32"\n' + gate + street + brawl):
        _, lines, people = check(tmp_path, text)
        assert len({line["precision"] for line in lines}) == 1
        assert "float32" not in people


def test_seconds_that_look_like_milliseconds_are_told_and_allowed(tmp_path: Path) -> None:
    grey_clip(tmp_path / "clip.mp4")
    camera = CAMERA.format(id="gate", source="clip.mp4")
    for key, value, told in (("min_duration_s", 3000, True), ("min_duration_s", 60, False), ("cooldown_s", 900, False)):
        code, _, people = check(tmp_path, HEAD + camera + f"{key} = {value}\n")
        assert code == 0, people
        assert (f"{key} = {value} is {value / 60:.0f} min; the value is in seconds" in people) == told
