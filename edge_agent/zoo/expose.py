"""An inner tensor of an ONNX network as one more output, without the onnx package.

The file is one protobuf message (onnx.proto3: ModelProto.graph is field 7, GraphProto.output field 12,
ValueInfoProto.name field 1). Appending to an encoded message merges into it: embedded messages are merged, repeated
fields grow (protocol buffers, "Encoding", last one wins). So a few bytes at the end add an output; type and shape are
left to the runtime to infer.
"""

GRAPH, OUTPUT, NAME = 7, 12, 1


def expose(onnx: bytes, tensor: str) -> bytes:
    """`onnx` with `tensor` as its last output."""
    return onnx + _field(GRAPH, _field(OUTPUT, _field(NAME, tensor.encode())))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
