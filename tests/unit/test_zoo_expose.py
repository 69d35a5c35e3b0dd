"""An inner tensor as one more output, by a few bytes at the end of the file."""

import pytest

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


@pytest.mark.parametrize("int8", [False, True])
def test_the_shipped_networks_give_their_maps(int8: bool) -> None:
    entry = manifest().entry("yolov8n")
    file = entry.int8 if int8 else entry.onnx
    model = load("yolov8n", int8=int8)
    assert file is not None
    assert model.features is not None
    assert model.features == file.features == entry.onnx.features
    assert model.onnx.startswith(read(file, "yolov8n"))
    assert all(tensor.encode() in read(file, "yolov8n") for tensor in model.features)
