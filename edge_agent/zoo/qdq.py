"""An ONNX network with its convolutions in 8-bit integers, written as QuantizeLinear and DequantizeLinear (QDQ), which
OpenVINO and ONNX Runtime both read. Needs the `onnx` package.

Rounded is what comes out of an activation or a sum, once, for all who read it. Tensors that meet in a concatenation
share a scale, so that it moves bytes instead of floats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.zoo.rounding import Floats, Rounded, Scale
from edge_agent.zoo.verify import ModelError

MOVES = frozenset({"Concat", "Split", "MaxPool", "Resize"})
"""Operations that give values on as they are."""
ROUNDED, CODE, STEP, ZERO = "_rounded", "_code", "_step", "_zero"


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """reads: its input tensor. weights: (channels out, channels in, rows, columns). stride, pad: pixels, both ways."""

    name: str
    reads: str
    weights: Floats
    weights_name: str
    bias_name: str
    stride: int
    pad: int

    def patches(self, values: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
        """What it reads for its outputs at (rows, columns), of `values` (channels, height, width): (n, size)."""
        values = np.pad(values, ((0, 0), (self.pad, self.pad), (self.pad, self.pad)))
        top, left = rows * self.stride, columns * self.stride
        high, wide = self.weights.shape[2:]
        parts = [values[:, top + row, left + column] for row in range(high) for column in range(wide)]
        stacked: Floats = np.stack(parts, axis=-1).transpose(1, 0, 2).reshape(len(rows), -1)
        return stacked

    def reach(self, values: Floats) -> tuple[int, int]:
        """(rows, columns) of its output."""
        high, wide = self.weights.shape[2:]
        _, rows, columns = values.shape
        return (
            (rows + 2 * self.pad - high) // self.stride + 1,
            (columns + 2 * self.pad - wide) // self.stride + 1,
        )


class Network:
    """What of an ONNX network can be in integers: each convolution between two activations. The first, which reads the
    picture, and the last, whose outputs are the answer, are not; nor are grouped and dilated ones, nor those whose
    names begin with one of `keep`.

    Raises ModelError where that leaves none, or a name of `keep` fits none.
    """

    def __init__(self, content: bytes, keep: Sequence[str]) -> None:
        onnx = import_onnx()
        self._model = onnx.load_from_string(content)
        graph = self._model.graph
        self._values = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
        self._makers = {output: node for node in graph.node for output in node.output}
        activated = {name for node in graph.node if node.op_type == "Sigmoid" for name in node.input}
        names = [node.name for node in graph.node if node.op_type == "Conv"]
        for prefix in keep:
            if not any(name.startswith(prefix) for name in names):
                raise ModelError("zoo.no_layer", layer=prefix, allowed=", ".join(names))
        self.convolutions = tuple(
            self._convolution(node)
            for node in graph.node
            if node.op_type == "Conv"
            and node.output[0] in activated
            and node.input[0] in self._makers
            and _is_plain(node)
            and not node.name.startswith(tuple(keep))
        )
        if not self.convolutions:
            raise ModelError("zoo.nothing_to_round", count=len(names))
        self.groups = self._groups()

    def _convolution(self, node: Any) -> Convolution:
        told = {item.name: item for item in node.attribute}
        reads, weights, bias = node.input
        stride, pad = told["strides"].ints[0], told["pads"].ints[0]
        return Convolution(node.name, reads, self._values[weights], weights, bias, stride, pad)

    def sources(self, tensor: str) -> list[str]:
        """The tensors whose values `tensor` holds."""
        node = self._makers[tensor]
        if node.op_type not in MOVES:
            return [tensor]
        moved = node.input if node.op_type == "Concat" else node.input[:1]
        return [source for one in moved for source in self.sources(one)]

    def _groups(self) -> list[frozenset[str]]:
        """Tensors to be rounded, those together that share a scale; in the order of the network."""
        groups: list[frozenset[str]] = []
        for convolution in self.convolutions:
            own = frozenset(self.sources(convolution.reads))
            met = [group for group in groups if group & own]
            groups = [group for group in groups if not group & own] + [own.union(*met)]
        return groups

    def with_outputs(self, tensors: Iterable[str]) -> bytes:
        """The network in float32, with these tensors as further outputs."""
        onnx = import_onnx()
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        model.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in tensors)
        content: bytes = model.SerializeToString()
        return content

    def written(self, scales: Mapping[str, Scale], rounded: Mapping[str, Rounded]) -> bytes:
        """The network with tensors rounded as in `scales` and convolutions, by name, as in `rounded`."""
        onnx = import_onnx()
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        graph = model.graph
        values = dict(self._values)
        nodes = []
        done = {one.name: one for one in self.convolutions if one.name in rounded}
        for node in graph.node:
            for index, tensor in enumerate(node.input):
                if tensor in scales:
                    node.input[index] = tensor + ROUNDED
            if node.name in done:
                made, one = rounded[node.name], done[node.name]
                values[one.bias_name] = values[one.bias_name] + made.bias
                del values[one.weights_name]
                nodes.append(_dequantize(one.weights_name, values, made))
                node.input[1] = one.weights_name + ROUNDED
            nodes.append(node)
            for tensor in node.output:
                if tensor in scales:
                    nodes += _both(tensor, values, scales[tensor])
        # Copies: the nodes of the graph go with it when it is emptied.
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:], graph.initializer[:]
        graph.node.extend(nodes)
        graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in values.items())
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def _is_plain(node: Any) -> bool:
    """Whether a convolution is one that `Convolution` describes."""
    told = {item.name: item for item in node.attribute}
    return (
        len(node.input) == 3
        and {"strides", "pads"} <= told.keys()
        and len(set(told["strides"].ints)) == len(set(told["pads"].ints)) == 1
        and ("group" not in told or told["group"].i == 1)
        and ("dilations" not in told or set(told["dilations"].ints) == {1})
    )


def import_onnx() -> Any:
    """Raises ModelError where it is not installed."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise ModelError("zoo.no_onnx", detail=str(error)) from error
    return onnx


def _dequantize(name: str, values: dict[str, Any], made: Rounded) -> Any:
    """The node that makes weights of their codes, a step for each channel."""
    zeros = np.zeros(len(made.steps), np.int8)
    values |= {name + CODE: made.codes, name + STEP: made.steps, name + ZERO: zeros}
    inputs = [name + CODE, name + STEP, name + ZERO]
    return import_onnx().helper.make_node("DequantizeLinear", inputs, [name + ROUNDED], name=name + ROUNDED, axis=0)


def _both(tensor: str, values: dict[str, Any], scale: Scale) -> list[Any]:
    """The two nodes that round a tensor."""
    values |= {tensor + STEP: np.array(scale.step, np.float32), tensor + ZERO: np.array(scale.zero, np.uint8)}
    make, how = import_onnx().helper.make_node, [tensor + STEP, tensor + ZERO]
    return [
        make("QuantizeLinear", [tensor, *how], [tensor + CODE], name=tensor + CODE),
        make("DequantizeLinear", [tensor + CODE, *how], [tensor + ROUNDED], name=tensor + ROUNDED),
    ]
