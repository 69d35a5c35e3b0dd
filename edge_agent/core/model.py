"""A network's weights, verified and ready to be opened by a runtime."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """name: as in the manifest. classes: names in the order of the network's outputs. onnx: the file's bytes, already
    checked against its SHA-256, so that what was verified is what runs. features: the names of the tensors that are
    the network's second and third output, its last backbone map and one twice as fine; None where it has one output."""

    name: str
    classes: tuple[str, ...]
    onnx: bytes
    features: tuple[str, str] | None = None
