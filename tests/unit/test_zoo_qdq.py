"""A small network in 8-bit integers, as ONNX Runtime computes it."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from edge_agent.zoo.expose import expose
from edge_agent.zoo.qdq import ROUNDED, Network, import_onnx
from edge_agent.zoo.quantize import Sample, quantize
from edge_agent.zoo.rounding import Floats, Moments, best_scale, round_weights
from edge_agent.zoo.verify import ModelError

SHAPES = {
    "first": (4, 3, 3, 3),
    "wide": (6, 4, 3, 3),
    "beside": (6, 4, 3, 3),
    "both": (5, 12, 1, 1),
    "last": (2, 5, 1, 1),
}
SAMPLES = [
    Sample(np.random.default_rng(n).random((1, 3, 16, 24), np.float32), np.empty((0, 4), np.float32)) for n in range(6)
]


def network() -> bytes:
    """picture -> first -> wide and beside (every other pixel) -> both of these -> last; SiLU behind each but `last`."""
    onnx = import_onnx()
    make, chance = onnx.helper.make_node, np.random.default_rng(1)
    nodes: list[Any] = []
    values: list[Any] = []

    def convolution(name: str, reads: str, stride: int = 1) -> str:
        weights = np.asarray(chance.normal(size=SHAPES[name]) / np.sqrt(np.prod(SHAPES[name][1:])), np.float32)
        bias = np.asarray(chance.normal(size=len(weights)) * 0.1, np.float32)
        parts = {f"{name}.w": weights, f"{name}.b": bias}
        values.extend(onnx.numpy_helper.from_array(part, key) for key, part in parts.items())
        pad = SHAPES[name][2] // 2
        nodes.append(make("Conv", [reads, *parts], [name], name=name, strides=[stride] * 2, pads=[pad] * 4))
        if name == "last":
            return name
        nodes.append(make("Sigmoid", [name], [f"{name}.s"], name=f"{name}.s"))
        nodes.append(make("Mul", [name, f"{name}.s"], [f"{name}.a"], name=f"{name}.a"))
        return f"{name}.a"

    first = convolution("first", "picture")
    halves = [convolution(name, first, 2) for name in ("wide", "beside")]
    nodes.append(make("Concat", halves, ["halves"], name="halves", axis=1))
    convolution("last", convolution("both", "halves"))
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "small",
        [tensor("picture", onnx.TensorProto.FLOAT, [1, 3, 16, 24])],
        [tensor("last", onnx.TensorProto.FLOAT, [1, 2, 8, 12])],
        values,
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def run(content: bytes, blob: Floats, *inner: str) -> list[NDArray[np.float32]]:
    """What comes out, then the inner tensors."""
    for tensor in inner:
        content = expose(content, tensor)
    found: Any = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"picture": blob})
    return list(found)


def test_what_lies_between_activations_is_rounded_and_what_meets_shares_a_scale() -> None:
    small = Network(network(), ())
    assert [one.name for one in small.convolutions] == ["wide", "beside", "both"]
    assert sorted(map(sorted, small.groups)) == [["beside.a", "wide.a"], ["first.a"]]
    assert [one.name for one in Network(network(), ("bes",)).convolutions] == ["wide", "both"]


def test_what_is_written_computes_with_the_codes_it_was_given() -> None:
    small, blob = Network(network(), ("both",)), SAMPLES[0].blob
    exact = run(network(), blob, "first.a")[1]
    scale = best_scale(exact)
    moments = {one.name: Moments(one.weights[0].size) for one in small.convolutions}
    rows, columns = (part.ravel() for part in np.indices((8, 12)))
    for one in small.convolutions:
        patches = one.patches(exact[0], rows, columns)
        moments[one.name].add(patches, scale.rounded(patches))
    rounded = {one.name: round_weights(one.weights, moments[one.name]) for one in small.convolutions}
    written = small.written({"first.a": scale}, rounded)
    _, read, wide = run(written, blob, "first.a" + ROUNDED, "wide")
    assert np.allclose(read, scale.rounded(exact), atol=1e-5)
    assert np.abs(read - exact)[exact <= scale.step * (255 - scale.zero)].max() <= scale.step / 2 + 1e-5
    one, made = small.convolutions[0], rounded["wide"]
    weights = made.codes.reshape(6, -1) * made.steps[:, None]
    bias = small._values["wide.b"] + made.bias
    assert np.allclose(wide[0].reshape(6, -1).T, one.patches(read[0], rows, columns) @ weights.T + bias, atol=1e-4)


def test_the_small_network_answers_as_the_float_one_within_its_steps() -> None:
    content = quantize(network(), SAMPLES)
    assert content == quantize(network(), SAMPLES)
    fresh = np.random.default_rng(9).random((1, 3, 16, 24), np.float32)
    (exact,), (found,) = run(network(), fresh), run(content, fresh)
    assert 0 < np.abs(found - exact).max() < 0.02 * np.ptp(exact)


def test_a_layer_that_is_not_there_and_a_network_with_nothing_to_round_are_told() -> None:
    with pytest.raises(ModelError, match=r"begins with third; there are: first, wide, beside, both, last"):
        Network(network(), ("third",))
    with pytest.raises(ModelError, match="none of the 5 convolutions"):
        Network(network(), ("wide", "beside", "both"))
