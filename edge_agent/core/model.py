"""A network's weights, verified and ready to be opened by a runtime."""

from dataclasses import dataclass

Head = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Model:
    """name: as in the manifest. classes: names in the order of the network's outputs. onnx: the file's bytes, already
    checked against its SHA-256, so that what was verified is what runs. features: the names of the tensors that are
    the network's second and third output, its last backbone map and one twice as fine; None where it has one output.
    head: those of the last convolutions of a YOLOv8 head, of the boxes at strides 8, 16 and 32 and of the classes
    likewise; None where nothing is known of it."""

    name: str
    classes: tuple[str, ...]
    onnx: bytes
    features: tuple[str, str] | None = None
    head: Head | None = None
