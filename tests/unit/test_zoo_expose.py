"""An inner tensor as one more output, by a few bytes at the end of the file."""

from edge_agent.zoo.expose import expose
from edge_agent.zoo.manifest import manifest
from edge_agent.zoo.verify import load, read


def test_the_bytes() -> None:
    """Graph (7) of 7 bytes, in it an output (12) of 5, in it a name (1) of 3."""
    assert expose(b"net", "map") == b"net" + b"\x3a\x07" + b"\x62\x05" + b"\x0a\x03map"


def test_long_names_have_long_lengths() -> None:
    added = expose(b"", "x" * 300)
    assert added[-303:-300] == b"\x0a\xac\x02"
    assert added[:3] == b"\x3a\xb2\x02"


def test_the_shipped_network_gives_its_map() -> None:
    entry = manifest().entry("yolov8n")
    model = load("yolov8n")
    assert model.features is not None
    assert model.features == entry.onnx.features
    assert model.onnx.startswith(read(entry.onnx, "yolov8n"))
    assert all(tensor.encode() in read(entry.onnx, "yolov8n") for tensor in model.features)
